/* change_push.c, session.c: what is saved, what is said, and to whom. */
#include "tests/unit/job_session.h"

static int preview(void *arg, bool is_changed, struct push *push, struct err *e)
{
	(void)arg;
	(void)push;
	(void)e;
	buf_printf(&heard, "preview: %s\n", is_changed ? "changed" : "unchanged");
	return 0;
}

/* Adds the domain that `arg` names, and reports twice on the way. */
static int add(struct session *s, void *arg, struct err *e)
{
	auto_domain added = DOMAIN_INIT;
	ctx_report(&s->ctx, REPORT_NOTE, "note");
	ctx_report(&s->ctx, REPORT_WARNING, "warning");
	assert_heard("");
	return domain_add(s->store, &s->ctx, arg, NULL, &added, e);
}

static int add_and_fail(struct session *s, void *arg, struct err *e)
{
	int r = add(s, arg, e);
	return r < 0 ? r : err_set(e, ERR_FAILED, "refused");
}

static int64_t domains(void)
{
	int64_t count = -1;
	store_close(session.store);
	session.store = NULL;
	assert_true(session_open_to_read(&session, &err) >= 0);
	if (session.store)
		assert_int_equal(domain_count(session.store, &count, &err), 0);
	return count;
}

static char name[] = "example.com", other[] = "example.net";

static void test_saved(void **state)
{
	(void)state;
	assert_int_equal(change_push_run(&session, CHANGE_SAVED, add, name, &err), 0);
	assert_heard("note\n! warning\n");
	assert_int_equal(domains(), 1);
}

/* What explains the failure is heard, what was not saved is not claimed; no database is left. */
static void test_failed(void **state)
{
	(void)state;
	assert_int_equal(
		change_push_run(&session, CHANGE_SAVED, add_and_fail, name, &err),
		ERR_FAILED);
	assert_string_equal(err.text, "refused");
	assert_heard("! warning\n");
	assert_int_equal(access(session.db_path, F_OK), -1);
}

static void test_dry_run(void **state)
{
	(void)state;
	session.is_dry_run = true;
	session.observer.preview = preview;
	assert_int_equal(change_push_run(&session, CHANGE_SAVED, add, name, &err), 0);
	assert_heard("preview: changed\nnote\n! warning\n");
	assert_int_equal(access(session.db_path, F_OK), -1);
}

static void test_try(void **state)
{
	(void)state;
	assert_int_equal(change_push_run(&session, CHANGE_SAVED, add, name, &err), 0);
	buf_clear(&heard);
	assert_int_equal(change_push_try(&session, add, other, &err), 0);
	assert_heard("");
	assert_int_equal(change_push_try(&session, add_and_fail, other, &err),
	                 ERR_FAILED);
	assert_heard("! warning\n");
	assert_false(session.is_dry_run);
	assert_int_equal(domains(), 1);
}

/* Others' domains are for the administrator: of a hidden part a customer hears nothing. */
static void test_customer(void **state)
{
	(void)state;
	session.customer = "anna";
	session.hidden++;
	ctx_report(&session.ctx, REPORT_NOTE, "note");
	ctx_report(&session.ctx, REPORT_WARNING, "of others");
	assert_heard("log: of others\n");
	err_set(&err, ERR_FAILED, "inner words");
	assert_int_equal(session_hide_failure(&session, ERR_FAILED, "sentence", &err),
	                 ERR_FAILED);
	assert_string_equal(err.text, "inner words");
	session.hidden--;
	assert_int_equal(session_hide_failure(&session, ERR_FAILED, "sentence", &err),
	                 ERR_FAILED);
	assert_string_equal(err.text, "sentence");
	assert_heard("log: inner words\n");
	ctx_report(&session.ctx, REPORT_NOTE, "own");
	assert_heard("own\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_saved, begin, end),
		cmocka_unit_test_setup_teardown(test_failed, begin, end),
		cmocka_unit_test_setup_teardown(test_dry_run, begin, end),
		cmocka_unit_test_setup_teardown(test_try, begin, end),
		cmocka_unit_test_setup_teardown(test_customer, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
