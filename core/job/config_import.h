/*
 * core/job/config_import.h: applies a configuration document (core/model/config/config.h) to the
 * store.
 *
 * A trial, which is rolled back, determines the missing keys; they are generated without a lock;
 * then one change applies the document, and is pushed and exported.  If very many domains require
 * keys, these follow in batches (core/job/enable_dkim.h).
 */
#ifndef CORE_JOB_CONFIG_IMPORT_H
#define CORE_JOB_CONFIG_IMPORT_H

#include "core/job/enable_dkim.h"
#include "core/job/session.h"
#include "core/model/config/config.h"

/* A domain whose DKIM is enabled. */
struct config_import_item {
	char *name;
	struct key_pair pair[2]; /* not stored yet */
	size_t pairs;
	size_t missing; /* number of keys that are, or would be, generated */
	bool is_later;  /* in a batch after the change */
};

struct config_import {
	struct config_import_item *item;
	size_t count, room;
	size_t keys;     /* that are, or would be, generated */
	bool is_changed; /* the document differed from the store */
	bool is_bulk;    /* `later` lists the domains that still require keys */
	struct enable_dkim later;
};
void config_import_done(struct config_import *import);

/* `is_pruning`: what the document lacks is removed, section by section.  All or nothing, except for
 * the batches: `import` returns how many were completed.  A dry run displays the change and
 * generates no keys. */
int config_import_run(struct session *session, const struct config *config,
                      bool is_pruning, struct config_import *import,
                      struct err *err) must_check;

/* The changes that an import would make: calls `look` with the open change (core/store/change.h),
 * then rolls it back. */
int config_import_try(struct session *session, const struct config *config,
                      bool is_pruning,
                      int (*look)(void *arg, int64_t change, struct err *err), void *arg,
                      struct err *err) must_check;

#endif
