/* File systems that cannot be written to. */
#include "core/base/disk.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/file.h"

static char *existing(const char *path)
{
	struct stat st;
	char *at = xstrdup(path);
	while (stat(at, &st) < 0 && strcmp(at, "/") != 0) {
		char *parent = path_parent(at);
		free(at);
		at = parent;
	}
	return at;
}

enum disk_state disk_look(const char *host_path)
{
	struct statvfs fs;
	auto_free char *path = existing(host_path);
	if (statvfs(path, &fs) < 0)
		return DISK_WRITABLE;
	if (fs.f_flag & ST_RDONLY)
		return DISK_READ_ONLY;
	fsblkcnt_t left = geteuid() == 0 ? fs.f_bfree : fs.f_bavail;
	return left == 0 || (fs.f_files && fs.f_favail == 0) ? DISK_FULL : DISK_WRITABLE;
}

/* Bind mounts have the device of what they show. */
static bool is_mount_point(const char *path)
{
	struct statx stx;
	return statx(AT_FDCWD, path, 0, 0, &stx) == 0 &&
	       stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

char *disk_mount_point(const char *host_path)
{
	char *at = existing(host_path);
	while (strcmp(at, "/") != 0 && !is_mount_point(at)) {
		char *parent = path_parent(at);
		free(at);
		at = parent;
	}
	return at;
}

int disk_refuse(enum disk_state state, const char *what, struct err *err)
{
	if (state == DISK_WRITABLE)
		return 0;
	auto_free char *mount = disk_mount_point(what);
	if (state == DISK_READ_ONLY) {
		err_set(err, ERR_FAILED, _("%s: the file system is mounted read-only"),
		        what);
		return err_add_remedy(err, "mount -o remount,rw %s", mount);
	}
	return err_set(err, ERR_FAILED,
	               _("%s: no space is left on the file system; free some space on "
	                 "%s"),
	               what, mount);
}
