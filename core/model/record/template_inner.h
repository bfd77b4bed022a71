/* core/model/record/template_inner.h: shared by the files of template.h; no other file includes it.
 */
#ifndef CORE_MODEL_RECORD_TEMPLATE_INNER_H
#define CORE_MODEL_RECORD_TEMPLATE_INNER_H

#include "core/model/record/template.h"

/* The number of newest revisions that are kept, whether a domain uses them or not, and the number
 * of newest changes whose replaced revisions are kept. */
#define TEMPLATE_KEPT 20
#define TEMPLATE_KEPT_CHANGES 100

/* The records of a new database (db/schema.sql); a unit test compares them. */
extern const struct stored_record template_built_in[TEMPLATE_BUILT_IN];

/* The revision that the open change may edit: a copy of the newest, made by its first edit. */
int template_open_revision(struct store *store, int64_t *ret_rev,
                           struct err *err) must_check;
/* Writes a row that has its uid. */
int template_put_row(struct store *store, int64_t rev, const struct stored_record *row,
                     struct err *err) must_check;
/* Records the change of a record. */
int template_note(struct store *store, const struct stored_record *row, const char *old,
                  const char *new_value, struct err *err) must_check;
/* A number that was never used: edits by domains refer to it. */
int template_next_uid(struct store *store, int64_t *ret_uid, struct err *err) must_check;
/* Applies a revision to a domain, or to all, and records the previous one. */
int template_move_one(struct store *store, int64_t domain_id, int64_t rev,
                      struct err *err) must_check;
int template_move_all(struct store *store, int64_t rev, struct err *err) must_check;

#endif
