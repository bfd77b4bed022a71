/*
 * core/mta/postfix/postfix_restrict.h: the position of an item in smtpd_recipient_restrictions, and
 * whether a list of restrictions prevents strangers from relaying.  Pure.
 *
 * The item is a policy service that never answers OK: it can only refuse more, at any position.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_RESTRICT_H
#define CORE_MTA_POSTFIX_POSTFIX_RESTRICT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"
#include "core/mta/plan/plan.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"

#define RESTRICT_LIST "smtpd_recipient_restrictions"

/* All lists that smtpd evaluates, NULL at the end; restriction classes are separate. */
extern const char *const restrict_lists[];
#define RESTRICT_CLASSES "smtpd_restriction_classes"

/* Calls `each` for every policy service that a list asks, of main.cf (`service` NULL) and of each
 * smtpd service that has another one.  `endpoint`: "unix:private/x", without options. */
void restrict_each_policy(const struct main_cf *cf, const struct master_cf *master,
                          void (*each)(void *arg, const struct master_service *service,
                                       const char *list, const char *endpoint),
                          void *arg);

enum restrict_place {
	RESTRICT_REFUSED, /* no position is known to be safe; `why` is the reason */
	RESTRICT_PRESENT, /* the administrator's list queries the service already */
	RESTRICT_BEFORE,  /* before the item at `at` */
	RESTRICT_AFTER,   /* directly after the item that ends at `at` */
	RESTRICT_ALONE,   /* the list is unset or empty */
};

struct restrict_spot {
	enum restrict_place place;
	size_t at; /* octet of the text of main.cf */
	const char *
		front; /* restrictions that an empty list gets before ours; borrowed, or NULL */
	const char *why; /* REFUSED: one clause for people; borrowed */
};

/* The position for an item in RESTRICT_LIST of a main.cf without our part; `socket` identifies an
 * administrator's item that queries the same service. */
void restrict_find(const struct main_cf *cf, const char *socket,
                   struct restrict_spot *ret_spot);

/* Whether a message from a stranger to a foreign recipient is refused at the latest at the end of
 * this (expanded) list, classes of smtpd_restriction_classes followed. */
bool restrict_guards(const struct main_cf *cf, const char *list) must_check;

/* Whether a list of restrictions of the service itself ends in refusing: only mail of clients that
 * it names is accepted. */
bool restrict_is_closed(const struct main_cf *cf,
                        const struct master_service *service) must_check;
/* Whether a list of the service's own has the item. */
bool restrict_has(const struct main_cf *cf, const struct master_service *service,
                  const char *item) must_check;

/* A note for each smtpd service whose own -o disables the list of main.cf, and for restriction
 * classes in the list.  Services for this machine or for authenticated clients only are left out:
 * their mail is not to be checked. */
void restrict_note(const struct main_cf *cf, const struct master_cf *master,
                   const char *socket, struct plan *plan);

#endif
