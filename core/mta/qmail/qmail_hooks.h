/*
 * core/mta/qmail/qmail_hooks.h: variables that an administrator gives qmail's programs: in tcp.smtp, in
 * run scripts, in control/filterargs.  They decide whether a filter is used, and override control files.
 */
#ifndef CORE_MTA_QMAIL_QMAIL_HOOKS_H
#define CORE_MTA_QMAIL_QMAIL_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/ctx.h"
#include "core/base/macro.h"

struct qmail_hook {
	char *name, *value; /* "QMAILQUEUE", "/var/qmail/bin/qmail-dkim" */
	char *path;         /* the file that sets it */
	unsigned line;
};

struct qmail_hooks {
	struct qmail_hook *at;
	size_t count, room;
};
#define QMAIL_HOOKS_INIT ((struct qmail_hooks){ 0 })
void qmail_hooks_done(struct qmail_hooks *hooks);

/* The assignments of the known variables in a text: "NAME=value", also within a line, in quotes or not;
 * lines that begin with # are comments.  Pure. */
void qmail_hooks_parse(const char *text, const char *path, struct qmail_hooks *hooks);
/* All files of the host. */
void qmail_hooks_read(struct ctx *ctx, const char *control, struct qmail_hooks *hooks);

/* The first one with that name whose value contains `part` (NULL: any); NULL: none. */
const struct qmail_hook *qmail_hook_find(const struct qmail_hooks *hooks,
                                         const char *name, const char *part) must_check;

#endif
