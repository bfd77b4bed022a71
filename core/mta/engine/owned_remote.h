/* core/mta/engine/owned_remote.h: settings of servers that are ours. */
#ifndef CORE_MTA_ENGINE_OWNED_REMOTE_H
#define CORE_MTA_ENGINE_OWNED_REMOTE_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/mta/plan/remote.h"
#include "core/mta/plan/step.h"
#include "core/store/store.h"

/* In SQL: the row of a setting, by its title, "URL NAME". */
#define OWNED_SETTING "object = 'remote:' || ?"

/* A setting that we set, as it was right after the push; borrowed until the next row. */
struct owned_setting {
	const char *title; /* "URL NAME" */
	const char *name;
	struct digest
		value; /* the value that we set; its text is a blob unless it is a secret */
	bool is_secret;
	struct row_server server;
};

/* All of them by server and name, for owned_next_setting(). */
int owned_settings(struct store *target, struct stmt **ret_settings,
                   struct err *err) must_check;
/* 1: *ret_setting is the next; 0: there is none. */
int owned_next_setting(struct stmt *settings, struct owned_setting *ret_setting,
                       struct err *err) must_check;
/* The one of that title: 1; 0: it is not ours.  It is valid until the caller frees *ret_settings. */
int owned_setting_at(struct store *target, const char *title, struct stmt **ret_settings,
                     struct owned_setting *ret_setting, struct err *err) must_check;
/* *ret_owns: whether it is ours; *ret_base: its value before our first push, not set if it had
 * none, or is a secret.  The caller wipes it.  `target` NULL: nothing is ours. */
int owned_setting_base(struct store *target, const char *url, const char *name,
                       bool *ret_owns, struct remote_value *ret_base,
                       struct err *err) must_check;
/* The present value of a setting: queries the server, for at most remote_type.limit_ns.  Fails: it
 * does not answer. */
int owned_read_setting(struct ctx *ctx, const struct row_server *server, const char *name,
                       struct remote_value *ret_value, struct err *err) must_check;
/* Others set the wanted value, or removed an unwanted setting: that counts as ours. */
int owned_accept_setting(struct store *target, const char *title,
                         const struct remote_value *value, struct err *err) must_check;

#endif
