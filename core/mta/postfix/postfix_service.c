/*
 * Postfix as a service: told through postfix(1) of its own configuration folder.
 *
 * "-c" also restricts the command to that instance: without it the default instance of a machine
 * with several passes the command to all of them.  With systemd, starts and stops of the default
 * instance are done through its unit, whose state would otherwise be wrong: Debian's
 * postfix.service is not the real unit, so reloads are not.
 */
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/mta/host/log_line.h"
#include "core/mta/host/service.h"
#include "core/mta/host/service_master.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_observed.h"

#define RELOAD_LIMIT_NS (SERVICE_TIMEOUT_MS * NS_PER_MS)

static const char *folder_of(const char *instance)
{
	return instance ? instance : POSTFIX_FOLDER;
}

static bool is_running(struct ctx *ctx, const char *instance)
{
	const char *folder = folder_of(instance);
	const char *argv[] = { "postfix", "-c", folder, "status", NULL };

	/* a service that cannot be queried may run: telling it reports that */
	return !service_run_denies(ctx, argv);
}

static int reload(struct ctx *ctx, const char *folder, const char *const *argv,
                  struct err *err)
{
	struct master_reload reload;
	master_reload_note(ctx, folder, &reload);
	int rc = service_run(ctx, argv, false, err);
	if (!rc)
		rc = master_reload_await(&reload, monotonic_ns() + RELOAD_LIMIT_NS, err);
	master_reload_done(&reload);
	return rc;
}

static int act(struct ctx *ctx, const char *instance, enum service_action action,
               struct err *err)
{
	const char *folder = folder_of(instance);
	const char *argv[] = { "postfix", "-c", folder, service_action_name(action),
		               NULL };
	bool runs, stops = action == SERVICE_STOP || action == SERVICE_DISABLE;
	int rc = 0;

	if (action == SERVICE_RELOAD)
		return reload(ctx, folder, argv, err);
	if (strcmp(folder, POSTFIX_FOLDER) == 0 && systemd_is_there(ctx))
		return systemd_act(ctx, "postfix", action, err);
	runs = is_running(ctx, instance);
	if (runs && (stops || action == SERVICE_RESTART)) {
		argv[3] = "stop";
		rc = service_run(ctx, argv, false, err);
		runs = false;
	}
	if (!rc && !runs && !stops) {
		argv[3] = "start";
		rc = service_run(ctx, argv, true, err);
	}
	return rc;
}

static void await_left(struct ctx *ctx, const char *instance, int64_t deadline)
{
	master_await_left(ctx, folder_of(instance), deadline);
}

/* ---- its log ------------------------------------------------------------------------------------- */

static void log_source(struct ctx *ctx, const char *instance, char **ret_name,
                       char **ret_file)
{
	auto_free char *path = path_join(folder_of(instance), "main.cf");
	auto_buf text = BUF_INIT, name = BUF_INIT, file = BUF_INIT;
	auto_main_cf cf = MAIN_CF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(ctx, path, POSTFIX_FILE_LIMIT, &text, NULL, &ignored))
		return;
	main_cf_parse(&cf, buf_text(&text), text.len);
	main_cf_value(&cf, NULL, "syslog_name", &name);
	if (!name.len)
		main_cf_value(&cf, NULL, "multi_instance_name", &name);
	main_cf_value(&cf, NULL, "maillog_file", &file);
	if (name.len)
		*ret_name = buf_take(&name);
	if (text_starts(buf_text(&file), "/") && !text_starts(buf_text(&file), "/dev/"))
		*ret_file = buf_take(&file);
}

/* Daemons that every message passes; errors of other ones do not stop mail. */
static bool is_front_daemon(const struct log_line *line, const char *log_name)
{
	static const char *const daemons[] = { "master",   "smtpd",  "postscreen",
		                               "cleanup",  "tlsmgr", "trivial-rewrite",
		                               "proxymap", "qmgr",   "pickup",
		                               "spawn",    "rewrite" };
	size_t name = strlen(log_name);
	const char *slash = memrchr(line->tag, '/', line->tag_len);

	if (!slash || line->tag_len <= name || line->tag[name] != '/' ||
	    memcmp(line->tag, log_name, name) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(daemons); i++)
		if (strlen(daemons[i]) ==
		            line->tag_len - (size_t)(slash + 1 - line->tag) &&
		    memcmp(slash + 1, daemons[i], strlen(daemons[i])) == 0)
			return true;
	return false;
}

/* fatal:, panic: and error: (tag "NAME/smtpd", NAME as syslog_name), and a daemon that master(8)
 * throttles. */
static bool is_refusal(const struct log_line *line, const char *log_name)
{
	return is_front_daemon(line, log_name) &&
	       (log_line_begins(line, "fatal: ") || log_line_begins(line, "panic: ") ||
	        log_line_begins(line, "error: ") ||
	        (log_line_begins(line, "warning: ") &&
	         log_line_has(line, "bad command startup")));
}

const struct service_kind postfix_service = {
	.name = "postfix",
	.act = act,
	.is_running = is_running,
	.await_left = await_left,
	.start_command = "postfix start",
	.is_admins = true,
	.is_refusal = is_refusal,
	.log_source = log_source,
};
