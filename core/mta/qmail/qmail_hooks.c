/*
 * Where variables of qmail's programs are set.  A file that cannot be read sets none: what is found here is
 * for advice, and for what a setting needs; that it works is proved by a probe.
 */
#include "core/mta/qmail/qmail_hooks.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"

#define SCRIPT_LIMIT ((size_t)1 << 20)

static const char *const variables[] = { "QMAILQUEUE",    "QMAILREMOTE", "SPFBEHAVIOR",
	                                 "DKIMSIGN",      "DKIMKEYS",    "DKIMVERIFY",
	                                 "MAILAUTH_QUEUE" };

/* Rules of tcpserver and run scripts, where the guides of qmail put them. */
static const char *const files[] = {
	"/etc/tcp.smtp",
	"/etc/tcprules.d/tcp.smtp",
	"/home/vpopmail/etc/tcp.smtp",
	"/var/vpopmail/etc/tcp.smtp",
	"/var/qmail/control/tcp.smtp",
	"/var/qmail/rc",
	"/var/lib/qmail/rc",
	"/etc/qmail/tcp.smtp",
};
/* Folders of service folders, each with a file `run`. */
static const char *const service_folders[] = { "/service", "/etc/service", "/var/service",
	                                       "/var/qmail/supervise", "/etc/sv" };

void qmail_hooks_done(struct qmail_hooks *hooks)
{
	for (size_t i = 0; i < hooks->count; i++) {
		free(hooks->at[i].name);
		free(hooks->at[i].value);
		free(hooks->at[i].path);
	}
	free(hooks->at);
	*hooks = QMAIL_HOOKS_INIT;
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* The value after '=': up to the closing quote, or to what ends a word or an item. */
static char *value_at(const char *at, const char *end)
{
	char quote = at < end && (*at == '"' || *at == '\'') ? *at : '\0';
	const char *from = at + (quote != '\0'), *to = from;
	while (to < end && (quote ? *to != quote : !strchr(" \t,;&|:", *to)))
		to++;
	return xmemdup(from, (size_t)(to - from));
}

static void parse_line(const char *line, const char *end, const char *path,
                       unsigned number, struct qmail_hooks *hooks)
{
	for (const char *at = line; at < end; at++) {
		if (at > line && is_name_char(at[-1]))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
			size_t len = strlen(variables[i]);
			if ((size_t)(end - at) <= len ||
			    memcmp(at, variables[i], len) != 0 || at[len] != '=')
				continue;
			GROW(hooks->at, hooks->count, hooks->room);
			hooks->at[hooks->count++] =
				(struct qmail_hook){ .name = xstrdup(variables[i]),
				                     .value = value_at(at + len + 1, end),
				                     .path = xstrdup(path),
				                     .line = number };
			break;
		}
	}
}

void qmail_hooks_parse(const char *text, const char *path, struct qmail_hooks *hooks)
{
	unsigned number = 1;
	for (const char *line = text; *line; number++) {
		const char *end = line + strcspn(line, "\n");
		if (line[strspn(line, " \t")] != '#')
			parse_line(line, end, path, number, hooks);
		line = end + (*end == '\n');
	}
}

static void read_one(struct ctx *ctx, const char *path, struct qmail_hooks *hooks)
{
	auto_buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	if (file_read(ctx, path, SCRIPT_LIMIT, &text, NULL, &ignored) == 0)
		qmail_hooks_parse(buf_text(&text), path, hooks);
}

struct scripts {
	struct ctx *ctx;
	const char *folder;
	struct qmail_hooks *hooks;
};

static int read_script(void *arg, const char *name, struct err *err)
{
	const struct scripts *scripts = arg;
	auto_free char *path = xasprintf("%s/%s/run", scripts->folder, name);
	(void)err;
	if (*name != '.')
		read_one(scripts->ctx, path, scripts->hooks);
	return 0;
}

void qmail_hooks_read(struct ctx *ctx, const char *control, struct qmail_hooks *hooks)
{
	auto_free char *filterargs = path_join(control, "filterargs");
	read_one(ctx, filterargs, hooks);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		read_one(ctx, files[i], hooks);
	for (size_t i = 0; i < ARRAY_LEN(service_folders); i++) {
		struct scripts scripts = { ctx, service_folders[i], hooks };
		struct err ignored = ERR_INIT;
		(void)!file_list(ctx, service_folders[i], read_script, &scripts,
		                 &ignored);
	}
}

const struct qmail_hook *qmail_hook_find(const struct qmail_hooks *hooks,
                                         const char *name, const char *part)
{
	for (size_t i = 0; i < hooks->count; i++)
		if (strcmp(hooks->at[i].name, name) == 0 &&
		    (!part || strstr(hooks->at[i].value, part)))
			return &hooks->at[i];
	return NULL;
}
