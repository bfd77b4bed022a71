/* file.c and path.c, below a root of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "tests/unit/file_root.h"

static void test_path_text(void **state)
{
	static const struct {
		const char *path;
		bool is_plain;
	} plain[] = {
		{ "/", true },       { "/a", true },     { "/a/b.c/..d", true },
		{ "/a/...", true },  { "", false },      { "a", false },
		{ "/a/", false },    { "//a", false },   { "/a//b", false },
		{ "/a/./b", false }, { "/a/..", false }, { "/../a", false },
		{ "/.", false },     { "/a\nb", false }, { "/a\x7f", false },
		{ "/a b", true },
	};
	static const char *const parents[][2] = {
		{ "/", "/" },
		{ "/x", "/" },
		{ "/x/y", "/x" },
		{ "/x/y/z", "/x/y" },
	};
	static const char *const joins[][3] = {
		{ "/", "x", "/x" },
		{ "/a", "b", "/a/b" },
		{ "/a/", "/b/c", "/a/b/c" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (path_is_plain(plain[i].path) != plain[i].is_plain)
			fail_msg("%s", plain[i].path);
	for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
		auto_free char *parent = path_parent(parents[i][0]);
		assert_string_equal(parent, parents[i][1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(joins); i++) {
		auto_free char *both = path_join(joins[i][0], joins[i][1]);
		assert_string_equal(both, joins[i][2]);
	}
}

static void test_look(void **state)
{
	static const struct {
		const char *path;
		int kind, kind_behind; /* -1: a failure */
	} rows[] = {
		{ "/", FILE_DIRECTORY, FILE_DIRECTORY },
		{ "/d", FILE_DIRECTORY, FILE_DIRECTORY },
		{ "/d/f", FILE_REGULAR, FILE_REGULAR },
		{ "/fifo", FILE_OTHER, FILE_OTHER },
		{ "/to-f", FILE_LINK, FILE_REGULAR },
		{ "/folder/up", FILE_LINK, FILE_REGULAR },
		{ "/broken", FILE_LINK, FILE_ABSENT },
		{ "/none/none", FILE_ABSENT, FILE_ABSENT },
		{ "/loop", FILE_LINK, -1 },
		{ "/d/f/x", -1, -1 },
	};
	struct file_info info;
	(void)state;
	make_tree();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int follow = 0; follow < 2; follow++) {
			int want = follow ? rows[i].kind_behind : rows[i].kind;
			int code = file_look(&ctx, rows[i].path, follow, &info, &err);
			if (code != (want < 0 ? ERR_FAILED : 0) ||
			    (want >= 0 && (int)info.kind != want))
				fail_msg("%s: %d", rows[i].path, (int)info.kind);
		}
	assert_int_equal(file_look(&ctx, "/d/f", false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0640);
	assert_int_equal(info.meta.uid, geteuid());
	assert_int_equal(info.size, 7);
	assert_true(info.mtime_ns > INT64_C(1700000000) * NS_PER_SEC);
}

static void test_read(void **state)
{
	static const struct {
		const char *path, *content;
		int code;
		size_t limit;
	} rows[] = {
		{ "/d/f", "content", 0, 7 },
		{ "/to-f", "content", 0, 100 },
		{ "/absolute", "content", 0, 100 },
		{ "/folder/f", "content", 0, 100 },
		{ "/d/up", "of the root", 0, 100 },
		{ "/../../../passwd", "of the root", 0, 100 },
		{ "/d/f", NULL, ERR_FAILED, 6 },
		{ "/none", NULL, ERR_MISSING, 100 },
		{ "/broken", NULL, ERR_MISSING, 100 },
		{ "/loop", NULL, ERR_FAILED, 100 },
		{ "/d", NULL, ERR_FAILED, 100 },
		{ "/fifo", NULL, ERR_FAILED, 100 },
	};
	(void)state;
	make_tree();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf got = BUF_INIT;
		struct file_info info = { .size = -1 };
		buf_puts(&got, "before:");
		int code =
			file_read(&ctx, rows[i].path, rows[i].limit, &got, &info, &err);
		if (code != rows[i].code)
			fail_msg("%s: %d %s", rows[i].path, code, err.text);
		assert_memory_equal(got.at, "before:", 7);
		assert_string_equal(got.at + 7, rows[i].content ? rows[i].content : "");
		if (code == 0)
			assert_int_equal(info.size, strlen(rows[i].content));
		else
			assert_non_null(strstr(err.text, rows[i].path));
		/* the same, but what is absent is no failure */
		auto_buf again = BUF_INIT;
		struct err why = ERR_INIT;
		code = file_read_if_there(&ctx, rows[i].path, rows[i].limit, &again,
		                          &why);
		assert_int_equal(code, rows[i].code == 0             ? 1
		                       : rows[i].code == ERR_MISSING ? 0
		                                                     : rows[i].code);
		assert_int_equal(why.code, code < 0 ? code : 0);
		assert_string_equal(buf_text(&again),
		                    rows[i].content ? rows[i].content : "");
	}
}

static void test_read_large(void **state)
{
	size_t len = 300000;
	auto_free char *octets = xcalloc(1, len);
	auto_buf got = BUF_INIT;
	(void)state;
	for (size_t i = 0; i < len; i++)
		octets[i] = (char)(i * 11);
	assert_int_equal(file_put(&ctx, "/big", octets, len, FILE_META_KEEP, &err), 0);
	assert_int_equal(file_read(&ctx, "/big", len, &got, NULL, &err), 0);
	assert_int_equal(got.len, len);
	assert_memory_equal(got.at, octets, len);
}

static void test_real_path(void **state)
{
	static const struct {
		const char *path, *real;
		int code;
	} rows[] = {
		{ "/", "/", 0 },
		{ "/d/f", "/d/f", 0 },
		{ "/to-f", "/d/f", 0 },
		{ "/absolute", "/d/f", 0 },
		{ "/folder/up", "/passwd", 0 },
		{ "/folder", "/d", 0 },
		{ "/../..//d/./f", "/d/f", 0 },
		{ "/broken", NULL, ERR_MISSING },
		{ "/none/x", NULL, ERR_MISSING },
		{ "/loop", NULL, ERR_FAILED },
		{ "/d/f/x", NULL, ERR_FAILED },
	};
	(void)state;
	make_tree();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *real = NULL;
		int code = file_real_path(&ctx, rows[i].path, &real, &err);
		if (code != rows[i].code || !text_same(real, rows[i].real))
			fail_msg("%s: %d %s", rows[i].path, code, real ? real : err.text);
	}
}

static void test_check_parents(void **state)
{
	static const struct {
		const char *path;
		mode_t mode; /* of /a/b */
		uid_t uid;   /* 0 stands for ourselves */
		gid_t gid;
		bool is_safe;
	} rows[] = {
		{ "/a/b/f", 0755, 0, 0, true },      { "/a/b/f", 0700, 0, 5, true },
		{ "/a/b/f", 0775, 0, 0, true },      { "/a/b/f", 0775, 0, 5, false },
		{ "/a/b/f", 0757, 0, 0, false },     { "/a/b/f", 01777, 0, 0, true },
		{ "/a/b/f", 0755, 7, 0, false },     { "/a/b/f", 01777, 7, 0, false },
		{ "/a/b/c/d/f", 0757, 0, 0, false }, { "/a/b/c/d/f", 0755, 0, 0, true },
		{ "/link/f", 0755, 0, 0, true },     { "/link/f", 0777, 0, 0, false },
		{ "/a/b", 0777, 7, 7, true }, /* not a parent of itself */
	};
	(void)state;
	if (geteuid() != 0)
		skip();
	make_dir("/a", 0755);
	make_dir("/a/b", 0755);
	make_link("/link", "a/b");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(chown(host("/a/b"), rows[i].uid, rows[i].gid), 0);
		assert_int_equal(chmod(host("/a/b"), rows[i].mode), 0);
		int code = file_check_parents(&ctx, rows[i].path, &err);
		if (code != (rows[i].is_safe ? 0 : ERR_FAILED))
			fail_msg("row %zu: %s", i, err.text);
		if (code < 0)
			assert_non_null(strstr(err.text, "/a/b"));
	}
	/* Who owns a link may lead it elsewhere, also in a sticky folder. */
	assert_int_equal(lchown(host("/link"), 7, 7), 0);
	assert_int_equal(chmod(host("/a/b"), 0755), 0);
	assert_int_equal(file_check_parents(&ctx, "/link/f", &err), ERR_FAILED);
	assert_int_equal(chmod(ctx.root, 0777), 0);
	assert_int_equal(file_check_parents(&ctx, "/f", &err), ERR_FAILED);
	/* An access list grants more than owner and group say. */
	const uint32_t acl[] = { 2,          7u << 16 | 1,  UINT32_MAX, 7u << 16 | 2,
		                 7,          7u << 16 | 4,  UINT32_MAX, 7u << 16 | 16,
		                 UINT32_MAX, 5u << 16 | 32, UINT32_MAX };
	assert_int_equal(chmod(ctx.root, 0755), 0);
	assert_int_equal(chown(host("/a/b"), 0, 0), 0);
	if (setxattr(host("/a/b"), "system.posix_acl_access", acl, sizeof(acl), 0) == 0)
		assert_int_equal(file_check_parents(&ctx, "/a/b/f", &err), ERR_FAILED);
	/* A file where a folder should be. */
	assert_int_equal(chmod(ctx.root, 0755), 0);
	make_file("/file", "", 0644);
	assert_int_equal(file_check_parents(&ctx, "/file/x/y", &err), ERR_FAILED);
}

static void test_remove_and_move(void **state)
{
	(void)state;
	make_tree();
	assert_int_equal(file_remove(&ctx, "/none", &err), 0);
	assert_int_equal(file_remove(&ctx, "/none/none", &err), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(file_remove(&ctx, "/d", &err), ERR_FAILED);
	assert_int_equal(file_move(&ctx, "/d/f", "/passwd", &err), ERR_FAILED);
	assert_content("/passwd", "of the root");
	assert_int_equal(file_move(&ctx, "/none", "/x", &err), ERR_MISSING);
	assert_int_equal(file_move(&ctx, "d/f", "/x", &err), ERR_FAILED);
	assert_int_equal(file_move(&ctx, "/d/f", "x", &err), ERR_FAILED);
	assert_int_equal(file_move(&ctx, "/d/f", "/none/x", &err), ERR_MISSING);
	assert_int_equal(file_remove(&ctx, "d/f", &err), ERR_FAILED);
	assert_int_equal(file_remove_dir(&ctx, "d", &err), ERR_FAILED);
	assert_int_equal(file_make_dir(&ctx, "d/x", FILE_META_KEEP, NULL, &err),
	                 ERR_FAILED);
	assert_content("/d/f", "content");
	err_clear(&err);
	assert_int_equal(file_move(&ctx, "/d/f", "/x", &err), 0);
	assert_content("/x", "content");
	assert_int_equal(file_remove(&ctx, "/to-f", &err), 0); /* the link */
	assert_int_equal(file_remove(&ctx, "/x", &err), 0);
	assert_int_equal(access(host("/x"), F_OK), -1);
}

static void test_make_dir(void **state)
{
	struct file_info info;
	bool is_made = false;
	(void)state;
	umask(077); /* must make no difference */
	assert_int_equal(file_make_dir(&ctx, "/a/b/c", FILE_META_KEEP, &is_made, &err),
	                 0);
	assert_true(is_made);
	assert_int_equal(file_look(&ctx, "/a/b", false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0755);
	assert_int_equal(file_look(&ctx, "/a/b/c", false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0700);
	struct file_meta wide = { 0711, FILE_KEEP_UID, FILE_KEEP_GID };
	assert_int_equal(file_make_dir(&ctx, "/a/b/c", wide, &is_made, &err), 0);
	assert_false(is_made);
	assert_int_equal(file_look(&ctx, "/a/b/c", false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0700);
	assert_int_equal(file_make_dir(&ctx, "/w", wide, NULL, &err), 0);
	assert_int_equal(file_look(&ctx, "/w", false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0711);
	assert_int_equal(file_make_dir(&ctx, "/", wide, &is_made, &err), 0);
	assert_false(is_made);
	make_file("/f", "", 0600);
	assert_int_equal(file_make_dir(&ctx, "/f", wide, &is_made, &err), ERR_FAILED);
	make_link("/l", "w");
	assert_int_equal(file_make_dir(&ctx, "/l", wide, &is_made, &err), 0);
	assert_false(is_made);
	assert_int_equal(file_remove_dir(&ctx, "/a/b", &err), 0); /* not empty: stays */
	assert_int_equal(file_remove_dir(&ctx, "/a/b/c", &err), 0);
	assert_int_equal(file_remove_dir(&ctx, "/a/b/c", &err), 0);
	assert_int_equal(file_remove_dir(&ctx, "/a/b", &err), 0);
	assert_int_equal(file_remove_dir(&ctx, "/none/x", &err), 0);
	assert_int_equal(names_in("/a"), 0);
	assert_int_equal(file_remove_dir(&ctx, "/f", &err), ERR_FAILED);
}

static void test_set_meta(void **state)
{
	struct file_meta mode = { 0444, FILE_KEEP_UID, FILE_KEEP_GID };
	struct file_info info;
	(void)state;
	make_tree();
	assert_int_equal(file_set_meta(&ctx, "/d/f", mode, &err), 0);
	assert_int_equal(file_look(&ctx, "/d/f", false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0444);
	assert_int_equal(file_set_meta(&ctx, "/none", mode, &err), ERR_MISSING);
	mode.mode = 0666;
	assert_int_equal(file_set_meta(&ctx, "/to-f", mode, &err), ERR_FAILED);
	assert_int_equal(file_look(&ctx, "/d/f", false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0444);
}

/* Owner and group each by itself, and bits that a change of owner clears. */
static void test_set_owner(void **state)
{
	static const struct {
		struct file_meta asked, want;
	} rows[] = {
		{ { FILE_KEEP_MODE, 3, FILE_KEEP_GID }, { 0640, 3, 0 } },
		{ { FILE_KEEP_MODE, FILE_KEEP_UID, 4 }, { 0640, 3, 4 } },
		{ { 06755, 5, FILE_KEEP_GID }, { 06755, 5, 4 } },
		{ { 0600, 0, 0 }, { 0600, 0, 0 } },
	};
	(void)state;
	if (geteuid() != 0)
		skip();
	make_file("/f", "", 0640);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct file_info info;
		assert_int_equal(file_set_meta(&ctx, "/f", rows[i].asked, &err), 0);
		assert_int_equal(file_look(&ctx, "/f", false, &info, &err), 0);
		if (memcmp(&info.meta, &rows[i].want, sizeof(info.meta)) != 0)
			fail_msg("row %zu: %o %u %u", i, info.meta.mode, info.meta.uid,
			         info.meta.gid);
	}
}

static int stop_at_first(void *arg, const char *name, struct err *e)
{
	++*(int *)arg;
	return err_set(e, ERR_CANCELLED, "%s", name);
}

static void test_list(void **state)
{
	int count = 0;
	(void)state;
	make_tree();
	assert_int_equal(names_in("/d"), 2);
	assert_int_equal(names_in("/none"), 0);
	assert_int_equal(file_list(&ctx, "/d", stop_at_first, &count, &err),
	                 ERR_CANCELLED);
	assert_int_equal(count, 1);
	assert_int_equal(file_list(&ctx, "/d/f", count_name, &count, &err), ERR_FAILED);
}

static void test_ids(void **state)
{
	uid_t uid = 1;
	gid_t gid = 1;
	struct err ignored = ERR_INIT;
	(void)state;
	assert_false(file_user_id(&ctx, "root", &uid,
	                          &gid)); /* the root has no such file yet */
	make_dir("/etc", 0755);
	make_file("/etc/passwd",
	          "root:x:0:0::/:/bin/sh\nopendkim:x:114:120:a,b:/run:/bin/false\n",
	          0644);
	make_file("/etc/group", "root:x:0:\npostfix:x:121:opendkim,x\n", 0644);
	assert_true(file_user_id(&ctx, "opendkim", &uid, &gid));
	assert_int_equal(uid, 114);
	assert_int_equal(gid, 120);
	assert_false(file_user_id(&ctx, "nobody", &uid, &gid));
	assert_true(file_group_id(&ctx, "postfix", &gid));
	assert_int_equal(gid, 121);
	assert_false(file_group_id(&ctx, "opendkim", &gid));
	struct ctx machine = { 0 };
	assert_int_equal(ctx_init(&machine, NULL, &ignored), 0);
	assert_true(file_user_id(&machine, "root", &uid, &gid));
	assert_int_equal(uid, 0);
	assert_true(file_group_id(&machine, "root", &gid));
	assert_int_equal(gid, 0);
	assert_false(file_user_id(&machine, "no such user", &uid, &gid));
	assert_false(file_group_id(&machine, "no such group", &gid));
	ctx_done(&machine);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_path_text),
		TEST(test_look),
		TEST(test_read),
		TEST(test_read_large),
		TEST(test_real_path),
		TEST(test_check_parents),
		TEST(test_remove_and_move),
		TEST(test_make_dir),
		TEST(test_set_meta),
		TEST(test_set_owner),
		TEST(test_list),
		TEST(test_ids),
	};
	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
