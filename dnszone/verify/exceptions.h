/*
 * dnszone/verify/exceptions.h: senders whose mail is never refused because of DMARC (RFC 9989 7.4):
 * domains that a message proves, and networks of clients.  Pure.
 */
#ifndef DNSZONE_VERIFY_EXCEPTIONS_H
#define DNSZONE_VERIFY_EXCEPTIONS_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/base/network.h"
#include "dnszone/verify/message_verify.h"

/* Checks one: an address or network as network_parse() takes it, or a domain.  *ret_text: the domain in
 * A-labels, which the caller frees; unchanged for a network. */
int exception_check(const char *text, char **ret_text, struct err *err) must_check;

struct exceptions { /* parsed; zeroed: none */
	const struct network *network;
	size_t networks;
	const char *const *domain;
	size_t domains;
};

/* Of texts that exception_check() has accepted; borrows those of domains.  False: `mem` is full. */
bool exceptions_read(const char *const *text, size_t count, struct arena *mem,
                     struct exceptions *ret_exceptions) must_check;

/* The exception that keeps the message from being refused: a domain of the list, or EXCEPTION_CLIENT;
 * NULL: none does.  `client` NULL: not known. */
#define EXCEPTION_CLIENT "client"
const char *exceptions_find(const struct exceptions *exceptions,
                            const struct message_results *results,
                            const struct network *client) must_check;

#endif
