/* core/mta/push/desired_store.h: reads the desired state of a push from the database and target.db.
 */
#ifndef CORE_MTA_PUSH_DESIRED_STORE_H
#define CORE_MTA_PUSH_DESIRED_STORE_H

#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/model/record/records.h"
#include "core/model/setting/env.h"
#include "core/mta/plan/desired.h"
#include "core/store/store.h"

struct desired_source {
	struct store *store;
	struct store *target; /* NULL: nothing was pushed to this host yet */
	struct ctx *ctx;      /* NULL: no records are asked for */
	const char *hostname; /* the server's own name; NULL: unknown */
	/* filled when the first records are asked for; freed by desired_source_done() */
	struct env *env;
	struct records *records;
};
void desired_source_done(struct desired_source *source);

/* The rows of a struct desired_source. */
extern const struct desired_rows desired_store_rows;

/* Reads the settings; names and keys are read on demand, so `source`, which is borrowed with its
 * databases, must outlive the result.  `kept_hostname` (NULL: none) replaces an unset mta.hostname.
 * `since`: the generation of the host; 0: everything is compared. */
int desired_read(struct desired_source *source, const char *kept_hostname, int64_t since,
                 struct desired *ret_desired, struct err *err) must_check;

#endif
