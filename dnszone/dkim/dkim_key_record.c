/* Key records for verification: the tags, in the order of RFC 6376 6.1.2, then the key. */
#include "dnszone/dkim/dkim_key_record.h"

#include <string.h>

#include "dnszone/name/tags.h"

#define RECORD_MAX ((size_t)8192) /* octets of a record that is read */
#define TAGS_MAX 64

enum { TAG_V, TAG_H, TAG_K, TAG_P, TAG_S, TAG_T, TAG_COUNT };
static const char letters[TAG_COUNT] = { 'v', 'h', 'k', 'p', 's', 't' };

struct record {
	struct octets value[TAG_COUNT];
	bool has[TAG_COUNT];
	bool is_version_first;
};

static bool is_text(struct octets text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static bool has_odd_octet(struct octets text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if ((c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c > 0x7e)
			return true;
	}
	return false;
}

static const char *read_tags(struct octets text, struct record *record)
{
	struct tag_span span[TAGS_MAX];
	size_t count;
	switch (tags_read_spans(text, span, ARRAY_LEN(span), &count)) {
	case TAGS_FINE:
		break;
	case TAGS_TWICE:
		return "the key record contains a tag twice";
	case TAGS_MANY:
		return "the key record has too many tags";
	default:
		return "the key record is not a list of tags";
	}
	for (size_t i = 0; i < count; i++) {
		char name = text.at[span[i].name_at];
		const char *letter =
			span[i].name_len == 1 ? memchr(letters, name, TAG_COUNT) : NULL;
		if (!letter)
			continue;
		size_t tag = (size_t)(letter - letters);
		record->has[tag] = true;
		record->value[tag] =
			(struct octets){ text.at + span[i].value_at, span[i].value_len };
		record->is_version_first =
			record->is_version_first || (tag == TAG_V && i == 0);
	}
	return NULL;
}

bool dkim_key_record_is(struct octets text)
{
	struct record record = { 0 };
	if (text.len > RECORD_MAX || has_odd_octet(text) || read_tags(text, &record))
		return false;
	return record.has[TAG_P] ||
	       (record.has[TAG_V] && is_text(record.value[TAG_V], "DKIM1"));
}

static bool allows(const struct record *record, int tag, const char *word)
{
	return !record->has[tag] || tags_list_has_in(record->value[tag], word);
}

/* RFC 8463 4.2: the 32 octets; RFC 6376 3.6.1: a SubjectPublicKeyInfo, which the RFC's erratum
 * and old signers replace with the RSAPublicKey inside it. */
static const char *read_key(const struct record *record, struct dkim_public_key *key)
{
	bool is_ed25519 = record->has[TAG_K] && is_text(record->value[TAG_K], "ed25519");
	if (record->value[TAG_P].len == 0)
		return "the key is revoked";
	if (!dkim_base64_read(record->value[TAG_P], key->octets, sizeof(key->octets),
	                      &key->len))
		return "p= of the key record is not base64, or too long";
	if (is_ed25519) {
		key->form = DKIM_KEY_ED25519;
		key->bits = 256;
		return key->len == DKIM_ED25519_LEN ? NULL
		                                    : "an Ed25519 key is not 32 octets";
	}
	key->form = dkim_key_look(key->octets, key->len, &key->bits);
	return key->form == DKIM_KEY_RSA || key->form == DKIM_KEY_PKCS1
	               ? NULL
	               : "p= of the key record is not an RSA key";
}

const char *dkim_key_record_read(struct octets text, struct dkim_public_key *ret_key)
{
	struct record record = { 0 };
	ret_key->is_testing = false;
	if (text.len > RECORD_MAX)
		return "the key record is too long";
	if (has_odd_octet(text))
		return "the key record is not printable ASCII";
	const char *problem = read_tags(text, &record);
	if (problem)
		return problem;
	ret_key->is_testing = record.has[TAG_T] && allows(&record, TAG_T, "y");
	ret_key->is_strict = record.has[TAG_T] && allows(&record, TAG_T, "s");
	if (record.has[TAG_V] && !is_text(record.value[TAG_V], "DKIM1"))
		return "v= of the key record is not DKIM1";
	if (record.has[TAG_V] && !record.is_version_first)
		return "v= of the key record is not its first tag";
	if (record.has[TAG_K] && !is_text(record.value[TAG_K], "rsa") &&
	    !is_text(record.value[TAG_K], "ed25519"))
		return "k= of the key record is not rsa or ed25519";
	if (!allows(&record, TAG_H, "sha256"))
		return "h= of the key record does not allow sha256";
	if (!allows(&record, TAG_S, "email") && !allows(&record, TAG_S, "*"))
		return "s= of the key record does not allow email";
	if (!record.has[TAG_P])
		return "the key record has no p=";
	return read_key(&record, ret_key);
}
