/*
 * core/model/key/publish.h: what must be public before what signs (semantics 1), inside an open change.
 *
 * Publication is known for each name: an alias or a renamed domain signs only when the record
 * under that very name is public.
 */
#ifndef CORE_MODEL_KEY_PUBLISH_H
#define CORE_MODEL_KEY_PUBLISH_H

#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/store/store.h"

enum key_fact { KEY_EXPORTED, KEY_SEEN, KEY_SAID };

/* Remembers for a published key (0: each of them) that its record under the domain's own name is
 * public,
 * and makes what waited for it ready: pending keys of a main domain become active, and an active
 * one that they replace retires. */
int publish_mark(struct store *store, const struct ctx *ctx, const struct domain *domain,
                 int64_t key_id, enum key_fact fact, struct err *err) must_check;

/* Makes ready what meets dkim.activate by what is known already. */
int publish_refresh(struct store *store, const struct ctx *ctx,
                    const struct domain *domain, struct err *err) must_check;

/* Keys that wait to be seen in DNS under a name: signing is on, dkim.activate (or a zone that is
 * served elsewhere) asks for it, and a pending or active key is not ready under that name.  At most
 * `limit`, those that were not asked for longest first.  Cheap where no setting asks for it. */
int publish_each_unseen(struct store *store, int64_t limit,
                        int (*each)(void *arg, const char *name, int64_t key_id,
                                    struct err *err),
                        void *arg, struct err *err) must_check;
/* Remembers that it was asked for now, for that order; a key that is gone is passed over.  Nothing that
 * the trail or a zone shows. */
int publish_asked(struct store *store, const struct ctx *ctx, const char *name,
                  int64_t key_id, struct err *err) must_check;

/* Names whose signing waits: their key is pending, or active and not public under that name.  The
 * first `limit` of them in the order of names, and how many there are. */
int publish_each_waiting(struct store *store, int64_t limit,
                         int (*each)(void *arg, const char *name, struct err *err),
                         void *arg, int64_t *ret_count, struct err *err) must_check;

/* Forgets what was known of a key: its record leaves the zones. */
int publish_forget(struct store *store, int64_t key_id, struct err *err) must_check;

/* What a name's signing waits for, as one sentence, or NULL: it signs, or DKIM is off.  Caller
 * frees. */
int publish_waits_for(struct store *store, const struct domain *domain, char **ret_text,
                      struct err *err) must_check;
/* The same, and what kind of thing it is. */
enum publish_wait {
	PUBLISH_WAITS_NOT,
	PUBLISH_WAITS_SERVER, /* dkim.sign is off for the server */
	PUBLISH_WAITS_EXPORT,
	PUBLISH_WAITS_DNS,
};
int publish_wait_of(struct store *store, const struct domain *domain,
                    enum publish_wait *ret_wait, char **ret_text,
                    struct err *err) must_check;

/* Under which names a key's record is public; times are Unix seconds, 0: not. */
struct publish_row {
	const char *name;
	int64_t exported, seen, said, ready;
};
int publish_each(struct store *store, int64_t key_id,
                 int (*each)(void *arg, const struct publish_row *row, struct err *err),
                 void *arg, struct err *err) must_check;

#endif
