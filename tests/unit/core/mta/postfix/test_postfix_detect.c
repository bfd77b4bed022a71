/* postfix_detect: what Postfix's programs say of their configuration. */
#include "tests/unit/fake_host.h"

#include "core/mta/postfix/postfix_observed.h"

static struct {
	const char *errors;
	int status;
	bool is_missing;
} postmap;

static int fake_postmap(struct ctx *ctx, const struct run_spec *spec,
                        struct run_result *ret, struct err *err)
{
	(void)ctx;
	if (postmap.is_missing)
		return err_set(err, ERR_FAILED, "cannot start %s", spec->argv[0]);
	assert_string_equal(spec->argv[0], "postmap");
	assert_string_equal(spec->argv[1], "-c");
	assert_string_equal(spec->argv[2], "/etc/postfix-out");
	*ret = (struct run_result){ .exit_status = postmap.status };
	buf_puts(&ret->errors, postmap.errors);
	return 0;
}

/* The reason without the program's name, one line of it, and only if the program failed for it. */
static void test_fatal(void **state)
{
	static const struct {
		const char *errors;
		int status;
		bool is_missing;
		const char *want;
	} rows[] = {
		{ "", 0, false, NULL },
		{ "postmap: fatal: bad x\n", 1, false, "bad x" },
		{ "postmap: warning: y\npostmap: fatal: file f: missing\npostmap: z\n", 1,
		  false, "file f: missing" },
		{ "postmap: fatal: bad x", 1, false, "bad x" },
		{ "postmap: fatal: bad x\n", 0, false, NULL },
		{ "postmap: warning: y\n", 1, false, NULL },
		{ "", 1, false, NULL },
		{ "", 0, true, NULL },
	};
	struct host *host = *state;
	host->ctx.run = fake_postmap;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		postmap.errors = rows[i].errors;
		postmap.status = rows[i].status;
		postmap.is_missing = rows[i].is_missing;
		auto_free char *fatal = postfix_fatal(&host->ctx, "/etc/postfix-out");
		if (rows[i].want ? !fatal || strcmp(fatal, rows[i].want) != 0
		                 : fatal != NULL)
			fail_msg("row %zu: %s", i, fatal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fatal, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
