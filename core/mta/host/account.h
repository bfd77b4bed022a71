/*
 * core/mta/host/account.h: the account of a daemon after it has dropped its rights, and the other
 * members of a group.  For the machine through its name service; below a root from that root's
 * passwd and group files.
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

/* False: there is no such account; *ret_account is then empty. */
bool account_read(const struct ctx *ctx, const char *name,
                  struct account *ret_account) must_check;
void account_done(struct account *account);
#define auto_account cleanup(account_done) struct account

bool account_is_in(const struct account *account, gid_t group) must_check;

/* Calls `each` for the accounts of people in the machine's own passwd file (below a root, in the
 * root's), without a name service: user ids from 1000 on, except that of nobody. */
void account_each(const struct ctx *ctx,
                  void (*each)(void *arg, const char *name, const char *full_name),
                  void *arg);

/* A user other than root and `account` who has the group as primary group or is a member.  NULL:
 * none.  The caller frees. */
char *account_other_in(const struct ctx *ctx, const struct account *account,
                       gid_t group) must_check;

#endif
