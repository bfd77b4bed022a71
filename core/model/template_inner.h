/* core/model/template_inner.h: what the files of template.h share; nobody else includes it. */
#ifndef CORE_MODEL_TEMPLATE_INNER_H
#define CORE_MODEL_TEMPLATE_INNER_H

#include "core/model/template.h"

/* The revision that the open change may edit: a copy of the newest, made by its first edit. */
int template_open_revision(struct store *store, int64_t *ret_rev,
                           struct err *err) must_check;
/* Writes a row that has its uid. */
int template_put_row(struct store *store, int64_t rev, const struct template_row *row,
                     struct err *err) must_check;
/* Notes what became of the record of an owner and type. */
int template_note(struct store *store, const char *owner, const char *type,
                  const char *old, const char *new_value, struct err *err) must_check;
/* A number that no record had before: edits by domains refer to it. */
int template_next_uid(struct store *store, int64_t *ret_uid, struct err *err) must_check;

#endif
