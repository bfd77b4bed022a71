/*
 * DKIM lint: one table, one rule for each code.
 *
 * In these records names and values of tags are case-sensitive (RFC 6376 3.2), unlike in DMARC's.
 */
#include "dnszone/lint/lint_dkim.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "dnszone/dkim/dkim_key.h"
#include "dnszone/lint/lint_table.h"
#include "dnszone/name/tags.h"

#define RSA_MIN 1024  /* RFC 8301 3.2 */
#define RSA_GOOD 2048 /* likewise */
#define RSA_MAX 4096  /* the sizes that verifiers must support */
#define ED25519_LEN 32

static const char blanks[] = " \t\r\n";

struct lint {
	struct lint_head head;
	const struct tags *tags;
	struct buf key;  /* p= decoded; empty: not base64, or absent */
	bool is_base64;  /* p= exists, is not empty, and is base64 */
	bool is_ed25519; /* k=ed25519 */
	bool is_known;   /* k= is rsa or ed25519 */
	enum dkim_key_form form;
	unsigned bits;
};

static const struct tag *find(const struct lint *l, const char *name)
{
	return tags_find(l->tags, name);
}

static void report(const struct lint *l, const struct tag *tag)
{
	lint_add_tag(l->head.list, l->head.code, tag);
}

static bool tag_has(const struct lint *l, const char *name, const char *word)
{
	const struct tag *tag = find(l, name);
	return tag && tags_list_has(tag->value, word);
}

/* ---- rules on the tags ------------------------------------------------------------------------ */

static void rule_version(const struct lint *l)
{
	const struct tag *v = find(l, "v");
	if (v && strcmp(v->value, "DKIM1") != 0)
		report(l, v);
}

static void rule_version_place(const struct lint *l)
{
	const struct tag *v = find(l, "v");
	if (v && v != &l->tags->tag[0])
		report(l, v);
}

static void rule_no_version(const struct lint *l)
{
	if (!find(l, "v"))
		lint_say(l, 0, NULL);
}

static void rule_algorithm(const struct lint *l)
{
	if (!l->is_known)
		report(l, find(l, "k"));
}

static void rule_hash(const struct lint *l)
{
	if (find(l, "h") && !tag_has(l, "h", "sha256"))
		report(l, find(l, "h"));
}

static void rule_service(const struct lint *l)
{
	if (find(l, "s") && !tag_has(l, "s", "email") && !tag_has(l, "s", "*"))
		report(l, find(l, "s"));
}

static void rule_test(const struct lint *l)
{
	if (tag_has(l, "t", "y"))
		report(l, find(l, "t"));
}

static void rule_strict(const struct lint *l)
{
	if (tag_has(l, "t", "s"))
		report(l, find(l, "t"));
}

static void rule_unknown_flag(const struct lint *l)
{
	const struct tag *t = find(l, "t");
	for (const char *at = t ? t->value : ""; *at;) {
		at += strspn(at, blanks);
		size_t len = strcspn(at, ": \t\r\n");
		if (len != 1 || !strchr("ys", *at)) {
			report(l, t);
			return;
		}
		at += strcspn(at, ":");
		at += *at == ':';
	}
}

/* RFC 4871 3.6.1: the local part that may sign; old verifiers match no local part with an empty
 * one. */
static void rule_granularity(const struct lint *l)
{
	const struct tag *g = find(l, "g");
	if (g && strcmp(g->value, "*") != 0)
		report(l, g);
}

static void rule_obsolete(const struct lint *l)
{
	const struct tag *g = find(l, "g");
	if (g && strcmp(g->value, "*") == 0)
		report(l, g);
}

static void rule_unknown_tag(const struct lint *l)
{
	static const char *const known[] = { "v", "g", "h", "k", "n", "p", "s", "t" };
	lint_add_unknown_tags(l->head.list, l->head.code, l->tags, known,
	                      ARRAY_LEN(known));
}

/* ---- rules on the key ------------------------------------------------------------------------- */

static void rule_no_key(const struct lint *l)
{
	if (!find(l, "p"))
		lint_say(l, 0, NULL);
}

static void rule_revoked(const struct lint *l)
{
	const struct tag *p = find(l, "p");
	if (p && !*p->value)
		report(l, p);
}

static void rule_base64(const struct lint *l)
{
	const struct tag *p = find(l, "p");
	if (p && *p->value && !l->is_base64)
		lint_say(l, p->at + 1,
		         strstr(p->value, "-----") ? _("only the text between the lines "
		                                       "BEGIN and END is the key")
		                                   : NULL);
}

static void rule_bad_key(const struct lint *l)
{
	bool is_rsa = l->is_known && !l->is_ed25519 && l->is_base64;
	if (is_rsa && l->form != DKIM_KEY_RSA && l->form != DKIM_KEY_PKCS1)
		lint_say(l, find(l, "p")->at + 1,
		         l->form == DKIM_KEY_ED25519
		                 ? _("this is an Ed25519 key, but k= is not ed25519")
		         : l->key.len == ED25519_LEN
		                 ? _("32 octets are an Ed25519 key, but k= is not "
		                     "ed25519")
		                 : NULL);
}

static void rule_bare_key(const struct lint *l)
{
	if (l->is_known && !l->is_ed25519 && l->is_base64 && l->form == DKIM_KEY_PKCS1)
		lint_say(l, find(l, "p")->at + 1, NULL);
}

static void rule_ed25519(const struct lint *l)
{
	if (l->is_ed25519 && l->is_base64 && l->key.len != ED25519_LEN)
		lint_say(l, find(l, "p")->at + 1,
		         l->form == DKIM_KEY_RSA || l->form == DKIM_KEY_PKCS1
		                 ? _("%zu octets: this is an RSA key")
		                 : _("%zu octets"),
		         l->key.len);
}

static void report_bits(const struct lint *l, unsigned min, unsigned max)
{
	if (l->bits && !l->is_ed25519 && l->bits >= min && l->bits <= max)
		lint_say(l, find(l, "p")->at + 1, _("%u bits"), l->bits);
}

static void rule_too_short(const struct lint *l)
{
	report_bits(l, 1, RSA_MIN - 1);
}

static void rule_short(const struct lint *l)
{
	report_bits(l, RSA_MIN, RSA_GOOD - 1);
}

static void rule_long(const struct lint *l)
{
	report_bits(l, RSA_MAX + 1, -1u);
}

static void rule_blanks(const struct lint *l)
{
	const struct tag *p = find(l, "p");
	if (p && l->is_base64 && strpbrk(p->value, blanks))
		lint_say(l, p->at + 1, NULL);
}

enum code_index {
	CODE_NO_RECORD,
	CODE_TWO_RECORDS,
	CODE_UNREACHABLE,
	CODE_SYNTAX,
	CODE_NO_SELECTOR,
};

static const struct lint_row rows[] = {
	[CODE_NO_RECORD] = { { "dkim-no-record", LINT_WARNING,
	                       N_("the selector has no record: its signatures do not "
	                          "verify") } },
	[CODE_TWO_RECORDS] = { { "dkim-two-records", LINT_ERROR,
	                         N_("the selector has more than one TXT record, and "
	                            "which one a verifier uses is undefined (RFC 6376 "
	                            "3.6.2.2)") } },
	[CODE_UNREACHABLE] = { { "dkim-domain-unreachable", LINT_ERROR,
	                         N_("the selector's record cannot be looked up") } },
	[CODE_SYNTAX] = { { "dkim-syntax", LINT_ERROR,
	                    N_("the record is not valid: verifiers find no key in it") } },
	[CODE_NO_SELECTOR] = { { "dkim-no-selector", LINT_WARNING,
	                         N_("verifiers look for keys at <selector>._domainkey, "
	                            "never at _domainkey itself") } },
	{ { "dkim-version", LINT_ERROR,
	    N_("v= must be exactly DKIM1: verifiers ignore the record") },
	  rule_version },
	{ { "dkim-version-not-first", LINT_ERROR,
	    N_("v= must be the first tag: verifiers ignore the record") },
	  rule_version_place },
	{ { "dkim-no-version", LINT_NOTE, N_("v=DKIM1 is recommended as the first tag") },
	  rule_no_version },
	{ { "dkim-algorithm", LINT_ERROR,
	    N_("k= must be rsa or ed25519, in lower case: verifiers cannot use the key") },
	  rule_algorithm },
	{ { "dkim-hash", LINT_ERROR,
	    N_("h= does not allow sha256, and sha1 is no longer valid (RFC 8301): no "
	       "signature verifies") },
	  rule_hash },
	{ { "dkim-service", LINT_ERROR,
	    N_("s= allows neither email nor *: the key is not valid for mail") },
	  rule_service },
	{ { "dkim-no-key", LINT_ERROR,
	    N_("the record has no p=, so it contains no key") },
	  rule_no_key },
	{ { "dkim-revoked", LINT_NOTE, N_("an empty p= revokes the key") },
	  rule_revoked },
	{ { "dkim-base64", LINT_ERROR,
	    N_("p= is not valid base64: verifiers cannot read the key") },
	  rule_base64 },
	{ { "dkim-bad-key", LINT_ERROR,
	    N_("p= does not contain an RSA key: verifiers cannot read it") },
	  rule_bad_key },
	{ { "dkim-bare-key", LINT_WARNING,
	    N_("p= contains the key without its SubjectPublicKeyInfo; some verifiers "
	       "cannot read that") },
	  rule_bare_key },
	{ { "dkim-ed25519-length", LINT_ERROR,
	    N_("an Ed25519 key is 32 octets in base64, without a wrapping (RFC 8463 4)") },
	  rule_ed25519 },
	{ { "dkim-key-too-short", LINT_ERROR,
	    N_("RSA keys under 1024 bits do not verify (RFC 8301)") },
	  rule_too_short },
	{ { "dkim-short-key", LINT_NOTE,
	    N_("an RSA key should have at least 2048 bits (RFC 8301)") },
	  rule_short },
	{ { "dkim-long-key", LINT_WARNING,
	    N_("verifiers are not required to support RSA keys over 4096 bits (RFC "
	       "8301)") },
	  rule_long },
	{ { "dkim-test", LINT_NOTE,
	    N_("t=y: the domain is testing, and receivers may treat signed mail as "
	       "unsigned") },
	  rule_test },
	{ { "dkim-strict", LINT_NOTE,
	    N_("t=s: signatures with an i= in a subdomain do not verify") },
	  rule_strict },
	{ { "dkim-unknown-flag", LINT_NOTE,
	    N_("verifiers ignore flags of t= other than y and s") },
	  rule_unknown_flag },
	{ { "dkim-granularity", LINT_WARNING,
	    N_("g= is obsolete; old verifiers accept the key only for that local part, "
	       "and an empty g= for none") },
	  rule_granularity },
	{ { "dkim-obsolete-tag", LINT_NOTE, N_("g= is obsolete and has no effect") },
	  rule_obsolete },
	{ { "dkim-unknown-tag", LINT_WARNING,
	    N_("verifiers ignore an unknown tag; a misspelt one has no effect") },
	  rule_unknown_tag },
	{ { "dkim-blank-in-key", LINT_NOTE,
	    N_("spaces inside p= are allowed, but probably not intended") },
	  rule_blanks },
};

const struct lint_table lint_dkim_table = { rows, ARRAY_LEN(rows) };

/* ---- entry ------------------------------------------------------------------------------------ */

/* Remains of zone file syntax in the text explain most syntax errors. */
static void add_syntax(struct lint_list *list, const char *text, const char *fault)
{
	if (!text[strspn(text, blanks)])
		lint_add_row(list, &rows[CODE_SYNTAX], _("the text is empty"));
	else
		lint_add(list, &rows[CODE_SYNTAX].code, 0, "%s%s", fault,
		         strstr(text, "\\;")
		                 ? _(" (remove the backslashes, which belong to "
		                     "zone files)")
		         : strchr(text, '"')
		                 ? _(" (remove the quotes, which belong to zone "
		                     "files)")
		                 : "");
}

static void look_at_key(struct lint *l)
{
	const struct tag *k = find(l, "k"), *p = find(l, "p");
	l->is_ed25519 = k && strcmp(k->value, "ed25519") == 0;
	l->is_known = !k || l->is_ed25519 || strcmp(k->value, "rsa") == 0;
	l->form = DKIM_KEY_OTHER;
	l->is_base64 =
		p && *p->value && dkim_base64_decode(p->value, strlen(p->value), &l->key);
	if (l->is_base64)
		l->form = dkim_key_look((const unsigned char *)buf_text(&l->key),
		                        l->key.len, &l->bits);
}

void lint_dkim_record(struct octets octets, struct lint_list *list)
{
	auto_free char *text = lint_text(octets);
	struct tags tags = { 0 };
	struct err err = ERR_INIT;
	struct lint l = { .head.list = list, .tags = &tags, .key = BUF_INIT };
	if (tags_parse(text, &tags, &err) < 0) {
		add_syntax(list, text, err.text);
		return;
	}
	look_at_key(&l);
	lint_run(&lint_dkim_table, &l);
	buf_done(&l.key);
	tags_done(&tags);
}

void lint_dkim_policy(struct octets octets, struct lint_list *list)
{
	auto_free char *text = lint_text(octets);
	struct tags tags = { 0 };
	struct err ignored = ERR_INIT;
	if (tags_parse(text, &tags, &ignored) < 0)
		return;
	const char *version = tags_get(&tags, "v");
	if (tags_get(&tags, "p") || (version && strncasecmp(version, "DKIM", 4) == 0))
		lint_add_row(list, &rows[CODE_NO_SELECTOR], NULL);
	tags_done(&tags);
}

void lint_dkim_owner(const char *owner, struct resolver *dns, struct deadline until,
                     struct lint_list *list)
{
	auto_arena mem = { 0 };
	struct dns_answer answer;
	if (!lint_look_up(owner, dns, until, &rows[CODE_UNREACHABLE], list, &mem,
	                  &answer))
		return;
	if (answer.count == 0)
		lint_add_row(list, &rows[CODE_NO_RECORD], NULL);
	else if (answer.count > 1)
		lint_add_row(list, &rows[CODE_TWO_RECORDS], NULL);
	for (size_t i = 0; i < answer.count; i++)
		lint_dkim_record((struct octets){ (const char *)answer.rdata[i].octets,
		                                  answer.rdata[i].len },
		                 list);
}
