/* qmail-send runs under a supervisor of its administrator (daemontools, runit, systemd): it is looked at,
 * and nothing else. */
#include "core/mta/qmail/qmail_service.h"

#include "core/mta/host/service_kind.h"

static bool is_running(struct ctx *ctx, const char *instance)
{
	(void)instance;
	return process_find(ctx, QMAIL_SERVICE, false) > 0;
}

static int act(struct ctx *ctx, const char *instance, enum service_action action,
               struct err *err)
{
	(void)ctx, (void)instance, (void)action;
	return err_set(err, ERR_FAILED, _("qmail is controlled by its supervisor only"));
}

const struct service_kind qmail_service = {
	.name = QMAIL_SERVICE,
	.act = act,
	.is_running = is_running,
	.start_command = "svc -u /service/qmail-send",
	.is_admins = true,
};
