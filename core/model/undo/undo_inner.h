/* core/model/undo/undo_inner.h: shared by the files of undo; no other file includes it. */
#ifndef CORE_MODEL_UNDO_UNDO_INNER_H
#define CORE_MODEL_UNDO_UNDO_INNER_H

#include <stddef.h>

#include "core/base/names.h"
#include "core/model/undo/undo.h"
#include "core/store/change.h"

struct undo {
	struct store *store;
	struct ctx *ctx;
	int64_t id; /* the change that is undone */
	bool is_forced;
	void (*touched)(void *arg, const char *domain);
	void *arg;
	struct change_item *item; /* of that change; the texts are owned */
	size_t count, room;
	size_t unchanged;      /* items that were as before already */
	size_t follows;        /* items that follow from others */
	struct names warnings; /* printed at the end */
};

/* The subject of `item`, for sentences: "dns.ttl of example.com".  Caller frees. */
char *undo_subject(const struct change_item *item) must_check;
/* Compares the present value with the result of the change.  1: must be undone; 0: it already has
 * its old value; ERR_FAILED: it was changed again, the sentence names that change. */
int undo_compare(struct undo *undo, const struct change_item *item, const char *present,
                 struct err *err) must_check;
/* The same if there is no value to compare: 1 if forced. */
int undo_conflict(struct undo *undo, const struct change_item *item,
                  struct err *err) must_check;
void undo_warn(struct undo *undo, const char *fmt, ...) printf_like(2, 3);
/* An item of the same change, NULL: none.  `domain` and `field` NULL: any. */
const struct change_item *undo_find(const struct undo *undo, const char *object,
                                    const char *domain, const char *field) must_check;
/* Whether the change removed that domain. */
bool undo_has_removed(const struct undo *undo, const char *domain) must_check;

/* undo_domain.c */
int undo_domain(struct undo *undo, const struct change_item *item,
                struct err *err) must_check;
int undo_rename(struct undo *undo, const struct change_item *item,
                struct err *err) must_check;
int undo_suspension(struct undo *undo, const struct change_item *item,
                    struct err *err) must_check;
int undo_alias(struct undo *undo, const struct change_item *item,
               struct err *err) must_check;
int undo_sign(struct undo *undo, const struct change_item *item,
              struct err *err) must_check;
int undo_key(struct undo *undo, const struct change_item *item,
             struct err *err) must_check;
/* undo_record.c */
int undo_record(struct undo *undo, const struct change_item *item,
                struct err *err) must_check;
int undo_template(struct undo *undo, const struct change_item *item,
                  struct err *err) must_check;
int undo_applied(struct undo *undo, const struct change_item *item,
                 struct err *err) must_check;
int undo_applied_all(struct undo *undo, const struct change_item *item,
                     struct err *err) must_check;

#endif
