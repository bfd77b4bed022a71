/* postfix_validate: the last look at a new main.cf, through a postconf that reads something else. */
#include "tests/unit/fake_host.h"

#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/postfix/postfix_render.h"

#define OLD "smtpd_milters = inet:127.0.0.1:99\nnon_smtpd_milters = inet:127.0.0.1:99\n"
#define ADMIN "inet:127.0.0.1:99"
#define OURS "unix:/run/opendkim.sock, default_action=tempfail"

static const char *asked; /* the list that is answered otherwise */
static const char *said;  /* with this value */

/* What "postconf -n" or "-M" says of the files that stand and of the new ones. */
struct words {
	const char *option, *before, *now;
	int status_before, status_now;
};
static const struct words *words;

static bool is_new(const char *folder)
{
	auto_free char *path = xasprintf("%s/main.cf", folder);
	char octets[4096] = "";
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	(void)!fread(octets, 1, sizeof(octets) - 1, file);
	fclose(file);
	return strstr(octets, "mailauth") != NULL;
}

/* What a list would be to Postfix, or what the row says. */
static int fake_postconf(struct ctx *ctx, const struct run_spec *spec,
                         struct run_result *ret, struct err *err)
{
	auto_main_cf cf = MAIN_CF_INIT;
	char octets[4096];

	(void)ctx, (void)err;
	*ret = (struct run_result){ 0 };
	if (words && strcmp(spec->argv[0], "postconf") == 0 &&
	    strcmp(spec->argv[1], "-c") == 0 &&
	    strcmp(spec->argv[3], words->option) == 0) {
		bool is_now = is_new(spec->argv[2]);
		buf_puts(&ret->errors, is_now ? words->now : words->before);
		ret->exit_status = is_now ? words->status_now : words->status_before;
		return 0;
	}
	if (strcmp(spec->argv[0], "postconf") != 0 || strcmp(spec->argv[1], "-c") != 0 ||
	    strcmp(spec->argv[3], "-xh") != 0)
		return 0;
	if (asked && strcmp(spec->argv[4], asked) == 0 && said) {
		buf_puts(&ret->out, said);
		return 0;
	}
	auto_free char *path = xasprintf("%s/main.cf", spec->argv[2]);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t len = fread(octets, 1, sizeof(octets), file);
	fclose(file);
	main_cf_parse(&cf, octets, len);
	main_cf_value(&cf, NULL, spec->argv[4], &ret->out);
	return 0;
}

/* Each list that Postfix reads is the admin's items as before, and ours once. */
static void test_lists(void **state)
{
	static const char *const lists[] = { "smtpd_milters", "non_smtpd_milters" };
	static const struct {
		const char *said; /* NULL: what stands there */
		bool is_good;
	} rows[] = {
		{ NULL, true },
		{ "{ " OURS " } " ADMIN, true },
		{ "", false },
		{ ADMIN, false },
		{ "{ " OURS " }", false },
		{ "{ " OURS " } { " OURS " } " ADMIN, false },
		{ "{ " OURS " } inet:127.0.0.1:98", false },
		{ "{ " OURS " } " ADMIN " inet:127.0.0.1:98", false },
		{ "{ unix:/run/other.sock, default_action=tempfail } " ADMIN, false },
	};
	const struct main_request request = { .milter = { MAIN_MILTER("{ " OURS " }",
		                                                      true, true) } };
	struct host *host = *state;
	struct postfix_observed observed = {
		.host = { .config_dir = (char *)(uintptr_t) "/etc/postfix",
		          .queue_dir = (char *)(uintptr_t) "/etc" },
		.main_path = (char *)(uintptr_t)MAIN_CF,
		.master_path = (char *)(uintptr_t) "/etc/postfix/master.cf"
	};
	auto_plan plan = PLAN_INIT;
	auto_buf text = BUF_INIT;
	struct err err = ERR_INIT;

	put(host->root, "/q/pid/master.pid", "", 0644);
	buf_puts(&observed.main_cf, OLD);
	main_cf_render(OLD, strlen(OLD), &request, &text);
	plan_file(&plan, RANK_CONSUMERS, MAIN_CF, text.at, text.len, FILE_META_KEEP, 1);
	host->ctx.run = fake_postconf;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
			asked = lists[k];
			said = rows[i].said;
			err_clear(&err);
			int r = postfix_validate(&host->ctx, &plan, &observed, &err);
			if (r != (rows[i].is_good ? 0 : ERR_FAILED) ||
			    (r && (!strstr(err.text, lists[k]) ||
			           !strstr(err.text, "is not the intended value"))))
				fail_msg("row %zu of %s: %d %s", i, lists[k], r,
				         err.text);
		}
	buf_done(&observed.main_cf);
}

/* A new text that is wrong itself, and read so: an item of the admin's replaced, ours twice. */
static void test_wrong_texts(void **state)
{
	static const struct {
		const char *smtpd, *said;
	} rows[] = {
		{ "$mailauth_milter inet:127.0.0.1:98", NULL },
		{ "$mailauth_milter inet:127.0.0.1:98", "{ " OURS " } " ADMIN },
		{ "$mailauth_milter $mailauth_milter " ADMIN, NULL },
	};
	struct host *host = *state;
	struct postfix_observed observed = {
		.host = { .config_dir = (char *)(uintptr_t) "/etc/postfix",
		          .queue_dir = (char *)(uintptr_t) "/etc" },
		.main_path = (char *)(uintptr_t)MAIN_CF,
		.master_path = (char *)(uintptr_t) "/etc/postfix/master.cf"
	};
	struct err err = ERR_INIT;

	put(host->root, "/q/pid/master.pid", "", 0644);
	buf_puts(&observed.main_cf, OLD);
	host->ctx.run = fake_postconf;
	asked = "smtpd_milters";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_plan plan = PLAN_INIT;
		auto_buf text = BUF_INIT;
		buf_printf(&text,
		           "smtpd_milters = %s\nnon_smtpd_milters = " ADMIN "\n"
		           "mailauth_milter = { " OURS " }\n",
		           rows[i].smtpd);
		plan_file(&plan, RANK_CONSUMERS, MAIN_CF, text.at, text.len,
		          FILE_META_KEEP, 1);
		said = rows[i].said;
		err_clear(&err);
		if (postfix_validate(&host->ctx, &plan, &observed, &err) != ERR_FAILED ||
		    !strstr(err.text, "is not the intended value"))
			fail_msg("row %zu: %s", i, err.text);
	}
	buf_done(&observed.main_cf);
}

/* A complaint that the files as they stand draw as well is the admin's; the number of its line may move. */
static void test_words(void **state)
{
#define A "postconf: warning: /x/main.cf: unused parameter: a\n"
#define B "postconf: warning: /x/main.cf: unused parameter: b\n"
	static const struct {
		struct words words;
		const char *why; /* NULL: it is good */
	} rows[] = {
		{ { "-n", "", "", 0, 0 }, NULL },
		{ { "-n", A, A, 0, 0 }, NULL },
		{ { "-n", A B, A B, 0, 0 }, NULL },
		{ { "-n", A B, B, 0, 0 }, NULL },
		{ { "-n", "", A, 0, 0 }, "unused parameter: a" },
		{ { "-n", A, A B, 0, 0 }, "unused parameter: b" },
		{ { "-n", B, A B, 0, 0 }, "unused parameter: a" },
		{ { "-n", A, A "note: b\n\n", 0, 0 }, NULL },
		{ { "-n", "", "fatal: b", 1, 1 }, "fatal: b" },
		{ { "-n", "", "error: b", 0, 0 }, "error: b" },
		{ { "-n", "", "", 1, 1 }, NULL },
		{ { "-n", "", "", 1, 0 }, NULL },
		{ { "-n", "", "", 0, 2 }, "exits with status 2" },
		{ { "-M", "fatal: m, line 3: x", "fatal: m, line 12: x", 1, 1 }, NULL },
		{ { "-M", "fatal: m, line 3: x", "fatal: m, line 3: y", 1, 1 },
		  "fatal: m, line : y" },
		{ { "-M", "", "", 0, 1 }, "exits with status 1" },
	};
	const struct main_request request = { .milter = { MAIN_MILTER("{ " OURS " }",
		                                                      true, true) } };
	struct host *host = *state;
	struct postfix_observed observed = {
		.host = { .config_dir = (char *)(uintptr_t) "/etc/postfix",
		          .queue_dir = (char *)(uintptr_t) "/etc" },
		.main_path = (char *)(uintptr_t)MAIN_CF,
		.master_path = (char *)(uintptr_t) "/etc/postfix/master.cf"
	};
	auto_plan plan = PLAN_INIT;
	auto_buf text = BUF_INIT;
	struct err err = ERR_INIT;

	put(host->root, "/q/pid/master.pid", "", 0644);
	buf_puts(&observed.main_cf, OLD);
	buf_puts(&observed.master_cf, "smtp inet n - n - - smtpd\n");
	main_cf_render(OLD, strlen(OLD), &request, &text);
	plan_file(&plan, RANK_CONSUMERS, MAIN_CF, text.at, text.len, FILE_META_KEEP, 1);
	plan_file(&plan, RANK_CONSUMERS, observed.master_path,
	          "smtp inet n - n - - smtpd\n", 26, FILE_META_KEEP, 1);
	host->ctx.run = fake_postconf;
	asked = NULL;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		words = &rows[i].words;
		err_clear(&err);
		int r = postfix_validate(&host->ctx, &plan, &observed, &err);
		if (r != (rows[i].why ? ERR_FAILED : 0) ||
		    (r && !strstr(err.text, rows[i].why)))
			fail_msg("row %zu: %d %s", i, r, err.text);
	}
	words = NULL;
	buf_done(&observed.main_cf);
	buf_done(&observed.master_cf);
}

/* The list that ours is in is read as meant, and it or smtpd_relay_restrictions ends relaying. */
static void test_restrictions(void **state)
{
#define LIST "smtpd_recipient_restrictions"
#define RELAY "smtpd_relay_restrictions"
#define GUARD "permit_mynetworks, reject_unauth_destination"
	static const struct {
		const char *list, *relay;
		const char *asked, *said;
		const char *why; /* NULL: it is good */
	} rows[] = {
		{ GUARD ", $mailauth_recipient_restrictions", "", NULL, NULL, NULL },
		{ "$mailauth_recipient_restrictions", GUARD, NULL, NULL, NULL },
		{ "$mailauth_recipient_restrictions", "permit_mynetworks", NULL, NULL,
		  RELAY " is \"permit_mynetworks\"" },
		{ GUARD ", $mailauth_recipient_restrictions", "", LIST, GUARD,
		  "is not the intended value" },
		{ "$mailauth_recipient_restrictions", GUARD, RELAY, "permit_mynetworks",
		  "open relaying" },
		/* not ours: nothing is looked at */
		{ "permit_mynetworks", "permit_mynetworks", LIST, "x", NULL },
	};
	struct host *host = *state;
	struct postfix_observed observed = {
		.host = { .config_dir = (char *)(uintptr_t) "/etc/postfix",
		          .queue_dir = (char *)(uintptr_t) "/etc" },
		.main_path = (char *)(uintptr_t)MAIN_CF,
		.master_path = (char *)(uintptr_t) "/etc/postfix/master.cf"
	};
	struct err err = ERR_INIT;

	put(host->root, "/q/pid/master.pid", "", 0644);
	buf_puts(&observed.master_cf, "smtp inet n - n - - smtpd\n"
	                              "mailauth-spf unix - n n - 0 spawn\n");
	host->ctx.run = fake_postconf;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_plan plan = PLAN_INIT;
		auto_buf text = BUF_INIT;
		buf_printf(&text,
		           LIST " = %s\n" RELAY " = %s\n"
		                "mailauth_recipient_restrictions = "
		                "check_policy_service unix:private/mailauth-spf\n",
		           rows[i].list, rows[i].relay);
		plan_file(&plan, RANK_CONSUMERS, MAIN_CF, text.at, text.len,
		          FILE_META_KEEP, 1);
		asked = rows[i].asked;
		said = rows[i].said;
		err_clear(&err);
		int r = postfix_validate(&host->ctx, &plan, &observed, &err);
		if (r != (rows[i].why ? ERR_FAILED : 0) ||
		    (r && !strstr(err.text, rows[i].why)))
			fail_msg("row %zu: %d %s", i, r, err.text);
	}
	buf_done(&observed.master_cf);
}

/* The folders of what will be written, but those of keys, which have rules of their own, and of what
 * goes. */
static void test_folders(void **state)
{
	struct host *host = *state;
	struct postfix_observed observed = {
		.host = { .config_dir = (char *)(uintptr_t) "/etc/postfix",
		          .queue_dir = (char *)(uintptr_t) "/etc" },
		.main_path = (char *)(uintptr_t)MAIN_CF,
		.master_path = (char *)(uintptr_t) "/etc/postfix/master.cf"
	};
	auto_free char *folder = xasprintf("%s/open", host->root);
	struct err err = ERR_INIT;

	host->ctx.run = fake_postconf;
	put(host->root, "/open/there", "", 0644);
	for (unsigned i = 0; i < 5; i++) {
		auto_plan plan = PLAN_INIT;
		bool is_good = i < 3;
		assert_int_equal(chmod(folder, i ? 0777 : 0755), 0);
		plan_file(&plan, RANK_TABLES, "/etc/good", "x\n", 2, FILE_META_KEEP, 1);
		if (i == 1)
			plan_remove(&plan, RANK_LEFTOVERS, "/open/there", 1);
		else
			plan_file(&plan, RANK_TABLES, "/open/there", "x\n", 2,
			          FILE_META_KEEP, 1)
				->is_secret = i == 2;
		if (i == 4)
			plan_file(&plan, RANK_TABLES, "/etc/later", "x\n", 2,
			          FILE_META_KEEP, 1);
		err_clear(&err);
		int r = postfix_validate(&host->ctx, &plan, &observed, &err);
		if (r != (is_good ? 0 : ERR_FAILED) || (r && !strstr(err.text, "/open")))
			fail_msg("case %u: %d %s", i, r, err.text);
	}
	err_clear(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restrictions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
