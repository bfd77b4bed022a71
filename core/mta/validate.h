/*
 * core/mta/validate.h: what is known when a finished plan is checked before anything is saved, and
 * the checks that several parts share.
 */
#ifndef CORE_MTA_VALIDATE_H
#define CORE_MTA_VALIDATE_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/path_check.h"
#include "core/mta/plan.h"
#include "core/mta/postfix.h"
#include "core/mta/stage.h"

/* Each part has a function that takes it; all of it is borrowed. */
struct validation {
	struct ctx *ctx;
	const struct plan *plan; /* pruned: what is not in it stands already */
	const struct mta_seen *seen;
	struct path_check *paths;
	struct stage
		*stage; /* NULL under a root: no program is run, no account is judged */
};

/* The step for that file; NULL: it stays as it is. */
const struct step *validation_step(const struct validation *v,
                                   const char *path) must_check;
/* The file as it will stand, appended to `into`: 1 it is there, 0 it is not. */
int validation_read(const struct validation *v, const char *path, struct buf *into,
                    struct err *err) must_check;

/* Every key file that the plan's tables name holds the key that the store publishes for it
 * (key_check.c). */
int key_check_files(struct ctx *ctx, const struct plan *plan, struct err *err) must_check;

/* The filter's tables, files and rights, and what the filter says of them itself
 * (opendkim_validate.c). */
int opendkim_validate(const struct validation *v, struct err *err) must_check;
/* Whether OpenDKIM is here and our configuration will be in force. */
bool opendkim_is_in_use(const struct validation *v) must_check;
/* "unix:/path" or "inet:port@host" where OpenDKIM will listen; NULL: unknown.  Caller frees. */
char *opendkim_socket(const struct validation *v) must_check;

/* Each line "192.0.2.0/24", "!2001:db8::1", ...: canonical, as OpenDKIM must have it. */
int opendkim_check_hosts(const char *text, struct err *err) must_check;

/* A name that signs anew or with another key, and its key file. */
struct opendkim_line {
	const char *name, *selector, *path; /* not NUL-terminated */
	size_t name_len, selector_len, path_len;
};
/* Lines of the KeyTable `now` that `before` has not; both sorted by name.  `each` returning
 * non-zero stops, and that is returned. */
int opendkim_each_changed(const char *before, const char *now,
                          int (*each)(void *arg, const struct opendkim_line *line),
                          void *arg);

/* A probe message of each of a few changed names is signed by the filter's own test mode, with the
 * staged configuration "opendkim.conf" in the stage (opendkim_try.c). */
int opendkim_try(const struct validation *v, struct err *err) must_check;
/* What "opendkim -t" printed, judged.  NULL: it signed for `name` with `selector`.  Otherwise why
 * not; the caller frees. */
char *opendkim_judge(const char *printed, int exit_status, const char *name,
                     const char *selector) must_check;

#endif
