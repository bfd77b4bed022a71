/* journal: which push is in force. */
#include "tests/unit/fake_host.h"

#include "core/mta/engine/journal.h"

/* What is in force: the last push that ended well, or what it put back, which may have been put back
 * itself. */
static void test_in_force(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	int64_t push = -1;

	assert_int_equal(journal_in_force(host->target, &push, &err), 0);
	assert_int_equal(journal_done_before(host->target, 1, &push, &err), 0);
	assert_int_equal(journal_removal_since(host->target, 1, &push, &err), 0);
	assert_int_equal(push, -1);
	assert_int_equal(
		store_script(
			host->target,
			"INSERT INTO push (id, at, actor, command, kind, result_of, gen,"
			" token, state) VALUES"
			" (1, 1, 'root', 'x', 'adopt', NULL, 1, 1, 'done'),"
			" (2, 1, 'root', 'x', 'push', NULL, 1, 1, 'done'),"
			" (3, 1, 'root', 'x', 'push', NULL, 1, 1, 'undone'),"
			" (4, 1, 'root', 'x', 'push', NULL, 1, 1, 'done'),"
			" (5, 1, 'root', 'x', 'rollback', 2, 1, 1, 'done'),"
			" (6, 1, 'root', 'x', 'rollback', 5, 1, 1, 'done'),"
			" (7, 1, 'root', 'x', 'rollback', 4, 1, 1, 'undone')",
			&err),
		0);
	assert_int_equal(journal_in_force(host->target, &push, &err), 1);
	assert_int_equal(push, 2);
	assert_int_equal(journal_done_before(host->target, 4, &push, &err), 1);
	assert_int_equal(push, 2);
	assert_int_equal(journal_done_before(host->target, 2, &push, &err), 1);
	assert_int_equal(push, 1);
	assert_int_equal(journal_done_before(host->target, 1, &push, &err), 0);
	assert_int_equal(journal_removal_since(host->target, 1, &push, &err), 0);
	assert_int_equal(
		store_script(host->target,
	                     "UPDATE push SET kind = 'remove' WHERE id IN (3, 4)", &err),
		0);
	assert_int_equal(journal_removal_since(host->target, 4, &push, &err), 1);
	assert_int_equal(push, 4);
	assert_int_equal(journal_removal_since(host->target, 5, &push, &err), 0);
	assert_int_equal(journal_removal_since(host->target, 2, &push, &err), 1);
	assert_int_equal(push, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_force, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
