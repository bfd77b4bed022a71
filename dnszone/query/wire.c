/*
 * DNS messages.
 *
 * ldns decodes records, but each record is checked here first: lengths inside the packet,
 * compression pointers only backwards and a limited number of them, names of at most 255 octets,
 * data of the length that its type requires.  (ldns 1.8 follows up to 65,535 pointers for one
 * name.) Records that no answer needs are skipped.
 *
 * There are three passes over the records: aliases into a small table, the chain through that
 * table, then the data at the end of the chain.  None of them depends on the order of the records.
 */
#include "dnszone/query/wire.h"

#include "core/base/library.h"
#include <ldns/ldns.h>
#include <string.h>

/* clang-format off */
#define CALLS(CALL) \
	CALL(ldns_rdf_data) \
	CALL(ldns_rdf_get_type) \
	CALL(ldns_rdf_size) \
	CALL(ldns_rr_free) \
	CALL(ldns_rr_rd_count) \
	CALL(ldns_rr_rdf) \
	CALL(ldns_wire2rr)
/* clang-format on */
LIBRARY(ldns, LIBRARY_LDNS, CALLS)

#define HEADER_LEN 12
#define POINTERS_MAX 127 /* a name has at most 127 labels */
#define FLAG_QR 0x8000
#define FLAG_AA 0x0400
#define FLAG_TC 0x0200
#define FLAG_RA 0x0080
#define FLAG_AD 0x0020
#define OPCODE_MASK 0x7800
#define TYPE_OPT 41
#define CLASS_IN 1
#define TTL_MAX INT32_MAX /* RFC 2181 8: a larger one counts as 0 */

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

size_t wire_put_question(const struct dns_name *name, enum dns_type type, uint16_t id,
                         bool has_edns, uint8_t ret_packet[WIRE_QUESTION_MAX])
{
	uint8_t *at = ret_packet;
	memset(at, 0, WIRE_QUESTION_MAX);
	put16(at, id);
	at[2] = 0x01;             /* RD */
	at[3] = 0x20;             /* AD */
	put16(at + 4, 1);         /* one question */
	put16(at + 10, has_edns); /* one additional record: OPT */
	at += HEADER_LEN;
	memcpy(at, name->wire, name->len);
	at += name->len;
	put16(at, type);
	put16(at + 2, CLASS_IN);
	at += 4;
	if (!has_edns)
		return (size_t)(at - ret_packet);
	put16(at + 1, TYPE_OPT); /* RFC 6891 6.1.2: root name, type, size, zeros */
	put16(at + 3, WIRE_UDP_SIZE);
	return (size_t)(at + 11 - ret_packet);
}

struct packet {
	const uint8_t *at;
	size_t len;
};

/* Reads the name at *pos into `ret_name` (folded) and moves *pos to the octet after it. */
static bool read_name(const struct packet *p, size_t *pos, struct dns_name *ret_name)
{
	struct dns_name name = { 0 };
	size_t at = *pos, end = 0, segment = *pos;
	unsigned pointers = 0;
	for (;;) {
		if (at >= p->len)
			return false;
		uint8_t c = p->at[at];
		if (c >= 0xc0) {
			if (p->len - at < 2 || ++pointers > POINTERS_MAX)
				return false;
			size_t target = get16(p->at + at) & 0x3fff;
			if (end == 0)
				end = at + 2;
			/* only backwards, so that no loop is possible */
			if (target >= segment || target < HEADER_LEN)
				return false;
			at = segment = target;
			continue;
		}
		if (c > DNS_LABEL_MAX || c >= p->len - at ||
		    name.len + c + 1u > DNS_NAME_WIRE_MAX)
			return false;
		memcpy(name.wire + name.len, p->at + at, c + 1u);
		name.len = (uint8_t)(name.len + c + 1);
		at += c + 1u;
		if (c == 0)
			break;
	}
	*pos = end ? end : at;
	return dns_name_from_wire(name.wire, name.len, ret_name);
}

struct record {
	struct dns_name owner;
	size_t start; /* of the owner */
	size_t data, data_len;
	uint16_t type, class;
	uint32_t ttl;
};

static bool read_record(const struct packet *p, size_t *pos, struct record *ret_record)
{
	ret_record->start = *pos;
	if (!read_name(p, pos, &ret_record->owner) || p->len - *pos < 10)
		return false;
	const uint8_t *at = p->at + *pos;
	ret_record->type = get16(at);
	ret_record->class = get16(at + 2);
	ret_record->ttl = get32(at + 4) > TTL_MAX ? 0 : get32(at + 4);
	ret_record->data = *pos + 10;
	ret_record->data_len = get16(at + 8);
	if (ret_record->data_len > p->len - ret_record->data)
		return false;
	*pos = ret_record->data + ret_record->data_len;
	return true;
}

/* Whether `count` names after `skip` octets and before `rest` ones fill the data exactly. */
static bool is_names(const struct packet *p, const struct record *record, size_t skip,
                     unsigned count, size_t rest)
{
	size_t pos = record->data + skip, end = record->data + record->data_len;
	const struct packet data = { p->at, end };
	struct dns_name name;
	if (record->data_len < skip)
		return false;
	while (count-- > 0)
		if (!read_name(&data, &pos, &name))
			return false;
	return end - pos == rest;
}

/* Whether the data has the form that its type requires; only then it is passed to ldns. */
static bool is_sound(const struct packet *p, const struct record *record)
{
	size_t end = record->data + record->data_len;
	switch (record->type) {
	case DNS_A:
		return record->data_len == 4;
	case DNS_AAAA:
		return record->data_len == 16;
	case DNS_MX:
		return is_names(p, record, 2, 1, 0);
	case DNS_SOA:
		return is_names(p, record, 0, 2, 20);
	case DNS_CNAME:
	case DNS_NS:
	case DNS_PTR:
		return is_names(p, record, 0, 1, 0);
	case DNS_TXT:
		for (size_t at = record->data; at < end; at += p->at[at] + 1u)
			if (p->at[at] >= end - at)
				return false;
		return record->data_len > 0;
	default:
		return false;
	}
}

/* Decodes a checked record.  NULL: out of memory, or ldns is stricter. */
static ldns_rr *decode(const struct packet *p, const struct record *record)
{
	ldns_rr *rr = NULL;
	size_t pos = record->start;
	if (ldns()->ldns_wire2rr(&rr, p->at, p->len, &pos, LDNS_SECTION_ANSWER) !=
	    LDNS_STATUS_OK)
		return NULL;
	return rr;
}

/* ---- data ------------------------------------------------------------------------------ */

struct octets {
	uint8_t *at;
	size_t len;
};

static void add(struct octets *to, const ldns_rdf *rdf, size_t skip)
{
	memcpy(to->at + to->len, ldns()->ldns_rdf_data(rdf) + skip,
	       ldns()->ldns_rdf_size(rdf) - skip);
	to->len += ldns()->ldns_rdf_size(rdf) - skip;
}

static bool add_name(struct octets *to, const ldns_rdf *rdf)
{
	struct dns_name name;
	if (!dns_name_from_wire(ldns()->ldns_rdf_data(rdf), ldns()->ldns_rdf_size(rdf),
	                        &name))
		return false;
	memcpy(to->at + to->len, name.wire, name.len);
	to->len += name.len;
	return true;
}

/* Appends one field of a record, in the form of struct dns_rdata. */
static bool add_field(const ldns_rdf *rdf, struct octets *to, struct dns_rdata *ret_rdata)
{
	switch (ldns()->ldns_rdf_get_type(rdf)) {
	case LDNS_RDF_TYPE_DNAME:
		return add_name(to, rdf);
	case LDNS_RDF_TYPE_STR: /* without its length octet */
		if (ldns()->ldns_rdf_size(rdf) == 0)
			return false;
		add(to, rdf, 1);
		return true;
	case LDNS_RDF_TYPE_INT16: /* MX */
		if (ldns()->ldns_rdf_size(rdf) != 2)
			return false;
		ret_rdata->preference = get16(ldns()->ldns_rdf_data(rdf));
		return true;
	default:
		add(to, rdf, 0);
		return true;
	}
}

enum outcome { DONE, BROKEN, FULL };

static enum outcome take_data(const ldns_rr *rr, struct arena *mem,
                              struct dns_rdata *ret_rdata)
{
	size_t room = 0;
	for (size_t i = 0; i < ldns()->ldns_rr_rd_count(rr); i++)
		room += ldns()->ldns_rdf_size(ldns()->ldns_rr_rdf(rr, i));
	struct octets octets = { .at = arena_alloc(mem, room) };
	struct dns_rdata rdata = { .octets = octets.at };
	if (!octets.at)
		return FULL;
	for (size_t i = 0; i < ldns()->ldns_rr_rd_count(rr); i++)
		if (!add_field(ldns()->ldns_rr_rdf(rr, i), &octets, &rdata))
			return BROKEN;
	rdata.len = octets.len;
	*ret_rdata = rdata;
	return DONE;
}

/* ---- the reply ----------------------------------------------------------------------- */

struct alias {
	struct dns_name owner, target;
	uint32_t ttl;
};

struct reply {
	struct packet packet;
	enum dns_type type;
	struct arena *mem;
	size_t records; /* offset of the first record */
	unsigned answers, authorities;
	struct alias *alias; /* of DNS_CNAME_MAX */
	unsigned aliases;
	bool has_too_many;    /* aliases */
	size_t data;          /* records of the type at any name */
	bool has_soa, has_ns; /* in the authority section */
	uint32_t soa_ttl;     /* RFC 2308 5 */
	struct dns_name end;  /* of the chain */
	uint32_t chain_ttl;
};

static bool note_alias(struct reply *reply, const struct record *record)
{
	if (reply->aliases == DNS_CNAME_MAX) {
		reply->has_too_many = true;
		return true;
	}
	struct alias *alias = &reply->alias[reply->aliases];
	size_t pos = record->data;
	alias->owner = record->owner;
	alias->ttl = record->ttl;
	if (!is_sound(&reply->packet, record) ||
	    !read_name(&reply->packet, &pos, &alias->target))
		return false;
	reply->aliases++;
	return true;
}

static bool note_authority(struct reply *reply, const struct record *record)
{
	reply->has_ns |= record->type == DNS_NS;
	if (record->type != DNS_SOA)
		return true;
	if (!is_sound(&reply->packet, record))
		return false;
	uint32_t minimum = get32(reply->packet.at + record->data + record->data_len - 4);
	reply->has_soa = true;
	reply->soa_ttl = record->ttl < minimum ? record->ttl : minimum;
	return true;
}

/* First pass: every record of answer and authority, and the aliases. */
static bool survey(struct reply *reply)
{
	size_t pos = reply->records;
	for (unsigned i = 0; i < reply->answers + reply->authorities; i++) {
		struct record record;
		if (!read_record(&reply->packet, &pos, &record))
			return false;
		if (record.class != CLASS_IN)
			continue;
		if (i >= reply->answers) {
			if (!note_authority(reply, &record))
				return false;
		} else if (record.type == reply->type) {
			reply->data++;
		} else if (record.type == DNS_CNAME && !note_alias(reply, &record)) {
			return false;
		}
	}
	return true;
}

/* Second pass: from the question's name to the end of the chain.  False: a loop. */
static bool follow(struct reply *reply, const struct dns_name *name)
{
	reply->end = *name;
	reply->chain_ttl = UINT32_MAX;
	for (unsigned links = 0; links <= reply->aliases; links++) {
		const struct alias *alias = reply->alias, *last = alias + reply->aliases;
		while (alias < last && !dns_name_equal(&alias->owner, &reply->end))
			alias++;
		if (alias == last)
			return true;
		reply->end = alias->target;
		if (alias->ttl < reply->chain_ttl)
			reply->chain_ttl = alias->ttl;
	}
	return false;
}

/* Third pass: the data at the end of the chain. */
static enum outcome collect(struct reply *reply, struct dns_answer *answer)
{
	struct dns_rdata *rdata = arena_calloc(reply->mem, reply->data, sizeof(*rdata));
	size_t pos = reply->records;
	if (!rdata)
		return FULL;
	for (unsigned i = 0; i < reply->answers; i++) {
		struct record record;
		if (!read_record(&reply->packet, &pos, &record))
			return BROKEN;
		if (record.class != CLASS_IN || record.type != reply->type ||
		    !dns_name_equal(&record.owner, &reply->end))
			continue;
		ldns_rr *rr = is_sound(&reply->packet, &record)
		                      ? decode(&reply->packet, &record)
		                      : NULL;
		enum outcome outcome =
			rr ? take_data(rr, reply->mem, &rdata[answer->count]) : BROKEN;
		ldns()->ldns_rr_free(rr);
		if (outcome != DONE)
			return outcome;
		answer->count++;
		if (record.ttl < answer->ttl)
			answer->ttl = record.ttl;
	}
	answer->rdata = rdata;
	return DONE;
}

static struct dns_answer failure(struct arena *mem, const char *fmt, const char *from)
{
	const char *why = arena_printf(mem, 200, fmt, from);
	struct dns_answer answer = dns_answer_empty(
		DNS_TEMPFAIL, why ? why : _("not enough memory for the answer"));
	answer.has_reply = true;
	return answer;
}

static struct dns_answer answer_of(struct reply *reply, unsigned rcode, uint16_t flags,
                                   const char *from)
{
	struct dns_answer answer = {
		.kind = DNS_OK,
		.ttl = reply->chain_ttl,
		.is_authentic = flags & FLAG_AD,
	};
	size_t mark = arena_mark(reply->mem);
	enum outcome outcome = reply->data > 0 ? collect(reply, &answer) : DONE;
	if (outcome != DONE || answer.count == 0)
		arena_release(reply->mem, mark);
	if (outcome == FULL)
		return dns_answer_empty(DNS_TEMPFAIL,
		                        _("not enough memory for the answer"));
	if (outcome == BROKEN)
		return failure(reply->mem, _("malformed data in the answer from %s"),
		               from);
	if (answer.count > 0)
		return answer;
	if (rcode == WIRE_NOERROR && reply->answers == 0 && reply->has_ns &&
	    !reply->has_soa && !(flags & (FLAG_AA | FLAG_RA)))
		return failure(reply->mem,
		               _("%s refers to other servers and does not resolve "
		                 "names itself"),
		               from);
	answer.kind = rcode == WIRE_NXDOMAIN ? DNS_NXDOMAIN : DNS_NODATA;
	answer.rdata = NULL;
	if (!reply->has_soa)
		reply->soa_ttl = 0; /* RFC 2308 5: must not be cached */
	if (reply->soa_ttl < answer.ttl)
		answer.ttl = reply->soa_ttl;
	return answer;
}

static const char *rcode_phrase(unsigned rcode)
{
	switch (rcode) {
	case WIRE_FORMERR:
		return _("FORMERR from %s");
	case WIRE_SERVFAIL:
		return _("SERVFAIL from %s");
	case WIRE_NOTIMP:
		return _("NOTIMP from %s");
	case WIRE_REFUSED:
		return _("REFUSED from %s");
	default:
		return _("an unexpected error code from %s");
	}
}

bool wire_is_reply(const uint8_t *packet, size_t len, const struct dns_name *name,
                   enum dns_type type, uint16_t id)
{
	const struct packet p = { packet, len };
	struct dns_name asked;
	size_t pos = HEADER_LEN;
	if (len < HEADER_LEN || len > UINT16_MAX || get16(packet) != id)
		return false;
	uint16_t flags = get16(packet + 2);
	return (flags & (FLAG_QR | OPCODE_MASK)) == FLAG_QR && get16(packet + 4) == 1 &&
	       read_name(&p, &pos, &asked) && len - pos >= 4 &&
	       dns_name_equal(&asked, name) && get16(packet + pos) == (unsigned)type &&
	       get16(packet + pos + 2) == CLASS_IN;
}

bool wire_is_bare_error(const uint8_t *packet, size_t len, uint16_t id)
{
	return len == HEADER_LEN && get16(packet) == id &&
	       (get16(packet + 2) & (FLAG_QR | OPCODE_MASK)) == FLAG_QR &&
	       get16(packet + 4) == 0 && wire_rcode(packet) != WIRE_NOERROR &&
	       wire_rcode(packet) != WIRE_NXDOMAIN;
}

unsigned wire_rcode(const uint8_t *packet)
{
	return packet[3] & 15u;
}

bool wire_is_truncated(const uint8_t *packet)
{
	return get16(packet + 2) & FLAG_TC;
}

struct dns_answer wire_failure(unsigned rcode, const char *from, struct arena *mem)
{
	return failure(mem, rcode_phrase(rcode), from);
}

void wire_read_reply(const uint8_t *packet, size_t len, const struct dns_name *name,
                     enum dns_type type, const char *from, struct arena *mem,
                     struct dns_answer *ret_answer)
{
	struct alias alias[DNS_CNAME_MAX]; /* 8 KiB that few answers use: not cleared */
	struct reply reply = {
		.packet = { packet, len }, .type = type, .mem = mem, .alias = alias
	};
	unsigned rcode = len < HEADER_LEN ? WIRE_FORMERR : wire_rcode(packet);
	uint16_t flags = len < HEADER_LEN ? 0 : get16(packet + 2);
	struct dns_answer answer;
	if (len < HEADER_LEN || !wire_is_reply(packet, len, name, type, get16(packet))) {
		*ret_answer = failure(mem, _("a malformed answer from %s"), from);
		return;
	}
	/* a pointer only refers backwards, so the first name of a message is not compressed */
	reply.records = HEADER_LEN + name->len + 4u;
	reply.answers = get16(packet + 6);
	reply.authorities = get16(packet + 8);
	if (rcode != WIRE_NOERROR && rcode != WIRE_NXDOMAIN)
		answer = wire_failure(rcode, from, mem);
	else if (flags & FLAG_TC)
		answer = failure(mem, _("a truncated answer from %s"), from);
	else if (!survey(&reply))
		answer = failure(mem, _("a malformed answer from %s"), from);
	else if (reply.has_too_many)
		answer = failure(mem, _("too many CNAME records from %s"), from);
	else if (!follow(&reply, name))
		answer = failure(mem, _("a loop of CNAME records from %s"), from);
	else
		answer = answer_of(&reply, rcode, flags, from);
	*ret_answer = answer;
}
