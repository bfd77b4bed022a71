/* cli/changes.h: what a change makes different, as rows: for `audit show` and dry runs. */
#ifndef CLI_CHANGES_H
#define CLI_CHANGES_H

#include "cli/out.h"
#include "core/store/change.h"

enum { CHANGES_COLUMNS = 5 };
extern const struct out_column changes_columns[CHANGES_COLUMNS];

/* Emits one row to the struct out that `arg` is; for change_items(). */
int changes_emit(void *arg, const struct change_item *item, struct err *err);

#endif
