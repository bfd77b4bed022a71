/*
 * Facts from Postfix itself.  On a live machine postconf(1) is run, so compiled-in defaults are
 * right; under a root our own parser is used.  Whether it runs is determined by the lock on
 * pid/master.pid, which master(8) holds while it runs (flock(2) on Linux): the file remains after a
 * crash.
 */
#include "core/mta/postfix/postfix_observed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/lock.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/model/setting/env.h"
#include "core/model/setting/setting.h"
#include "core/mta/postfix/postfix_main.h"

void postfix_host_done(struct postfix_host *host)
{
	free(host->config_dir);
	free(host->queue_dir);
	free(host->version);
	free(host->hostname);
	free(host->networks);
	free(host->why_not);
	free(host->instances);
	*host = (struct postfix_host){ 0 };
}

static bool is_locked(const struct ctx *ctx, const char *queue_dir)
{
	auto_free char *path = path_join(queue_dir, "pid/master.pid");
	auto_close int fd = file_open_raw(ctx, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	return lock_is_held(ctx, fd);
}

/* The value of one "name = value" line; "" if there is none; the caller frees. */
static char *value_of(const char *text, const char *name)
{
	size_t len = strlen(name);
	for (const char *line = text; *line; line += strspn(line, "\n")) {
		size_t size = strcspn(line, "\n");
		if (size > len + 2 && memcmp(line, name, len) == 0 &&
		    memcmp(line + len, " =", 2) == 0) {
			const char *value = line + len + 2;
			size_t left = size - len - 2, blanks = strspn(value, " \t");
			blanks = blanks < left ? blanks : left;
			return xmemdup(value + blanks, left - blanks);
		}
		line += size;
	}
	return xstrdup("");
}

/* Other enabled instances of this machine: a line of postmulti -l is "name group y folder".  A
 * machine without others prints the default one. */
static void read_instances(struct ctx *ctx, struct postfix_host *host)
{
	const char *const argv[] = { "postmulti", "-l", NULL };
	struct run_spec spec = { .argv = argv };
	struct run_result result = { 0 };
	struct err ignored = ERR_INIT;
	auto_buf others = BUF_INIT;
	if (run(ctx, &spec, &result, &ignored))
		return;
	char *save = NULL, *at = result.out.at;
	for (char *line = at ? strtok_r(at, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		auto_free char **word = NULL;
		size_t words;
		text_split_list(line, &word, &words);
		if (words == 4 && strcmp(word[2], "y") == 0 && word[3][0] == '/' &&
		    strcmp(word[3], host->config_dir) != 0 && text_is_clean(word[3]))
			buf_printf(&others, "%s%s", others.len ? ", " : "", word[3]);
	}
	run_result_done(&result);
	if (others.len)
		host->instances = buf_take(&others);
}

/* postconf reads such files without a message; every other program prints the reason, and postmap
 * does nothing else here. */
char *postfix_fatal(struct ctx *ctx, const char *config_dir)
{
	const char *const argv[] = { "postmap", "-c",       config_dir, "-q",
		                     "x",       "static:x", NULL };
	struct run_spec spec = { .argv = argv };
	cleanup(run_result_done) struct run_result result = { 0 };
	struct err ignored = ERR_INIT;
	if (run(ctx, &spec, &result, &ignored) < 0)
		return NULL;
	const char *fatal = result.exit_status && result.errors.len
	                            ? strstr(buf_text(&result.errors), "fatal: ")
	                            : NULL;
	if (!fatal)
		return NULL;
	fatal += strlen("fatal: ");
	return xmemdup(fatal, strcspn(fatal, "\n"));
}

static int read_live(struct ctx *ctx, struct postfix_host *host, struct err *err)
{
	const char *const argv[] = {
		"postconf",     "-c",         host->config_dir, "-x", "queue_directory",
		"mail_version", "myhostname", "mynetworks",     NULL
	};
	struct run_spec spec = { .argv = argv };
	auto_buf out = BUF_INIT;
	int r = run_checked(ctx, &spec, &out, err);
	if (r < 0)
		return r;
	host->queue_dir = value_of(buf_text(&out), "queue_directory");
	host->version = value_of(buf_text(&out), "mail_version");
	host->hostname = value_of(buf_text(&out), "myhostname");
	host->networks = value_of(buf_text(&out), "mynetworks");
	host->is_running = is_locked(ctx, host->queue_dir);
	read_instances(ctx, host);
	return 0;
}

static int read_rooted(struct ctx *ctx, const char *main_path, struct postfix_host *host,
                       struct err *err)
{
	auto_buf text = BUF_INIT, queue = BUF_INIT, name = BUF_INIT, networks = BUF_INIT;
	int r = file_read(ctx, main_path, POSTFIX_FILE_LIMIT, &text, NULL, err);
	if (r < 0)
		return r;
	auto_main_cf cf;
	main_cf_parse(&cf, buf_text(&text), text.len);
	main_cf_value(&cf, NULL, "queue_directory", &queue);
	main_cf_value(&cf, NULL, "myhostname", &name);
	main_cf_value(&cf, NULL, "mynetworks", &networks);
	host->queue_dir = buf_take(&queue);
	host->hostname = buf_take(&name);
	host->networks = buf_take(&networks);
	return 0;
}

int postfix_host_read(struct ctx *ctx, struct store *store, struct postfix_host *ret_host,
                      struct err *err)
{
	struct postfix_host host = { 0 };
	struct file_info info;
	int r = setting_text(store, SET_MTA_POSTFIX_CONFIG_DIR, 0, &host.config_dir, err);
	if (r < 0)
		return r;
	if (!*host.config_dir) {
		free(host.config_dir);
		host.config_dir = xstrdup(POSTFIX_FOLDER);
	}
	auto_free char *main_path = path_join(host.config_dir, "main.cf");
	r = file_look(ctx, main_path, true, &info, err);
	if (r == 0 && info.kind != FILE_REGULAR)
		host.why_not = xasprintf(_("%s does not exist"), main_path);
	else if (r == 0 && !ctx->is_rooted && !run_can_find(ctx, "postconf"))
		host.why_not = xasprintf(
			_("%s exists, but the program postconf does not"), main_path);
	host.is_installed = r == 0 && !host.why_not;
	if (r == 0 && host.is_installed)
		r = ctx->is_rooted ? read_rooted(ctx, main_path, &host, err)
		                   : read_live(ctx, &host, err);
	if (r == 0 && host.is_installed && !host.is_running && !ctx->is_rooted)
		host.why_not =
			xasprintf(_("Postfix in %s is installed, but is not running"),
		                  host.config_dir);
	if (r < 0)
		postfix_host_done(&host);
	else
		*ret_host = host;
	return r;
}

int postfix_detect(struct ctx *ctx, struct store *store, struct mta_found *ret_found,
                   struct err *err)
{
	struct postfix_host host;
	struct file_info info = { 0 };
	int r = postfix_host_read(ctx, store, &host, err);
	if (r == 0)
		r = file_look(ctx, OPENDKIM_CONF, true, &info, err);
	if (r < 0)
		return r;
	auto_free char *fatal =
		host.is_running ? postfix_fatal(ctx, host.config_dir) : NULL;
	if (fatal && !host.why_not)
		host.why_not =
			xasprintf(_("Postfix is running, but can no longer read its "
		                    "configuration in %s: %s"),
		                  host.config_dir, fatal);
	bool has_filter = ctx->is_rooted ? info.kind == FILE_REGULAR
	                                 : run_can_find(ctx, "opendkim");
	*ret_found = (struct mta_found){
		.is_installed = host.is_installed,
		.is_running = host.is_running,
		.version = host.version && *host.version ? xstrdup(host.version) : NULL,
		.config_dir = xstrdup(host.config_dir),
		.hostname =
			env_is_public_name(host.hostname) ? xstrdup(host.hostname) : NULL,
		.filter = has_filter ? xstrdup("opendkim") : NULL,
		.queue_dir = host.is_installed && host.queue_dir && *host.queue_dir == '/'
		                     ? xstrdup(host.queue_dir)
		                     : NULL,
		.why_not = xstrdup(host.why_not),
	};
	postfix_host_done(&host);
	return 0;
}
