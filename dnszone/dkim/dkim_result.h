/* dnszone/dkim/dkim_result.h: the results of a DKIM check (RFC 8601 2.7.1). */
#ifndef DNSZONE_DKIM_DKIM_RESULT_H
#define DNSZONE_DKIM_DKIM_RESULT_H

/*
 * RFC 6376 6.1 has SUCCESS, PERMFAIL and TEMPFAIL.  Its PERMFAIL is one of these:
 *   permerror the signature cannot be tested: 6.1.1 (syntax, expiry, i= outside of d=) and 6.1.2
 *             (no key, a revoked one, one that is not for the signature);
 *   fail      the test of 6.1.3 failed: the body's hash or the signature is wrong;
 *   policy    the signature is not acceptable even if it is valid: rsa-sha1 and keys under 1024
 *             bits (RFC 8301 3.1, 3.2), keys over our own limit, text that l= does not cover;
 *   neutral   it was not tested because of a limit of ours.
 */
enum dkim_result {
	DKIM_NONE, /* the message has no signature; never in a report */
	DKIM_PASS,
	DKIM_FAIL,
	DKIM_POLICY,
	DKIM_NEUTRAL,
	DKIM_TEMPERROR,
	DKIM_PERMERROR,
};
#define DKIM_RESULT_COUNT 7

/* "none", "pass" ... as RFC 8601 2.7.1 writes them. */
const char *dkim_result_name(enum dkim_result result);

#endif
