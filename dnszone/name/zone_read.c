/*
 * Zone text parsed with ldns, line by line (a FILE reader takes several times as long).
 *
 * ldns gets each line with an origin that cannot be ours, so that a relative name is detected.  TXT
 * data is compared octet by octet with ldns' result; of other data, owner, TTL and names are
 * checked, the rest was made canonical by ldns itself.
 */
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/library.h"
#include "dnszone/name/name.h"
#include "dnszone/name/rr.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(ldns_dname_compare) \
	CALL(ldns_dname_is_subdomain) \
	CALL(ldns_dname_new_frm_str) \
	CALL(ldns_get_errorstr_by_id) \
	CALL(ldns_rdf_data) \
	CALL(ldns_rdf_deep_free) \
	CALL(ldns_rdf_get_type) \
	CALL(ldns_rdf_size) \
	CALL(ldns_rr_free) \
	CALL(ldns_rr_get_type) \
	CALL(ldns_rr_new_frm_str) \
	CALL(ldns_rr_rd_count) \
	CALL(ldns_rr_rdf) \
	CALL(ldns_rr_ttl)
/* clang-format on */
LIBRARY(ldns, LIBRARY_LDNS, CALLS)

#define FOREIGN_ORIGIN "relative.name.invalid."

struct owner {
	const char *name; /* in the text; lower-case, no final dot */
	size_t len;
	size_t line;
	bool is_cname;
};

struct reader {
	const char *origin;
	size_t origin_len;
	ldns_rdf *foreign;
	size_t line;
	size_t soas, ns_at_origin, cnames;
	struct owner *owner;
	size_t count, room;
	struct buf scratch;
	struct err *err;
};

static int wrong(const struct reader *reader, const char *why)
{
	return err_set(reader->err, ERR_FAILED,
	               _("the zone of %s is wrong in line %zu: %s"), reader->origin,
	               reader->line, why);
}

/* The first four words of "<owner>. <ttl> IN <type> <rdata>". */
struct line {
	const char *owner, *ttl, *type, *rdata;
	size_t owner_len; /* without the final dot */
};

static bool cut_line(char *text, struct line *ret_line)
{
	char *word[5], *rest = text;
	for (size_t i = 0; i < 4; i++) {
		word[i] = rest;
		rest = strchr(rest, ' ');
		if (!rest || rest == word[i])
			return false;
		rest++;
	}
	/* what name_parse_owner() accepts, which has only one reading */
	size_t owner_len = strspn(word[0], "abcdefghijklmnopqrstuvwxyz0123456789-_.*");
	if (word[0][owner_len] != ' ' || word[0][owner_len - 1] != '.' ||
	    strncmp(word[2], "IN ", 3) != 0 || !*rest)
		return false;
	*ret_line = (struct line){ word[0], word[1], word[3], rest, owner_len - 1 };
	return true;
}

static bool is_below_origin(const struct reader *reader, const struct line *line)
{
	size_t len = reader->origin_len;
	if (line->owner_len < len ||
	    memcmp(line->owner + line->owner_len - len, reader->origin, len) != 0)
		return false;
	return line->owner_len == len || line->owner[line->owner_len - len - 1] == '.';
}

/* ldns' character-strings, written again, must be equal to the text. */
static bool is_same_txt(struct reader *reader, const ldns_rr *rr, const struct line *line)
{
	auto_buf text = BUF_INIT;
	for (size_t i = 0; i < ldns()->ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns()->ldns_rr_rdf(rr, i);
		const uint8_t *octets = ldns()->ldns_rdf_data(rdf);
		if (ldns()->ldns_rdf_size(rdf) == 0 ||
		    octets[0] != ldns()->ldns_rdf_size(rdf) - 1)
			return false;
		buf_add(&text, octets + 1, octets[0]);
	}
	buf_clear(&reader->scratch);
	rr_put_txt(&reader->scratch, buf_text(&text), text.len);
	return strcmp(reader->scratch.at, line->rdata) == 0;
}

static bool has_relative_name(const struct reader *reader, const ldns_rr *rr)
{
	for (size_t i = 0; i < ldns()->ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns()->ldns_rr_rdf(rr, i);
		if (ldns()->ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME &&
		    (ldns()->ldns_dname_is_subdomain(rdf, reader->foreign) ||
		     ldns()->ldns_dname_compare(rdf, reader->foreign) == 0))
			return true;
	}
	return false;
}

/* Whether there is a ';' outside quotes: the rest of the line would be a comment. */
static bool has_comment(const char *rdata)
{
	bool is_quoted = false;
	for (; *rdata; rdata++) {
		if (*rdata == '\\' && rdata[1])
			rdata++;
		else if (*rdata == '"')
			is_quoted = !is_quoted;
		else if (*rdata == ';' && !is_quoted)
			return true;
	}
	return false;
}

static void note_owner(struct reader *reader, const ldns_rr *rr, const struct line *line)
{
	ldns_rr_type type = ldns()->ldns_rr_get_type(rr);
	bool is_origin = line->owner_len == reader->origin_len;
	reader->soas += type == LDNS_RR_TYPE_SOA;
	reader->ns_at_origin += type == LDNS_RR_TYPE_NS && is_origin;
	reader->cnames += type == LDNS_RR_TYPE_CNAME;
	GROW(reader->owner, reader->count, reader->room);
	reader->owner[reader->count++] = (struct owner){
		.name = line->owner,
		.len = line->owner_len,
		.line = reader->line,
		.is_cname = type == LDNS_RR_TYPE_CNAME,
	};
}

static int check_rr(struct reader *reader, const ldns_rr *rr, const struct line *line)
{
	ldns_rr_type type = ldns()->ldns_rr_get_type(rr);
	char ttl[16];
	snprintf(ttl, sizeof(ttl), "%u ", (unsigned)ldns()->ldns_rr_ttl(rr));
	if (strncmp(line->ttl, ttl, strlen(ttl)) != 0 ||
	    ldns()->ldns_rr_ttl(rr) > RR_TTL_MAX)
		return wrong(reader, _("a name server would read another TTL from it"));
	if (!is_below_origin(reader, line))
		return wrong(reader, _("the owner is outside of the zone"));
	bool is_txt = type == LDNS_RR_TYPE_TXT || type == LDNS_RR_TYPE_SPF;
	if (is_txt ? !is_same_txt(reader, rr, line) : has_comment(line->rdata))
		return wrong(reader, _("a name server would read other data from it"));
	if (has_relative_name(reader, rr))
		return wrong(reader, _("a name in the data does not end in a dot"));
	if (type == LDNS_RR_TYPE_SOA && line->owner_len != reader->origin_len)
		return wrong(reader,
		             _("a SOA record that is not at the zone's own name"));
	return 0;
}

static int read_line(struct reader *reader, char *text)
{
	struct line line;
	if (text[0] == '\0' || text[0] == ';')
		return 0;
	if (!cut_line(text, &line))
		return wrong(reader, _("it is not \"<owner>. <ttl> IN <type> <data>\""));
	ldns_rr *rr = NULL;
	ldns_status status =
		ldns()->ldns_rr_new_frm_str(&rr, text, 0, reader->foreign, NULL);
	if (status != LDNS_STATUS_OK)
		return wrong(reader, ldns()->ldns_get_errorstr_by_id(status));
	int r = check_rr(reader, rr, &line);
	if (r == 0)
		note_owner(reader, rr, &line);
	ldns()->ldns_rr_free(rr);
	return r;
}

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;
	int order = memcmp(x->name, y->name, x->len < y->len ? x->len : y->len);
	if (order == 0)
		order = (x->len > y->len) - (x->len < y->len);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* RFC 2181 10.1: a name with a CNAME has no other record. */
static int check_cnames(struct reader *reader)
{
	if (reader->cnames == 0)
		return 0;
	SORT(reader->owner, reader->count, compare_owners);
	for (size_t i = 1; i < reader->count; i++) {
		const struct owner *a = &reader->owner[i - 1], *b = &reader->owner[i];
		if (a->len != b->len || memcmp(a->name, b->name, a->len) != 0 ||
		    (!a->is_cname && !b->is_cname))
			continue;
		return err_set(reader->err, ERR_FAILED,
		               _("the zone of %s is wrong in line %zu: %.*s has a "
		                 "CNAME record, so it cannot have other records (line "
		                 "%zu)"),
		               reader->origin, b->line, (int)b->len, b->name, a->line);
	}
	return 0;
}

static int check_zone(struct reader *reader)
{
	if (reader->soas != 1)
		return err_set(
			reader->err, ERR_FAILED,
			_("the zone of %s has %zu SOA records; it must have exactly "
		          "one"),
			reader->origin, reader->soas);
	if (reader->ns_at_origin == 0)
		return err_set(reader->err, ERR_FAILED,
		               _("the zone of %s has no NS record at its own name"),
		               reader->origin);
	return check_cnames(reader);
}

static int read_lines(struct reader *reader, char *text, size_t len)
{
	if (memchr(text, '\0', len))
		return err_set(reader->err, ERR_FAILED,
		               _("the zone of %s contains a NUL octet"), reader->origin);
	if (len > 0 && text[len - 1] != '\n')
		return err_set(reader->err, ERR_FAILED,
		               _("the zone of %s does not end with a line break"),
		               reader->origin);
	for (char *end; (end = strchr(text, '\n')); text = end + 1) {
		*end = '\0';
		reader->line++;
		int r = read_line(reader, text);
		if (r < 0)
			return r;
	}
	return 0;
}

int zone_read_back(const char *text, size_t len, const char *origin, bool must_be_zone,
                   size_t *ret_records, struct err *err)
{
	auto_free char *copy = xmemdup(text, len);
	struct reader reader = {
		.origin = origin,
		.origin_len = strlen(origin),
		.foreign = ldns()->ldns_dname_new_frm_str(FOREIGN_ORIGIN),
		.err = err,
	};
	if (!reader.foreign)
		abort();
	int r = read_lines(&reader, copy, len);
	if (r == 0 && must_be_zone)
		r = check_zone(&reader);
	if (r == 0)
		*ret_records = reader.count;
	ldns()->ldns_rdf_deep_free(reader.foreign);
	buf_done(&reader.scratch);
	free(reader.owner);
	return r;
}
