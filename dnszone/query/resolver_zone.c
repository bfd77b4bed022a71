/*
 * Zone files as a layer: ldns reads the master file, an rr_table has the records, and the look-up
 * is that of an authoritative server (RFC 1034 4.3.2, RFC 4592 for wildcards).
 *
 * The zone of a row is the number of its file; zones are few, so the closest one to a name is
 * searched one by one.
 */
#include "dnszone/query/resolver_zone.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/library.h"
#include "dnszone/query/rr_table.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(ldns_get_errorstr_by_id) \
	CALL(ldns_rdf2native_int16) \
	CALL(ldns_rdf2native_int32) \
	CALL(ldns_rdf_data) \
	CALL(ldns_rdf_deep_free) \
	CALL(ldns_rdf_get_type) \
	CALL(ldns_rdf_size) \
	CALL(ldns_rr_free) \
	CALL(ldns_rr_get_class) \
	CALL(ldns_rr_get_type) \
	CALL(ldns_rr_new_frm_fp_l) \
	CALL(ldns_rr_owner) \
	CALL(ldns_rr_rd_count) \
	CALL(ldns_rr_rdf) \
	CALL(ldns_rr_ttl)
/* clang-format on */
LIBRARY(ldns, LIBRARY_LDNS, CALLS)

#define FILES_MAX UINT16_MAX
#define DEFAULT_TTL 3600

struct zone_file {
	bool is_zone; /* it has a SOA record */
	struct dns_name apex;
	uint32_t negative_ttl;
};

struct zones {
	struct resolver resolver;
	struct rr_table table;
	struct zone_file *file;
	size_t count, room;
};

static struct zones *zones_of(struct resolver *r)
{
	return (struct zones *)r;
}

/* ---- reading --------------------------------------------------------------------------- */

struct loader {
	const char *label;
	struct rr_table table;
	struct zone_file file;
	int line;
	struct err *err;
};

static int wrong(const struct loader *loader, const char *why)
{
	return err_set(loader->err, ERR_FAILED, _("%s, line %d: %s"), loader->label,
	               loader->line, why);
}

/* The data in the form of struct dns_rdata. */
static bool add_field(const ldns_rdf *rdf, struct buf *out, struct rr_row *row)
{
	struct dns_name name;
	const uint8_t *octets = ldns()->ldns_rdf_data(rdf);
	size_t size = ldns()->ldns_rdf_size(rdf);
	switch (ldns()->ldns_rdf_get_type(rdf)) {
	case LDNS_RDF_TYPE_DNAME:
		if (!dns_name_from_wire(octets, size, &name))
			return false;
		buf_add(out, name.wire, name.len);
		return true;
	case LDNS_RDF_TYPE_STR:
		if (size == 0)
			return false;
		buf_add(out, octets + 1, size - 1);
		return true;
	case LDNS_RDF_TYPE_INT16:
		row->preference = ldns()->ldns_rdf2native_int16(rdf);
		return true;
	default:
		buf_add(out, octets, size);
		return true;
	}
}

static int take_soa(struct loader *loader, const ldns_rr *rr, const struct rr_row *row)
{
	if (loader->file.is_zone)
		return wrong(loader, _("a second SOA record; one file is one zone"));
	uint32_t minimum = ldns()->ldns_rdf2native_int32(ldns()->ldns_rr_rdf(rr, 6));
	loader->file.is_zone = true;
	loader->file.apex = row->owner;
	loader->file.negative_ttl = minimum < row->ttl ? minimum : row->ttl;
	return 0;
}

static int take_rr(struct loader *loader, const ldns_rr *rr)
{
	auto_buf data = BUF_INIT;
	const ldns_rdf *owner = ldns()->ldns_rr_owner(rr);
	struct rr_row row = { .type = (enum dns_type)ldns()->ldns_rr_get_type(rr),
		              .ttl = ldns()->ldns_rr_ttl(rr) };
	if (ldns()->ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return 0;
	if (!dns_name_from_wire(ldns()->ldns_rdf_data(owner),
	                        ldns()->ldns_rdf_size(owner), &row.owner))
		return wrong(loader, _("the owner is not a name in DNS"));
	/* a type that is not queried still makes its owner exist */
	bool is_known = dns_type_name(row.type) != NULL;
	if (!is_known)
		row.type = 0;
	for (size_t i = 0; i < ldns()->ldns_rr_rd_count(rr) && is_known; i++)
		if (!add_field(ldns()->ldns_rr_rdf(rr, i), &data, &row))
			return wrong(loader, _("the data is not valid for the type"));
	buf_reserve(&data, 1);
	row.octets = (uint8_t *)data.at;
	row.len = data.len;
	rr_table_add(&loader->table, &row);
	return row.type == DNS_SOA ? take_soa(loader, rr, &row) : 0;
}

static int read_file(struct loader *loader, FILE *from)
{
	uint32_t ttl = DEFAULT_TTL;
	ldns_rdf *origin = NULL, *previous = NULL;
	int r = 0;
	while (r == 0 && !feof(from)) {
		ldns_rr *rr = NULL;
		ldns_status status = ldns()->ldns_rr_new_frm_fp_l(
			&rr, from, &ttl, &origin, &previous, &loader->line);
		if (status == LDNS_STATUS_OK)
			r = take_rr(loader, rr);
		else if (status == LDNS_STATUS_SYNTAX_INCLUDE)
			r = wrong(loader, _("$INCLUDE is not supported here"));
		else if (status != LDNS_STATUS_SYNTAX_EMPTY &&
		         status != LDNS_STATUS_SYNTAX_TTL &&
		         status != LDNS_STATUS_SYNTAX_ORIGIN)
			r = wrong(loader, ldns()->ldns_get_errorstr_by_id(status));
		ldns()->ldns_rr_free(rr);
	}
	ldns()->ldns_rdf_deep_free(origin);
	ldns()->ldns_rdf_deep_free(previous);
	return r;
}

static int check_owners(struct loader *loader)
{
	for (size_t i = 0; i < loader->table.count && loader->file.is_zone; i++) {
		char text[DNS_NAME_TEXT_SIZE];
		const struct dns_name *owner = &loader->table.row[i].owner;
		if (dns_name_is_at_or_below(owner, &loader->file.apex))
			continue;
		dns_name_to_text(owner, text);
		return err_set(loader->err, ERR_FAILED,
		               _("%s: %s is outside of the zone that the file's SOA "
		                 "record begins"),
		               loader->label, text);
	}
	return 0;
}

int resolver_zone_add(struct resolver *r, const char *label, const char *text, size_t len,
                      struct err *err)
{
	struct zones *zones = zones_of(r);
	struct loader loader = { .label = label, .err = err };
	if (zones->count == FILES_MAX)
		return err_set(err, ERR_FAILED, _("%s: too many zone files"), label);
	if (len == 0 || memchr(text, '\0', len))
		return err_set(err, ERR_FAILED,
		               _("%s is not a zone file: it is empty or contains NUL"),
		               label);
	auto_free char *copy = xmemdup(text, len);
	FILE *from = fmemopen(copy, len, "r");
	if (!from)
		abort();
	int status = read_file(&loader, from);
	fclose(from);
	if (status == 0)
		status = check_owners(&loader);
	for (size_t i = 0; i < loader.table.count && status == 0; i++) {
		loader.table.row[i].zone = (uint16_t)zones->count;
		rr_table_add(&zones->table, &loader.table.row[i]);
	}
	if (status == 0) {
		GROW(zones->file, zones->count, zones->room);
		zones->file[zones->count++] = loader.file;
		rr_table_sort(&zones->table);
	}
	rr_table_done(&loader.table);
	return status;
}

/* ---- look-up --------------------------------------------------------------------------- */

static const struct zone_file *closest_zone(const struct zones *zones,
                                            const struct dns_name *name)
{
	const struct zone_file *best = NULL;
	for (size_t i = 0; i < zones->count; i++) {
		const struct zone_file *file = &zones->file[i];
		if (file->is_zone && dns_name_is_at_or_below(name, &file->apex) &&
		    (!best || file->apex.len > best->apex.len))
			best = file;
	}
	return best;
}

/* Whether an NS record between the zone's name and `name` gives the name away. */
static bool is_delegated(const struct zones *zones, const struct zone_file *zone,
                         const struct dns_name *name)
{
	size_t count;
	struct dns_name at = *name;
	while (at.len > zone->apex.len) {
		if (rr_table_find(&zones->table, &at, DNS_NS, &count))
			return true;
		if (!dns_name_parent(&at, &at))
			break;
	}
	return false;
}

/* RFC 4592 3.3.1: "*" below the closest name that exists.  False: none, or `name` exists. */
static bool source_of_synthesis(const struct zones *zones, const struct dns_name *name,
                                struct dns_name *ret_source)
{
	struct dns_name closest = *name, wildcard = { .len = 2, .wire = { 1, '*' } };
	if (rr_table_has(&zones->table, name))
		return false;
	while (!rr_table_has(&zones->table, &closest))
		if (!dns_name_parent(&closest, &closest))
			return false;
	if (closest.len + 2 > DNS_NAME_WIRE_MAX)
		return false;
	memcpy(wildcard.wire + 2, closest.wire, closest.len);
	wildcard.len = (uint8_t)(wildcard.len + closest.len);
	*ret_source = wildcard;
	return rr_table_has(&zones->table, &wildcard);
}

struct chain {
	struct dns_name at;
	uint32_t ttl;
};

enum found { FOUND_ANSWER, FOUND_ALIAS, FOUND_NOTHING };

static enum found find(struct zones *zones, struct chain *chain, enum dns_type type,
                       struct arena *mem, struct dns_answer *ret_answer)
{
	size_t count;
	const struct zone_file *zone = closest_zone(zones, &chain->at);
	struct dns_name owner = chain->at;
	bool exists = true;
	if (zone && is_delegated(zones, zone, &chain->at))
		return FOUND_NOTHING;
	if (zone && !rr_table_has(&zones->table, &owner))
		exists = source_of_synthesis(zones, &chain->at, &owner);
	const struct rr_row *alias =
		type == DNS_CNAME
			? NULL
			: rr_table_find(&zones->table, &owner, DNS_CNAME, &count);
	if (alias && rr_row_target(alias, &chain->at)) {
		if (alias->ttl < chain->ttl)
			chain->ttl = alias->ttl;
		return FOUND_ALIAS;
	}
	const struct rr_row *rows = rr_table_find(&zones->table, &owner, type, &count);
	if (rows) {
		rr_table_answer(rows, count, chain->ttl, mem, ret_answer);
		return FOUND_ANSWER;
	}
	if (!zone)
		return FOUND_NOTHING;
	*ret_answer = dns_answer_empty(exists ? DNS_NODATA : DNS_NXDOMAIN, NULL);
	ret_answer->ttl =
		zone->negative_ttl < chain->ttl ? zone->negative_ttl : chain->ttl;
	return FOUND_ANSWER;
}

static void ask(struct resolver *r, const struct dns_name *name, enum dns_type type,
                struct deadline until, struct arena *mem, struct dns_answer *ret_answer)
{
	struct chain chain = { *name, UINT32_MAX };
	for (unsigned links = 0; links <= DNS_CNAME_MAX; links++) {
		switch (find(zones_of(r), &chain, type, mem, ret_answer)) {
		case FOUND_ANSWER:
			return;
		case FOUND_ALIAS:
			continue;
		case FOUND_NOTHING:
			/* without a layer below, a name exists if it has a record or is above
			 * one */
			resolver_ask_below(r, &chain.at, type, until, mem,
			                   rr_table_has(&zones_of(r)->table, &chain.at)
			                           ? DNS_NODATA
			                           : DNS_NXDOMAIN,
			                   ret_answer);
			if (chain.ttl < ret_answer->ttl)
				ret_answer->ttl = chain.ttl;
			return;
		}
	}
	*ret_answer = dns_answer_empty(DNS_TEMPFAIL,
	                               _("a loop of CNAME records in the zone files"));
}

/* What is not in a file is worth asking ahead; an alias is not followed for it. */
static void ask_ahead(struct resolver *r, const struct dns_name *name, enum dns_type type,
                      struct deadline until)
{
	const struct zones *zones = zones_of(r);
	if (r->below && !closest_zone(zones, name) && !rr_table_has(&zones->table, name))
		resolver_ask_ahead(r->below, name, type, until);
}

static bool peek(struct resolver *r, const struct dns_name *name, enum dns_type type,
                 struct arena *mem, struct dns_answer *ret_answer)
{
	struct chain chain = { *name, UINT32_MAX };
	if (find(zones_of(r), &chain, type, mem, ret_answer) == FOUND_ANSWER)
		return true;
	return r->below && dns_name_equal(&chain.at, name) &&
	       resolver_peek(r->below, name, type, mem, ret_answer);
}

/* The files' own answers, and the rest in one call for the layer below. */
struct many {
	size_t *index;
	dns_done *done;
	void *arg;
};

static void many_done(void *arg, size_t i, const struct dns_answer *answer)
{
	const struct many *many = arg;
	many->done(many->arg, many->index[i], answer);
}

static void ask_many(struct resolver *r, size_t count, const struct dns_name *names,
                     const enum dns_type *types, struct deadline until, struct arena *mem,
                     dns_done *done, void *arg)
{
	const struct zones *zones = zones_of(r);
	struct dns_name *rest = arena_calloc(mem, count, sizeof(*rest));
	enum dns_type *rest_types = arena_calloc(mem, count, sizeof(*rest_types));
	struct many many = { arena_calloc(mem, count, sizeof(size_t)), done, arg };
	bool can_pass = r->below && rest && rest_types && many.index;
	size_t passed = 0;
	for (size_t i = 0; i < count; i++) {
		struct dns_answer answer;
		if (can_pass && !closest_zone(zones, &names[i]) &&
		    !rr_table_has(&zones->table, &names[i])) {
			rest[passed] = names[i];
			rest_types[passed] = types[i];
			many.index[passed++] = i;
			continue;
		}
		ask(r, &names[i], types[i], until, mem, &answer);
		done(arg, i, &answer);
	}
	if (passed > 0)
		resolver_ask_many(r->below, passed, rest, rest_types, until, mem,
		                  many_done, &many);
}

static void zone_free(struct resolver *r)
{
	struct zones *zones = zones_of(r);
	rr_table_done(&zones->table);
	free(zones->file);
	free(zones);
}

static const struct resolver_ops zone_ops = {
	.ask = ask,
	.ask_many = ask_many,
	.ask_ahead = ask_ahead,
	.peek = peek,
	.free = zone_free,
};

struct resolver *resolver_zone_new(struct resolver *below)
{
	struct zones *zones = xcalloc(1, sizeof(*zones));
	zones->resolver = (struct resolver){ &zone_ops, below };
	return &zones->resolver;
}
