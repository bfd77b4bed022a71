/*
 * dnszone/verify/auth_results.h: the Authentication-Results field (RFC 8601) of a message.  Pure.
 */
#ifndef DNSZONE_VERIFY_AUTH_RESULTS_H
#define DNSZONE_VERIFY_AUTH_RESULTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/macro.h"
#include "dnszone/verify/message_verify.h"

/* Room for the results of all signatures that a verifier reports. */
#define AUTH_RESULTS_SIZE ((size_t)64 * 1024)

struct auth_results {
	const char *authserv_id; /* a host name */
	const uint8_t *client;   /* 16 octets */
	const char
		*disposition; /* what becomes of the message: "none", "quarantine" ... */
	const char *folding;  /* between results: "\n\t"; " ": one line */
	const struct message_results *results;
};

/* The field's value into `out`: printable ASCII, and the folding.  Results of signatures that do
 * not fit are left out, valid ones last.  If SPF and DMARC do not fit (they need 3 kB at most), the
 * value has no results at all.  Returns the length. */
size_t auth_results_write(const struct auth_results *field, char *out, size_t room);

#endif
