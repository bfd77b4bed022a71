/*
 * Files and folders below the root: stat, read, list, create and remove.
 *
 * Every look-up uses openat2(2) with RESOLVE_IN_ROOT; what changes a folder uses the descriptor of
 * that folder and one name, so that nothing is resolved twice.
 */
#include "core/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file_inner.h"

#define READ_STEP 65536

int file_open_below(int dir_fd, const char *name, int flags, mode_t mode,
                    uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = resolve | RESOLVE_NO_MAGICLINKS,
	};
	for (;;) {
		long fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));
		/* EAGAIN: a rename somewhere on the machine raced with a "..". */
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return (int)fd;
	}
}

int file_open_raw(const struct ctx *ctx, const char *path, int flags, mode_t mode)
{
	return file_open_below(ctx->root_fd, path, flags, mode, RESOLVE_IN_ROOT);
}

int file_fail(const struct ctx *ctx, struct err *err, int number, const char *what,
              const char *path)
{
	if (number == ENOSYS)
		return err_set(
			err, ERR_FAILED,
			_("%s %s%s: the system call openat2 is missing; Linux 5.6 or "
		          "newer is required"),
			what, ctx->root, path);
	if (number == EACCES && geteuid() != 0)
		return err_set(err, ERR_FAILED, _("%s %s%s: %s; run as root"), what,
		               ctx->root, path, strerror(number));
	return err_errno(err, number, "%s %s%s", what, ctx->root, path);
}

int file_fail_missing(const struct ctx *ctx, struct err *err, int number,
                      const char *what, const char *path)
{
	file_fail(ctx, err, number, what, path);
	if (number == ENOENT)
		err->code = ERR_MISSING;
	return err->code;
}

int file_open_parent(const struct ctx *ctx, const char *path, const char *what,
                     int *ret_fd, const char **ret_name, struct err *err)
{
	if (!path_is_plain(path) || path[1] == '\0')
		return err_set(err, ERR_FAILED,
		               _("%s %s: not an absolute path without \".\" and \"..\""),
		               what, path);
	auto_free char *parent = path_parent(path);
	int fd = file_open_raw(ctx, parent, O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return file_fail_missing(ctx, err, errno, what, path);
	*ret_fd = fd;
	*ret_name = strrchr(path, '/') + 1;
	return 0;
}

static void info_from_stat(const struct stat *st, struct file_info *ret_info)
{
	*ret_info = (struct file_info){
		.meta = { st->st_mode & 07777, st->st_uid, st->st_gid },
		.kind = S_ISREG(st->st_mode)   ? FILE_REGULAR
		        : S_ISDIR(st->st_mode) ? FILE_DIRECTORY
		        : S_ISLNK(st->st_mode) ? FILE_LINK
		                               : FILE_OTHER,
		.size = st->st_size,
		.mtime_ns =
			(int64_t)st->st_mtim.tv_sec * NS_PER_SEC + st->st_mtim.tv_nsec,
		.inode = st->st_ino,
	};
}

int file_look(const struct ctx *ctx, const char *path, bool follow,
              struct file_info *ret_info, struct err *err)
{
	auto_close int fd =
		file_open_raw(ctx, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);
	struct stat st;
	if (fd < 0 && errno == ENOENT) {
		*ret_info = (struct file_info){ .kind = FILE_ABSENT };
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return file_fail(ctx, err, errno, _("cannot access"), path);
	info_from_stat(&st, ret_info);
	return 0;
}

/* Reads to the end of the file, which is probably `size` octets long; -1 and errno, EFBIG if it has
 * more than `limit`.  The buffer is no larger than necessary, because all of it is wiped if it is a
 * secret. */
static int read_all(int fd, size_t size, size_t limit, struct buf *into)
{
	size_t start = into->len;
	buf_reserve(into, size && size <= limit ? size + 1 : READ_STEP);
	for (;;) {
		if (into->room - into->len < 2)
			buf_reserve(into, READ_STEP);
		ssize_t got = read(fd, into->at + into->len, into->room - into->len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		into->len += (size_t)got;
		if (into->len - start > limit) {
			errno = EFBIG;
			return -1;
		}
	}
	into->at[into->len] = '\0';
	return 0;
}

int file_read(const struct ctx *ctx, const char *path, size_t limit, struct buf *into,
              struct file_info *ret_info, struct err *err)
{
	/* O_NONBLOCK: opening a FIFO must not block. */
	auto_close int fd = file_open_raw(ctx, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return file_fail_missing(ctx, err, errno, _("cannot read"), path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FAILED, _("cannot read %s%s: not a regular file"),
		               ctx->root, path);
	size_t start = into->len;
	if (read_all(fd, (size_t)st.st_size, limit, into) < 0) {
		int number = errno;
		into->len = start;
		into->at[start] = '\0';
		if (number == EFBIG)
			return err_set(err, ERR_FAILED,
			               _("cannot read %s%s: larger than %zu octets"),
			               ctx->root, path, limit);
		return file_fail(ctx, err, number, _("cannot read"), path);
	}
	if (ret_info)
		info_from_stat(&st, ret_info);
	return 0;
}

int file_read_if_there(const struct ctx *ctx, const char *path, size_t limit,
                       struct buf *into, struct err *err)
{
	int result = file_read(ctx, path, limit, into, NULL, err);
	if (result == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	return result < 0 ? result : 1;
}

int file_remove(const struct ctx *ctx, const char *path, struct err *err)
{
	auto_close int parent = -1;
	const char *name;
	int result = file_open_parent(ctx, path, _("cannot remove"), &parent, &name, err);
	if (result == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	if (result < 0)
		return result;
	if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
		return file_fail(ctx, err, errno, _("cannot remove"), path);
	return 0;
}

int file_move(const struct ctx *ctx, const char *from, const char *to, struct err *err)
{
	auto_close int from_dir = -1, to_dir = -1;
	const char *from_name, *to_name;
	if (file_open_parent(ctx, from, _("cannot rename"), &from_dir, &from_name, err) <
	    0)
		return err->code;
	if (file_open_parent(ctx, to, _("cannot rename a file to"), &to_dir, &to_name,
	                     err) < 0)
		return err->code;
	if (renameat2(from_dir, from_name, to_dir, to_name, RENAME_NOREPLACE) < 0) {
		if (errno == EEXIST)
			return err_set(err, ERR_FAILED,
			               _("cannot rename %s%s to %s%s: the target "
			                 "exists"),
			               ctx->root, from, ctx->root, to);
		return file_fail_missing(ctx, err, errno, _("cannot rename"), from);
	}
	return 0;
}

int file_apply_meta(int fd, struct file_meta meta)
{
	/* In this order, because chown(2) clears the set-id bits. */
	if ((meta.uid != FILE_KEEP_UID || meta.gid != FILE_KEEP_GID) &&
	    fchown(fd, meta.uid, meta.gid) < 0)
		return -1;
	return meta.mode == FILE_KEEP_MODE ? 0 : fchmod(fd, meta.mode & 07777);
}

int file_set_meta(const struct ctx *ctx, const char *path, struct file_meta meta,
                  struct err *err)
{
	auto_close int fd = file_open_raw(
		ctx, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0 || file_apply_meta(fd, meta) < 0)
		return file_fail_missing(ctx, err, errno,
		                         _("cannot set owner and mode of"), path);
	return 0;
}

/* The folder is new and empty, with no access for others. */
static int finish_dir(const struct ctx *ctx, int parent, const char *name,
                      const char *path, struct file_meta meta, struct err *err)
{
	auto_close int fd = file_open_below(
		parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_BENEATH);
	if (fd >= 0 && file_apply_meta(fd, meta) == 0)
		return 0;
	file_fail(ctx, err, errno, _("cannot set owner and mode of"), path);
	unlinkat(parent, name, AT_REMOVEDIR);
	return err->code;
}

static int check_is_dir(const struct ctx *ctx, const char *path, struct err *err)
{
	struct file_info info;
	if (file_look(ctx, path, true, &info, err) < 0)
		return err->code;
	if (info.kind != FILE_DIRECTORY)
		return err_set(
			err, ERR_FAILED,
			_("cannot create the folder %s%s: a file of that name exists"),
			ctx->root, path);
	return 0;
}

int file_make_dir(const struct ctx *ctx, const char *path, struct file_meta meta,
                  bool *ret_made, struct err *err)
{
	static const struct file_meta parent_meta = { 0755, FILE_KEEP_UID,
		                                      FILE_KEEP_GID };
	bool is_made = false;
	if (strcmp(path, "/") != 0) {
		auto_close int parent = -1;
		const char *name, *what = _("cannot create the folder");
		int result = file_open_parent(ctx, path, what, &parent, &name, err);
		if (result == ERR_MISSING) {
			auto_free char *above = path_parent(path);
			err_clear(err);
			if (file_make_dir(ctx, above, parent_meta, NULL, err) < 0)
				return err->code;
			result = file_open_parent(ctx, path, what, &parent, &name, err);
		}
		if (result < 0)
			return result;
		is_made = mkdirat(parent, name, 0700) == 0;
		if (!is_made && errno != EEXIST)
			return file_fail(ctx, err, errno, what, path);
		if (is_made && finish_dir(ctx, parent, name, path, meta, err) < 0)
			return err->code;
		if (!is_made && check_is_dir(ctx, path, err) < 0)
			return err->code;
	}
	if (ret_made)
		*ret_made = is_made;
	return 0;
}

int file_remove_dir(const struct ctx *ctx, const char *path, struct err *err)
{
	auto_close int parent = -1;
	const char *name;
	const char *what = _("cannot remove the folder");
	int result = file_open_parent(ctx, path, what, &parent, &name, err);
	if (result == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	if (result < 0)
		return result;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT &&
	    errno != ENOTEMPTY && errno != EEXIST)
		return file_fail(ctx, err, errno, what, path);
	return 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int file_list(const struct ctx *ctx, const char *path,
              int (*each)(void *arg, const char *name, struct err *err), void *arg,
              struct err *err)
{
	int fd = file_open_raw(ctx, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return errno == ENOENT
		               ? 0
		               : file_fail(ctx, err, errno, _("cannot list"), path);
	cleanup(close_dir) DIR *dir = fdopendir(fd);
	if (!dir) {
		file_fail(ctx, err, errno, _("cannot list"), path);
		close(fd);
		return err->code;
	}
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		int result = each(arg, entry->d_name, err);
		if (result != 0)
			return result;
	}
	return errno ? file_fail(ctx, err, errno, _("cannot list"), path) : 0;
}
