/* stage: the validators' folder, and what a killed run left of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/mta/stage.h"

static void test_tidy(void **state)
{
	char left[] = "/tmp/mailauthctl-check.XXXXXX";
	struct ctx ctx = { .root_fd = -1 };
	auto_stage stage = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(stage_open(&ctx, &stage, &err), 0);
	assert_int_equal(stage_write(&stage, "key-0", "SECRET", 6, &err), 0);
	assert_non_null(mkdtemp(left));
	auto_free char *file = xasprintf("%s/key-0", left);
	fclose(fopen(file, "w"));
	stage_tidy();
	assert_int_equal(access(left, F_OK), -1);
	/* somebody uses this one */
	auto_free char *path = stage_path(&stage, "key-0");
	assert_int_equal(access(path, F_OK), 0);
	auto_free char *folder = xstrdup(stage.folder);
	stage_done(&stage);
	assert_int_equal(access(folder, F_OK), -1);
}

/* Another user's names in /tmp are nobody's business of ours. */
static void test_links(void **state)
{
	char folder[] = "/tmp/test_stage.XXXXXX",
	     link[] = "/tmp/mailauthctl-check.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(folder));
	auto_free char *file = xasprintf("%s/mine", folder);
	fclose(fopen(file, "w"));
	assert_non_null(mkdtemp(link));
	assert_int_equal(rmdir(link) | symlink(folder, link), 0);
	stage_tidy();
	assert_int_equal(access(file, F_OK), 0);
	assert_int_equal(unlink(link) | unlink(file) | rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tidy),
		cmocka_unit_test(test_links),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
