/* The files of a folder of keys: what is read, what is not, and who may have changed it. */
#include "tests/unit/file_root.h"

#include "core/base/alloc.h"
#include "core/model/life/import_walk.h"

static const struct import_file *find(const struct import_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->file[i].path, path) == 0)
			return &files->file[i];
	return NULL;
}

static const struct why_row {
	const char *path;
	const char *why; /* NULL: it is read */
	bool is_passed;
} whys[] = {
	{ "/a.example/mail.private", NULL, false },
	{ "/a.example/real", NULL, false },
	{ "/a.example/alias", "a symbolic link to a.example/real", true },
	{ "/a.example/absolute", "a file outside the folder", false },
	{ "/a.example/up", "a file outside the folder", false },
	{ "/a.example/broken", "a file outside the folder", false },
	{ "/a.example/loop", "a file outside the folder", false },
	{ "/a.example/pipe", "not a regular file", false },
	{ "/a.example/mail.private.bak", "that of a backup", true },
	{ "/a.example/writable", "can write to it (mode 0602", false },
	{ "/a.example/group", "can write to it (mode 0620", false },
	{ "/a.example/writable.txt", "other accounts can write to it", true },
	{ "/open.example", "can write to it (mode 0777", false },
	{ "/sticky/mail.private", NULL, false },
	{ "/old.bak", "that of a backup", true },
	{ "/out", "a file outside the folder", false },
};

static void files_are_judged(void **state)
{
	struct import_files files = { 0 };
	(void)state;
	make_dir("/a.example", 0700);
	make_dir("/a.example/.git", 0700);
	make_file("/a.example/.git/mail.private", "k", 0600);
	make_file("/a.example/mail.private", "k", 0600);
	make_file("/a.example/mail.private.bak", "k", 0600);
	make_file("/a.example/real", "k", 0600);
	make_file("/a.example/writable", "k", 0602);
	make_file("/a.example/writable.txt", "k", 0606);
	make_file("/a.example/group", "k", 0620);
	assert_int_equal(chown(host("/a.example/group"), (uid_t)-1, 1), 0);
	make_link("/a.example/alias", "real");
	make_link("/a.example/absolute", "/etc/passwd");
	make_link("/a.example/up", "../../../etc/passwd");
	make_link("/a.example/broken", "nothing");
	make_link("/a.example/loop", "loop");
	make_link("/out", "/etc");
	assert_int_equal(mkfifo(host("/a.example/pipe"), 0600), 0);
	make_dir("/open.example", 0777);
	make_file("/open.example/mail.private", "k", 0600);
	make_dir("/sticky", 01777);
	make_file("/sticky/mail.private", "k", 0600);
	make_dir("/old.bak", 0700);
	make_file("/old.bak/mail.private", "k", 0600);
	assert_int_equal(import_walk(&ctx, "/", &files, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(whys); i++) {
		const struct import_file *file = find(&files, whys[i].path);
		if (!file)
			fail_msg("%s is missing", whys[i].path);
		else if (whys[i].why ? !file->why || !strstr(file->why, whys[i].why) ||
		                               file->is_passed != whys[i].is_passed
		                     : file->why != NULL)
			fail_msg("%s: %s", whys[i].path, file->why ? file->why : "read");
	}
	assert_int_equal(files.count, ARRAY_LEN(whys));
	for (size_t i = 1; i < files.count; i++)
		assert_true(strcmp(files.file[i - 1].path, files.file[i].path) < 0);
	import_files_done(&files);
}

static void top_is_judged(void **state)
{
	struct import_files files = { 0 };
	(void)state;
	assert_int_equal(chmod(ctx.root, 0777), 0);
	assert_int_equal(import_walk(&ctx, "/", &files, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "can write to it (mode 0777"));
	err_clear(&err);
	assert_int_equal(chmod(ctx.root, 0700), 0);
	/* nested without end: told, not followed */
	char path[64] = "";
	for (unsigned i = 0; i < 20; i++) {
		strcat(path, "/d");
		make_dir(path, 0700);
	}
	assert_int_equal(import_walk(&ctx, "/", &files, &err), 0);
	assert_int_equal(files.count, 1);
	assert_non_null(strstr(files.file[0].why, "nested too deeply"));
	import_files_done(&files);
}

static int read_one(const char *path, bool follow)
{
	auto_secret octets = SECRET_INIT;
	err_clear(&err);
	return import_read_key(&ctx, path, follow, &octets, &err);
}

static void keys_are_read(void **state)
{
	auto_secret octets = SECRET_INIT;
	(void)state;
	make_tree();
	assert_int_equal(import_read_key(&ctx, "/d/f", false, &octets, &err), 0);
	assert_int_equal(octets.len, 7);
	assert_int_equal(read_one("/to-f", false), ERR_FAILED); /* ELOOP */
	assert_int_equal(read_one("/to-f", true), 0);
	assert_int_equal(read_one("/loop", true), ERR_FAILED);
	assert_int_equal(read_one("/fifo", false), ERR_FAILED);
	assert_int_equal(read_one("/d", false), ERR_FAILED);
	assert_int_equal(read_one("/none", false), ERR_FAILED);
	/* a link out of the root is looked up inside of it */
	assert_int_equal(read_one("/d/up", true), 0);
	make_file("/large", "", 0600);
	assert_int_equal(truncate(host("/large"), IMPORT_KEY_MAX), 0);
	assert_int_equal(read_one("/large", false), 0);
	assert_int_equal(truncate(host("/large"), IMPORT_KEY_MAX + 1), 0);
	assert_int_equal(read_one("/large", false), ERR_FAILED);
	make_file("/w", "k", 0602);
	assert_int_equal(read_one("/w", false), ERR_FAILED);
	assert_non_null(strstr(err.text, "other accounts can write to it"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_are_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(top_is_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_are_read, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
