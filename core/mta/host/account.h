/*
 * core/mta/host/account.h: who a daemon is once it has dropped its rights, and who else is in a group.
 * Of the machine through its name service; below a root from that root's passwd and group files.
 */
#ifndef CORE_MTA_HOST_ACCOUNT_H
#define CORE_MTA_HOST_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/ctx.h"

struct account {
	char *name; /* NULL: unknown */
	uid_t uid;
	gid_t *group; /* the primary one first */
	size_t groups, room;
};

/* False: there is no such account; *ret_account is empty then. */
bool account_read(const struct ctx *ctx, const char *name,
                  struct account *ret_account) must_check;
void account_done(struct account *account);
#define auto_account cleanup(account_done) struct account

bool account_is_in(const struct account *account, gid_t group) must_check;

/* The names of the machine's own passwd file (the root's), without asking a name service; the
 * caller's `each` gets those that people log in with: user ids from 1000 on, nobody left out. */
void account_each(const struct ctx *ctx,
                  void (*each)(void *arg, const char *name, const char *full_name),
                  void *arg);

/* A user besides root and `account` who has the group as primary one or as a member.  NULL: there
 * is none.  The caller frees. */
char *account_other_in(const struct ctx *ctx, const struct account *account,
                       gid_t group) must_check;

#endif
