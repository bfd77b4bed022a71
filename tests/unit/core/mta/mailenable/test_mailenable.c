/*
 * MailEnable: what is read of a copied configuration folder, the text of a report, and the comparison of
 * both.  What is desired comes from arrays.
 */
#include "tests/unit/fake_host.h"

#include "core/base/text.h"
#include "core/model/setting/setting.h"
#include "core/mta/mailenable/mailenable_config.h"
#include "core/mta/mailenable/mailenable_files.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/registry.h"
#include "core/store/schema.h"

#define OPTIONS(selector, sign)                                          \
	"<ELEMENT><TYPE>Options</TYPE><ACTIVESELECTOR>" selector         \
	"</ACTIVESELECTOR><KEYFILE>k.key</KEYFILE><SIGN>" sign "</SIGN>" \
	"</ELEMENT>"
#define SELECTOR(name, text)                                \
	"<ELEMENT><TYPE>Selector</TYPE><SELECTORNAME>" name \
	"</SELECTORNAME><DNS-TXT>" text "</DNS-TXT></ELEMENT>"
#define BASE(elements) "<BASEELEMENT>" elements "</BASEELEMENT>"

/* ---- one file -------------------------------------------------------------------------------- */

static const struct text_row {
	const char *text;
	bool is_read, signs;
	const char *selector, *record;
} texts[] = {
	{ BASE(SELECTOR("default", "v=DKIM1; p=AB") OPTIONS("default", "1")), true, true,
	  "default", "v=DKIM1; p=AB" },
	{ "\r\n " BASE(OPTIONS("default", "0")), true, false, "default", NULL },
	/* another selector's record is not its own */
	{ BASE(SELECTOR("old", "v=DKIM1; p=OLD") OPTIONS("s2", "1")
	               SELECTOR("s2", "v=DKIM1; p=NEW")),
	  true, true, "s2", "v=DKIM1; p=NEW" },
	{ BASE(OPTIONS("S1", "1")), true, true, "s1", NULL },
	{ BASE(OPTIONS("", "1")), true, true, NULL, NULL },
	{ BASE(OPTIONS("../x", "1")), true, true, NULL, NULL },
	{ BASE(SELECTOR("s", "a&#10;b") OPTIONS("s", "1")), true, true, "s", NULL },
	{ BASE("<ELEMENT><TYPE>Options</TYPE></ELEMENT>"), true, false, NULL, NULL },
	{ BASE("<ELEMENT><TYPE>Options</TYPE><SIGN>yes</SIGN></ELEMENT>"), true, false,
	  NULL, NULL },
	{ BASE(SELECTOR("default", "x")), false, false, NULL, NULL },
	{ "<!DOCTYPE a [<!ENTITY e 'x'>]>" BASE(OPTIONS("s", "1")), false, false, NULL,
	  NULL },
	{ "<BASEELEMENT>" OPTIONS("s", "1"), false, false, NULL, NULL },
	{ "", false, false, NULL, NULL },
};

static void test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct text_row *row = &texts[i];
		struct mailenable_dkim dkim = { 0 };
		if (mailenable_dkim_read(row->text, strlen(row->text), &dkim) !=
		            row->is_read ||
		    dkim.signs != row->signs ||
		    !text_same(dkim.selector, row->selector) ||
		    !text_same(dkim.record, row->record))
			fail_msg("%s", row->text);
		mailenable_dkim_done(&dkim);
	}
}

/* ---- the folder ------------------------------------------------------------------------------ */

static const char good[] = BASE(OPTIONS("default", "1"));

static void test_folder(void **state)
{
	struct host *host = *state;
	auto_mailenable_config config = { 0 };
	struct err err = ERR_INIT;
	auto_buf big = BUF_INIT, found = BUF_INIT;
	auto_free char *link = xasprintf("%s/c/DKIM-link.example.SYS", host->root);
	auto_free char *pipe = xasprintf("%s/c/DKIM-pipe.example.SYS", host->root);
	while (big.len <= MAILENABLE_FILE_LIMIT)
		buf_putc(&big, ' ');
	assert_int_equal(mailenable_config_read(&host->ctx, "/c", &config, &err),
	                 ERR_MISSING);
	err_clear(&err);
	put(host->root, "/c/DKIM-b.example.SYS", good, 0644);
	put(host->root, "/c/dkim-A.Example.sys", good, 0644);
	put(host->root, "/c/DKIM-a.example.SYS", good, 0644);
	put(host->root, "/c/DKIM-big.example.SYS", buf_text(&big), 0644);
	put(host->root, "/c/DKIM-empty.example.SYS", "", 0644);
	put(host->root, "/c/DKIM-.SYS", good, 0644);
	put(host->root, "/c/DKIM-a_b c.SYS", good, 0644);
	put(host->root, "/c/DKIM-c.example.SYS.bak", good, 0644);
	put(host->root, "/c/SMTP-d.example.SYS", good, 0644);
	put(host->root, "/c/DKIM-folder.example.SYS/x", good, 0644);
	assert_int_equal(symlink("DKIM-b.example.SYS", link), 0);
	assert_int_equal(mkfifo(pipe, 0644), 0);
	assert_int_equal(mailenable_config_read(&host->ctx, "/c", &config, &err), 0);
	for (size_t i = 0; i < config.count; i++)
		buf_printf(&found, "%s: %s\n", config.domain[i].name,
		           config.domain[i].fault ? config.domain[i].fault : "read");
	assert_string_equal(buf_text(&found), "a.example: read\n"
	                                      "b.example: read\n"
	                                      "big.example: it is longer than 64 KiB\n"
	                                      "empty.example: it has no DKIM options\n"
	                                      "folder.example: it is not a regular file\n"
	                                      "link.example: it is a symbolic link\n"
	                                      "pipe.example: it is not a regular file\n");
	assert_int_equal(config.invalid, 1); /* "DKIM-.SYS" is not of a domain at all */
	assert_false(config.is_cut);
	assert_int_equal(mailenable_config_read(&host->ctx, "/c/DKIM-b.example.SYS",
	                                        &config, &err),
	                 ERR_FAILED);
}

/* ---- what is desired -------------------------------------------------------------------------- */

#define RECORD(name, selector, key)                                                      \
	{                                                                                \
		.id = (char *)(uintptr_t) "",                                            \
		.owner = (char *)(uintptr_t)(selector "._domainkey." name), .ttl = 300,  \
		.type = (char *)(uintptr_t) "TXT",                                       \
		.rdata = (char *)(uintptr_t)("v=DKIM1; k=rsa; p=" key), .source = "dkim" \
	}

static const struct record_row records[] = {
	RECORD("a.example", "s1", "MIIBIjAN"), RECORD("b.example", "s1", "MIIBIjAN"),
	RECORD("c.example", "s1", "MIIBIjAN"), RECORD("d.example", "s1", "MIIBIjAN"),
	RECORD("e.example", "s1", "MIIBIjAN"),
};

static int each_signing(void *source, const char *name, desired_signing_fn *each,
                        void *arg, struct err *err)
{
	const struct signing_row row = {
		.name = name, .main_name = name, .selector = "s1", .algorithm = "rsa"
	};
	(void)source;
	return strcmp(name, "e.example") == 0 ? 0 : each(arg, &row, err);
}

static int give_record(void *source, const char *name, bool *ret_is_there,
                       struct record_list *ret_list, struct err *err)
{
	(void)source, (void)err;
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		if (!text_ends(records[i].owner, name))
			continue;
		struct record_row *row = xcalloc(1, sizeof(*row));
		*row = records[i];
		row->id = xstrdup(row->id);
		row->owner = xstrdup(row->owner);
		row->type = xstrdup(row->type);
		row->rdata = xstrdup(row->rdata);
		*ret_list = (struct record_list){ .row = row, .count = 1, .room = 1 };
		*ret_is_there = true;
	}
	return 0;
}

static int each_moved(void *source, int64_t since, desired_name_fn *each, void *arg,
                      struct err *err)
{
	(void)source, (void)since;
	int r = each(arg, "a.example", err);
	return r ? r : each(arg, "gone.example", err);
}

static int each_name(void *source, desired_name_fn *each, void *arg, struct err *err)
{
	(void)source;
	int r = each(arg, "a.example", err);
	return r ? r : each(arg, "b.example", err);
}

static int each_owned(void *source, const char *domain, desired_name_fn *each, void *arg,
                      struct err *err)
{
	int r = 0;
	(void)source;
	if (strcmp(domain, "a.example") == 0) {
		r = each(arg, "/out/mailenable/a.example.txt", err);
		if (r == 0)
			r = each(arg, "/before/mailenable/a.example.txt", err);
		return r ? r : each(arg, "/out/etc/dkimkeys/a.example/s1.private", err);
	}
	return strcmp(domain, "gone.example") == 0
	               ? each(arg, "/out/mailenable/gone.example.txt", err)
	               : 0;
}

static const struct desired_rows rows = {
	.each_signing = each_signing,
	.each_moved = each_moved,
	.each_name = each_name,
	.each_owned = each_owned,
	.records = give_record,
};

static struct desired desired_of(void)
{
	return (struct desired){ .signs = true,
		                 .verifies = true,
		                 .checks_spf = true,
		                 .spf = { .mode = SPF_REJECT_FAIL,
		                          .local_rules = "ip4:192.0.2.7" },
		                 .directory_path = (char *)(uintptr_t) "/out",
		                 .rows = &rows };
}

/* ---- reports ---------------------------------------------------------------------------------- */

static void test_files(void **state)
{
	static const struct {
		bool is_wanted, has_new_settings;
		const char *steps;
	} cases[] = {
		{ true, false,
		  "/out/mailenable/a.example.txt a.example;"
		  "-/before/mailenable/a.example.txt;-/out/mailenable/gone.example.txt;" },
		{ true, true,
		  "/out/mailenable/a.example.txt a.example;"
		  "-/before/mailenable/a.example.txt;/out/mailenable/b.example.txt b.example;" },
		{ false, false,
		  "-/out/mailenable/a.example.txt;-/before/mailenable/a.example.txt;"
		  "-/out/mailenable/gone.example.txt;" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct desired desired = desired_of();
		auto_plan plan = PLAN_INIT;
		auto_buf steps = BUF_INIT;
		struct err err = ERR_INIT;
		desired.has_new_settings = cases[i].has_new_settings;
		assert_int_equal(mailenable_plan_reports(&desired, cases[i].is_wanted,
		                                         MAILENABLE_PROFESSIONAL, &plan,
		                                         &err),
		                 0);
		for (size_t k = 0; k < plan.count; k++)
			buf_printf(&steps, "%s%s%s%s;",
			           plan.step[k].is_present ? "" : "-",
			           plan.step[k].object, plan.step[k].domain ? " " : "",
			           plan.step[k].domain ? plan.step[k].domain : "");
		assert_string_equal(buf_text(&steps), cases[i].steps);
	}
}

static const struct report_row {
	enum mailenable_edition edition;
	const char *has, *lacks;
} reports[] = {
	{ MAILENABLE_PROFESSIONAL, "MailEnable Professional: a.example\n", "9.16" },
	{ MAILENABLE_PROFESSIONAL, "s1._domainkey.a.example. 300 IN TXT \"v=DKIM1; ",
	  NULL },
	{ MAILENABLE_PROFESSIONAL, "Config\\DKIM\\s1-a.example.key\n", NULL },
	{ MAILENABLE_PROFESSIONAL, "Tick \"Sign outgoing messages\".", "Clear \"Sign" },
	{ MAILENABLE_PROFESSIONAL, "Tick \"Reject failures\".", "Clear \"Reject" },
	{ MAILENABLE_PROFESSIONAL,
	  "Tick \"Enable local white list policy\" and enter:\n        ip4:192.0.2.7\n",
	  "tab DKIM there" },
	{ MAILENABLE_PROFESSIONAL, "Clear \"Apply best guess policy",
	  "does not check SPF" },
	{ MAILENABLE_STANDARD, "MailEnable Standard 9.16 or later", "Reject failures" },
	{ MAILENABLE_STANDARD, "- spf.check on: the Standard edition does not check SPF.",
	  "Enable SPF" },
	{ MAILENABLE_STANDARD, "has no tab DKIM there", NULL },
	{ MAILENABLE_ANY, "requires MailEnable Professional, or MailEnable Standard 9.16",
	  NULL },
	{ MAILENABLE_ANY, "Enterprise editions have these options", NULL },
};

static void test_report(void **state)
{
	static const struct mailenable_key key = { (char *)(uintptr_t) "s1", true };
	struct desired desired = desired_of();
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reports); i++) {
		const struct report_row *row = &reports[i];
		struct record_row record = records[0];
		const struct record_list list = { .row = &record, .count = 1 };
		auto_buf text = BUF_INIT;
		mailenable_report(&(struct mailenable_facts){ .edition = row->edition,
		                                              .name = "a.example",
		                                              .desired = &desired,
		                                              .records = &list,
		                                              .key = &key,
		                                              .keys = 1 },
		                  &text);
		if (!strstr(buf_text(&text), row->has) ||
		    (row->lacks && strstr(buf_text(&text), row->lacks)))
			fail_msg("row %zu: %s", i, buf_text(&text));
	}
}

/* Values that were set for another server; a key that is not of RSA; a record that is awaited. */
static void test_lacks(void **state)
{
	static const char *const lacks[] = {
		"- spf.mode: it rejects", "- spf.explanation:",
		"- spf.guess-scope",      "- spf.continue-on-dns-error",
		"- dmarc.check",          "- srs.enabled",
		"- dkim.algorithm",       "- mta.trusted-relays",
		"- mta.signing-networks", "Clear \"Sign outgoing messages\"",
	};
	static const struct mailenable_key key = { (char *)(uintptr_t) "s2", false };
	struct desired desired = desired_of();
	const struct record_list none = RECORD_LIST_INIT;
	struct mailenable_facts facts = { .edition = MAILENABLE_PROFESSIONAL,
		                          .name = "a.example",
		                          .desired = &desired,
		                          .records = &none,
		                          .key = &key,
		                          .keys = 1 };
	auto_buf text = BUF_INIT;
	(void)state;
	desired.spf = (struct spf_settings){ .mode = SPF_REJECT_NOT_PASS,
		                             .does_continue_on_dns_error = true,
		                             .guess_scope = SPF_GUESS_MOST_PERMISSIVE,
		                             .guess_rules = "v=spf1 mx ?all",
		                             .explanation = "see" };
	desired.checks_dmarc = desired.has_srs = true;
	desired.trusted_relay_count = desired.signing_network_count = 1;
	mailenable_report(&facts, &text);
	for (size_t i = 0; i < ARRAY_LEN(lacks); i++)
		if (!strstr(buf_text(&text), lacks[i]))
			fail_msg("%s: %s", lacks[i], buf_text(&text));
	assert_non_null(strstr(buf_text(&text), "without SPF\" and enter:\n"
	                                        "        v=spf1 mx ?all\n"));
	facts.keys = 0;
	facts.is_waiting = true;
	buf_clear(&text);
	mailenable_report(&facts, &text);
	assert_non_null(strstr(buf_text(&text), "Publish the DKIM record above."));
	assert_null(strstr(buf_text(&text), "Sign outgoing messages"));
}

/* ---- the comparison --------------------------------------------------------------------------- */

static void assert_note(const struct plan *plan, const char *text, bool is_warning)
{
	for (size_t i = 0; i < plan->notes; i++)
		if (strcmp(plan->note[i].text, text) == 0) {
			assert_int_equal(plan->note[i].remedy != NULL, is_warning);
			return;
		}
	for (size_t i = 0; i < plan->notes; i++)
		print_message("%s\n", plan->note[i].text);
	fail_msg("no note: %s", text);
}

static struct store *store_with(struct host *host, const char *folder)
{
	auto_free char *path = xasprintf("%s/a.db", host->root);
	struct store *store = NULL;
	struct err err = ERR_INIT;
	bool is_changed;
	assert_int_equal(chmod(host->root, 0700), 0);
	assert_int_equal(store_open(path, &schema_store, STORE_CREATE, &store, &err), 0);
	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(change_begin(store, &host->ctx, "test", &err), 0);
	assert_int_equal(
		setting_set(store, SET_MTA_MAILENABLE_CONFIG_DIR, 0, NULL, folder, &err),
		0);
	assert_int_equal(change_end(store, &is_changed, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	return store;
}

static void compare(struct host *host, struct store *store, struct plan *plan)
{
	const struct desired desired = desired_of();
	void *observed = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(mailenable_observe(&host->ctx, store, &observed, &err), 0);
	assert_int_equal(mailenable_compare(&desired, observed, plan, &err), 0);
	mailenable_observed_free(observed);
}

static void test_compare(void **state)
{
	struct host *host = *state;
	struct store *store = store_with(host, "/c");
	auto_plan plan = PLAN_INIT, absent = PLAN_INIT;
	compare(host, store, &absent);
	assert_note(
		&absent,
		"the copy of MailEnable's configuration was not read: /c does not exist",
		true);
	put(host->root, "/c/DKIM-a.example.SYS",
	    BASE(SELECTOR("s1", "v=DKIM1; k=rsa; p=MIIBIjAN") OPTIONS("s1", "1")), 0644);
	put(host->root, "/c/DKIM-b.example.SYS",
	    BASE(SELECTOR("s1", "v=DKIM1; p=MIIBIjAO") OPTIONS("s1", "1")), 0644);
	put(host->root, "/c/DKIM-c.example.SYS", BASE(OPTIONS("own", "1")), 0644);
	put(host->root, "/c/DKIM-d.example.SYS", BASE(OPTIONS("s1", "0")), 0644);
	/* its record is incomplete: nothing is known of the key */
	put(host->root, "/c/DKIM-e.example.SYS",
	    BASE(SELECTOR("s1", "v=DKIM1; ") OPTIONS("s1", "1")), 0644);
	for (char name[] = "/c/DKIM-v.other.SYS"; name[8] <= 'y'; name[8]++)
		put(host->root, name, good, 0644);
	compare(host, store, &plan);
	assert_int_equal(plan.notes, 5);
	assert_note(&plan,
	            "MailEnable has 4 domains that are not in this database: v.other, "
	            "w.other, x.other, ...",
	            false);
	assert_note(&plan,
	            "MailEnable signs mail of 1 domain with another key than that of the "
	            "record in this database: b.example (s1)",
	            true);
	assert_note(
		&plan,
		"MailEnable signs mail of 1 domain with a selector that has no record in "
		"this database: c.example (own)",
		true);
	assert_note(&plan,
	            "MailEnable does not sign mail of 1 domain that is to be signed: "
	            "d.example",
	            false);
	assert_note(
		&plan,
		"MailEnable signs mail of 1 domain that does not sign in this database: "
		"e.example",
		false);
	store_close(store);
}

/* Without the setting nothing is read. */
static void test_not_set(void **state)
{
	struct host *host = *state;
	struct store *store = store_with(host, "");
	auto_plan plan = PLAN_INIT;
	compare(host, store, &plan);
	assert_int_equal(plan.notes, 0);
	store_close(store);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		ROW(test_folder),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_lacks),
		ROW(test_compare),
		ROW(test_not_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
