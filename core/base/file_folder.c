/*
 * Files of one open folder, exchanged with their new version; the old version becomes the spare
 * file.
 *
 * Writing to a spare file is safe because its folder is not accessible to others, it has one name,
 * and a write lease proves that no process has it open.  Before the first write both folders are
 * synced, so that it is not the target again after a crash.
 */
#include "core/base/file_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file_inner.h"

struct file_folder {
	const struct ctx *ctx;
	char *path;
	int fd;
	int spare_fd; /* -1: not needed yet */
	dev_t device;
};

int file_folder_open(const struct ctx *ctx, const char *path,
                     struct file_folder **ret_folder, struct err *err)
{
	struct stat st;
	auto_close int fd = file_open_raw(ctx, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return file_fail_missing(ctx, err, errno, _("cannot open the folder"),
		                         path);
	struct file_folder *folder = xcalloc(1, sizeof(*folder));
	*folder = (struct file_folder){ ctx, xstrdup(path), fd, -1, st.st_dev };
	fd = -1;
	*ret_folder = folder;
	return 0;
}

void file_folder_free(struct file_folder *folder)
{
	if (!folder)
		return;
	close_fd(&folder->fd);
	close_fd(&folder->spare_fd);
	free(folder->path);
	free(folder);
}

static int fail(const struct file_folder *folder, struct err *err, int number,
                const char *what, const char *name)
{
	auto_free char *path = path_join(folder->path, name);
	return file_fail(folder->ctx, err, number, what, path);
}

/* A folder of that name that is not ours, or on another file system, is not used. */
static int check_spare(int fd, dev_t device)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	if (st.st_dev != device) {
		errno = EXDEV;
		return -1;
	}
	return (st.st_mode & 07777) == 0700 ? 0 : fchmod(fd, 0700);
}

static int open_spare(struct file_folder *folder, struct err *err)
{
	if (folder->spare_fd >= 0)
		return 0;
	bool is_new = mkdirat(folder->fd, FILE_FOLDER_SPARE, 0700) == 0;
	auto_close int fd = -1;
	if (is_new || errno == EEXIST)
		fd = openat(folder->fd, FILE_FOLDER_SPARE,
		            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || check_spare(fd, folder->device) < 0)
		return fail(folder, err, errno, _("cannot use the folder"),
		            FILE_FOLDER_SPARE);
	if (!is_new && ((fsync(fd) < 0 && errno != EINVAL) ||
	                (fsync(folder->fd) < 0 && errno != EINVAL)))
		return fail(folder, err, errno, _("cannot sync the folder"),
		            FILE_FOLDER_SPARE);
	folder->spare_fd = fd;
	fd = -1;
	return 0;
}

/* ---- staging -------------------------------------------------------------------------------- */

/* The present file, open, or -1 if there is none; refuses what a rename would break. */
static int open_present(const struct file_folder *folder, const char *name, int *ret_fd,
                        struct stat *ret_st, struct err *err)
{
	auto_free char *path = path_join(folder->path, name);
	struct statx stx;
	*ret_fd = -1;
	/* Looked up first: opening a device may have effects. */
	if (statx(folder->fd, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &stx) < 0) {
		if (errno == ENOENT)
			return 0;
		return file_fail(folder->ctx, err, errno, _("cannot write"), path);
	}
	const char *why = NULL;
	if (S_ISLNK(stx.stx_mode))
		why = _("it is a symbolic link");
	else if (!S_ISREG(stx.stx_mode))
		why = _("it is not a regular file");
	else if (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		why = _("it is a mount point");
	else if (stx.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND))
		why = FILE_IS_IMMUTABLE;
	if (why)
		return file_refuse(folder->ctx, path, why, err);
	auto_close int fd =
		openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, ret_st) < 0)
		return file_fail(folder->ctx, err, errno, _("cannot write"), path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* No other process has the file open, and none can open it while we do. */
static bool is_alone(int fd)
{
	/* A process that opens it waits until we close it.  SIGURG, because it is ignored by
	 * default; the usual SIGIO would end the process. */
	return fcntl(fd, F_SETSIG, SIGURG) == 0 && fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
}

/* The spare file of that name, if it may be written to and has the attributes of the present file;
 * -1. */
static int open_old(const struct file_folder *folder, const char *name, int present,
                    const struct stat *present_st, struct stat *ret_st)
{
	if (present < 0)
		return -1;
	auto_close int fd = openat(folder->spare_fd, name,
	                           O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, ret_st) < 0 || !S_ISREG(ret_st->st_mode) ||
	    ret_st->st_nlink != 1 || ret_st->st_uid != present_st->st_uid ||
	    ret_st->st_gid != present_st->st_gid || !is_alone(fd) ||
	    !file_has_same_xattrs(present, fd))
		return -1;
	int result = fd;
	fd = -1;
	return result;
}

static int open_fresh(const struct file_folder *folder, const char *name)
{
	if (unlinkat(folder->spare_fd, name, 0) < 0 && errno != ENOENT)
		return -1;
	return openat(folder->spare_fd, name,
	              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* -1 and errno. */
static int write_spare(const struct file_folder *folder, const char *name, int present,
                       const struct stat *present_st, const void *octets, size_t len,
                       mode_t mode)
{
	struct file_meta meta = { mode, FILE_KEEP_UID, FILE_KEEP_GID };
	struct stat st;
	int fd = open_old(folder, name, present, present_st, &st);
	bool is_old = fd >= 0;
	if (!is_old)
		fd = open_fresh(folder, name);
	if (fd < 0)
		return -1;
	int number = 0;
	if (file_write_all(fd, octets, len) < 0)
		number = errno;
	else if (!is_old && file_dress(fd, present, meta) < 0)
		number = errno;
	else if (is_old && st.st_size != (off_t)len && ftruncate(fd, (off_t)len) < 0)
		number = errno;
	else if (is_old && (st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		number = errno;
	if (close(fd) < 0 && number == 0 && errno != EINTR)
		number = errno;
	if (number == 0)
		return 0;
	unlinkat(folder->spare_fd, name, 0);
	errno = number;
	return -1;
}

int file_folder_stage(struct file_folder *folder, const char *name, const void *octets,
                      size_t len, mode_t mode, struct err *err)
{
	auto_close int present = -1;
	struct stat st;
	int r = open_spare(folder, err);
	if (r >= 0)
		r = open_present(folder, name, &present, &st, err);
	if (r < 0)
		return r;
	if (write_spare(folder, name, present, &st, octets, len, mode) < 0)
		return fail(folder, err, errno, _("cannot write"), name);
	return 0;
}

/* ---- switching ------------------------------------------------------------------------------ */

int file_folder_switch(struct file_folder *folder, const char *name, struct err *err)
{
	if (renameat2(folder->spare_fd, name, folder->fd, name, RENAME_EXCHANGE) == 0)
		return 0;
	/* ENOENT: the target is new.  EINVAL: the file system cannot exchange. */
	if ((errno == ENOENT || errno == EINVAL) &&
	    renameat(folder->spare_fd, name, folder->fd, name) == 0)
		return 0;
	return fail(folder, err, errno, _("cannot replace"), name);
}

void file_folder_unstage(struct file_folder *folder, const char *name)
{
	/* A file that cannot be removed is the next run's spare file. */
	if (folder->spare_fd >= 0)
		unlinkat(folder->spare_fd, name, 0);
}

int file_folder_remove(struct file_folder *folder, const char *name, struct err *err)
{
	if (unlinkat(folder->fd, name, 0) < 0 && errno != ENOENT)
		return fail(folder, err, errno, _("cannot remove"), name);
	auto_close int fd = openat(folder->fd, FILE_FOLDER_SPARE,
	                           O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && unlinkat(fd, name, 0) < 0 && errno != ENOENT)
		return fail(folder, err, errno, _("cannot remove the temporary file of"),
		            name);
	return 0;
}
