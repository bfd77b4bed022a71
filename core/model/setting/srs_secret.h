/*
 * core/model/setting/srs_secret.h: the secrets that sign SRS addresses; the only reader and writer
 * of the table `secret`.
 *
 * The newest one signs; the others verify addresses that they signed while bounces may still
 * arrive: a secret that stopped signing more than SRS_SECRET_KEPT_DAYS ago is deleted by the next
 * change of the secret.  Output and the audit trail contain fingerprints only.  The functions that
 * change something run inside an open change (core/store/change.h).
 */
#ifndef CORE_MODEL_SETTING_SRS_SECRET_H
#define CORE_MODEL_SETTING_SRS_SECRET_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/secret.h"
#include "core/store/store.h"

/* An SRS address is valid for 21 days, and a bounce may wait in a queue. */
#define SRS_SECRET_KEPT_DAYS 30
#define SRS_SECRET_MIN 16
#define SRS_SECRET_MAX 255

/* Generates a secret, which signs from now on. */
int srs_secret_make(struct store *store, const struct ctx *ctx,
                    struct err *err) must_check;
/* Generates the first secret, if srs.enabled is on. */
int srs_secret_ensure(struct store *store, const struct ctx *ctx,
                      struct err *err) must_check;
/* Sets a secret of the administrator, which signs from now on.  One line break at its end is
 * ignored.  ERR_USAGE: not 16 to 255 printable ASCII characters without blanks. */
int srs_secret_put(struct store *store, const struct ctx *ctx, const struct secret *text,
                   struct err *err) must_check;
/* Only that check. */
int srs_secret_check(const struct secret *text, struct err *err) must_check;
/* Deletes all of them.  ERR_FAILED while srs.enabled is on. */
int srs_secret_forget(struct store *store, struct err *err) must_check;

/* All secrets as the text of a file: one per line, the one that signs first; empty without a
 * secret.  `store` may be NULL. */
int srs_secret_lines(struct store *store, struct secret *ret_lines,
                     struct err *err) must_check;
/* The fingerprint of the secret that signs: "SHA256:" and 16 hexadecimal letters (the caller
 * frees).  NULL: there is none.  `store` may be NULL. */
int srs_secret_fingerprint(struct store *store, char **ret_text,
                           struct err *err) must_check;

#endif
