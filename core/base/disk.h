/* core/base/disk.h: why a file system cannot be written to, and the next step. */
#ifndef CORE_BASE_DISK_H
#define CORE_BASE_DISK_H

#include "core/base/err.h"

enum disk_state { DISK_WRITABLE, DISK_READ_ONLY, DISK_FULL };

/* The file system of `host_path`, or of the nearest folder above it that exists.  Full: no free
 * block or inode is available to the caller. */
enum disk_state disk_look(const char *host_path);

/* Where the file system of `host_path`, which exists, is mounted; the caller frees. */
char *disk_mount_point(const char *host_path);

/* Fills `err` with the sentence about a file system that is read-only or full; `what` is the file
 * that cannot be used.  With DISK_WRITABLE, `err` is unchanged and the result is 0. */
int disk_refuse(enum disk_state state, const char *what, struct err *err);

#endif
