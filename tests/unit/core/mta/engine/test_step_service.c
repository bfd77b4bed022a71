/* Services: told one by one, or by mta.reload, one command for all services of a rank. */
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

/* Each action has its way back, by what the service was; without systemd a kind that runs by its own
 * command. */
static void test_undo_alone(void **state)
{
#define RUNS SERVICE_WAS_RUNNING
#define AT "postfix -c /etc/out "
	static const struct {
		enum service_action action;
		bool had_old;
		unsigned was;
		bool runs;
		const char *want;
	} rows[] = {
		{ SERVICE_RELOAD, false, 0, true, AT "reload;" },
		{ SERVICE_RELOAD, false, 0, false, "" },
		{ SERVICE_RELOAD, true, RUNS, false, AT "start;" },
		{ SERVICE_RELOAD, true, 0, false, "" },
		{ SERVICE_RESTART, true, RUNS, true, AT "stop;" AT "start;" },
		{ SERVICE_ENABLE, true, 0, true, AT "stop;" },
		{ SERVICE_ENABLE, true, RUNS, true, "" },
		{ SERVICE_ENABLE, true, RUNS, false, AT "start;" },
		{ SERVICE_ENABLE, false, 0, true, AT "stop;" },
		{ SERVICE_DISABLE, false, 0, false, AT "start;" },
		{ SERVICE_START, false, 0, true, AT "stop;" },
		{ SERVICE_STOP, false, 0, false, AT "start;" },
	};
	struct host *host = *state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		size_t n = i / 2;
		bool fails = i % 2;
		const struct step_row row = { .kind = STEP_SERVICE,
			                      .object = "postfix:/etc/out",
			                      .action = rows[n].action,
			                      .had_old = rows[n].had_old,
			                      .old_meta.mode = rows[n].was };
		struct step_run step_run = { .ctx = &host->ctx };
		enum undo_result result = UNDO_NOTHING;
		struct err err = ERR_INIT;
		if (fails && !*rows[n].want)
			continue;
		world.down = rows[n].runs ? NULL : "postfix";
		world.fail_on = fails ? "/etc/out" : NULL;
		buf_clear(&world.runs);
		int r = step_service_type.undo(&step_run, &row, &result, &err);
		if (r != (fails ? ERR_FAILED : 0) ||
		    result != (fails ? UNDO_NOTHING : UNDO_DONE) ||
		    step_run.is_stopped == rows[n].runs ||
		    (!fails && strcmp(buf_text(&world.runs), rows[n].want) != 0))
			fail_msg("row %zu: %d %s", n, r, buf_text(&world.runs));
	}
	world.fail_on = NULL;
}

/* mta.reload that fails is the fault of the undo as well. */
static void test_undo_by_reload(void **state)
{
	struct host *host = *state;
	const struct step_row row = { .kind = STEP_SERVICE,
		                      .object = "postfix:/etc/out",
		                      .action = SERVICE_RELOAD };
	struct step_run step_run = { .ctx = &host->ctx,
		                     .target = host->target,
		                     .reload = "kick it" };
	enum undo_result result = UNDO_NOTHING;
	struct err err = ERR_INIT;
	world.fail_on = "kick";
	assert_int_equal(step_service_type.undo(&step_run, &row, &result, &err),
	                 ERR_FAILED);
	assert_int_equal(result, UNDO_NOTHING);
	assert_non_null(strstr(err.text, "it does not want to"));
	/* once for a rank */
	err_clear(&err);
	assert_int_equal(step_service_type.undo(&step_run, &row, &result, &err), 0);
	assert_int_equal(result, UNDO_DONE);
	assert_string_equal(buf_text(&world.runs), "kick it;");
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_reload_command),
		ROW(test_reload_command_remembers),
		ROW(test_undo_alone),
		ROW(test_undo_by_reload),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
