/* core/base/file_inner.h: what file.c, file_folder.c, file_stage.c and path.c share; nobody else includes it. */
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

#define FILE_IS_IMMUTABLE                                     \
	_("it is immutable or append-only (lsattr shows it, " \
	  "\"chattr -i -a\" takes that away)")
/* "cannot replace <path>: <why>".  ERR_FAILED. */
int file_refuse(const struct ctx *ctx, const char *path, const char *why,
                struct err *err);
/* -1 and errno. */
int file_write_all(int fd, const void *octets, size_t len);
/* Makes a new file look like the present one (-1: none), as far as `meta` asks no other: owner,
 * extended attributes, then mode.  -1 and errno. */
int file_dress(int fd, int present, struct file_meta meta);
/* Whether two open files have the same extended attributes, access lists included. */
bool file_has_same_xattrs(int one, int other);

#endif
