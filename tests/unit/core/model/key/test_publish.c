/* publish.c: which keys wait for DNS, in which order they are asked for, and what an answer that comes late
 * still changes. */
#include "tests/unit/model_store.h"

#include "core/model/key/publish.h"

static int add_unseen(void *arg, const char *name, int64_t key_id, struct err *e)
{
	(void)e;
	buf_printf(arg, "%s/%lld ", name, (long long)key_id);
	return 0;
}

static void check_unseen(int64_t limit, const char *want)
{
	auto_buf names = BUF_INIT;
	ok(publish_each_unseen(store, limit, add_unseen, &names, &err));
	assert_string_equal(buf_text(&names), want);
}

static void asked(const char *name, int64_t key_id)
{
	ok(publish_asked(store, &ctx, name, key_id, &err));
}

static void add_external(const char *name, const char *state, int64_t id)
{
	add_domain(name, NULL);
	set(SET_DNS_SERVICE, name, "external");
	set(SET_DKIM_SIGN, name, "on");
	add_key(name, "s", state, (unsigned char)id);
}

static void test_order(void **state)
{
	(void)state;
	check_unseen(9, "");
	add_external("a.example", "pending", 1);
	add_external("b.example", "active", 2);
	add_external("c.example", "resting", 3);
	add_external("d.example", "pending", 4);
	add_domain("alias.example", "a.example");
	/* its zone is ours: it waits for an export */
	add_domain("hosted.example", NULL);
	set(SET_DKIM_SIGN, "hosted.example", "on");
	add_key("hosted.example", "s", "pending", 5);

	check_unseen(9, "a.example/1 alias.example/1 b.example/2 d.example/4 ");
	check_unseen(2, "a.example/1 alias.example/1 ");
	check_unseen(0, "");
	/* what was asked for goes to the end, whatever a run had time for */
	asked("a.example", 1);
	asked("alias.example", 1);
	check_unseen(2, "b.example/2 d.example/4 ");
	clock_now += 60;
	asked("b.example", 2);
	asked("d.example", 4);
	check_unseen(9, "a.example/1 alias.example/1 b.example/2 d.example/4 ");
	clock_now += 60;
	asked("a.example", 1);
	check_unseen(9, "alias.example/1 b.example/2 d.example/4 a.example/1 ");
	/* a new one comes first */
	add_external("z.example", "pending", 6);
	check_unseen(1, "z.example/6 ");
	/* what is ready is not asked for; nor what was switched off, or whose zone came here */
	sql("INSERT INTO key_public (key_id, name, ready) VALUES (6, 'z.example', 1)");
	set(SET_DKIM_SIGN, "b.example", NULL);
	set(SET_DNS_SERVICE, "d.example", NULL);
	check_unseen(9, "alias.example/1 a.example/1 ");
	/* a hosted zone that has to be seen */
	set(SET_DKIM_ACTIVATE, "hosted.example", "seen");
	check_unseen(9, "hosted.example/5 alias.example/1 a.example/1 ");
}

/* Asking took its time: the key may be gone, or another name's. */
static void test_late(void **state)
{
	auto_domain a = DOMAIN_INIT, b = DOMAIN_INIT;
	(void)state;
	add_external("a.example", "pending", 1);
	add_external("b.example", "pending", 2);
	ok(domain_look(store, "a.example", &a, &err) > 0 ? 0 : -1);
	ok(domain_look(store, "b.example", &b, &err) > 0 ? 0 : -1);
	/* a key of another domain, one that is not there, one that was parked */
	begin();
	ok(publish_mark(store, &ctx, &b, 1, KEY_SEEN, &err));
	ok(publish_mark(store, &ctx, &a, 77, KEY_SEEN, &err));
	asked("a.example", 77);
	assert_false(commit());
	sql("UPDATE dkim_key SET state = 'parked' WHERE id = 2");
	begin();
	ok(publish_mark(store, &ctx, &b, 2, KEY_SEEN, &err));
	assert_false(commit());
	assert_int_equal(number("SELECT count(*) FROM key_public"), 0);
	assert_int_equal(number("SELECT count(*) FROM key_asked"), 0);
	begin();
	ok(publish_mark(store, &ctx, &a, 1, KEY_SEEN, &err));
	assert_true(commit());
	assert_int_equal(number("SELECT count(*) FROM dkim_key WHERE state = 'active'"),
	                 1);
	/* it goes with its key */
	asked("a.example", 1);
	sql("DELETE FROM dkim_key WHERE id = 1");
	assert_int_equal(number("SELECT count(*) FROM key_asked"), 0);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, setup_store, teardown_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(test_order),
		IN_STORE(test_late),
	};
	return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
