/*
 * dnszone/dmarc/dmarc_record.h: the text of a DMARC policy record (RFC 9989 4.7, 4.8, 4.10.1).
 * One parser for lint, editing and verdicts.
 *
 * The text may come from DNS and contain any octet; nothing is allocated.  Names of tags are not
 * case-sensitive; of values, only URIs and that of v are.
 */
#ifndef DNSZONE_DMARC_DMARC_RECORD_H
#define DNSZONE_DMARC_DMARC_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/dmarc/dmarc_value.h"

/* No RFC limits them; a record with more elements than this is treated as none. */
#define DMARC_ELEMENTS_MAX 128

/* The effect of one element between two ';'. */
enum dmarc_state {
	DMARC_GOOD, /* it has the effect that it states; historic and unknown tags: none */
	DMARC_BAD_VALUE, /* the tag's default applies; p, sp and np: see dmarc_record_policy() */
	DMARC_BAD_NAME,  /* not 1*ALPHA: ignored */
	DMARC_NO_EQUALS, /* ignored */
	DMARC_AGAIN,     /* the same tag in other letters ("P" after "p"): ignored */
};

struct dmarc_element {
	enum dmarc_tag
		tag; /* DMARC_UNKNOWN also where the name is bad or '=' is missing */
	enum dmarc_state state;
	size_t at, name_len;        /* of the name, or of all that there is */
	size_t value_at, value_len; /* white space around it left out */
};

enum dmarc_policy {
	DMARC_POLICY_ABSENT,
	DMARC_POLICY_INVALID,
	DMARC_POLICY_NONE,
	DMARC_POLICY_QUARANTINE,
	DMARC_POLICY_REJECT,
};

struct dmarc_record {
	struct octets text; /* borrowed */
	struct dmarc_element
		element[DMARC_ELEMENTS_MAX]; /* empty ones are not among them */
	size_t count;
	size_t empty;    /* how many there are: ";;" */
	size_t empty_at; /* where the first one is */
	enum dmarc_policy p, sp, np;
	bool is_adkim_strict, is_aspf_strict, is_test;
	char psd;     /* 'y', 'n', 'u' */
	bool has_rua; /* with at least one URI that is valid */
};

/* Whether the text is a DMARC record and not other TXT data: its very beginning is the tag v with
 * exactly DMARC1, ended by ';' or the end. */
bool dmarc_record_is(struct octets text) must_check;

/* ERR_FAILED with a sentence: the text is not a DMARC record, a tag occurs twice (RFC 6376 3.2), or
 * there are more than DMARC_ELEMENTS_MAX elements; receivers then treat it as no record.  The
 * states of the elements contain any other fault. */
int dmarc_record_parse(struct octets text, struct dmarc_record *ret_record,
                       struct err *err) must_check;

/* The element that determines a tag; NULL: none. */
const struct dmarc_element *dmarc_record_find(const struct dmarc_record *record,
                                              enum dmarc_tag tag) must_check;

/* For which name the policy is requested (RFC 9989 4.10.1). */
enum dmarc_whom { DMARC_OF_DOMAIN, DMARC_OF_SUBDOMAIN, DMARC_OF_NONEXISTENT };
/* The policy: none, quarantine or reject, with the effect of t=y;
 * DMARC_POLICY_INVALID: DMARC does not apply (p is missing, or p, sp or np has no valid value, and
 * there is no valid rua; with one, it is none). */
enum dmarc_policy dmarc_record_policy(const struct dmarc_record *record,
                                      enum dmarc_whom whom) must_check;

/* The tag that this policy is from: "p", "sp", "np"; NULL where none of them determines it, since p
 * is absent or one of them is not valid. */
const char *dmarc_record_policy_tag(const struct dmarc_record *record,
                                    enum dmarc_whom whom) must_check;

/* The next URI of the element's value, as dmarc_uri_next_of(); offsets count from the record's
 * text. */
bool dmarc_uri_next(const struct dmarc_record *record,
                    const struct dmarc_element *element, size_t *at,
                    struct dmarc_uri *ret_uri) must_check;

/* "none", "quarantine", "reject"; NULL for the others. */
const char *dmarc_policy_word(enum dmarc_policy policy) must_check;

/* Whether we publish that text, which every receiver must understand as intended.  In addition to
 * parsing: every element is valid, p or rua is present, rua and ruf contain mailto: addresses or
 * https:.  Fails with ERR_USAGE and a whole sentence. */
int dmarc_record_check(const char *text, struct err *err) must_check;

#endif
