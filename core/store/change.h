/*
 * core/store/change.h: the audit trail, and the clock of the store.
 *
 * A change is one row in `change` and one row in `change_item` for each item that changed, in the
 * transaction of the change itself.  change.id is the generation in the `gen` columns: rows with a
 * higher one than the last export or push recorded are new to it.
 */
#ifndef CORE_STORE_CHANGE_H
#define CORE_STORE_CHANGE_H

#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/store/store.h"

/* Begins a change inside an open transaction: its row is inserted before all other rows. */
int change_begin(struct store *store, const struct ctx *ctx, const char *command,
                 struct err *err) must_check;
/* One item that changed; NULL: was not set, or is no longer set.  `object`: setting,
 * domain, key, template, record, secret, change (that was undone).  Secrets appear as a
 * fingerprint only. */
int change_note(struct store *store, const char *object, const char *domain,
                const char *field, const char *old, const char *new_value,
                struct err *err) must_check;
/* The same if `field` fits several items: `ref` is the id of a record ("t1", "7"). */
int change_note_ref(struct store *store, const char *object, const char *domain,
                    const char *field, const char *ref, const char *old,
                    const char *new_value, struct err *err) must_check;
/* Whether an item was recorded since change_begin(); if not, the row of the change is removed, so
 * that a command with nothing to do adds no entry. */
int change_end(struct store *store, bool *ret_changed, struct err *err) must_check;

/* Refuses the open change if the account (ctx->uid) added CHANGE_HOURLY octets to the trail within
 * the hour before it, and removes its oldest changes from the trail if all of them exceed
 * CHANGE_KEPT: for accounts that must not fill the disk. */
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
/* 1: the store contains this generation (or it is 0), 0: it does not, negative: failed. */
int generation_is_known(struct store *store, struct generation gen,
                        struct err *err) must_check;

struct change_row {
	int64_t id, at, uid, items;
	int64_t domains; /* how many names its items are about */
	const char *actor, *command;
};

/* Which changes to list; NULL and 0: any. */
struct change_filter {
	const char *domain;   /* a name as it was then, A-labels */
	const char *setting;  /* a setting's key, at the server or at a domain */
	const char *actor;    /* login name */
	int64_t since, until; /* Unix seconds, both included */
	int64_t limit;        /* number of the newest */
};
/* The matching changes, newest first.  Rows are borrowed until the callback returns; if that
 * returns non-zero, the loop ends and returns this value. */
int change_each(struct store *store, const struct change_filter *filter,
                int (*each)(void *arg, const struct change_row *row, struct err *err),
                void *arg, struct err *err) must_check;
/* One change.  1: there is one, `each` was called; 0: there is none. */
int change_look(struct store *store, int64_t id,
                int (*each)(void *arg, const struct change_row *row, struct err *err),
                void *arg, struct err *err) must_check;

/* The items of one change, in their order.  ERR_MISSING: there is no such change. */
struct change_item {
	const char *object, *domain, *field, *old, *new_value;
	const char *ref; /* NULL: `field` is sufficient */
};
int change_items(struct store *store, int64_t id,
                 int (*each)(void *arg, const struct change_item *item, struct err *err),
                 void *arg, struct err *err) must_check;

/* The newest change after `id` that changed the same item.  1: there is one, 0: there is
 * none. */
int change_later(struct store *store, int64_t id, const struct change_item *item,
                 int64_t *ret_id, struct err *err) must_check;

#endif
