/*
 * core/mta/postfix/postfix_macros.h: the macros of a message that Postfix sends to a filter: a
 * signer recognises an authenticated customer by {auth_type}, and OpenDMARC by {auth_authen}. Pure.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_MACROS_H
#define CORE_MTA_POSTFIX_POSTFIX_MACROS_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"

/* Names that our filters require and that the service's milter_mail_macros lacks, "{auth_type} i";
 * empty: none.  `service` NULL: those of main.cf. */
void macros_lacking(const struct main_cf *main, const struct master_service *service,
                    struct buf *into);

/* smtpd services that people log in to and whose own milter_mail_macros keeps that from the signer:
 * a sentence, and a command that adds it to the configuration in `config_dir`. */
void macros_each_fault(const struct main_cf *main, const struct master_cf *master,
                       const char *config_dir,
                       void (*each)(void *arg, const struct master_service *service,
                                    const char *sentence, const char *remedy),
                       void *arg);
/* A note for each of them. */
void macros_note(const struct main_cf *main, const struct master_cf *master,
                 const char *config_dir, struct plan *plan);

/* Fails if milter_macro_defaults makes all clients appear authenticated. */
int macros_check(const struct main_cf *main, const struct master_cf *master,
                 struct err *err) must_check;

/* The probes of filters in the plan are given what Postfix will send.  `hostname`: where main.cf
 * has no myhostname; may be NULL. */
void macros_for_probes(const struct main_cf *main, const char *hostname,
                       struct plan *plan);

#endif
