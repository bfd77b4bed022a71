/* cli/spf_targets.h: whether what local rules name is there. */
#ifndef CLI_SPF_TARGETS_H
#define CLI_SPF_TARGETS_H

#include "cli/app.h"

/* Looks up what spf.local-rules `rules` (checked text) name without macros, at most for 5 s, and
 * warns of what is not there: a rule whose target has gone never matches.  Nothing is asked under
 * --root. */
void spf_targets_warn(struct app *app, const char *rules);

#endif
