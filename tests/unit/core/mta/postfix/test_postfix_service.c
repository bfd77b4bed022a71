/* Postfix as a service without systemd: which of its commands runs, and where its log is. */
#include "tests/unit/fake_host.h"

#include "core/base/text.h"
#include "core/mta/host/service.h"
#include "core/mta/postfix/postfix_observed.h"

#define STATUS_FAILS "postfix"
#define AT(folder, command) "postfix -c " folder " " command ";"

static void test_commands(void **state)
{
	static const struct {
		const char *instance, *down;
		enum service_action action;
		const char *want;
	} rows[] = {
		{ NULL, NULL, SERVICE_RELOAD, AT("/etc/postfix", "reload") },
		{ "/etc/postfix-out", NULL, SERVICE_RELOAD,
		  AT("/etc/postfix-out", "reload") },
		{ NULL, NULL, SERVICE_START, "" },
		{ NULL, NULL, SERVICE_ENABLE, "" },
		{ NULL, STATUS_FAILS, SERVICE_START, AT("/etc/postfix", "start") },
		{ NULL, STATUS_FAILS, SERVICE_ENABLE, AT("/etc/postfix", "start") },
		{ NULL, NULL, SERVICE_RESTART,
		  AT("/etc/postfix", "stop") AT("/etc/postfix", "start") },
		{ NULL, STATUS_FAILS, SERVICE_RESTART, AT("/etc/postfix", "start") },
		{ "/etc/postfix-out", NULL, SERVICE_STOP,
		  AT("/etc/postfix-out", "stop") },
		{ NULL, NULL, SERVICE_DISABLE, AT("/etc/postfix", "stop") },
		{ NULL, STATUS_FAILS, SERVICE_STOP, "" },
		{ NULL, STATUS_FAILS, SERVICE_DISABLE, "" },
	};
	struct host *host = *state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		world.down = rows[i].down;
		buf_clear(&world.runs);
		assert_int_equal(postfix_service.act(&host->ctx, rows[i].instance,
		                                     rows[i].action, &err),
		                 0);
		if (strcmp(buf_text(&world.runs), rows[i].want) != 0)
			fail_msg("row %zu: %s", i, buf_text(&world.runs));
		assert_int_equal(postfix_service.is_running(&host->ctx, rows[i].instance),
		                 !rows[i].down);
	}
}

/* A command that fails is the fault, and no other follows it. */
static void test_failures(void **state)
{
	static const struct {
		enum service_action action;
		const char *fails, *down, *want;
	} rows[] = {
		{ SERVICE_RELOAD, "reload", NULL, AT("/etc/postfix", "reload") },
		{ SERVICE_RESTART, "stop", NULL, AT("/etc/postfix", "stop") },
		{ SERVICE_START, "start", STATUS_FAILS, AT("/etc/postfix", "start") },
		{ SERVICE_STOP, "stop", NULL, AT("/etc/postfix", "stop") },
	};
	struct host *host = *state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		world.down = rows[i].down;
		world.fail_on = rows[i].fails;
		buf_clear(&world.runs);
		assert_int_equal(
			postfix_service.act(&host->ctx, NULL, rows[i].action, &err),
			ERR_FAILED);
		assert_non_null(strstr(err.text, "it does not want to"));
		assert_string_equal(buf_text(&world.runs), rows[i].want);
	}
}

static int run_nothing(struct ctx *ctx, const struct run_spec *spec,
                       struct run_result *ret, struct err *err)
{
	(void)ctx, (void)ret;
	return err_set(err, ERR_FAILED, "cannot start %s", spec->argv[0]);
}

static int run_late(struct ctx *ctx, const struct run_spec *spec, struct run_result *ret,
                    struct err *err)
{
	(void)ctx, (void)spec, (void)err;
	*ret = (struct run_result){ .is_timed_out = true, .exit_status = 1 };
	return 0;
}

/* Only an answer says that it does not run. */
static void test_unknown(void **state)
{
	struct host *host = *state;
	const char *const argv[] = { "postfix", "status", NULL };
	host->ctx.run = run_nothing;
	assert_true(postfix_service.is_running(&host->ctx, NULL));
	assert_false(service_run_well(&host->ctx, argv));
	assert_false(service_run_denies(&host->ctx, argv));
	host->ctx.run = run_late;
	assert_true(postfix_service.is_running(&host->ctx, NULL));
	assert_false(service_run_well(&host->ctx, argv));
	assert_false(service_run_denies(&host->ctx, argv));
	host->ctx.run = fake_run;
	assert_true(service_run_well(&host->ctx, argv));
	assert_false(service_run_denies(&host->ctx, argv));
	world.down = STATUS_FAILS;
	assert_false(service_run_well(&host->ctx, argv));
	assert_true(service_run_denies(&host->ctx, argv));
}

/* Under which name it logs, and to which file of its own. */
static void test_log_source(void **state)
{
	static const struct {
		const char *main, *name, *file;
	} rows[] = {
		{ "", NULL, NULL },
		{ "syslog_name = out\n", "out", NULL },
		{ "multi_instance_name = inst\n", "inst", NULL },
		{ "syslog_name = out\nmulti_instance_name = inst\n", "out", NULL },
		{ "maillog_file = /var/log/own\n", NULL, "/var/log/own" },
		{ "maillog_file = /dev/stdout\n", NULL, NULL },
		{ "maillog_file = stdout\n", NULL, NULL },
	};
	struct host *host = *state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *name = NULL;
		auto_free char *file = NULL;
		put(host->root, "/etc/postfix-out/main.cf", rows[i].main, 0644);
		postfix_service.log_source(&host->ctx, "/etc/postfix-out", &name, &file);
		if (!text_same(name, rows[i].name) || !text_same(file, rows[i].file))
			fail_msg("row %zu: %s %s", i, name, file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_commands, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log_source, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
