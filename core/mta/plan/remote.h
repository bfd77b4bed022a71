/*
 * core/mta/plan/remote.h: a kind of server with an interface over a connection (HTTP, Redis), whose
 * settings are read and written one by one.
 *
 * Such a server has neither a transaction nor a file that is kept next to another: the journal
 * contains the old and the new value of each setting.  Of a secret it contains digests and key ids;
 * the old value of a key is read from the database, that of another secret is kept in a file until
 * the push has ended.
 */
#ifndef CORE_MTA_PLAN_REMOTE_H
#define CORE_MTA_PLAN_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/secret.h"

/* The address of one server; both go into the journal, so that a recovery finds it before a
 * database is open. */
struct remote_server {
	const char *url;
	const char *
		credentials; /* path of a file inside the root; NULL: none are required */
};

/* The value of a setting. */
struct remote_value {
	bool is_set; /* false: the server has no such setting */
	struct secret text;
};

struct remote_type {
	const char *name; /* in the journal: "redis" */
	int64_t limit_ns; /* how long one call may take */
	/* Both fail if the server does not answer by `deadline` (monotonic nanoseconds), or
	 * refuses; a set() that failed may have been carried out. */
	int (*get)(struct ctx *ctx, const struct remote_server *server, const char *name,
	           int64_t deadline, struct remote_value *ret_value, struct err *err);
	/* `value` not set: the setting is removed; if it does not exist, this is not a failure. */
	int (*set)(struct ctx *ctx, const struct remote_server *server, const char *name,
	           int64_t deadline, const struct remote_value *value, struct err *err);
};

/* All there are (core/mta/push/remotes.c); ends with NULL. */
extern const struct remote_type *const remote_types[];

#endif
