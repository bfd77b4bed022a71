/*
 * dnszone/spf/spf_record.h: parses the text of an SPF record (RFC 7208 4.6, 5, 6, 12).
 * One parser for evaluation, lint, editing and the checks of settings.
 */
#ifndef DNSZONE_SPF_SPF_RECORD_H
#define DNSZONE_SPF_SPF_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/macro.h"

#define SPF_LOOKUP_MAX 10       /* RFC 7208 4.6.4 */
#define SPF_EXPLANATION_MAX 400 /* octets after expansion */

enum spf_qualifier {
	SPF_Q_PASS = '+',
	SPF_Q_FAIL = '-',
	SPF_Q_SOFTFAIL = '~',
	SPF_Q_NEUTRAL = '?'
};
enum spf_term_kind {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS, /* mechanisms */
	SPF_REDIRECT,
	SPF_EXP,
	SPF_UNKNOWN_MODIFIER,
};

struct spf_term {
	enum spf_term_kind kind;
	enum spf_qualifier qualifier; /* mechanisms; '+' where none was written */
	bool has_qualifier;           /* it was written */
	size_t at, len;               /* its span in the text */
	size_t domain_at,
		domain_len; /* the domain-spec or macro-string after ':' or '='; len 0: none */
	uint8_t ip[16];           /* SPF_IP4: 4 octets, SPF_IP6: 16 */
	uint8_t prefix4, prefix6; /* CIDR lengths; 32 and 128 where none was written */
};

struct spf_record {
	const char *text; /* with len: it may come from DNS and contain any octet */
	size_t len;
	char *own; /* `text` where it is on the heap */
	struct spf_term *term;
	size_t count;
	const struct spf_term *first_all; /* NULL: there is none */
};

/* Parses a whole record, beginning with "v=spf1".  Fails with ERR_USAGE, the column (from 1), the
 * term and its fault: unknown mechanism, invalid CIDR length, invalid macro, duplicate redirect or
 * exp.  RFC 7208 4.6: any syntax error anywhere is a permerror. */
int spf_record_parse(const char *text, size_t len, struct spf_record **ret_record,
                     struct err *err) must_check;
void spf_record_free(struct spf_record *record);

/* The same for foreign text in bounded memory: the record borrows `text`, its terms are in `mem`;
 * it must not be freed.  ERR_FAILED: `mem` is full. */
int spf_record_parse_in(struct arena *mem, const char *text, size_t len,
                        const struct spf_record **ret_record, struct err *err) must_check;

/* Whether it begins with "v=spf1" and a blank or the end (RFC 7208 4.5). */
bool spf_record_has_version(const char *text, size_t len) must_check;

/* "include", NULL for SPF_UNKNOWN_MODIFIER. */
const char *spf_term_name(enum spf_term_kind kind);
/* Whether it counts towards SPF_LOOKUP_MAX. */
bool spf_term_costs_lookup(enum spf_term_kind kind);

/* Whether every check ignores the term: a mechanism after `all` (RFC 7208 5.1), and redirect in
 * a record that has `all` (6.1). */
bool spf_record_is_ignored(const struct spf_record *record,
                           const struct spf_term *term) must_check;
/* How many terms cost a look-up (RFC 7208 4.6.4: include a mx ptr exists redirect), ignored ones
 * not counted. */
unsigned spf_record_count_lookups(const struct spf_record *record);
/* Fails with ERR_USAGE if there are more than SPF_LOOKUP_MAX of them. */
int spf_record_check_lookups(const struct spf_record *record, struct err *err) must_check;

/* The checks of the three settings; empty text always passes.  Columns count in what was typed.
 * spf.local-rules: mechanisms without v=spf1; `all`, modifiers and more than SPF_LOOKUP_MAX
 * look-ups are refused (ERR_USAGE). */
int spf_check_local_rules(const char *text, struct err *err) must_check;
/* spf.guess-rules: a whole policy; a missing v=spf1 is added.  Caller frees *ret_text. */
int spf_check_guess_rules(const char *text, char **ret_text, struct err *err) must_check;
/* spf.explanation: ASCII, a macro-string in which blanks and the letters c r t are allowed
 * (RFC 7208 6.2, 7.2), at most SPF_EXPLANATION_MAX octets besides the macros. */
int spf_check_explanation(const char *text, struct err *err) must_check;

#endif
