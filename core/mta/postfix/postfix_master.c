/*
 * master.cf.
 *
 * Logical lines are formed as in main.cf; the first seven fields are words, the rest is the command
 * with its arguments, of which only -o is parsed.  An argument in braces may contain blanks.  Ours
 * is a marked block at the end.  Its first line records whether the line before it had no line
 * break, so removing it is exact; text that was added between the marks is kept.
 */
#include "core/mta/postfix/postfix_master.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/marked_block.h"

enum { FIELD_NAME, FIELD_TYPE, FIELD_CHROOT = 4, FIELD_COMMAND = 7 };

static bool next_word(const char **at, struct buf *word)
{
	const char *c = *at;
	while (isspace((unsigned char)*c))
		c++;
	buf_clear(word);
	if (!*c) {
		*at = c;
		return false;
	}
	const char *begin = c;
	size_t level = 0;
	for (; *c && (level > 0 || !isspace((unsigned char)*c)); c++) {
		if (*c == '{')
			level++;
		else if (*c == '}' && level > 0)
			level--;
	}
	*at = c;
	buf_add(word, begin, (size_t)(c - begin));
	return true;
}

/* "name=value", from "{ name = value }" too. */
static char *tidy_option(const char *text)
{
	size_t len = strlen(text);
	if (len >= 2 && text[0] == '{' && text[len - 1] == '}') {
		text++;
		len -= 2;
	}
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	const char *equals = memchr(text, '=', len);
	if (!equals)
		return xmemdup(text, len);
	size_t name_len = (size_t)(equals - text), value = name_len + 1;
	while (name_len && isspace((unsigned char)text[name_len - 1]))
		name_len--;
	while (value < len && isspace((unsigned char)text[value]))
		value++;
	return xasprintf("%.*s=%.*s", (int)name_len, text, (int)(len - value),
	                 text + value);
}

static void add_option(struct master_service *service, const char *text)
{
	service->option = xreallocarray(service->option, service->options + 1,
	                                sizeof(service->option[0]));
	service->option[service->options++] = tidy_option(text);
}

static void service_done(struct master_service *service)
{
	free(service->name);
	free(service->type);
	free(service->chroot);
	free(service->command);
	free(service->arguments);
	for (size_t i = 0; i < service->options; i++)
		free(service->option[i]);
	free(service->option);
}

static void add_service(struct master_cf *cf, const char *line)
{
	struct master_service service = { 0 };
	char **const keep[FIELD_COMMAND + 1] = { [FIELD_NAME] = &service.name,
		                                 [FIELD_TYPE] = &service.type,
		                                 [FIELD_CHROOT] = &service.chroot,
		                                 [FIELD_COMMAND] = &service.command };
	auto_buf word = BUF_INIT;
	for (size_t field = 0; field <= FIELD_COMMAND; field++) {
		if (!next_word(&line, &word)) {
			service_done(&service);
			return;
		}
		if (keep[field])
			*keep[field] = xstrdup(buf_text(&word));
	}
	service.arguments = xstrdup(line);
	while (next_word(&line, &word)) {
		const char *text = buf_text(&word);
		if (strncmp(text, "-o", 2) != 0)
			continue;
		if (text[2])
			add_option(&service, text + 2);
		else if (next_word(&line, &word))
			add_option(&service, buf_text(&word));
	}
	GROW(cf->service, cf->count, cf->room);
	cf->service[cf->count++] = service;
}

void master_cf_parse(struct master_cf *cf, const char *text, size_t len)
{
	*cf = MASTER_CF_INIT;
	auto_buf line = BUF_INIT;
	for (size_t at = 0; at < len;) {
		const char *feed = memchr(text + at, '\n', len - at);
		size_t next = feed ? (size_t)(feed - text) + 1 : len, first = at;
		while (first < next && isspace((unsigned char)text[first]))
			first++;
		if (first < next && text[first] != '#') {
			if (first == at && line.len) {
				add_service(cf, buf_text(&line));
				buf_clear(&line);
			}
			if (first == at || line.len)
				buf_add(&line, text + at, next - at);
		}
		at = next;
	}
	if (line.len)
		add_service(cf, buf_text(&line));
}

void master_cf_done(struct master_cf *cf)
{
	for (size_t i = 0; i < cf->count; i++)
		service_done(&cf->service[i]);
	free(cf->service);
	*cf = MASTER_CF_INIT;
}

const char *master_override(const struct master_service *service, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = service->options; i > 0; i--) {
		const char *option = service->option[i - 1];
		if (strncmp(option, name, len) == 0 && option[len] == '=')
			return option + len + 1;
	}
	return NULL;
}

bool master_is_smtpd(const struct master_service *service)
{
	return strcmp(service->command, "smtpd") == 0;
}

char *master_host(const struct master_service *service)
{
	const char *colon = strrchr(service->name, ':');
	return colon && colon != service->name
	               ? xmemdup(service->name, (size_t)(colon - service->name))
	               : NULL;
}

const char *master_port(const struct master_service *service)
{
	const char *colon = strrchr(service->name, ':');
	return colon ? colon + 1 : service->name;
}

const struct master_service *master_listener(const struct master_cf *cf,
                                             const char *endpoint, bool is_inet)
{
	const char *last = strrchr(endpoint, is_inet ? ':' : '/');
	for (size_t i = 0; last && i < cf->count; i++) {
		const struct master_service *service = &cf->service[i];
		if ((strcmp(service->type, "inet") == 0) == is_inet &&
		    strcmp(is_inet ? master_port(service) : service->name, last + 1) == 0)
			return service;
	}
	return NULL;
}

bool master_is_loopback(const char *host)
{
	host += *host == '[';
	return strncasecmp(host, "localhost", strlen("localhost")) == 0 ||
	       text_starts(host, "127.") || text_starts(host, "::ffff:127.") ||
	       strcmp(host, "::1") == 0 || strcmp(host, "::1]") == 0;
}

/* ---- ours: out and in ------------------------------------------------------------------------ */

/* A line that begins with white space continues the one above; blank lines and comments are an
 * administrator's, and do not end it. */
static bool is_our_line(bool *goes_on, const char *line, size_t len)
{
	size_t blanks = 0;
	while (blanks < len && isspace((unsigned char)line[blanks]))
		blanks++;
	if (blanks == len || line[blanks] == '#')
		return false;
	if (blanks == 0)
		*goes_on = marked_line_begins(line, len, "mailauth-");
	return *goes_on;
}

void master_cf_ours(const char *text, size_t len, struct spans *into)
{
	marked_block_ours(text, len, is_our_line, into);
}

void master_cf_strip(const char *text, size_t len, struct buf *into)
{
	marked_block_without(text, len, is_our_line, into);
}

void master_cf_render(const char *text, size_t len, const char *service, struct buf *into)
{
	auto_free char *line = xasprintf("%s\n", service);
	marked_block_with(text, len, line, is_our_line, into);
}

const struct shared_format master_cf_format = { "master.cf", master_cf_ours, true,
	                                        false };
