/*
 * core/job/config_import.h: a configuration document (core/model/config/config.h) becomes the store.
 *
 * A trial, rolled back, finds out which keys are needed once everything else is as it will be; they are
 * made without a lock; then one change applies the document, is pushed, and is exported.  Where very
 * many domains need keys, these follow in batches (core/job/enable_dkim.h).
 */
#ifndef CORE_JOB_CONFIG_IMPORT_H
#define CORE_JOB_CONFIG_IMPORT_H

#include "core/job/enable_dkim.h"
#include "core/job/session.h"
#include "core/model/config/config.h"

/* A domain whose DKIM is switched on. */
struct config_import_item {
	char *name;
	struct key_pair pair[2]; /* not stored yet */
	size_t pairs, missing;   /* missing: keys that are made, or would be */
	bool is_later;           /* in a batch after the change */
};

struct config_import {
	struct config_import_item *item;
	size_t count, room;
	size_t keys;     /* that are made, or would be */
	bool is_changed; /* the document differed from the store */
	bool is_bulk;    /* `later` has the domains that need keys */
	struct enable_dkim later;
};
void config_import_done(struct config_import *import);

/* `is_pruning`: what the document lacks is removed, section by section.  All of it or nothing, but for
 * the batches: `import` tells how far they came.  A dry run shows the change and makes no keys. */
int config_import_run(struct session *session, const struct config *config,
                      bool is_pruning, struct config_import *import,
                      struct err *err) must_check;

/* What an import would change: calls `look` with the change (core/store/change.h) while it is open, and
 * takes it back. */
int config_import_try(struct session *session, const struct config *config,
                      bool is_pruning,
                      int (*look)(void *arg, int64_t change, struct err *err), void *arg,
                      struct err *err) must_check;

#endif
