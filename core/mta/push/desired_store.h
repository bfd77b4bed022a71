/* core/mta/push/desired_store.h: reads the desired state of a push from the database and target.db.
 */
#ifndef CORE_MTA_PUSH_DESIRED_STORE_H
#define CORE_MTA_PUSH_DESIRED_STORE_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/mta/plan/desired.h"
#include "core/store/store.h"

struct desired_source {
	struct store *store;
	struct store *target; /* NULL: nothing was pushed to this host yet */
};

/* The rows of a struct desired_source. */
extern const struct desired_rows desired_store_rows;

/* Reads the settings; names and keys are read on demand, so `source`, which is borrowed with its
 * databases, must outlive the result.  `kept_hostname` (NULL: none) replaces an unset mta.hostname.
 * `since`: the generation of the host; 0: everything is compared. */
int desired_read(struct desired_source *source, const char *kept_hostname, int64_t since,
                 struct desired *ret_desired, struct err *err) must_check;

#endif
