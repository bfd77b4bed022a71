/*
 * What earlier versions set up for Postfix and this one does not use: OpenDMARC, with our block in
 * its configuration.  A push takes it out after main.cf stopped naming it, and the service gets the
 * state back that it had before us; a rollback to a push of such a version restores it.  Pure except
 * for the observation.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/mta/host/service.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/provider/opendmarc.h"

static int observe(struct ctx *ctx, struct postfix_observed *observed, struct err *err)
{
	struct earlier_observed *earlier = &observed->earlier;
	int r = postfix_read_if_there(ctx, OPENDMARC_CONF, &earlier->conf, err);
	if (r < 0)
		return r;
	earlier->has_conf = r > 0;
	earlier->is_running = !ctx->is_rooted && run_can_find(ctx, "opendmarc") &&
	                      service_is_running(ctx, "opendmarc");
	if (earlier->has_conf)
		return file_real_path(ctx, OPENDMARC_CONF, &earlier->conf_path, err);
	earlier->conf_path = xstrdup(OPENDMARC_CONF);
	return 0;
}

static void observed_done(struct postfix_observed *observed)
{
	free(observed->earlier.conf_path);
	buf_done(&observed->earlier.conf);
}

static int decide(const struct desired *desired, const struct postfix_observed *observed,
                  struct plan *plan, bool *ret_is_wanted, struct err *err)
{
	(void)desired, (void)observed, (void)plan, (void)err;
	*ret_is_wanted = false;
	return 0;
}

static int plan_part(const struct desired *desired,
                     const struct postfix_observed *observed, bool is_wanted,
                     struct postfix_request *request, struct plan *plan, struct err *err)
{
	const struct earlier_observed *earlier = &observed->earlier;
	auto_buf text = BUF_INIT;
	(void)is_wanted, (void)request;
	opendmarc_conf_without(buf_text(&earlier->conf), earlier->conf.len, &text);
	if (text.len)
		plan_file(plan, RANK_LEFTOVERS, earlier->conf_path, buf_text(&text),
		          text.len, FILE_META_KEEP, plan_cause(plan, CAUSE_DMARC))
			->shared = &opendmarc_conf_format;
	else if (earlier->has_conf && earlier->conf.len)
		plan_remove(plan, RANK_LEFTOVERS, earlier->conf_path,
		            plan_cause(plan, CAUSE_DMARC))
			->shared = &opendmarc_conf_format;
	if (earlier->is_running)
		plan_service(plan, RANK_LEFTOVERS, "opendmarc", SERVICE_RESTART,
		             plan_cause(plan, CAUSE_DMARC));
	plan_service(plan, RANK_LEFTOVERS, "opendmarc", SERVICE_DISABLE, 0);
	if (!desired) /* else the engine removes what is only ours */
		return 0;
	plan_remove(plan, RANK_LEFTOVERS, OPENDMARC_IGNORE_HOSTS, 0);
	auto_free char *folder = xasprintf("%s/opendmarc", observed->host.queue_dir);
	int r = postfix_drop_folder(desired, OPENDMARC_FOLDER, plan, err);
	return r < 0 ? r : postfix_drop_folder(desired, folder, plan, err);
}

const struct postfix_part postfix_earlier = {
	.name = "earlier versions",
	.observe = observe,
	.observed_done = observed_done,
	.decide = decide,
	.plan = plan_part,
	.restore = postfix_earlier_restore,
};
