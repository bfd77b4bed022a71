/*
 * core/mta/check/path_check.h: whether a daemon will be able to use a path once a plan is carried out:
 * owner, group and mode of every folder on the way, as they stand or as the plan will leave them.
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
 * `path`, and has the rights `need` on it.  ERR_FAILED names the first path that is wrong, who is
 * kept out and the chmod that would help.  What has an access list is not judged.  A path that does
 * not exist and is not planned: ERR_MISSING. */
int path_check_access(struct path_check *check, const struct account *who,
                      const char *from, const char *path, unsigned need,
                      struct err *err) must_check;

/* What RequireSafeKeys of OpenDKIM asks: the key and every folder above it can be read or changed
 * by nobody but root and `who`. */
int path_check_key(struct path_check *check, const struct account *who, const char *path,
                   struct err *err) must_check;

#endif
