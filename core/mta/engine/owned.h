/* core/mta/engine/owned.h: the objects on this host that are ours, and their state before (table
 * owned). */
#ifndef CORE_MTA_ENGINE_OWNED_H
#define CORE_MTA_ENGINE_OWNED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/step.h"
#include "core/store/store.h"

/* One row; texts are borrowed. */
struct owned_row {
	const char *name; /* a path, a setting's name */
	bool has_value, has_base;
	struct digest value; /* the content that we wrote */
	struct digest base;  /* the content before our first push; its text is a blob */
	struct file_meta base_meta;
	bool is_secret;
	struct row_server server; /* settings */
	int64_t base_key; /* settings: the private key that was set; 0: none, or unknown */
};

/* Records what the push `push_id` created, replaced and removed, as each kind of step does.  In the
 * caller's transaction.  `run` has context and target. */
int owned_update(const struct step_run *run, int64_t push_id, struct err *err) must_check;
/* Nothing is ours any more. */
int owned_forget(struct store *target, struct err *err) must_check;

/* Adds steps that remove all objects of ours that the plan does not contain already; their content
 * before our first push is restored.  An edited file is left with a note, unless run->force. */
int owned_plan_removal(const struct step_run *run, struct plan *plan,
                       struct err *err) must_check;

/* The objects of ours that belong to a domain, and the content of one file.  `target` NULL: none.
 */
int owned_has_domain(struct store *target, const char *domain, bool *ret_has,
                     struct err *err) must_check;
/* The domains, sorted. */
int owned_each_domain(struct store *target,
                      int (*each)(void *arg, const char *domain, struct err *err),
                      void *arg, struct err *err) must_check;
/* The paths of files that belong to the domain only, sorted. */
int owned_each_path(struct store *target, const char *domain,
                    int (*each)(void *arg, const char *path, struct err *err), void *arg,
                    struct err *err) must_check;
int owned_has_path(struct store *target, const char *path, bool *ret_has,
                   struct err *err) must_check;
/* Appends the content that the last push wrote to the file to `into`; at most `limit` octets of it
 * (0: all). 1: known, 0: not. */
int owned_content(struct store *target, const char *path, int64_t limit, struct buf *into,
                  struct err *err) must_check;

#endif
