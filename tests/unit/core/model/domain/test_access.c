/* core/model/access: whose a domain is, and what a change for its account may hold. */
#include "tests/unit/model_store.h"

#include "core/model/domain/access.h"

static int64_t id_of(const char *name)
{
	auto_domain domain = DOMAIN_INIT;
	ok(domain_look(store, name, &domain, &err));
	return domain.id;
}

static void owns_of(const char *account, int64_t main_id, const char *prefix,
                    const char *names)
{
	auto_buf got = BUF_INIT;
	auto_stmt domains = NULL;
	struct domain domain;
	ok(access_query(store, account, main_id, prefix, &domains, &err));
	while (domain_next(domains, &domain, &err) == 1)
		buf_printf(&got, "%s ", domain.name);
	assert_string_equal(buf_text(&got), names);
}

static void owns(const char *account, const char *names)
{
	owns_of(account, 0, NULL, names);
}

static void test_owner(void **state)
{
	(void)state;
	add_domain("a.test", NULL);
	add_domain("alias.a.test", "a.test");
	add_domain("given.a.test", "a.test");
	add_domain("b.test", NULL);
	owns("alice", "");
	owns("", "");
	assert_int_equal(access_has_customers(NULL, &err), 0);
	assert_int_equal(access_has_customers(store, &err), 0);
	set(SET_OWNER, "a.test", "alice");
	assert_int_equal(access_has_customers(store, &err), 1);
	set(SET_OWNER, "given.a.test", "bob");
	owns("alice", "a.test alias.a.test ");
	owns("bob", "given.a.test ");
	owns("Alice", "");
	owns_of("alice", id_of("a.test"), NULL, "alias.a.test ");
	owns_of("alice", id_of("b.test"), NULL, "");
	owns_of("alice", 0, "al", "alias.a.test ");
	owns_of("alice", 0, "a.test", "a.test ");
	owns_of("alice", id_of("a.test"), "a.", "");
	assert_int_equal(access_owns(store, "alice", id_of("alias.a.test"), &err), 1);
	assert_int_equal(access_owns(store, "alice", id_of("given.a.test"), &err), 0);
	assert_int_equal(access_owns(store, "", id_of("b.test"), &err), 0);
	assert_int_equal(access_owns(store, "alice", 4711, &err), 0);
	assert_int_equal(access_owns(NULL, "alice", 1, &err), 0);

	/* the server's stands for what has none; an empty one of its own is nobody */
	set(SET_OWNER, NULL, "carol");
	owns("carol", "b.test ");
	set(SET_OWNER, "b.test", "");
	owns("carol", "");
	owns("", "");
	set(SET_OWNER, "alias.a.test", "");
	owns("alice", "a.test ");
}

/* As run_body() does it for a customer's change of one record. */
static int leave(const char *text)
{
	begin();
	int r = change_note(store, "record", "a.test", "<domain>. TXT", NULL, text, &err);
	if (r >= 0)
		r = change_check_room(store, &ctx, &err);
	if (r < 0)
		store_rollback(store);
	else
		ok(store_commit(store, &err));
	return r;
}

static int64_t changes_of(uid_t uid)
{
	int64_t count = 0;
	ok(store_get_int(store, &count, &err, "SELECT count(*) FROM change WHERE uid = ?",
	                 "i", (int64_t)uid));
	return count;
}

static void test_room(void **state)
{
	static char text[65536];
	const struct generation none = { 0, 0 };
	struct generation first = none, last = none;
	unsigned hour = 0, left;
	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	add_domain("a.test", NULL);
	ctx.uid = 1001;
	for (left = 0; leave(text) >= 0; left++)
		assert_true(left < 20);
	assert_int_equal(left, 16);
	assert_non_null(strstr(err.text, "within the last hour"));
	assert_int_equal(changes_of(1001), 16);
	/* another account is not held up by it, nor is this one an hour later */
	ctx.uid = 1002;
	ok(leave("small"));
	ok(generation_now(store, &first, &err));
	ctx.uid = 1001;
	assert_int_equal(leave("small"), ERR_FAILED);
	clock_now += 3600;
	ok(leave("small"));
	/* what it leaves in many hours does not grow beyond a bound, its newest changes stay */
	for (hour = 0; hour < 40; hour++, clock_now += 3600)
		for (left = 0; left < 16; left++)
			ok(leave(text));
	assert_in_range(changes_of(1001), 500, CHANGE_KEPT / 65536);
	assert_int_equal(changes_of(1002), 1);
	assert_int_equal(generation_is_known(store, first, &err), 1);
	ok(generation_now(store, &last, &err));
	ctx.uid = 0;
	ok(change_check_room(store, &ctx, &err));
	assert_int_equal(generation_is_known(store, last, &err), 1);
}

/* Each row: what a change noted. */
static void test_change(void **state)
{
	(void)state;
	static const struct {
		const char *object, *domain, *field, *old, *new_value;
		bool is_good;
	} rows[] = {
		{ "setting", "a.test", "dkim.sign", NULL, "on", true },
		{ "setting", "a.test", "dkim.selector", "x", NULL, true },
		{ "setting", "a.test", "owner", NULL, "bob", false },
		{ "setting", "a.test", "dkim.activate", NULL, "now", false },
		{ "setting", "a.test", "dns.service", NULL, "off", false },
		{ "setting", "a.test", "no.such", NULL, "off", false },
		{ "setting", NULL, "dkim.sign", NULL, "on", false },
		{ "setting", "b.test", "dkim.sign", NULL, "on", false },
		{ "setting", "gone.test", "dkim.sign", NULL, "on", false },
		{ "setting", "given.a.test", "dkim.sign", NULL, "on", false },
		{ "key", "a.test", "default", NULL, "x", true },
		{ "key", "alias.a.test", "publication", NULL, "public", true },
		{ "key", "given.a.test", "publication", NULL, "public", true },
		{ "key", "b.test", "default", NULL, "x", false },
		{ "record", "a.test", "<domain>. TXT", NULL, "v=spf1 -all", true },
		{ "record", "a.test", "<domain>. TXT", "300 v=spf1 a -all", NULL, true },
		{ "record", "a.test", "<domain>. TXT", NULL, "verification=1", false },
		{ "record", "a.test", "<domain>. TXT", "verification=1", "v=spf1 -all",
		  false },
		{ "record", "a.test", "<domain>. A", NULL, "192.0.2.1", false },
		{ "record", "a.test", "www.<domain>. TXT", NULL, "v=spf1 -all", false },
		{ "record", "a.test", "_dmarc.<domain>. TXT", "v=DMARC1; p=none",
		  "60 v=DMARC1; p=reject", true },
		{ "record", "a.test", "_dmarc.<domain>. TXT", NULL, "v=spf1 -all",
		  false },
		{ "record", "b.test", "<domain>. TXT", NULL, "v=spf1 -all", false },
		{ "domain", "a.test", "suspended", "on", "off", false },
		{ "template", NULL, "t1", NULL, "x", false },
		{ "secret", NULL, "srs.secret", NULL, "x", false },
	};
	add_domain("a.test", NULL);
	add_domain("alias.a.test", "a.test");
	add_domain("given.a.test", "a.test");
	add_domain("b.test", NULL);
	set(SET_OWNER, "a.test", "alice");
	set(SET_OWNER, "given.a.test", "bob");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		begin();
		ok(change_note(store, "setting", "a.test", "dkim.policy", NULL, "o=~",
		               &err));
		ok(access_check_change(store, "alice", &err));
		ok(change_note(store, rows[i].object, rows[i].domain, rows[i].field,
		               rows[i].old, rows[i].new_value, &err));
		int r = access_check_change(store, "alice", &err);
		if ((r >= 0) != rows[i].is_good)
			fail_msg("row %zu: %d", i, r);
		if (r < 0)
			assert_null(strstr(err.text, ".test"));
		err_clear(&err);
		assert_true(access_check_change(store, "mallory", &err) < 0);
		err_clear(&err);
		store_rollback(store);
	}
}

/* A change that notes nothing is none. */
static void test_nothing(void **state)
{
	(void)state;
	begin();
	ok(access_check_change(store, "alice", &err));
	commit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_owner, setup_store, teardown_store),
		cmocka_unit_test_setup_teardown(test_change, setup_store, teardown_store),
		cmocka_unit_test_setup_teardown(test_room, setup_store, teardown_store),
		cmocka_unit_test_setup_teardown(test_nothing, setup_store,
		                                teardown_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
