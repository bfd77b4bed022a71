/* lock.c: two processes, one lock file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/lock.h"
#include "core/base/signals.h"
#include "tests/unit/leaks.h"

struct fixture {
	char folder[64];
	char path[96];
	struct ctx ctx;
	struct buf said;
	pid_t holder;
	int to_holder; /* closing it lets the holder go */
	int from_holder;
};

static void remember(void *arg, enum report_level level, const char *text)
{
	buf_printf(arg, "%d %s\n", (int)level, text);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = xcalloc(1, sizeof(*f));
	strcpy(f->folder, "/tmp/test_lock.XXXXXX");
	leaks_note();
	if (!mkdtemp(f->folder) || ctx_init(&f->ctx, NULL, &err) < 0)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/lock", f->folder);
	f->ctx.command = xstrdup("zone export");
	f->ctx.report = remember;
	f->ctx.report_arg = &f->said;
	f->to_holder = f->from_holder = -1;
	*state = f;
	return 0;
}

static void let_go(struct fixture *f)
{
	close_fd(&f->to_holder);
	f->to_holder = -1;
	if (f->holder > 0)
		waitpid(f->holder, NULL, 0);
	f->holder = 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	let_go(f);
	close_fd(&f->from_holder);
	unlink(f->path);
	rmdir(f->folder);
	ctx_done(&f->ctx);
	buf_done(&f->said);
	free(f);
	return leaks_check();
}

/* Another process takes the lock; it gives it back when it is let go. */
static void hold_elsewhere(struct fixture *f)
{
	int up[2], down[2];
	char ready;
	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	assert_int_equal(pipe2(down, O_CLOEXEC), 0);
	f->holder = fork();
	if (f->holder == 0) {
		struct lock *lock = NULL;
		struct err err = ERR_INIT;
		close(down[1]);
		if (lock_take(&f->ctx, f->path, "the store", &lock, &err) < 0)
			_exit(1);
		if (write(up[1], "r", 1) == 1 && read(down[0], &ready, 1) == 0)
			lock_free(lock);
		_exit(0);
	}
	close(up[1]);
	close(down[0]);
	assert_int_equal(read(up[0], &ready, 1), 1);
	close(up[0]);
	f->to_holder = down[1];
}

static char *content_of(const char *path)
{
	char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t len = read(fd, text, sizeof(text));
	close(fd);
	assert_true(len >= 0);
	return xmemdup(text, (size_t)len);
}

static void test_take(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct stat st;
	const int inherited = leaks_inherited();
	for (int i = 0; i < 3; i++) {
		auto_lock lock = NULL;
		assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err),
		                 0);
		auto_free char *text = content_of(f->path);
		auto_free char *want = xasprintf("%ld zone export\n", (long)getpid());
		assert_string_equal(text, want);
		assert_int_equal(leaks_inherited(), inherited);
	}
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	auto_free char *text = content_of(f->path);
	assert_string_equal(text, "");
	assert_int_equal(f->said.len, 0);
	lock_free(NULL);
}

static void test_old_text_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	auto_lock lock = NULL;
	int fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "1234567890 a much longer command than ours\n", 43),
	                 43);
	close(fd);
	assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err), 0);
	auto_free char *text = content_of(f->path);
	auto_free char *want = xasprintf("%ld zone export\n", (long)getpid());
	assert_string_equal(text, want);
}

static void test_busy_at_once(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct lock *lock = NULL;
	hold_elsewhere(f);
	f->ctx.wait_seconds = 0;
	assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err), ERR_BUSY);
	assert_null(lock);
	auto_free char *who = xasprintf("locked by %ld zone export", (long)f->holder);
	assert_non_null(strstr(err.text, who));
	assert_non_null(strstr(err.text, "the store"));
	let_go(f);
	assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err), 0);
	lock_free(lock);
}

/* What stands in the file is shown as one line that cannot steer a terminal. */
static void test_holder_text(void **state)
{
	static const struct {
		const char *text, *who;
	} rows[] = {
		{ "", "still locked by another process after" },
		{ "\n12 zone export\n", "still locked by another process after" },
		{ "12 zone export", "still locked by 12 zone export after" },
		{ "12 a\nb\n", "still locked by 12 a after" },
		{ "12 \033[31m\x7f\x1f~\n", "still locked by 12 ?[31m??~ after" },
	};
	struct fixture *f = *state;
	f->ctx.wait_seconds = 0;
	auto_close int fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		struct lock *lock = NULL;
		size_t len = strlen(rows[i].text);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, rows[i].text, len, 0), len);
		assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err),
		                 ERR_BUSY);
		if (!strstr(err.text, rows[i].who))
			fail_msg("row %zu: %s", i, err.text);
	}
	/* longer than what is read of it */
	char text[1000];
	struct err err = ERR_INIT;
	struct lock *lock = NULL;
	memset(text, 'x', sizeof(text));
	assert_int_equal(pwrite(fd, text, sizeof(text), 0), sizeof(text));
	assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err), ERR_BUSY);
	assert_non_null(strstr(err.text, "xxxx after 0 s"));
}

/* A holder that was killed is none: the kernel gave the lock back. */
static void test_killed_holder(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	auto_lock lock = NULL;
	hold_elsewhere(f);
	kill(f->holder, SIGKILL);
	let_go(f);
	f->ctx.wait_seconds = 0;
	assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err), 0);
}

static void test_told_then_busy(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct lock *lock = NULL;
	hold_elsewhere(f);
	/* what a terminal would obey is not passed on */
	auto_free char *text = xasprintf("%ld zone\033export\x7f\n", (long)f->holder);
	auto_close int fd = open(f->path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, text, strlen(text), 0), strlen(text));
	f->ctx.wait_seconds = 2;
	int64_t start = monotonic_ns();
	assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err), ERR_BUSY);
	int64_t waited = monotonic_ns() - start;
	assert_true(waited >= 2 * NS_PER_SEC && waited < 20 * NS_PER_SEC);
	auto_free char *want =
		xasprintf("%d waiting for the store: locked by %ld zone?export?\n",
	                  REPORT_NOTE, (long)f->holder);
	assert_string_equal(buf_text(&f->said), want);
}

static void let_go_on_report(void *arg, enum report_level level, const char *text)
{
	struct fixture *f = arg;
	(void)level;
	(void)text;
	let_go(f);
}

static void test_waits_until_free(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	auto_lock lock = NULL;
	hold_elsewhere(f);
	f->ctx.report = let_go_on_report;
	f->ctx.report_arg = f;
	assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err), 0);
	assert_int_equal(f->holder, 0);
}

/* Another process works in batches: it releases the lock and takes it again at once, until it is let
 * go. */
static void work_in_batches_elsewhere(struct fixture *f)
{
	int up[2], down[2];
	char ready;
	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	assert_int_equal(pipe2(down, O_CLOEXEC | O_NONBLOCK), 0);
	f->holder = fork();
	if (f->holder == 0) {
		struct lock *lock = NULL;
		struct err err = ERR_INIT;
		const struct timespec batch = { .tv_nsec = 20 * NS_PER_MS };
		close(down[1]);
		do {
			lock_free(lock);
			if (lock_take(&f->ctx, f->path, "the store", &lock, &err) < 0 ||
			    write(up[1], "r", 1) != 1)
				_exit(1);
			nanosleep(&batch, NULL);
		} while (read(down[0], &ready, 1) < 0);
		_exit(0);
	}
	close(up[1]);
	close(down[0]);
	assert_int_equal(read(up[0], &ready, 1), 1);
	f->to_holder = down[1];
	f->from_holder = up[0]; /* it is written to until the end */
}

static void test_between_batches(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	f->ctx.wait_seconds = 2;
	work_in_batches_elsewhere(f);
	for (int i = 0; i < 5; i++) {
		auto_lock lock = NULL;
		assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err),
		                 0);
	}
}

static void raise_on_report(void *arg, enum report_level level, const char *text)
{
	(void)arg;
	(void)level;
	(void)text;
	raise(SIGTERM);
}

static void test_cancelled(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct lock *lock = NULL;
	signals_init();
	hold_elsewhere(f);
	f->ctx.report = raise_on_report;
	assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err),
	                 ERR_CANCELLED);
	assert_null(lock);
	signals_init();
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct lock *lock = NULL;
	char aside[128];
	snprintf(aside, sizeof(aside), "%s/aside", f->folder);
	assert_int_equal(symlink(aside, f->path), 0);
	assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err),
	                 ERR_FAILED);
	assert_int_equal(access(aside, F_OK), -1);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(mkfifo(f->path, 0600), 0);
	assert_int_equal(lock_take(&f->ctx, f->path, "the store", &lock, &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "not a regular file"));
	snprintf(aside, sizeof(aside), "%s/none/lock", f->folder);
	assert_int_equal(lock_take(&f->ctx, aside, "the store", &lock, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, aside));
}

static bool is_held(const struct ctx *ctx, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool held = lock_is_held(ctx, fd);
	close_fd(&fd);
	return held;
}

/* Seen by looking on: what /proc/locks says counts, and the lock is not tried. */
static void test_is_held(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct ctx below;
	struct stat st;
	auto_free char *table = xasprintf("%s/proc/locks", f->folder);
	auto_free char *proc = xasprintf("%s/proc", f->folder);
	hold_elsewhere(f);
	assert_true(is_held(&f->ctx, f->path));
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(ctx_init(&below, f->folder, &err), 0);
	assert_true(is_held(&below, f->path)); /* no /proc: tried */
	assert_int_equal(mkdir(proc, 0700), 0);
	static const struct {
		const char *start;
		bool is_holder, is_device, is_inode; /* they are the lock's own */
		bool is_held;
	} rows[] = {
		{ "1: FLOCK  ADVISORY  WRITE", false, true, true, true },
		{ "1: POSIX  ADVISORY  READ 1 00:1b:1 0 0\n22: FLOCK ADVISORY WRITE",
		  true, false, true, true },
		{ "1: FLOCK  ADVISORY  WRITE", false, false, true, false },
		{ "1: FLOCK  ADVISORY  WRITE", true, true, false, false },
		{ "1: FLOCK  ADVISORY  READ", true, true, true, false },
		{ "1: POSIX  ADVISORY  WRITE", true, true, true, false },
		{ "1: -> FLOCK  ADVISORY  WRITE", true, true, true, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		FILE *file = fopen(table, "we");
		assert_non_null(file);
		fprintf(file, "%s %d %02x:%02x:%lu 0 EOF\n", rows[i].start,
		        rows[i].is_holder ? (int)f->holder : 1,
		        rows[i].is_device ? major(st.st_dev) : 0xff, minor(st.st_dev),
		        (unsigned long)st.st_ino + !rows[i].is_inode);
		assert_int_equal(fclose(file), 0);
		if (is_held(&below, f->path) != rows[i].is_held)
			fail_msg("row %zu", i);
	}
	let_go(f);
	assert_false(is_held(&f->ctx, f->path));
	assert_int_equal(unlink(table), 0);
	assert_false(is_held(&below, f->path));
	ctx_done(&below);
	assert_int_equal(rmdir(proc), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_take),
		TEST(test_old_text_is_replaced),
		TEST(test_busy_at_once),
		TEST(test_holder_text),
		TEST(test_killed_holder),
		TEST(test_told_then_busy),
		TEST(test_waits_until_free),
		TEST(test_between_batches),
		TEST(test_cancelled),
		TEST(test_refused),
		TEST(test_is_held),
	};
	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
