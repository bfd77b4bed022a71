/*
 * core/mta/provider/opendmarc.h: OpenDMARC 1.4 (RFC 7489) as a component: our lines in its
 * configuration and the list of clients that it ignores.  The same functions render files for a
 * live host and for another host.  Pure.
 */
#ifndef CORE_MTA_PROVIDER_OPENDMARC_H
#define CORE_MTA_PROVIDER_OPENDMARC_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/mta/host/networks.h"
#include "core/mta/plan/desired.h"
#include "core/mta/plan/plan.h"

/* Causes: what a change of these makes due (plan_cause()). */
#define CAUSE_DMARC "opendmarc: configuration and lists"

/* What it does with a policy: records by RFC 9989 are read by the rules before it. */
#define OPENDMARC_RULES "OpenDMARC 1.4: RFC 7489"

#define OPENDMARC_FOLDER "/etc/mailauthctl/opendmarc"
#define OPENDMARC_IGNORE_HOSTS OPENDMARC_FOLDER "/ignore.hosts"
#define OPENDMARC_SUFFIX_LIST "/usr/share/publicsuffix/public_suffix_list.dat"

/* The lines that an administrator adds at the end of opendmarc.conf (directory.c). */
#define OPENDMARC_PART "/etc/mailauthctl/opendmarc.conf"

/* A longer authserv-id is cut before it is compared, and nothing is its own any more. */
#define OPENDMARC_ID_MAX 63
/* Whether the filters can trust each other by that name (NULL: unknown). */
int opendmarc_check_name(const char *authserv_id, struct err *err) must_check;

struct opendmarc_setup {
	const char *authserv_id; /* also of OpenDKIM's results */
	const char *socket; /* "local:/path"; NULL: the administrator's own is used */
	const char *suffix_list; /* NULL: the administrator's own is used */
	bool rejects;            /* p=reject is acted on */
};
/* The lines of ours in opendmarc.conf. */
void opendmarc_render(const struct opendmarc_setup *setup, struct buf *into);

/* Clients whose mail is not checked: loopback, `relayed`, mta.trusted-relays.  What is no network
 * becomes a note. */
void opendmarc_ignore_hosts(const struct desired *desired, char *const *relayed,
                            size_t relayed_count, struct networks *set,
                            struct plan *plan);

extern const struct service_kind opendmarc_service;

#endif
