/*
 * Records for other programs.
 *
 * nsupdate(1) reads a script of RFC 2136 updates.  A set of records is replaced as a whole.  A name
 * has either a CNAME record or others (RFC 1034 3.6.2), and a server ignores an addition that
 * contradicts that, so what a name had before is deleted first.
 *
 * octoDNS reads a YAML file for each zone, and refuses one whose keys are not in natural order.  It
 * writes text into zone files without changing backslashes, removes `" "`, and escapes quotation
 * marks; all octets but a semicolon that need it are therefore written as \DDD.
 */
#include "core/model/record/records_syntax.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "dnszone/name/rr.h"

#define DIGITS "0123456789"

struct rows {
	const struct record_row **row;
	size_t count;
};

/* ---- order ----------------------------------------------------------------------------------- */

static int compare_runs(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* Digits are compared by the value of their number, everything else by octets. */
static int compare_natural(const char *a, const char *b)
{
	for (;;) {
		size_t a_len = strcspn(a, DIGITS), b_len = strcspn(b, DIGITS);
		int order = compare_runs(a, a_len, b, b_len);
		a += a_len;
		b += b_len;
		if (order || !*a || !*b)
			return order ? order : (*a != '\0') - (*b != '\0');
		a += strspn(a, "0");
		b += strspn(b, "0");
		a_len = strspn(a, DIGITS);
		b_len = strspn(b, DIGITS);
		order = a_len != b_len ? (a_len > b_len) - (a_len < b_len)
		                       : memcmp(a, b, a_len);
		if (order)
			return order;
		a += a_len;
		b += b_len;
	}
}

/* "www" of www.example.com, "" of example.com itself.  Caller frees. */
static char *relative(const char *owner, const char *name)
{
	size_t len = strlen(owner), name_len = strlen(name);
	return len > name_len ? xmemdup(owner, len - name_len - 1) : xstrdup("");
}

static int compare_rows(const void *one, const void *other, void *arg)
{
	const struct record_row *const *a = one, *const *b = other;
	auto_free char *a_host = relative((*a)->owner, arg);
	auto_free char *b_host = relative((*b)->owner, arg);
	int order = compare_natural(a_host, b_host);
	if (order == 0)
		order = strcmp(a_host, b_host);
	if (order == 0)
		order = strcmp((*a)->type, (*b)->type);
	return order ? order : strcmp((*a)->rdata, (*b)->rdata);
}

static bool is_of_server(const struct record_row *row, const char *name)
{
	return strcmp(row->type, "SOA") == 0 ||
	       (strcmp(row->type, "NS") == 0 && strcmp(row->owner, name) == 0);
}

/* The rows to write, in order; rows_done() frees. */
static struct rows rows_of(const struct record_list *list, const char *name)
{
	struct rows rows = { .row = xcalloc(list->count + 1, sizeof(*rows.row)) };
	for (size_t i = 0; i < list->count; i++)
		if (!is_of_server(&list->row[i], name))
			rows.row[rows.count++] = &list->row[i];
	auto_free char *zone = xstrdup(name);
	if (rows.count)
		qsort_r(rows.row, rows.count, sizeof(*rows.row), compare_rows, zone);
	return rows;
}

static void rows_done(struct rows *rows)
{
	free(rows->row);
}
#define auto_rows cleanup(rows_done) struct rows

static bool begins_owner(const struct rows *rows, size_t i)
{
	return i == 0 || strcmp(rows->row[i - 1]->owner, rows->row[i]->owner) != 0;
}

static bool begins_set(const struct rows *rows, size_t i)
{
	return begins_owner(rows, i) ||
	       strcmp(rows->row[i - 1]->type, rows->row[i]->type) != 0;
}

/* ---- nsupdate -------------------------------------------------------------------------------- */

/* Octets of the script for one message, which has at most 65,535: data in text is the longer form,
 * but names are not compressed in it. */
#define MESSAGE_MAX 32768

static void put_deletion(const struct rows *rows, size_t i, const char *name,
                         struct buf *out)
{
	const struct record_row *row = rows->row[i];
	bool is_alias = strcmp(row->type, "CNAME") == 0;
	if (begins_owner(rows, i) && strcmp(row->owner, name) != 0)
		buf_printf(out, "update delete %s.%s\n", row->owner,
		           is_alias ? "" : " CNAME");
	if (!is_alias)
		buf_printf(out, "update delete %s. %s\n", row->owner, row->type);
}

static int put_nsupdate(const struct record_list *list, const char *name, struct buf *out,
                        struct err *err)
{
	auto_rows rows = rows_of(list, name);
	size_t message = out->len;
	(void)err;
	if (rows.count)
		buf_printf(out,
		           "; %s: replaces all records of each name and type below\n"
		           "zone %s.\n",
		           name, name);
	for (size_t i = 0; i < rows.count; i++) {
		const struct record_row *row = rows.row[i];
		if (begins_set(&rows, i) && out->len - message > MESSAGE_MAX) {
			buf_puts(out, "send\n");
			message = out->len;
		}
		if (begins_set(&rows, i))
			put_deletion(&rows, i, name, out);
		buf_printf(out, "update add %s. %u %s ", row->owner, (unsigned)row->ttl,
		           row->type);
		if (strcmp(row->type, "TXT") == 0)
			rr_put_txt(out, row->rdata, strlen(row->rdata));
		else
			buf_puts(out, row->rdata);
		buf_putc(out, '\n');
	}
	if (rows.count)
		buf_puts(out, "send\n");
	return 0;
}

/* ---- octoDNS --------------------------------------------------------------------------------- */

#define FIELDS_MAX 6

/* The types that octoDNS has a form for.  Fields are sorted by name, as it requires. */
static const struct octodns_type {
	const char *type;
	bool is_single; /* `value` instead of a list */
	struct octodns_field {
		const char *name;
		size_t word; /* of the data, from 0 */
		bool is_text;
	} field[FIELDS_MAX + 1]; /* none: the whole data is the value */
} octodns_types[] = {
	{ "A", false, { { 0 } } },
	{ "AAAA", false, { { 0 } } },
	{ "CAA",
	  false,
	  { { "flags", 0, false }, { "tag", 1, true }, { "value", 2, true } } },
	{ "CNAME", true, { { 0 } } },
	{ "DNAME", true, { { 0 } } },
	{ "DS",
	  false,
	  { { "algorithm", 1, false },
	    { "digest", 3, true },
	    { "digest_type", 2, false },
	    { "key_tag", 0, false } } },
	{ "MX", false, { { "exchange", 1, true }, { "preference", 0, false } } },
	{ "NAPTR",
	  false,
	  { { "flags", 2, true },
	    { "order", 0, false },
	    { "preference", 1, false },
	    { "regexp", 4, true },
	    { "replacement", 5, true },
	    { "service", 3, true } } },
	{ "NS", false, { { 0 } } },
	{ "PTR", false, { { 0 } } },
	{ "SRV",
	  false,
	  { { "port", 2, false },
	    { "priority", 0, false },
	    { "target", 3, true },
	    { "weight", 1, false } } },
	{ "SSHFP",
	  false,
	  { { "algorithm", 0, false },
	    { "fingerprint", 2, true },
	    { "fingerprint_type", 1, false } } },
	{ "TLSA",
	  false,
	  { { "certificate_association_data", 3, true },
	    { "certificate_usage", 0, false },
	    { "matching_type", 2, false },
	    { "selector", 1, false } } },
	{ "TXT", false, { { 0 } } },
	{ 0 },
};

static const struct octodns_type *octodns_find(const char *type)
{
	for (const struct octodns_type *row = octodns_types; row->type; row++)
		if (strcmp(row->type, type) == 0)
			return row;
	return NULL;
}

/* A scalar in single quotes, in which only a single quote is special. */
static void put_scalar(struct buf *out, const char *text)
{
	buf_putc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_putc(out, '\'');
		buf_putc(out, *text);
	}
	buf_putc(out, '\'');
}

static void put_text(struct buf *out, const char *text)
{
	auto_buf escaped = BUF_INIT;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == ';')
			buf_puts(&escaped, "\\;");
		else if (c == '"' || c == '\\' || c < 0x20 || c > 0x7e)
			buf_printf(&escaped, "\\%03u", c);
		else
			buf_putc(&escaped, *text);
	}
	put_scalar(out, buf_text(&escaped));
}

/* Octets of the word at `at`: to the next blank outside of quotation marks. */
static size_t word_len(const char *at)
{
	bool is_quoted = false;
	size_t len = 0;
	for (; at[len] && (is_quoted || at[len] != ' '); len++) {
		if (at[len] == '"')
			is_quoted = !is_quoted;
		if (at[len] == '\\' && at[len + 1])
			len++;
	}
	return len;
}

/* The word of the data without its quotation marks.  Caller frees. */
static char *word_of(const char *rdata, size_t index)
{
	for (; index; index--) {
		rdata += word_len(rdata);
		rdata += strspn(rdata, " ");
	}
	auto_free char *word = xmemdup(rdata, word_len(rdata));
	char *plain = word[0] == '"' ? rr_txt_unquote(word) : NULL;
	return plain ? plain : xstrdup(word);
}

static void put_value(struct buf *out, const struct octodns_type *type,
                      const struct record_row *row)
{
	if (strcmp(type->type, "TXT") == 0)
		put_text(out, row->rdata);
	else if (!type->field[0].name)
		put_scalar(out, row->rdata);
	for (const struct octodns_field *field = type->field; field->name; field++) {
		auto_free char *word = word_of(row->rdata, field->word);
		buf_printf(out, "%s%s: ", field == type->field ? "" : "\n    ",
		           field->name);
		if (field->is_text)
			put_scalar(out, word);
		else
			buf_puts(out, word);
	}
	buf_putc(out, '\n');
}

static int put_octodns(const struct record_list *list, const char *name, struct buf *out,
                       struct err *err)
{
	auto_rows rows = rows_of(list, name);
	buf_printf(out, "---\n# %s.yaml\n", name);
	for (size_t i = 0; i < rows.count; i++) {
		const struct record_row *row = rows.row[i];
		const struct octodns_type *type = octodns_find(row->type);
		if (!type)
			return err_set(err, ERR_FAILED,
			               _("octoDNS has no records of the type %s, which "
			                 "%s has"),
			               row->type, row->owner);
		if (begins_owner(&rows, i)) {
			auto_free char *host = relative(row->owner, name);
			put_scalar(out, host);
			buf_puts(out, ":\n");
		}
		if (begins_set(&rows, i))
			buf_printf(out, "- ttl: %u\n  type: %s\n  %s", (unsigned)row->ttl,
			           row->type, type->is_single ? "value: " : "values:\n");
		if (!type->is_single)
			buf_puts(out, "  - ");
		put_value(out, type, row);
	}
	return 0;
}

/* ---- table ----------------------------------------------------------------------------------- */

const struct records_syntax records_syntaxes[] = {
	{ "nsupdate", N_("script for nsupdate(1)"), put_nsupdate },
	{ "octodns", N_("YAML file of a zone for octoDNS"), put_octodns },
	{ 0 },
};

int records_syntax_find(const char *name, const struct records_syntax **ret_syntax,
                        struct err *err)
{
	for (const struct records_syntax *row = records_syntaxes; row->name; row++)
		if (strcmp(row->name, name) == 0) {
			*ret_syntax = row;
			return 0;
		}
	return err_set(err, ERR_USAGE, _("--as must be nsupdate or octodns, not \"%s\""),
	               name);
}
