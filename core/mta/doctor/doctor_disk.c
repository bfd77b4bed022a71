/* Free space on the file systems that we write to, each checked once. */
#include "core/mta/doctor/doctor.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/base/alloc.h"
#include "core/base/disk.h"
#include "core/base/text.h"
#include "core/model/setting/setting.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/push/registry.h"

#define OCTETS_GONE ((uint64_t)4 << 20)
#define OCTETS_LOW ((uint64_t)64 << 20)
#define INODES_GONE 100
#define INODES_LOW 1000

enum doctor_state doctor_space(uint64_t octets, int64_t inodes)
{
	if (octets < OCTETS_GONE || (inodes >= 0 && inodes < INODES_GONE))
		return DOCTOR_PROBLEM;
	if (octets < OCTETS_LOW || (inodes >= 0 && inodes < INODES_LOW))
		return DOCTOR_WARNING;
	return DOCTOR_OK;
}

/* `path` or the nearest folder above it that exists; the caller frees. */
static char *existing(const char *path, struct stat *ret_st)
{
	char *at = xstrdup(path);
	while (stat(at, ret_st) < 0 && strcmp(at, "/") != 0) {
		char *parent = path_parent(at);
		free(at);
		at = parent;
	}
	return at;
}

static void look(struct doctor *d, const char *path)
{
	struct statvfs fs;
	auto_free char *mount = disk_mount_point(path);
	auto_free char *writable = xasprintf("mount -o remount,rw %s", mount);
	auto_free char *room =
		xasprintf(_("free some space: du -xh %s | sort -h | tail"), mount);
	if (statvfs(path, &fs) < 0)
		return;
	uint64_t octets = (uint64_t)fs.f_bavail * fs.f_frsize;
	int64_t inodes = fs.f_files ? (int64_t)fs.f_favail : -1;
	enum doctor_state state = doctor_space(octets, inodes);
	if (fs.f_flag & ST_RDONLY)
		doctor_add(d, DOCTOR_PROBLEM, path, writable,
		           _("%s is on a file system that is mounted read-only (%s)"),
		           path, mount);
	else if (state != DOCTOR_OK && doctor_space(octets, -1) != state)
		doctor_add(d, state, path, room, _("%s has %" PRId64 " inodes left (%s)"),
		           path, inodes, mount);
	else if (state != DOCTOR_OK)
		doctor_add(d, state, path, room, _("%s has %" PRIu64 " MB left (%s)"),
		           path, octets >> 20, mount);
	else
		doctor_add(d, DOCTOR_OK, path, NULL, _("%s has %" PRIu64 " MB left"),
		           mount, octets >> 20);
}

/* The queue directory of the installed mail server; NULL: none.  Caller frees. */
static char *queue_folder(struct doctor *d)
{
	char *queue = NULL;
	for (unsigned i = 0; i < registry_count && !queue; i++) {
		cleanup(backend_found_done) struct mta_found found = { 0 };
		struct err ignored = ERR_INIT;
		if (registry[i]->detect && !registry[i]->is_only_named &&
		    registry[i]->detect(d->ctx, d->store, &found, &ignored) == 0 &&
		    found.queue_dir)
			queue = ctx_host_path(d->ctx, found.queue_dir);
	}
	return queue;
}

void doctor_disk(struct doctor *d)
{
	auto_free char *zones = NULL;
	auto_free char *queue = queue_folder(d);
	auto_free char *keys = ctx_host_path(d->ctx, OPENDKIM_KEYS);
	auto_free char *database = path_parent(d->db_path);
	struct err ignored = ERR_INIT;
	if (setting_text(d->store, SET_ZONE_DIRECTORY, 0, &zones, &ignored) < 0)
		err_clear(&ignored);
	auto_free char *host_zones = zones ? ctx_host_path(d->ctx, zones) : NULL;
	const char *const paths[] = { database, host_zones, keys, queue };
	dev_t seen[ARRAY_LEN(paths)];
	size_t count = 0;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct stat st = { 0 };
		bool is_known = false;
		if (!paths[i])
			continue;
		auto_free char *path = existing(paths[i], &st);
		for (size_t k = 0; k < count; k++)
			is_known |= seen[k] == st.st_dev;
		if (!is_known)
			look(d, path);
		seen[count++] = st.st_dev;
	}
}
