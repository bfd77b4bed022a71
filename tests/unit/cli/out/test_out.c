/* cli/out and its renderers, cli/progress: literal output. */
#include <locale.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/out/out.h"
#include "cli/out/progress.h"
#include "core/base/alloc.h"
#include "core/base/buf.h"

static const struct out_column domain_columns[] = {
	{ "domain", N_("Domain"), OUT_TEXT },
	{ "count", N_("Count"), OUT_INT },
	{ "signs", N_("Signs"), OUT_BOOL },
	{ "since", N_("Since"), OUT_TIME },
	{ "aliases", N_("Aliases"), OUT_LIST },
	{ "note", NULL, OUT_TEXT, OUT_HIDE_TABLE },
};

static const struct out_column key_columns[] = {
	{ "selector", N_("Selector"), OUT_TEXT },
	{ "hidden", NULL, OUT_BOOL, OUT_HIDE_TABLE },
	{ "bits", N_("Bits"), OUT_INT },
};

/* An output into memory. */
struct memory {
	FILE *stream;
	char *text;
	size_t len;
	struct out *out;
};

static void memory_open(struct memory *m, enum out_format format, bool is_coloured,
                        unsigned width)
{
	m->text = NULL;
	m->stream = open_memstream(&m->text, &m->len);
	assert_non_null(m->stream);
	m->out = out_new(format, m->stream, is_coloured, width);
}

static void memory_expect(struct memory *m, const char *expected)
{
	struct err err = ERR_INIT;
	assert_int_equal(out_finish(m->out, &err), 0);
	assert_string_equal(m->text, expected);
	out_free(m->out);
	fclose(m->stream);
	free(m->text);
}

static void put_domains(struct out *out, size_t rows)
{
	static const char *const aliases[] = { "a.example", "b\t.example" };
	out_list_begin(out, domain_columns, ARRAY_LEN(domain_columns));
	if (rows > 0) {
		out_text(out, "example.com");
		out_int(out, 12);
		out_bool(out, true);
		out_time(out, 1795341600); /* 2026-11-22 10:00 */
		out_list(out, aliases, 2);
		out_text(out, "tab\there\nand \\");
		out_row_end(out);
	}
	if (rows > 1) {
		out_text(out, NULL);
		out_null(out);
		out_bool(out, false);
		out_time(out, 0);
		out_list(out, NULL, 0);
		out_text(out, "");
		out_row_end(out);
	}
	out_end(out);
}

static void test_list(void **state)
{
	(void)state;
	static const struct {
		enum out_format format;
		size_t rows;
		const char *expected;
	} cases[] = {
		{ OUT_FORMAT_TABLE, 0, "" },
		{ OUT_FORMAT_TABLE, 2,
		  "Domain      Count Signs Since            Aliases\n"
		  "example.com    12 yes   2026-11-22 10:00 a.example, b?.example\n"
		  "-               - no    -                -\n" },
		{ OUT_FORMAT_JSON, 0, "[]\n" },
		{ OUT_FORMAT_JSON, 1,
		  "[\n"
		  "  {\"domain\": \"example.com\", \"count\": 12, \"signs\": true, "
		  "\"since\": \"2026-11-22T10:00:00Z\", "
		  "\"aliases\": [\"a.example\", \"b\\t.example\"], "
		  "\"note\": \"tab\\there\\nand \\\\\"}\n"
		  "]\n" },
		{ OUT_FORMAT_JSON, 2,
		  "[\n"
		  "  {\"domain\": \"example.com\", \"count\": 12, \"signs\": true, "
		  "\"since\": \"2026-11-22T10:00:00Z\", "
		  "\"aliases\": [\"a.example\", \"b\\t.example\"], "
		  "\"note\": \"tab\\there\\nand \\\\\"},\n"
		  "  {\"domain\": null, \"count\": null, \"signs\": false, \"since\": null, "
		  "\"aliases\": [], \"note\": \"\"}\n"
		  "]\n" },
		{ OUT_FORMAT_TSV, 0, "domain\tcount\tsigns\tsince\taliases\tnote\n" },
		{ OUT_FORMAT_TSV, 2,
		  "domain\tcount\tsigns\tsince\taliases\tnote\n"
		  "example.com\t12\ttrue\t2026-11-22T10:00:00Z\ta.example,b\\t.example\t"
		  "tab\\there\\nand \\\\\n"
		  "\t\tfalse\t\t\t\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct memory m;
		memory_open(&m, cases[i].format, false, 0);
		put_domains(m.out, cases[i].rows);
		memory_expect(&m, cases[i].expected);
	}
}

static void put_object(struct out *out, size_t keys)
{
	out_object_begin(out, domain_columns, ARRAY_LEN(domain_columns));
	out_text(out, "example.com");
	out_int(out, 2);
	out_bool(out, true);
	out_time(out, 0);
	out_list(out, (const char *const[]){ "a.example" }, 1);
	out_text(out, "hidden");
	out_nested_begin(out, "keys", N_("Its keys"), key_columns,
	                 ARRAY_LEN(key_columns));
	for (size_t i = 0; i < keys; i++) {
		out_text(out, i ? "default-2" : "default");
		out_bool(out, i);
		out_int(out, i ? 2048 : 512);
		out_row_end(out);
	}
	out_nested_end(out);
	out_nested_begin(out, "more", N_("More"), key_columns, 1);
	if (keys) {
		out_text(out, "x");
		out_row_end(out);
	}
	out_nested_end(out);
	out_end(out);
}

static void test_object(void **state)
{
	(void)state;
	static const struct {
		enum out_format format;
		size_t keys;
		const char *expected;
	} cases[] = {
		{ OUT_FORMAT_TABLE, 2,
		  "Domain:   example.com\n"
		  "Count:    2\n"
		  "Signs:    yes\n"
		  "Since:    -\n"
		  "Aliases:  a.example\n"
		  "\n"
		  "Its keys:\n"
		  "  Selector  Bits\n"
		  "  default    512\n"
		  "  default-2 2048\n"
		  "\n"
		  "More:\n"
		  "  Selector\n"
		  "  x\n" },
		{ OUT_FORMAT_TABLE, 0,
		  "Domain:   example.com\n"
		  "Count:    2\n"
		  "Signs:    yes\n"
		  "Since:    -\n"
		  "Aliases:  a.example\n" },
		{ OUT_FORMAT_JSON, 2,
		  "{\n"
		  "  \"domain\": \"example.com\",\n"
		  "  \"count\": 2,\n"
		  "  \"signs\": true,\n"
		  "  \"since\": null,\n"
		  "  \"aliases\": [\"a.example\"],\n"
		  "  \"note\": \"hidden\",\n"
		  "  \"keys\": [\n"
		  "    {\"selector\": \"default\", \"hidden\": false, \"bits\": 512},\n"
		  "    {\"selector\": \"default-2\", \"hidden\": true, \"bits\": 2048}\n"
		  "  ],\n"
		  "  \"more\": [\n"
		  "    {\"selector\": \"x\"}\n"
		  "  ]\n"
		  "}\n" },
		{ OUT_FORMAT_JSON, 0,
		  "{\n"
		  "  \"domain\": \"example.com\",\n"
		  "  \"count\": 2,\n"
		  "  \"signs\": true,\n"
		  "  \"since\": null,\n"
		  "  \"aliases\": [\"a.example\"],\n"
		  "  \"note\": \"hidden\",\n"
		  "  \"keys\": [],\n"
		  "  \"more\": []\n"
		  "}\n" },
		{ OUT_FORMAT_TSV, 2,
		  "domain\texample.com\n"
		  "count\t2\n"
		  "signs\ttrue\n"
		  "since\t\n"
		  "aliases\ta.example\n"
		  "note\thidden\n"
		  "keys.0.selector\tdefault\n"
		  "keys.0.hidden\tfalse\n"
		  "keys.0.bits\t512\n"
		  "keys.1.selector\tdefault-2\n"
		  "keys.1.hidden\ttrue\n"
		  "keys.1.bits\t2048\n"
		  "more.0.selector\tx\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct memory m;
		memory_open(&m, cases[i].format, false, 0);
		put_object(m.out, cases[i].keys);
		memory_expect(&m, cases[i].expected);
	}
}

static void test_foreign_text(void **state)
{
	(void)state;
	static const struct out_column column[] = { { "t", "T", OUT_TEXT } };
	static const struct {
		const char *text, *json, *table;
	} cases[] = {
		{ "caf\xC3\xA9", "caf\xC3\xA9", "caf\xC3\xA9" },
		{ "a\xFFz", "a\xEF\xBF\xBDz", "a\xEF\xBF\xBDz" },
		{ "cut\xE2\x82", "cut\xEF\xBF\xBD\xEF\xBF\xBD",
		  "cut\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD", "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD",
		  "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD",
		  "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "\xF0\x9F\x93\xA7", "\xF0\x9F\x93\xA7", "\xF0\x9F\x93\xA7" },
		{ "x\033[31m", "x\\u001B[31m", "x?[31m" },
		{ "c1\xC2\x9Bm", "c1\xC2\x9Bm", "c1?m" },
		{ "\xE2\x80\xAEmoc", "\xE2\x80\xAEmoc", "?moc" },
		{ "a\\x1b", "a\\\\x1b", "a\\x1b" },
		{ "no\xCD\xB8ne", "no\xCD\xB8ne", "no?ne" },
		{ "del\x7F", "del\x7F", "del?" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (int is_table = 0; is_table < 2; is_table++) {
			struct memory m;
			memory_open(&m, is_table ? OUT_FORMAT_TABLE : OUT_FORMAT_JSON,
			            false, 0);
			out_list_begin(m.out, column, 1);
			out_text(m.out, cases[i].text);
			out_row_end(m.out);
			out_end(m.out);
			auto_free char *expected =
				is_table ? xasprintf("T\n%s\n", cases[i].table)
					 : xasprintf("[\n  {\"t\": \"%s\"}\n]\n",
			                             cases[i].json);
			memory_expect(&m, expected);
		}
}

/* A locale without UTF-8, as under cron. */
static void test_c_locale(void **state)
{
	(void)state;
	static const struct out_column column[] = { { "t", "T", OUT_TEXT } };
	struct memory m;
	setlocale(LC_CTYPE, "C");
	memory_open(&m, OUT_FORMAT_TABLE, false, 0);
	out_list_begin(m.out, column, 1);
	out_text(m.out, "caf\xC3\xA9 \xFF");
	out_row_end(m.out);
	out_end(m.out);
	setlocale(LC_CTYPE, "C.UTF-8");
	memory_expect(&m, "T\ncaf? ?\n");
}

/* Letters of two columns in a column that is as narrow as it gets. */
static void test_wide_letters(void **state)
{
	(void)state;
	static const struct out_column column[] = { { "t", "T", OUT_TEXT, OUT_WRAP } };
	struct memory m;
	memory_open(&m, OUT_FORMAT_TABLE, false, 1);
	out_list_begin(m.out, column, 1);
	out_text(m.out, "\xE6\xBC\xA2\xE5\xAD\x97");
	out_row_end(m.out);
	out_end(m.out);
	memory_expect(&m, "T\n\xE6\xBC\xA2\n\xE5\xAD\x97\n");
}

static void test_width(void **state)
{
	(void)state;
	static const struct out_column wrapped[] = {
		{ "a", "Name", OUT_TEXT },
		{ "b", "Text", OUT_TEXT, OUT_WRAP },
	};
	static const struct {
		const struct out_column *columns;
		unsigned width;
		bool is_coloured;
		const char *expected;
	} cases[] = {
		{ wrapped, 0, false, "Name Text\none  abcdefghijklmnopqrstuvwxyz\n" },
		/* a word that is too long is broken; a column that gets too narrow goes below */
		{ wrapped, 25, false,
		  "Name Text\none  abcdefghijklmnopqrst\n     uvwxyz\n" },
		{ wrapped, 15, false,
		  "Name\none\n    Text:\n    abcdefghijk\n    lmnopqrstuv\n    wxyz\n" },
		{ wrapped, 25, true,
		  "\033[1mName Text\033[0m\none  abcdefghijklmnopqrst\n     uvwxyz\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct memory m;
		memory_open(&m, OUT_FORMAT_TABLE, cases[i].is_coloured, cases[i].width);
		out_list_begin(m.out, cases[i].columns, 2);
		out_text(m.out, "one");
		out_text(m.out, "abcdefghijklmnopqrstuvwxyz");
		out_row_end(m.out);
		out_end(m.out);
		memory_expect(&m, cases[i].expected);
	}
}

/* Prose is broken at its words; of two such columns the short one keeps its width. */
static void test_words(void **state)
{
	(void)state;
	static const struct out_column columns[] = {
		{ "a", "Name", OUT_TEXT },
		{ "b", "Values", OUT_TEXT, OUT_WRAP },
		{ "h", NULL, OUT_TEXT, OUT_HIDE_TABLE },
		{ "c", "Meaning", OUT_TEXT, OUT_WRAP },
	};
	static const struct {
		unsigned width;
		const char *expected;
	} cases[] = {
		{ 0, "Name    Values  Meaning\n"
		     "spf.x   on, off what a result does to a message\n"
		     "spf.xyz 1..9    d\xC3\xA9"
		     "cid\xC3\xA9\n" },
		{ 40, "Name    Values  Meaning\n"
		      "spf.x   on, off what a result does to a\n"
		      "                message\n"
		      "spf.xyz 1..9    d\xC3\xA9"
		      "cid\xC3\xA9\n" },
		{ 24, "Name    Values\n"
		      "spf.x   on, off\n"
		      "    Meaning: what a\n"
		      "    result does to a\n"
		      "    message\n"
		      "spf.xyz 1..9\n"
		      "    Meaning: d\xC3\xA9"
		      "cid\xC3\xA9\n" },
		{ 10, "Name\nspf.x\n    Values\n    : on,\n    off\n    Meanin\n    g:\n"
		      "    what a\n    result\n    does\n    to a\n    messag\n    e\n"
		      "spf.xyz\n    Values\n    : 1..9\n    Meanin\n    g:\n    d\xC3\xA9"
		      "cid\xC3\xA9\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct memory m;
		memory_open(&m, OUT_FORMAT_TABLE, false, cases[i].width);
		out_list_begin(m.out, columns, ARRAY_LEN(columns));
		out_text(m.out, "spf.x");
		out_text(m.out, "on, off");
		out_text(m.out, "hidden");
		out_text(m.out, "what a result does to a message");
		out_row_end(m.out);
		out_text(m.out, "spf.xyz");
		out_text(m.out, "1..9");
		out_text(m.out, "hidden");
		out_text(m.out, "d\xC3\xA9"
		                "cid\xC3\xA9");
		out_row_end(m.out);
		out_end(m.out);
		memory_expect(&m, cases[i].expected);
	}
}

static void test_plain(void **state)
{
	(void)state;
	struct memory m;
	memory_open(&m, OUT_FORMAT_TABLE, false, 0);
	out_plain(m.out, "$TTL 3600\n\tx\n", 13);
	memory_expect(&m, "$TTL 3600\n\tx\n");
}

static void test_failed_write(void **state)
{
	(void)state;
	for (int size = 0; size < 2; size++) {
		/* Small: seen by the flush; large: seen by a write before it. */
		FILE *full = fopen("/dev/full", "w");
		assert_non_null(full);
		struct out *out = out_new(OUT_FORMAT_TSV, full, false, 0);
		for (int i = 0; i < (size ? 10000 : 1); i++)
			out_plain(out, "0123456789\n", 11);
		struct err err = ERR_INIT;
		assert_int_equal(out_finish(out, &err), ERR_FAILED);
		assert_string_equal(
			err.text,
			"cannot write to standard output: No space left on device");
		out_free(out);
		fclose(full);
	}
}

/* What is not finished is freed. */
static void test_unfinished(void **state)
{
	(void)state;
	struct memory m;
	memory_open(&m, OUT_FORMAT_TABLE, false, 0);
	out_object_begin(m.out, key_columns, 3);
	out_text(m.out, "x");
	out_bool(m.out, true);
	out_int(m.out, 1);
	out_nested_begin(m.out, "k", "K", key_columns, 3);
	out_text(m.out, "y");
	memory_expect(&m, "");
}

/* Reads what a progress bar drew on a terminal of `columns` columns. */
static void drawn(unsigned short columns, size_t done, bool is_quiet,
                  struct buf *ret_text)
{
	int outer, inner;
	struct winsize size = { .ws_row = 24, .ws_col = columns };
	assert_int_equal(openpty(&outer, &inner, NULL, NULL, &size), 0);
	FILE *stream = fdopen(inner, "w");
	assert_non_null(stream);
	struct progress *progress = progress_new(stream, "working", 10, is_quiet);
	progress_set(progress, done);
	progress_set(progress, done); /* too early: not drawn again */
	progress_free(progress);
	fputs(".\n", stream); /* so that there is something to read */
	fflush(stream);
	char text[512] = "";
	size_t len = 0;
	while (len < sizeof(text) - 1 && !strchr(text, '\n')) {
		ssize_t got = read(outer, text + len, sizeof(text) - 1 - len);
		assert_true(got > 0);
		len += (size_t)got;
		text[len] = '\0';
	}
	buf_puts(ret_text, text);
	fclose(stream);
	close(outer);
}

static void test_progress(void **state)
{
	(void)state;
	static const struct {
		unsigned short columns;
		size_t done;
		bool is_quiet;
		const char *expected;
	} cases[] = {
		{ 31, 5, false, "\r\033[Kworking [#######.......]  5/10\r\033[K.\r\n" },
		{ 31, 99, false, "\r\033[Kworking [#############]  10/10\r\033[K.\r\n" },
		{ 18, 5, false, "\r\033[Kworking  5/10\r\033[K.\r\n" },
		{ 11, 5, false, "\r\033[Kworking  5\r\033[K.\r\n" },
		{ 31, 5, true, ".\r\n" },
	};
	setenv("TERM", "xterm", 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf text = BUF_INIT;
		drawn(cases[i].columns, cases[i].done, cases[i].is_quiet, &text);
		assert_string_equal(buf_text(&text), cases[i].expected);
	}
	struct memory m; /* no terminal */
	memory_open(&m, OUT_FORMAT_TABLE, false, 0);
	struct progress *progress = progress_new(m.stream, "working", 10, false);
	progress_set(progress, 5);
	progress_free(progress);
	memory_expect(&m, "");
}

/* Objects on lines of JSON, whatever the format. */
static void test_lines(void **state)
{
	(void)state;
	static const struct out_column columns[] = {
		{ "line", NULL, OUT_INT, OUT_HIDE_TABLE },
		{ "text", NULL, OUT_TEXT, OUT_HIDE_TABLE }
	};
	static const enum out_format formats[] = { OUT_FORMAT_TABLE, OUT_FORMAT_JSON,
		                                   OUT_FORMAT_TSV };
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		struct memory m;
		memory_open(&m, formats[i], false, 0);
		for (int64_t line = 0; line < 3; line++) {
			out_line_begin(m.out, columns, ARRAY_LEN(columns));
			out_int(m.out, line);
			out_text(m.out, line ? "a\n\xff" : NULL);
			out_nested_begin(m.out, "keys", NULL, key_columns,
			                 ARRAY_LEN(key_columns));
			for (int64_t k = 0; k < line; k++) {
				out_text(m.out, "s");
				out_bool(m.out, true);
				out_int(m.out, k);
				out_row_end(m.out);
			}
			out_nested_end(m.out);
			out_end(m.out);
		}
		memory_expect(&m,
		              "{\"line\": 0, \"text\": null, \"keys\": []}\n"
		              "{\"line\": 1, \"text\": \"a\\n\xef\xbf\xbd\", \"keys\": "
		              "[{\"selector\": \"s\", \"hidden\": true, \"bits\": 0}]}\n"
		              "{\"line\": 2, \"text\": \"a\\n\xef\xbf\xbd\", \"keys\": "
		              "[{\"selector\": \"s\", \"hidden\": true, \"bits\": 0}, "
		              "{\"selector\": \"s\", \"hidden\": true, \"bits\": 1}]}\n");
	}
}

int main(void)
{
	setlocale(LC_ALL, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),      cmocka_unit_test(test_list),
		cmocka_unit_test(test_object),     cmocka_unit_test(test_foreign_text),
		cmocka_unit_test(test_width),      cmocka_unit_test(test_words),
		cmocka_unit_test(test_c_locale),   cmocka_unit_test(test_wide_letters),
		cmocka_unit_test(test_plain),      cmocka_unit_test(test_failed_write),
		cmocka_unit_test(test_unfinished), cmocka_unit_test(test_progress),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
