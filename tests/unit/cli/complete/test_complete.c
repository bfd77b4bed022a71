/* cli/complete: bash's line cut into words, and what every row and option of the program offers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/model_store.h"

#include "cli/complete/complete.h"
#include "cli/line/commands.h"
#include "core/base/text.h"

#define BREAKS " \t\n\"'@><=;|&(:"

static void test_split(void **state)
{
	static const struct {
		const char *before, *after,
			*words; /* words: "|" behind each, "^" before the cursor's */
		size_t dropped;
	} rows[] = {
		{ "m ", "", "m|^|", 0 },
		{ "m dom", "", "m|^dom|", 0 },
		{ "m  dom \t sh", "", "m|dom|^sh|", 0 },
		{ "m dom", " show x", "m|^dom|show|x|", 0 },
		{ "m dom", "ain show", "m|^dom|show|", 0 },
		{ "m ", "dom show", "m|^|show|", 0 },
		{ "m 'a b' \"c d\" e\\ f g", "", "m|a b|c d|e f|^g|", 0 },
		{ "m 'a b", "", "m|^a b|", 0 },
		{ "m \"a\\\"b\\c", "", "m|^a\"b\\c|", 0 },
		{ "m a\\", "", "m|^a\\|", 0 },
		{ "m --db=some", "", "m|^--db=some|", 5 },
		{ "m --db=a:b", "", "m|^--db=a:b|", 7 },
		{ "m --db=\"some", "", "m|^--db=some|", 5 },
		{ "m \"--db=some", "", "m|^--db=some|", 0 },
		{ "m \"--db\"=some", "", "m|^--db=some|", 5 },
		{ "m a\\=b", "", "m|^a=b|", 0 },
		{ "m 192.0.2.1:53 ", "", "m|192.0.2.1:53|^|", 0 },
		{ "A=1 B_2='x y' m do", "", "m|^do|", 0 },
		{ "m A=1 do", "", "m|A=1|^do|", 0 },
		{ "m", "", "^m|", 0 },
		{ "", "", "^|", 0 },
		{ "m x", " 'y z' --db=\"q", "m|^x|y z|--db=q|", 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct complete_line line;
		auto_buf got = BUF_INIT;
		complete_line_split(rows[i].before, rows[i].after, BREAKS, &line);
		for (size_t k = 0; k < line.count; k++)
			buf_printf(&got, "%s%s|", k == line.at ? "^" : "", line.word[k]);
		assert_string_equal(buf_text(&got), rows[i].words);
		if (line.dropped != rows[i].dropped)
			fail_msg("%s: %zu octets stay", rows[i].before, line.dropped);
		complete_line_done(&line);
	}
}

static void test_sources(void **state)
{
	(void)state;
	for (const struct complete_source *row = complete_sources; row->placeholder;
	     row++) {
		if (row > complete_sources &&
		    strcmp(row[-1].placeholder, row->placeholder) >= 0)
			fail_msg("%s stands at the wrong place", row->placeholder);
		assert_ptr_equal(complete_source_find(row->placeholder), row);
	}
}

/* Each "<...>" of a text must be known. */
static void check_placeholders(const char *where, const char *text)
{
	for (const char *at = text; at && (at = strchr(at, '<')); at++) {
		char *name = xmemdup(at, strcspn(at, ">") + 1);
		/* the hidden row's own, which no shell completes */
		if (strcmp(name, "<word>") != 0 && !complete_source_find(name))
			fail_msg("%s: %s is not in complete_sources[]", where, name);
		free(name);
	}
}

static void test_placeholders(void **state)
{
	(void)state;
	for (const struct option_row *option = global_options; option->name; option++)
		check_placeholders(option->name, option->value);
	for (const struct command_group *group = command_groups; group->rows; group++)
		for (const struct command *row = group->rows; row->words; row++) {
			check_placeholders(row->words, row->args);
			for (const struct option_row *option = row->options;
			     option && option->name; option++)
				check_placeholders(row->words, option->value);
		}
}

static void test_word_help(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = &setting_table[i];
		if (!row->word_help)
			continue;
		size_t word = 0;
		for (; row->words[word]; word++)
			if (!row->word_help[word])
				fail_msg("%s: no help for %s", row->key,
				         row->words[word]);
		assert_null(row->word_help[word]);
	}
}

/* ---- every row -------------------------------------------------------------------------------- */

static struct app app;

/* Asks at the end of a line, "" for a fresh word, and checks the answer's form. */
static void ask(const char *const *words, size_t count)
{
	const char *word[16];
	struct complete_line line = { .word = word, .count = count, .at = count - 1 };
	auto_buf answer = BUF_INIT;
	auto_buf said_line = BUF_INIT;
	assert_true(count <= ARRAY_LEN(word));
	for (size_t i = 0; i < count; i++) {
		word[i] = words[i];
		buf_printf(&said_line, " %s", words[i]);
	}
	complete(command_groups, &app, &line, &answer);
	const char *last = NULL;
	char *rest = answer.at, *next;
	bool is_setting = strstr(buf_text(&said_line), " set ") != NULL;
	for (size_t i = 0; (next = strsep(&rest, "\n")); i++) {
		if (i == 0) {
			if (*next != ':')
				fail_msg("%s: \"%s\"", buf_text(&said_line), next);
			continue;
		}
		if (!*next) {
			assert_null(rest); /* behind the last line */
			break;
		}
		next[strcspn(next, "\t")] = '\0';
		/* an enum's words and numbers of changes come in their own order */
		if (last && (strcmp(last, next) == 0 ||
		             (strverscmp(last, next) > 0 && !is_setting &&
		              !strstr(buf_text(&said_line), " audit "))))
			fail_msg("%s: \"%s\" behind \"%s\"", buf_text(&said_line), next,
			         last);
		last = next;
	}
}

/* The row's words, then a word for each place: what is offered there, and behind "-" and "--". */
static void ask_row(const struct command *row)
{
	static const char *const samples[] = { "example.org", "spf.check", "on",
		                               "spf.mode",    "1",         "t1" };
	const char *words[16] = { "mailauthctl" };
	char *own = xstrdup(row->words), *rest = own, *word;
	size_t count = 1;
	while ((word = strsep(&rest, " ")))
		words[count++] = word;
	for (size_t i = 0; i <= ARRAY_LEN(samples); i++) {
		words[count] = "";
		ask(words, count + 1);
		words[count] = "-";
		ask(words, count + 1);
		words[count] = "e";
		ask(words, count + 1);
		for (const struct option_row *option = row->options;
		     option && option->name; option++) {
			char *attached = xasprintf("%s=", option->name);
			words[count] = attached;
			ask(words, count + 1);
			free(attached);
			words[count] = option->name;
			words[count + 1] = "";
			ask(words, count + 2);
			words[count] = "--";
			ask(words, count + 2);
		}
		if (i < ARRAY_LEN(samples))
			words[count++] = samples[i];
	}
	free(own);
}

static void ask_all(void)
{
	for (const struct command_group *group = command_groups; group->rows; group++)
		for (const struct command *row = group->rows; row->words; row++)
			ask_row(row);
}

/* What was written stands in the file itself: a glance does not see the log. */
static void let_go(void)
{
	store_close(store);
	store = NULL;
}

static void test_every_row(void **state)
{
	(void)state;
	app = (struct app){ .session.ctx = ctx,
		            .session.db_path = xstrdup(host("/none.db")) };
	ask_all();
	free(app.session.db_path);
	add_domain("example.org", NULL);
	add_domain("example.net", "example.org");
	add_domain("e10.example", NULL);
	add_domain("e9.example", NULL);
	add_domain("xn--bcher-kva.example", NULL);
	add_key("example.org", "s1", "active", 1);
	let_go();
	app.session.db_path = xstrdup(host("/var/lib/mailauthctl/mailauthctl.db"));
	ask_all();
	free(app.session.db_path);
}

/* A cut list must have what all names have in common, and no more. */
static void test_many(void **state)
{
	const char *words[] = { "mailauthctl", "domain", "show", "d" };
	struct complete_line line = { .word = words, .count = 4, .at = 3 };
	auto_buf answer = BUF_INIT;
	(void)state;
	sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
	    " INSERT INTO domain (name, template_rev, created, gen)"
	    " SELECT format('d%04d.example', i), 1, 0, 0 FROM n");
	let_go();
	app = (struct app){ .session.ctx = ctx,
		            .session.db_path = xstrdup(
				    host("/var/lib/mailauthctl/mailauthctl.db")) };
	complete(command_groups, &app, &line, &answer);
	free(app.session.db_path);
	size_t lines = 0;
	for (const char *at = buf_text(&answer); *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, 1 + 1000);
	assert_non_null(strstr(buf_text(&answer), "\nd0001.example\n"));
	assert_non_null(strstr(buf_text(&answer), "\nd3000.example\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_placeholders),
		cmocka_unit_test(test_word_help),
		cmocka_unit_test_setup_teardown(test_every_row, setup_store,
		                                teardown_store),
		cmocka_unit_test_setup_teardown(test_many, setup_store, teardown_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
