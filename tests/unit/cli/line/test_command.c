/* cli/command and cli/args: from a command line to its row, and what is said when there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/line/command.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

static const struct option_row add_options[] = {
	{ "--alias-of", "<domain>", N_("sign with the keys of this domain") },
	{ "--tag", "<word>", N_("may be repeated"), .is_multiple = true },
	{ 0 },
};
static const struct option_row many_options[] = {
	{ "--all", NULL, N_("every domain") },
	{ "--due", NULL, N_("what is due") },
	{ "--domains-from", "<file>",
	  N_("read the domains from a file, - is standard input") },
	{ 0 },
};

static const struct command server_rows[] = {
	{ "server get", "<setting>", .help = N_("one setting's value") },
	{ "server set", "<setting> <value> [<setting> <value>]...",
	  .help = N_(
		  "change settings; several pairs are one change: all or nothing, in one go"),
	  .example =
	          "mailauthctl server set dkim.verify on\nmailauthctl server set spf.check on" },
	{ 0 },
};
static const struct command domain_rows[] = {
	{ "domain add", "<domain>...", add_options, N_("add domains"),
	  "mailauthctl domain add example.com" },
	{ "domain enable-dkim", "<domain>...|--all|--domains-from=<file>", many_options,
	  N_("sign mail") },
	{ "domain list", NULL, .help = N_("list domains") },
	{ "domain set", "<domain>|--all <setting> <value>", many_options,
	  N_("a domain's settings") },
	{ 0 },
};
static const struct command key_rows[] = {
	{ "key list", "[<domain> [<selector>]]", .help = N_("list keys") },
	{ "key rotate", "[<domain>...|--all|--due]", many_options, N_("new keys") },
	{ "key rotate now", "<domain>", .help = N_("new keys, now") },
	{ 0 },
};
static const struct command single_rows[] = {
	{ "completion", "bash|zsh|fish", .help = N_("shell completion") },
	{ "doctor", NULL, .help = N_("look for faults") },
	{ 0 },
};
static const struct command_group groups[] = {
	{ "server", N_("settings of the server"), server_rows },
	{ "domain", N_("the domains"), domain_rows },
	{ "key", N_("the keys"), key_rows },
	{ NULL, NULL, single_rows },
	{ 0 },
};

/* Dispatches "mailauthctl <line>"; the line is cut at blanks. */
static int dispatch(const char *line, char ***ret_items, struct command_call *call,
                    struct err *err)
{
	size_t count;
	auto_free char *all = xasprintf("mailauthctl %s", line);
	assert_true(text_split_words(all, ret_items, &count));
	return command_dispatch(groups, (int)count, *ret_items, call, err);
}

static void test_run(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		const char *row;
		const char *words; /* of the arguments, with blanks between them */
		const char *option, *value;
	} cases[] = {
		{ "server get spf.mode", "server get", "spf.mode" },
		{ "server set a on b off", "server set", "a on b off" },
		{ "domain add a b c", "domain add", "a b c" },
		{ "domain add a --alias-of b", "domain add", "a", "--alias-of", "b" },
		{ "domain add --alias-of=b a", "domain add", "a", "--alias-of", "b" },
		{ "--alias-of b domain add a", "domain add", "a", "--alias-of", "b" },
		{ "domain --alias-of b add a", "domain add", "a", "--alias-of", "b" },
		{ "--json domain list --json -v --verbose", "domain list", "", "--json",
		  "" },
		{ "domain add a --alias-of=", "domain add", "a", "--alias-of", "" },
		{ "domain add a --alias-of -", "domain add", "a", "--alias-of", "-" },
		{ "domain add -", "domain add", "-" },
		{ "domain add -- --alias-of -x", "domain add", "--alias-of -x" },
		{ "-- domain add a", "domain add", "a" },
		{ "domain list", "domain list", "", "--json", NULL },
		{ "domain list --json", "domain list", "", "--json", "" },
		{ "-qv domain list", "domain list", "", "--verbose", "" },
		{ "--db list domain list", "domain list", "", "--db", "list" },
		{ "domain enable-dkim --all", "domain enable-dkim", "", "--all", "" },
		{ "domain enable-dkim a b", "domain enable-dkim", "a b", "--all", NULL },
		{ "domain enable-dkim --domains-from -", "domain enable-dkim", "",
		  "--domains-from", "-" },
		{ "domain set a k v", "domain set", "a k v" },
		{ "domain set --all k v", "domain set", "k v", "--all", "" },
		{ "key list", "key list", "" },
		{ "key list a", "key list", "a" },
		{ "key list a s", "key list", "a s" },
		{ "key rotate", "key rotate", "" },
		{ "key rotate --due", "key rotate", "", "--due", "" },
		{ "key rotate a b", "key rotate", "a b" },
		{ "key rotate now a", "key rotate now", "a" },
		{ "key rotate nowhere", "key rotate", "nowhere" },
		{ "completion zsh", "completion", "zsh" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct command_call call = COMMAND_CALL_INIT;
		struct err err = ERR_INIT;
		auto_free char **items = NULL;
		if (dispatch(cases[i].line, &items, &call, &err))
			fail_msg("%s: %s", cases[i].line, err.text);
		assert_int_equal(call.kind, COMMAND_RUN);
		assert_string_equal(call.row->words, cases[i].row);
		auto_buf words = BUF_INIT;
		for (size_t w = 0; w < args_count(&call.args); w++)
			buf_printf(&words, "%s%s", w ? " " : "",
			           args_word(&call.args, w));
		assert_string_equal(buf_text(&words), cases[i].words);
		assert_null(args_word(&call.args, args_count(&call.args)));
		if (cases[i].option) {
			const char *value = args_get(&call.args, cases[i].option);
			assert_int_equal(args_has(&call.args, cases[i].option),
			                 !!cases[i].value);
			assert_true(text_same(value, cases[i].value));
		}
		command_call_done(&call);
	}
}

static void test_repeated(void **state)
{
	(void)state;
	struct command_call call = COMMAND_CALL_INIT;
	struct err err = ERR_INIT;
	auto_free char **items = NULL;
	assert_int_equal(dispatch("domain add --tag=x a --tag y", &items, &call, &err),
	                 0);
	assert_string_equal(args_get_nth(&call.args, "--tag", 0), "x");
	assert_string_equal(args_get_nth(&call.args, "--tag", 1), "y");
	assert_null(args_get_nth(&call.args, "--tag", 2));
	command_call_done(&call);
}

static void test_refused(void **state)
{
	(void)state;
#define SET_USAGE \
	"usage: mailauthctl server set <setting> <value> [<setting> <value>]...\n"
#define ADD_USAGE                                     \
	"usage: mailauthctl domain add <domain>...\n" \
	"                              [--alias-of <domain>] [--tag <word>]\n"
#define DKIM_USAGE                                                                        \
	"usage: mailauthctl domain enable-dkim <domain>...|--all|--domains-from=<file>\n" \
	"                                      [--all] [--due] [--domains-from <file>]\n"
	static const struct {
		const char *line, *sentence, *text; /* NULL: the text is not looked at */
	} cases[] = {
		{ "sever set",
		  "unknown command \"sever set\"; did you mean \"server set\"?", "" },
		{ "sever set a on",
		  "unknown command \"sever set\"; did you mean \"server set\"?", "" },
		{ "sever", "unknown command \"sever\"; did you mean \"server\"?", "" },
		{ "docter", "unknown command \"docter\"; did you mean \"doctor\"?", "" },
		{ "docter now", "unknown command \"docter\"; did you mean \"doctor\"?",
		  "" },
		{ "server st a on",
		  "unknown command \"server st\"; did you mean \"server set\"?", "" },
		{ "list domain",
		  "unknown command \"list domain\"; did you mean \"domain list\"?", "" },
		{ "enable-dkim a.example",
		  "unknown command \"enable-dkim\"; did you mean \"domain enable-dkim\"?",
		  "" },
		{ "xyzzy",
		  "unknown command \"xyzzy\"; run \"mailauthctl help\" to list the "
		  "commands",
		  "" },
		{ "server frobnicate", "unknown command \"server frobnicate\"", NULL },
		{ "server", "\"server\" requires a command", NULL },
		{ "", "", NULL },
		{ "server set", "\"server set\" requires <setting>", SET_USAGE },
		{ "server set a", "\"server set\" requires <value> after \"a\"",
		  SET_USAGE },
		{ "server set a on b", "\"server set\" requires <value> after \"b\"",
		  SET_USAGE },
		{ "server set a on b on c", "\"server set\" requires <value> after \"c\"",
		  SET_USAGE },
		{ "server get a b",
		  "\"server get\" does not accept another argument: \"b\"",
		  "usage: mailauthctl server get <setting>\n" },
		{ "domain list x",
		  "\"domain list\" does not accept another argument: \"x\"",
		  "usage: mailauthctl domain list\n" },
		{ "key list a b c",
		  "\"key list\" does not accept another argument: \"c\"", NULL },
		{ "domain add", "\"domain add\" requires <domain>...", ADD_USAGE },
		{ "domain enable-dkim",
		  "\"domain enable-dkim\" requires <domain>... or --all or "
		  "--domains-from=<file>",
		  DKIM_USAGE },
		{ "domain enable-dkim a --all",
		  "\"domain enable-dkim\" accepts <domain>... or --all or "
		  "--domains-from=<file>, not both: --all and \"a\"",
		  DKIM_USAGE },
		{ "domain enable-dkim --all --domains-from x",
		  "\"domain enable-dkim\" accepts --all or --domains-from, not both",
		  DKIM_USAGE },
		{ "domain set --all k", "\"domain set\" requires <value> after \"k\"",
		  NULL },
		{ "domain set --all a k v",
		  "\"domain set\" accepts <domain> or --all, not both: --all and \"v\"",
		  NULL },
		{ "completion", "\"completion\" requires bash or zsh or fish", NULL },
		{ "completion tcsh",
		  "\"completion\" requires bash or zsh or fish, not \"tcsh\"", NULL },
		{ "completion bas",
		  "\"completion\" requires bash or zsh or fish, not \"bas\"", NULL },
		{ "domain list --jsn",
		  "unknown option \"--jsn\"; did you mean \"--json\"?",
		  "usage: mailauthctl domain list\n" },
		{ "--jsn=1 domain list",
		  "unknown option \"--jsn\"; did you mean \"--json\"?", NULL },
		{ "domain add a --alais-of b",
		  "unknown option \"--alais-of\"; did you mean \"--alias-of\"?",
		  ADD_USAGE },
		{ "domain list --alias-of b", "unknown option \"--alias-of\"", NULL },
		{ "domain add a --alias-of b --alias-of c",
		  "option --alias-of may be given only once", ADD_USAGE },
		{ "--db=a domain list --db a", "option --db may be given only once",
		  "usage: mailauthctl domain list\n" },
		{ "--wait 1 --wait 2", "option --wait may be given only once", "" },
		{ "domain list -x",
		  "unknown option \"-x\"; put \"--\" before a word that begins with "
		  "\"-\"",
		  NULL },
		{ "--xyzzy", "unknown option \"--xyzzy\"", "" },
		{ "domain list --json=yes",
		  "option --json does not accept a "
		  "value",
		  NULL },
		{ "domain add a --alias-of", "option --alias-of requires <domain>",
		  ADD_USAGE },
		{ "help sever", "unknown command \"sever\"; did you mean \"server\"?",
		  "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct command_call call = COMMAND_CALL_INIT;
		struct err err = ERR_INIT;
		auto_free char **items = NULL;
		assert_int_equal(dispatch(cases[i].line, &items, &call, &err), ERR_USAGE);
		assert_string_equal(err.text, cases[i].sentence);
		if (cases[i].text)
			assert_string_equal(buf_text(&call.text), cases[i].text);
		else
			assert_true(
				text_starts(buf_text(&call.text), "usage: mailauthctl "));
		command_call_done(&call);
	}
}

static void test_answers(void **state)
{
	(void)state;
	static const char server_help[] = //
		"usage: mailauthctl server <command> ...\n"
		"\n"
		"settings of the server\n"
		"\n"
		"Commands:\n"
		"  server get <setting>      one setting's value\n"
		"  server set <setting> <value> [<setting> <value>]...\n"
		"                            change settings; several pairs are one change: all\n"
		"                            or nothing, in one go\n"
		"\n"
		"Run \"mailauthctl help server <command>\" for the options of a command.\n";
	static const char set_help[] = //
		"usage: mailauthctl server set <setting> <value> [<setting> <value>]...\n"
		"\n"
		"change settings; several pairs are one change: all or nothing, in one go\n"
		"\n"
		"Example:\n"
		"  mailauthctl server set dkim.verify on\n"
		"  mailauthctl server set spf.check on\n"
		"\n"
		"Run \"mailauthctl help\" for the options of all commands.\n";
	static const char add_help[] = //
		"usage: mailauthctl domain add <domain>...\n"
		"\n"
		"add domains\n"
		"\n"
		"Options:\n"
		"  --alias-of <domain>       sign with the keys of this domain\n"
		"  --tag <word>              may be repeated\n"
		"\n"
		"Example:\n"
		"  mailauthctl domain add example.com\n"
		"\n"
		"Run \"mailauthctl help\" for the options of all commands.\n";
	static const struct {
		const char *line, *text;
	} cases[] = {
		{ "--version", "mailauthctl " MAILAUTHCTL_VERSION "\n" },
		{ "domain list --version", "mailauthctl " MAILAUTHCTL_VERSION "\n" },
		{ "help server", server_help },
		{ "server --help", server_help },
		{ "-h server", server_help },
		{ "server set --help", set_help },
		{ "help server set", set_help },
		{ "server set a --help", set_help },
		{ "domain add --help --bogus", add_help },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct command_call call = COMMAND_CALL_INIT;
		struct err err = ERR_INIT;
		auto_free char **items = NULL;
		assert_int_equal(dispatch(cases[i].line, &items, &call, &err), 0);
		assert_int_equal(call.kind, COMMAND_ANSWER);
		assert_string_equal(buf_text(&call.text), cases[i].text);
		command_call_done(&call);
	}
}

/* The overview names every noun, every command of one word and every global option. */
static void test_overview(void **state)
{
	(void)state;
	static const char *const lines[] = { "help", "--help", "-h" };
	static const char *const parts[] = {
		"\n  server                    settings of the server\n",
		"\n  completion bash|zsh|fish  shell completion\n",
		"\n  doctor                    look for faults\n",
		"\n  help [<command>|<topic>] ",
		"\n  --db <file>               use this database, not\n",
		"\n  -h, --help                print help for the command, and exit\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct command_call call = COMMAND_CALL_INIT;
		struct err err = ERR_INIT;
		auto_free char **items = NULL;
		assert_int_equal(dispatch(lines[i], &items, &call, &err), 0);
		assert_int_equal(call.kind, COMMAND_ANSWER);
		for (size_t k = 0; k < ARRAY_LEN(parts); k++)
			if (!strstr(buf_text(&call.text), parts[k]))
				fail_msg("\"%s\" is not in:\n%s", parts[k],
				         buf_text(&call.text));
		command_call_done(&call);
	}
}

static void test_globals(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		enum out_format format;
		unsigned wait_seconds;
		const char *sentence; /* NULL: fine */
	} cases[] = {
		{ "doctor", OUT_FORMAT_TABLE, 60 },
		{ "doctor --json --wait 0", OUT_FORMAT_JSON, 0 },
		{ "doctor --json --format=tsv --wait=5", OUT_FORMAT_TSV, 5 },
		{ "doctor --format tsv --json", OUT_FORMAT_JSON, 60 },
		{ "doctor --format table", OUT_FORMAT_TABLE, 60 },
		{ "doctor --format xml",
		  .sentence = "\"xml\" is not a format: use table, json or tsv" },
		{ "doctor --wait soon",
		  .sentence = "--wait must be a number of seconds from 0 to 86400, not "
		              "\"soon\"" },
		{ "doctor --wait -1",
		  .sentence = "--wait must be a number of seconds from 0 to 86400, not "
		              "\"-1\"" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct command_call call = COMMAND_CALL_INIT;
		struct global_values values;
		struct err err = ERR_INIT;
		auto_free char **items = NULL;
		assert_int_equal(dispatch(cases[i].line, &items, &call, &err), 0);
		int r = args_globals(&call.args, &values, &err);
		assert_int_equal(r, cases[i].sentence ? ERR_USAGE : 0);
		if (cases[i].sentence) {
			assert_string_equal(err.text, cases[i].sentence);
		} else {
			assert_int_equal(values.format, cases[i].format);
			assert_int_equal(values.wait_seconds, cases[i].wait_seconds);
		}
		command_call_done(&call);
	}
	struct command_call call = COMMAND_CALL_INIT;
	struct global_values values;
	struct err err = ERR_INIT;
	auto_free char **items = NULL;
	assert_int_equal(
		dispatch("doctor --db=d --root r --dry-run -q", &items, &call, &err), 0);
	assert_int_equal(args_globals(&call.args, &values, &err), 0);
	assert_string_equal(values.db, "d");
	assert_string_equal(values.root, "r");
	assert_true(values.is_dry_run && values.is_quiet);
	assert_false(values.is_push_off || values.is_verbose || values.is_colour_off);
	command_call_done(&call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),      cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_refused),  cmocka_unit_test(test_answers),
		cmocka_unit_test(test_overview), cmocka_unit_test(test_globals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
