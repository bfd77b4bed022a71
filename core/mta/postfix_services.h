/*
 * core/mta/postfix_services.h: which mail our filter will see, as main.cf and master.cf have it.
 * Pure.
 */
#ifndef CORE_MTA_POSTFIX_SERVICES_H
#define CORE_MTA_POSTFIX_SERVICES_H

#include <stddef.h>

#include "core/mta/plan.h"
#include "core/mta/postfix_main.h"
#include "core/mta/postfix_master.h"

/* Names of smtpd services that take mail back from a content filter and would run our milters a
 * second time.  *ret_names is an array of *ret_count borrowed names with a NULL behind them; the
 * caller frees the array. */
void services_reinjecting(const struct main_cf *main, const struct master_cf *master,
                          const char ***ret_names, size_t *ret_count);

/* A note for each service whose own overrides take its mail out of our reach, and for what is
 * known not to work together. */
void services_note(const struct main_cf *main, const struct master_cf *master,
                   struct plan *plan);

/* Where the SMTP server can be asked: "127.0.0.1:25" (the caller frees).  NULL: no place that can
 * be told from the configuration. */
char *services_smtp_endpoint(const struct main_cf *main,
                             const struct master_cf *master) must_check;

/* Every such place, that of port 25 first: smtpd and postscreen on inet, submission ports too, those
 * that begin with TLS left out.  *ret is an array of *ret_count texts in one piece of memory: the
 * caller frees the array. */
void services_smtp_endpoints(const struct main_cf *main, const struct master_cf *master,
                             char ***ret, size_t *ret_count);

#endif
