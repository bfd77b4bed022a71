/* Pushes that were requested. */
#include "core/job/host_push.h"

#include "core/base/alloc.h"
#include "core/job/change_push.h"
#include "core/job/takeover.h"
#include "core/model/setting/setting.h"
#include "core/mta/push/backend_choose.h"

static int take_over(struct session *session, void *arg, struct err *err)
{
	(void)arg;
	return takeover_run(session, err);
}

static int adopt(struct session *session, void *arg, struct err *err)
{
	auto_free char *kept = NULL;
	auto_free char *hostname = NULL;
	(void)arg;
	int r = setting_text(session->store, SET_MTA_HOSTNAME, 0, &kept, err);
	if (r >= 0 && !*kept)
		r = backend_hostname(&session->ctx, session->store, &hostname, err);
	if (r >= 0 && hostname)
		r = setting_set(session->store, SET_MTA_HOSTNAME, 0, NULL, hostname, err);
	return r < 0 ? r : takeover_run(session, err);
}

static int no_change(struct session *session, void *arg, struct err *err)
{
	(void)session;
	(void)arg;
	(void)err;
	return 0;
}

int host_push_run(struct session *session, struct err *err)
{
	return change_push_run(session, CHANGE_PUSHED, take_over, NULL, err);
}

int host_push_adopt(struct session *session, struct err *err)
{
	return change_push_run(session, CHANGE_PUSHED, adopt, NULL, err);
}

int host_push_rollback(struct session *session, struct err *err)
{
	return change_push_run(session, CHANGE_PUSHED, no_change, NULL, err);
}
