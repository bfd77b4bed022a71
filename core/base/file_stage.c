/*
 * New contents: staged next to their target, renamed, synced.
 *
 * A staged file is private (0600) until its content is complete; then it gets the owner, the
 * extended attributes and, last, the mode.  On any failure it is unlinked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file_inner.h"
#include "core/base/text.h"

#define TEMP_MARK ".mailauthctl-"
#define RANDOM_LEN 8 /* octets: 16 letters */
#define TEMP_EXTRA (1 + sizeof(TEMP_MARK) - 1 + 2 * RANDOM_LEN)
#define XATTR_ROOM 65536 /* XATTR_SIZE_MAX and XATTR_LIST_MAX of the kernel */
#define ACL_XATTR "system.posix_acl_access"

void staged_file_done(struct staged_file *staged)
{
	free(staged->path);
	free(staged->temp);
	*staged = (struct staged_file){ 0 };
}

int file_refuse(const struct ctx *ctx, const char *path, const char *why, struct err *err)
{
	return err_set(err, ERR_FAILED, _("cannot replace %s%s: %s"), ctx->root, path,
	               why);
}

/* The present file, readable, or -1 if there is none; refuses what a rename would break. */
static int open_present(const struct ctx *ctx, int parent, const char *name,
                        const char *path, int *ret_fd, struct err *err)
{
	const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV;
	struct stat st;
	int flags = 0;
	*ret_fd = -1;
	/* Looked up first: opening a device may have effects. */
	auto_close int found =
		file_open_below(parent, name, O_PATH | O_NOFOLLOW, 0, resolve);
	if (found < 0 && errno == ENOENT)
		return 0;
	if (found < 0 && errno == EXDEV)
		return file_refuse(ctx, path, _("it is a mount point"), err);
	if (found < 0 || fstat(found, &st) < 0)
		return file_fail(ctx, err, errno, _("cannot write"), path);
	if (S_ISLNK(st.st_mode))
		return file_refuse(ctx, path, _("it is a symbolic link"), err);
	if (!S_ISREG(st.st_mode))
		return file_refuse(ctx, path, _("it is not a regular file"), err);
	auto_close int fd = file_open_below(
		parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, resolve);
	if (fd < 0)
		return file_fail(ctx, err, errno, _("cannot write"), path);
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
	    (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
		return file_refuse(ctx, path, FILE_IS_IMMUTABLE, err);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* ".<name>.mailauthctl-<16 letters>", the name truncated so that NAME_MAX is not exceeded. */
static char *make_temp_name(const struct ctx *ctx, const char *name)
{
	uint8_t random[RANDOM_LEN];
	char letters[2 * RANDOM_LEN + 1];
	ctx_random(ctx, random, sizeof(random));
	for (size_t i = 0; i < RANDOM_LEN; i++)
		snprintf(letters + 2 * i, 3, "%02x", random[i]);
	size_t len = strnlen(name, NAME_MAX - TEMP_EXTRA);
	return xasprintf(".%.*s" TEMP_MARK "%s", (int)len, name, letters);
}

int file_write_all(int fd, const void *octets, size_t len)
{
	const char *at = octets;
	while (len > 0) {
		ssize_t done = write(fd, at, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

/* security.ima and security.evm describe the old content. */
static bool is_kept_xattr(const char *name, bool keeps_acl)
{
	if (strcmp(name, ACL_XATTR) == 0)
		return keeps_acl;
	if (strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0)
		return false;
	return text_starts(name, "user.") || text_starts(name, "security.");
}

static int copy_xattr(int from, int to, const char *name)
{
	auto_free char *value = xcalloc(1, XATTR_ROOM);
	ssize_t len = fgetxattr(from, name, value, XATTR_ROOM);
	if (len < 0)
		return errno == ENODATA || errno == ENOTSUP ? 0 : -1;
	if (fsetxattr(to, name, value, (size_t)len, 0) == 0 || errno == ENOTSUP)
		return 0;
	/* If the kernel gave the new file the same label, setting it is not necessary and may not
	 * be permitted. */
	int number = errno;
	auto_free char *present = xcalloc(1, XATTR_ROOM);
	ssize_t present_len = fgetxattr(to, name, present, XATTR_ROOM);
	if (present_len == len && memcmp(present, value, (size_t)len) == 0)
		return 0;
	errno = number;
	return -1;
}

static int copy_xattrs(int from, int to, bool keeps_acl)
{
	auto_free char *names = xcalloc(1, XATTR_ROOM);
	ssize_t len = flistxattr(from, names, XATTR_ROOM);
	if (len < 0)
		return errno == ENOTSUP ? 0 : -1;
	for (const char *name = names; name < names + len; name += strlen(name) + 1)
		if (is_kept_xattr(name, keeps_acl) && copy_xattr(from, to, name) < 0)
			return -1;
	return 0;
}

bool file_has_same_xattrs(int one, int other)
{
	auto_free char *names = NULL;
	auto_free char *values = NULL;
	ssize_t len = flistxattr(one, NULL, 0), other_len = flistxattr(other, NULL, 0);
	if (len <= 0 && other_len <= 0)
		return true;
	if (len != other_len)
		return false;
	names = xcalloc(2, XATTR_ROOM);
	values = xcalloc(2, XATTR_ROOM);
	if (flistxattr(one, names, XATTR_ROOM) != len ||
	    flistxattr(other, names + XATTR_ROOM, XATTR_ROOM) != len ||
	    memcmp(names, names + XATTR_ROOM, (size_t)len) != 0)
		return false;
	for (const char *name = names; name < names + len; name += strlen(name) + 1) {
		ssize_t size = fgetxattr(one, name, values, XATTR_ROOM);
		if (size < 0 ||
		    fgetxattr(other, name, values + XATTR_ROOM, XATTR_ROOM) != size ||
		    memcmp(values, values + XATTR_ROOM, (size_t)size) != 0)
			return false;
	}
	return true;
}

int file_dress(int fd, int present, struct file_meta meta)
{
	struct file_meta want = { 0600, FILE_KEEP_UID, FILE_KEEP_GID };
	struct stat st, fresh;
	if (fstat(fd, &fresh) < 0)
		return -1;
	if (present >= 0) {
		if (fstat(present, &st) < 0)
			return -1;
		want = (struct file_meta){ st.st_mode & 07777, st.st_uid, st.st_gid };
	}
	/* Without rights for the group an access list has no effect, so it is removed. */
	bool keeps_acl = meta.mode == FILE_KEEP_MODE || (meta.mode & S_IRWXG);
	want.mode = meta.mode == FILE_KEEP_MODE ? want.mode : meta.mode;
	want.uid = meta.uid == FILE_KEEP_UID ? want.uid : meta.uid;
	want.gid = meta.gid == FILE_KEEP_GID ? want.gid : meta.gid;
	/* The new file inherited the folder's default access list, which chmod would activate. */
	if (fremovexattr(fd, ACL_XATTR) < 0 && errno != ENODATA && errno != ENOTSUP)
		return -1;
	bool is_owned = (want.uid == FILE_KEEP_UID || want.uid == fresh.st_uid) &&
	                (want.gid == FILE_KEEP_GID || want.gid == fresh.st_gid);
	if (!is_owned && fchown(fd, want.uid, want.gid) < 0)
		return -1;
	if (present >= 0 && copy_xattrs(present, fd, keeps_acl) < 0)
		return -1;
	return fchmod(fd, want.mode & 07777);
}

/* Creates, fills and closes the staged file; on failure it is removed (-1 and errno). */
static int write_temp(int parent, const char *temp, int present, const void *octets,
                      size_t len, struct file_meta meta, bool sync)
{
	int fd = file_open_below(parent, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
	                         0600, RESOLVE_BENEATH);
	if (fd < 0)
		return -1;
	int number = 0;
	if (file_write_all(fd, octets, len) < 0 || file_dress(fd, present, meta) < 0 ||
	    (sync && fsync(fd) < 0))
		number = errno;
	if (close(fd) < 0 && number == 0 && errno != EINTR)
		number = errno;
	if (number == 0)
		return 0;
	unlinkat(parent, temp, 0);
	errno = number;
	return -1;
}

int file_stage(const struct ctx *ctx, const char *path, const void *octets, size_t len,
               struct file_meta meta, bool sync, struct staged_file *ret_staged,
               struct err *err)
{
	auto_close int parent = -1, present = -1;
	const char *name;
	int result = file_open_parent(ctx, path, _("cannot write"), &parent, &name, err);
	if (result == ERR_MISSING)
		err->code = ERR_FAILED;
	if (result < 0)
		return err->code;
	if (open_present(ctx, parent, name, path, &present, err) < 0)
		return err->code;
	auto_free char *temp = make_temp_name(ctx, name);
	if (write_temp(parent, temp, present, octets, len, meta, sync) < 0)
		return file_fail(ctx, err, errno, _("cannot write"), path);
	auto_free char *folder = path_parent(path);
	ret_staged->path = xstrdup(path);
	ret_staged->temp = path_join(folder, temp);
	return 0;
}

static int refuse_present(const struct ctx *ctx, const char *path, struct err *err)
{
	return err_set(err, ERR_FAILED, _("%s%s exists already"), ctx->root, path);
}

int file_stage_new(const struct ctx *ctx, const char *path,
                   struct staged_file *ret_staged, int *ret_fd, struct err *err)
{
	auto_close int parent = -1;
	const char *name;
	struct stat st;
	int result = file_open_parent(ctx, path, _("cannot write"), &parent, &name, err);
	if (result == ERR_MISSING)
		err->code = ERR_FAILED;
	if (result < 0)
		return err->code;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return refuse_present(ctx, path, err);
	auto_free char *temp = make_temp_name(ctx, name);
	int fd = file_open_below(parent, temp,
	                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	                         0600, RESOLVE_BENEATH);
	if (fd < 0)
		return file_fail(ctx, err, errno, _("cannot write"), path);
	auto_free char *folder = path_parent(path);
	ret_staged->path = xstrdup(path);
	ret_staged->temp = path_join(folder, temp);
	*ret_fd = fd;
	return 0;
}

int file_publish(const struct ctx *ctx, const struct staged_file *staged, int fd,
                 struct err *err)
{
	auto_close int parent = -1;
	const char *name;
	if (fsync(fd) < 0)
		return file_fail(ctx, err, errno, _("cannot write"), staged->path);
	if (file_open_parent(ctx, staged->path, _("cannot write"), &parent, &name, err) <
	    0)
		return err->code;
	const char *temp = strrchr(staged->temp, '/') + 1;
	int r = renameat2(parent, temp, parent, name, RENAME_NOREPLACE);
	/* NFS and some others do not support this rename, but links. */
	if (r < 0 && (errno == EINVAL || errno == ENOSYS)) {
		r = linkat(parent, temp, parent, name, 0);
		if (r == 0)
			unlinkat(parent, temp, 0);
	}
	if (r < 0 && errno == EEXIST)
		return refuse_present(ctx, staged->path, err);
	if (r < 0)
		return file_fail(ctx, err, errno, _("cannot write"), staged->path);
	auto_free char *folder = path_parent(staged->path);
	return file_sync_dir(ctx, folder, err);
}

int file_backdate(const struct ctx *ctx, const struct staged_file *staged,
                  unsigned seconds, struct err *err)
{
	auto_close int fd = file_open_raw(ctx, staged->temp, O_RDONLY | O_NOFOLLOW, 0);
	const int64_t then = ctx_now(ctx) - seconds;
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		                           { .tv_sec = then } };
	if (fd < 0 || futimens(fd, times) < 0)
		return file_fail(ctx, err, errno,
		                 _("cannot set the time of the new content of"),
		                 staged->path);
	return 0;
}

int file_switch(const struct ctx *ctx, const struct staged_file *staged, struct err *err)
{
	auto_close int parent = -1;
	const char *name;
	if (file_open_parent(ctx, staged->path, _("cannot replace"), &parent, &name,
	                     err) < 0)
		return err->code;
	if (renameat(parent, strrchr(staged->temp, '/') + 1, parent, name) < 0)
		return file_fail(ctx, err, errno, _("cannot replace"), staged->path);
	return 0;
}

void file_unstage(const struct ctx *ctx, const struct staged_file *staged)
{
	struct err ignored = ERR_INIT;
	/* A file that cannot be removed is recognised by its name in the next run. */
	if (staged->temp && file_remove(ctx, staged->temp, &ignored) < 0)
		return;
}

static int sync_with(const struct ctx *ctx, const char *path, int (*sync)(int fd),
                     struct err *err)
{
	auto_close int fd = file_open_raw(ctx, path, O_RDONLY | O_DIRECTORY, 0);
	/* EINVAL: the file system cannot sync it. */
	if (fd < 0 || (sync(fd) < 0 && errno != EINVAL))
		return file_fail(ctx, err, errno, _("cannot sync the folder"), path);
	return 0;
}

int file_sync_dir(const struct ctx *ctx, const char *path, struct err *err)
{
	return sync_with(ctx, path, fsync, err);
}

int file_sync_all(const struct ctx *ctx, const char *path, struct err *err)
{
	return sync_with(ctx, path, syncfs, err);
}

int file_put(const struct ctx *ctx, const char *path, const void *octets, size_t len,
             struct file_meta meta, struct err *err)
{
	cleanup(staged_file_done) struct staged_file staged = { 0 };
	if (file_stage(ctx, path, octets, len, meta, true, &staged, err) < 0)
		return err->code;
	if (file_switch(ctx, &staged, err) < 0) {
		file_unstage(ctx, &staged);
		return err->code;
	}
	auto_free char *folder = path_parent(path);
	return file_sync_dir(ctx, folder, err);
}
