/*
 * Resource records as text; with zone_read.c the only user of ldns.
 *
 * ldns is lenient where a person would want to be told: it wraps numbers that are too big, drops
 * what follows ';', closes quotes and brackets by itself, pads odd hexadecimal digits.  So the
 * data is cut into words here first, and each word is held against the kind of field that it is
 * for; only then ldns reads it, and what ldns writes is the canonical form.
 */
#include "dnszone/name/rr.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/library.h"
#include "core/base/text.h"
#include "dnszone/name/name.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(ldns_buffer_export2str) \
	CALL(ldns_buffer_free) \
	CALL(ldns_buffer_new) \
	CALL(ldns_dname2canonical) \
	CALL(ldns_dname_new_frm_str) \
	CALL(ldns_get_errorstr_by_id) \
	CALL(ldns_get_rr_type_by_name) \
	CALL(ldns_output_format_nocomments) \
	CALL(ldns_rdf_deep_free) \
	CALL(ldns_rdf_get_type) \
	CALL(ldns_rdf_size) \
	CALL(ldns_rr2buffer_str_fmt) \
	CALL(ldns_rr_descript) \
	CALL(ldns_rr_descriptor_field_type) \
	CALL(ldns_rr_descriptor_maximum) \
	CALL(ldns_rr_free) \
	CALL(ldns_rr_new_frm_str) \
	CALL(ldns_rr_rd_count) \
	CALL(ldns_rr_rdf) \
	CALL(ldns_rr_type2str)
/* clang-format on */
LIBRARY(ldns, LIBRARY_LDNS, CALLS)

#define DATA_MAX_LEN 65535 /* presentation form: what ldns reads of one record */
#define ORIGIN_OF_OTHERS "invalid"
#define TXT_STRING_MAX 255 /* RFC 1035 3.3 */

/* ---- types ------------------------------------------------------------------------- */

static bool is_refused_type(unsigned type)
{
	static const ldns_rr_type signer_made[] = {
		LDNS_RR_TYPE_SIG,  LDNS_RR_TYPE_NXT,    LDNS_RR_TYPE_RRSIG,
		LDNS_RR_TYPE_NSEC, LDNS_RR_TYPE_NSEC3,  LDNS_RR_TYPE_NSEC3PARAM,
		LDNS_RR_TYPE_NULL, LDNS_RR_TYPE_ZONEMD, LDNS_RR_TYPE_OPT,
	};
	for (size_t i = 0; i < ARRAY_LEN(signer_made); i++)
		if (type == signer_made[i])
			return true;
	/* RFC 6895 3.1: 128 to 255 are question and meta types, 0 and 65535 are reserved */
	return type == 0 || (type >= 128 && type <= 255) || type == 65535;
}

/* The number of a type's name or of TYPE<number>; -1 where there is none. */
static int type_number(const char *text)
{
	int64_t number;
	if (strncasecmp(text, "TYPE", 4) == 0 && text[4] != '-' &&
	    text_to_int(text + 4, 0, 65535, &number))
		return (int)number;
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-";
	if (strlen(text) > 15 || text[strspn(text, allowed)] ||
	    strncasecmp(text, "TYPE", 4) == 0)
		return -1;
	ldns_rr_type type = ldns()->ldns_get_rr_type_by_name(text);
	return type == 0 ? -1 : (int)type;
}

int rr_parse_type(const char *text, char ret_type[16], struct err *err)
{
	int number = type_number(text);
	if (number < 0)
		return err_set(
			err, ERR_USAGE,
			_("\"%.40s\" is not a record type; examples are TXT, MX, A, AAAA, "
		          "CNAME, SRV"),
			text);
	if (is_refused_type((unsigned)number))
		return err_set(
			err, ERR_USAGE,
			_("records of type %.15s are made by name servers and signers and "
		          "cannot be kept in a zone here"),
			text);
	if (number == LDNS_RR_TYPE_SPF)
		return err_set(
			err, ERR_USAGE,
			_("SPF records have the type TXT; the type SPF is obsolete and "
		          "no receiver asks for it (RFC 7208 3.1)"));
	auto_free char *name = ldns()->ldns_rr_type2str((ldns_rr_type)number);
	if (!name || strlen(name) > 15)
		return err_set(err, ERR_USAGE, _("\"%.40s\" is not a record type"), text);
	strcpy(ret_type, name);
	return 0;
}

static bool is_txt(const char *type)
{
	return strcasecmp(type, "TXT") == 0 || strcasecmp(type, "SPF") == 0;
}

/* ---- words of presentation data ---------------------------------------------------- */

struct words {
	char *chars;
	char **word;
	size_t count;
};

static void words_done(struct words *words)
{
	free(words->chars);
	free(words->word);
}

/* The end of the word at `c`: a blank or bracket outside quotes.  NULL: a quote is not closed. */
static const char *word_end(const char *c)
{
	bool is_quoted = false;
	for (; *c && (is_quoted || !strchr(" ();", *c)); c++) {
		if (*c == '\\' && c[1])
			c++;
		else if (*c == '"')
			is_quoted = !is_quoted;
	}
	return is_quoted ? NULL : c;
}

/* Cuts `rdata` at blanks; round brackets that match only group lines and are dropped. */
static int split(const char *type, const char *rdata, struct words *words,
                 struct err *err)
{
	size_t len = strlen(rdata);
	int depth = 0;
	words->chars = xcalloc(1, 2 * len + 2);
	words->word = xcalloc(len + 1, sizeof(char *));
	char *to = words->chars;
	for (const char *c = rdata; *c;) {
		if (*c == ' ' || *c == '(' || *c == ')') {
			depth += *c == '(' ? 1 : *c == ')' ? -1 : 0;
			if (depth < 0 || depth > 1)
				break;
			c++;
			continue;
		}
		if (*c == ';')
			return err_set(
				err, ERR_USAGE,
				_("the %s data holds ';' outside of quotes, where a comment "
			          "would begin; put quotes around the text or leave it out"),
				type);
		const char *end = word_end(c);
		if (!end)
			return err_set(
				err, ERR_USAGE,
				_("a quote (\") is not closed in the %s data: %.200s"),
				type, rdata);
		words->word[words->count++] = to;
		memcpy(to, c, (size_t)(end - c));
		to += end - c + 1;
		c = end;
	}
	if (depth != 0)
		return err_set(
			err, ERR_USAGE,
			_("the round brackets in the %s data do not match: %.200s"), type,
			rdata);
	return 0;
}

static bool is_plain_ascii(const char *word)
{
	for (; *word; word++)
		if ((unsigned char)*word >= 0x80)
			return false;
	return true;
}

static int check_number(const char *type, const char *word, int64_t max, struct err *err)
{
	int64_t number;
	if (*word != '-' && text_to_int(word, 0, max, &number))
		return 0;
	return err_set(err, ERR_USAGE,
	               _("\"%.60s\" in the %s data is not a number from 0 to %lld"), word,
	               type, (long long)max);
}

/* A name in the data: quotes are a slip, international labels become A-labels. */
static int put_name(const char *type, const char *word, struct buf *line, struct err *err)
{
	if (strchr(word, '"'))
		return err_set(err, ERR_USAGE,
		               _("%.300s in the %s data is a name and takes no quotes"),
		               word, type);
	if (is_plain_ascii(word)) {
		buf_puts(line, word);
		return 0;
	}
	char name[NAME_SIZE];
	int r = name_parse_owner(word, name, err);
	if (r < 0)
		return r;
	buf_printf(line, "%s%s", name, text_ends(word, ".") ? "." : "");
	return 0;
}

/* One word, checked against its field, to the line that ldns will read. */
static int put_word(const char *type, ldns_rdf_type field, const char *word,
                    struct buf *line, struct err *err)
{
	bool is_digits = *word && word[strspn(word, "0123456789")] == '\0';
	buf_putc(line, ' ');
	if (field == LDNS_RDF_TYPE_DNAME)
		return put_name(type, word, line, err);
	if (!is_plain_ascii(word) && word[0] != '"')
		return err_set(
			err, ERR_USAGE,
			_("\"%.300s\" in the %s data is not ASCII; put quotes around text"),
			word, type);
	/* The quotes around this text are lost in a shell, and ldns insists on them. */
	bool lacks_quotes = field == LDNS_RDF_TYPE_LONG_STR && word[0] != '"';
	buf_printf(line, lacks_quotes ? "\"%s\"" : "%s", word);
	switch (field) {
	case LDNS_RDF_TYPE_INT8:
		return check_number(type, word, UINT8_MAX, err);
	case LDNS_RDF_TYPE_INT16:
		return check_number(type, word, UINT16_MAX, err);
	case LDNS_RDF_TYPE_INT32:
		return check_number(type, word, UINT32_MAX, err);
	case LDNS_RDF_TYPE_ALG: /* these may have names, too */
	case LDNS_RDF_TYPE_CERTIFICATE_USAGE:
	case LDNS_RDF_TYPE_SELECTOR:
	case LDNS_RDF_TYPE_MATCHING_TYPE:
		return is_digits ? check_number(type, word, UINT8_MAX, err) : 0;
	case LDNS_RDF_TYPE_CERT_ALG:
		return is_digits ? check_number(type, word, UINT16_MAX, err) : 0;
	case LDNS_RDF_TYPE_PERIOD: /* a number or "1h30m" */
		return is_digits ? check_number(type, word, INT32_MAX, err) : 0;
	case LDNS_RDF_TYPE_LOC:
		if (word[strspn(word, "0123456789.-mNSEW")])
			return err_set(err, ERR_USAGE,
			               _("\"%.60s\" has no place in LOC data"), word);
		return 0;
	default:
		return 0;
	}
}

/* Hexadecimal data may be written in several words; ldns would fill up a last half octet. */
static int check_hex(const char *type, const struct words *words, size_t from,
                     struct err *err)
{
	size_t digits = 0;
	for (size_t i = from; i < words->count; i++)
		digits += strlen(words->word[i]);
	if (digits % 2 == 0)
		return 0;
	return err_set(err, ERR_USAGE,
	               _("the %s data has an odd number of hexadecimal digits (%zu)"),
	               type, digits);
}

static int put_words(const char *type, const struct words *words, struct buf *line,
                     struct err *err)
{
	const ldns_rr_descriptor *fields =
		ldns()->ldns_rr_descript(ldns()->ldns_get_rr_type_by_name(type));
	bool is_generic =
		words->count > 0 && strcmp(words->word[0], "\\#") == 0; /* RFC 3597 */
	ldns_rdf_type field = LDNS_RDF_TYPE_NONE;
	for (size_t i = 0; i < words->count; i++) {
		/* the last field of most types takes all further words */
		if (!is_generic && i < ldns()->ldns_rr_descriptor_maximum(fields) &&
		    field != LDNS_RDF_TYPE_LOC) {
			field = ldns()->ldns_rr_descriptor_field_type(fields, i);
			int r = field == LDNS_RDF_TYPE_HEX
			                ? check_hex(type, words, i, err)
			                : 0;
			if (r < 0)
				return r;
		}
		int r = put_word(type, field, words->word[i], line, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- canonical form ---------------------------------------------------------------- */

static void rdf_free(ldns_rdf **rdf)
{
	ldns()->ldns_rdf_deep_free(*rdf);
}

static void rr_free(ldns_rr **rr)
{
	ldns()->ldns_rr_free(*rr);
}

/* The data of `rr`: what ldns writes behind the fourth tab, single blanks between the words. */
static char *rdata_text(const ldns_rr *rr)
{
	ldns_buffer *line = ldns()->ldns_buffer_new(1024);
	if (!line)
		abort();
	char *text = NULL;
	if (ldns()->ldns_rr2buffer_str_fmt(line, *ldns()->ldns_output_format_nocomments,
	                                   rr) == LDNS_STATUS_OK)
		text = ldns()->ldns_buffer_export2str(line);
	ldns()->ldns_buffer_free(line);
	if (!text)
		return NULL;
	const char *from = text;
	for (int tabs = 0; tabs < 4 && from; tabs++) {
		from = strchr(from, '\t');
		from = from ? from + 1 : NULL;
	}
	char *to = text;
	bool is_quoted = false;
	for (; from && *from && *from != '\n'; from++) {
		if (*from == '"' && !(from > text && from[-1] == '\\'))
			is_quoted = !is_quoted;
		if (*from == ' ' && !is_quoted && (to == text || to[-1] == ' '))
			continue;
		*to++ = *from;
	}
	while (to > text && to[-1] == ' ' && !is_quoted)
		to--;
	*to = '\0';
	return text;
}

static int canonical_names(ldns_rr *rr, const char *type, struct err *err)
{
	for (size_t i = 0; i < ldns()->ldns_rr_rd_count(rr); i++) {
		ldns_rdf *rdf = ldns()->ldns_rr_rdf(rr, i);
		if (ldns()->ldns_rdf_get_type(rdf) != LDNS_RDF_TYPE_DNAME)
			continue;
		if (ldns()->ldns_rdf_size(rdf) > LDNS_MAX_DOMAINLEN)
			return err_set(
				err, ERR_USAGE,
				_("a name in the %s data is longer than %d octets"), type,
				NAME_MAX_LEN);
		ldns()->ldns_dname2canonical(rdf);
	}
	return 0;
}

static int canonical_line(const char *type, const char *rdata, const char *origin,
                          const char *line, char **ret_rdata, struct err *err)
{
	auto_free char *dotted = xasprintf("%s.", origin);
	ldns_rdf *below cleanup(rdf_free) = ldns()->ldns_dname_new_frm_str(dotted);
	if (!below)
		return err_set(err, ERR_USAGE, _("\"%.300s\" is not a domain name"),
		               origin);
	ldns_rr *rr cleanup(rr_free) = NULL;
	ldns_status status = ldns()->ldns_rr_new_frm_str(&rr, line, 0, below, NULL);
	if (status != LDNS_STATUS_OK)
		return err_set(err, ERR_USAGE, _("\"%.500s\" is not %s data: %s"), rdata,
		               type, ldns()->ldns_get_errorstr_by_id(status));
	int r = canonical_names(rr, type, err);
	if (r < 0)
		return r;
	char *text = rdata_text(rr);
	if (!text || !*text) {
		free(text);
		return err_set(err, ERR_USAGE, _("\"%.500s\" is not %s data"), rdata,
		               type);
	}
	*ret_rdata = text;
	return 0;
}

static int canonical_once(const char *type, const char *rdata, const char *origin,
                          char **ret_rdata, struct err *err)
{
	struct words words cleanup(words_done) = { 0 };
	auto_buf line = BUF_INIT;
	buf_printf(&line, "%s. 0 IN %s", origin, type);
	int r = split(type, rdata, &words, err);
	if (r == 0)
		r = put_words(type, &words, &line, err);
	if (r < 0)
		return r;
	return canonical_line(type, rdata, origin, buf_text(&line), ret_rdata, err);
}

static size_t presentation_len(const char *type, const char *rdata)
{
	size_t len = strlen(rdata);
	if (!is_txt(type) || len > DATA_MAX_LEN)
		return len;
	auto_buf strings = BUF_INIT;
	rr_put_txt(&strings, rdata, len);
	return strings.len;
}

int rr_canonical(const char *type, const char *rdata, const char *origin,
                 char **ret_rdata, struct err *err)
{
	size_t len = presentation_len(type, rdata);
	if (len > DATA_MAX_LEN)
		return err_set(
			err, ERR_USAGE,
			_("the %s data takes %zu octets in a zone file, %d are allowed"),
			type, len, DATA_MAX_LEN);
	if (!text_is_clean(rdata))
		return err_set(
			err, ERR_USAGE,
			_("the %s data holds a line break, another control character or "
		          "octets that are not UTF-8"),
			type);
	if (is_txt(type)) {
		*ret_rdata = xstrdup(rdata);
		return 0;
	}
	auto_free char *text = NULL, *again = NULL;
	int r = canonical_once(type, rdata, origin, &text, err);
	if (r < 0)
		return r;
	/* ldns writes some data (WKS, odd octets in names and in SVCB values) in a form that it
	 * reads in another way; a name server would, too. */
	struct err ignored;
	if (!text_is_clean(text) ||
	    canonical_once(type, text, ORIGIN_OF_OTHERS, &again, &ignored) < 0 ||
	    strcmp(text, again) != 0)
		return err_set(
			err, ERR_USAGE,
			_("\"%.500s\" is %s data that not every reader takes in the same way"),
			rdata, type);
	*ret_rdata = text;
	text = NULL;
	return 0;
}

/* ---- lines ------------------------------------------------------------------------- */

/* How many of the octets stand for themselves. */
static size_t plain_run(const char *text, size_t len)
{
	size_t run = 0;
	while (run < len && text[run] >= 0x20 && text[run] <= 0x7e && text[run] != '"' &&
	       text[run] != '\\')
		run++;
	return run;
}

void rr_put_txt(struct buf *out, const char *text, size_t len)
{
	buf_reserve(out, len + 3 * (len / TXT_STRING_MAX + 1));
	size_t at = 0;
	do {
		size_t end = len - at > TXT_STRING_MAX ? at + TXT_STRING_MAX : len;
		buf_puts(out, at == 0 ? "\"" : " \"");
		while (at < end) {
			size_t run = plain_run(text + at, end - at);
			buf_add(out, text + at, run);
			at += run;
			if (at == end)
				break;
			unsigned char c = (unsigned char)text[at++];
			if (c == '"' || c == '\\')
				buf_printf(out, "\\%c", c);
			else
				buf_printf(out, "\\%03u", c);
		}
		buf_putc(out, '"');
	} while (at < len);
}

void rr_put_line(struct buf *out, const char *owner, uint32_t ttl, const char *type,
                 const char *rdata)
{
	buf_printf(out, "%s. %u IN %s ", owner, (unsigned)ttl, type);
	if (is_txt(type))
		rr_put_txt(out, rdata, strlen(rdata));
	else
		buf_puts(out, rdata);
	buf_putc(out, '\n');
}

char *rr_soa_with_serial(const char *rdata, uint32_t serial)
{
	const char *at = rdata;
	for (int names = 0; names < 2; names++) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return xasprintf("%.*s%u%s", (int)(at - rdata), rdata, (unsigned)serial,
	                 at + strcspn(at, " "));
}
