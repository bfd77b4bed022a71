/*
 * core/mta/postfix/postfix_canonical.h: whether tables of SRS can be combined in main.cf with an
 * administrator's settings, which mail they affect, and whether a domain is accepted here.  Pure;
 * main.cf is passed without our part.
 *
 * Postfix rewrites the sender of all mail that enters (cleanup(8)), not only of forwarded mail.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_CANONICAL_H
#define CORE_MTA_POSTFIX_POSTFIX_CANONICAL_H

#include <stdbool.h>

#include "core/base/macro.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"

/* Why they cannot be combined, and the remedy; NULL: they can.  The caller frees. */
char *canonical_conflict(const struct main_cf *cf,
                         const struct master_cf *master) must_check;

/* A sentence for each service whose mail is not rewritten. */
void canonical_note_reach(const struct main_cf *cf, const struct master_cf *master,
                          void (*say)(void *arg, const char *sentence), void *arg);
/* A sentence for each way of local delivery that leaves the SRS address in Return-Path: all but
 * LMTP. */
void canonical_note_delivery(const struct main_cf *cf, const struct master_cf *master,
                             void (*say)(void *arg, const char *sentence), void *arg);

enum acceptance { ACCEPT_NO, ACCEPT_UNKNOWN, ACCEPT_YES };

/* How lists of domains are looked up outside their own text. */
struct acceptance_source {
	/* "type:table" asked for the domain. */
	enum acceptance (*look_up)(void *arg, const char *table, const char *domain);
	/* The text of a file of patterns; NULL: not readable.  The caller frees. */
	char *(*read)(void *arg, const char *path);
	void *arg;
};
/* Whether the expanded list has the domain; of the first item that matches, "!" means not. */
enum acceptance canonical_accepts(const char *list, const char *domain,
                                  const struct acceptance_source *source) must_check;

/* Calls `each` for every domain in the expanded list itself, or in a file of patterns that it
 * names; the entries of a table are not listed.  Host names of one label and names with "!" are
 * left out. */
void canonical_each_domain(const char *list, const struct acceptance_source *source,
                           void (*each)(void *arg, const char *domain), void *arg);

/* The parameters with the accepted domains. */
extern const char *const canonical_domain_lists[4];

#endif
