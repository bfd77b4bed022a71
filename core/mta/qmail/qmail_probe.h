/*
 * core/mta/qmail/qmail_probe.h: qmail's own programs, run on a pipe as qmail runs them, without a network
 * and without a message: whether qmail-smtpd can read its control files, and whether it obeys them.
 */
#ifndef CORE_MTA_QMAIL_QMAIL_PROBE_H
#define CORE_MTA_QMAIL_QMAIL_PROBE_H

#include "core/mta/plan/plan.h"
#include "core/mta/plan/probe_type.h"
#include "core/mta/qmail/qmail_observed.h"

/* qmail-smtpd greets a client and takes a sender; with an SPF mode from 2 on (0: not checked) it defers a
 * sender whose record cannot be looked up. */
extern const struct probe_type qmail_smtpd_probe;
void qmail_plan_smtpd_probe(const struct qmail_observed *observed, int mode,
                            unsigned when, struct plan *plan);

/* mailauth-policyd, as mailauth-qmail-queue runs it: a message with a forged result of the host `name` gets
 * one of its own instead.  NULL: a message gets a result. */
extern const struct probe_type qmail_verify_probe;
void qmail_plan_verify_probe(const struct qmail_observed *observed, const char *name,
                             unsigned when, struct plan *plan);

/* qmail-dkim, as the account that signs: a message of the domain gets a signature of it. */
extern const struct probe_type qmail_sign_probe;
void qmail_plan_sign_probe(const struct qmail_observed *observed, const char *domain,
                           unsigned when, struct plan *plan);

#endif
