/* file_folder.c, below a root of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file_folder.h"
#include "tests/unit/file_root.h"

#define SPARE "/d/" FILE_FOLDER_SPARE

static struct file_folder *folder;

/* As one run of the program: a folder that is opened afresh. */
static void reopen(void)
{
	file_folder_free(folder);
	folder = NULL;
	if (file_folder_open(&ctx, "/d", &folder, &err) < 0)
		fail_msg("%s", err.text);
}

static void put(const char *name, const char *text)
{
	reopen();
	if (file_folder_stage(folder, name, text, strlen(text), 0644, &err) < 0 ||
	    file_folder_switch(folder, name, &err) < 0)
		fail_msg("%s", err.text);
}

static uint64_t inode_of(const char *path)
{
	struct file_info info;
	assert_int_equal(file_look(&ctx, path, false, &info, &err), 0);
	return info.inode;
}

static int setup_folder(void **state)
{
	int r = setup(state);
	if (r < 0)
		return r;
	make_dir("/d", 0755);
	reopen();
	return 0;
}

static int teardown_folder(void **state)
{
	file_folder_free(folder);
	folder = NULL;
	return teardown(state);
}

/* ---- writing -------------------------------------------------------------------------------- */

static void test_open(void **state)
{
	struct file_folder *none = NULL;
	(void)state;
	make_file("/f", "", 0644);
	assert_int_equal(file_folder_open(&ctx, "/none", &none, &err), ERR_MISSING);
	assert_int_equal(file_folder_open(&ctx, "/f", &none, &err), ERR_FAILED);
	assert_null(none);
	file_folder_free(none);
}

static void test_stage_and_switch(void **state)
{
	struct file_info info;
	(void)state;
	assert_int_equal(file_folder_stage(folder, "f", "one", 3, 0644, &err), 0);
	assert_int_equal(names_in("/d"), 1);
	assert_int_equal(file_folder_switch(folder, "f", &err), 0);
	assert_content("/d/f", "one");
	assert_int_equal(file_look(&ctx, "/d/f", false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0644);
	assert_int_equal(file_look(&ctx, SPARE, false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0700);
	assert_int_equal(names_in(SPARE), 0);
	assert_int_equal(file_folder_switch(folder, "f", &err), ERR_FAILED);
	assert_content("/d/f", "one");
}

/* The content before last gives its file to the next one. */
static void test_reuse(void **state)
{
	(void)state;
	put("f", "one");
	uint64_t one = inode_of("/d/f");
	put("f", "two is longer");
	uint64_t two = inode_of("/d/f");
	assert_int_not_equal(one, two);
	assert_content(SPARE "/f", "one");
	reopen();
	assert_int_equal(file_folder_stage(folder, "f", "3", 1, 0640, &err), 0);
	assert_content("/d/f", "two is longer");
	assert_int_equal(file_folder_switch(folder, "f", &err), 0);
	struct file_info info;
	assert_content("/d/f", "3");
	assert_int_equal(inode_of("/d/f"), one);
	assert_int_equal(file_look(&ctx, "/d/f", false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0640);
	put("f", "4");
	assert_content("/d/f", "4");
	assert_int_equal(inode_of("/d/f"), two);
	assert_int_equal(file_look(&ctx, "/d/f", false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0644);
	assert_int_equal(info.size, 1);
}

static void test_unstage(void **state)
{
	(void)state;
	file_folder_unstage(folder, "f");
	assert_int_equal(file_folder_stage(folder, "f", "x", 1, 0644, &err), 0);
	assert_int_equal(names_in(SPARE), 1);
	file_folder_unstage(folder, "f");
	assert_int_equal(names_in(SPARE), 0);
}

static void test_remove(void **state)
{
	(void)state;
	assert_int_equal(file_folder_remove(folder, "f", &err), 0);
	put("f", "one");
	put("f", "two");
	put("g", "one");
	reopen();
	assert_int_equal(file_folder_remove(folder, "f", &err), 0);
	assert_int_equal(names_in("/d"), 2);
	assert_int_equal(names_in(SPARE), 0);
	make_dir("/d/x", 0755);
	assert_int_equal(file_folder_remove(folder, "x", &err), ERR_FAILED);
}

/* ---- what is never written to --------------------------------------------------------------- */

static void test_open_elsewhere(void **state)
{
	char got[8] = "";
	(void)state;
	put("f", "one");
	auto_close int reader = open(host("/d/f"), O_RDONLY | O_CLOEXEC);
	assert_true(reader >= 0);
	put("f", "two");
	put("f", "six");
	assert_int_equal(pread(reader, got, sizeof(got) - 1, 0), 3);
	assert_string_equal(got, "one");
	assert_content("/d/f", "six");
}

static void test_second_name(void **state)
{
	(void)state;
	put("f", "one");
	assert_int_equal(link(host("/d/f"), host("/d/kept")), 0);
	put("f", "two");
	put("f", "six");
	assert_content("/d/kept", "one");
	assert_content("/d/f", "six");
}

static void test_link_among_spares(void **state)
{
	(void)state;
	put("f", "one");
	make_file("/victim", "victim", 0644);
	make_link(SPARE "/f", "../../victim");
	put("f", "two");
	assert_content("/victim", "victim");
	assert_content("/d/f", "two");
}

static void test_spare_folder_is_foreign(void **state)
{
	(void)state;
	make_dir("/elsewhere", 0755);
	make_link(SPARE, "../elsewhere");
	assert_int_equal(file_folder_stage(folder, "f", "x", 1, 0644, &err), ERR_FAILED);
	assert_int_equal(names_in("/elsewhere"), 0);
	make_file("/elsewhere/f", "x", 0644);
	assert_int_equal(file_folder_remove(folder, "f", &err), 0);
	assert_int_equal(names_in("/elsewhere"), 1);
	assert_int_equal(unlink(host(SPARE)), 0);
	make_dir(SPARE, 0755);
	if (geteuid() == 0) {
		assert_int_equal(chown(host(SPARE), 7, 7), 0);
		assert_int_equal(file_folder_stage(folder, "f", "x", 1, 0644, &err),
		                 ERR_FAILED);
		assert_int_equal(chown(host(SPARE), 0, 0), 0);
	}
	assert_int_equal(file_folder_stage(folder, "f", "x", 1, 0644, &err), 0);
	struct file_info info;
	assert_int_equal(file_look(&ctx, SPARE, false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0700);
}

/* ---- what stays ----------------------------------------------------------------------------- */

static void assert_mark(const char *want)
{
	char got[16] = "";
	ssize_t len = getxattr(host("/d/f"), "user.mark", got, sizeof(got) - 1);
	if (want)
		assert_string_equal(got, want);
	else
		assert_int_equal(len, -1);
}

static void test_attributes(void **state)
{
	(void)state;
	put("f", "one");
	put("f", "two");
	if (setxattr(host("/d/f"), "user.mark", "a", 1, 0) < 0)
		skip(); /* a file system without them */
	put("f", "six");
	assert_mark("a");
	put("f", "ten");
	assert_mark("a");
	uint64_t inode = inode_of(SPARE "/f");
	put("f", "one");
	assert_int_equal(inode_of("/d/f"), inode);
	assert_mark("a");
	assert_int_equal(setxattr(host("/d/f"), "user.mark", "b", 1, 0), 0);
	put("f", "two");
	assert_mark("b");
	assert_int_equal(removexattr(host("/d/f"), "user.mark"), 0);
	put("f", "six");
	assert_mark(NULL);
	assert_content("/d/f", "six");
}

static void test_owner(void **state)
{
	struct file_info info;
	(void)state;
	if (geteuid() != 0)
		skip();
	put("f", "one");
	put("f", "two");
	for (int i = 0; i < 6; i++) {
		uid_t uid = i < 3 ? 3 : 5; /* now the one, now the other differs */
		assert_int_equal(chown(host("/d/f"), uid, 4), 0);
		put("f", i % 2 ? "six" : "ten");
		assert_int_equal(file_look(&ctx, "/d/f", false, &info, &err), 0);
		assert_int_equal(info.meta.uid, uid);
		assert_int_equal(info.meta.gid, 4);
	}
	assert_int_equal(unlink(host("/d/f")), 0);
	put("f", "one");
	assert_int_equal(file_look(&ctx, "/d/f", false, &info, &err), 0);
	assert_int_equal(info.meta.uid, 0);
}

static void refuses(const char *name, const char *why)
{
	err_clear(&err);
	assert_int_equal(file_folder_stage(folder, name, "x", 1, 0644, &err), ERR_FAILED);
	if (!strstr(err.text, why))
		fail_msg("%s", err.text);
	assert_int_equal(names_in(SPARE), 0);
}

static void test_refused(void **state)
{
	(void)state;
	make_dir("/d/folder", 0755);
	make_link("/d/link", "folder");
	assert_int_equal(mkfifo(host("/d/fifo"), 0600), 0);
	refuses("folder", "regular");
	refuses("link", "symbolic link");
	refuses("fifo", "regular");
	make_file("/d/fixed", "fixed", 0644);
	int flags = FS_IMMUTABLE_FL, none = 0;
	auto_close int fd = open(host("/d/fixed"), O_RDONLY | O_CLOEXEC);
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0) {
		refuses("fixed", "immutable");
		assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &none), 0);
	}
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, setup_folder, teardown_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_open),
		ROW(test_stage_and_switch),
		ROW(test_reuse),
		ROW(test_unstage),
		ROW(test_remove),
		ROW(test_open_elsewhere),
		ROW(test_second_name),
		ROW(test_link_among_spares),
		ROW(test_spare_folder_is_foreign),
		ROW(test_attributes),
		ROW(test_owner),
		ROW(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
