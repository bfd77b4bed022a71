/*
 * core/mta/folders.c: syncing the folders of a rank.
 *
 * One fsync for each of 100,000 key folders would take minutes; one syncfs takes what the file
 * system has to write.
 */
#include "core/mta/folders.h"

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
	for (size_t i = 0; i < folders->count; i++)
		free(folders->path[i]);
	free(folders->path);
	*folders = (struct folders){ 0 };
}

void folders_add(struct folders *folders, const char *path)
{
	if (folders->count && strcmp(folders->path[folders->count - 1], path) == 0)
		return;
	GROW(folders->path, folders->count, folders->room);
	folders->path[folders->count++] = xstrdup(path);
}

void folders_add_parent(struct folders *folders, const char *path)
{
	auto_free char *parent = path_parent(path);

	folders_add(folders, parent);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void folders_sort(struct folders *folders)
{
	size_t kept = 0;

	if (folders->count == 0)
		return;
	SORT(folders->path, folders->count, compare);
	for (size_t i = 1; i < folders->count; i++) {
		if (strcmp(folders->path[kept], folders->path[i]) == 0)
			free(folders->path[i]);
		else
			folders->path[++kept] = folders->path[i];
	}
	folders->count = kept + 1;
}

struct devices { /* file systems that were synced already; there are few */
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
			return err_errno(err, errno, _("cannot look at the folder %s"),
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

	for (size_t i = 0; i < folders->count && !rc; i++)
		rc = sync_one(ctx, folders->path[i], by_system ? &devices : NULL, err);
	free(devices.at);
	return rc;
}

int folders_sync(const struct ctx *ctx, struct folders *folders, struct err *err)
{
	folders_sort(folders);
	return sync_all(ctx, folders, folders->count > FEW, err);
}

int folders_sync_systems(const struct ctx *ctx, struct folders *folders, struct err *err)
{
	folders_sort(folders);
	return sync_all(ctx, folders, true, err);
}
