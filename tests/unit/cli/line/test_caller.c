/* cli/caller: who calls, and every command row and option as a customer. */
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/line/caller.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"

static char account[] = "alice";

/* The rows that are open to customers, with their options that are.  Whatever is not here must be
 * refused: a new row or option is closed until somebody writes it down. */
static const struct {
	const char *row, *options[4];
} open_rows[] = {
	{ "dmarc lint", { "--record", "--records-from" } },
	{ "dmarc set", { "--reset" } },
	{ "domain disable-dkim", { "--all", "--domains-from" } },
	{ "domain enable-dkim", { "--all", "--domains-from" } },
	{ "domain get", { NULL } },
	{ "domain list", { "--alias-of" } },
	{ "domain set", { NULL } },
	{ "domain show", { NULL } },
	{ "domain unset", { NULL } },
	{ "key check", { "--all", "--domains-from" } },
	{ "key export", { NULL } },
	{ "key lint", { "--record", "--records-from", "--selector" } },
	{ "key list", { NULL } },
	{ "key show", { NULL } },
	{ "record list", { NULL } },
	{ "spf lint", { "--record", "--records-from" } },
	{ "spf set", { "--add", "--remove", "--reset" } },
};
static const char *const open_globals[] = { "--format", "--json",     "--dry-run",
	                                    "--quiet",  "--no-color", "--help",
	                                    "--version" };

static const char *const *options_of(const char *row)
{
	for (size_t i = 0; i < ARRAY_LEN(open_rows); i++)
		if (strcmp(open_rows[i].row, row) == 0)
			return open_rows[i].options;
	return NULL;
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return true;
	return false;
}

static int check(bool is_customer, const struct command *row,
                 const struct option_row *option, const char *value)
{
	const struct caller caller = { .account = account, .is_customer = is_customer };
	struct args_option given = { option, value };
	const struct args args = { .options = &given, .option_count = option != NULL };
	struct err err = ERR_INIT;
	int r = caller_check(&caller, row, &args, &err);
	assert_true((r < 0) == (*err.text != '\0'));
	return r;
}

static void check_option(const struct command *row, const struct option_row *option,
                         bool is_open)
{
	/* a file is never open; of those that are named so, standard input may be */
	bool is_file = option->value &&
	               (strstr(option->value, "file") ||
	                strstr(option->value, "folder") || strstr(option->value, "dir"));
	int r = check(true, row, option, option->value ? "-" : "");
	if ((r >= 0) != is_open)
		fail_msg("%s %s: %s", row->words, option->name,
		         r < 0 ? "closed" : "open");
	if (is_file)
		assert_int_equal(check(true, row, option, "/etc/passwd"), ERR_FAILED);
	assert_int_equal(check(false, row, option, "x"), 0);
}

static void test_rows(void **state)
{
	(void)state;
	size_t seen = 0;
	for (const struct command_group *group = command_groups; group->rows; group++)
		for (const struct command *row = group->rows; row->words; row++) {
			const char *const *options = options_of(row->words);
			int r = check(true, row, NULL, NULL);
			if ((r >= 0) != (options != NULL))
				fail_msg("%s is %s to customers", row->words,
				         r < 0 ? "closed" : "open");
			assert_int_equal(check(false, row, NULL, NULL), 0);
			seen += options != NULL;
			for (const struct option_row *option = row->options;
			     option && option->name; option++)
				check_option(row, option,
				             options &&
				                     is_among(option->name, options, 4));
			for (const struct option_row *option = global_options;
			     option->name; option++)
				check_option(row, option,
				             options &&
				                     is_among(option->name, open_globals,
				                              ARRAY_LEN(open_globals)));
		}
	assert_int_equal(seen, ARRAY_LEN(open_rows));
}

/* What only administrators may say is not hidden behind an option that customers have. */
static void test_several_options(void **state)
{
	(void)state;
	const struct caller caller = { .account = account, .is_customer = true };
	const struct command row = { .words = "x", .needs = NEED_OWN_ACCESS };
	static const struct option_row open = {
		"--open", NULL, "", 0, 0, OPTION_FOR_ALL
	};
	static const struct option_row closed = { "--closed", "<x>", "", 0, 0 };
	struct args_option given[] = { { &open, "" }, { &closed, "" }, { &open, "" } };
	struct args args = { .options = given, .option_count = 3 };
	struct err err = ERR_INIT;
	assert_int_equal(caller_check(&caller, &row, &args, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "--closed"));
	args.option_count = 1;
	assert_int_equal(caller_check(&caller, &row, &args, &err), 0);
}

/* What the variables are in test_find(). */
static const char *sudo_uid, *pkexec_uid, *doas_user;

static const char *look_up(const char *variable)
{
	return strcmp(variable, "SUDO_UID") == 0     ? sudo_uid
	       : strcmp(variable, "PKEXEC_UID") == 0 ? pkexec_uid
	       : strcmp(variable, "DOAS_USER") == 0  ? doas_user
	                                             : NULL;
}

static void test_find(void **state)
{
	(void)state;
	static const struct {
		uid_t real, effective;
		const char *sudo_uid;
		int result;
		bool is_customer;
		const char *pkexec_uid, *doas_user;
	} rows[] = {
		{ 0, 0, NULL, 0, false },
		{ 0, 0, "0", 0, false },
		{ 0, 0, "00", 0, false },
		{ 0, 0, "65534", 0, true },
		{ 1000, 1000, "0", 0, false },
		{ 1000, 1000, "65534", 0, false },
		{ 1000, 1000, "x", 0, false },
		{ 1000, 0, NULL, ERR_FAILED, false },
		{ 0, 1000, NULL, ERR_FAILED, false },
		{ 0, 0, "", ERR_FAILED, false },
		{ 0, 0, "-0", ERR_FAILED, false },
		{ 0, 0, "-1", ERR_FAILED, false },
		{ 0, 0, "+0", ERR_FAILED, false },
		{ 0, 0, " 0", ERR_FAILED, false },
		{ 0, 0, "0 ", ERR_FAILED, false },
		{ 0, 0, "0x0", ERR_FAILED, false },
		{ 0, 0, "root", ERR_FAILED, false },
		{ 0, 0, "4294967295", ERR_FAILED, false },
		{ 0, 0, "4294967296", ERR_FAILED, false },
		{ 0, 0, "18446744073709551616", ERR_FAILED, false },
		{ 0, 0, "4123456789", ERR_FAILED, false }, /* nobody has it */
		{ 0, 0, NULL, 0, true, "65534", NULL },
		{ 0, 0, NULL, 0, false, "0", NULL },
		{ 0, 0, NULL, ERR_FAILED, false, "x", NULL },
		{ 0, 0, NULL, 0, true, NULL, "nobody" },
		{ 0, 0, NULL, 0, false, NULL, "root" },
		{ 0, 0, NULL, ERR_FAILED, false, NULL, "no such account" },
		{ 0, 0, NULL, ERR_FAILED, false, NULL, "" },
		/* whoever of them is a customer counts */
		{ 0, 0, "0", 0, true, "65534", NULL },
		{ 0, 0, "65534", 0, true, "0", "root" },
		{ 0, 0, "0", 0, true, "0", "nobody" },
		{ 0, 0, "x", ERR_FAILED, false, NULL, "nobody" },
	};
	const struct passwd *nobody = getpwuid(65534);
	if (!nobody || strcmp(nobody->pw_name, "nobody") != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct caller caller = CALLER_INIT;
		struct err err = ERR_INIT;
		sudo_uid = rows[i].sudo_uid;
		pkexec_uid = rows[i].pkexec_uid;
		doas_user = rows[i].doas_user;
		int r = caller_find(rows[i].real, rows[i].effective, look_up, &caller,
		                    &err);
		if (r != rows[i].result || caller.is_customer != rows[i].is_customer)
			fail_msg("row %zu: %d %d %s", i, r, caller.is_customer, err.text);
		if (rows[i].is_customer)
			assert_string_equal(caller.account, "nobody");
		assert_true(caller_done(&caller));
	}
}

/* What a test cleans away, cmocka's own variable among it, is there again behind it. */
static int keep_environment(void **state)
{
	size_t count = 0;
	while (environ[count])
		count++;
	char **kept = xcalloc(count + 1, sizeof(*kept));
	for (size_t i = 0; i < count; i++)
		kept[i] = xstrdup(environ[i]);
	*state = kept;
	return 0;
}

static int restore_environment(void **state)
{
	char **kept = *state;
	clearenv();
	for (size_t i = 0; kept[i]; i++) {
		char *value = strchr(kept[i], '=');
		if (value) {
			*value = '\0';
			setenv(kept[i], value + 1, 1);
		}
		free(kept[i]);
	}
	free(kept);
	return 0;
}

static void test_environment(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value;
		bool is_kept;
	} rows[] = {
		{ "LANG", "es_ES.UTF-8", true },
		{ "LC_ALL", "C.UTF-8", true },
		{ "LC_MESSAGES", "/tmp/evil", false },
		{ "LANGUAGE", "../../tmp/evil", false },
		{ "TERM", "xterm-256color", true },
		{ "TERMINFO", "/tmp/evil", false },
		{ "COLUMNS", "80", true },
		{ "NO_COLOR", "1", true },
		{ "LOCPATH", "/tmp/evil", false },
		{ "NLSPATH", "/tmp/evil", false },
		{ "OUTPUT_CHARSET", "UTF-7", false },
		{ "TZ", "/etc/shadow", false },
		{ "MAILAUTHCTL_DB", "/tmp/evil.db", false },
		{ "SQLITE_TMPDIR", "/tmp", false },
		{ "TMPDIR", "/tmp", false },
		{ "OPENSSL_CONF", "/tmp/evil.cnf", false },
		{ "OPENSSL_MODULES", "/tmp", false },
		{ "SSL_CERT_FILE", "/tmp/evil", false },
		{ "RES_OPTIONS", "ndots:9", false },
		{ "LOCALDOMAIN", "evil.test", false },
		{ "HOSTALIASES", "/etc/shadow", false },
		{ "CARES_HOSTS", "/etc/shadow", false },
		{ "MALLOC_TRACE", "/tmp/x", false },
		{ "LD_PRELOAD", "/tmp/evil.so", false },
		{ "SUDO_UID", "0", false },
		{ "SUDO_USER", "root", false },
		{ "DOAS_USER", "root", false },
		{ "BASH_ENV", "/tmp/evil", false },
		{ "LC", "x", false },
		{ "LANGX", "x", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		setenv(rows[i].name, rows[i].value, 1);
	setenv("PATH", "/tmp/evil", 1);
	caller_clean_environment();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *value = getenv(rows[i].name);
		if ((value != NULL) != rows[i].is_kept)
			fail_msg("%s=%s", rows[i].name, rows[i].value);
		if (value)
			assert_string_equal(value, rows[i].value);
	}
	assert_string_equal(getenv("PATH"),
	                    "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin");
	size_t count = 0;
	while (environ[count])
		count++;
	assert_int_equal(count, 6); /* five rows and PATH */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_several_options),
		cmocka_unit_test(test_find),
		cmocka_unit_test_setup_teardown(test_environment, keep_environment,
		                                restore_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
