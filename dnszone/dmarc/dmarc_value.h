/* dnszone/dmarc/dmarc_value.h: for dmarc_record.c: the table of tags and their values. */
#ifndef DNSZONE_DMARC_DMARC_VALUE_H
#define DNSZONE_DMARC_DMARC_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/base/octets.h"

enum dmarc_tag {
	DMARC_V,
	DMARC_P,
	DMARC_SP,
	DMARC_NP,
	DMARC_ADKIM,
	DMARC_ASPF,
	DMARC_T,
	DMARC_PSD,
	DMARC_FO,
	DMARC_RUA,
	DMARC_RUF,
	DMARC_PCT, /* historic, as the next two: without effect */
	DMARC_RF,
	DMARC_RI,
	DMARC_UNKNOWN,
	DMARC_TAG_COUNT = DMARC_UNKNOWN,
};
/* "p", in lower case; NULL for DMARC_UNKNOWN. */
const char *dmarc_tag_name(enum dmarc_tag tag) must_check;

/* The values of the tag, for a sentence: translated; words are separated by '|'. */
const char *dmarc_value_allowed(enum dmarc_tag tag) must_check;
/* Whether the `len` octets are a valid value of the tag; of an unknown tag: at least one octet, all
 * printable ASCII.  A list of URIs is valid if it contains one valid URI. */
bool dmarc_value_is_good(enum dmarc_tag tag, const char *value, size_t len) must_check;

/* One URI of a rua or ruf list; white space around it left out. */
struct dmarc_uri {
	size_t at, len; /* of the URI, without a size */
	bool is_valid;  /* RFC 3986, ',' and '!' left out; an empty one is not */
	bool has_size;  /* "!10m", obsolete */
	bool is_mailto;
	bool has_address; /* mailto: an address with a domain that can be; https: a host */
	size_t host_at, host_len; /* mailto: the address's domain */
};
/* The next URI of a list that commas separate; *at begins with 0, offsets count from `value`.
 * False: the list has no further URI. */
bool dmarc_uri_next_of(const char *value, size_t len, size_t *at,
                       struct dmarc_uri *ret_uri) must_check;

#endif
