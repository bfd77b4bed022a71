/* cli/changes.h: what a change makes different, and what somebody else changed, as rows. */
#ifndef CLI_CHANGES_H
#define CLI_CHANGES_H

#include "cli/out.h"
#include "core/mta/drift.h"
#include "core/store/change.h"

enum { CHANGES_COLUMNS = 5 };
extern const struct out_column changes_columns[CHANGES_COLUMNS];

/* Emits one row to the struct out that `arg` is; for change_items(). */
int changes_emit(void *arg, const struct change_item *item, struct err *err);

/* What somebody else did to files of ours, as a listing inside an object under "drift"; NULL: none. */
void changes_drifts(struct out *out, const struct drifts *drifts);

#endif
