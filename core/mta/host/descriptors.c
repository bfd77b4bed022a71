/* core/mta/host/descriptors.c: the links of /proc/PID/fd, such as "socket:[4711]". */
#include "core/mta/host/descriptors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"

struct reader {
	struct descriptors *into;
	const char *kind;
	int folder;
};

void descriptors_done(struct descriptors *descriptors)
{
	free(descriptors->inode);
	*descriptors = DESCRIPTORS_INIT;
}

/* 0: of another kind, or closed. */
static uint64_t inode_of(int folder, const char *name, const char *kind)
{
	char target[64];
	ssize_t len = readlinkat(folder, name, target, sizeof(target) - 1);
	size_t word = strlen(kind);
	target[len > 0 ? len : 0] = '\0';
	return text_starts(target, kind) && text_starts(target + word, ":[")
	               ? strtoull(target + word + 2, NULL, 10)
	               : 0;
}

static int open_folder(const struct ctx *ctx, const char *path)
{
	return file_open_raw(ctx, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

void descriptors_add(struct descriptors *descriptors, uint64_t inode)
{
	GROW(descriptors->inode, descriptors->count, descriptors->room);
	descriptors->inode[descriptors->count++] = inode;
}

static int take(void *arg, const char *name, struct err *err)
{
	struct reader *reader = arg;
	uint64_t inode = inode_of(reader->folder, name, reader->kind);

	(void)err;
	if (inode)
		descriptors_add(reader->into, inode);
	return 0;
}

void descriptors_read(const struct ctx *ctx, pid_t pid, const char *kind,
                      struct descriptors *into)
{
	auto_free char *path = xasprintf("/proc/%d/fd", (int)pid);
	auto_close int folder = open_folder(ctx, path);
	struct reader reader = { .into = into, .kind = kind, .folder = folder };
	struct err ignored = ERR_INIT;

	if (folder >= 0 && file_list(ctx, path, take, &reader, &ignored))
		err_clear(&ignored);
}

bool descriptors_have(const struct descriptors *descriptors, uint64_t inode)
{
	for (size_t i = 0; i < descriptors->count; i++)
		if (descriptors->inode[i] == inode)
			return true;
	return false;
}

uint64_t descriptors_at(const struct ctx *ctx, pid_t pid, int number, const char *kind)
{
	auto_free char *path = xasprintf("/proc/%d/fd", (int)pid);
	auto_free char *name = xasprintf("%d", number);
	auto_close int folder = open_folder(ctx, path);

	return folder < 0 ? 0 : inode_of(folder, name, kind);
}
