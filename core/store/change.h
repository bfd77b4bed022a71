/*
 * core/store/change.h: the audit trail, and the clock of the store.
 *
 * A change is one row in `change` and one row in `change_item` for each thing that became
 * different, in the transaction of the change itself.  change.id is the generation that the `gen`
 * columns take: what has a higher one than an export or a push has seen is new to it.
 */
#ifndef CORE_STORE_CHANGE_H
#define CORE_STORE_CHANGE_H

#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/store/store.h"

/* Begins a change inside an open transaction: its row is there before anything else moves. */
int change_begin(struct store *store, const struct ctx *ctx, const char *command,
                 struct err *err) must_check;
/* One thing that became different; NULL: was not set, is not set any more.  `object`: setting,
 * domain, key, template, record, secret, change (what was taken back).  Secrets appear as a
 * fingerprint only. */
int change_note(struct store *store, const char *object, const char *domain,
                const char *field, const char *old, const char *new_value,
                struct err *err) must_check;
/* The same where `field` fits several things: `ref` says which, a record's id ("t1", "7"). */
int change_note_ref(struct store *store, const char *object, const char *domain,
                    const char *field, const char *ref, const char *old,
                    const char *new_value, struct err *err) must_check;
/* Whether anything was noted since change_begin(); without it the change's row is taken back, so
 * that "nothing to do" leaves no trace. */
int change_end(struct store *store, bool *ret_changed, struct err *err) must_check;

/* Refuses the open change where the account (ctx->uid) left CHANGE_HOURLY octets in the trail within
 * the hour before it, and takes its oldest changes out of the trail where all of them hold more
 * than CHANGE_KEPT: for an account that may not fill the disk. */
#define CHANGE_HOURLY ((int64_t)1 << 20)
#define CHANGE_KEPT ((int64_t)32 << 20)
int change_check_room(struct store *store, const struct ctx *ctx,
                      struct err *err) must_check;

/* The store's present generation: its last change (0, 0 for none). */
struct generation {
	int64_t id;
	int64_t token; /* random: (id, token) names a state even after a backup was put back */
};
int generation_now(struct store *store, struct generation *ret_gen,
                   struct err *err) must_check;
/* 1: the store knows this generation (or it is 0), 0: it does not, negative: failed. */
int generation_is_known(struct store *store, struct generation gen,
                        struct err *err) must_check;

struct change_row {
	int64_t id, at, uid, items;
	int64_t domains; /* how many names its items are about */
	const char *actor, *command;
};

/* What is asked of the trail; NULL and 0 where it does not matter. */
struct change_filter {
	const char *domain;   /* a name as it was then, A-labels */
	const char *setting;  /* a setting's key, at the server or at a domain */
	const char *actor;    /* login name */
	int64_t since, until; /* Unix seconds, both included */
	int64_t limit;        /* so many of the newest */
};
/* The changes that fit, newest first.  Rows borrow until the callback returns; it stops with
 * non-zero, which is given back. */
int change_each(struct store *store, const struct change_filter *filter,
                int (*each)(void *arg, const struct change_row *row, struct err *err),
                void *arg, struct err *err) must_check;
/* One change.  1: there is one, `each` was called; 0: there is none. */
int change_look(struct store *store, int64_t id,
                int (*each)(void *arg, const struct change_row *row, struct err *err),
                void *arg, struct err *err) must_check;

/* What became different in one change, in its order.  ERR_MISSING: there is no such change. */
struct change_item {
	const char *object, *domain, *field, *old, *new_value;
	const char *ref; /* NULL: `field` says it all */
};
int change_items(struct store *store, int64_t id,
                 int (*each)(void *arg, const struct change_item *item, struct err *err),
                 void *arg, struct err *err) must_check;

/* The newest change after `id` that touched the same thing as `item`.  1: there is one, 0: there is
 * none. */
int change_later(struct store *store, int64_t id, const struct change_item *item,
                 int64_t *ret_id, struct err *err) must_check;

#endif
