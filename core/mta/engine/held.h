/* core/mta/engine/held.h: what on this host is ours, and what stood there before (table held). */
#ifndef CORE_MTA_ENGINE_HELD_H
#define CORE_MTA_ENGINE_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* Takes over what the push `push_id` made, replaced and removed, and what its files look like now.
 * In the caller's transaction. */
int held_update(struct ctx *ctx, struct store *target, int64_t push_id,
                struct err *err) must_check;
/* What is ours though no push of this table wrote it, before held_update(): nothing of another's stood
 * there, and folders around it are ours as far as the beginnings `claimed` of the plan go. */
int held_claim(struct ctx *ctx, struct store *target, const struct plan *plan,
               struct err *err) must_check;
/* Nothing is ours any more. */
int held_forget(struct store *target, struct err *err) must_check;

/* Adds steps that take away every file and folder that is ours and that the plan does not treat
 * already; what stood there before our first push is put back.  A file that somebody edited since
 * is left with a note, unless `force`. */
int held_plan_removal(struct ctx *ctx, struct store *target, bool force,
                      struct plan *plan, struct err *err) must_check;

/* What of a domain is ours, and what one file holds.  `target` NULL: nothing. */
int held_has_domain(struct store *target, const char *domain, bool *ret_has,
                    struct err *err) must_check;
/* The domains, sorted. */
int held_each_domain(struct store *target,
                     int (*each)(void *arg, const char *domain, struct err *err),
                     void *arg, struct err *err) must_check;
/* The paths of files that serve the domain alone, sorted. */
int held_each_path(struct store *target, const char *domain,
                   int (*each)(void *arg, const char *path, struct err *err), void *arg,
                   struct err *err) must_check;
int held_has_file(struct store *target, const char *path, bool *ret_has,
                  struct err *err) must_check;
/* What the last push wrote to the file, appended to `into`; at most `limit` octets of it (0: all).  1: it
 * is known, 0: not. */
int held_content(struct store *target, const char *path, int64_t limit, struct buf *into,
                 struct err *err) must_check;

/* A file that we wrote, as it was right after the push; borrowed until the callback returns. */
struct held_file {
	const char *path;
	struct digest value; /* what we wrote; its text is a blob unless it is a secret */
	bool is_secret;
	struct file_meta meta; /* KEEP: was not asked for */
	const struct shared_format *shared;
	bool has_look; /* the next three are known */
	int64_t size, mtime_ns;
	uint64_t inode;
};
/* All of them by path, or the one at `path` (none: nothing is called). */
int held_each_file(struct store *target,
                   int (*each)(void *arg, const struct held_file *file, struct err *err),
                   void *arg, struct err *err) must_check;
/* Those that serve no single domain, and `limit` of the others, the first by path. */
int held_first_files(struct store *target, int64_t limit,
                     int (*each)(void *arg, const struct held_file *file,
                                 struct err *err),
                     void *arg, struct err *err) must_check;
int held_with_file(struct store *target, const char *path,
                   int (*each)(void *arg, const struct held_file *file, struct err *err),
                   void *arg, struct err *err) must_check;
/* Somebody wrote what we would have written, or took away what we would have: that counts as ours. */
int held_accept(struct ctx *ctx, struct store *target, const char *path,
                struct err *err) must_check;

#endif
