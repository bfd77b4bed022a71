/* core/mta/host/descriptors.h: the open descriptors of a process, by the kernel's numbers, from
 * /proc. */
#ifndef CORE_MTA_HOST_DESCRIPTORS_H
#define CORE_MTA_HOST_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/ctx.h"
#include "core/base/macro.h"

struct descriptors {
	uint64_t *inode; /* heap */
	size_t count, room;
};

#define DESCRIPTORS_INIT ((struct descriptors){ 0 })
#define auto_descriptors cleanup(descriptors_done) struct descriptors
void descriptors_done(struct descriptors *descriptors);

/* Adds the numbers of one kind ("socket", "pipe") that the process has open to `into`; none if the
 * process has ended or may not be read. */
void descriptors_read(const struct ctx *ctx, pid_t pid, const char *kind,
                      struct descriptors *into);
void descriptors_add(struct descriptors *descriptors, uint64_t inode);
bool descriptors_have(const struct descriptors *descriptors, uint64_t inode) must_check;

/* The number of descriptor `number` of the process, if it is of that kind; 0: it is not, or
 * unknown. */
uint64_t descriptors_at(const struct ctx *ctx, pid_t pid, int number,
                        const char *kind) must_check;

#endif
