/* cli/app/app_inner.h: what the files of app.h share; nobody else includes it. */
#ifndef CLI_APP_APP_INNER_H
#define CLI_APP_APP_INNER_H

#include "cli/app/app.h"

/* A message as ctx->report gets it; `arg` is the app. */
void app_report(void *arg, enum report_level level, const char *text);
/* Opens the store for reading; app->store stays NULL where there is none. */
int app_open_to_read(struct app *app, struct err *err) must_check;
/* Takes the lock "<database><suffix>", the folder made where it is absent.  A dry run without a
 * database takes none: *ret_lock stays NULL. */
int app_lock_beside_store(struct app *app, const char *suffix, const char *what,
                          struct lock **ret_lock, struct err *err) must_check;
/* Takes a message of push and export from a customer: it is for the administrator. */
bool app_keep_from_customer(const struct app *app, enum report_level level,
                            const char *text) must_check;
/* The result of push and export: for a customer a failure's words go to the system log, and
 * `sentence` (N_()) takes their place.  Gives the result back. */
int app_veil(struct app *app, int r, const char *sentence, struct err *err) must_check;
/* Inside of a change: what was said in it so far is not heard. */
void app_forget_messages(struct app *app);
/* After a change: messages are said when it was saved; otherwise only what explains the failure. */
void app_release_messages(struct app *app, bool is_saved);

#endif
