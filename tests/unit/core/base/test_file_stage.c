/* file_stage.c, below a root of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "tests/unit/file_root.h"

static void test_stage_and_switch(void **state)
{
	cleanup(staged_file_done) struct staged_file staged = { 0 };
	struct file_info info;
	(void)state;
	make_dir("/d", 0755);
	make_file("/d/f", "old", 0604);
	assert_int_equal(file_stage(&ctx, "/d/f", "new\0x", 5, FILE_META_KEEP, true,
	                            &staged, &err),
	                 0);
	assert_content("/d/f", "old");
	assert_content(staged.temp, "new");
	assert_string_equal(staged.path, "/d/f");
	assert_true(text_starts(staged.temp, "/d/.f.mailauthctl-"));
	assert_int_equal(strlen(staged.temp), strlen("/d/.f.mailauthctl-") + 16);
	assert_int_equal(file_look(&ctx, staged.temp, false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0604);
	assert_int_equal(info.size, 5);
	assert_int_equal(file_switch(&ctx, &staged, &err), 0);
	assert_content("/d/f", "new");
	assert_int_equal(names_in("/d"), 1);
	assert_int_equal(file_switch(&ctx, &staged, &err), ERR_FAILED);
	assert_int_equal(file_sync_dir(&ctx, "/d", &err), 0);
	assert_int_equal(file_sync_all(&ctx, "/d", &err), 0);
	assert_int_equal(file_sync_dir(&ctx, "/none", &err), ERR_FAILED);
}

static void test_stage_new(void **state)
{
	cleanup(staged_file_done) struct staged_file staged = { 0 };
	struct file_info info;
	int fd = -1;
	(void)state;
	make_dir("/d", 0755);
	umask(0);
	assert_int_equal(file_stage_new(&ctx, "/d/f", &staged, &fd, &err), 0);
	umask(022);
	assert_int_equal(write(fd, "new", 3), 3);
	assert_int_equal(file_look(&ctx, staged.temp, false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0600);
	assert_int_equal(file_look(&ctx, "/d/f", false, &info, &err), 0);
	assert_int_equal(info.kind, FILE_ABSENT);
	/* What somebody put there meanwhile, an empty file or a link, is not written to. */
	make_file("/d/f", "", 0666);
	assert_int_equal(file_publish(&ctx, &staged, fd, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "exists already"));
	assert_content("/d/f", "");
	assert_int_equal(unlink(host("/d/f")), 0);
	make_link("/d/f", "elsewhere");
	assert_int_equal(file_publish(&ctx, &staged, fd, &err), ERR_FAILED);
	assert_int_equal(unlink(host("/d/f")), 0);
	assert_int_equal(file_publish(&ctx, &staged, fd, &err), 0);
	close(fd);
	assert_content("/d/f", "new");
	assert_int_equal(names_in("/d"), 1);
	cleanup(staged_file_done) struct staged_file none = { 0 };
	assert_int_equal(file_stage_new(&ctx, "/d/f", &none, &fd, &err), ERR_FAILED);
	assert_int_equal(file_stage_new(&ctx, "/none/f", &none, &fd, &err), ERR_FAILED);
	assert_null(none.temp);
}

static void test_unstage(void **state)
{
	cleanup(staged_file_done) struct staged_file staged = { 0 };
	(void)state;
	file_unstage(&ctx, &staged);
	assert_int_equal(
		file_stage(&ctx, "/f", "x", 1, FILE_META_KEEP, false, &staged, &err), 0);
	assert_int_equal(names_in("/"), 1);
	file_unstage(&ctx, &staged);
	assert_int_equal(names_in("/"), 0);
	file_unstage(&ctx, &staged);
}

static void test_meta(void **state)
{
	static const struct {
		struct file_meta old, asked, want; /* old.mode KEEP: no file before */
	} rows[] = {
		{ { FILE_KEEP_MODE, 0, 0 }, FILE_META_KEEP, { 0600, 0, 0 } },
		{ { FILE_KEEP_MODE, 0, 0 }, { 0644, 3, 4 }, { 0644, 3, 4 } },
		{ { 0640, 3, 4 }, FILE_META_KEEP, { 0640, 3, 4 } },
		{ { 04755, 3, 4 }, FILE_META_KEEP, { 04755, 3, 4 } },
		{ { 0640, 3, 4 }, { 0600, FILE_KEEP_UID, 5 }, { 0600, 3, 5 } },
		{ { 0640, 3, 4 }, { FILE_KEEP_MODE, 6, FILE_KEEP_GID }, { 0640, 6, 4 } },
		{ { 0000, 0, 0 }, FILE_META_KEEP, { 0000, 0, 0 } },
	};
	(void)state;
	if (geteuid() != 0)
		skip();
	umask(077); /* must make no difference */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct file_info info;
		unlink(host("/f"));
		if (rows[i].old.mode != FILE_KEEP_MODE) {
			make_file("/f", "old", 0600);
			assert_int_equal(file_set_meta(&ctx, "/f", rows[i].old, &err), 0);
		}
		if (file_put(&ctx, "/f", "new", 3, rows[i].asked, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(file_look(&ctx, "/f", false, &info, &err), 0);
		if (memcmp(&info.meta, &rows[i].want, sizeof(info.meta)) != 0)
			fail_msg("row %zu: %o %u %u", i, info.meta.mode, info.meta.uid,
			         info.meta.gid);
	}
}

/* An access list: owner rw, user 1000 r, group r, mask r, others none. */
static const uint8_t acl[] = {
	2, 0,    0,    0,    1,    0,    6,    0, 0xff, 0xff, 0xff, 0xff, 2,    0,    4,
	0, 0xe8, 3,    0,    0,    4,    0,    4, 0,    0xff, 0xff, 0xff, 0xff, 0x10, 0,
	4, 0,    0xff, 0xff, 0xff, 0xff, 0x20, 0, 0,    0,    0xff, 0xff, 0xff, 0xff,
};

static ssize_t xattr_of(const char *path, const char *name, void *out, size_t room)
{
	return lgetxattr(host(path), name, out, room);
}

static void test_xattrs(void **state)
{
	uint8_t got[256];
	struct file_info info;
	(void)state;
	make_file("/f", "old", 0600);
	if (setxattr(host("/f"), "user.note", "\0hello", 6, 0) < 0 && errno == ENOTSUP)
		skip();
	assert_int_equal(
		setxattr(host("/f"), "system.posix_acl_access", acl, sizeof(acl), 0), 0);
	assert_int_equal(file_put(&ctx, "/f", "new", 3, FILE_META_KEEP, &err), 0);
	assert_int_equal(xattr_of("/f", "user.note", got, sizeof(got)), 6);
	assert_memory_equal(got, "\0hello", 6);
	assert_int_equal(xattr_of("/f", "system.posix_acl_access", got, sizeof(got)),
	                 sizeof(acl));
	assert_memory_equal(got, acl, sizeof(acl));
	assert_int_equal(file_look(&ctx, "/f", false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0640);
	/* Asked to be private: then it is. */
	struct file_meta private = { 0600, FILE_KEEP_UID, FILE_KEEP_GID };
	assert_int_equal(file_put(&ctx, "/f", "new", 3, private, &err), 0);
	assert_int_equal(xattr_of("/f", "system.posix_acl_access", got, sizeof(got)), -1);
	assert_int_equal(xattr_of("/f", "user.note", got, sizeof(got)), 6);
}

/* A folder's default access list must not open a new private file when it gets its mode. */
static void test_default_acl(void **state)
{
	uint8_t got[256];
	struct file_meta shared = { 0640, FILE_KEEP_UID, FILE_KEEP_GID };
	(void)state;
	make_dir("/d", 0700);
	if (setxattr(host("/d"), "system.posix_acl_default", acl, sizeof(acl), 0) < 0 &&
	    errno == ENOTSUP)
		skip();
	assert_int_equal(file_put(&ctx, "/d/f", "key", 3, shared, &err), 0);
	assert_int_equal(xattr_of("/d/f", "system.posix_acl_access", got, sizeof(got)),
	                 -1);
}

static void test_stage_refuses(void **state)
{
	static const struct {
		const char *path, *why;
	} rows[] = {
		{ "/to-f", "symbolic link" },          { "/broken", "symbolic link" },
		{ "/d", "not a regular file" },        { "/fifo", "not a regular file" },
		{ "/", "not an absolute path" },       { "d/f", "not an absolute path" },
		{ "/d/../x", "not an absolute path" }, { "/none/f", "No such file" },
		{ "/d/f/x", "Not a directory" },
	};
	cleanup(staged_file_done) struct staged_file staged = { 0 };
	(void)state;
	make_tree();
	int names = names_in("/") + names_in("/d");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(file_stage(&ctx, rows[i].path, "x", 1, FILE_META_KEEP,
		                            true, &staged, &err),
		                 ERR_FAILED);
		if (!strstr(err.text, rows[i].why))
			fail_msg("%s: %s", rows[i].path, err.text);
		assert_null(staged.path);
	}
	assert_int_equal(names_in("/") + names_in("/d"), names);
}

static void test_refuses_immutable(void **state)
{
	static const int flags[] = { FS_IMMUTABLE_FL, FS_APPEND_FL };
	cleanup(staged_file_done) struct staged_file staged = { 0 };
	(void)state;
	make_file("/f", "old", 0600);
	auto_close int fd = open(host("/f"), O_RDONLY | O_CLOEXEC);
	int old = 0;
	if (ioctl(fd, FS_IOC_GETFLAGS, &old) < 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		int with = old | flags[i];
		if (ioctl(fd, FS_IOC_SETFLAGS, &with) < 0)
			skip();
		int code = file_stage(&ctx, "/f", "x", 1, FILE_META_KEEP, true, &staged,
		                      &err);
		assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &old), 0);
		assert_int_equal(code, ERR_FAILED);
		assert_non_null(strstr(err.text, "immutable"));
		assert_int_equal(names_in("/"), 1);
	}
}

static int stage_on_bind_mount(void)
{
	struct staged_file staged = { 0 };
	struct ctx outside =
		ctx; /* its descriptor is of the mount namespace that we leave */
	if (unshare(CLONE_NEWNS) < 0 || ctx_init(&ctx, outside.root, &err) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(host("/g"), host("/f"), NULL, MS_BIND, NULL) < 0)
		return 77;
	if (file_stage(&ctx, "/f", "x", 1, FILE_META_KEEP, true, &staged, &err) !=
	    ERR_FAILED)
		return 1;
	if (!strstr(err.text, "mount point"))
		return 2;
	/* In a mounted folder all is well. */
	if (mount(host("/e"), host("/d"), NULL, MS_BIND, NULL) < 0)
		return 77;
	return file_put(&ctx, "/d/f", "x", 1, FILE_META_KEEP, &err) == 0 ? 0 : 3;
}

static void test_refuses_bind_mount(void **state)
{
	(void)state;
	make_file("/f", "old", 0600);
	make_file("/g", "old", 0600);
	make_dir("/d", 0700);
	make_dir("/e", 0700);
	pid_t pid = fork();
	if (pid == 0)
		_exit(stage_on_bind_mount());
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
	assert_content("/e/f", "x");
}

static void test_failed_write_leaves_nothing(void **state)
{
	struct rlimit old, small = { 1000, RLIM_INFINITY };
	cleanup(staged_file_done) struct staged_file staged = { 0 };
	char octets[5000] = { 0 };
	(void)state;
	make_file("/f", "old", 0600);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int code = file_stage(&ctx, "/f", octets, sizeof(octets), FILE_META_KEEP, true,
	                      &staged, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(code, ERR_FAILED);
	assert_non_null(strstr(err.text, "File too large"));
	assert_int_equal(names_in("/"), 1);
	assert_content("/f", "old");
}

static void test_long_name(void **state)
{
	char path[1 + 255 + 1];
	(void)state;
	memset(path, 'n', sizeof(path));
	path[0] = '/';
	path[256] = '\0';
	assert_int_equal(file_put(&ctx, path, "x", 1, FILE_META_KEEP, &err), 0);
	assert_int_equal(file_put(&ctx, path, "y", 1, FILE_META_KEEP, &err), 0);
	assert_content(path, "y");
	assert_int_equal(names_in("/"), 1);
}

/* The folder went between the staging and the switch: nothing is called done. */
static void test_folder_goes(void **state)
{
	cleanup(staged_file_done) struct staged_file staged = { 0 }, fresh = { 0 };
	int fd = -1;
	(void)state;
	make_dir("/d", 0755);
	assert_int_equal(
		file_stage(&ctx, "/d/f", "x", 1, FILE_META_KEEP, false, &staged, &err),
		0);
	assert_int_equal(file_stage_new(&ctx, "/d/g", &fresh, &fd, &err), 0);
	assert_int_equal(rename(host("/d"), host("/e")), 0);
	assert_true(file_switch(&ctx, &staged, &err) < 0);
	err_clear(&err);
	assert_true(file_publish(&ctx, &fresh, fd, &err) < 0);
	err_clear(&err);
	assert_int_equal(file_backdate(&ctx, &staged, 1, &err), ERR_FAILED);
	close(fd);
	assert_int_equal(names_in("/e"), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_stage_and_switch),
		TEST(test_stage_new),
		TEST(test_unstage),
		TEST(test_meta),
		TEST(test_xattrs),
		TEST(test_default_acl),
		TEST(test_stage_refuses),
		TEST(test_refuses_immutable),
		TEST(test_refuses_bind_mount),
		TEST(test_failed_write_leaves_nothing),
		TEST(test_long_name),
		TEST(test_folder_goes),
	};
	return cmocka_run_group_tests_name("file_stage", tests, NULL, NULL);
}
