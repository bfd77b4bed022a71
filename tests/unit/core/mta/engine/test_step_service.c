/* mta.reload: one command for all services of a rank. */
#include "tests/unit/fake_host.h"

#include "core/mta/engine/owned_service.h"
#include "core/mta/host/service.h"

static int run_reload(struct ctx *ctx, const struct run_spec *spec,
                      struct run_result *ret, struct err *err)
{
	(void)ctx, (void)err;
	*ret = (struct run_result){ 0 };
	buf_printf(&world.runs, "%s %s [%s];", spec->argv[0], spec->argv[1],
	           spec->env ? spec->env[0] : "");
	return 0;
}

static void test_reload_command(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan,
		                 .reload = xstrdup("kick \"the server\"") };

	host->ctx.run = run_reload;
	plan_file(&plan, RANK_PROVIDERS, "/etc/x", "x", 1, FILE_META_KEEP,
	          plan_cause(&plan, "a filter"));
	plan_service(&plan, RANK_PROVIDERS, "opendmarc", SERVICE_ENABLE, 0);
	plan_service(&plan, RANK_PROVIDERS, "opendkim", SERVICE_RELOAD,
	             plan_cause(&plan, "a filter"));
	plan_service(&plan, RANK_CONSUMERS, "postfix:/etc/out", SERVICE_RELOAD, 0);
	plan_probe(&plan, RANK_CONSUMERS, &milter_probe, NULL, "unix:/x", 0);
	assert_int_equal(owned_plan_services(&host->ctx, host->target, true, &plan, &err),
	                 0);
	prune(host, &plan);
	assert_int_equal(plan.count, 5);
	world.bad_probes = -1;
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	assert_int_equal(engine_switch(&engine, note_owned, host, &err), ERR_FAILED);
	engine_done(&engine);
	assert_string_equal(
		buf_text(&world.runs),
		"kick the server [MAILAUTHCTL_ACTIONS=enable=opendmarc reload=opendkim];"
		"kick the server [MAILAUTHCTL_ACTIONS=reload=postfix:/etc/out];"
		"kick the server [MAILAUTHCTL_ACTIONS=reload=postfix:/etc/out];"
		"kick the server [MAILAUTHCTL_ACTIONS=reload=opendkim disable=opendmarc];");
	assert_non_null(strstr(buf_text(&world.reports), "enable opendmarc"));
}

/* What was enabled once is not asked for again: nobody can see whether it runs. */
static void test_reload_command_remembers(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;

	for (int round = 0; round < 2; round++) {
		auto_plan plan = PLAN_INIT;

		plan_service(&plan, RANK_PROVIDERS, "postsrsd", SERVICE_ENABLE, 0);
		assert_int_equal(
			owned_plan_services(&host->ctx, host->target, true, &plan, &err),
			0);
		assert_int_equal(plan.count, round == 0);
		assert_int_equal(
			store_exec(host->target, &err,
		                   "INSERT OR IGNORE INTO owned (object, base_mode) "
		                   "VALUES ('service:postsrsd', 0)",
		                   ""),
			0);
	}
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_reload_command),
		ROW(test_reload_command_remembers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
