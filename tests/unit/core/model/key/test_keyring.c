/* Which of several keys signs: revived after DKIM was off, chosen by an administrator; and a store
 * that is broken. */
#include "tests/unit/model_store.h"

#include "core/model/key/key.h"
#include "core/model/key/keyring.h"
#include "core/model/key/publish.h"

/* The states of a domain's keys, "a:parked b:active". */
static char *states_of(const char *name)
{
	char *text = NULL;
	ok(store_get_text(store, &text, &err,
	                  "SELECT group_concat(selector || ':' || state, ' ') FROM"
	                  " (SELECT selector, state FROM dkim_key k JOIN domain d"
	                  " ON d.id = k.domain_id WHERE d.name = ? ORDER BY selector)",
	                  "t", name));
	return text;
}

static void assert_states(const char *want)
{
	auto_free char *got = states_of("a.example");
	assert_string_equal(got, want);
}

/* Of several parked keys the one that was made last is the one whose selector people know. */
static void newest_is_revived(void **state)
{
	static const char *const selectors[] = { "m", "z", "a" };
	(void)state;
	add_domain("a.example", NULL);
	for (size_t i = 0; i < ARRAY_LEN(selectors); i++)
		add_key("a.example", selectors[i], "parked", (unsigned char)(i + 1));
	set(SET_DKIM_SIGN, "a.example", "on");
	auto_domain domain = DOMAIN_INIT;
	ok(domain_find(store, "a.example", &domain, &err));
	begin();
	ok(keyring_wake(store, &ctx, &domain, &err));
	commit();
	assert_states("a:pending m:parked z:parked");
	/* it waits already: no other one beside it */
	begin();
	ok(keyring_wake(store, &ctx, &domain, &err));
	commit();
	assert_states("a:pending m:parked z:parked");
	sql("UPDATE dkim_key SET state = 'parked'");
	sql("UPDATE dkim_key SET state = 'active' WHERE selector = 'm'");
	begin();
	ok(keyring_wake(store, &ctx, &domain, &err));
	commit();
	assert_states("a:parked m:active z:parked");
}

static enum keyring_outcome choose(const char *selector, bool is_sign_now)
{
	enum keyring_outcome outcome = KEYRING_UNCHANGED;
	auto_domain domain = DOMAIN_INIT;
	ok(domain_find(store, "a.example", &domain, &err));
	begin();
	ok(keyring_choose(store, &ctx, &domain, selector, is_sign_now, &outcome, &err));
	commit();
	return outcome;
}

static int refuse(const char *name, const char *selector)
{
	enum keyring_outcome outcome;
	auto_domain domain = DOMAIN_INIT;
	ok(domain_find(store, name, &domain, &err));
	begin();
	int r = keyring_choose(store, &ctx, &domain, selector, false, &outcome, &err);
	store_rollback(store);
	return r;
}

static void one_is_chosen(void **state)
{
	(void)state;
	add_domain("a.example", NULL);
	add_domain("b.example", "a.example");
	add_key("a.example", "one", "parked", 1);
	add_key("a.example", "two", "parked", 2);
	add_key("a.example", "old", "retiring", 3);
	assert_int_equal(choose("one", false), KEYRING_PENDING);
	assert_states("old:retiring one:pending two:parked");
	assert_int_equal(number("SELECT count(*) FROM domain_setting"
	                        " WHERE key = 'dkim.sign' AND value = 'on'"),
	                 1);
	/* another choice: what waited has signed nothing */
	assert_int_equal(choose("two", false), KEYRING_PENDING);
	assert_states("old:retiring one:parked two:pending");
	assert_int_equal(choose("two", true), KEYRING_ACTIVE);
	assert_states("old:retiring one:parked two:active");
	assert_int_equal(choose("two", false), KEYRING_UNCHANGED);
	/* the active one stays until the new one's record is public */
	assert_int_equal(choose("one", false), KEYRING_PENDING);
	assert_states("old:retiring one:pending two:active");
	assert_int_equal(choose("one", true), KEYRING_ACTIVE);
	assert_states("old:retiring one:active two:retiring");
	/* DKIM was off, the records are still there */
	sql("UPDATE dkim_key SET state = 'resting', due = 9999999999 WHERE state = 'active'");
	assert_int_equal(choose("one", false), KEYRING_ACTIVE);
	assert_states("old:retiring one:active two:retiring");
	refused(refuse("a.example", "old"), ERR_FAILED, "is retiring");
	refused(refuse("a.example", "none"), ERR_MISSING, "it has old, one, two");
	refused(refuse("b.example", "one"), ERR_FAILED, "is an alias");
	set(SET_DKIM_SIGN, NULL, "off");
	refused(refuse("a.example", "one"), ERR_FAILED,
	        "dkim.sign is off for the server");
}

/* What cannot be read is a failure with the reason, never "there is none", and no crash. */
static void broken_store_is_told(void **state)
{
	auto_key key = { 0 };
	(void)state;
	add_domain("a.example", NULL);
	add_key("a.example", "one", "active", 1);
	ok(key_find(store, 1, "a.example", "one", &key, &err));
	key_done(&key);
	sql("ALTER TABLE dkim_key RENAME COLUMN selector TO other");
	refused(key_find(store, 1, "a.example", "one", &key, &err), ERR_FAILED,
	        "selector");
	assert_null(key.selector);
	refused(refuse("a.example", "one"), ERR_FAILED, "selector");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(newest_is_revived, setup_store,
		                                teardown_store),
		cmocka_unit_test_setup_teardown(one_is_chosen, setup_store,
		                                teardown_store),
		cmocka_unit_test_setup_teardown(broken_store_is_told, setup_store,
		                                teardown_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
