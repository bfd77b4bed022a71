/*
 * core/mta/mailenable/mailenable_files.h: a report for each domain, below mta.directory.path, and what a
 * copy of the server's configuration says beside them.
 */
#ifndef CORE_MTA_MAILENABLE_MAILENABLE_FILES_H
#define CORE_MTA_MAILENABLE_MAILENABLE_FILES_H

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/mailenable/mailenable_report.h"
#include "core/mta/plan/desired.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* Below mta.directory.path; one file "<domain>.txt" for each name. */
#define MAILENABLE_FOLDER "mailenable"

/* The folder mta.mailenable.config-dir as it is.  *ret_observed NULL: it is not set.  A folder that cannot
 * be read is not a failure: the plan says it. */
int mailenable_observe(struct ctx *ctx, struct store *store, void **ret_observed,
                       struct err *err) must_check;
void mailenable_observed_free(void *observed); /* accepts NULL */

/* The reports of all names that changed; those of names that left are removed.  `is_wanted` false: all
 * are. */
int mailenable_plan_reports(const struct desired *desired, bool is_wanted,
                            enum mailenable_edition edition, struct plan *plan,
                            struct err *err) must_check;
/* Notes of the plan: how the copy differs from what is desired.  `observed` NULL: none. */
int mailenable_compare(const struct desired *desired, const void *observed,
                       struct plan *plan, struct err *err) must_check;

#endif
