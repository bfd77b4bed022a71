/* core/base/file_inner.h: shared by file.c, file_folder.c, file_stage.c and path.c; no other file
 * includes it. */
#ifndef CORE_BASE_FILE_INNER_H
#define CORE_BASE_FILE_INNER_H

#include "core/base/file.h"

struct stat;

/* "<what> <absolute path of the machine>: <why>", with the next step if one is known.  `what`
 * is "cannot read" and the like.  ERR_FAILED. */
int file_fail(const struct ctx *ctx, struct err *err, int number, const char *what,
              const char *path);
/* The same, but ERR_MISSING if the file does not exist. */
int file_fail_missing(const struct ctx *ctx, struct err *err, int number,
                      const char *what, const char *path);

/* Opens (O_PATH) the folder that contains `path`; `*ret_name` is the last component, inside `path`.
 * Fails: not a plain path, no such folder.  `what` as above. */
int file_open_parent(const struct ctx *ctx, const char *path, const char *what,
                     int *ret_fd, const char **ret_name, struct err *err) must_check;

/* openat2(2) below a folder's descriptor; -1 and errno. */
int file_open_below(int dir_fd, const char *name, int flags, mode_t mode,
                    uint64_t resolve);

/* chown and chmod of an open file, unless KEEP; -1 and errno. */
int file_apply_meta(int fd, struct file_meta meta);

#define FILE_IS_IMMUTABLE                                                             \
	_("it is immutable or append-only (lsattr shows the flags, \"chattr -i -a\" " \
	  "clears them)")
/* "cannot replace <path>: <why>".  ERR_FAILED. */
int file_refuse(const struct ctx *ctx, const char *path, const char *why,
                struct err *err);
/* -1 and errno. */
int file_write_all(int fd, const void *octets, size_t len);
/* Copies owner, extended attributes and then mode of the present file (-1: none) to a new one,
 * unless `meta` specifies others.  -1 and errno. */
int file_dress(int fd, int present, struct file_meta meta);
/* Whether two open files have the same extended attributes, access lists included. */
bool file_has_same_xattrs(int one, int other);

#endif
