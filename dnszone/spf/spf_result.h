/* dnszone/spf/spf_result.h: the seven results of a check (RFC 7208 2.6), and whose rule gave one.
 */
#ifndef DNSZONE_SPF_SPF_RESULT_H
#define DNSZONE_SPF_SPF_RESULT_H

enum spf_result {
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
};
#define SPF_RESULT_COUNT 7

/* Whose rule it is. */
enum spf_origin { SPF_FROM_RECORD, SPF_FROM_LOCAL, SPF_FROM_GUESS };

/* "none", "neutral" ... as RFC 7208 9.1 writes them. */
const char *spf_result_name(enum spf_result result);
/* "record", "local policy", "best guess". */
const char *spf_origin_name(enum spf_origin origin);

#endif
