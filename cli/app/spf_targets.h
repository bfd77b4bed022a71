/* cli/app/spf_targets.h: warnings about the DNS records that SPF checks will require; never a
 * refusal. */
#ifndef CLI_APP_SPF_TARGETS_H
#define CLI_APP_SPF_TARGETS_H

#include "cli/app/app.h"

/* Looks up the targets without macros of spf.local-rules `rules` (checked text), for at most 5 s,
 * and warns about missing ones: a rule without its target never matches.  Does nothing with --root.
 */
void spf_targets_warn(struct app *app, const char *rules);

/* For a server that starts to reject or defer mail by SPF: queries the name servers of the root
 * zone, for at most 5 s, and warns if no server answers: every check would end in temperror.  Does
 * nothing with --root. */
void spf_targets_warn_of_silence(struct app *app);

#endif
