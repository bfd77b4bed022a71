/*
 * The directory backend: the same files as for Postfix with OpenDKIM, mailauth-policyd and
 * postsrsd, below one folder, with the target host's paths inside them; with a copy of a MailEnable
 * server's configuration, the reports for that, too.
 *
 * Nothing is reloaded or probed; accounts of the target are unknown here, so files belong to the
 * account that runs this.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/setting/setting.h"
#include "core/mta/host/networks.h"
#include "core/mta/mailenable/mailenable_files.h"
#include "core/mta/plan/backend.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/postfix/postfix_policy.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/provider/opendmarc.h"
#include "core/mta/provider/policyd_conf.h"
#include "core/mta/provider/postsrsd.h"

#define MAIN_PART "/etc/mailauthctl/postfix-main.cf"
#define MASTER_PART "/etc/mailauthctl/postfix-master.cf"
#define QUEUE_FOLDER "/var/spool/postfix"

static int directory_detect(struct ctx *ctx, struct store *store,
                            struct mta_found *ret_found, struct err *err)
{
	(void)ctx;
	char *path;
	int r = setting_text(store, SET_MTA_DIRECTORY_PATH, 0, &path, err);
	if (r < 0)
		return r;
	*ret_found = (struct mta_found){ .is_installed = true, .config_dir = path };
	return 0;
}

/* What an administrator adds to main.cf of the target host. */
static void render_main(const struct desired *desired, bool signs, struct buf *into)
{
	const struct postsrsd_observed nobody = { 0 };
	auto_postsrsd_tables tables = { 0 };
	postsrsd_tables_of(&nobody, QUEUE_FOLDER, &tables);
	struct main_request request = {
		.policy = desired->checks_spf ? POLICYD_CHECK : NULL,
		.policy_socket = POLICYD_SOCKET,
		.srs_forward = desired->has_srs ? tables.sender : NULL,
		.srs_reverse = desired->has_srs ? tables.reverse : NULL,
	};
	if (desired->verifies)
		main_milter_add(&request, (struct main_milter)MAIN_GUARD_MILTER(
						  POSTFIX_GUARD_MILTER));
	if (signs)
		main_milter_add(
			&request,
			(struct main_milter)MAIN_MILTER(
				"{ unix:opendkim/opendkim.sock, " POSTFIX_MILTER_OPTIONS
				" }",
				true, true));
	buf_puts(into, "# For main.cf of the mail host.\n");
	if (signs || desired->verifies)
		buf_puts(
			into,
			"# Where it has smtpd_milters or non_smtpd_milters already, put the item of\n"
			"# the last lines into them instead, as the first one.\n");
	if (signs)
		buf_puts(into,
		         "# The folder " QUEUE_FOLDER
		         "/opendkim must be there, mode 2750, owner\n"
		         "# opendkim, group postfix; the last line of " OPENDKIM_CONF
		         " must be\n"
		         "#     Include " OPENDKIM_OURS "\n");
	if (desired->checks_spf)
		buf_puts(
			into,
			"# Where it has smtpd_recipient_restrictions already, put\n"
			"#     " POLICYD_CHECK "\n"
			"# into them instead, directly behind reject_unauth_destination.\n");
	if (desired->checks_spf || desired->verifies)
		buf_puts(into,
		         "# The lines of " MASTER_PART " must be in master.cf first.\n");
	if (desired->has_srs)
		buf_puts(
			into,
			"# Where it has tables of sender_canonical_maps, recipient_canonical_maps or\n"
			"# lmtp_generic_maps already, put ours behind them instead; the classes must be\n"
			"# envelope_sender alone.  postsrsd must answer first: Postfix defers all mail\n"
			"# while it does not.\n");
	main_cf_render("", 0, &request, into);
}

/* ... and into its master.cf. */
static void render_master(struct buf *into)
{
	auto_free char *service = postfix_policy_service("nobody");
	buf_puts(into, "# For master.cf of the mail host, where " POLICYD_PATH "\n"
	               "# is installed; any account without rights may take the place of "
	               "nobody.\n");
	master_cf_render("", 0, service, into);
}

static void plan_part(const char *prefix, const char *path, const struct buf *text,
                      struct plan *plan)
{
	auto_free char *full = xasprintf("%s%s", prefix, path);
	if (!text->len)
		plan_remove(plan, RANK_LEFTOVERS, full, 0);
	else
		plan_file(plan, RANK_CONSUMERS, full, buf_text(text), text->len,
		          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID }, 0);
}

static int plan_postsrsd(const struct desired *desired, struct plan *plan,
                         struct err *err)
{
	if (!desired->has_srs) {
		postsrsd_drop_parts(desired->directory_path, plan);
		return 0;
	}
	if (!desired->srs_domain) {
		err_set(err, ERR_FAILED,
		        _("SRS requires a domain, and the full name of the mail server "
		          "is not known"));
		return err_add_remedy(err, "mailauthctl server set srs.domain <domain>");
	}
	return postsrsd_plan_parts(desired, desired->directory_path, plan, err);
}

/* What earlier versions rendered for OpenDMARC. */
static void drop_dmarc(const char *prefix, struct plan *plan)
{
	static const char *const paths[] = { OPENDMARC_PART, OPENDMARC_IGNORE_HOSTS };
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		auto_free char *full = xasprintf("%s%s", prefix, paths[i]);
		plan_remove(plan, RANK_LEFTOVERS, full, 0);
	}
}

static int plan_postfix(const struct desired *desired, bool signs, struct plan *plan,
                        struct err *err)
{
	bool has_service = desired->checks_spf || desired->verifies;
	const char *prefix = desired->directory_path;
	auto_buf main_part = BUF_INIT, master_part = BUF_INIT;
	if (signs || has_service || desired->has_srs)
		render_main(desired, signs, &main_part);
	if (has_service)
		render_master(&master_part);
	plan_part(prefix, MAIN_PART, &main_part, plan);
	plan_part(prefix, MASTER_PART, &master_part, plan);
	if (has_service)
		return policyd_conf_plan(desired, &(struct policyd_host){ 0 }, prefix,
		                         plan, err);
	policyd_conf_drop(prefix, plan);
	return 0;
}

static int directory_plan(const struct desired *desired, const void *observed,
                          struct plan *ret_plan, struct err *err)
{
	if (!desired) /* every file belongs to us only */
		return 0;
	const struct opendkim_place place = {
		.prefix = desired->directory_path,
		.key = { 0600, FILE_KEEP_UID, FILE_KEEP_GID },
		.key_folder = { 0700, FILE_KEEP_UID, FILE_KEEP_GID },
		.table = { 0644, FILE_KEEP_UID, FILE_KEEP_GID },
	};
	const struct opendkim_setup setup = {
		.socket = "local:" QUEUE_FOLDER "/opendkim/opendkim.sock",
		.rank = RANK_PROVIDERS,
	};
	bool signs = false;
	struct opendkim_plan found = { 0 };
	auto_networks internal = NETWORKS_INIT;
	opendkim_internal_hosts(desired, NULL, 0, NULL, &internal, ret_plan);
	int r = desired_has_signing(desired, &signs, err);
	if (r == 0)
		r = opendkim_plan_files(desired, &place, &setup, &internal, signs,
		                        ret_plan, &found, err);
	if (r == 0)
		r = plan_postfix(desired, signs, ret_plan, err);
	if (r == 0)
		r = plan_postsrsd(desired, ret_plan, err);
	if (r == 0)
		r = mailenable_plan_reports(desired, observed != NULL, MAILENABLE_ANY,
		                            ret_plan, err);
	if (r == 0)
		r = mailenable_compare(desired, observed, ret_plan, err);
	drop_dmarc(desired->directory_path, ret_plan);
	opendkim_plan_done(&found);
	return r;
}

const struct mta_backend directory_backend = {
	.name = "directory",
	.title = N_("files in a directory"),
	.how = N_("files for Postfix, in a folder of this host"),
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_YES },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_YES },
	             [FEATURE_SPF] = { SUPPORT_YES },
	             [FEATURE_DMARC] = { SUPPORT_YES },
	             [FEATURE_SRS] = { SUPPORT_YES } },
	.needs_no_adoption = true,
	.is_only_named = true,
	.check_rollback = opendkim_check_rollback,
	.key_selector = opendkim_key_selector,
	.dmarc_rules = POLICYD_DMARC_RULES,
	.detect = directory_detect,
	.observe = mailenable_observe,
	.observed_free = mailenable_observed_free,
	.plan = directory_plan,
};
