/* cli/app/srs_targets.h: what to know before SRS is switched on. */
#ifndef CLI_APP_SRS_TARGETS_H
#define CLI_APP_SRS_TARGETS_H

#include <stdbool.h>

#include "cli/app/app.h"

/* What a command is about to set; NULL: stays as it is. */
struct srs_change {
	const char *enabled, *domain, *hostname, *excluded; /* canonical texts */
};

/* Where SRS will be on and the change is about it: warns when bounces to the SRS domain could not
 * come back (no MX, no address), when mail of it does not pass SPF for this host, and of local
 * delivery that will show SRS addresses.  Asks DNS, at most for 5 s and not under --root, so it is
 * to be called before any lock.  What cannot be known is passed over. */
void srs_targets_warn(struct app *app, const struct srs_change *change);

#endif
