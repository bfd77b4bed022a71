/* session_access.c, preview.c: whose domains a session reads, and what a dry run shows a customer. */
#include "tests/unit/job_session.h"

#include "core/job/preview.h"
#include "core/model/setting/setting.h"

#define ok(expression)                                             \
	do {                                                       \
		if ((expression) < 0)                              \
			fail_msg("%s: %s", #expression, err.text); \
	} while (0)

static void add(const char *name, const char *main, const char *owner)
{
	auto_domain domain = DOMAIN_INIT, of = DOMAIN_INIT;
	if (main)
		ok(domain_look(session.store, main, &of, &err));
	ok(domain_add(session.store, &session.ctx, name, main ? &of : NULL, &domain,
	              &err));
	if (owner)
		ok(setting_set(session.store, SET_OWNER, domain.id, name, owner, &err));
}

/* anna has a domain with two aliases, one of which is given to bob; bob has one with an alias that is
 * given to anna; one is nobody's. */
static int add_all(struct session *s, void *arg, struct err *e)
{
	(void)s, (void)arg, (void)e;
	add("a.test", NULL, "anna");
	add("alias.test", "a.test", NULL);
	add("given.test", "a.test", "bob");
	add("b.test", NULL, "bob");
	add("lent.test", "b.test", "anna");
	add("free.test", NULL, NULL);
	return 0;
}

static int begin_domains(void **state)
{
	if (begin(state) < 0 ||
	    change_push_run(&session, CHANGE_SAVED, add_all, NULL, &err) < 0)
		return -1;
	store_close(session.store); /* each test opens it as a command does */
	session.store = NULL;
	return 0;
}

static void test_whose(void **state)
{
	static const struct {
		const char *customer, *name;
		bool owns;
		const char *main; /* as the caller may read it */
		bool may_use_keys;
	} rows[] = {
		{ NULL, "a.test", true, NULL, true },
		{ NULL, "alias.test", true, "a.test", true },
		{ NULL, "lent.test", true, "b.test", true },
		{ NULL, "free.test", true, NULL, true },
		{ "anna", "a.test", true, NULL, true },
		{ "anna", "alias.test", true, "a.test", true },
		{ "anna", "given.test", false, "a.test", true },
		{ "anna", "lent.test", true, NULL, false },
		{ "anna", "b.test", false, NULL, true },
		{ "anna", "free.test", false, NULL, true },
		{ "bob", "given.test", true, NULL, false },
		{ "bob", "b.test", true, NULL, true },
		{ "carol", "free.test", false, NULL, true },
		{ "", "free.test", false, NULL, true },
	};
	(void)state;
	ok(session_open_to_read(&session, &err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_domain real = DOMAIN_INIT, found = DOMAIN_INIT, typed = DOMAIN_INIT;
		const char *main = "";
		bool owns = !rows[i].owns;
		session.customer = rows[i].customer;
		assert_int_equal(session_is_customer(&session), rows[i].customer != NULL);
		assert_int_equal(domain_look(session.store, rows[i].name, &real, &err),
		                 1);
		ok(session_owns(&session, real.id, &owns, &err));
		assert_int_equal(owns, rows[i].owns);
		assert_int_equal(session_look(&session, rows[i].name, &found, &err),
		                 rows[i].owns ? 1 : ERR_MISSING);
		assert_int_equal(found.id, rows[i].owns ? real.id : 0);
		err_clear(&err);
		assert_int_equal(session_domain(&session, rows[i].name, &typed, &err),
		                 rows[i].owns ? 0 : ERR_MISSING);
		assert_int_equal(typed.id, rows[i].owns ? real.id : 0);
		err_clear(&err);
		ok(session_main_name(&session, &real, &main, &err));
		if (rows[i].main)
			assert_string_equal(main, rows[i].main);
		else
			assert_null(main);
		assert_int_equal(session_check_keys_of(&session, &real, &err),
		                 rows[i].may_use_keys ? 0 : ERR_FAILED);
		err_clear(&err);
	}
}

/* A domain of others is not told from one that does not exist; what is no name is refused as such. */
static void test_not_there(void **state)
{
	auto_domain domain = DOMAIN_INIT;
	(void)state;
	ok(session_open_to_read(&session, &err));
	assert_int_equal(session_look(&session, "none.test", &domain, &err), 0);
	session.customer = "anna";
	assert_int_equal(session_look(&session, "none.test", &domain, &err), ERR_MISSING);
	assert_string_equal(
		err.text, "none.test is not a domain that the account anna manages; run "
			  "\"mailauthctl domain list\" to list its domains");
	err_clear(&err);
	assert_int_equal(session_domain(&session, "B.Test.", &domain, &err), ERR_MISSING);
	assert_string_equal(err.text,
	                    "b.test is not a domain that the account anna manages; run "
	                    "\"mailauthctl domain list\" to list its domains");
	err_clear(&err);
	assert_int_equal(session_domain(&session, "A.Test.", &domain, &err), 0);
	assert_string_equal(domain.name, "a.test");
	assert_true(session_domain(&session, "b..test", &domain, &err) < 0);
	assert_null(strstr(err.text, "manages"));
}

static int set_ttl(struct session *s, const char *name, struct err *e)
{
	auto_domain domain = DOMAIN_INIT;
	int r = name ? domain_look(s->store, name, &domain, e) : 1;
	return r > 0 ? setting_set(s->store, SET_DNS_TTL, domain.id, name, "601", e) : r;
}

static bool is_for_all; /* the server's setting changes, else that of two domains */

/* The zones of records that would change, each once, and how many were not compared. */
static int look_at_change(struct session *s, void *arg, struct err *e)
{
	cleanup(preview_done) struct preview view = PREVIEW_INIT;
	const char *last = "";
	int r = set_ttl(s, is_for_all ? NULL : "a.test", e);
	if (r >= 0 && !is_for_all)
		r = set_ttl(s, "b.test", e);
	if (r >= 0)
		r = preview_load(s, true, true, &view, e);
	for (size_t i = 0; r >= 0 && i < view.records; i++) {
		assert_int_equal(view.record[i].ttl,
		                 view.record[i].is_added ? 601 : 3600);
		if (strcmp(last, view.record[i].zone) != 0)
			buf_printf(arg, "%s ", last = view.record[i].zone);
	}
	if (r >= 0)
		buf_printf(arg, "%d", (int)view.omitted);
	return r < 0 ? r : err_set(e, ERR_FAILED, "seen");
}

static void test_preview(void **state)
{
	static const struct {
		const char *customer, *zones;
		bool is_for_all;
	} rows[] = {
		{ NULL, "a.test alias.test b.test free.test given.test lent.test 0",
		  true },
		{ NULL, "a.test alias.test b.test given.test lent.test 0", false },
		{ "anna", "a.test alias.test lent.test 0", false },
		{ "bob", "b.test given.test 0", false },
		{ "carol", "0", false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf zones = BUF_INIT;
		session.customer = rows[i].customer;
		session.is_dry_run = true;
		is_for_all = rows[i].is_for_all;
		err_clear(&err);
		assert_int_equal(change_push_run(&session, CHANGE_SAVED, look_at_change,
		                                 &zones, &err),
		                 ERR_FAILED);
		if (strcmp(err.text, "seen") != 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_string_equal(buf_text(&zones), rows[i].zones);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whose, begin_domains, end),
		cmocka_unit_test_setup_teardown(test_not_there, begin_domains, end),
		cmocka_unit_test_setup_teardown(test_preview, begin_domains, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
