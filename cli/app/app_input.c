/* The input of a command: names, options, answers, files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/app/app.h"
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/signals.h"
#include "core/base/text.h"
#include "core/model/domain/access.h"

#define INPUT_LIMIT (64u << 20)

/* Every main domain that the caller manages. */
static int add_all(struct app *app, struct names *names, struct err *err)
{
	auto_stmt domains = NULL;
	struct domain domain;
	int r = session_query_domains(&app->session, 0, NULL, &domains, err);
	while (r >= 0 && (r = domain_next(domains, &domain, err)) > 0)
		if (!domain.main_id)
			names_add(names, domain.name);
	return r;
}

/* One name per line; blank lines and '#' comments are ignored. */
static int add_names_from(struct app *app, const char *source, struct names *names,
                          struct err *err)
{
	auto_buf text = BUF_INIT;
	int r = app_read_input(app, source, INPUT_LIMIT, &text, err);
	if (r < 0)
		return r;
	if (text.len && strlen(text.at) != text.len)
		return err_set(err, ERR_USAGE, _("%s contains a NUL octet"), source);
	char *rest = text.at, *line;
	while (rest && (line = strsep(&rest, "\n"))) {
		line += strspn(line, " \t\r");
		size_t len = strcspn(line, "#\r");
		while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
			len--;
		if (len)
			names_take(names, xmemdup(line, len));
	}
	return 0;
}

static int read_names(struct app *app, size_t first, bool is_all_listed,
                      struct names *ret_names, struct err *err)
{
	auto_names names = { 0 };
	const char *source = args_get(app->args, "--domains-from");
	bool is_all = args_has(app->args, "--all");
	int r = 0;
	for (size_t i = first; i < args_count(app->args); i++)
		names_add(&names, args_word(app->args, i));
	if (is_all && (names.count || source))
		r = err_set(err, ERR_USAGE,
		            _("--all cannot be combined with domain names"));
	if (r >= 0 && source)
		r = add_names_from(app, source, &names, err);
	if (r >= 0 && is_all && is_all_listed)
		r = add_all(app, &names, err);
	if (r < 0)
		return r;
	*ret_names = names;
	names = (struct names){ 0 };
	return 0;
}

int app_names(struct app *app, size_t first, struct names *ret_names, struct err *err)
{
	return read_names(app, first, true, ret_names, err);
}

int app_names_unless_all(struct app *app, struct names *ret_names, struct err *err)
{
	return read_names(app, 0, false, ret_names, err);
}

int app_ttl(struct app *app, int64_t *ret_ttl, struct err *err)
{
	const char *text = args_get(app->args, "--ttl");
	int64_t ttl = -1;
	if (text && !text_to_int(text, 0, INT32_MAX, &ttl) &&
	    (!text_to_duration(text, &ttl) || ttl > INT32_MAX))
		return err_set(err, ERR_USAGE,
		               _("--ttl must be a number of seconds or a duration, not "
		                 "\"%s\""),
		               text);
	*ret_ttl = ttl;
	return 0;
}

int app_confirm(struct app *app, const char *question, const char *option, bool *ret_yes,
                struct err *err)
{
	(void)app;
	char answer[16] = "";
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_FAILED,
		               _("cannot ask: standard input is not a terminal; use "
		                 "%s"),
		               option);
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = '\0';
	*ret_yes = answer[0] == 'y' || answer[0] == 'Y';
	return 0;
}

static int read_all(int fd, const char *name, size_t limit, struct buf *into,
                    struct err *err)
{
	for (;;) {
		buf_reserve(into, 65536);
		ssize_t got = read(fd, into->at + into->len, 65536);
		if (got == 0)
			return 0;
		if (got < 0 && errno == EINTR && !signals_is_cancelled())
			continue;
		if (got < 0)
			return err_errno(err, errno, _("cannot read %s"), name);
		into->len += (size_t)got;
		into->at[into->len] = '\0';
		if (into->len > limit)
			return err_set(err, ERR_FAILED,
			               _("%s is too large: the limit is %zu octets"),
			               name, limit);
	}
}

int app_read_input(struct app *app, const char *name, size_t limit, struct buf *into,
                   struct err *err)
{
	(void)app;
	if (strcmp(name, "-") == 0)
		return read_all(STDIN_FILENO, name, limit, into, err);
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, errno, _("cannot read %s"), name);
	int r = read_all(fd, name, limit, into, err);
	close(fd);
	return r;
}

int app_output_path(const char *name, bool holds_secrets, char **ret_path,
                    struct err *err)
{
	struct ctx host = { .root_fd = -1 };
	auto_free char *here = getcwd(NULL, 0);
	auto_free char *path =
		*name == '/' ? xstrdup(name) : path_join(here ? here : "/", name);
	auto_free char *folder = path_parent(path);
	auto_free char *real = NULL;
	int r = ctx_init(&host, NULL, err);
	if (r >= 0 && holds_secrets)
		r = file_check_parents(&host, path, err);
	if (r >= 0)
		r = file_real_path(&host, folder, &real, err);
	ctx_done(&host);
	if (r < 0)
		return r == ERR_MISSING ? (err->code = ERR_FAILED) : r;
	*ret_path = path_join(real, strrchr(path, '/') + 1);
	return 0;
}
