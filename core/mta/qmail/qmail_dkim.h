/* core/mta/qmail/qmail_dkim.h: DKIM signing by qmail-dkim: control/dkimkeys and the key files that it names. */
#ifndef CORE_MTA_QMAIL_QMAIL_DKIM_H
#define CORE_MTA_QMAIL_QMAIL_DKIM_H

#include "core/mta/plan/desired.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/shared.h"
#include "core/mta/qmail/qmail_observed.h"

#define CAUSE_QMAIL_DKIM "qmail: DKIM keys"
#define QMAIL_DKIMKEYS "dkimkeys"
#define QMAIL_DOMAINKEYS "domainkeys"

/* control/dkimkeys: a block of ours at the end.  The first line of a domain counts. */
extern const struct shared_format qmail_dkimkeys_format;

/* Key files below control/domainkeys, then the lines that name them; DESIRED NULL: all of ours goes. */
int qmail_dkim_plan(const struct desired *desired, const struct qmail_observed *observed,
                    struct plan *plan, struct err *err) must_check;

/* The line of a name that signs: "domain:keyfile:ENV=..", with one key or both (NULL: none).  Pure. */
void qmail_dkim_line(const char *name, const char *rsa, const char *ed25519,
                     struct buf *into);

/* mta_backend.key_selector and .check_rollback. */
char *qmail_dkim_key_selector(const char *path) must_check;
int qmail_dkim_check_rollback(struct store *store, const struct plan *plan,
                              int64_t push_id, struct err *err) must_check;

#endif
