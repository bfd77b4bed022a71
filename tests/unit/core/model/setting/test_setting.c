/* The settings table, its types, values in force, and the rules between settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/model/setting/setting.h"
#include "core/store/change.h"
#include "core/store/schema.h"
#include "core/store/store.h"

/* ---- the table ---- */

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = &setting_table[i];
		struct err err = ERR_INIT;
		enum setting_key key = SETTING_COUNT;
		char values[256];
		assert_non_null(row->key);
		if (i && strcmp(setting_table[i - 1].key, row->key) >= 0)
			fail_msg("%s stands behind %s", row->key,
			         setting_table[i - 1].key);
		assert_int_equal(setting_find(row->key, &key, &err), 0);
		assert_int_equal(key, i);
		assert_int_equal(
			strspn(row->key, "abcdefghijklmnopqrstuvwxyz0123456789.-"),
			strlen(row->key));
		assert_true(row->type < SETTING_TYPE_COUNT);
		assert_non_null(setting_type_name(row->type));
		assert_true(row->help && *row->help && strlen(row->help) <= 78);
		assert_true(row->help[strlen(row->help) - 1] != '.');
		assert_non_null(row->default_text);
		assert_int_equal(row->words != NULL, row->type == SETTING_ENUM);
		assert_int_equal(row->max > row->min,
		                 row->type == SETTING_INT ||
		                         row->type == SETTING_DURATION);
		assert_true(!row->domain_default || row->flags & SETTING_AT_DOMAIN);
		assert_true(!(row->flags & SETTING_NUMBERED) ||
		            row->type == SETTING_ENUM);
		assert_true(!(row->flags & SETTING_COMPUTED) || !*row->default_text);
		setting_describe_values(row, values, sizeof(values));
		assert_true(*values);
	}
}

static void check_canonical(const struct setting_row *row, const char *text)
{
	struct err err = ERR_INIT;
	auto_free char *canonical = NULL;
	if (setting_parse(row, text, &canonical, &err) != 0)
		fail_msg("%s: %s", row->key, err.text);
	assert_string_equal(canonical, text);
}

static void test_defaults_are_canonical(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (setting_table[i].type == SETTING_SECRET)
			continue;
		check_canonical(&setting_table[i], setting_table[i].default_text);
		if (setting_table[i].domain_default)
			check_canonical(&setting_table[i],
			                setting_table[i].domain_default);
		for (int k = 0; setting_table[i].words && setting_table[i].words[k]; k++)
			check_canonical(&setting_table[i], setting_table[i].words[k]);
	}
}

static void test_find(void **state)
{
	static const struct {
		const char *typed, *text;
	} rows[] = {
		{ "dkim.sing",
		  "unknown setting \"dkim.sing\"; did you mean \"dkim.sign\"?" },
		{ "spf.mod", "unknown setting \"spf.mod\"; did you mean \"spf.mode\"?" },
		{ "dkim.Sign",
		  "unknown setting \"dkim.Sign\"; did you mean \"dkim.sign\"?" },
		{ "zzzzzzzzzz",
		  "unknown setting \"zzzzzzzzzz\"; run \"mailauthctl server describe\" "
		  "to list the settings" },
		{ "", "unknown setting \"\"; run \"mailauthctl server describe\" to "
		      "list the settings" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		enum setting_key key = SETTING_COUNT;
		assert_int_equal(setting_find(rows[i].typed, &key, &err), ERR_USAGE);
		assert_string_equal(err.text, rows[i].text);
		assert_int_equal(key, SETTING_COUNT);
	}
}

static void test_describe_values(void **state)
{
	static const struct {
		enum setting_key key;
		const char *text;
	} rows[] = {
		{ SET_DKIM_SIGN, "on, off" },
		{ SET_DKIM_RSA_BITS, "1024..4096" },
		{ SET_DKIM_RETIRE_AFTER, "duration, at least 5d" },
		{ SET_DKIM_ROTATE_AFTER, "duration, or 0" },
		{ SET_DKIM_ALGORITHM, "rsa, ed25519, both" },
		{ SET_SPF_MODE,
		  "headers-only (1), defer-dns-errors (2), reject-fail (3), reject-softfail (4), "
		  "reject-neutral (5), reject-not-pass (6)" },
		{ SET_MTA_HOSTNAME, "host name, or empty" },
		{ SET_DKIM_SELECTOR, "selector" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char values[256];
		setting_describe_values(&setting_table[rows[i].key], values,
		                        sizeof(values));
		assert_string_equal(values, rows[i].text);
	}
}

/* ---- in force ---- */

struct world {
	struct store *store;
	struct ctx ctx;
	struct buf said;
};

static int64_t now_is_seven(const struct ctx *ctx)
{
	(void)ctx;
	return 7;
}

static void hear(void *arg, enum report_level level, const char *text)
{
	struct buf *said = arg;
	buf_printf(said, "%s%s\n", level == REPORT_NOTE ? "note: " : "", text);
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	struct world *w = xcalloc(1, sizeof(*w));
	w->ctx = (struct ctx){ .actor = (char *)(uintptr_t) "tester",
		               .now = now_is_seven,
		               .report = hear,
		               .report_arg = &w->said };
	assert_int_equal(store_open_memory(&schema_store, &w->store, &err), 0);
	assert_int_equal(store_begin(w->store, true, &err), 0);
	assert_int_equal(change_begin(w->store, &w->ctx, "test", &err), 0);
	assert_int_equal(
		store_script(w->store,
	                     "INSERT INTO domain (id, name, alias_of, template_rev,"
	                     " created, gen) VALUES (1, 'example.com', NULL, 1, 0, 1),"
	                     " (2, 'alias.example', 1, 1, 0, 1)",
	                     &err),
		0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	store_close(w->store);
	buf_done(&w->said);
	free(w);
	return 0;
}

static void set(struct world *w, enum setting_key key, int64_t domain_id,
                const char *text)
{
	struct err err = ERR_INIT;
	if (setting_set(w->store, key, domain_id, domain_id ? "example.com" : NULL, text,
	                &err) != 0)
		fail_msg("%s", err.text);
}

static void check_value_is(struct store *store, enum setting_key key, int64_t domain_id,
                           const char *text, const char *source)
{
	struct err err = ERR_INIT;
	struct setting_value value = { 0 };
	assert_int_equal(setting_get(store, key, domain_id, &value, &err), 0);
	assert_string_equal(value.text, text);
	assert_string_equal(setting_source_name(value.source), source);
	setting_value_done(&value);
	assert_null(value.text);
}

static void test_inherited(void **state)
{
	struct world *w = *state;
	check_value_is(NULL, SET_DNS_TTL, 0, "3600", "default");
	check_value_is(NULL, SET_DNS_TTL, 1, "3600", "default");
	check_value_is(w->store, SET_DNS_TTL, 0, "3600", "default");
	check_value_is(w->store, SET_DNS_TTL, 2, "3600", "default");
	set(w, SET_DNS_TTL, 0, "60");
	check_value_is(w->store, SET_DNS_TTL, 0, "60", "server");
	check_value_is(w->store, SET_DNS_TTL, 1, "60", "server");
	check_value_is(w->store, SET_DNS_TTL, 2, "60", "server");
	set(w, SET_DNS_TTL, 1, "61");
	check_value_is(w->store, SET_DNS_TTL, 0, "60", "server");
	check_value_is(w->store, SET_DNS_TTL, 1, "61", "domain");
	check_value_is(w->store, SET_DNS_TTL, 2, "61", "main domain");
	set(w, SET_DNS_TTL, 2, "62");
	check_value_is(w->store, SET_DNS_TTL, 2, "62", "domain");
	set(w, SET_DNS_TTL, 2, NULL);
	set(w, SET_DNS_TTL, 1, NULL);
	check_value_is(w->store, SET_DNS_TTL, 2, "60", "server");
	set(w, SET_DNS_TTL, 0, NULL);
	check_value_is(w->store, SET_DNS_TTL, 2, "3600", "default");
}

/* dkim.sign: what the server allows is not what a domain wants. */
static void test_domain_default(void **state)
{
	struct world *w = *state;
	check_value_is(w->store, SET_DKIM_SIGN, 0, "on", "default");
	check_value_is(w->store, SET_DKIM_SIGN, 1, "off", "default");
	set(w, SET_DKIM_SIGN, 0, "on");
	check_value_is(w->store, SET_DKIM_SIGN, 1, "off", "default");
	set(w, SET_DKIM_SIGN, 1, "on");
	check_value_is(w->store, SET_DKIM_SIGN, 1, "on", "domain");
	check_value_is(w->store, SET_DKIM_SIGN, 2, "on", "main domain");
}

static void test_numbers(void **state)
{
	static const struct {
		enum setting_key key;
		const char *text;
		int64_t number;
	} rows[] = {
		{ SET_DNS_TTL, "7200", 7200 },
		{ SET_DKIM_RETIRE_AFTER, "2w", 1209600 },
		{ SET_DKIM_ROTATE_AFTER, "0", 0 },
		{ SET_SPF_MODE, "1", 0 },
		{ SET_SPF_MODE, "reject-not-pass", 5 },
		{ SET_DKIM_ALGORITHM, "both", 2 },
	};
	struct world *w = *state;
	struct err err = ERR_INIT;
	int64_t number = -1;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		set(w, rows[i].key, 0, rows[i].text);
		assert_int_equal(setting_number(w->store, rows[i].key, 0, &number, &err),
		                 0);
		assert_int_equal(number, rows[i].number);
	}
	bool is_on = false;
	assert_int_equal(setting_bool(w->store, SET_SPF_CHECK, 0, &is_on, &err), 0);
	assert_true(is_on);
	set(w, SET_SPF_CHECK, 0, "off");
	assert_int_equal(setting_bool(w->store, SET_SPF_CHECK, 0, &is_on, &err), 0);
	assert_false(is_on);
	/* what a hand edit of the database left behind */
	assert_int_equal(store_script(w->store,
	                              "REPLACE INTO setting VALUES"
	                              " ('spf.mode', 'x'), ('dns.ttl', 'y')",
	                              &err),
	                 0);
	number = -1;
	assert_int_equal(setting_number(w->store, SET_SPF_MODE, 0, &number, &err),
	                 ERR_FAILED);
	assert_string_equal(
		err.text,
		"the database contains \"x\" for spf.mode, which is not a valid value");
	assert_int_equal(number, -1);
	assert_int_equal(setting_number(w->store, SET_DNS_TTL, 0, &number, &err),
	                 ERR_FAILED);
	assert_int_equal(number, -1);
}

static void check_notes(struct world *w, int64_t expected)
{
	struct err err = ERR_INIT;
	int64_t count = -1;
	assert_int_equal(store_get_int(w->store, &count, &err,
	                               "SELECT count(*) FROM change_item", ""),
	                 1);
	assert_int_equal(count, expected);
}

static void test_set(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	int64_t found = 0;
	set(w, SET_MTA_HOSTNAME, 0, NULL); /* not set: nothing becomes different */
	check_notes(w, 0);
	set(w, SET_MTA_HOSTNAME, 0, "MX.Example.com");
	check_notes(w, 1);
	set(w, SET_MTA_HOSTNAME, 0, "mx.example.com.");
	check_notes(w, 1);
	set(w, SET_MTA_HOSTNAME, 0, "mx2.example.com");
	set(w, SET_MTA_HOSTNAME, 0, NULL);
	set(w, SET_DNS_TTL, 1, "60");
	check_notes(w, 4);
	assert_int_equal(
		store_get_int(
			w->store, &found, &err,
			"SELECT group_concat(coalesce(domain, '-') || ' ' || field || ' ' ||"
			" coalesce(old, '-') || ' ' || coalesce(new, '-'), ';') ="
			" '- mta.hostname - mx.example.com;"
			"- mta.hostname mx.example.com mx2.example.com;"
			"- mta.hostname mx2.example.com -;"
			"example.com dns.ttl - 60' FROM"
			" (SELECT * FROM change_item WHERE object = 'setting' ORDER BY seq)",
			""),
		1);
	assert_int_equal(found, 1);
	assert_int_equal(setting_set(w->store, SET_MTA_HOSTNAME, 1, "example.com",
	                             "a.example", &err),
	                 ERR_USAGE);
	assert_string_equal(err.text,
	                    "mta.hostname is a setting of the server, not of a domain; "
	                    "run \"mailauthctl server set mta.hostname ...\"");
	assert_int_equal(setting_set(w->store, SET_DNS_TTL, 0, NULL, "x", &err),
	                 ERR_USAGE);
	check_notes(w, 4);
}

/* ---- rules ---- */

static void test_rules(void **state)
{
	static const struct {
		const char *check, *verify, *spf;
		const char *text; /* NULL: fine */
	} rows[] = {
		{ "off", "off", "off", NULL },
		{ "on", "on", "on", NULL },
		{ "off", "on", "on", NULL },
		{ "on", "off", "on",
		  "dmarc.check on requires dkim.verify on, but dkim.verify would be "
		  "off; run \"mailauthctl server set dkim.verify on dmarc.check on\", "
		  "or set dmarc.check off first" },
		{ "on", "on", "off",
		  "dmarc.check on requires spf.check on, but spf.check would be off; "
		  "run \"mailauthctl server set spf.check on dmarc.check on\", or set "
		  "dmarc.check off first" },
	};
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_int_equal(setting_check_rules(NULL, &err), 0);
	assert_int_equal(setting_check_rules(w->store, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		set(w, SET_DMARC_CHECK, 0, rows[i].check);
		set(w, SET_DKIM_VERIFY, 0, rows[i].verify);
		set(w, SET_SPF_CHECK, 0, rows[i].spf);
		assert_int_equal(setting_check_rules(w->store, &err),
		                 rows[i].text ? ERR_FAILED : 0);
		if (rows[i].text)
			assert_string_equal(err.text, rows[i].text);
	}
}

static void test_advice(void **state)
{
	static const char early[] = "before an aligned DKIM signature";
	static const char neutral[] = "every fail becomes neutral";
	static const char soft[] = "every fail becomes softfail";
	static const char refuses[] = "note: mail that fails DMARC under p=reject";
	static const struct {
		const char *dmarc, *spf, *mode, *scope, *guess;
		const char *said; /* NULL: nothing */
	} rows[] = {
		{ "off", "on", "6", "no-record", "", NULL },
		{ "on", "on", "2", "no-record", "", refuses },
		{ "on", "on", "3", "no-record", "", early },
		{ "on", "on", "6", "no-record", "", early },
		{ "off", "off", "3", "most-permissive", "a ?all", NULL },
		{ "off", "on", "2", "most-permissive", "a ?all", NULL },
		{ "off", "on", "3", "most-permissive", "a ?all", neutral },
		{ "off", "on", "4", "most-permissive", "a ?all", neutral },
		{ "off", "on", "5", "most-permissive", "a ?all", NULL },
		{ "off", "on", "3", "no-record", "a ?all", NULL },
		{ "off", "on", "3", "most-permissive", "a ~all", soft },
		{ "off", "on", "4", "most-permissive", "a ~all", NULL },
		{ "off", "on", "3", "most-permissive", "a -all", NULL },
	};
	struct world *w = *state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		set(w, SET_DMARC_CHECK, 0, rows[i].dmarc);
		set(w, SET_SPF_CHECK, 0, rows[i].spf);
		set(w, SET_SPF_MODE, 0, rows[i].mode);
		set(w, SET_SPF_GUESS_SCOPE, 0, rows[i].scope);
		set(w, SET_SPF_GUESS_RULES, 0, rows[i].guess);
		buf_clear(&w->said);
		setting_advise(w->store, &w->ctx);
		if (!rows[i].said)
			assert_int_equal(w->said.len, 0);
		else if (!strstr(buf_text(&w->said), rows[i].said))
			fail_msg("row %zu: %s", i, buf_text(&w->said));
	}
}

/* Of a combination the change speaks that brings it about, and no later one. */
static void test_advice_once(void **state)
{
	static const char strict[] = "headers-only is the usual value";
	static const char neutral[] = "fail becomes neutral";
	static const struct {
		enum setting_key key;
		const char *text; /* NULL: unset */
		const char *said; /* NULL: nothing */
	} rows[] = {
		{ SET_DKIM_VERIFY, "on", NULL },
		{ SET_SPF_CHECK, "on", NULL },
		{ SET_SPF_MODE, "reject-fail", NULL },
		{ SET_DMARC_REJECT, "off", NULL },
		{ SET_DMARC_CHECK, "on", strict },
		{ SET_SPF_MODE, "reject-softfail", NULL },
		{ SET_SPF_MODE, "headers-only", NULL },
		{ SET_SPF_MODE, "reject-neutral", strict },
		{ SET_DMARC_REJECT, "on", "dmarc.exceptions lists" },
		{ SET_DMARC_EXCEPTIONS, "lists.example.org", NULL },
		{ SET_SPF_MODE, "reject-fail", NULL },
		{ SET_SPF_CHECK, "off", NULL },
		{ SET_SPF_CHECK, "on", strict },
		{ SET_SPF_GUESS_RULES, "a ?all", NULL },
		{ SET_SPF_GUESS_SCOPE, "most-permissive", neutral },
		{ SET_SPF_GUESS_RULES, "mx ?all", NULL },
		{ SET_SPF_MODE, "reject-softfail", NULL },
		{ SET_SPF_MODE, NULL, NULL },
		{ SET_SPF_MODE, "reject-softfail", neutral },
	};
	struct world *w = *state;
	struct err err = ERR_INIT;
	bool is_changed;
	assert_int_equal(change_end(w->store, &is_changed, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(change_begin(w->store, &w->ctx, "test", &err), 0);
		set(w, rows[i].key, 0, rows[i].text);
		buf_clear(&w->said);
		setting_advise(w->store, &w->ctx);
		if (rows[i].said ? !strstr(buf_text(&w->said), rows[i].said)
		                 : w->said.len != 0)
			fail_msg("row %zu: %s", i, buf_text(&w->said));
		assert_int_equal(change_end(w->store, &is_changed, &err), 0);
	}
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_defaults_are_canonical),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_describe_values),
		IN_STORE(test_inherited),
		IN_STORE(test_domain_default),
		IN_STORE(test_numbers),
		IN_STORE(test_set),
		IN_STORE(test_rules),
		IN_STORE(test_advice),
		IN_STORE(test_advice_once),
	};
	return cmocka_run_group_tests_name("setting", tests, NULL, NULL);
}
