/* cli/app/paste.h: records that a person takes to a name server that is not ours. */
#ifndef CLI_APP_PASTE_H
#define CLI_APP_PASTE_H

#include "cli/app/app.h"

/* Prints the DKIM records of the names, as lines of a zone or as rows.  No lock may be held: their
 * zones are asked what they have. */
int paste_keys(struct app *app, const char *const *names, size_t count,
               struct err *err) must_check;

#endif
