/*
 * A message from its first field to its last octet: fields are kept, signatures read, headers
 * hashed at their end, the body hashed as it comes.  dkim_verify_key.c does the rest.
 *
 * A check that ends sets the result of its signature at once (dkim_entry_end()); only open ones are
 * processed further.
 */
#include "dnszone/dkim/dkim_verify.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "dnszone/dkim/dkim_verify_inner.h"

/* The fields, their index, what is read of signatures, ten answers of 64 KiB. */
#define MEMORY ((size_t)3 * 1024 * 1024)
#define B_SHOWN_MIN 8

struct dkim_verifier *dkim_verifier_new(void)
{
	return calloc(1, sizeof(struct dkim_verifier));
}

void dkim_verifier_reset(struct dkim_verifier *verifier)
{
	for (size_t i = 0; i < verifier->body_hashes; i++)
		dkim_hash_free(verifier->body_hash[i].hash);
	arena_done(&verifier->mem);
	*verifier = (struct dkim_verifier){ 0 };
}

void dkim_verifier_free(struct dkim_verifier *verifier)
{
	if (!verifier)
		return;
	dkim_verifier_reset(verifier);
	free(verifier);
}

/* ---- fields ----------------------------------------------------------------------------------- */

static void set_trouble(struct dkim_verifier *v, enum dkim_result result, const char *why)
{
	if (v->trouble)
		return;
	v->trouble = why;
	v->trouble_result = result;
}

static struct dkim_field *add_field(struct dkim_verifier *v, struct octets name,
                                    struct octets value)
{
	struct dkim_field *field = NULL;
	if (v->trouble)
		return NULL;
	if (v->fields.count == DKIM_FIELDS_MAX) {
		set_trouble(v, DKIM_NEUTRAL, "the message has too many header fields");
	} else if (name.len > DKIM_FIELDS_OCTETS_MAX - v->fields.octets ||
	           value.len > DKIM_FIELDS_OCTETS_MAX - v->fields.octets - name.len) {
		set_trouble(v, DKIM_NEUTRAL, "the header of the message is too large");
	} else {
		if (v->mem.at || arena_open(&v->mem, MEMORY))
			field = dkim_fields_add(&v->fields, &v->mem, name, value);
		if (!field)
			set_trouble(v, DKIM_TEMPERROR,
			            "not enough memory for the header");
	}
	return field;
}

void dkim_verifier_field(struct dkim_verifier *verifier, struct octets name,
                         struct octets value)
{
	const struct dkim_field *field = add_field(verifier, name, value);
	const struct dkim_field probe = { .name = name, .key_len = name.len };
	if (!dkim_field_is(field ? field : &probe, "dkim-signature"))
		return;
	struct dkim_entry *entry = NULL;
	if (field && verifier->entries < DKIM_SIGNATURES_MAX)
		entry = arena_alloc(&verifier->mem, sizeof(*entry));
	if (!entry) {
		verifier->has_lost = true;
		return;
	}
	entry->field = field;
	entry->report = &verifier->report[verifier->entries];
	verifier->entry[verifier->entries++] = entry;
}

/* ---- signatures ------------------------------------------------------------------------------- */

void dkim_entry_end(struct dkim_entry *entry, enum dkim_result result, const char *reason)
{
	entry->is_open = false;
	entry->report->result = result;
	entry->report->reason = reason;
}

static void read_signature(struct dkim_verifier *v, struct dkim_entry *entry, int64_t now)
{
	struct dkim_signature *s = &entry->signature;
	const char *problem = dkim_signature_read(entry->field->value, &v->mem, s);
	*entry->report = (struct dkim_report){
		.domain = s->domain,
		.selector = s->selector,
		.algorithm = dkim_algorithm_name(s->algorithm),
		.identity = s->identity,
	};
	entry->is_open = true;
	if (problem)
		dkim_entry_end(entry, v->mem.was_full ? DKIM_TEMPERROR : DKIM_PERMERROR,
		               problem);
	else if (s->expires_at >= 0 && s->expires_at < now - DKIM_CLOCK_SKEW)
		dkim_entry_end(entry, DKIM_PERMERROR, "the signature has expired");
	else if (s->signed_at > now + DKIM_CLOCK_SKEW)
		dkim_entry_end(entry, DKIM_PERMERROR, "the signature is from the future");
	else if (s->algorithm == DKIM_RSA_SHA1)
		dkim_entry_end(entry, DKIM_POLICY, "rsa-sha1 is not acceptable");
	else if (v->trouble)
		dkim_entry_end(entry, v->trouble_result, v->trouble);
}

/* How many labels two names share at the end; the same name shares most. */
static unsigned closeness(const char *domain, const char *author)
{
	size_t a = strlen(domain), b = strlen(author);
	unsigned labels = 0;
	if (strcmp(domain, author) == 0)
		return UINT_MAX;
	while (a > 0 && b > 0 && domain[a - 1] == author[b - 1]) {
		a--;
		b--;
		if ((a == 0 || domain[a - 1] == '.') && (b == 0 || author[b - 1] == '.'))
			labels++;
	}
	return labels;
}

/* Leaves at most DKIM_VERIFIED_MAX open, the closest ones, of equal ones the first. */
static void choose(struct dkim_verifier *v, const char *author)
{
	bool is_chosen[DKIM_SIGNATURES_MAX] = { false };
	for (unsigned n = 0; n < DKIM_VERIFIED_MAX; n++) {
		size_t best = v->entries;
		unsigned most = 0;
		for (size_t i = 0; i < v->entries; i++) {
			const struct dkim_entry *entry = v->entry[i];
			if (!entry->is_open || is_chosen[i])
				continue;
			unsigned close =
				author ? closeness(entry->signature.domain, author) : 0;
			if (best < v->entries && close <= most)
				continue;
			best = i;
			most = close;
		}
		if (best == v->entries)
			return;
		is_chosen[best] = true;
	}
	for (size_t i = 0; i < v->entries; i++)
		if (v->entry[i]->is_open && !is_chosen[i])
			dkim_entry_end(v->entry[i], DKIM_NEUTRAL,
			               "the message has more signatures than are tested");
}

/* RFC 6008 3: enough of b= that no two signatures show the same. */
static void show_b(const struct dkim_verifier *v, const struct dkim_entry *entry)
{
	struct octets b = entry->signature.b_text;
	size_t shown = B_SHOWN_MIN;
	for (size_t i = 0; i < v->entries; i++) {
		struct octets other = v->entry[i]->signature.b_text;
		size_t same = 0;
		while (v->entry[i] != entry && same < b.len && same < other.len &&
		       b.at[same] == other.at[same])
			same++;
		if (same >= shown)
			shown = same + 1;
	}
	shown = shown > DKIM_B_SHOWN_MAX ? DKIM_B_SHOWN_MAX : shown;
	for (size_t i = 0; i < shown && i < b.len; i++)
		entry->report->b[i] = b.at[i] > 0x20 && b.at[i] < 0x7f ? b.at[i] : '?';
}

/* ---- the header ------------------------------------------------------------------------------- */

static void add_to_hash(void *arg, const char *octets, size_t len)
{
	dkim_hash_add(arg, octets, len);
}

/* RFC 6376 3.7: the fields of h=, then the signature without the value of b=. */
static void hash_header(struct dkim_verifier *v, struct dkim_entry *entry)
{
	const struct dkim_signature *s = &entry->signature;
	struct dkim_hash *hash = dkim_hash_new();
	struct octets name;
	size_t at = 0;
	if (!hash) {
		dkim_entry_end(entry, DKIM_TEMPERROR, "not enough memory for a hash");
		return;
	}
	dkim_fields_begin(&v->fields);
	while (dkim_names_next(s->names, &at, &name)) {
		const struct dkim_field *f =
			dkim_fields_take(&v->fields, name, entry->field);
		if (!f)
			continue;
		const struct dkim_canon_field field = { .name = f->name,
			                                .value = f->value };
		dkim_canon_field(s->header_canon, &field, add_to_hash, hash);
	}
	const struct dkim_canon_field own = {
		.name = entry->field->name,
		.value = entry->field->value,
		.cut_at = s->b_at,
		.cut_end = s->b_end,
		.is_last = true,
	};
	dkim_canon_field(s->header_canon, &own, add_to_hash, hash);
	if (!dkim_hash_end(hash, entry->header_hash))
		dkim_entry_end(entry, DKIM_TEMPERROR, "SHA-256 cannot be computed");
}

/* ---- the body --------------------------------------------------------------------------------- */

static struct dkim_body_hash *body_hash_for(struct dkim_verifier *v,
                                            const struct dkim_signature *s)
{
	for (size_t i = 0; i < v->body_hashes; i++) {
		struct dkim_body_hash *known = &v->body_hash[i];
		if (known->canon == s->body_canon && known->has_limit == s->has_limit &&
		    known->limit == s->limit)
			return known;
	}
	struct dkim_body_hash *body = &v->body_hash[v->body_hashes++];
	*body = (struct dkim_body_hash){
		.canon = s->body_canon,
		.has_limit = s->has_limit,
		.limit = s->limit,
		.left = s->has_limit ? s->limit : UINT64_MAX,
		.hash = dkim_hash_new(),
	};
	return body;
}

static void add_to_bodies(struct dkim_verifier *v, enum dkim_canon canon,
                          const char *octets, size_t len)
{
	for (size_t i = 0; i < v->body_hashes; i++) {
		struct dkim_body_hash *body = &v->body_hash[i];
		size_t part = len < body->left ? len : (size_t)body->left;
		if (body->canon != canon || !body->hash || part == 0)
			continue;
		dkim_hash_add(body->hash, octets, part);
		if (body->has_limit)
			body->left -= part;
	}
}

static void add_simple(void *arg, const char *octets, size_t len)
{
	add_to_bodies(arg, DKIM_SIMPLE, octets, len);
}

static void add_relaxed(void *arg, const char *octets, size_t len)
{
	add_to_bodies(arg, DKIM_RELAXED, octets, len);
}

/* Whether the rest of the body can change a result: not after every l= was exceeded. */
static bool needs_body(const struct dkim_verifier *v, enum dkim_canon canon)
{
	for (size_t i = 0; i < v->body_hashes; i++) {
		const struct dkim_body_hash *body = &v->body_hash[i];
		if (body->canon == canon &&
		    (!body->has_limit || v->body[canon].total <= body->limit))
			return true;
	}
	return false;
}

bool dkim_verifier_end_fields(struct dkim_verifier *verifier, int64_t now,
                              const char *author)
{
	struct dkim_verifier *v = verifier;
	bool is_any_open = false;
	if (v->entries > 0 && !v->trouble && !dkim_fields_sort(&v->fields, &v->mem))
		set_trouble(v, DKIM_TEMPERROR, "not enough memory for the header");
	for (size_t i = 0; i < v->entries; i++)
		read_signature(v, v->entry[i], now);
	for (size_t i = 0; i < v->entries; i++)
		show_b(v, v->entry[i]);
	choose(v, author);
	dkim_body_init(&v->body[DKIM_SIMPLE], DKIM_SIMPLE, add_simple, v);
	dkim_body_init(&v->body[DKIM_RELAXED], DKIM_RELAXED, add_relaxed, v);
	for (size_t i = 0; i < v->entries; i++) {
		struct dkim_entry *entry = v->entry[i];
		if (entry->is_open)
			hash_header(v, entry);
		if (entry->is_open)
			entry->body = body_hash_for(v, &entry->signature);
		is_any_open = is_any_open || entry->is_open;
	}
	return is_any_open;
}

bool dkim_verifier_body(struct dkim_verifier *verifier, const void *octets, size_t len)
{
	bool needs_more = false;
	for (enum dkim_canon canon = DKIM_SIMPLE; canon <= DKIM_RELAXED; canon++)
		if (needs_body(verifier, canon)) {
			dkim_body_feed(&verifier->body[canon], octets, len);
			needs_more = needs_more || needs_body(verifier, canon);
		}
	return needs_more;
}

static void judge_body(const struct dkim_verifier *v, struct dkim_entry *entry)
{
	const struct dkim_signature *s = &entry->signature;
	if (!entry->body->is_good)
		dkim_entry_end(entry, DKIM_TEMPERROR, "SHA-256 cannot be computed");
	else if (s->has_limit && s->limit > v->body[s->body_canon].total)
		dkim_entry_end(entry, DKIM_PERMERROR, "l= is larger than the body");
	else if (s->body_hash_len != DKIM_HASH_LEN ||
	         memcmp(s->body_hash, entry->body->value, DKIM_HASH_LEN) != 0)
		dkim_entry_end(entry, DKIM_FAIL, "the body hash did not verify");
}

size_t dkim_verifier_finish(struct dkim_verifier *verifier, struct resolver *dns,
                            struct deadline until, const struct dkim_report **ret_reports)
{
	struct dkim_verifier *v = verifier;
	size_t count = v->entries;
	for (enum dkim_canon canon = DKIM_SIMPLE; canon <= DKIM_RELAXED; canon++)
		if (needs_body(v, canon))
			dkim_body_end(&v->body[canon]);
	for (size_t i = 0; i < v->body_hashes; i++) {
		struct dkim_body_hash *body = &v->body_hash[i];
		body->is_good = body->hash && dkim_hash_end(body->hash, body->value);
		body->hash = NULL;
	}
	for (size_t i = 0; i < v->entries; i++)
		if (v->entry[i]->is_open)
			judge_body(v, v->entry[i]);
	dkim_verify_keys(v, dns, until);
	if (v->has_lost)
		v->report[count++] = (struct dkim_report){
			.result = v->trouble ? v->trouble_result : DKIM_NEUTRAL,
			.reason = v->trouble ? v->trouble
			                     : "the message has too many signatures",
			.domain = "",
			.selector = "",
			.algorithm = "",
		};
	*ret_reports = v->report;
	return count;
}
