/* heartbeat.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/model/export/heartbeat.h"

static int set_up(void **state)
{
	char *folder = xstrdup("/tmp/heartbeat.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	*state = folder;
	return 0;
}

static int tear_down(void **state)
{
	auto_free char *folder = *state;
	auto_free char *mark = xasprintf("%s/db" HEARTBEAT_SUFFIX, folder);
	auto_free char *other = xasprintf("%s/other", folder);
	unlink(mark);
	unlink(other);
	return rmdir(folder);
}

static void test_marks(void **state)
{
	static const struct {
		int64_t now;
		bool is_failed;
	} rows[] = {
		{ 1000000000, false }, { 1000000300, true },  { 1000000600, true },
		{ 1000000900, false }, { 1000000100, false }, /* the clock went back */
	};
	auto_free char *db = xasprintf("%s/db", (char *)*state);
	auto_free char *mark = xasprintf("%s" HEARTBEAT_SUFFIX, db);
	assert_int_equal(heartbeat_last(db), 0);
	assert_false(heartbeat_is_failed(db));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct stat st;
		heartbeat_mark(db, rows[i].now, rows[i].is_failed);
		assert_int_equal(heartbeat_last(db), rows[i].now);
		assert_int_equal(heartbeat_is_failed(db), rows[i].is_failed);
		assert_int_equal(stat(mark, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_true(st.st_size < 16);
	}
}

/* A link that somebody put there is neither followed nor believed. */
static void test_link(void **state)
{
	auto_free char *db = xasprintf("%s/db", (char *)*state);
	auto_free char *mark = xasprintf("%s" HEARTBEAT_SUFFIX, db);
	auto_free char *other = xasprintf("%s/other", (char *)*state);
	assert_int_equal(symlink("other", mark), 0);
	heartbeat_mark(db, 1000000000, true);
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(heartbeat_last(db), 0);
}

/* No folder: nothing to mark, nothing fails. */
static void test_no_folder(void **state)
{
	(void)state;
	heartbeat_mark("/nonexistent/folder/db", 1000000000, false);
	assert_int_equal(heartbeat_last("/nonexistent/folder/db"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_marks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link, set_up, tear_down),
		cmocka_unit_test(test_no_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
