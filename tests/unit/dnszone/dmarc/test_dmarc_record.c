/*
 * DMARC records: the public cases of $TESTDATA/dmarc/records.tsv, and rows on elements, URIs and
 * what a record asks for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dnszone/dmarc/dmarc_record.h"
#include "tests/unit/tsv.h"

static const char *word_of(enum dmarc_policy policy)
{
	return policy == DMARC_POLICY_ABSENT    ? "-"
	       : policy == DMARC_POLICY_INVALID ? "invalid"
	                                        : dmarc_policy_word(policy);
}

/* What has no effect, in the words of the data: "(empty),(no =: p),(bad name),rua". */
static void put_ignored(const struct dmarc_record *record, struct buf *out)
{
	bool has_ruf = dmarc_record_find(record, DMARC_RUF) != NULL;
	size_t i = 0, count = record->count, empty = record->empty;
	while (i < count || empty) {
		const struct dmarc_element *e = &record->element[i];
		const char *at = record->text.at + e->at;
		int len = (int)e->name_len;
		if (empty && (i == count || record->empty_at < e->at)) {
			buf_printf(out, ",(empty)");
			if (--empty > 5) {
				buf_printf(
					out,
					",(empty),(empty),(empty),(empty),(empty),...");
				empty = 0;
			}
			continue;
		}
		i++;
		bool is_idle = e->tag >= DMARC_PCT || (e->tag == DMARC_FO && !has_ruf);
		if (e->state == DMARC_NO_EQUALS)
			buf_printf(out, ",(no =: %.*s)", len, at);
		else if (e->state == DMARC_BAD_NAME)
			buf_printf(out, ",(bad name)");
		else if (e->state == DMARC_BAD_VALUE ||
		         (e->state == DMARC_GOOD && is_idle))
			for (int k = 0; k <= len; k++)
				buf_putc(out, k == 0 ? ',' : (char)(at[k - 1] | 0x20));
	}
}

static void put_all(const struct dmarc_record *record, struct buf *out)
{
	enum dmarc_policy policy = dmarc_record_policy(record, DMARC_OF_DOMAIN);
	buf_printf(out, "yes %s %s %s %c %c %c %c ", word_of(record->p),
	           word_of(record->sp), word_of(record->np),
	           record->is_adkim_strict ? 's' : 'r',
	           record->is_aspf_strict ? 's' : 'r', record->is_test ? 'y' : 'n',
	           record->psd);
	if (policy == DMARC_POLICY_INVALID)
		buf_puts(out, "noproc");
	for (enum dmarc_whom whom = DMARC_OF_DOMAIN;
	     policy != DMARC_POLICY_INVALID && whom <= DMARC_OF_NONEXISTENT; whom++)
		buf_printf(out, "%s%s", whom ? "/" : "",
		           dmarc_policy_word(dmarc_record_policy(record, whom)));
}

/* "a,b" and "b,a" are the same. */
static bool is_same_set(const char *a, const char *b)
{
	size_t len = strlen(a);
	if (len != strlen(b))
		return false;
	for (const char *at = a; *at;) {
		size_t item = strcspn(at, ",");
		auto_free char *one = xmemdup(at, item);
		if (!strstr(b, one))
			return false;
		at += item + (at[item] == ',');
	}
	return true;
}

static void test_public_cases(void **state)
{
	(void)state;
	enum {
		ID,
		SOURCE,
		RECORD,
		VALID,
		P,
		SP,
		NP,
		ADKIM,
		ASPF,
		T,
		PSD,
		EFFECTIVE,
		IGNORED
	};
	char *column[IGNORED + 1];
	char *line = NULL;
	size_t room = 0, count = 0, faults = 0;
	FILE *file = tsv_open("dmarc/records.tsv");
	if (!file)
		skip();
	while (tsv_next(file, &line, &room, column, ARRAY_LEN(column))) {
		auto_buf text = BUF_INIT, got = BUF_INIT, wanted = BUF_INIT,
			 ignored = BUF_INIT;
		struct dmarc_record record;
		struct err err = ERR_INIT;
		count++;
		tsv_unescape(column[RECORD], strlen(column[RECORD]), &text);
		struct octets octets = { buf_text(&text), text.len };
		bool is_valid = dmarc_record_parse(octets, &record, &err) == 0;
		bool is_wanted = strcmp(column[VALID], "yes") == 0;
		buf_puts(&got, is_valid ? "" : "no");
		buf_puts(&ignored, ",-");
		if (is_valid) {
			put_all(&record, &got);
			buf_done(&ignored);
			ignored = BUF_INIT;
			put_ignored(&record, &ignored);
			if (!ignored.len)
				buf_puts(&ignored, ",-");
		}
		if (is_wanted)
			buf_printf(&wanted, "yes %s %s %s %s %s %s %s %s", column[P],
			           column[SP], column[NP], column[ADKIM], column[ASPF],
			           column[T], column[PSD], column[EFFECTIVE]);
		else
			buf_puts(&wanted, "no");
		if (strcmp(buf_text(&got), buf_text(&wanted)) == 0 &&
		    (!is_wanted || is_same_set(buf_text(&ignored) + 1, column[IGNORED])))
			continue;
		faults++;
		print_error("%s: \"%s\" %s\n  instead of \"%s\" %s\n", column[ID],
		            buf_text(&got), buf_text(&ignored) + 1, buf_text(&wanted),
		            column[IGNORED]);
	}
	free(line);
	fclose(file);
	printf("%zu records\n", count);
	assert_int_equal(count, 130);
	assert_int_equal(faults, 0);
}

static void test_uris(void **state)
{
	(void)state;
	static const struct {
		const char *value, *found;
	} rows[] = {
		{ "mailto:a@b.example", "mailto:a@b.example VMA b.example" },
		{ " MAILTO:a@B.example!10m , https://c.example/x",
		  "MAILTO:a@B.example VSMA B.example|https://c.example/x VA -" },
		{ "mailto:a@b.example?subject=x",
		  "mailto:a@b.example?subject=x VMA b.example" },
		{ "mailto:a@b.example!", "mailto:a@b.example! - -" },
		{ "mailto:a@b.example!10x", "mailto:a@b.example!10x - -" },
		{ "mailto:a@b.example!10m5", "mailto:a@b.example!10m5 - -" },
		{ "mailto:a@b.example!1!2", "mailto:a@b.example!1!2 - -" },
		{ "mailto:", "mailto: - -" },
		{ "mailto:a", "mailto:a VM -" },
		{ "mailto:@b.example", "mailto:@b.example VM -" },
		{ "mailto:a%40b.example", "mailto:a%40b.example VM -" },
		{ "mailto:a%4", "mailto:a%4 - -" },
		{ "mailto:a b@c.example", "mailto:a b@c.example - -" },
		{ "a@b.example", "a@b.example - -" },
		{ "ftp://b.example", "ftp://b.example V -" },
		{ "https://b.example:0/", "https://b.example:0/ V -" },
		{ "https:b.example", "https:b.example V -" },
		{ "", " - -" },
		{ ",", " - -| - -" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *text =
			xasprintf("v=DMARC1; rua=%s; ruf=x:y", rows[i].value);
		auto_buf got = BUF_INIT;
		struct dmarc_record record;
		struct dmarc_uri uri;
		struct err err = ERR_INIT;
		assert_int_equal(dmarc_record_parse(octets_of(text), &record, &err), 0);
		for (size_t at = 0;
		     dmarc_uri_next(&record, &record.element[1], &at, &uri);)
			buf_printf(&got, "%s%.*s %s%s%s%s%s %.*s", got.len ? "|" : "",
			           (int)uri.len, text + uri.at, uri.is_valid ? "V" : "",
			           uri.has_size ? "S" : "", uri.is_mailto ? "M" : "",
			           uri.has_address ? "A" : "", uri.is_valid ? "" : "-",
			           uri.has_address && uri.is_mailto ? (int)uri.host_len
			                                            : 1,
			           uri.has_address && uri.is_mailto ? text + uri.host_at
			                                            : "-");
		if (strcmp(buf_text(&got), rows[i].found) != 0)
			fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].value,
			         buf_text(&got), rows[i].found);
	}
}

/* Why a text is not a record at all. */
static void test_faults(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "the text is empty" },
		{ " v=DMARC1; p=none", "begins with a space" },
		{ "\"v=DMARC1; p=none\"", "begins with a quote" },
		{ "v=dmarc1; p=none", "must be DMARC1 in capitals, not dmarc1" },
		{ "v=DMARC1 p=none", "followed by ';', not by \" p=none\"" },
		{ "v=DMARC1\\; p=none", "followed by ';', not by \"\\; p=none\"" },
		{ "v=DMARC12; p=none", "followed by ';'" },
		{ "v=DMARC1, p=none", "followed by ';'" },
		{ "p=none; v=DMARC1", "does not begin with" },
		{ "v=DMARC", "does not begin with" },
		{ "v=DMARC1; p=none; p=none", "column 19: duplicate tag p" },
		{ "v=DMARC1; v=DMARC1; p=none", "column 11: duplicate tag v" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dmarc_record record;
		struct err err = ERR_INIT;
		int r = dmarc_record_parse(octets_of(rows[i].text), &record, &err);
		if (r != ERR_FAILED || !strstr(err.text, rows[i].why))
			fail_msg("\"%s\": %d %s", rows[i].text, r, err.text);
	}
}

/* As many elements as there may be, and one more. */
static void test_limit(void **state)
{
	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		auto_buf text = BUF_INIT;
		struct dmarc_record record;
		struct err err = ERR_INIT;
		buf_puts(&text, "v=DMARC1");
		for (size_t i = 1; i < DMARC_ELEMENTS_MAX + extra; i++)
			buf_printf(&text, ";x%c%c=1", (char)('a' + i / 26),
			           (char)('a' + i % 26));
		int r = dmarc_record_parse((struct octets){ buf_text(&text), text.len },
		                           &record, &err);
		assert_int_equal(r, extra ? ERR_FAILED : 0);
		if (extra)
			assert_non_null(strstr(err.text, "more than 128 tags"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public_cases),
		cmocka_unit_test(test_uris),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
