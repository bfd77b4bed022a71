/*
 * DMARC policy records: text to elements, elements to a policy.
 *
 * RFC 9989 4.8: a fault after `v` never makes the record invalid; that element is ignored and its
 * default applies.  Only a wrong beginning, a repeated tag and our own limit do.  Texts have a
 * length and nothing is allocated: the verdict on foreign mail uses this.
 */
#include "dnszone/dmarc/dmarc_record.h"

#include <string.h>
#include <strings.h>

#include "dnszone/dmarc/dmarc_value.h"

#define VERSION "DMARC1"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t skip_blanks(struct octets text, size_t at)
{
	while (at < text.len && is_blank(text.at[at]))
		at++;
	return at;
}

/* The offset after "v=DMARC1" and white space; 0: the text does not begin so. */
static size_t version_end(struct octets text)
{
	if (text.len == 0 || (text.at[0] != 'v' && text.at[0] != 'V'))
		return 0;
	size_t at = skip_blanks(text, 1);
	if (at == text.len || text.at[at] != '=')
		return 0;
	at = skip_blanks(text, at + 1);
	if (text.len - at < strlen(VERSION) ||
	    memcmp(text.at + at, VERSION, strlen(VERSION)) != 0)
		return 0;
	at = skip_blanks(text, at + strlen(VERSION));
	return at == text.len || text.at[at] == ';' ? at : 0;
}

bool dmarc_record_is(struct octets text)
{
	return version_end(text) > 0;
}

/* ---- elements --------------------------------------------------------------------------------- */

static enum dmarc_tag tag_of(const char *name, size_t len)
{
	enum dmarc_tag tag = DMARC_V;
	while (tag < DMARC_TAG_COUNT &&
	       !(strlen(dmarc_tag_name(tag)) == len &&
	         strncasecmp(dmarc_tag_name(tag), name, len) == 0))
		tag++;
	return tag;
}

/* The element in [at, end), without white space around it; at < end. */
static struct dmarc_element read_element(struct octets text, size_t at, size_t end)
{
	struct dmarc_element element = { .tag = DMARC_UNKNOWN,
		                         .state = DMARC_NO_EQUALS,
		                         .at = at,
		                         .name_len = end - at };
	const char *equals = memchr(text.at + at, '=', end - at);
	if (!equals)
		return element;
	size_t name_end = (size_t)(equals - text.at);
	element.value_at = skip_blanks((struct octets){ text.at, end }, name_end + 1);
	element.value_len = end - element.value_at;
	while (name_end > at && is_blank(text.at[name_end - 1]))
		name_end--;
	element.name_len = name_end - at;
	bool is_name = name_end > at;
	for (size_t i = at; i < name_end; i++)
		is_name = is_name && is_alpha(text.at[i]);
	element.state = is_name ? DMARC_GOOD : DMARC_BAD_NAME;
	if (!is_name)
		return element;
	element.tag = tag_of(text.at + at, element.name_len);
	if (!dmarc_value_is_good(element.tag, text.at + element.value_at,
	                         element.value_len))
		element.state = DMARC_BAD_VALUE;
	return element;
}

static bool is_same_name(const struct dmarc_record *record, const struct dmarc_element *a,
                         const struct dmarc_element *b, bool has_case)
{
	const char *x = record->text.at + a->at, *y = record->text.at + b->at;
	if (a->name_len != b->name_len)
		return false;
	return has_case ? memcmp(x, y, a->name_len) == 0
	                : strncasecmp(x, y, a->name_len) == 0;
}

/* RFC 6376 3.2: a tag twice makes the list invalid, and there case counts.  In other letters
 * it is the same tag to most readers and another one to the rest: the first counts. */
static int add_element(struct dmarc_record *record, struct dmarc_element *element,
                       struct err *err)
{
	bool has_name = element->state == DMARC_GOOD || element->state == DMARC_BAD_VALUE;
	for (size_t i = 0; has_name && i < record->count; i++) {
		const struct dmarc_element *other = &record->element[i];
		if (other->state == DMARC_NO_EQUALS || other->state == DMARC_BAD_NAME)
			continue;
		if (is_same_name(record, element, other, true))
			return err_set(err, ERR_FAILED,
			               _("column %zu: duplicate tag %.*s"),
			               element->at + 1, (int)element->name_len,
			               record->text.at + element->at);
		if (is_same_name(record, element, other, false))
			element->state = DMARC_AGAIN;
	}
	if (record->count == DMARC_ELEMENTS_MAX)
		return err_set(err, ERR_FAILED,
		               _("column %zu: the record has more than %d tags"),
		               element->at + 1, DMARC_ELEMENTS_MAX);
	record->element[record->count++] = *element;
	return 0;
}

static int read_elements(struct dmarc_record *record, struct err *err)
{
	struct octets text = record->text;
	for (size_t at = 0; at < text.len;) {
		const char *semicolon = memchr(text.at + at, ';', text.len - at);
		size_t next = semicolon ? (size_t)(semicolon - text.at) : text.len;
		size_t from = skip_blanks((struct octets){ text.at, next }, at),
		       end = next;
		while (end > from && is_blank(text.at[end - 1]))
			end--;
		if (from < end) {
			struct dmarc_element element = read_element(text, from, end);
			int r = add_element(record, &element, err);
			if (r < 0)
				return r;
		} else if (semicolon && record->empty++ == 0) {
			/* the one ';' that may end a record begins no element */
			record->empty_at = next;
		}
		at = next + 1;
	}
	return 0;
}

/* ---- what they ask for ------------------------------------------------------------------------ */

static char letter_of(const struct dmarc_record *record, enum dmarc_tag tag,
                      char otherwise)
{
	const struct dmarc_element *element = dmarc_record_find(record, tag);
	if (!element || element->state != DMARC_GOOD)
		return otherwise;
	return (char)(record->text.at[element->value_at] | 0x20);
}

static enum dmarc_policy policy_of(const struct dmarc_record *record, enum dmarc_tag tag)
{
	const struct dmarc_element *element = dmarc_record_find(record, tag);
	if (!element)
		return DMARC_POLICY_ABSENT;
	if (element->state != DMARC_GOOD)
		return DMARC_POLICY_INVALID;
	switch (letter_of(record, tag, 'n')) {
	case 'q':
		return DMARC_POLICY_QUARANTINE;
	case 'r':
		return DMARC_POLICY_REJECT;
	default:
		return DMARC_POLICY_NONE;
	}
}

static bool has_uri(const struct dmarc_record *record, enum dmarc_tag tag)
{
	const struct dmarc_element *element = dmarc_record_find(record, tag);
	struct dmarc_uri uri;
	for (size_t at = 0; element && dmarc_uri_next(record, element, &at, &uri);)
		if (uri.is_valid)
			return true;
	return false;
}

/* ERR_FAILED: why the text is not selected as a DMARC record. */
static int version_fault(struct octets text, struct err *err)
{
	size_t blanks = 0;
	while (blanks < text.len && strchr(" \t\r\n", text.at[blanks]) && text.at[blanks])
		blanks++;
	struct octets rest = { text.at ? text.at + blanks : NULL, text.len - blanks };
	if (text.len == 0)
		return err_set(err, ERR_FAILED, _("the text is empty"));
	if (blanks && dmarc_record_is(rest))
		return err_set(
			err, ERR_FAILED,
			_("the text begins with a space; remove it: the first octets "
		          "must be v=DMARC1"));
	if (text.at[0] == '"')
		return err_set(err, ERR_FAILED,
		               _("the text begins with a quote (\"); remove the quotes, "
		                 "which belong to zone files"));
	if (rest.len >= 8 && strncasecmp(rest.at, "v=DMARC1", 8) == 0 &&
	    memcmp(rest.at + 2, "DMARC1", 6) != 0)
		return err_set(err, ERR_FAILED,
		               _("the value of v must be DMARC1 in capitals, not %.6s"),
		               rest.at + 2);
	if (rest.len > 8 && strncasecmp(rest.at, "v=DMARC1", 8) == 0)
		return err_set(err, ERR_FAILED,
		               _("v=DMARC1 must be followed by ';', not by \"%.*s\""),
		               rest.len - 8 > 10 ? 10 : (int)(rest.len - 8), rest.at + 8);
	return err_set(err, ERR_FAILED, _("the text does not begin with \"v=DMARC1;\""));
}

int dmarc_record_parse(struct octets text, struct dmarc_record *ret_record,
                       struct err *err)
{
	struct dmarc_record *record = ret_record;
	record->text = text;
	record->count = record->empty = record->empty_at = 0;
	if (!dmarc_record_is(text))
		return version_fault(text, err);
	int r = read_elements(record, err);
	if (r < 0)
		return r;
	record->p = policy_of(record, DMARC_P);
	record->sp = policy_of(record, DMARC_SP);
	record->np = policy_of(record, DMARC_NP);
	record->is_adkim_strict = letter_of(record, DMARC_ADKIM, 'r') == 's';
	record->is_aspf_strict = letter_of(record, DMARC_ASPF, 'r') == 's';
	record->is_test = letter_of(record, DMARC_T, 'n') == 'y';
	record->psd = letter_of(record, DMARC_PSD, 'u');
	record->has_rua = has_uri(record, DMARC_RUA);
	return 0;
}

const struct dmarc_element *dmarc_record_find(const struct dmarc_record *record,
                                              enum dmarc_tag tag)
{
	for (size_t i = 0; i < record->count; i++)
		if (record->element[i].tag == tag &&
		    record->element[i].state <= DMARC_BAD_VALUE)
			return &record->element[i];
	return NULL;
}

/* The policy that is asked for; NULL: none is valid. */
static const enum dmarc_policy *published(const struct dmarc_record *record,
                                          enum dmarc_whom whom)
{
	if (record->p <= DMARC_POLICY_INVALID || record->sp == DMARC_POLICY_INVALID ||
	    record->np == DMARC_POLICY_INVALID)
		return NULL;
	if (whom == DMARC_OF_NONEXISTENT && record->np != DMARC_POLICY_ABSENT)
		return &record->np;
	if (whom != DMARC_OF_DOMAIN && record->sp != DMARC_POLICY_ABSENT)
		return &record->sp;
	return &record->p;
}

const char *dmarc_record_policy_tag(const struct dmarc_record *record,
                                    enum dmarc_whom whom)
{
	const enum dmarc_policy *policy = published(record, whom);
	return !policy                 ? NULL
	       : policy == &record->np ? "np"
	       : policy == &record->sp ? "sp"
	                               : "p";
}

enum dmarc_policy dmarc_record_policy(const struct dmarc_record *record,
                                      enum dmarc_whom whom)
{
	const enum dmarc_policy *asked = published(record, whom);
	if (!asked)
		return record->has_rua ? DMARC_POLICY_NONE : DMARC_POLICY_INVALID;
	enum dmarc_policy policy = *asked;
	/* RFC 9989 4.7: t=y asks for one step less */
	if (record->is_test && policy > DMARC_POLICY_NONE)
		policy--;
	return policy;
}

const char *dmarc_policy_word(enum dmarc_policy policy)
{
	static const char *const words[] = {
		[DMARC_POLICY_NONE] = "none",
		[DMARC_POLICY_QUARANTINE] = "quarantine",
		[DMARC_POLICY_REJECT] = "reject",
	};
	return words[policy];
}

bool dmarc_uri_next(const struct dmarc_record *record,
                    const struct dmarc_element *element, size_t *at,
                    struct dmarc_uri *ret_uri)
{
	if (!dmarc_uri_next_of(record->text.at + element->value_at, element->value_len,
	                       at, ret_uri))
		return false;
	ret_uri->at += element->value_at;
	ret_uri->host_at += element->value_at;
	return true;
}
