/* cli/help_topic: topics by name, a subsection of a page, and what `help` says about both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/line/command.h"
#include "cli/line/help_topic.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define PAGE                                           \
	"NAME\n"                                       \
	"     settings - what there is\n"              \
	"\n"                                           \
	"SPF\n"                                        \
	"     spf.mode is text here, not a heading.\n" \
	"\n"                                           \
	"   spf.mode\n"                                \
	"     What a result does.\n"                   \
	"\n"                                           \
	"       1 headers-only\n"                      \
	"\n"                                           \
	"   srs.domain\n"                              \
	"     A domain.\n"                             \
	"\n"                                           \
	"EXAMPLES\n"                                   \
	"     None.\n"

static const struct help_text other[] = { { "xx", "other", "other" }, { 0 } };
/* What a catalogue would choose: without one, messages are in English. */
static const struct help_text chosen[] = { { "xx", "other", "other" },
	                                   { "en", "ch\xc3\xb6sen", "chosen" },
	                                   { 0 } };
static const struct help_topic topics[] = {
	{ "settings", "mailauthctl-settings", N_("what settings mean"),
	  "\xe2\x80\xa2" PAGE, PAGE, NULL },
	{ "zone", "mailauthctl-zone", N_("zones"), "the page of z\xc3\xb6nes\n",
	  "the page of zones\n", other },
	{ 0 },
};

static const struct help_topic translated = { "zone",      "mailauthctl-zone",
	                                      N_("zones"), "",
	                                      "",          chosen };

static const struct command zone_rows[] = {
	{ "zone show", .help = N_("print a zone") },
	{ 0 },
};
static const struct command_group groups[] = {
	{ "zone", N_("zone files for the name server"), zone_rows },
	{ 0 },
};

static void test_find(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int row; /* -1: none */
	} cases[] = {
		{ "settings", 0 },
		{ "mailauthctl-settings", 0 },
		{ "mailauthctl-settings(5)", 0 },
		{ "zone", 1 },
		{ "setting", -1 },
		{ "mailauthctl-settingss", -1 },
		{ "", -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct help_topic *found = help_topic_find(topics, cases[i].name);
		assert_ptr_equal(found, cases[i].row < 0 ? NULL : &topics[cases[i].row]);
	}
	assert_null(help_topic_find(NULL, "settings"));
}

/* The text with letters beyond ASCII is for those whose locale can show them. */
static void test_text(void **state)
{
	(void)state;
	static const struct {
		const char *locale;
		bool is_utf8;
	} rows[] = { { "C", false },
		     { "C.UTF-8", true },
		     { "POSIX", false },
		     { "xx_NOWHERE", false } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(setenv("LC_ALL", rows[i].locale, 1), 0);
		assert_ptr_equal(help_topic_text(&topics[1]),
		                 rows[i].is_utf8 ? topics[1].utf8 : topics[1].ascii);
		assert_ptr_equal(help_topic_text(&translated),
		                 rows[i].is_utf8 ? chosen[1].utf8 : chosen[1].ascii);
	}
	setenv("LC_ALL", "C", 1);
}

static void test_section(void **state)
{
	(void)state;
	auto_buf text = BUF_INIT;
	assert_true(help_topic_section(&topics[0], "spf.mode", &text));
	assert_string_equal(buf_text(&text),
	                    "spf.mode\n  What a result does.\n\n    1 headers-only\n");
	buf_clear(&text);
	assert_true(help_topic_section(&topics[0], "srs.domain", &text));
	assert_string_equal(buf_text(&text), "srs.domain\n  A domain.\n");
	buf_clear(&text);
	assert_false(help_topic_section(&topics[0], "SPF", &text));
	assert_false(help_topic_section(&topics[0], "spf", &text));
	assert_string_equal(buf_text(&text), "");
}

/* A noun that is a topic, too, shows both; --help is about commands alone. */
static void test_help(void **state)
{
	(void)state;
#define ZONE_HELP                                                                                \
	"usage: mailauthctl zone <command> ...\n\nzone files for the name server\n\nCommands:\n" \
	"  zone show                 print a zone\n"                                             \
	"\nRun \"mailauthctl help zone <command>\" for the options of a command.\n"
	static const struct {
		const char *line;
		const char *text;     /* NULL: refused */
		const char *sentence; /* ... with this one */
	} cases[] = {
		{ "help settings", PAGE },
		{ "help mailauthctl-settings(5)", PAGE },
		{ "help zone", ZONE_HELP },
		{ "help mailauthctl-zone", "the page of zones\n" },
		{ "zone --help", ZONE_HELP },
		{ "help srs.domain", "srs.domain\n  A domain.\n" },
		{ "help settigns", NULL,
		  "unknown topic \"settigns\"; did you mean \"settings\"?" },
		{ "help spf.mod", NULL,
		  "unknown topic \"spf.mod\"; did you mean \"spf.mode\"?" },
		{ "help zonee", NULL,
		  "unknown command \"zonee\"; did you mean \"zone\"?" },
		{ "help settings now", NULL,
		  "unknown command \"settings\"; run \"mailauthctl help\" to list the "
		  "commands" },
		{ "help xyzzy", NULL,
		  "unknown command \"xyzzy\"; run \"mailauthctl help\" to list the "
		  "commands" },
		{ "settings --help", NULL,
		  "unknown command \"settings\"; run \"mailauthctl help\" to list the "
		  "commands" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct command_call call = COMMAND_CALL_INIT;
		struct err err = ERR_INIT;
		auto_free char *line = xasprintf("mailauthctl %s", cases[i].line);
		auto_free char **items = NULL;
		size_t count;
		assert_true(text_split_words(line, &items, &count));
		call.topics = topics;
		int r = command_dispatch(groups, (int)count, items, &call, &err);
		if (cases[i].text) {
			assert_int_equal(r, 0);
			assert_int_equal(call.kind, COMMAND_ANSWER);
			assert_string_equal(buf_text(&call.text), cases[i].text);
		} else {
			assert_int_equal(r, ERR_USAGE);
			assert_string_equal(err.text, cases[i].sentence);
		}
		command_call_done(&call);
	}
}

int main(void)
{
	setenv("LC_ALL", "C", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_section),
		cmocka_unit_test(test_help),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
