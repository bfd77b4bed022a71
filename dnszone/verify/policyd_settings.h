/*
 * dnszone/verify/policyd_settings.h: the settings of mailauth-policyd, and their file (YAML, format
 * version 1).
 *
 * A push writes the file, and a program without a database reads it, so every key is checked: an
 * unknown or duplicate one, a wrong type or an invalid value is a fault with file, line and column.
 */
#ifndef DNSZONE_VERIFY_POLICYD_SETTINGS_H
#define DNSZONE_VERIFY_POLICYD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/macro.h"
#include "dnszone/spf/spf_check.h"

#define POLICYD_VERSION 1
#define POLICYD_SIZE_MAX (512 * 1024) /* of the file */
#define POLICYD_TIME_LIMIT 20         /* seconds, the default */
#define POLICYD_TIME_LIMIT_MAX 25     /* Postfix waits 30 s for an answer */
#define POLICYD_VOID_LIMIT 2          /* the default (RFC 7208 4.6.4) */

struct policyd_list {
	const char *const *text;
	size_t count;
};

struct policyd_settings { /* texts and lists are borrowed, or in the arena of the reader */
	unsigned version;     /* of the format */
	bool is_checked;      /* false: nothing is looked up, no header is added */
	const char *hostname; /* in Received-SPF, and %{r} */
	struct spf_settings
		spf; /* no text is NULL; is_plain and is_explained are false */
	/* Addresses and networks, as network_parse() accepts them. */
	struct policyd_list trusted_relays;
	/* "192.0.2.53", "[2001:db8::53]:5353", at most QUERY_SERVERS_MAX; none: the system's. */
	struct policyd_list nameservers;
	unsigned time_limit; /* seconds for a whole check, 1 to POLICYD_TIME_LIMIT_MAX */
	unsigned void_limit; /* void look-ups, 0 to 10 */
	bool is_one_from; /* as a mail filter: a message with several From fields is refused */
	/* As a mail filter: incoming mail is verified (DKIM, and SPF if is_checked), and the
	 * results are added; false: forged results are removed, nothing else. */
	bool verifies_dkim;
	bool checks_dmarc;  /* the DMARC verdict too; requires verifies_dkim */
	bool rejects_dmarc; /* it acts on p=reject; requires checks_dmarc */
	/* Senders that are never refused because of DMARC: addresses and networks, as for
	 * network_parse(), and domains (A-labels). */
	struct policyd_list dmarc_exceptions;
};

/* All defaults, except for the hostname; the version is POLICYD_VERSION. */
struct policyd_settings policyd_settings_default(const char *hostname) must_check;

/* Reads the octets of the file `name`; the settings are in `mem`. */
int policyd_settings_parse(const char *name, const void *octets, size_t len,
                           struct arena *mem, struct policyd_settings *ret_settings,
                           struct err *err) must_check;

/* The text of the file, defaults included, except for empty lists, and for what verifies DKIM and
 * DMARC: those are written only if they are on. */
void policyd_settings_render(const struct policyd_settings *settings, struct buf *into);

/* "no-record", "most-permissive". */
const char *spf_guess_scope_name(enum spf_guess_scope scope);

#endif
