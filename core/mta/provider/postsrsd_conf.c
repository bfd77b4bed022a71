/*
 * postsrsd's files as text.
 *
 * Facts of version 1.10: exclusions are split at commas, semicolons and white space, line breaks
 * too, so each is on a line of its own; "example.com" excludes that domain, ".example.com" those
 * below it; a secret is a line of at most 1,023 octets, empty lines are skipped; AppArmor lets the
 * packaged daemon read no secret other than /etc/postsrsd.secret, so ours are in that file.
 * Debian's start script passes the exclusions as one argument.
 *
 * Text that root's shell will source is single-quoted and consists of letters, digits and "-._/"
 * only.
 */
#include "core/mta/provider/postsrsd_conf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/marked_block.h"

#define BEGIN MARKED_BEGIN
#define NO_BREAK MARKED_NO_BREAK
#define END MARKED_END "\n"
#define WARNING "# Changes between these lines are overwritten.\n"
#define LIST "SRS_EXCLUDE_DOMAINS=" /* to the line of one quote, whatever is between */
#define GAP "\n\n"                  /* after our secrets: two empty lines */

void postsrsd_conf_done(struct postsrsd_conf *conf)
{
	free(conf->secret_path);
	free(conf->forward_port);
	free(conf->reverse_port);
	free(conf->listen);
	free(conf->excluded);
	free(conf->socketmap);
	free(conf->domains_file);
	*conf = (struct postsrsd_conf){ 0 };
}

/* ---- reading: what both formats share ---------------------------------------------------------- */

struct scan {
	const char *text;
	size_t len, at;
	bool is_open; /* a quote or comment was not closed */
};

static char peek(const struct scan *scan, size_t ahead)
{
	return scan->at + ahead < scan->len ? scan->text[scan->at + ahead] : '\0';
}

static void skip_line(struct scan *scan)
{
	while (scan->at < scan->len && scan->text[scan->at] != '\n')
		scan->at++;
}

/* The last value of a name counts; one that cannot be determined (NULL) overrides earlier ones. */
static void keep(char **field, const char *value)
{
	free(*field);
	*field = value ? xstrdup(value) : NULL;
}

static bool is_made_of(const char *text, const char *more)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(more, *text))
			return false;
	return true;
}

static bool is_path(const char *text)
{
	return *text == '/' && is_made_of(text, "-._/");
}

static bool is_port(const char *text)
{
	int64_t port;
	return text_to_int(text, 1, 65535, &port);
}

/* ---- version 1: a shell text -------------------------------------------------------------------- */

/* Inside double quotes. */
static void read_double(struct scan *scan, struct buf *value, bool *is_literal)
{
	for (scan->at++; scan->at < scan->len; scan->at++) {
		char c = scan->text[scan->at];
		if (c == '"') {
			scan->at++;
			return;
		}
		if (c == '$' || c == '`')
			*is_literal = false;
		if (c == '\\' && scan->at + 1 < scan->len &&
		    strchr("$`\"\\\n", peek(scan, 1))) {
			c = scan->text[++scan->at];
			if (c == '\n')
				continue;
		}
		buf_putc(value, c);
	}
	scan->is_open = true;
}

static void read_single(struct scan *scan, struct buf *value)
{
	const char *from = scan->text + scan->at + 1;
	size_t room = scan->len - scan->at - 1;
	const char *close = memchr(from, '\'', room);
	size_t len = close ? (size_t)(close - from) : room;
	buf_add(value, from, len);
	scan->at += 1 + len + (close != NULL);
	scan->is_open = scan->is_open || !close;
}

/* One word from here on; it may be empty. */
static void read_word(struct scan *scan, struct buf *value, bool *is_literal)
{
	*is_literal = true;
	while (scan->at < scan->len) {
		char c = scan->text[scan->at];
		if (strchr(" \t\n;&|()<>", c))
			return;
		if (c == '\'') {
			read_single(scan, value);
		} else if (c == '"') {
			read_double(scan, value, is_literal);
		} else if (c == '\\') {
			/* before a line break it joins the lines */
			if (scan->at + 1 >= scan->len || peek(scan, 1) == '\n')
				scan->is_open = scan->at + 2 >= scan->len;
			else
				buf_putc(value, peek(scan, 1));
			scan->at += 2;
		} else {
			if (c == '$' || c == '`' || c == '~')
				*is_literal = false;
			buf_putc(value, c);
			scan->at++;
		}
	}
}

static void assign(struct postsrsd_conf *conf, const char *name, size_t len,
                   const char *value)
{
	const struct {
		const char *name;
		char **field;
		bool is_good;
	} rows[] = {
		{ "SRS_SECRET", &conf->secret_path, value && is_path(value) },
		{ "SRS_FORWARD_PORT", &conf->forward_port, value && is_port(value) },
		{ "SRS_REVERSE_PORT", &conf->reverse_port, value && is_port(value) },
		{ "SRS_LISTEN_ADDR", &conf->listen, value && *value },
		{ "SRS_EXCLUDE_DOMAINS", &conf->excluded, value && *value },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
			keep(rows[i].field, rows[i].is_good ? value : NULL);
}

static void parse_shell(struct postsrsd_conf *conf, struct scan *scan)
{
	bool is_first = true; /* an assignment may follow here */
	auto_buf value = BUF_INIT;
	while (scan->at < scan->len) {
		char c = scan->text[scan->at];
		if (c == '#') {
			skip_line(scan);
			continue;
		}
		if (strchr(" \t\n;&|()<>", c)) {
			is_first = is_first || !strchr(" \t<>", c);
			scan->at++;
			continue;
		}
		if (c == '\\' && peek(scan, 1) == '\n') {
			scan->is_open = scan->at + 2 >= scan->len;
			scan->at += 2;
			continue;
		}
		const char *name = scan->text + scan->at;
		size_t len = 0;
		while (isalnum((unsigned char)peek(scan, len)) || peek(scan, len) == '_')
			len++;
		bool is_assignment = is_first && len && peek(scan, len) == '=';
		bool is_literal;
		scan->at += is_assignment ? len + 1 : 0;
		buf_clear(&value);
		read_word(scan, &value, &is_literal);
		if (is_assignment)
			assign(conf, name, len, is_literal ? buf_text(&value) : NULL);
		else
			is_first = is_first && strcmp(buf_text(&value), "export") == 0;
	}
}

/* ---- version 2 --------------------------------------------------------------------------------- */

/* A quoted or plain word; false: neither. */
static bool read_token(struct scan *scan, struct buf *value)
{
	char quote = peek(scan, 0);
	buf_clear(value);
	buf_puts(value, "");
	if (quote == '"' || quote == '\'') {
		for (scan->at++; scan->at < scan->len; scan->at++) {
			char c = scan->text[scan->at];
			if (c == quote) {
				scan->at++;
				return true;
			}
			if (c == '\\' && scan->at + 1 < scan->len)
				c = scan->text[++scan->at];
			buf_putc(value, c);
		}
		scan->is_open = true;
		return true;
	}
	while (scan->at < scan->len && !isspace((unsigned char)peek(scan, 0)) &&
	       !strchr("={},#\"'()+", peek(scan, 0)))
		buf_putc(value, scan->text[scan->at++]);
	return value->len > 0;
}

static void skip_comments(struct scan *scan)
{
	while (scan->at < scan->len) {
		if (isspace((unsigned char)peek(scan, 0))) {
			scan->at++;
		} else if (peek(scan, 0) == '#' ||
		           (peek(scan, 0) == '/' && peek(scan, 1) == '/')) {
			skip_line(scan);
		} else if (peek(scan, 0) == '/' && peek(scan, 1) == '*') {
			const char *from = scan->text + scan->at + 2;
			const char *close =
				memmem(from, scan->len - scan->at - 2, "*/", 2);
			scan->is_open = scan->is_open || !close;
			scan->at = close ? (size_t)(close + 2 - scan->text) : scan->len;
		} else {
			return;
		}
	}
}

static void parse_options(struct postsrsd_conf *conf, struct scan *scan)
{
	const struct {
		const char *name;
		char **field;
	} rows[] = {
		{ "secrets-file", &conf->secret_path },
		{ "socketmap", &conf->socketmap },
		{ "domains-file", &conf->domains_file },
	};
	auto_buf name = BUF_INIT, value = BUF_INIT;
	for (skip_comments(scan); scan->at < scan->len; skip_comments(scan)) {
		if (!read_token(scan, &name)) {
			scan->at++;
			continue;
		}
		skip_comments(scan);
		if (peek(scan, 0) != '=')
			continue;
		scan->at++;
		skip_comments(scan);
		if (!read_token(scan, &value))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			if (strcmp(rows[i].name, buf_text(&name)) == 0)
				keep(rows[i].field, value.len ? buf_text(&value) : NULL);
	}
	if (conf->secret_path && !is_path(conf->secret_path))
		keep(&conf->secret_path, NULL);
}

int postsrsd_conf_parse(struct postsrsd_conf *conf, bool is_v2, const char *text,
                        size_t len, struct err *err)
{
	struct scan scan = { .text = text, .len = len };
	*conf = (struct postsrsd_conf){ 0 };
	if (is_v2)
		parse_options(conf, &scan);
	else
		parse_shell(conf, &scan);
	if (!scan.is_open)
		return 0;
	postsrsd_conf_done(conf);
	return err_set(
		err, ERR_FAILED,
		_("%s ends inside a quotation, a comment or a continued line, so that "
	          "added lines would have no effect: complete it first"),
		is_v2 ? POSTSRSD_CONF : POSTSRSD_DEFAULT);
}

/* ---- our block ---------------------------------------------------------------------------------- */

bool postsrsd_is_name(const char *name, bool is_v2)
{
	return *name && is_made_of(name, is_v2 ? "-." : "-._");
}

int postsrsd_check_request(const struct postsrsd_request *request, bool is_v2,
                           const struct postsrsd_conf *admin, size_t names,
                           struct err *err)
{
	if (!postsrsd_is_name(request->srs_domain, is_v2) ||
	    !is_path(request->secret_path))
		return err_set(
			err, ERR_FAILED,
			_("postsrsd cannot use %s as SRS domain: set srs.domain to "
		          "another name"),
			request->srs_domain);
	if (is_v2) {
		if (is_made_of(request->socketmap, ":-._/[]"))
			return 0;
		return err_set(
			err, ERR_FAILED,
			_("%s has the socketmap \"%s\", which mailauthctl cannot copy: "
		          "use a name with only letters, digits and -._/:"),
			POSTSRSD_CONF, request->socketmap);
	}
	size_t kept = admin->excluded ? strlen(admin->excluded) : 0;
	size_t argument = strlen("-X") + kept + 1 + request->excluded->len + 1;
	if (argument <= POSTSRSD_ARGUMENT_MAX)
		return 0;
	return err_set(
		err, ERR_FAILED,
		_("SRS: this postsrsd accepts the domains that it does not rewrite as "
	          "one argument of at most %d octets, and %zu domains require %zu: set "
	          "srs.enabled to off, or install postsrsd 2"),
		POSTSRSD_ARGUMENT_MAX, names, argument);
}

/* Every possible first line of the block, besides those of the list. */
static const char *const our_lines[] = {
	WARNING,
	"SRS_DOMAIN=",
	"SRS_SECRET=",
	"SRS_FORWARD_PORT=",
	"SRS_REVERSE_PORT=",
	"SRS_LISTEN_ADDR=",
	LIST,
	"srs-domain =",
	"domains-file =",
	"secrets-file =",
	"socketmap =",
};

static bool is_our_line(bool *is_in_list, const char *line, size_t len)
{
	bool was_in_list = *is_in_list;
	if (was_in_list || marked_line_begins(line, len, LIST))
		*is_in_list = !(was_in_list && *line == '\'');
	for (size_t i = 0; i < ARRAY_LEN(our_lines) && !was_in_list; i++)
		if (marked_line_begins(line, len, our_lines[i]))
			return true;
	return was_in_list;
}

/* Each first mark has its last one. */
static bool is_whole(const char *text, size_t len)
{
	bool is_inside = false;
	for (size_t at = 0; at < len;) {
		const char *line = text + at, *feed = memchr(line, '\n', len - at);
		size_t line_len = feed ? (size_t)(feed - line) + 1 : len - at;
		enum mark mark = marked_line_kind(line, line_len);
		if (mark != MARK_NONE)
			is_inside = mark != MARK_END;
		at += line_len;
	}
	return !is_inside;
}

bool postsrsd_conf_ours(const char *text, size_t len, struct spans *into)
{
	if (!is_whole(text, len))
		return false;
	marked_block_ours(text, len, is_our_line, into);
	return true;
}

bool postsrsd_conf_strip(const char *text, size_t len, struct buf *into)
{
	auto_spans ours = SPANS_INIT;
	if (!postsrsd_conf_ours(text, len, &ours))
		return false;
	spans_cut(&ours, text, len, into);
	return true;
}

char *postsrsd_conf_domain(const char *text, size_t len, bool is_v2)
{
	const char *line = is_v2 ? "\nsrs-domain = \"" : "\nSRS_DOMAIN='";
	const char *end = text + len, *begin = memmem(text, len, BEGIN, strlen(BEGIN));
	const char *at =
		begin ? memmem(begin, (size_t)(end - begin), line, strlen(line)) : NULL;
	if (!at)
		return NULL;
	at += strlen(line);
	const char *close = memchr(at, is_v2 ? '"' : '\'', (size_t)(end - at));
	return close ? xmemdup(at, (size_t)(close - at)) : NULL;
}

void postsrsd_conf_block(const struct postsrsd_request *request, bool is_v2,
                         const char *admin, size_t admin_len, struct buf *into)
{
	bool breaks = admin_len && admin[admin_len - 1] != '\n';
	buf_printf(into, "%s%s%s\n", breaks ? "\n" : "", BEGIN, breaks ? NO_BREAK : "");
	buf_puts(into, WARNING);
	if (is_v2) {
		buf_printf(into,
		           "srs-domain = \"%s\"\n"
		           "domains-file = \"" POSTSRSD_DOMAINS "\"\n"
		           "secrets-file = \"%s\"\n"
		           "socketmap = \"%s\"\n",
		           request->srs_domain, request->secret_path, request->socketmap);
	} else {
		buf_printf(into,
		           "SRS_DOMAIN='%s'\n"
		           "SRS_SECRET='%s'\n"
		           "SRS_FORWARD_PORT='%s'\n"
		           "SRS_REVERSE_PORT='%s'\n"
		           "SRS_LISTEN_ADDR='127.0.0.1'\n",
		           request->srs_domain, request->secret_path,
		           request->forward_port, request->reverse_port);
		buf_puts(into, LIST "\"${SRS_EXCLUDE_DOMAINS-}\"'\n");
		buf_add(into, buf_text(request->excluded), request->excluded->len);
		buf_puts(into, "'\n");
	}
	buf_puts(into, END);
}

/* ---- secrets ----------------------------------------------------------------------------------- */

static void join(struct secret *text, const void *octets, size_t len)
{
	struct secret longer = { xcalloc(text->len + len + 1, 1), text->len + len };
	if (text->len)
		memcpy(longer.at, text->at, text->len);
	if (len)
		memcpy(longer.at + text->len, octets, len);
	secret_done(text);
	*text = longer;
}

void postsrsd_secrets_put(const struct secret *ours, const struct secret *admin,
                          struct secret *ret_text)
{
	secret_done(ret_text);
	join(ret_text, ours->at, ours->len);
	join(ret_text, GAP, strlen(GAP));
	join(ret_text, admin->at, admin->len);
}

/* Whether `line` is one of them. */
static bool has_line(const struct secret *lines, const unsigned char *line, size_t len)
{
	for (size_t at = 0; at < lines->len;) {
		const unsigned char *feed = memchr(lines->at + at, '\n', lines->len - at);
		size_t end = feed ? (size_t)(feed - lines->at) : lines->len;
		if (end - at == len && memcmp(lines->at + at, line, len) == 0)
			return true;
		at = end + 1;
	}
	return false;
}

void postsrsd_secrets_strip(const struct secret *ours, const struct secret *text,
                            struct secret *ret_admin)
{
	const unsigned char *feed = text->len ? memchr(text->at, '\n', text->len) : NULL;
	const unsigned char *gap =
		text->len ? memmem(text->at, text->len, "\n" GAP, strlen("\n" GAP))
			  : NULL;
	size_t from = 0;
	if (gap && has_line(ours, text->at, (size_t)(feed - text->at)))
		from = (size_t)(gap - text->at) + strlen("\n" GAP);
	secret_done(ret_admin);
	if (text->len)
		join(ret_admin, text->at + from, text->len - from);
}

/* A block without its end is the administrator's text. */
static void format_ours(const char *text, size_t len, struct spans *into)
{
	if (!postsrsd_conf_ours(text, len, into))
		spans_settle(into, len);
}

const struct shared_format postsrsd_conf_format = { "postsrsd", format_ours, false,
	                                            true };
