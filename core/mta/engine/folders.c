/*
 * core/mta/engine/folders.c: syncing the folders of a rank.  One fsync for each of 100,000 key
 * folders would take minutes; one syncfs takes as long as the file system has data to write.
 */
#include "core/mta/engine/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"

#define FEW 32 /* folders that are synced one by one */

void folders_done(struct folders *folders)
{
	names_done(&folders->paths);
}

void folders_add(struct folders *folders, const char *path)
{
	const struct names *paths = &folders->paths;
	if (!paths->count || strcmp(paths->name[paths->count - 1], path) != 0)
		names_add(&folders->paths, path);
}

void folders_add_parent(struct folders *folders, const char *path)
{
	auto_free char *parent = path_parent(path);

	folders_add(folders, parent);
}

void folders_sort(struct folders *folders)
{
	names_sort(&folders->paths);
}

struct devices { /* file systems that were synced; there are few */
	dev_t *at;
	size_t count, room;
};

static bool is_known(struct devices *devices, dev_t device)
{
	for (size_t i = 0; i < devices->count; i++)
		if (devices->at[i] == device)
			return true;
	GROW(devices->at, devices->count, devices->room);
	devices->at[devices->count++] = device;
	return false;
}

static int sync_one(const struct ctx *ctx, const char *path, struct devices *devices,
                    struct err *err)
{
	auto_close int fd =
		file_open_raw(ctx, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	struct stat st;
	int rc;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_errno(err, errno, _("cannot open the folder %s"), path);
	if (devices) {
		if (fstat(fd, &st))
			return err_errno(err, errno, _("cannot access the folder %s"),
			                 path);
		if (is_known(devices, st.st_dev))
			return 0;
	}
	rc = devices ? syncfs(fd) : fsync(fd);
	if (rc && errno != EINVAL)
		return err_errno(err, errno, _("cannot sync the folder %s"), path);
	return 0;
}

static int sync_all(const struct ctx *ctx, struct folders *folders, bool by_system,
                    struct err *err)
{
	struct devices devices = { 0 };
	int rc = 0;

	for (size_t i = 0; i < folders->paths.count && !rc; i++)
		rc = sync_one(ctx, folders->paths.name[i], by_system ? &devices : NULL,
		              err);
	free(devices.at);
	return rc;
}

int folders_sync(const struct ctx *ctx, struct folders *folders, struct err *err)
{
	folders_sort(folders);
	return sync_all(ctx, folders, folders->paths.count > FEW, err);
}

int folders_sync_systems(const struct ctx *ctx, struct folders *folders, struct err *err)
{
	folders_sort(folders);
	return sync_all(ctx, folders, true, err);
}
