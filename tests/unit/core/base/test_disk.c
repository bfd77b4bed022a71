/* core/base/disk.c, on file systems of its own: a child that is root makes them in memory, where no
 * other process sees them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/disk.h"

#define CANNOT_MOUNT 100

static char top[] = "/tmp/test_disk.XXXXXX";

static bool mount_here(const char *options)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", top, "tmpfs", 0, options) == 0;
}

static char *below(const char *name)
{
	return xasprintf("%s/%s", top, name);
}

/* The number of the first look that is wrong, counted from 1. */
#define WANT(number, condition)        \
	do {                           \
		if (!(condition))      \
			_exit(number); \
	} while (0)

static void look_at_writable(void)
{
	auto_free char *file = below("a/b/c");
	auto_free char *folder = below("a");
	WANT(1, disk_look(top) == DISK_WRITABLE);
	WANT(2, disk_look(file) == DISK_WRITABLE);
	auto_free char *mount_of_none = disk_mount_point(file);
	WANT(3, strcmp(mount_of_none, top) == 0);
	WANT(4, mkdir(folder, 0700) == 0);
	auto_free char *mount_of_folder = disk_mount_point(folder);
	WANT(5, strcmp(mount_of_folder, top) == 0);
	/* a bind mount has the device of what it shows */
	auto_free char *bound = below("bound");
	auto_free char *in_bound = below("bound/x");
	WANT(6,
	     mkdir(bound, 0700) == 0 && mount(folder, bound, NULL, MS_BIND, NULL) == 0);
	auto_free char *mount_of_bound = disk_mount_point(in_bound);
	WANT(7, strcmp(mount_of_bound, bound) == 0);
	auto_free char *mount_of_root = disk_mount_point("/");
	WANT(8, strcmp(mount_of_root, "/") == 0);
}

static void look_at_full(void)
{
	static const char octets[65536];
	auto_free char *file = below("f");
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	WANT(1, fd >= 0 && disk_look(file) == DISK_WRITABLE);
	while (write(fd, octets, sizeof(octets)) > 0)
		;
	close(fd);
	WANT(2, disk_look(file) == DISK_FULL);
	WANT(3, disk_look(top) == DISK_FULL);
	WANT(4, unlink(file) == 0 && disk_look(file) == DISK_WRITABLE);
}

static void look_at_inodes(void)
{
	for (int i = 0; i < 100; i++) {
		auto_free char *folder = xasprintf("%s/%d", top, i);
		if (mkdir(folder, 0700) < 0)
			break;
		WANT(1, i < 50);
	}
	WANT(2, disk_look(top) == DISK_FULL);
}

static void look_at_read_only(void)
{
	auto_free char *file = below("a/b");
	WANT(1, mount("none", top, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	WANT(2, disk_look(file) == DISK_READ_ONLY);
	WANT(3, disk_look("/dev/null") == DISK_WRITABLE);
}

static void test_states(void **state)
{
	(void)state;
	static const struct {
		const char *options;
		void (*look)(void);
	} rows[] = {
		{ "size=1m", look_at_writable },
		{ "size=1m", look_at_full },
		{ "size=1m,nr_inodes=5", look_at_inodes },
		{ "size=1m", look_at_read_only },
	};
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(top));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int status;
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			if (!mount_here(rows[i].options))
				_exit(CANNOT_MOUNT);
			rows[i].look();
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == CANNOT_MOUNT)
			break; /* in a container without that right */
		if (WEXITSTATUS(status))
			fail_msg("row %zu: look %d", i, WEXITSTATUS(status));
	}
	rmdir(top);
}

static void test_sentences(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	assert_int_equal(disk_refuse(DISK_WRITABLE, "/proc/none", &err), 0);
	assert_string_equal(err.text, "");
	assert_int_equal(disk_refuse(DISK_READ_ONLY, "/proc/none", &err), ERR_FAILED);
	assert_string_equal(err.text, "/proc/none: the file system is mounted read-only; "
	                              "run \"mount -o remount,rw /proc\"");
	assert_int_equal(disk_refuse(DISK_FULL, "/proc/self/none", &err), ERR_FAILED);
	assert_string_equal(err.text, "/proc/self/none: no space is left on the file "
	                              "system; free some space on /proc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_sentences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
