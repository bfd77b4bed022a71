/*
 * opendkim.conf of an administrator: keywords with their values, Include followed, '#' begins a
 * comment anywhere in a line, the last value of a keyword counts.  Our own part is one marked
 * Include line at the end.
 */
#include "core/mta/provider/opendkim_conf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"

#define MARK "# mailauthctl: the line below"
#define MARK_NO_BREAK MARK " (the one above ends without a line break)"
#define INCLUDE "Include " OPENDKIM_OURS
#define CONF_LIMIT ((size_t)1 << 20)
#define MAX_NESTING 5

void opendkim_conf_done(struct opendkim_conf *conf)
{
	for (size_t i = 0; i < conf->count; i++) {
		free(conf->row[i].key);
		free(conf->row[i].value);
	}
	free(conf->row);
	*conf = OPENDKIM_CONF_INIT;
}

const char *opendkim_conf_get(const struct opendkim_conf *conf, const char *key)
{
	for (size_t i = conf->count; i > 0; i--)
		if (strcasecmp(conf->row[i - 1].key, key) == 0)
			return conf->row[i - 1].value;
	return NULL;
}

/* "Keyword value" of one line; false: neither. */
static bool split_line(const char *line, size_t len, char **ret_key, char **ret_value)
{
	const char *hash = memchr(line, '#', len);
	if (hash)
		len = (size_t)(hash - line);
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	while (len && isspace((unsigned char)*line)) {
		line++;
		len--;
	}
	size_t key = 0;
	while (key < len && !isspace((unsigned char)line[key]))
		key++;
	size_t value = key;
	while (value < len && isspace((unsigned char)line[value]))
		value++;
	if (key == 0)
		return false;
	*ret_key = xmemdup(line, key);
	*ret_value = xmemdup(line + value, len - value);
	return true;
}

int opendkim_conf_parse(struct opendkim_conf *conf, const char *text,
                        int (*include)(void *arg, const char *path, struct err *err),
                        void *arg, struct err *err)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *key, *value;
		bool has_row = split_line(text, len, &key, &value);
		text += len + (text[len] == '\n');
		if (!has_row)
			continue;
		int r = 0;
		bool is_include = strcasecmp(key, "Include") == 0;
		if (is_include && strcmp(value, OPENDKIM_OURS) == 0)
			conf->includes_ours = true;
		else if (is_include && include)
			r = include(arg, value, err);
		if (is_include) {
			free(key);
			free(value);
			if (r < 0)
				return r;
			continue;
		}
		GROW(conf->row, conf->count, conf->room);
		conf->row[conf->count++] = (struct opendkim_value){ key, value };
	}
	return 0;
}

/* ---- what only a fresh process takes in ------------------------------------------------------- */

static const char *const start_keys[] = {
	"AutoRestart",     "AutoRestartCount", "AutoRestartRate",
	"Background",      "BaseDirectory",    "ChangeRootDirectory",
	"EnableCoredumps", "MilterDebug",      "PidFile",
	"Quarantine",      "QueryCache",       "Socket",
	"UMask",           "UserID",           NULL
};

bool opendkim_conf_needs_restart(const struct opendkim_conf *before,
                                 const struct opendkim_conf *after)
{
	for (const char *const *key = start_keys; *key; key++) {
		const char *old = opendkim_conf_get(before, *key);
		const char *fresh = opendkim_conf_get(after, *key);
		if (strcmp(old ? old : "", fresh ? fresh : "") != 0)
			return true;
	}
	return false;
}

struct reader {
	const struct ctx *ctx;
	struct opendkim_conf *conf;
	unsigned level;
};

static int read_one(void *arg, const char *path, struct err *err)
{
	struct reader *reader = arg;
	auto_buf text = BUF_INIT;
	if (reader->level == MAX_NESTING)
		return err_set(err, ERR_FAILED,
		               _("%s is included more than %d levels deep in %s"), path,
		               MAX_NESTING, OPENDKIM_CONF);
	int r = file_read(reader->ctx, path, CONF_LIMIT, &text, NULL, err);
	if (r < 0)
		return r;
	reader->level++;
	r = opendkim_conf_parse(reader->conf, buf_text(&text), read_one, reader, err);
	reader->level--;
	return r;
}

int opendkim_conf_read(const struct ctx *ctx, const char *path,
                       struct opendkim_conf *conf, struct err *err)
{
	struct reader reader = { .ctx = ctx, .conf = conf };
	return read_one(&reader, path, err);
}

static bool is_our_include(const char *line, size_t len)
{
	auto_free char *key = NULL, *value = NULL;
	return split_line(line, len, &key, &value) && strcasecmp(key, "Include") == 0 &&
	       strcmp(value, OPENDKIM_OURS) == 0;
}

void opendkim_conf_ours(const char *text, size_t len, struct spans *into)
{
	for (size_t at = 0; at < len;) {
		const char *feed = memchr(text + at, '\n', len - at), *line = text + at;
		size_t next = feed ? (size_t)(feed - text) + 1 : len;
		bool is_mark = next - at >= strlen(MARK) &&
		               memcmp(line, MARK, strlen(MARK)) == 0;
		if (is_mark || is_our_include(line, next - at))
			spans_add_line(into, at, next,
			               is_mark && text_starts(line, MARK_NO_BREAK));
		at = next;
	}
	spans_settle(into, len);
}

void opendkim_conf_without(const char *text, size_t len, struct buf *into)
{
	auto_spans ours = SPANS_INIT;
	opendkim_conf_ours(text, len, &ours);
	spans_cut(&ours, text, len, into);
}

void opendkim_conf_with(const char *text, size_t len, struct buf *into)
{
	opendkim_conf_without(text, len, into);
	bool breaks = into->len && into->at[into->len - 1] != '\n';
	buf_printf(into, "%s%s\n%s\n", breaks ? "\n" : "", breaks ? MARK_NO_BREAK : MARK,
	           INCLUDE);
}

static char *inet_endpoint(const char *port, size_t port_len, const char *host,
                           size_t host_len)
{
	if (host_len > 2 && host[0] == '[' && host[host_len - 1] == ']') {
		host++;
		host_len -= 2;
	}
	auto_free char *name = xmemdup(host, host_len);
	const char *shown =
		strcasecmp(name, "localhost") == 0 || !*name ? "127.0.0.1" : name;
	return xasprintf("inet:%.*s@%s", (int)port_len, port, shown);
}

char *opendkim_endpoint(const char *text, const char *queue_dir)
{
	size_t kind = strcspn(text, ":");
	const char *rest = text[kind] ? text + kind + 1 : text;
	bool is_inet = kind <= 5 && kind >= 4 && strncasecmp(text, "inet6", kind) == 0 &&
	               text[kind];
	bool is_unix = (kind == 4 && strncasecmp(text, "unix", kind) == 0) ||
	               (kind == 5 && strncasecmp(text, "local", kind) == 0);
	if (is_inet) {
		size_t len = strcspn(rest, ", \t");
		const char *at = memchr(rest, '@', len);
		if (at)
			return inet_endpoint(rest, (size_t)(at - rest), at + 1,
			                     len - (size_t)(at - rest) - 1);
		const char *colon = memrchr(rest, ':', len);
		if (colon)
			return inet_endpoint(colon + 1, len - (size_t)(colon - rest) - 1,
			                     rest, (size_t)(colon - rest));
		return inet_endpoint(rest, len, "", 0);
	}
	if (text[kind] && !is_unix)
		return NULL;
	auto_free char *path = xmemdup(rest, strcspn(rest, ", \t"));
	if (!*path)
		return NULL;
	return *path == '/' ? xasprintf("unix:%s", path)
	                    : xasprintf("unix:%s/%s", queue_dir, path);
}

const struct shared_format opendkim_conf_format = { "opendkim.conf", opendkim_conf_ours,
	                                            false, true };
