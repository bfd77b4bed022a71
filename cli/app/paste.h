/* cli/app/paste.h: records to copy to a name server elsewhere. */
#ifndef CLI_APP_PASTE_H
#define CLI_APP_PASTE_H

#include "cli/app/app.h"

/* Lists all records of the names with the host relative to the domain and the value, and in a table
 * long values again as quoted strings.  No lock may be held: their zones are queried. */
int paste_names(struct app *app, const char *const *names, size_t count,
                struct err *err) must_check;
/* The same for the DKIM records only. */
int paste_keys(struct app *app, const char *const *names, size_t count,
               struct err *err) must_check;
/* All records of one domain; nothing is queried. */
int paste_domain(struct app *app, const struct domain *domain,
                 struct err *err) must_check;

#endif
