/*
 * core/mta/provider/opendkim_conf.h: reading opendkim.conf, and the one line of ours in it.
 *
 * OpenDKIM 2.11: the later of two values wins, also across Include, so ours is the last line.
 */
#ifndef CORE_MTA_PROVIDER_OPENDKIM_CONF_H
#define CORE_MTA_PROVIDER_OPENDKIM_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/host/spans.h"
#include "core/mta/plan/shared.h"

#define OPENDKIM_CONF "/etc/opendkim.conf"
#define OPENDKIM_OURS "/etc/mailauthctl/opendkim.conf"

struct opendkim_conf {
	struct opendkim_value {
		char *key, *value;
	} * row;
	size_t count, room;
	bool includes_ours;
};

#define OPENDKIM_CONF_INIT ((struct opendkim_conf){ 0 })
#define auto_opendkim_conf cleanup(opendkim_conf_done) struct opendkim_conf
void opendkim_conf_done(struct opendkim_conf *conf);

/* Adds the values of the text.  `include` (NULL: Include lines are skipped) is called for every
 * Include except that of our own file. */
int opendkim_conf_parse(struct opendkim_conf *conf, const char *text,
                        int (*include)(void *arg, const char *path, struct err *err),
                        void *arg, struct err *err) must_check;
/* Reads the file and what it includes, to five levels.  ERR_MISSING: the file is not there; one
 * that is included and absent is a failure, as it is for OpenDKIM. */
int opendkim_conf_read(const struct ctx *ctx, const char *path,
                       struct opendkim_conf *conf, struct err *err) must_check;
/* The value in force (keys in any case).  NULL: not set. */
const char *opendkim_conf_get(const struct opendkim_conf *conf,
                              const char *key) must_check;

/* Whether a daemon that runs with `before` must be restarted for `after`; changes for which a
 * reload (SIGUSR1) is sufficient do not count. */
bool opendkim_conf_needs_restart(const struct opendkim_conf *before,
                                 const struct opendkim_conf *after) must_check;
/* What of `text` is ours, settled. */
void opendkim_conf_ours(const char *text, size_t len, struct spans *into);
/* The text without our line; what opendkim_conf_with() gives is restored exactly. */
void opendkim_conf_without(const char *text, size_t len, struct buf *into);
/* The text with our Include line as its last one. */
void opendkim_conf_with(const char *text, size_t len, struct buf *into);

/* "local:/run/x.sock", "inet:8891@localhost" of OpenDKIM, or "unix:x.sock", "inet:host:8891" of
 * Postfix, as one comparable text: "unix:/path" or "inet:port@host".  `queue_dir` is prepended to
 * relative paths.  NULL: not understood.  Caller frees. */
char *opendkim_endpoint(const char *text, const char *queue_dir) must_check;

extern const struct shared_format opendkim_conf_format;

#endif
