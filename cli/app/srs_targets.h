/* cli/app/srs_targets.h: warnings before SRS is enabled. */
#ifndef CLI_APP_SRS_TARGETS_H
#define CLI_APP_SRS_TARGETS_H

#include <stdbool.h>

#include "cli/app/app.h"

/* The values that a command will set; NULL: unchanged. */
struct srs_change {
	const char *enabled, *domain, *hostname, *excluded; /* canonical texts */
};

/* If the change concerns SRS and SRS will be on: warns if bounces to the SRS domain cannot be
 * delivered (no MX, no address), if its mail does not pass SPF for this host, and about local
 * delivery that will show SRS addresses.  Queries DNS, for at most 5 s and not with --root, so call
 * it before any lock.  Unknown facts are ignored. */
void srs_targets_warn(struct app *app, const struct srs_change *change);

#endif
