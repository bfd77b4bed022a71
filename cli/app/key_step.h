/* cli/app/key_step.h: what happens to a key next, and when, as columns. */
#ifndef CLI_APP_KEY_STEP_H
#define CLI_APP_KEY_STEP_H

#include "cli/app/app.h"
#include "core/model/key/key.h"

/* The time of the next step (also of a rotation by dkim.rotate-after); the state that follows and
 * what it waits for ("export", "dns"), as words; the step in words for people. */
/* clang-format off */
#define KEY_STEP_COLUMNS                              \
	{ "due", N_("Due"), OUT_TIME, 0 },            \
	{ "next", NULL, OUT_TEXT, OUT_HIDE_TABLE },   \
	{ "waits_for", NULL, OUT_TEXT, OUT_HIDE_TABLE }, \
	{ "step", N_("Next"), OUT_TEXT, 0 }
/* clang-format on */

struct key_step {
	int64_t due;
	const char *next, *waits_for, *text;
};
/* Before the first column of a row is emitted, so that a failure leaves no row incomplete. */
int key_step_load(struct app *app, const struct key *key, struct key_step *ret_step,
                  struct err *err) must_check;
/* Emits these columns. */
void key_step_put(struct app *app, const struct key_step *step);

#endif
