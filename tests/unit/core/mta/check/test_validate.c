/* What is checked before a push is saved: programs and their time, tables, keys, a trial message. */
#include "tests/unit/file_root.h"

#include "core/base/alloc.h"
#include "core/model/key/key_crypto.h"
#include "core/mta/check/key_check.h"
#include "core/mta/check/validate.h"
#include "core/mta/provider/opendkim_validate.h"

/* ---- programs --------------------------------------------------------------------------------- */

static unsigned given_ms;
static bool times_out;

static int fake_run(struct ctx *unused, const struct run_spec *spec,
                    struct run_result *ret, struct err *e)
{
	(void)unused, (void)e;
	given_ms = spec->timeout_ms;
	*ret = (struct run_result){ .is_timed_out = times_out };
	return 0;
}

static void test_stage(void **state)
{
	(void)state;
	static const char *const argv[] = { "postconf", "-n", NULL };
	struct run_result result = { 0 };
	struct stage stage;
	struct stat st;
	ctx.run = fake_run;
	assert_int_equal(stage_open(&ctx, &stage, &err), 0);
	auto_free char *folder = xstrdup(stage.folder);
	auto_free char *path = stage_path(&stage, "main.cf");
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stage_write(&stage, "main.cf", "a", 1, &err), 0);
	assert_int_equal(stage_write(&stage, "main.cf", "bc", 2, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 2);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_mtime, 1);
	/* 10 s for each, less when the 30 s of all are nearly over, none behind them */
	times_out = false;
	assert_int_equal(stage_run(&stage, argv, &result, &err), 0);
	assert_int_equal(given_ms, 10000);
	stage.spent = 28 * NS_PER_SEC;
	assert_int_equal(stage_run(&stage, argv, &result, &err), 0);
	assert_in_range(given_ms, 1900, 2000);
	times_out = true;
	assert_int_equal(stage_run(&stage, argv, &result, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "postconf did not finish the check"));
	err_clear(&err);
	stage.spent = 30 * NS_PER_SEC;
	assert_int_equal(stage_run(&stage, argv, &result, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "took more than 30 s together"));
	stage_done(&stage);
	assert_int_equal(stat(folder, &st), -1);
	stage_done(&stage);
}

/* ---- tables ----------------------------------------------------------------------------------- */

static void test_hosts(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want; /* NULL: canonical */
	} rows[] = {
		{ "", NULL },
		{ "127.0.0.0/8\n!127.0.0.5\n::1\n2001:db8::/32\n", NULL },
		{ "10.0.0.1/8\n",
		  "line 1 of the InternalHosts, \"10.0.0.1/8\", would never match: "
		  "OpenDKIM requires \"10.0.0.0/8\"" },
		{ "::1\n2001:DB8::/32\n", "line 2 of the InternalHosts" },
		{ "2001:db8:0::1\n", "requires \"2001:db8::1\"" },
		{ "192.0.2.1/32\n", "requires \"192.0.2.1\"" },
		{ "mail.example\n", "line 1 of the InternalHosts is not a network" },
		{ "192.0.2.1\n\n", "line 2 of the InternalHosts is not a network: \"\"" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = ERR_INIT;
		int r = opendkim_check_hosts(rows[i].text, &e);
		if (r != (rows[i].want ? ERR_FAILED : 0) ||
		    (rows[i].want && !strstr(e.text, rows[i].want)))
			fail_msg("row %zu: %s", i, e.text);
	}
}

static int note_line(void *arg, const struct opendkim_line *line)
{
	buf_printf(arg, "%.*s:%.*s:%.*s;", (int)line->name_len, line->name,
	           (int)line->selector_len, line->selector, (int)line->path_len,
	           line->path);
	return 0;
}

#define LINE(name, selector) \
	selector "._domainkey." name " " name ":" selector ":/k/" name "\n"

static void test_changed_lines(void **state)
{
	(void)state;
	static const struct {
		const char *before, *now, *want;
	} rows[] = {
		{ "", "", "" },
		{ LINE("a", "s"), "", "" },
		{ "", LINE("a", "s") LINE("b", "s"), "a:s:/k/a;b:s:/k/b;" },
		{ LINE("a", "s") LINE("c", "s"),
		  LINE("a", "s") LINE("b", "s") LINE("c", "s"), "b:s:/k/b;" },
		{ LINE("a", "s") LINE("b", "s") LINE("c", "s"),
		  LINE("a", "s") LINE("c", "t"), "c:t:/k/c;" },
		{ LINE("b", "s"), LINE("a", "s") LINE("b", "s"), "a:s:/k/a;" },
		{ "# none\n", LINE("a", "s"), "a:s:/k/a;" },
		{ "", "no line\n" LINE("a", "s"), "a:s:/k/a;" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf observed = BUF_INIT;
		assert_int_equal(opendkim_each_changed(rows[i].before, rows[i].now,
		                                       note_line, &observed),
		                 0);
		assert_string_equal(buf_text(&observed), rows[i].want);
	}
}

/* ---- what "opendkim -t" prints ---------------------------------------------------------------- */

#define EOM(how) "opendkim: /m: mlfi_eom() returned SMFIS_" how "\n"
#define SIGNED(d, s)                                                                  \
	"### INSHEADER: idx=0 hname='DKIM-Signature' hvalue='v=1; a=rsa-sha256; d=" d \
	";\n\ts=" s "; t=1;\n\tb=x=='\n"

static void test_judge(void **state)
{
	(void)state;
	static const struct {
		const char *printed;
		int exit_status;
		const char *want; /* NULL: signed */
	} rows[] = {
		{ EOM("ACCEPT") SIGNED("a.example", "s1"), 0, NULL },
		{ EOM("ACCEPT") SIGNED("A.example", "s1"), 0, NULL },
		{ EOM("ACCEPT") SIGNED("b.example", "s0") SIGNED("a.example", "s1"), 0,
		  NULL },
		{ EOM("ACCEPT") SIGNED("a.example", "s2"), 0,
		  "would not sign a message of a.example with selector s1" },
		{ EOM("ACCEPT") SIGNED("b.example", "s1"), 0, "would not sign" },
		{ EOM("ACCEPT") "opendkim: /m: message not signed\n", 0,
		  "would not sign" },
		{ "", 0, "would not sign" },
		{ "opendkim: /m: mlfi_eoh() returned SMFIS_TEMPFAIL\n", 70,
		  "would refuse a message of a.example (SMFIS_TEMPFAIL): its key is "
		  "missing, cannot be read" },
		{ EOM("TEMPFAIL") "opendkim: /m: no signature added: "
		                  "d2i_PrivateKey_bio() failed\n",
		  0, "(SMFIS_TEMPFAIL): d2i_PrivateKey_bio() failed" },
		{ EOM("REJECT"), 0, "(SMFIS_REJECT)" },
		{ "opendkim: mlfi_connect() returned SMFIS_CONTINUE\n", 139,
		  "a message of a.example would terminate OpenDKIM with signal 11" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *why = opendkim_judge(rows[i].printed, rows[i].exit_status,
		                                     "a.example", "s1");
		if ((why != NULL) != (rows[i].want != NULL) ||
		    (why && !strstr(why, rows[i].want)))
			fail_msg("row %zu: %s", i, why ? why : "");
	}
}

/* ---- keys ------------------------------------------------------------------------------------- */

struct made {
	struct key_pair pair;
	struct secret pem;
	struct digest fingerprint;
};

static void make_key(struct made *made)
{
	assert_int_equal(key_generate("ed25519", 0, &made->pair, &err), 0);
	assert_int_equal(key_der_to_pem(&made->pair.pkcs8, &made->pem, &err), 0);
	digest_of(made->pair.public_key, made->pair.public_len, &made->fingerprint);
}

static void made_done(struct made *made)
{
	key_pair_done(&made->pair);
	secret_done(&made->pem);
}

#define A "/keys/a/s.private"
#define B "/keys/b/s.private"

static void expect_words(const struct plan *plan, const char *words)
{
	err_clear(&err);
	int r = key_check_files(&ctx, plan, &err);
	if (r != (words ? ERR_FAILED : 0) || (words && !strstr(err.text, words)))
		fail_msg("%d: %s", r, err.text);
}

static void put_key(const char *path, const struct made *made)
{
	auto_free char *text = xmemdup(made->pem.at, made->pem.len);
	make_file(path, text, 0600);
}

static void test_keys(void **state)
{
	(void)state;
	cleanup(made_done) struct made a = { 0 }, b = { 0 }, stranger = { 0 };
	auto_plan plan = PLAN_INIT, writes = PLAN_INIT;
	make_key(&a);
	make_key(&b);
	make_key(&stranger);
	make_dir("/keys", 0700);
	make_dir("/keys/a", 0700);
	make_dir("/keys/b", 0700);
	plan_expect_key(&plan, A, "a.example", "s", "ed25519", &a.fingerprint);
	plan_expect_key(&plan, B, "b.example", "s", "ed25519", &b.fingerprint);
	expect_words(&plan, "that file does not exist");
	put_key(A, &a);
	put_key(B, &b);
	expect_words(&plan, NULL);
	put_key(A, &b);
	expect_words(&plan,
	             "the key in " A " does not match the record of a.example, "
	             "selector s (ed25519): it is the key of b.example, selector s");
	put_key(A, &stranger);
	expect_words(&plan, "it is a different ed25519 key of 256 bits");
	make_file(A, "no key\n", 0600);
	expect_words(&plan, "could not sign for a.example with the key in " A ": "
	                    "no readable private key");
	/* what the plan writes counts, not what stands there */
	plan_file(&writes, RANK_DATA, A, a.pem.at, a.pem.len, FILE_META_KEEP, 0);
	plan_expect_key(&writes, A, "a.example", "s", "ed25519", &a.fingerprint);
	expect_words(&writes, NULL);
	plan_file(&writes, RANK_DATA, B, a.pem.at, a.pem.len, FILE_META_KEEP, 0);
	plan_expect_key(&writes, B, "b.example", "s", "ed25519", &b.fingerprint);
	expect_words(&writes, "the private key of b.example, selector s, in the database "
	                      "does not match its record: it is the key of a.example");
	plan_remove(&plan, RANK_LEFTOVERS, A, 0);
	expect_words(&plan, A " is to be removed");
}

/* The DER of the database's key. */
static int give_der(void *arg, int64_t key_id, struct secret *ret_der, struct err *e)
{
	const struct made *made = arg;
	(void)e;
	assert_int_equal(key_id, 7);
	secret_set(ret_der, made->pair.pkcs8.at, made->pair.pkcs8.len);
	return 0;
}

/* A file that equals the database's key is not read again; that key must match the record. */
static void test_held_key(void **state)
{
	(void)state;
	cleanup(made_done) struct made a = { 0 }, b = { 0 };
	auto_plan plan = PLAN_INIT;
	make_key(&a);
	make_key(&b);
	make_dir("/keys", 0700);
	make_dir("/keys/a", 0700);
	plan_expect_key(&plan, A, "a.example", "s", "ed25519", &a.fingerprint);
	plan.key[0].held_id = 7;
	plan.key_source = (struct key_source){ .der = give_der, .arg = &a };
	expect_words(&plan, NULL);
	plan.key_source.arg = &b;
	expect_words(&plan, "that file does not exist");
	put_key(A, &b);
	expect_words(&plan, "the key in " A " does not match the record of a.example");
	plan.key[0].held_id = 0;
	plan.key_source.arg = &a;
	expect_words(&plan, "the key in " A " does not match the record of a.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stage, setup, teardown),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_changed_lines),
		cmocka_unit_test(test_judge),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held_key, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
