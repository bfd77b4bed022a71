/* cli/app/spf_targets.h: what an SPF check will need of DNS: warnings, never a refusal. */
#ifndef CLI_APP_SPF_TARGETS_H
#define CLI_APP_SPF_TARGETS_H

#include "cli/app/app.h"

/* Looks up what spf.local-rules `rules` (checked text) name without macros, at most for 5 s, and
 * warns of what is not there: a rule whose target has gone never matches.  Nothing is asked under
 * --root. */
void spf_targets_warn(struct app *app, const char *rules);

/* For a server that begins to reject or defer mail by SPF: asks for the root's name servers, at most
 * for 5 s, and warns where no server answers, whatever the answer: every check will end in temperror.
 * Nothing is asked under --root. */
void spf_targets_warn_of_silence(struct app *app);

#endif
