/* Zone files that stay where a zone may include them, and how they are forgotten. */
#include "tests/unit/export_runs.h"

#include "core/model/export/export_kept.h"

static int note_kept(void *arg, const struct export_kept *kept, struct err *e)
{
	(void)e;
	buf_printf(arg, "%s%s ", kept->name, kept->is_elsewhere ? " elsewhere" : "");
	return 0;
}

static void check_kept(const char *want)
{
	auto_buf text = BUF_INIT;
	ok(export_kept_each(&ctx, store, note_kept, &text, &err));
	assert_string_equal(buf_text(&text), want);
}

static void check_state(const char *name, enum export_kept_state want)
{
	enum export_kept_state is;
	ok(export_kept_look(&ctx, store, name, &is, &err));
	assert_int_equal(is, want);
}

static int forget(const char *name, bool is_dry_run)
{
	auto_buf text = BUF_INIT;
	err_clear(&err);
	begin();
	int r = export_kept_forget(&ctx, store, name, is_dry_run, note_kept, &text, &err);
	if (r < 0 || is_dry_run)
		store_rollback(store);
	else
		commit();
	return r;
}

static void test_kept(void **state)
{
	(void)state;
	add_domain("a.example", NULL);
	add_domain("b.example", NULL);
	set(SET_ZONE_RELOAD, NULL, "reload <domain>");
	exports("a.example written, b.example written", 0);
	buf_clear(&ran);
	check_kept("");
	check_state("b.example", EXPORT_KEPT_IN_USE);
	check_state("c.example", EXPORT_KEPT_NONE);
	assert_int_equal(forget("b.example", false), ERR_FAILED);
	assert_int_equal(forget("c.example", false), ERR_MISSING);
	remove_domain("b.example");
	check_state("b.example", EXPORT_KEPT_DUE);
	assert_int_equal(forget("b.example", false), ERR_MISSING);
	exports("b.example written", 0);
	ran_now("reload b.example\n");
	assert_content(FILE_OF("b.example"), KEPT("b.example"));
	assert_content(ZONES "/zones.list", "a.example\n");
	check_kept("b.example ");
	check_state("b.example", EXPORT_KEPT_WAITS);
	exports("", 0);
	edit("a.example", "v=DMARC1; p=reject");
	exports("a.example written", 0);
	assert_content(ZONES "/zones.list", "a.example\n");
	/* as little as a zone's file does it vanish or change */
	assert_int_equal(unlink(host(FILE_OF("b.example"))), 0);
	exports("b.example written", 0);
	assert_content(FILE_OF("b.example"), KEPT("b.example"));
	/* nor does it with another format: it was made for inclusion */
	full_zones();
	exports("a.example written, b.example unchanged", 0);
	check_kept("b.example ");
	assert_int_equal(forget("b.example", true), 0);
	assert_content(FILE_OF("b.example"), KEPT("b.example"));
	assert_int_equal(forget("b.example", false), 0);
	assert_int_equal(look(FILE_OF("b.example")).kind, FILE_ABSENT);
	check_state("b.example", EXPORT_KEPT_NONE);
	set(SET_DNS_TTL, NULL, "60");
	exports("a.example written", 0);
	assert_int_equal(look(FILE_OF("b.example")).kind, FILE_ABSENT);
}

static void test_kept_again(void **state)
{
	(void)state;
	add_domain("a.example", NULL);
	exports("a.example written", 0);
	remove_domain("a.example");
	exports("a.example written", 0);
	add_domain("a.example", NULL);
	exports("a.example written", 0);
	check_kept("");
	assert_content(ZONES "/zones.list", "a.example\n");
	/* never exported: nothing is there to include */
	add_domain("b.example", NULL);
	remove_domain("b.example");
	exports("", 0);
	assert_int_equal(look(FILE_OF("b.example")).kind, FILE_ABSENT);
}

static void test_kept_elsewhere(void **state)
{
	(void)state;
	add_domain("a.example", NULL);
	exports("a.example written", 0);
	set(SET_ZONE_DIRECTORY, NULL, "/srv/zones");
	exports("a.example written", 0);
	check_kept("a.example elsewhere ");
	check_state("a.example", EXPORT_KEPT_WAITS);
	assert_int_equal(forget("a.example", false), 0);
	assert_int_equal(look(FILE_OF("a.example")).kind, FILE_ABSENT);
	assert_int_equal(look("/srv/zones/a.example.zone").kind, FILE_REGULAR);
	check_kept("");
	/* back: what was forgotten there is missed */
	set(SET_ZONE_DIRECTORY, NULL, ZONES);
	exports("a.example written", 0);
	check_kept("a.example elsewhere ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_kept),
		T(test_kept_again),
		T(test_kept_elsewhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
