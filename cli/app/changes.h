/* cli/app/changes.h: the items of a change, and changes of files by others, as rows. */
#ifndef CLI_APP_CHANGES_H
#define CLI_APP_CHANGES_H

#include "cli/out/out.h"
#include "core/base/buf.h"
#include "core/mta/push/drift.h"
#include "core/store/change.h"
#include "core/store/store.h"

enum { CHANGES_COLUMNS = 6 };
extern const struct out_column changes_columns[CHANGES_COLUMNS];

/* Emits one row to `arg`, a struct out; for change_items(). */
int changes_emit(void *arg, const struct change_item *item, struct err *err);

/* Appends a change in a few words: "spf.mode: headers-only -> reject-fail", "3 domains". */
int changes_summary(struct store *store, const struct change_row *row, struct buf *out,
                    struct err *err) must_check;

/* Edits of our files by others, as a listing inside an object under "drift"; NULL: none. */
void changes_drifts(struct out *out, const struct drifts *drifts);

#endif
