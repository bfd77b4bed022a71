/* core/mta/engine/owned_remote.h: settings of servers that are ours, and edits of them. */
#ifndef CORE_MTA_ENGINE_OWNED_REMOTE_H
#define CORE_MTA_ENGINE_OWNED_REMOTE_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/mta/plan/remote.h"
#include "core/mta/plan/step.h"
#include "core/store/store.h"

/* A setting that we made, as it was right after the push; borrowed until the callback returns. */
struct owned_setting {
	const char *name;
	struct digest value; /* what we set; its text is a blob unless it is a secret */
	bool is_secret;
	struct row_server server;
};

/* All of them by server and name, or the one of that server (none: nothing is called). */
int owned_each_setting(struct store *target,
                       int (*each)(void *arg, const struct owned_setting *setting,
                                   struct err *err),
                       void *arg, struct err *err) must_check;
int owned_with_setting(struct store *target, const char *url, const char *name,
                       int (*each)(void *arg, const struct owned_setting *setting,
                                   struct err *err),
                       void *arg, struct err *err) must_check;
/* Its present value, from the server, within remote_type.limit_ns.  Fails: no answer. */
int owned_ask_setting(struct ctx *ctx, const struct owned_setting *setting,
                      struct remote_value *ret_value, struct err *err) must_check;
/* Others set the wanted value: that counts as ours. */
int owned_accept_setting(struct store *target, const char *url, const char *name,
                         const struct remote_value *value, struct err *err) must_check;

#endif
