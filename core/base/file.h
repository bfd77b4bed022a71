/*
 * core/base/file.h: files and folders below the context's root.
 *
 * Every `path` is absolute inside the root.  It is opened with openat2(RESOLVE_IN_ROOT), so no
 * symbolic link leads out of the root.  New content never overwrites a file: it is staged next to
 * its target (O_EXCL, O_NOFOLLOW, no access for others), synced, and renamed over it.  Owner, mode
 * and extended attributes of a replaced file are kept unless others are specified.
 */
#ifndef CORE_BASE_FILE_H
#define CORE_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"

/* Unchanged value of mode, uid or gid in struct file_meta: keep the present value (a new file gets
 * 0600, root's own uid and gid of the process). */
#define FILE_KEEP_MODE ((mode_t)-1)
#define FILE_KEEP_UID ((uid_t)-1)
#define FILE_KEEP_GID ((gid_t)-1)
#define FILE_META_KEEP \
	((struct file_meta){ FILE_KEEP_MODE, FILE_KEEP_UID, FILE_KEEP_GID })

struct file_meta {
	mode_t mode; /* permission bits (07777) */
	uid_t uid;
	gid_t gid;
};

struct file_info {
	struct file_meta meta;
	enum { FILE_ABSENT, FILE_REGULAR, FILE_DIRECTORY, FILE_LINK, FILE_OTHER } kind;
	int64_t size;
	int64_t mtime_ns;
	uint64_t inode;
};

/* What is at `path`; absence is a result (FILE_ABSENT), not a failure.  `follow`: a link at the end
 * is followed (inside the root).  Fails: no permission, a component of the path is not a directory.
 */
int file_look(const struct ctx *ctx, const char *path, bool follow,
              struct file_info *ret_info, struct err *err) must_check;

/* The content, at most `limit` octets (more is a failure), appended to `into`.  Links inside the
 * root are followed.  ERR_MISSING: no such file.  ret_info may be NULL. */
int file_read(const struct ctx *ctx, const char *path, size_t limit, struct buf *into,
              struct file_info *ret_info, struct err *err) must_check;

/* The same, but absence is a result: 1: read; 0: no such file. */
int file_read_if_there(const struct ctx *ctx, const char *path, size_t limit,
                       struct buf *into, struct err *err) must_check;

/* The path with all links resolved, also in its parents; absolute inside the root.  ERR_MISSING: no
 * such file.  The caller frees. */
int file_real_path(const struct ctx *ctx, const char *path, char **ret_path,
                   struct err *err) must_check;

/* Refuses a path if an account other than root and the one that runs us may write to a parent
 * folder (sticky folders of root are permitted), as sshd(8) does for ~/.ssh.  Folders that do not
 * exist yet are accepted. */
int file_check_parents(const struct ctx *ctx, const char *path,
                       struct err *err) must_check;

/* Content next to its target, ready to be renamed over it. */
struct staged_file {
	char *path; /* the target */
	char *temp; /* the staged file, in the same folder: ".<name>.mailauthctl-<random>" */
};
void staged_file_done(struct staged_file *staged); /* frees; removes nothing */

/* Writes `octets` to a new file next to `path`, with `meta` (or the owner, mode and extended
 * attributes of the present file), and fsyncs it if `sync`.  Refuses a target that is a symbolic
 * link, not a regular file, bind-mounted or immutable.  On failure, no file remains. */
int file_stage(const struct ctx *ctx, const char *path, const void *octets, size_t len,
               struct file_meta meta, bool sync, struct staged_file *ret_staged,
               struct err *err) must_check;
/* Sets the modification time of a staged file to `seconds` ago: every process of Postfix waits at
 * its start until main.cf is two seconds old. */
int file_backdate(const struct ctx *ctx, const struct staged_file *staged,
                  unsigned seconds, struct err *err) must_check;
/* rename(2) of the staged file over its target.  The folder is not synced: see file_sync_dir. */
int file_switch(const struct ctx *ctx, const struct staged_file *staged,
                struct err *err) must_check;
/* Removes a staged file that is not needed.  Absence is not an error. */
void file_unstage(const struct ctx *ctx, const struct staged_file *staged);

/* An empty file (0600) next to `path`, open for writing (close-on-exec), for octets that are
 * written piece by piece; file_publish() syncs it, renames it and syncs the folder.  Both refuse a
 * target that exists.  For secrets, call file_check_parents() first. */
int file_stage_new(const struct ctx *ctx, const char *path,
                   struct staged_file *ret_staged, int *ret_fd,
                   struct err *err) must_check;
int file_publish(const struct ctx *ctx, const struct staged_file *staged, int fd,
                 struct err *err) must_check;

/* fsync(2) of the folder `path`. */
int file_sync_dir(const struct ctx *ctx, const char *path, struct err *err) must_check;
/* syncfs(2) of the file system that contains the folder `path`: for many staged files at once. */
int file_sync_all(const struct ctx *ctx, const char *path, struct err *err) must_check;

/* Stage, switch and sync in one: for a single file that no journal covers. */
int file_put(const struct ctx *ctx, const char *path, const void *octets, size_t len,
             struct file_meta meta, struct err *err) must_check;

/* unlink(2); absence is not an error.  The folder is not synced. */
int file_remove(const struct ctx *ctx, const char *path, struct err *err) must_check;
/* rename(2) inside the root, refusing to replace anything.  The folders are not synced. */
int file_move(const struct ctx *ctx, const char *from, const char *to,
              struct err *err) must_check;

/* Creates the folder `path` (mode 0700 and our own uid if `meta` has KEEP) and its parents (0755).
 * An existing one is not changed; `*ret_made` (may be NULL): whether it was created now. */
int file_make_dir(const struct ctx *ctx, const char *path, struct file_meta meta,
                  bool *ret_made, struct err *err) must_check;
/* rmdir(2); absence and "not empty" are not errors. */
int file_remove_dir(const struct ctx *ctx, const char *path, struct err *err) must_check;
/* Sets mode, uid and gid (those that are not KEEP) of a file or folder. */
int file_set_meta(const struct ctx *ctx, const char *path, struct file_meta meta,
                  struct err *err) must_check;

/* Calls `each` with every name in the folder except "." and ".."; stops when it returns non-zero,
 * and returns that value.  A folder that does not exist has no names. */
int file_list(const struct ctx *ctx, const char *path,
              int (*each)(void *arg, const char *name, struct err *err), void *arg,
              struct err *err) must_check;

/* Opens a descriptor (close-on-exec) below the root with openat2(RESOLVE_IN_ROOT); -1 and errno. */
int file_open_raw(const struct ctx *ctx, const char *path, int flags, mode_t mode);

/* The folder part of `path` ("/" for "/x").  Caller frees. */
char *path_parent(const char *path) must_check;
/* `a`/`b` with one slash between them.  Caller frees. */
char *path_join(const char *a, const char *b) must_check;
/* Absolute, no "." or ".." component, no empty component, no control character. */
bool path_is_plain(const char *path) must_check;

/* The id of a user or group, from the root's own /etc/passwd and /etc/group with --root, otherwise
 * from NSS.  False: unknown. */
bool file_user_id(const struct ctx *ctx, const char *name, uid_t *ret_uid,
                  gid_t *ret_gid) must_check;
bool file_group_id(const struct ctx *ctx, const char *name, gid_t *ret_gid) must_check;

#endif
