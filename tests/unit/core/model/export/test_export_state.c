/* How far an export has come, and which records a change moves. */
#include "tests/unit/model_store.h"

#include "core/model/export/export.h"
#include "core/model/export/export_state.h"
#include "core/model/key/publish.h"
#include "core/model/record/record.h"
#include "core/model/record/records_diff.h"

static struct env env = { .hostname = (char *)(uintptr_t) "mail.example.net" };

static void export_zones(const char *const *names, size_t count)
{
	auto_export export = NULL;
	const struct export_request request = {
		.names = names, .count = count, .host_gen = INT64_MAX, .env = &env
	};
	begin();
	ok(export_prepare(&ctx, store, &request, &export, &err));
	commit();
	ok(export_switch(&ctx, export, &err));
	begin();
	ok(export_finish(&ctx, store, export, &err));
	commit();
}

/* "2 exact: a.example +, b.example -" */
static void check_due(const char *want)
{
	cleanup(export_state_done) struct export_state state = { 0 };
	auto_buf text = BUF_INIT;
	ok(export_state_load(&ctx, store, &env, &state, &err));
	buf_printf(&text, "%lld%s:", (long long)state.due,
	           state.is_exact ? "" : " or less");
	for (size_t i = 0; i < state.count; i++)
		buf_printf(&text, " %s%s%s", state.row[i].before ? "-" : "",
		           state.row[i].after ? "+" : "", state.row[i].name);
	assert_string_equal(buf_text(&text), want);
}

static void check_place(const char *name, enum export_place want)
{
	enum export_place place = EXPORT_IS_NONE;
	int64_t at = -1;
	ok(export_state_of(&ctx, store, &env, name, &place, &at, &err));
	assert_int_equal(place, want);
	assert_int_equal(at > 0, want == EXPORT_IS_DONE);
}

static void test_due(void **state)
{
	static const char *const one[] = { "a.example" };
	(void)state;
	check_due("0:");
	add_domain("a.example", NULL);
	add_domain("b.example", NULL);
	set(SET_DNS_SERVICE, "b.example", "off");
	check_due("1: +a.example");
	check_place("a.example", EXPORT_IS_DUE);
	check_place("b.example", EXPORT_IS_NONE);
	/* named: the folder's generation stays, the file counts */
	export_zones(one, 1);
	check_due("0:");
	check_place("a.example", EXPORT_IS_DONE);
	export_zones(NULL, 0);
	set(SET_DNS_TTL, "a.example", "60");
	set(SET_DNS_SERVICE, "b.example", NULL);
	check_due("2: -+a.example +b.example");
	set(SET_DNS_TTL, "a.example", NULL);
	check_due("1: +b.example");
	/* a key that signs moves its domain, but not its zone */
	export_zones(NULL, 0);
	add_key("a.example", "s1", "pending", 1);
	export_zones(one, 1);
	sql("UPDATE dkim_key SET state = 'active'");
	check_due("0:");
	set(SET_DNS_SERVICE, "a.example", "off");
	check_due("1: -+a.example");
	export_zones(NULL, 0);
	set(SET_DNS_TTL, NULL, "60");
	check_due("1: -+b.example");
}

static void test_many(void **state)
{
	(void)state;
	for (int i = 0; i < EXPORT_STATE_COMPARED + 1; i++) {
		auto_free char *name = xasprintf("d%02d.example", i);
		add_domain(name, NULL);
	}
	cleanup(export_state_done) struct export_state some = { 0 };
	ok(export_state_load(&ctx, store, &env, &some, &err));
	assert_int_equal(some.due, EXPORT_STATE_COMPARED + 1);
	assert_false(some.is_exact);
	assert_int_equal(some.count, EXPORT_STATE_KEPT);
	assert_string_equal(some.row[0].name, "d00.example");
	assert_null(some.row[0].before);
	assert_string_equal(some.row[0].after,
	                    "d00.example. 3600 IN TXT \"v=spf1 +a +mx "
	                    "+a:mail.example.net -all\"\n"
	                    "_dmarc.d00.example. 3600 IN TXT \"v=DMARC1; p=none\"\n");
	assert_int_equal(some.at, 0);
	export_zones(NULL, 0);
	cleanup(export_state_done) struct export_state done = { 0 };
	ok(export_state_load(&ctx, store, &env, &done, &err));
	assert_int_equal(done.due, 0);
	assert_int_equal(done.files, EXPORT_STATE_COMPARED + 1);
	assert_int_equal(done.at, NOON);
	assert_false(done.is_all);
}

/* ---- names that wait ---- */

static void check_waiting(int64_t limit, const char *want, int64_t want_count)
{
	auto_buf names = BUF_INIT;
	cleanup(publish_waiting_done) struct publish_waiting waiting = { 0 };
	ok(publish_waiting_load(store, limit, &waiting, &err));
	for (size_t i = 0; i < waiting.count; i++)
		buf_printf(&names, "%s ", waiting.row[i].name);
	assert_string_equal(buf_text(&names), want);
	assert_int_equal(waiting.total, want_count);
}

static void test_waiting(void **state)
{
	(void)state;
	check_waiting(5, "", 0);
	add_domain("a.example", NULL);
	add_domain("alias.example", "a.example");
	add_domain("b.example", NULL);
	add_domain("c.example", NULL);
	add_key("a.example", "s1", "active", 1);
	add_key("b.example", "s1", "pending", 2);
	add_key("c.example", "s1", "resting", 3);
	check_waiting(5, "", 3); /* dkim.sign is off */
	set(SET_DKIM_SIGN, "a.example", "on");
	set(SET_DKIM_SIGN, "b.example", "on");
	check_waiting(5, "a.example alias.example b.example ", 3);
	check_waiting(1, "a.example ", 3);
	sql("INSERT INTO key_public (key_id, name, ready) VALUES (1, 'a.example', 1)");
	check_waiting(5, "alias.example b.example ", 2);
	sql("INSERT INTO key_public (key_id, name, exported) VALUES (1, 'alias.example', 1)");
	check_waiting(5, "alias.example b.example ", 2);
	sql("UPDATE key_public SET ready = 1");
	check_waiting(5, "b.example ", 1);
}

/* ---- records before and after ---- */

static int put_diff(void *arg, bool is_added, const struct record_row *row, struct err *e)
{
	(void)e;
	buf_printf(arg, "%c%s %u %s %s|", is_added ? '+' : '-', row->owner, row->ttl,
	           row->type, row->rdata);
	return 0;
}

static struct record_row row(const char *owner, uint32_t ttl, const char *type,
                             const char *rdata)
{
	return (struct record_row){ .owner = (char *)(uintptr_t)owner,
		                    .ttl = ttl,
		                    .type = (char *)(uintptr_t)type,
		                    .rdata = (char *)(uintptr_t)rdata };
}

static void test_diff(void **state)
{
	struct record_row before[] = {
		row("a", 1, "A", "1"), row("a", 1, "A", "2"), row("a", 1, "TXT", "x"),
		row("b", 1, "A", "1"), row("c", 1, "A", "1"),
	};
	struct record_row after[] = {
		row("a", 1, "A", "2"),  row("a", 1, "A", "3"), row("a", 2, "TXT", "x"),
		row("aa", 1, "A", "1"), row("c", 1, "A", "1"),
	};
	const struct record_list none = RECORD_LIST_INIT;
	const struct record_list old = { .row = before, .count = ARRAY_LEN(before) };
	const struct record_list now = { .row = after, .count = ARRAY_LEN(after) };
	auto_buf text = BUF_INIT;
	(void)state;
	ok(records_diff(&old, &now, put_diff, &text, &err));
	assert_string_equal(buf_text(&text), "-a 1 A 1|+a 1 A 3|-a 1 TXT x|+a 2 TXT x|"
	                                     "-b 1 A 1|+aa 1 A 1|");
	buf_clear(&text);
	ok(records_diff(&old, &old, put_diff, &text, &err));
	ok(records_diff(&none, &none, put_diff, &text, &err));
	assert_string_equal(buf_text(&text), "");
	const struct record_list one = { .row = before, .count = 1 };
	ok(records_diff(&none, &one, put_diff, &text, &err));
	ok(records_diff(&one, &none, put_diff, &text, &err));
	assert_string_equal(buf_text(&text), "+a 1 A 1|-a 1 A 1|");
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, setup_store, teardown_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(test_due),
		IN_STORE(test_many),
		IN_STORE(test_waiting),
		cmocka_unit_test(test_diff),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
