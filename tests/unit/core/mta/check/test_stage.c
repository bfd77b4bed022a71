/* stage: the validators' folder, and what a killed run left of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/mta/check/stage.h"

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

static int note_folder(struct ctx *ctx, const struct run_spec *spec,
                       struct run_result *ret, struct err *err)
{
	(void)spec, (void)err;
	*ret = (struct run_result){ 0 };
	ctx->run = NULL;
	return 0;
}

/* Below /run, which is the host's own memory; /tmp, where everybody writes, only without it.  What is
 * staged lies there and nowhere else. */
static void test_place(void **state)
{
	static const char *const argv[] = { "true", NULL };
	struct ctx ctx = { .root_fd = -1, .run = note_folder };
	const char *place = access("/run", W_OK) == 0 ? "/run/" : "/tmp/";
	auto_stage stage = { 0 };
	struct run_result result;
	struct stat there, open;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(stage_open(&ctx, &stage, &err), 0);
	auto_free char *start = xasprintf("%smailauthctl-check.", place);
	assert_true(strncmp(stage.folder, start, strlen(start)) == 0);
	assert_null(strchr(stage.folder + strlen(place), '/'));
	assert_int_equal(stat(stage.folder, &there) | fstat(stage.fd, &open), 0);
	assert_int_equal(there.st_ino, open.st_ino);
	assert_int_equal(there.st_mode & 07777, 0700);
	auto_free char *path = stage_path(&stage, "key-0");
	assert_true(strncmp(path, stage.folder, strlen(stage.folder)) == 0);
	assert_int_equal(stage_write(&stage, "key-0", "SECRET", 6, &err), 0);
	assert_int_equal(faccessat(stage.fd, "key-0", F_OK, 0), 0);
	assert_int_equal(stage_run(&stage, argv, &result, &err), 0);
	assert_null(ctx.run);
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
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_links),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
