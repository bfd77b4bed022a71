/*
 * core/mta/engine/target.h: target.db, the state of this host: the host's row and contents.  Steps
 * are in journal.h, our objects in owned.h.  Only the holder of the target lock writes.
 */
#ifndef CORE_MTA_ENGINE_TARGET_H
#define CORE_MTA_ENGINE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/step.h"
#include "core/store/change.h"
#include "core/store/store.h"

#define TARGET_FOLDER "/var/lib/mailauthctl"
#define STORE_UUID_LEN 16

/* Opens for a quick read (store.h), without the target lock.  If it does not exist, *ret_target is
 * NULL. */
int target_glance(struct ctx *ctx, struct store **ret_target, struct err *err) must_check;

/* Opens <root>/var/lib/mailauthctl/target.db.  If it does not exist: created with `create`, else
 * *ret_target is NULL and this is not a failure. */
int target_open(struct ctx *ctx, bool create, bool is_write, struct store **ret_target,
                struct err *err) must_check;

struct target_row {    /* table target */
	bool is_there; /* false: nothing was pushed to this host yet */
	uint8_t store_uuid[STORE_UUID_LEN];
	char *backend;
	char *hostname; /* NULL: none */
	struct generation gen;
	bool is_same_version; /* this version pushed last; only set by target_read() */
	struct digest inputs;
	bool is_paused; /* after a rollback: no push until one is requested */
	int64_t pushed_at;
};
void target_row_done(struct target_row *row);
/* `target` may be NULL: none. */
int target_read(struct store *target, struct target_row *ret_row,
                struct err *err) must_check;
int target_write(struct store *target, const struct target_row *row,
                 struct err *err) must_check;
/* The host follows no store any more. */
int target_forget(struct store *target, struct err *err) must_check;

/* Appends a file content, by its digest, to `into`. */
int target_blob(struct store *target, const struct digest *digest, struct buf *into,
                struct err *err) must_check;
int target_put_blob(struct store *target, const struct digest *digest,
                    const struct buf *octets, struct err *err) must_check;

/* Mode, uid and gid from three columns, the first of which is given: FILE_KEEP_* for NULL. */
struct file_meta target_meta(struct stmt *stmt, int column) must_check;

#endif
