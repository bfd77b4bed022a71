/* Whether a DMARC record is one that we would publish. */
#include "dnszone/dmarc/dmarc_record.h"

#include <stdint.h>
#include <string.h>

#include "core/base/text.h"

static int wrong_value(const struct dmarc_record *record,
                       const struct dmarc_element *element, struct err *err)
{
	int name_len = (int)element->name_len;
	const char *name = record->text.at + element->at;
	return err_set(
		err, ERR_USAGE,
		_("the DMARC record is wrong at column %zu: %.*s=%.*s, but %.*s must "
	          "be %s"),
		element->at + 1, name_len, name, (int)element->value_len,
		record->text.at + element->value_at, name_len, name,
		dmarc_value_allowed(element->tag));
}

static bool has_bad_uri(const struct dmarc_record *record,
                        const struct dmarc_element *element)
{
	struct dmarc_uri uri;
	if (element->tag != DMARC_RUA && element->tag != DMARC_RUF)
		return false;
	for (size_t at = 0; dmarc_uri_next(record, element, &at, &uri);)
		if (!uri.is_valid || !uri.has_address)
			return true;
	return false;
}

/* What RFC 7489 6.3 allowed: who still writes such a tag means it for old receivers. */
static bool is_historic_good(const struct dmarc_record *record,
                             const struct dmarc_element *element)
{
	char text[32];
	int64_t number;
	if (element->value_len >= sizeof(text))
		return element->tag < DMARC_PCT || element->tag > DMARC_RI;
	memcpy(text, record->text.at + element->value_at, element->value_len);
	text[element->value_len] = '\0';
	switch (element->tag) {
	case DMARC_PCT:
		return *text != '-' && text_to_int(text, 0, 100, &number);
	case DMARC_RI:
		return *text != '-' && text_to_int(text, 0, UINT32_MAX, &number);
	case DMARC_RF:
		return strcasecmp(text, "afrf") == 0 || strcasecmp(text, "iodef") == 0 ||
		       strcasecmp(text, "afrf:iodef") == 0;
	default:
		return true;
	}
}

static int check_element(const struct dmarc_record *record,
                         const struct dmarc_element *element, struct err *err)
{
	const char *name = record->text.at + element->at;
	int len = (int)element->name_len;
	switch (element->state) {
	case DMARC_GOOD:
		return has_bad_uri(record, element) || !is_historic_good(record, element)
		               ? wrong_value(record, element, err)
		               : 0;
	case DMARC_BAD_VALUE:
		return wrong_value(record, element, err);
	case DMARC_NO_EQUALS:
		return err_set(
			err, ERR_USAGE,
			_("the DMARC record is wrong at column %zu: \"%.*s\" has no "
		          "'='"),
			element->at + 1, len, name);
	case DMARC_BAD_NAME:
		return err_set(
			err, ERR_USAGE,
			_("the DMARC record is wrong at column %zu: \"%.*s\" is not a "
		          "tag name (letters); is a ';' missing?"),
			element->at + 1, len, name);
	case DMARC_AGAIN:
		return err_set(err, ERR_USAGE,
		               _("the DMARC record is wrong at column %zu: duplicate "
		                 "tag %.*s"),
		               element->at + 1, len, name);
	}
	return 0;
}

int dmarc_record_check(const char *text, struct err *err)
{
	struct dmarc_record record;
	int r = dmarc_record_parse(octets_of(text), &record, err);
	if (r < 0) {
		err_prefix(err, _("the DMARC record is wrong"));
		return ERR_USAGE;
	}
	for (size_t i = 0; i < record.count; i++) {
		r = check_element(&record, &record.element[i], err);
		if (r < 0)
			return r;
	}
	if (record.p == DMARC_POLICY_ABSENT && !record.has_rua)
		return err_set(
			err, ERR_USAGE,
			_("the DMARC record has neither p= (none, quarantine or reject) nor "
		          "rua=; write \"v=DMARC1; p=none\" for no policy"));
	return 0;
}
