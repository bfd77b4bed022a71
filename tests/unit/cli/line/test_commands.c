/* Every row of the program's own commands: help with an example, and examples that are commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

/* Dispatches one line of an example, whose words are quoted as for a shell, plainly. */
static void check_line(const struct command *row, const char *line, size_t len)
{
	auto_free char *text = xmemdup(line, len);
	auto_free char **items = NULL;
	size_t count;
	struct command_call call = COMMAND_CALL_INIT;
	struct err err = ERR_INIT;
	if (strchr(text, '"') && strchr(text, '\''))
		fail_msg("%s: quotes of two kinds: %s", row->words, text);
	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	/* what follows is another program's, or the shell's */
	const char *const ends[] = { " | ", " >" };
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char *end = strstr(text, ends[i]);
		if (end)
			*end = '\0';
	}
	if (!text_split_words(text, &items, &count) || count < 2 ||
	    strcmp(items[0], "mailauthctl") != 0)
		fail_msg("%s: no command of mailauthctl: %s", row->words, text);
	if (command_dispatch(command_groups, (int)count, items, &call, &err))
		fail_msg("%s: %s: %s", row->words, text, err.text);
	if (call.kind != COMMAND_RUN || call.row != row)
		fail_msg("%s: the example is of another command: %s", row->words, text);
	command_call_done(&call);
}

static void test_examples(void **state)
{
	(void)state;
	for (const struct command_group *group = command_groups; group->rows; group++)
		for (const struct command *row = group->rows; row->words; row++) {
			if (row->is_hidden)
				continue;
			if (!row->example || !*row->example)
				fail_msg("%s has no example", row->words);
			for (const char *at = row->example; *at;) {
				size_t len = strcspn(at, "\n");
				check_line(row, at, len);
				at += len + (at[len] == '\n');
			}
		}
}

/* --help of each command ends with its example and where to go on. */
static void test_help(void **state)
{
	(void)state;
	for (const struct command_group *group = command_groups; group->rows; group++)
		for (const struct command *row = group->rows; row->words; row++) {
			if (row->is_hidden)
				continue;
			auto_free char *line =
				xasprintf("mailauthctl %s --help", row->words);
			auto_free char **items = NULL;
			size_t count;
			struct command_call call = COMMAND_CALL_INIT;
			struct err err = ERR_INIT;
			assert_true(text_split_words(line, &items, &count));
			assert_int_equal(command_dispatch(command_groups, (int)count,
			                                  items, &call, &err),
			                 0);
			assert_int_equal(call.kind, COMMAND_ANSWER);
			if (!strstr(buf_text(&call.text), "\nExample:\n  mailauthctl "))
				fail_msg("%s: no example in:\n%s", row->words,
				         buf_text(&call.text));
			assert_true(row->help && *row->help);
			command_call_done(&call);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_help),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
