/* Taking changes back: what the command line cannot show.  Every command, done and undone, is in
 * tests/cli/audit-undo.cmd. */
#include "tests/unit/model_store.h"

#include "core/model/life/domain_life.h"
#include "core/model/record/record.h"
#include "core/model/record/record_text.h"
#include "core/model/record/template.h"
#include "core/model/record/template_edit.h"
#include "core/model/undo/undo.h"

static struct buf touched;

static void note_touched(void *arg, const char *domain)
{
	(void)arg;
	buf_printf(&touched, "%s ", domain);
}

static int64_t last(void)
{
	return number("SELECT max(id) FROM change");
}

static int undo(int64_t id, bool is_forced)
{
	return undo_change(store, &ctx, id, is_forced, note_touched, NULL, &err);
}

static void undone(int64_t id)
{
	begin();
	ok(undo(id, false));
	assert_true(commit());
}

/* Refused, and everything is as it was. */
static void not_undone(int64_t id, int code, const char *words)
{
	int64_t before = last();
	begin();
	refused(undo(id, false), code, words);
	store_rollback(store);
	assert_int_equal(last(), before);
}

static char *value_of(enum setting_key key)
{
	char *text = NULL;
	ok(setting_text(store, key, 0, &text, &err));
	return text;
}

static void check_value(enum setting_key key, const char *want)
{
	auto_free char *text = value_of(key);
	assert_string_equal(text, want);
}

static void test_named(void **state)
{
	(void)state;
	set(SET_SPF_MODE, NULL, "reject-fail");
	int64_t first = last();
	undone(first);
	check_value(SET_SPF_MODE, "headers-only");
	assert_int_equal(number("SELECT count(*) FROM change_item WHERE object = 'change'"
	                        " AND field = 'undo' AND new = '1' AND change_id = 2"),
	                 1);
	undone(last());
	check_value(SET_SPF_MODE, "reject-fail");
	not_undone(99, ERR_MISSING, "change 99 does not exist");
	begin(); /* the open change itself is none that could be taken back */
	refused(undo(last(), false), ERR_MISSING, "does not exist");
	store_rollback(store);
}

static void test_changed_again(void **state)
{
	(void)state;
	set(SET_SPF_MODE, NULL, "reject-fail");
	set(SET_SPF_MODE, NULL, "reject-softfail");
	not_undone(1, ERR_FAILED, "spf.mode was changed again by change 2 (test, ");
	begin();
	ok(undo(1, true));
	commit();
	check_value(SET_SPF_MODE, "headers-only");
	not_undone(1, ERR_FAILED, "is undone already");
}

/* One item that cannot be taken back keeps all of them. */
static void test_all_or_nothing(void **state)
{
	(void)state;
	begin();
	ok(setting_set(store, SET_SPF_MODE, 0, NULL, "reject-fail", &err));
	ok(setting_set(store, SET_DNS_TTL, 0, NULL, "60", &err));
	commit();
	set(SET_SPF_MODE, NULL, "reject-softfail");
	not_undone(1, ERR_FAILED, "spf.mode was changed again");
	check_value(SET_DNS_TTL, "60");
}

static void test_rules_hold(void **state)
{
	(void)state;
	begin();
	ok(setting_set(store, SET_SPF_CHECK, 0, NULL, "off", &err));
	commit();
	begin();
	ok(setting_set(store, SET_SPF_CHECK, 0, NULL, "on", &err));
	ok(setting_set(store, SET_DMARC_CHECK, 0, NULL, "on", &err));
	commit();
	begin();
	/* spf.check was off before, and dmarc.check needs it: both go */
	ok(undo(2, false));
	ok(setting_check_rules(store, &err));
	commit();
	check_value(SET_DMARC_CHECK, "off");
	check_value(SET_SPF_CHECK, "off");
}

static void test_domain_with_more(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	set(SET_DNS_TTL, "example.com", "60");
	not_undone(1, ERR_FAILED,
	           "example.com has been changed since it was added, last by change 2");
	set(SET_DNS_TTL, "example.com", NULL);
	add_key("example.com", "s1", "parked", 1);
	not_undone(1, ERR_FAILED, "has been changed since");
	begin();
	ok(undo(1, true));
	commit();
	assert_int_equal(number("SELECT count(*) FROM domain"), 0);
	assert_int_equal(number("SELECT count(*) FROM dkim_key"), 0);
}

/* A trail of the first version does not say which record it was. */
static void test_no_ref(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	sql("INSERT INTO record (domain_id, owner, type, rdata, kind)"
	    " VALUES (1, 'www.<domain>.', 'A', '192.0.2.1', 'other');"
	    "INSERT INTO change_item (change_id, seq, object, domain, field, new) SELECT"
	    " max(id), 1, 'record', 'example.com', 'www.<domain>. A', '192.0.2.1'"
	    " FROM change");
	not_undone(last(), ERR_FAILED, "does not name its record");
}

static void test_unknown(void **state)
{
	(void)state;
	sql("INSERT INTO change_item (change_id, seq, object, field, new) SELECT"
	    " max(id), 1, 'setting', 'spf.of-tomorrow', 'x' FROM change");
	not_undone(1, ERR_USAGE, "unknown setting \"spf.of-tomorrow\"");
}

static void new_revision(void)
{
	static int64_t ttl = 100;
	begin();
	ok(template_set(store, 2, NULL, ++ttl, &err));
	commit();
}

static int64_t apply(void)
{
	begin();
	ok(template_apply(store, 0, &err));
	commit();
	return last();
}

static void test_revision_not_kept(void **state)
{
	(void)state;
	auto_domain one = DOMAIN_INIT;
	add_domain("example.com", NULL);
	new_revision();
	int64_t applied = apply();
	assert_int_equal(number("SELECT count(*) FROM template"), 2);
	undone(applied);
	assert_int_equal(number("SELECT template_rev FROM domain"), 1);
	applied = apply();
	for (int i = 0; i < 30; i++)
		new_revision();
	/* 20, that of the domain, and that which it has left lately */
	assert_int_equal(number("SELECT count(*) FROM template"), 22);
	for (int i = 0; i < 100; i++)
		new_revision();
	assert_int_equal(number("SELECT count(*) FROM template"), 21);
	not_undone(applied, ERR_FAILED, "revision 1 of the template no longer exists");
	/* the same of a template that was applied to one domain */
	int64_t rev = number("SELECT template_rev FROM domain");
	auto_free char *words = xasprintf(
		"revision %lld of the template no longer exists", (long long)rev);
	begin();
	ok(domain_find(store, "example.com", &one, &err));
	ok(template_apply(store, one.id, &err));
	commit();
	applied = last();
	for (int i = 0; i < 100; i++)
		new_revision();
	not_undone(applied, ERR_FAILED, words);
}

/* A domain comes back with the newest template where its own is not kept any more, and one line says
 * so. */
static void test_removal_with_old_revision(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_domain("example.org", NULL);
	new_revision();
	begin();
	auto_domain domain = DOMAIN_INIT;
	ok(domain_find(store, "example.com", &domain, &err));
	ok(domain_life_remove(store, &ctx, &domain, false, &err));
	commit();
	int64_t removed = last();
	for (int i = 0; i < 3; i++)
		new_revision();
	undone(removed);
	assert_int_equal(
		number("SELECT template_rev FROM domain WHERE name = 'example.com'"), 1);
	begin();
	auto_domain again = DOMAIN_INIT;
	ok(domain_find(store, "example.com", &again, &err));
	ok(domain_life_remove(store, &ctx, &again, false, &err));
	commit();
	removed = last();
	apply(); /* nobody follows the first one now */
	for (int i = 0; i < 100; i++)
		new_revision();
	buf_clear(&said);
	undone(removed);
	assert_int_equal(number("SELECT template_rev = (SELECT max(rev) FROM template) "
	                        "FROM domain WHERE name = 'example.com'"),
	                 1);
	assert_non_null(
		strstr(buf_text(&said), "example.com: revision 1 of the template"));
	buf_done(&touched);
}

/* A domain that was added after the template was applied keeps what it has. */
static void test_applied_before(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	new_revision();
	int64_t applied = apply();
	add_domain("later.example", NULL);
	undone(applied);
	assert_int_equal(number("SELECT template_rev FROM domain WHERE id = 1"), 1);
	assert_int_equal(number("SELECT template_rev FROM domain WHERE id = 2"), 2);
}

/* What a number in front means: "10 mail..." is no TTL of 10. */
static void test_record_numbers(void **state)
{
	static const struct {
		const char *type, *rdata;
		int64_t ttl;
		const char *noted;
	} rows[] = {
		{ "TXT", "300 words", TTL_DEFAULT, "<ttl> 300 words" },
		{ "TXT", "300 words", 20, "20 300 words" },
		{ "TXT", "<ttl>", TTL_DEFAULT, "<ttl>" },
		{ "TXT", "words", TTL_DEFAULT, "words" },
		{ "TXT", "300", TTL_DEFAULT, "300" },
		{ "MX", "10 mail.<domain>.", TTL_DEFAULT, "<ttl> 10 mail.<domain>." },
		{ "MX", "10 mail.<domain>.", 0, "0 10 mail.<domain>." },
	};
	(void)state;
	add_domain("example.com", NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_domain domain = DOMAIN_INIT;
		auto_free char *noted = NULL;
		auto_free char *rdata = NULL;
		int64_t id = 0;
		ok(domain_find(store, "example.com", &domain, &err));
		begin();
		ok(record_add(store, &domain, "x", rows[i].type, rows[i].rdata,
		              rows[i].ttl, &id, &err));
		auto_free char *text = xasprintf("%lld", (long long)id);
		commit();
		begin();
		ok(record_remove(store, &domain, text, &err));
		commit();
		ok(store_get_text(store, &noted, &err,
		                  "SELECT old FROM change_item ORDER BY change_id DESC"
		                  " LIMIT 1",
		                  ""));
		assert_string_equal(noted, rows[i].noted);
		undone(last());
		ok(store_get_text(store, &rdata, &err,
		                  "SELECT rdata FROM record WHERE id = ?", "i", id));
		assert_string_equal(rdata, rows[i].rdata);
		assert_int_equal(number("SELECT coalesce(ttl, -2) FROM record"),
		                 rows[i].ttl);
		undone(last());
	}
}

static void test_touched(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_domain("alias.example", "example.com");
	auto_domain domain = DOMAIN_INIT;
	ok(domain_find(store, "alias.example", &domain, &err));
	begin();
	ok(domain_life_remove(store, &ctx, &domain, false, &err));
	commit();
	undone(last());
	assert_string_equal(buf_text(&touched), "alias.example ");
	assert_int_equal(number("SELECT count(*) FROM domain WHERE alias_of = 1"), 1);
	buf_done(&touched);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, setup_store, teardown_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(test_named),
		IN_STORE(test_changed_again),
		IN_STORE(test_all_or_nothing),
		IN_STORE(test_rules_hold),
		IN_STORE(test_domain_with_more),
		IN_STORE(test_no_ref),
		IN_STORE(test_unknown),
		IN_STORE(test_revision_not_kept),
		IN_STORE(test_removal_with_old_revision),
		IN_STORE(test_applied_before),
		IN_STORE(test_record_numbers),
		IN_STORE(test_touched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
