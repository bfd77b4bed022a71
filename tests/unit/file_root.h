/* tests/unit/file_root.h: a root folder of its own for each test, and hands to fill it. */
#ifndef TESTS_UNIT_FILE_ROOT_H
#define TESTS_UNIT_FILE_ROOT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "tests/unit/leaks.h"

static struct ctx ctx;
static struct err err;

static inline int remove_one(const char *path, const struct stat *st, int kind,
                             struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline int setup(void **state)
{
	char folder[] = "/tmp/test_file.XXXXXX";
	(void)state;
	umask(022);
	err_clear(&err);
	leaks_note();
	return mkdtemp(folder) ? ctx_init(&ctx, folder, &err) : -1;
}

static inline int teardown(void **state)
{
	(void)state;
	nftw(ctx.root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	ctx_done(&ctx);
	return leaks_check();
}

/* What the functions under test are not used for: `path` on the machine. */
static inline const char *host(const char *path)
{
	static char out[2][8192];
	static int turn;
	turn = !turn;
	snprintf(out[turn], sizeof(out[turn]), "%s%s", ctx.root, path);
	return out[turn];
}

static inline void make_dir(const char *path, mode_t mode)
{
	assert_int_equal(mkdir(host(path), 0700), 0);
	assert_int_equal(chmod(host(path), mode), 0);
}

static inline void make_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(host(path), "we");
	assert_non_null(file);
	assert_int_equal(fputs(text, file) < 0, 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(host(path), mode), 0);
}

static inline void make_link(const char *path, const char *target)
{
	assert_int_equal(symlink(target, host(path)), 0);
}

static inline void assert_content(const char *path, const char *want)
{
	auto_buf got = BUF_INIT;
	if (file_read(&ctx, path, 1 << 20, &got, NULL, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(buf_text(&got), want);
}

static inline int count_name(void *arg, const char *name, struct err *e)
{
	(void)name;
	(void)e;
	++*(int *)arg;
	return 0;
}

static inline int names_in(const char *path)
{
	int count = 0;
	assert_int_equal(file_list(&ctx, path, count_name, &count, &err), 0);
	return count;
}

static inline void make_tree(void)
{
	make_dir("/d", 0755);
	make_file("/d/f", "content", 0640);
	make_file("/passwd", "of the root", 0644);
	assert_int_equal(mkfifo(host("/fifo"), 0600), 0);
	make_link("/to-f", "d/f");
	make_link("/absolute", "/d/f");
	make_link("/d/up", "../../../../passwd");
	make_link("/folder", "d/../d");
	make_link("/broken", "nothing");
	make_link("/loop", "loop");
}

#endif
