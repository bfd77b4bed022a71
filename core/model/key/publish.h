/*
 * core/model/key/publish.h: which records must be public before a key signs, inside an open change.
 *
 * Publication is recorded for each name: an alias or a renamed domain signs only once the record
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

/* Records for a published key (0: each of them) that its record under the domain's own name is
 * public, and marks as ready what waited for this: pending keys of a main domain become active, and
 * an active key that they replace retires. */
int publish_mark(struct store *store, const struct ctx *ctx, const struct domain *domain,
                 int64_t key_id, enum key_fact fact, struct err *err) must_check;

/* Marks as ready what meets dkim.activate according to what is recorded. */
int publish_refresh(struct store *store, const struct ctx *ctx,
                    const struct domain *domain, struct err *err) must_check;

/* Activates pending keys whose records are ready (domain: the main one, or an alias of it).  A key
 * that replaces an active one waits until it is ready under every name that signs with that. */
int publish_activate(struct store *store, const struct ctx *ctx,
                     const struct domain *domain, struct err *err) must_check;

/* Keys that must be seen in DNS under a name: signing is on, dkim.activate (or a zone that is
 * served elsewhere) requires it, and a pending or active key is not ready under that name.  At most
 * `limit`, those with the oldest query first.  Fast if no setting requires it. */
int publish_each_unseen(struct store *store, int64_t limit,
                        int (*each)(void *arg, const char *name, int64_t key_id,
                                    struct err *err),
                        void *arg, struct err *err) must_check;
/* Records for that order that it was queried now; a key that no longer exists is ignored.  Changes
 * neither the audit trail nor a zone. */
int publish_asked(struct store *store, const struct ctx *ctx, const char *name,
                  int64_t key_id, struct err *err) must_check;

/* Deletes the publication state of a key whose record is removed from the zones. */
int publish_forget(struct store *store, int64_t key_id, struct err *err) must_check;

/* What a name's signing waits for, as one sentence, or NULL: it signs, or DKIM is off.  Caller
 * frees. */
int publish_waits_for(struct store *store, const struct domain *domain, char **ret_text,
                      struct err *err) must_check;
/* The same, and its kind. */
enum publish_wait {
	PUBLISH_WAITS_NOT,
	PUBLISH_WAITS_SERVER, /* dkim.sign is off for the server */
	PUBLISH_WAITS_EXPORT,
	PUBLISH_WAITS_DNS,
};
int publish_wait_of(struct store *store, const struct domain *domain,
                    enum publish_wait *ret_wait, char **ret_text,
                    struct err *err) must_check;

/* Names whose signing waits: their key is pending, or active and not public under that name. */
struct publish_waiting {
	struct publish_waiting_row {
		char *name, *text; /* as publish_waits_for() */
		enum publish_wait wait;
	} * row; /* the first ones in the order of names */
	size_t count, room;
	int64_t total;
};
/* `limit`: the number of rows at most.  The caller calls publish_waiting_done() in any case. */
int publish_waiting_load(struct store *store, int64_t limit,
                         struct publish_waiting *waiting, struct err *err) must_check;
void publish_waiting_done(struct publish_waiting *waiting);

/* Under which names a key's record is public; times are Unix seconds, 0: not. */
struct publish_row {
	const char *name;
	int64_t exported, seen, said, ready;
};
int publish_each(struct store *store, int64_t key_id,
                 int (*each)(void *arg, const struct publish_row *row, struct err *err),
                 void *arg, struct err *err) must_check;

#endif
