/* cli/app/paste.h: records to copy to a name server elsewhere. */
#ifndef CLI_APP_PASTE_H
#define CLI_APP_PASTE_H

#include "cli/app/app.h"

/* Prints the DKIM records of the names, as lines of a zone or as rows.  No lock may be held: their
 * zones are queried. */
int paste_keys(struct app *app, const char *const *names, size_t count,
               struct err *err) must_check;

#endif
