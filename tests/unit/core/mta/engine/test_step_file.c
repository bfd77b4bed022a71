/* step_file: folders that stand already. */
#include "tests/unit/fake_host.h"

#define FOLDER "/etc/folder"

static void plan_folder_mode(struct plan *plan)
{
	*plan = PLAN_INIT;
	plan_mkdir(plan, RANK_DATA, FOLDER,
	           (struct file_meta){ 0750, FILE_KEEP_UID, FILE_KEEP_GID });
	plan_service(plan, RANK_CONSUMERS, "postfix", SERVICE_RELOAD, 0);
}

static void plan_folder_goes(struct plan *plan)
{
	*plan = PLAN_INIT;
	plan_mkdir(plan, RANK_LEFTOVERS, FOLDER, FILE_META_KEEP)->is_present = false;
	plan_service(plan, RANK_CONSUMERS, "postfix", SERVICE_RELOAD, 0);
}

/* Stages the plan, which must change no path, then switches. */
static int switch_staged(struct host *host, void (*make)(struct plan *))
{
	auto_plan plan = PLAN_INIT;
	auto_free char *before = snapshot(host);
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	make(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	assert_same_tree(host, before);
	int r = engine_switch(&engine, note_owned, host, &err);
	engine_done(&engine);
	return r;
}

/* A folder that stands gets its mode, or goes, with the switch and not before; undo gives the mode
 * back. */
static void test_folder_there(void **state)
{
	struct host *host = *state;
	auto_free char *path = xasprintf("%s" FOLDER, host->root);
	struct stat st;

	assert_int_equal(mkdir(path, 0711) | chmod(path, 0711), 0);
	auto_free char *before = snapshot(host);
	world.fail_on = "/etc/postfix reload";
	assert_int_equal(switch_staged(host, plan_folder_mode), ERR_FAILED);
	assert_same_tree(host, before);
	assert_int_equal(switch_staged(host, plan_folder_mode), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	auto_free char *changed = snapshot(host);
	world.fail_on = "/etc/postfix reload";
	assert_int_equal(switch_staged(host, plan_folder_goes), ERR_FAILED);
	assert_same_tree(host, changed);
	assert_int_equal(switch_staged(host, plan_folder_goes), 0);
	assert_false(stands(host->root, FOLDER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_folder_there, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
