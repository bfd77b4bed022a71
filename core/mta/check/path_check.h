/*
 * core/mta/check/path_check.h: whether a daemon will be able to use a path after a plan was carried
 * out: owner, group and mode of every folder on the way, present or planned.
 */
#ifndef CORE_MTA_CHECK_PATH_CHECK_H
#define CORE_MTA_CHECK_PATH_CHECK_H

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/host/account.h"
#include "core/mta/plan/plan.h"

enum { PATH_READ = 4, PATH_WRITE = 2, PATH_SEARCH = 1 };

struct path_check;
/* Both are borrowed; the plan is a pruned one. */
struct path_check *path_check_new(const struct ctx *ctx,
                                  const struct plan *plan) must_check;
void path_check_free(struct path_check *check);

/* Whether `who` may search every folder from `from` (an absolute folder; "/" or a chroot) down to
 * `path`, and has the rights `need` on it.  ERR_FAILED names the first path that is wrong, the
 * account and the chmod as the remedy.  Objects with an access list are not checked.  A path that
 * neither exists nor is planned: ERR_MISSING. */
int path_check_access(struct path_check *check, const struct account *who,
                      const char *from, const char *path, unsigned need,
                      struct err *err) must_check;

/* The rule of OpenDKIM's RequireSafeKeys: only root and `who` can read the key and change it and
 * every folder above it. */
int path_check_key(struct path_check *check, const struct account *who, const char *path,
                   struct err *err) must_check;

#endif
