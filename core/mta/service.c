/*
 * core/mta/service.c: how each service is told.
 *
 * Postfix: postfix(1) of its own configuration folder, but where systemd runs the machine starts
 * and stops go to the unit, which would otherwise not know.  Filters: their unit, else the process
 * that their PidFile names, when /proc says that it is that program (a stale file names anything).
 * SIGHUP ends OpenDKIM 2.11 and OpenDMARC 1.4; SIGUSR1 is their reload.
 */
#include "core/mta/service.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/run.h"
#include "core/base/text.h"

#define ACT_TIMEOUT_MS 20000
#define GONE_LIMIT_NS (10 * NS_PER_SEC)
#define CONFIG_LIMIT ((size_t)1 << 20)

static const struct filter {
	const char *name; /* of the program, its unit and its process */
	const char *config;
	const char *config_option;
	const char *pid_file; /* where `config` names none */
} filters[] = {
	{ "opendkim", "/etc/opendkim.conf", "-x", "/run/opendkim/opendkim.pid" },
	{ "opendmarc", "/etc/opendmarc.conf", "-c", "/run/opendmarc/opendmarc.pid" },
};

const char *service_action_name(enum service_action action)
{
	static const char *const names[] = {
		[SERVICE_RELOAD] = "reload",
		[SERVICE_RESTART] = "restart",
		[SERVICE_START] = "start",
		[SERVICE_STOP] = "stop",
	};

	return names[action];
}

static bool has_systemd(struct ctx *ctx)
{
	struct file_info info;
	struct err ignored = ERR_INIT;

	return file_look(ctx, "/run/systemd/system", true, &info, &ignored) == 0 &&
	       info.kind == FILE_DIRECTORY;
}

static int run_words(struct ctx *ctx, const char *const *argv, bool is_daemon,
                     struct err *err)
{
	struct run_spec spec = { .argv = argv,
		                 .timeout_ms = ACT_TIMEOUT_MS,
		                 .is_daemon = is_daemon };

	return run_checked(ctx, &spec, NULL, err);
}

static bool runs_well(struct ctx *ctx, const char *const *argv)
{
	struct run_spec spec = { .argv = argv, .timeout_ms = ACT_TIMEOUT_MS };
	struct run_result result = { 0 };
	struct err ignored = ERR_INIT;
	bool is_well;

	if (run(ctx, &spec, &result, &ignored))
		return false;
	is_well = !result.is_timed_out && result.exit_status == 0;
	run_result_done(&result);
	return is_well;
}

static int act_systemd(struct ctx *ctx, const char *unit, enum service_action action,
                       struct err *err)
{
	const char *argv[] = { "systemctl", service_action_name(action), unit, NULL };

	return run_words(ctx, argv, false, err);
}

/* ---- Postfix --------------------------------------------------------------------------------- */

/* The configuration folder of "postfix" or "postfix:DIR"; NULL: another service. */
static const char *postfix_folder(const char *service)
{
	if (strcmp(service, "postfix") == 0)
		return "/etc/postfix";
	return text_starts(service, "postfix:/") ? service + strlen("postfix:") : NULL;
}

static bool postfix_is_running(struct ctx *ctx, const char *folder)
{
	const char *argv[] = { "postfix", "-c", folder, "status", NULL };

	return runs_well(ctx, argv);
}

static int postfix_act(struct ctx *ctx, const char *folder, enum service_action action,
                       struct err *err)
{
	const char *argv[] = { "postfix", "-c", folder, service_action_name(action),
		               NULL };
	bool is_running;
	int rc = 0;

	if (action == SERVICE_RELOAD)
		return run_words(ctx, argv, false, err);
	if (strcmp(folder, "/etc/postfix") == 0 && has_systemd(ctx))
		return act_systemd(ctx, "postfix", action, err);
	is_running = postfix_is_running(ctx, folder);
	if (is_running && action != SERVICE_START) {
		argv[3] = "stop";
		rc = run_words(ctx, argv, false, err);
		is_running = false;
	}
	if (!rc && !is_running && action != SERVICE_STOP) {
		argv[3] = "start";
		rc = run_words(ctx, argv, true, err);
	}
	return rc;
}

/* ---- filters ---------------------------------------------------------------------------------- */

static const struct filter *filter_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (strcmp(filters[i].name, name) == 0)
			return &filters[i];
	return NULL;
}

/* The value of "PidFile" in a configuration: the last one counts.  NULL: not set. */
static char *pid_file_setting(const char *config)
{
	char *value = NULL;

	for (const char *line = config; line; line = strchr(line, '\n')) {
		size_t len;

		line += *line == '\n';
		if (strncasecmp(line, "PidFile", 7) != 0 ||
		    !isblank((unsigned char)line[7]))
			continue;
		line += 7 + strspn(line + 7, " \t");
		len = strcspn(line, " \t\r\n");
		free(value);
		value = xmemdup(line, len);
	}
	return value;
}

static bool is_process(struct ctx *ctx, pid_t pid, const char *name)
{
	auto_free char *path = xasprintf("/proc/%d/comm", (int)pid);
	auto_buf comm = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(ctx, path, 64, &comm, NULL, &ignored))
		return false;
	return strncmp(buf_text(&comm), name, strlen(name)) == 0 &&
	       buf_text(&comm)[strlen(name)] == '\n';
}

/* The process of a filter; 0: none runs. */
static pid_t filter_pid(struct ctx *ctx, const struct filter *filter)
{
	auto_buf config = BUF_INIT, text = BUF_INIT;
	auto_free char *setting = NULL;
	struct err ignored = ERR_INIT;
	int64_t pid;

	if (file_read(ctx, filter->config, CONFIG_LIMIT, &config, NULL, &ignored) == 0)
		setting = pid_file_setting(buf_text(&config));
	if (file_read(ctx, setting ? setting : filter->pid_file, 64, &text, NULL,
	              &ignored))
		return 0;
	text.at[strcspn(text.at, " \t\r\n")] = '\0';
	if (!text_to_int(text.at, 2, INT32_MAX, &pid) ||
	    !is_process(ctx, (pid_t)pid, filter->name))
		return 0;
	return (pid_t)pid;
}

/* The words that the process was started with, without "-f", which would keep it in front. */
static char **command_line(struct ctx *ctx, const struct filter *filter, pid_t pid,
                           struct buf *octets)
{
	auto_free char *path = xasprintf("/proc/%d/cmdline", (int)pid);
	struct err ignored = ERR_INIT;
	char **argv = NULL;
	size_t count = 0, room = 0;

	if (pid && file_read(ctx, path, CONFIG_LIMIT, octets, NULL, &ignored) == 0) {
		for (size_t i = 0; i < octets->len; i += strlen(octets->at + i) + 1) {
			if (count && strcmp(octets->at + i, "-f") == 0)
				continue;
			GROW(argv, count, room);
			argv[count++] = octets->at + i;
		}
	}
	if (count == 0) {
		buf_clear(octets);
		buf_printf(octets, "%s %s %s", filter->name, filter->config_option,
		           filter->config);
		for (char *word = octets->at; word; word = strchr(word, ' ')) {
			if (*word == ' ')
				*word++ = '\0';
			GROW(argv, count, room);
			argv[count++] = word;
		}
	}
	GROW(argv, count, room);
	argv[count] = NULL;
	return argv;
}

static int wait_gone(int pidfd, const char *name, struct err *err)
{
	int64_t deadline = monotonic_ns() + GONE_LIMIT_NS;
	struct pollfd poll_on = { .fd = pidfd, .events = POLLIN };

	for (;;) {
		int64_t left = deadline - monotonic_ns();
		int n = poll(&poll_on, 1, left > 0 ? (int)(left / NS_PER_MS) + 1 : 0);

		if (n > 0)
			return 0;
		if (left <= 0)
			return err_set(err, ERR_FAILED,
			               _("%s does not end: it was sent SIGTERM "
			                 "ten seconds ago"),
			               name);
		if (n < 0 && errno != EINTR)
			return err_errno(err, errno, _("cannot wait for the end of %s"),
			                 name);
	}
}

static int filter_stop(struct ctx *ctx, const struct filter *filter, pid_t pid,
                       struct err *err)
{
	auto_close int pidfd = pidfd_open(pid, 0);

	if (pidfd < 0 && errno == ESRCH)
		return 0;
	if (pidfd < 0)
		return err_errno(err, errno, _("cannot watch %s (process %d)"),
		                 filter->name, (int)pid);
	/* Between the look at /proc and here the number may have gone to another program. */
	if (!is_process(ctx, pid, filter->name))
		return 0;
	if (pidfd_send_signal(pidfd, SIGTERM, NULL, 0) && errno != ESRCH)
		return err_errno(err, errno, _("cannot stop %s (process %d)"),
		                 filter->name, (int)pid);
	return wait_gone(pidfd, filter->name, err);
}

static int filter_act(struct ctx *ctx, const struct filter *filter,
                      enum service_action action, struct err *err)
{
	pid_t pid = filter_pid(ctx, filter);
	auto_buf octets = BUF_INIT;
	auto_free char **argv = NULL;
	int rc = 0;

	if (action == SERVICE_RELOAD) {
		if (!pid)
			return err_set(err, ERR_FAILED, _("%s does not run"),
			               filter->name);
		if (kill(pid, SIGUSR1))
			return err_errno(err, errno, _("cannot signal %s (process %d)"),
			                 filter->name, (int)pid);
		return 0;
	}
	if (action == SERVICE_START && pid)
		return 0;
	argv = command_line(ctx, filter, pid, &octets);
	if (pid)
		rc = filter_stop(ctx, filter, pid, err);
	if (!rc && action != SERVICE_STOP)
		rc = run_words(ctx, (const char *const *)argv, true, err);
	return rc;
}

/* ---- the door --------------------------------------------------------------------------------- */

int service_act(struct ctx *ctx, const char *service, enum service_action action,
                struct err *err)
{
	const char *folder = postfix_folder(service);
	const struct filter *filter = filter_find(service);

	if (ctx->is_rooted)
		return 0;
	if (folder)
		return postfix_act(ctx, folder, action, err);
	if (has_systemd(ctx))
		return act_systemd(ctx, service, action, err);
	if (filter)
		return filter_act(ctx, filter, action, err);
	return err_set(
		err, ERR_FAILED,
		_("there is no way known to %s %s here; set mta.reload to a command"),
		service_action_name(action), service);
}

bool service_is_running(struct ctx *ctx, const char *service)
{
	const char *folder = postfix_folder(service);
	const struct filter *filter = filter_find(service);
	const char *argv[] = { "systemctl", "is-active", "--quiet", service, NULL };

	if (ctx->is_rooted)
		return false;
	if (folder)
		return postfix_is_running(ctx, folder);
	if (has_systemd(ctx))
		return runs_well(ctx, argv);
	return filter && filter_pid(ctx, filter) != 0;
}
