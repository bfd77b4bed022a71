/* The folder of the validators: created, filled, emptied; and the deadline that they share. */
#include "core/mta/check/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"

static const char *const places[] = { "/run", "/tmp" };
static const char prefix[] = "mailauthctl-check.";

static void empty(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	if (!entries) {
		close_fd(&copy);
		return;
	}
	for (struct dirent *e; (e = readdir(entries));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(fd, e->d_name, 0);
	closedir(entries);
}

/* A folder of ours that is not locked: its run was killed. */
static void remove_stale(int place, const char *name)
{
	auto_close int fd =
		openat(place, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() ||
	    flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	empty(fd);
	unlinkat(place, name, AT_REMOVEDIR);
}

void stage_tidy(void)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		DIR *entries = opendir(places[i]);
		for (struct dirent *e; entries && (e = readdir(entries));)
			if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
				remove_stale(dirfd(entries), e->d_name);
		if (entries)
			closedir(entries);
	}
}

/* -1: none can be created here.  If another run removed it as stale before it was locked, it is
 * created again. */
static int make_folder(const char *place, char **ret_path)
{
	for (;;) {
		auto_free char *path = xasprintf("%s/%sXXXXXX", place, prefix);
		struct stat here, there;
		if (!mkdtemp(path))
			return -1;
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0 &&
		    fstat(fd, &here) == 0 && stat(path, &there) == 0 &&
		    here.st_ino == there.st_ino) {
			*ret_path = path;
			path = NULL;
			return fd;
		}
		if (fd < 0 && errno != ENOENT) {
			rmdir(path);
			return -1;
		}
		close_fd(&fd);
	}
}

int stage_open(struct ctx *ctx, struct stage *ret_stage, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		char *folder = NULL;
		int fd = make_folder(places[i], &folder);
		if (fd < 0)
			continue;
		*ret_stage = (struct stage){
			.ctx = ctx,
			.folder = folder,
			.fd = fd,
		};
		return 0;
	}
	return err_errno(err, errno,
	                 _("cannot create a private folder for checks in /run or /tmp"));
}

void stage_done(struct stage *stage)
{
	if (stage->folder) {
		empty(stage->fd);
		rmdir(stage->folder);
		close_fd(&stage->fd);
	}
	free(stage->folder);
	*stage = (struct stage){ 0 };
}

char *stage_path(const struct stage *stage, const char *name)
{
	return path_join(stage->folder, name);
}

int stage_write(const struct stage *stage, const char *name, const void *octets,
                size_t len, struct err *err)
{
	auto_free char *path = stage_path(stage, name);
	const char *at = octets;
	unlink(path);
	auto_close int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, errno, _("cannot write %s"), path);
	while (len) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno != EINTR)
			return err_errno(err, errno, _("cannot write %s"), path);
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	/* some programs read a file that changed within the last second again and again */
	const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	if (futimens(fd, long_ago) < 0)
		return err_errno(err, errno, _("cannot set the time of %s"), path);
	return 0;
}

int stage_run(struct stage *stage, const char *const *argv, struct run_result *ret_result,
              struct err *err)
{
	int64_t left_ms = (STAGE_TOTAL_SECONDS * NS_PER_SEC - stage->spent) / NS_PER_MS;
	int64_t each_ms = (int64_t)STAGE_EACH_SECONDS * 1000;
	struct run_spec spec = {
		.argv = argv,
		.timeout_ms = (unsigned)(left_ms < each_ms ? left_ms : each_ms),
	};
	struct run_result result = { 0 };
	if (left_ms <= 0)
		return err_set(
			err, ERR_FAILED,
			_("the programs of the mail server took more than %d s "
		          "together to check the new configuration; %s was not run"),
			STAGE_TOTAL_SECONDS, argv[0]);
	int64_t began = monotonic_ns();
	int r = run(stage->ctx, &spec, &result, err);
	stage->spent += monotonic_ns() - began;
	if (r < 0)
		return r;
	if (result.is_timed_out) {
		run_result_done(&result);
		return err_set(
			err, ERR_FAILED,
			_("%s did not finish the check of the new configuration within "
		          "%u ms"),
			argv[0], spec.timeout_ms);
	}
	*ret_result = result;
	return 0;
}
