/*
 * core/model/export/export.h: writes zones to files.
 *
 *   export lock (the caller)
 *   BEGIN, change_begin, export_prepare, change_end, COMMIT   renders, stages, keeps serials
 *   export_switch                                             renames, syncs, runs zone.reload
 *   BEGIN, change_begin, export_finish, change_end, COMMIT    records, marks keys as public
 *   export_result, export_free
 *
 * After an interruption, the next run completes it: a file that differs from its row in export_file
 * is compared again, and the name server is reloaded again.  For --dry-run: prepare with
 * is_dry_run, ROLLBACK, export_each, export_result, export_free.
 */
#ifndef CORE_MODEL_EXPORT_EXPORT_H
#define CORE_MODEL_EXPORT_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/names.h"
#include "core/model/record/records.h"
#include "core/model/setting/env.h"
#include "core/store/store.h"

struct export_request {
	const char *const
		*names;   /* A-labels: domains, or names that were removed or renamed */
	size_t count;     /* 0: all that have to be looked at */
	int64_t host_gen; /* push_host_generation() */
	const struct env *env; /* must be valid as long as the export */
	bool is_dry_run;       /* nothing is staged, no folder is made */
	bool is_asking; /* collect names whose zones must be queried first: export_take_unasked() */
};

struct export;

/* Applies what is due for keys (keyring_due), finds the zones that may differ, renders them, reads
 * them back and stages what must be written.  A zone that cannot be rendered is reported
 * (REPORT_ERROR) and not changed; the others are processed.  Fails as a whole: the folder is not
 * safe or not writable, a named domain is not in the store, the database fails, cancelled. */
int export_prepare(struct ctx *ctx, struct store *store,
                   const struct export_request *request, struct export **ret_export,
                   struct err *err) must_check;

/* Outside of transactions: syncs, renames, removes, writes zones.list, then runs zone.reload if
 * anything changed or a reload is owed (never under --root).  A failed reload is
 * recorded for export_result(); fails if the files could not be replaced. */
int export_switch(struct ctx *ctx, struct export *export, struct err *err) must_check;

/* Inside a second change: records the present files, the generation of the folder, and which keys'
 * records are public (publish_mark). */
int export_finish(struct ctx *ctx, struct store *store, struct export *export,
                  struct err *err) must_check;

/* 0, ERR_REPORTED (a zone failed; or zone.reload failed as it did before), or ERR_FAILED with the
 * output of a failed reload.  `is_repeated`: also if it is the same as before. */
int export_result(const struct export *export, bool is_repeated,
                  struct err *err) must_check;
/* Removes staged files that were not switched.  Accepts NULL. */
void export_free(struct export *export);
void export_freep(struct export **export);
#define auto_export cleanup(export_freep) struct export *

enum export_action {
	EXPORT_UNCHANGED, /* was examined, has the right content */
	EXPORT_WRITTEN,
	EXPORT_REMOVED,
	EXPORT_FAILED, /* was reported */
};
/* After export_prepare() with is_asking: the number of names with records that are exported for the
 * first time and whose zones were not queried (first_look.h).  If not 0, this export must not be
 * switched; query, and prepare another one. */
size_t export_count_unasked(const struct export *export);
/* Those names, moved to the caller, who frees them. */
struct names export_take_unasked(struct export *export) must_check;

/* What was done (or would be) for each zone that was examined, in the order of names. */
int export_each(const struct export *export,
                int (*each)(void *arg, const char *name, enum export_action action,
                            struct err *err),
                void *arg, struct err *err) must_check;

/* The zone's text as an export would write it: with its stored serial if the content is the
 * same, otherwise with the next.  Changes nothing.  `format` by zone_format_now(). */
int export_preview(const struct ctx *ctx, struct store *store, struct records *records,
                   const struct domain *domain, enum zone_format format, struct buf *out,
                   struct err *err) must_check;
/* Whether the program of zone.reload can be run: 0, or ERR_FAILED with its name.  Always 0 with
 * --root, or if `text` is empty. */
int export_check_reload(const struct ctx *ctx, const char *text,
                        struct err *err) must_check;
/* Whether the domain has a zone file even if its DKIM is off, because a zone may include it. */
int export_is_included(struct store *store, const struct domain *domain, bool *ret_is,
                       struct err *err) must_check;
/* zone.format. */
int zone_format_now(struct store *store, enum zone_format *ret_format,
                    struct err *err) must_check;

#endif
