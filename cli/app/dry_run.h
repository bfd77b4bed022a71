/* cli/app/dry_run.h: what --dry-run prints. */
#ifndef CLI_APP_DRY_RUN_H
#define CLI_APP_DRY_RUN_H

#include "cli/app/app.h"

/* Of a change and of an export; `arg` is the app (core/job/session.h, struct session_observer). */
int dry_run_show(void *arg, bool is_changed, struct push *push, struct err *err);
int dry_run_show_export(void *arg, const struct export *export, struct err *err);

#endif
