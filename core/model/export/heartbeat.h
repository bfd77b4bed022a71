/*
 * core/model/export/heartbeat.h: when `zone export --all` was last completed.
 *
 * This is the mtime of "<database>.heartbeat", a file with mode 0600: empty after a run that
 * succeeded, with one line after a run that failed.  Not in the database, because a run of cron
 * that changes nothing must not write there.  Exports of single zones and dry runs do not change
 * it.
 */
#ifndef CORE_MODEL_EXPORT_HEARTBEAT_H
#define CORE_MODEL_EXPORT_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

#define HEARTBEAT_SUFFIX ".heartbeat"

/* Records the end of a run at `now` (Unix seconds).  store_open() has checked the folder.  A
 * failure (a full disk) is ignored: it does not affect the export. */
void heartbeat_mark(const char *db_path, int64_t now, bool is_failed);

/* Unix seconds of the last complete run, failed or not; 0: never, or no permission to look. */
int64_t heartbeat_last(const char *db_path);
/* Whether that run failed. */
bool heartbeat_is_failed(const char *db_path);

#endif
