/* postfix_detect: what Postfix's programs say of their configuration. */
#include "tests/unit/push_host.h"

#include <sys/file.h>

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

static const char *instances; /* what "postmulti -l" prints; NULL: it cannot be started */

static int fake_programs(struct ctx *ctx, const struct run_spec *spec,
                         struct run_result *ret, struct err *err)
{
	(void)ctx;
	*ret = (struct run_result){ 0 };
	if (strcmp(spec->argv[0], "postmulti") == 0) {
		if (!instances)
			return err_set(err, ERR_FAILED, "cannot start postmulti");
		buf_puts(&ret->out, instances);
		return 0;
	}
	assert_string_equal(spec->argv[0], "postconf");
	assert_string_equal(spec->argv[2], "/etc/postfix-out");
	buf_puts(&ret->out, "queue_directory = /q\nmail_version = 3.7.11\n"
	                    "myhostname =   mx.example.net\nmynetworks =\n");
	return 0;
}

/* What its own programs say, whether it runs, and the instances besides this one. */
static void test_live(void **state)
{
	static const struct {
		const char *postmulti, *instances;
		bool is_held; /* the lock of a running master */
	} rows[] = {
		{ NULL, NULL, false },
		{ "- - y /etc/postfix-out\n", NULL, true },
		{ "- - y /etc/postfix\nout - y /etc/postfix-out\nin - y /etc/postfix-in\n"
		  "old - n /etc/postfix-old\nodd - y relative\nshort y /x\n",
		  "/etc/postfix, /etc/postfix-in", false },
	};
	struct host *host = *state;
	struct err err = ERR_INIT;
	host->ctx.run = fake_programs;
	host->ctx.is_rooted = false;
	if (!run_can_find(&host->ctx, "postconf")) /* whatever it is: it is not started */
		skip();
	auto_store store = store_at(host, "a.db");
	auto_free char *pid = xasprintf("%s/q/pid/master.pid", host->root);
	put(host->root, "/etc/postfix-out/main.cf", "", 0644);
	put(host->root, "/q/pid/master.pid", "", 0644);
	set(host, store, SET_MTA_POSTFIX_CONFIG_DIR, "/etc/postfix-out");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct postfix_host found;
		auto_close int fd = open(pid, O_RDWR | O_CLOEXEC);
		instances = rows[i].postmulti;
		if (rows[i].is_held)
			assert_int_equal(flock(fd, LOCK_EX), 0);
		if (postfix_host_read(&host->ctx, store, &found, &err) < 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_true(found.is_installed);
		assert_int_equal(found.is_running, rows[i].is_held);
		assert_int_equal(found.why_not == NULL, rows[i].is_held);
		assert_string_equal(found.config_dir, "/etc/postfix-out");
		assert_string_equal(found.queue_dir, "/q");
		assert_string_equal(found.version, "3.7.11");
		assert_string_equal(found.hostname, "mx.example.net");
		assert_string_equal(found.networks, "");
		if (rows[i].instances)
			assert_string_equal(found.instances, rows[i].instances);
		else
			assert_null(found.instances);
		postfix_host_done(&found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fatal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_live, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
