/* core/mta/provider/opendkim_validate.h: checks of what OpenDKIM will read, before anything is saved. */
#ifndef CORE_MTA_PROVIDER_OPENDKIM_VALIDATE_H
#define CORE_MTA_PROVIDER_OPENDKIM_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/mta/check/validate.h"
#include "core/mta/provider/opendkim.h"

struct opendkim_check {
	const struct validation *v;
	const struct opendkim_observed *observed;
	const char *queue_dir; /* of the mail server: where relative sockets are */
};

/* Checks the filter's tables, files and rights, and runs the filter's own check
 * (opendkim_validate.c). */
int opendkim_validate(const struct opendkim_check *c, struct err *err) must_check;
/* Whether OpenDKIM is here and our configuration will be in force. */
bool opendkim_is_in_use(const struct opendkim_check *c) must_check;
/* "unix:/path" or "inet:port@host" where OpenDKIM will listen; NULL: unknown.  Caller frees. */
char *opendkim_socket(const struct opendkim_check *c) must_check;

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
