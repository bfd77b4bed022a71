/*
 * amavis: the calls dkim_key('domain', 'selector', 'path') in its Perl configuration.  It is not
 * run: strings in quotes and plain assignments of such strings to a variable are read, the rest is
 * skipped.
 */
#include "core/model/life/key_tables_inner.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "core/base/text.h"

#define CALL "dkim_key"
#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

struct variable {
	char *name, *value;
};

struct perl {
	struct key_tables_file *file;
	const char *at;
	size_t line;
	struct variable *variable;
	size_t count, room;
	bool is_off; /* $enable_dkim_signing = 0 */
};

static void step(struct perl *perl, size_t len)
{
	for (; len && *perl->at; len--, perl->at++)
		perl->line += *perl->at == '\n';
}

static void skip_blanks(struct perl *perl)
{
	for (;;) {
		step(perl, strspn(perl->at, " \t\r\n"));
		if (*perl->at != '#')
			return;
		step(perl, strcspn(perl->at, "\n"));
	}
}

static const char *value_of(const struct perl *perl, const char *name, size_t len)
{
	for (size_t i = perl->count; i--;)
		if (strlen(perl->variable[i].name) == len &&
		    memcmp(perl->variable[i].name, name, len) == 0)
			return perl->variable[i].value;
	return NULL;
}

/* Appends the variable at `text` ("$name", "${name}"); returns its length, 0: unknown. */
static size_t expand(const struct perl *perl, const char *text, struct buf *into)
{
	bool has_brace = text[1] == '{';
	const char *name = text + 1 + has_brace;
	size_t len = strspn(name, WORD);
	const char *value = value_of(perl, name, len);
	if (!value || (has_brace && name[len] != '}'))
		return 0;
	buf_puts(into, value);
	return len + 1 + 2 * has_brace;
}

/* A string in quotes, or a known variable.  False: something else. */
static bool read_string(struct perl *perl, struct buf *into)
{
	skip_blanks(perl);
	char quote = *perl->at;
	buf_clear(into);
	buf_puts(into, "");
	if (quote == '$') {
		size_t len = expand(perl, perl->at, into);
		step(perl, len);
		return len != 0;
	}
	if (quote != '\'' && quote != '"')
		return false;
	step(perl, 1);
	while (*perl->at && *perl->at != quote) {
		size_t len = quote == '"' && *perl->at == '$'
		                     ? expand(perl, perl->at, into)
		                     : 0;
		if (quote == '"' && *perl->at == '$' && !len)
			return false;
		if (!len) {
			step(perl, *perl->at == '\\' && perl->at[1]);
			buf_putc(into, *perl->at);
			len = 1;
		}
		step(perl, len);
	}
	bool is_closed = *perl->at == quote;
	step(perl, is_closed);
	return is_closed;
}

static bool read_comma(struct perl *perl)
{
	skip_blanks(perl);
	bool is_there = *perl->at == ',' || text_starts(perl->at, "=>");
	step(perl, is_there ? 1 + (*perl->at == '=') : 0);
	return is_there;
}

/* After "dkim_key". */
static void read_call(struct perl *perl)
{
	auto_buf domain = BUF_INIT, selector = BUF_INIT, path = BUF_INIT;
	size_t line = perl->line;
	skip_blanks(perl);
	if (*perl->at != '(')
		return;
	step(perl, 1);
	bool is_read = read_string(perl, &domain) && read_comma(perl) &&
	               read_string(perl, &selector) && read_comma(perl) &&
	               read_string(perl, &path);
	if (!is_read) {
		key_tables_add_unfit(
			perl->file, line, buf_text(&domain),
			_("the arguments of dkim_key() are not plain strings: domain, "
		          "selector and file cannot be determined"));
		return;
	}
	key_tables_add(perl->file, line, buf_text(&domain), buf_text(&selector),
	               buf_text(&path))
		->signs = true;
}

/* "$name = 'value'", "my $name = 'value'", "$enable_dkim_signing = 0". */
static void read_assignment(struct perl *perl)
{
	auto_buf value = BUF_INIT;
	step(perl, 1);
	size_t len = strspn(perl->at, WORD);
	auto_free char *name = xmemdup(perl->at, len);
	step(perl, len);
	skip_blanks(perl);
	if (!len || perl->at[0] != '=' || strchr("=~>", perl->at[1]))
		return;
	step(perl, 1);
	skip_blanks(perl);
	if (strcmp(name, "enable_dkim_signing") == 0)
		perl->is_off = *perl->at == '0';
	if (!read_string(perl, &value))
		return;
	skip_blanks(perl);
	if (*perl->at != ';')
		return; /* 'a' . $b: unknown */
	GROW(perl->variable, perl->count, perl->room);
	perl->variable[perl->count++] =
		(struct variable){ xmemdup(name, len), buf_take(&value) };
}

void key_tables_read_amavis(struct key_tables_file *file, const char *text)
{
	struct perl perl = { .file = file, .at = text, .line = 1 };
	struct key_tables *tables = file->tables;
	size_t before = tables->count;
	auto_buf ignored = BUF_INIT;
	tables->says_who_signs = true;
	while (skip_blanks(&perl), *perl.at) {
		size_t word = strspn(perl.at, WORD);
		if (*perl.at == '$') {
			read_assignment(&perl);
		} else if (*perl.at == '\'' || *perl.at == '"') {
			if (!read_string(&perl, &ignored))
				step(&perl, 1);
		} else if (word == strlen(CALL) && text_starts(perl.at, CALL)) {
			step(&perl, word);
			read_call(&perl);
		} else if (text_starts(perl.at, "__END__")) {
			break;
		} else {
			step(&perl, word ? word : 1);
		}
	}
	/* the last assignment applies to all calls */
	for (size_t i = before; i < tables->count; i++)
		tables->row[i].signs &= !perl.is_off;
	for (size_t i = 0; i < perl.count; i++) {
		free(perl.variable[i].name);
		free(perl.variable[i].value);
	}
	free(perl.variable);
}
