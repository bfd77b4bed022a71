/* The keys to query, their records, and the test of the signatures. */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "dnszone/dkim/dkim_verify_inner.h"
#include "dnszone/query/resolver.h"

#define REASON_MAX 400

struct questions {
	struct dns_name name[DKIM_VERIFIED_MAX];
	enum dns_type type[DKIM_VERIFIED_MAX];
	struct dns_answer answer[DKIM_VERIFIED_MAX];
	size_t count;
};

/* RFC 6376 3.6.2.1 */
static bool key_name(const struct dkim_signature *s, struct dns_name *ret_name)
{
	char text[2 * NAME_SIZE + sizeof("._domainkey.")];
	int len =
		snprintf(text, sizeof(text), "%s._domainkey.%s", s->selector, s->domain);
	return dns_name_from_text(text, (size_t)len, ret_name);
}

static void add_question(struct questions *q, struct dkim_entry *entry)
{
	struct dns_name name;
	if (!key_name(&entry->signature, &name)) {
		dkim_entry_end(entry, DKIM_PERMERROR, "the name of the key is too long");
		return;
	}
	size_t i = 0;
	while (i < q->count && !dns_name_equal(&q->name[i], &name))
		i++;
	entry->question = i;
	if (i < q->count)
		return;
	q->name[i] = name;
	q->type[i] = DNS_TXT;
	q->answer[i] = dns_answer_empty(DNS_TEMPFAIL, "there is no resolver");
	q->count++;
}

static void note_answer(void *arg, size_t i, const struct dns_answer *answer)
{
	struct questions *q = arg;
	q->answer[i] = *answer;
}

/* A phrase in the verifier's memory, printable whatever it was made of. */
static const char *phrase(struct dkim_verifier *v, const char *before, const char *what)
{
	char *text = arena_printf(&v->mem, REASON_MAX, "%s%s", before, what);
	if (!text)
		return "not enough memory for the reason";
	for (char *c = text; !text_is_clean(text) && *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return text;
}

/* RFC 6376 3.6.2.2: several key records are undefined; which one comes first changes from answer
 * to answer.  Other TXT data at the name (of a wildcard) is none. */
static const char *pick_record(const struct dns_answer *answer, struct octets *ret_text)
{
	size_t found = 0;
	*ret_text = OCTETS_NONE;
	for (size_t i = 0; i < answer->count; i++) {
		struct octets text = { (const char *)answer->rdata[i].octets,
			               answer->rdata[i].len };
		if (!dkim_key_record_is(text) && answer->count > 1)
			continue;
		*ret_text = text;
		found++;
	}
	return found == 1 ? NULL
	       : found    ? "there are several key records"
	                  : "there is no key record";
}

static void judge_key(struct dkim_verifier *v, struct dkim_entry *entry,
                      const struct dkim_public_key *key)
{
	const struct dkim_signature *s = &entry->signature;
	bool is_ed25519 = key->form == DKIM_KEY_ED25519;
	char bits[32];
	snprintf(bits, sizeof(bits), "%u bits", key->bits);
	entry->report->key_bits = key->bits;
	if (is_ed25519 != (s->algorithm == DKIM_ED25519_SHA256))
		dkim_entry_end(entry, DKIM_PERMERROR,
		               "k= of the key record does not fit a=");
	else if (key->is_strict && s->is_below)
		dkim_entry_end(entry, DKIM_PERMERROR,
		               "the key does not allow i= in a subdomain");
	else if (!is_ed25519 && key->bits < DKIM_RSA_MIN)
		dkim_entry_end(entry, DKIM_POLICY,
		               phrase(v, "the key is too short: ", bits));
	else if (!is_ed25519 && key->bits > DKIM_RSA_MAX)
		dkim_entry_end(entry, DKIM_POLICY,
		               phrase(v, "the key is too long: ", bits));
}

static void prove(struct dkim_verifier *v, struct dkim_entry *entry,
                  const struct dkim_public_key *key)
{
	const struct dkim_signature *s = &entry->signature;
	switch (dkim_prove(key, entry->header_hash, s->b)) {
	case DKIM_PROVEN:
		if (s->has_limit && v->body[s->body_canon].total > s->limit)
			dkim_entry_end(entry, DKIM_POLICY,
			               "l= leaves text of the body uncovered");
		else
			dkim_entry_end(entry, DKIM_PASS, NULL);
		break;
	case DKIM_DISPROVEN:
		dkim_entry_end(entry, DKIM_FAIL, "the signature did not verify");
		break;
	default:
		dkim_entry_end(entry, DKIM_PERMERROR, "the key is not valid");
		break;
	}
}

/* RFC 6376 6.1.2; RFC 8601 2.7.1 and 2.6: no such name and no data are final. */
static void judge_answer(struct dkim_verifier *v, struct dkim_entry *entry,
                         const struct dns_answer *answer)
{
	struct dkim_public_key key;
	struct octets text;
	entry->report->is_authentic = answer->is_authentic;
	if (answer->kind == DNS_TEMPFAIL) {
		dkim_entry_end(entry, DKIM_TEMPERROR,
		               phrase(v, "the key cannot be queried: ",
		                      answer->why ? answer->why : "no answer"));
		return;
	}
	if (answer->kind != DNS_OK) {
		dkim_entry_end(entry, DKIM_PERMERROR, "no key for the signature");
		return;
	}
	const char *problem = pick_record(answer, &text);
	if (!problem) {
		problem = dkim_key_record_read(text, &key);
		entry->report->is_testing = key.is_testing;
	}
	if (problem)
		dkim_entry_end(entry, DKIM_PERMERROR, problem);
	if (entry->is_open)
		judge_key(v, entry, &key);
	if (entry->is_open)
		prove(v, entry, &key);
}

void dkim_verify_keys(struct dkim_verifier *verifier, struct resolver *dns,
                      struct deadline until)
{
	struct dkim_verifier *v = verifier;
	struct questions q = { .count = 0 };
	for (size_t i = 0; i < v->entries; i++)
		if (v->entry[i]->is_open)
			add_question(&q, v->entry[i]);
	if (dns && q.count > 0)
		resolver_ask_many(dns, q.count, q.name, q.type, until, &v->mem,
		                  note_answer, &q);
	for (size_t i = 0; i < v->entries; i++)
		if (v->entry[i]->is_open)
			judge_answer(v, v->entry[i], &q.answer[v->entry[i]->question]);
}
