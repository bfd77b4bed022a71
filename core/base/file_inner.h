/* core/base/file_inner.h: what file.c, file_stage.c and path.c share; nobody else includes it. */
#ifndef CORE_BASE_FILE_INNER_H
#define CORE_BASE_FILE_INNER_H

#include "core/base/file.h"

struct stat;

/* "<what> <path as the machine sees it>: <why>", with the next step where one is known.  `what`
 * is "cannot read" and the like.  ERR_FAILED. */
int file_fail(const struct ctx *ctx, struct err *err, int number, const char *what,
              const char *path);
/* The same, but ERR_MISSING where the cause is that there is nothing. */
int file_fail_missing(const struct ctx *ctx, struct err *err, int number,
                      const char *what, const char *path);

/* Opens (O_PATH) the folder that holds `path`; `*ret_name` is the last component, inside `path`.
 * Fails: not a plain path, no such folder.  `what` as above. */
int file_open_parent(const struct ctx *ctx, const char *path, const char *what,
                     int *ret_fd, const char **ret_name, struct err *err) must_check;

/* openat2(2) below a folder's descriptor; -1 and errno. */
int file_open_below(int dir_fd, const char *name, int flags, mode_t mode,
                    uint64_t resolve);

/* chown and chmod of an open file, where they are not KEEP; -1 and errno. */
int file_apply_meta(int fd, struct file_meta meta);

#endif
