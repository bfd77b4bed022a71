/*
 * core/mta/host/service_filter.c: filters on a machine without systemd.
 *
 * The process is the one that the PidFile names, if /proc shows that program (a stale file may name
 * any process), else the one that /proc shows.  It is started again with the command line that it
 * was started with; if the row names a script, by that, and if the script does not exist, by the
 * command of its unit.  A restart is carried out by a child in a session of its own, which
 * continues if we are killed: otherwise a stopped filter would not be started again.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/mta/host/service.h"
#include "core/mta/host/service_kind.h"

#define CONFIG_LIMIT ((size_t)1 << 20)

/* The value of a keyword in a configuration: the last one counts.  NULL: not set; the caller frees.
 */
static char *setting_of(const char *config, const char *keyword)
{
	char *value = NULL;
	size_t key = strlen(keyword);

	for (const char *line = config; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncasecmp(line, keyword, key) != 0 ||
		    !isblank((unsigned char)line[key]))
			continue;
		line += key + strspn(line + key, " \t");
		free(value);
		value = xmemdup(line, strcspn(line, " \t\r\n"));
	}
	return value;
}

static char *config_setting(struct ctx *ctx, const struct service_kind *kind,
                            const char *keyword)
{
	auto_buf config = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (!kind->config ||
	    file_read(ctx, kind->config, CONFIG_LIMIT, &config, NULL, &ignored))
		return NULL;
	return setting_of(buf_text(&config), keyword);
}

pid_t filter_pid(struct ctx *ctx, const struct service_kind *kind)
{
	auto_buf text = BUF_INIT;
	auto_free char *setting = config_setting(ctx, kind, "PidFile");
	struct err ignored = ERR_INIT;
	int64_t pid;

	if (file_read(ctx, setting ? setting : kind->pid_file, 64, &text, NULL,
	              &ignored) == 0) {
		text.at[strcspn(text.at, " \t\r\n")] = '\0';
		if (text_to_int(text.at, 2, INT32_MAX, &pid) &&
		    process_is(ctx, (pid_t)pid, kind->name))
			return (pid_t)pid;
	}
	return process_find(ctx, kind->name, kind->leaves_children);
}

/* ---- starting --------------------------------------------------------------------------------- */

static void add_word(char ***argv, size_t *count, size_t *room, char *word)
{
	GROW(*argv, *count, *room);
	(*argv)[(*count)++] = word;
}

/* The command that the filter's unit starts, without the signs before it; NULL: no unit has one.
 * The caller frees. */
static char *unit_command(struct ctx *ctx, const struct service_kind *kind)
{
	static const char *const folders[] = { "/etc/systemd/system",
		                               "/usr/lib/systemd/system",
		                               "/lib/systemd/system" };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		auto_free char *path = xasprintf("%s/%s.service", folders[i], kind->name);
		auto_buf unit = BUF_INIT;
		struct err ignored = ERR_INIT;
		const char *line = NULL;

		if (file_read(ctx, path, CONFIG_LIMIT, &unit, NULL, &ignored) == 0)
			line = strstr(buf_text(&unit), "\nExecStart=");
		if (line) {
			line += strlen("\nExecStart=");
			line += strspn(line, " \t-@:+!|");
			return xmemdup(line, strcspn(line, "\r\n"));
		}
	}
	return NULL;
}

static bool has_script(struct ctx *ctx, const struct service_kind *kind)
{
	struct file_info info;
	struct err ignored = ERR_INIT;

	return kind->script && file_look(ctx, kind->script, true, &info, &ignored) == 0 &&
	       info.kind == FILE_REGULAR;
}

char *filter_start_command(struct ctx *ctx, const struct service_kind *kind)
{
	auto_free char *command = NULL;

	if (!kind->script)
		return xasprintf("%s %s %s", kind->name, kind->config_option,
		                 kind->config);
	if (has_script(ctx, kind))
		return xasprintf("%s start", kind->script);
	command = unit_command(ctx, kind);
	return command ? xasprintf("setsid -f %s", command) : NULL;
}

/* Words separated by blanks, a NUL after each. */
static void put_words(struct buf *octets, const char *words)
{
	while (*words) {
		size_t len = strcspn(words, " \t");

		buf_printf(octets, "%.*s", (int)len, words);
		if (len)
			buf_putc(octets, '\0');
		words += len + (words[len] != '\0');
	}
}

/* The command that starts it: its script; without it its unit's command, by setsid(1), because a
 * unit's program remains in the foreground; without that the command line of the process (without
 * "-f", which would keep it in the foreground), else program and configuration.  `octets` contains
 * the words.  NULL: the row names a script, and none of these exists. */
static char **start_words(struct ctx *ctx, const struct service_kind *kind, pid_t pid,
                          struct buf *octets)
{
	auto_free char *path = xasprintf("/proc/%d/cmdline", (int)pid);
	auto_free char *command = filter_start_command(ctx, kind);
	struct err ignored = ERR_INIT;
	char **argv = NULL;
	size_t count = 0, room = 0;

	if (!command && !pid)
		return NULL;
	if (!command)
		put_words(octets, "setsid -f");
	size_t head = octets->len;
	if (kind->script && command)
		put_words(octets, command);
	else if (!pid || file_read(ctx, path, CONFIG_LIMIT, octets, NULL, &ignored) ||
	         octets->len == head)
		put_words(octets, command ? command : kind->name);
	for (size_t i = 0; i < octets->len; i += strlen(octets->at + i) + 1)
		if (kind->script || count == 0 || strcmp(octets->at + i, "-f") != 0)
			add_word(&argv, &count, &room, octets->at + i);
	add_word(&argv, &count, &room, NULL);
	return argv;
}

/* The folder of the PidFile is in /run, which is empty after each boot. */
static int make_run_folder(struct ctx *ctx, const struct service_kind *kind,
                           struct err *err)
{
	auto_free char *setting = config_setting(ctx, kind, "PidFile");
	auto_free char *user = config_setting(ctx, kind, "UserID");
	auto_free char *folder = path_parent(setting ? setting : kind->pid_file);
	struct file_meta meta = { 0755, FILE_KEEP_UID, FILE_KEEP_GID };

	if (!kind->config || strcmp(folder, "/run") == 0)
		return 0;
	if (user) {
		user[strcspn(user, ":")] = '\0';
		if (!file_user_id(ctx, user, &meta.uid, &meta.gid))
			meta.uid = FILE_KEEP_UID;
	}
	return file_make_dir(ctx, folder, meta, NULL, err);
}

/* Start scripts trust it: the process that it names has ended, but keeps its number until its
 * parent has waited for it, and the script starts nothing. */
static int remove_pid_file(struct ctx *ctx, const struct service_kind *kind,
                           struct err *err)
{
	int rc = kind->script ? file_remove(ctx, kind->pid_file, err) : 0;

	if (rc != ERR_MISSING)
		return rc;
	err_clear(err);
	return 0;
}

/* None of its processes runs. */
static int start(struct ctx *ctx, const struct service_kind *kind, char *const *argv,
                 struct err *err)
{
	int rc = make_run_folder(ctx, kind, err);

	if (!rc)
		rc = remove_pid_file(ctx, kind, err);
	return rc ? rc
	          : service_run(ctx, (const char *const *)(uintptr_t)argv, true, err);
}

/* ---- restarting ------------------------------------------------------------------------------- */

struct outcome { /* the output of the child */
	int rc;
	char text[sizeof(((struct err *)0)->text)];
};

static void restart_in_child(struct ctx *ctx, const struct service_kind *kind, pid_t pid,
                             char *const *argv, int report)
{
	struct err err = ERR_INIT;
	struct outcome outcome = { 0 };
	ssize_t ignored;

	(void)setsid();
	for (int number = 1; number < NSIG; number++)
		if (number != SIGCHLD)
			(void)signal(number, SIG_IGN);
	outcome.rc = process_end(ctx, pid, kind->name, &err);
	if (!outcome.rc)
		outcome.rc = start(ctx, kind, argv, &err);
	memcpy(outcome.text, err.text, sizeof(outcome.text));
	ignored = write(report, &outcome, sizeof(outcome));
	(void)ignored;
	_exit(0);
}

static int await_child(pid_t child, int report, const char *name, struct err *err)
{
	struct outcome outcome;
	ssize_t n;

	do
		n = read(report, &outcome, sizeof(outcome));
	while (n < 0 && errno == EINTR);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != sizeof(outcome))
		return err_set(err, ERR_FAILED, _("the restart of %s was interrupted"),
		               name);
	outcome.text[sizeof(outcome.text) - 1] = '\0';
	return outcome.rc ? err_set(err, (enum err_code)outcome.rc, "%s", outcome.text)
	                  : 0;
}

static int restart(struct ctx *ctx, const struct service_kind *kind, pid_t pid,
                   char *const *argv, struct err *err)
{
	int fds[2], rc;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC))
		return err_errno(err, errno, _("cannot restart %s"), kind->name);
	child = fork();
	if (child == 0)
		restart_in_child(ctx, kind, pid, argv, fds[1]);
	close_fd(&fds[1]);
	rc = child < 0 ? err_errno(err, errno, _("cannot restart %s"), kind->name)
	               : await_child(child, fds[0], kind->name, err);
	close_fd(&fds[0]);
	return rc;
}

static int reload(const struct service_kind *kind, pid_t pid, struct err *err)
{
	if (!pid)
		return err_set(err, ERR_FAILED, _("%s is not running"), kind->name);
	if (kill(pid, kind->reload_signal))
		return err_errno(err, errno, _("cannot signal %s (process %d)"),
		                 kind->name, (int)pid);
	return 0;
}

int filter_act(struct ctx *ctx, const struct service_kind *kind,
               enum service_action action, struct err *err)
{
	pid_t pid = filter_pid(ctx, kind);
	auto_buf octets = BUF_INIT;
	auto_free char **argv = NULL;

	if (action == SERVICE_RELOAD)
		return reload(kind, pid, err);
	if (action == SERVICE_STOP || action == SERVICE_DISABLE)
		return pid ? process_end(ctx, pid, kind->name, err) : 0;
	if (action != SERVICE_RESTART && pid)
		return 0;
	argv = start_words(ctx, kind, pid, &octets);
	if (!argv)
		return err_set(
			err, ERR_FAILED,
			_("%s is not running, and neither systemd nor %s nor a unit "
		          "defines how to start it; start it, then repeat the command"),
			kind->name, kind->script);
	return pid ? restart(ctx, kind, pid, argv, err) : start(ctx, kind, argv, err);
}
