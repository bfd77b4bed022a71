/*
 * The TXT data of a DKIM key (RFC 6376 3.6.1, RFC 8463 4).
 *
 * Records are judged by what verifiers accept, not by the RFC only: all of them read RSA keys as
 * SubjectPublicKeyInfo, some also as PKCS#1; Ed25519 keys are 32 octets.
 */
#include "dnszone/dkim/dkim_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "dnszone/dkim/dkim_key.h"
#include "dnszone/name/tags.h"

static const char blanks[] = " \t\r\n";

/* ---- the text ------------------------------------------------------------------------------- */

/* RFC 4648 4, with padding, without line breaks. */
static void put_base64(struct buf *out, const unsigned char *octets, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";
	buf_reserve(out, (len + 2) / 3 * 4);
	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i;
		unsigned long group = (unsigned long)octets[i] << 16;
		if (have > 1)
			group |= (unsigned long)octets[i + 1] << 8;
		if (have > 2)
			group |= octets[i + 2];
		buf_putc(out, letters[group >> 18]);
		buf_putc(out, letters[group >> 12 & 63]);
		buf_putc(out, have > 1 ? letters[group >> 6 & 63] : '=');
		buf_putc(out, have > 2 ? letters[group & 63] : '=');
	}
}

char *dkim_record_text(const char *algorithm, const unsigned char *public_key, size_t len)
{
	auto_buf text = BUF_INIT;
	buf_printf(&text, "v=DKIM1; k=%s; p=", algorithm);
	if (public_key)
		put_base64(&text, public_key, len);
	return buf_take(&text);
}

/* ---- what may be wrong ---------------------------------------------------------------------- */

/* A sentence may name one thing. */
static const struct {
	const char *key, *sentence;
} faults[] = {
	[DKIM_FITS] = { NULL, "" },
	[DKIM_COUNT] = { "several-records",
	                 N_("there are %s TXT records, but verifiers accept only one") },
	[DKIM_EMPTY] = { "empty", N_("the record is empty") },
	[DKIM_OCTET] = { "octet",
	                 N_("the record contains the octet %s, which is not printable "
	                    "ASCII") },
	[DKIM_BACKSLASH] = { "backslash",
	                     N_("the record contains a backslash before \";\"; enter the text "
	                        "without backslashes") },
	[DKIM_QUOTED] = { "quoted",
	                  N_("the record contains quotation marks as part of its text; "
	                     "enter the text without them") },
	[DKIM_SYNTAX] = { "syntax", N_("\"%s\" is not a tag of the form name=value") },
	[DKIM_TAG_TWICE] = { "tag-twice", N_("the record contains the tag %s twice") },
	[DKIM_VERSION_PLACE] = { "version-place", N_("v= is not the first tag") },
	[DKIM_VERSION] = { "version", N_("v= is \"%s\", not DKIM1") },
	[DKIM_ALGORITHM] = { "algorithm",
	                     N_("k= is \"%s\", which is not the key's algorithm") },
	[DKIM_HASH] = { "hash", N_("h= is \"%s\" and does not allow sha256") },
	[DKIM_SERVICE] = { "service", N_("s= is \"%s\" and does not allow email") },
	[DKIM_NO_KEY] = { "no-key", N_("the record has no p=") },
	[DKIM_REVOKED] = { "revoked", N_("the key is revoked: p= is empty") },
	[DKIM_BASE64] = { "base64", N_("p= is not valid base64") },
	[DKIM_CUT] = { "cut", N_("p= contains only the first part of the key") },
	[DKIM_ENCODING] = { "encoding",
	                    N_("p= contains the right key in an encoding that many "
	                       "verifiers do not accept") },
	[DKIM_OTHER_KEY] = { "other-key", N_("the record contains another key") },
};
_Static_assert(ARRAY_LEN(faults) == DKIM_FAULTS, "a sentence for each fault");

const char *dkim_fault_key(enum dkim_fault fault)
{
	return faults[fault].key;
}

void dkim_verdict_say(const struct dkim_verdict *verdict, char *ret_text, size_t size)
{
	const char *sentence = faults[verdict->fault].sentence;
	snprintf(ret_text, size, *sentence ? _(sentence) : "%s", verdict->what);
}

static void fault_at(struct dkim_verdict *verdict, enum dkim_fault fault,
                     const char *what, size_t len)
{
	size_t kept = 0;
	verdict->fault = fault;
	for (size_t i = 0; i < len && kept < sizeof(verdict->what) - 1; i++)
		verdict->what[kept++] =
			(char)(what[i] < 0x20 || what[i] > 0x7e ? '?' : what[i]);
	verdict->what[kept] = '\0';
	if (kept < len)
		memcpy(verdict->what + kept - 3, "...", 3);
}

static void fault_of(struct dkim_verdict *verdict, enum dkim_fault fault,
                     const char *what)
{
	fault_at(verdict, fault, what, strlen(what));
}

/* ---- p= ------------------------------------------------------------------------------------- */

static char *without_blanks(const char *text)
{
	char *out = xmemdup(text, strlen(text)), *to = out;
	for (const char *c = text; *c; c++)
		if (!strchr(blanks, *c))
			*to++ = *c;
	*to = '\0';
	return out;
}

/* RFC 4648 4, padding required: verifiers that do without are few. */
static bool decode(const char *text, struct buf *out)
{
	return dkim_base64_decode(text, strlen(text), out);
}

static bool ends_in(const struct buf *whole, const struct buf *end)
{
	return end->len && whole->len > end->len &&
	       memcmp(whole->at + whole->len - end->len, end->at, end->len) == 0;
}

/* `shown` and `wanted` without white space. */
static enum dkim_fault compare_keys(const char *shown, const char *wanted)
{
	auto_buf a = BUF_INIT, b = BUF_INIT;
	if (strcmp(shown, wanted) == 0)
		return DKIM_FITS;
	if (!*shown)
		return DKIM_REVOKED;
	if (strncmp(shown, wanted, strlen(shown)) == 0)
		return DKIM_CUT;
	if (!decode(shown, &a) || !decode(wanted, &b))
		return DKIM_BASE64;
	if (a.len == b.len && memcmp(a.at, b.at, a.len) == 0)
		return DKIM_FITS;
	if (a.len < b.len && memcmp(a.at, b.at, a.len) == 0)
		return DKIM_CUT;
	/* a SubjectPublicKeyInfo ends in what it wraps: PKCS#1, or the 32 octets */
	if (ends_in(&a, &b) || ends_in(&b, &a))
		return DKIM_ENCODING;
	return DKIM_OTHER_KEY;
}

/* ---- the tags ------------------------------------------------------------------------------- */

static void judge_tags(const struct tags *shown, const struct tags *wanted,
                       struct dkim_verdict *verdict)
{
	const char *v = tags_get(shown, "v"), *k = tags_get(shown, "k"),
		   *h = tags_get(shown, "h"), *s = tags_get(shown, "s"),
		   *t = tags_get(shown, "t"), *p = tags_get(shown, "p");
	k = k ? k : "rsa"; /* RFC 6376 3.6.1 */
	verdict->is_testing = t && tags_list_has(t, "y");
	if (v && strcmp(v, "DKIM1") != 0)
		fault_of(verdict, DKIM_VERSION, v);
	else if (v && strcmp(shown->tag[0].name, "v") != 0)
		fault_of(verdict, DKIM_VERSION_PLACE, "");
	else if (strcmp(k, tags_get(wanted, "k")) != 0)
		fault_of(verdict, DKIM_ALGORITHM, k);
	else if (h && !tags_list_has(h, "sha256"))
		fault_of(verdict, DKIM_HASH, h);
	else if (s && !tags_list_has(s, "email") && !tags_list_has(s, "*"))
		fault_of(verdict, DKIM_SERVICE, s);
	else if (!p)
		fault_of(verdict, DKIM_NO_KEY, "");
	else {
		auto_free char *a = without_blanks(p);
		auto_free char *b = without_blanks(tags_get(wanted, "p"));
		verdict->fault = compare_keys(a, b);
	}
}

static void judge_text(const char *text, const struct tags *wanted,
                       struct dkim_verdict *verdict)
{
	struct tags shown = { 0 };
	struct tags_place place = { 0, 0 };
	char octet[8];
	switch (tags_read(text, &shown, &place)) {
	case TAGS_FINE:
		judge_tags(&shown, wanted, verdict);
		break;
	case TAGS_OCTET:
		snprintf(octet, sizeof(octet), "%u", (unsigned char)text[place.at]);
		fault_of(verdict, DKIM_OCTET, octet);
		break;
	case TAGS_TWICE:
		fault_at(verdict, DKIM_TAG_TWICE, text + place.at, place.len);
		break;
	default:
		fault_at(verdict, DKIM_SYNTAX, text + place.at, place.len);
		break;
	}
	tags_done(&shown);
}

/* Faults that escapes or quotes of a zone file cause where they became data: they are the thing to
 * name.  Both may be in a record that fits (n=). */
static void name_cause(const char *text, struct dkim_verdict *verdict)
{
	switch (verdict->fault) {
	case DKIM_SYNTAX:
	case DKIM_VERSION:
	case DKIM_ALGORITHM:
	case DKIM_HASH:
	case DKIM_SERVICE:
	case DKIM_NO_KEY:
	case DKIM_BASE64:
		if (strstr(text, "\\;"))
			fault_of(verdict, DKIM_BACKSLASH, "");
		else if (strchr(text, '"'))
			fault_of(verdict, DKIM_QUOTED, "");
		break;
	default:
		break;
	}
}

void dkim_record_judge(const void *octets, size_t len, const char *wanted,
                       struct dkim_verdict *ret_verdict)
{
	struct tags key = { 0 };
	struct tags_place ignored;
	auto_free char *text = xmemdup(octets, len);
	*ret_verdict = (struct dkim_verdict){ .fault = DKIM_FITS };
	if (strlen(text) != len) {
		fault_of(ret_verdict, DKIM_OCTET, "0");
		return;
	}
	if (!text[strspn(text, blanks)]) {
		fault_of(ret_verdict, DKIM_EMPTY, "");
		return;
	}
	if (tags_read(wanted, &key, &ignored) != TAGS_FINE)
		abort(); /* dkim_record_text() made it */
	judge_text(text, &key, ret_verdict);
	name_cause(text, ret_verdict);
	tags_done(&key);
}

void dkim_record_count(size_t count, struct dkim_verdict *ret_verdict)
{
	char number[24];
	snprintf(number, sizeof(number), "%zu", count);
	*ret_verdict = (struct dkim_verdict){ .fault = DKIM_FITS };
	if (count != 1)
		fault_of(ret_verdict, DKIM_COUNT, number);
}
