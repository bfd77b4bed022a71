/* The folder of the validators: made, filled, emptied; and the time that they share. */
#include "core/mta/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"

int stage_open(struct ctx *ctx, struct stage *ret_stage, struct err *err)
{
	static const char *const places[] = { "/run/mailauthctl-check.XXXXXX",
		                              "/tmp/mailauthctl-check.XXXXXX" };
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		auto_free char *folder = xstrdup(places[i]);
		if (!mkdtemp(folder))
			continue;
		*ret_stage = (struct stage){
			.ctx = ctx,
			.folder = folder,
		};
		folder = NULL;
		return 0;
	}
	return err_errno(err, errno,
	                 _("no private folder for checks can be made in /run or /tmp"));
}

void stage_done(struct stage *stage)
{
	DIR *entries = stage->folder ? opendir(stage->folder) : NULL;
	for (struct dirent *e; entries && (e = readdir(entries));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(entries), e->d_name, 0);
	if (entries)
		closedir(entries);
	if (stage->folder)
		rmdir(stage->folder);
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
	/* Postfix reads a main.cf that changed within the last second again and again */
	const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	if (futimens(fd, long_ago) < 0)
		return err_errno(err, errno, _("cannot date %s"), path);
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
			_("the mail server's own programs took more than %d s together to check "
		          "the new configuration; %s was not asked any more"),
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
			_("%s did not end within %u ms while it checked the new configuration"),
			argv[0], spec.timeout_ms);
	}
	*ret_result = result;
	return 0;
}
