/* core/mta/engine/folders.h: a set of folders whose entries must reach the disk. */
#ifndef CORE_MTA_ENGINE_FOLDERS_H
#define CORE_MTA_ENGINE_FOLDERS_H

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/names.h"

struct folders {
	struct names paths; /* unsorted, may contain duplicates until it is synced */
};

#define auto_folders cleanup(folders_done) struct folders
void folders_done(struct folders *folders);
void folders_add(struct folders *folders, const char *path);
/* Adds the folder that contains `path`. */
void folders_add_parent(struct folders *folders, const char *path);
/* Sorts and removes duplicates. */
void folders_sort(struct folders *folders);
/* fsync(2) of each, or, of very many, syncfs(2) of each file system.  A folder that does not exist
 * counts as synced: its parent is in the set. */
int folders_sync(const struct ctx *ctx, struct folders *folders,
                 struct err *err) must_check;
/* syncfs(2) of each file system with one of the folders: file contents too. */
int folders_sync_systems(const struct ctx *ctx, struct folders *folders,
                         struct err *err) must_check;

#endif
