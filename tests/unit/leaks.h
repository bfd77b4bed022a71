/* tests/unit/leaks.h: what a test leaves open: `leaks_note` in its setup, `leaks_check` in its teardown. */
#ifndef TESTS_UNIT_LEAKS_H
#define TESTS_UNIT_LEAKS_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static int leaks_before;

/* Descriptors that are open. */
static inline int leaks_count(void)
{
	int count = 0;
	DIR *dir = opendir("/proc/self/fd");
	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static inline void leaks_note(void)
{
	leaks_before = leaks_count();
}

/* 0, or -1, which fails the test. */
static inline int leaks_check(void)
{
	int now = leaks_count();
	if (now == leaks_before)
		return 0;
	fprintf(stderr, "%d descriptors were left open\n", now - leaks_before);
	return -1;
}

/* The next programs get none of them: every one above standard error is closed on exec. */
static inline int leaks_inherited(void)
{
	int count = 0;
	for (int fd = 3; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);
		count += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return count;
}

#endif
