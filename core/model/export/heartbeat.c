/* The mark of `zone export --all`: one inode, touched in place, without a sync. */
#include "core/model/export/heartbeat.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"

static char *mark_path(const char *db_path)
{
	return xasprintf("%s" HEARTBEAT_SUFFIX, db_path);
}

void heartbeat_mark(const char *db_path, int64_t now, bool is_failed)
{
	static const char failed[] = "failed\n";
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = now } };
	auto_free char *path = mark_path(db_path);
	auto_close int fd = open(
		path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		0600);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (is_failed ? st.st_size == 0 && write(fd, failed, strlen(failed)) < 0
	              : st.st_size != 0 && ftruncate(fd, 0) < 0) {
		/* its time alone shows that cron runs */
	}
	if (futimens(fd, times) < 0)
		return;
}

static bool look(const char *db_path, struct stat *ret_st)
{
	auto_free char *path = mark_path(db_path);
	return lstat(path, ret_st) == 0 && S_ISREG(ret_st->st_mode);
}

int64_t heartbeat_last(const char *db_path)
{
	struct stat st;
	return look(db_path, &st) ? st.st_mtim.tv_sec : 0;
}

bool heartbeat_is_failed(const char *db_path)
{
	struct stat st;
	return look(db_path, &st) && st.st_size != 0;
}
