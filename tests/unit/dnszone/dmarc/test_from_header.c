/*
 * The author domain of a message: the public cases of $TESTDATA/dmarc/from.tsv, and rows on limits,
 * messages and combinations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dnszone/dkim/dkim_message.h"
#include "dnszone/dmarc/from_header.h"
#include "tests/unit/tsv.h"

struct fields {
	struct octets value[3];
	size_t count;
};

static void take_field(void *arg, struct octets name, struct octets value)
{
	struct fields *fields = arg;
	if (!from_header_is_name(name) || fields->count == ARRAY_LEN(fields->value))
		return;
	fields->value[fields->count++] =
		(struct octets){ xmemdup(value.at, value.len), value.len };
}

static void take_end(void *arg)
{
	(void)arg;
}

static void take_body(void *arg, const char *octets, size_t len)
{
	(void)arg, (void)octets, (void)len;
}

static void parse_message(struct octets text, struct from_header *ret_from)
{
	struct fields fields = { 0 };
	struct dkim_message message = { .field = take_field,
		                        .end_fields = take_end,
		                        .body = take_body,
		                        .arg = &fields };
	assert_true(dkim_message_feed(&message, text.at, text.len));
	dkim_message_end(&message);
	from_header_parse(fields.value, fields.count, ret_from);
	for (size_t i = 0; i < fields.count; i++)
		free((char *)(uintptr_t)fields.value[i].at);
}

/* The reasons as from.tsv has them. */
static const char *reason_of(enum from_fault fault)
{
	static const char *const reasons[] = {
		[FROM_GOOD] = "-",
		[FROM_NO_FIELD] = "no field",
		[FROM_SEVERAL_FIELDS] = "several fields",
		[FROM_NO_DOMAIN] = "none",
		[FROM_SEVERAL_DOMAINS] = "several",
		[FROM_UNPARSABLE] = "unparsable",
		[FROM_TOO_LONG] = "limit",
	};
	return reasons[fault];
}

static void test_public_cases(void **state)
{
	(void)state;
	enum { ID, SOURCE, FROM, DOMAIN, REASON, NOTE };
	char *column[NOTE + 1];
	char *line = NULL;
	size_t room = 0, count = 0, faults = 0;
	FILE *file = tsv_open("dmarc/from.tsv");
	if (!file)
		skip();
	while (tsv_next(file, &line, &room, column, ARRAY_LEN(column))) {
		auto_buf text = BUF_INIT;
		struct from_header from;
		count++;
		tsv_unescape(column[FROM], strlen(column[FROM]), &text);
		parse_message((struct octets){ buf_text(&text), text.len }, &from);
		const char *domain = from.fault == FROM_GOOD ? from.domain : "refuse";
		if (strcmp(domain, column[DOMAIN]) == 0 &&
		    strcmp(reason_of(from.fault), column[REASON]) == 0)
			continue;
		faults++;
		print_error("%s: \"%s\" (%s) at %zu instead of \"%s\" (%s): %s\n",
		            column[ID], domain, reason_of(from.fault), from.at,
		            column[DOMAIN], column[REASON], column[NOTE]);
	}
	free(line);
	fclose(file);
	printf("%zu fields\n", count);
	assert_int_equal(count, 127);
	assert_int_equal(faults, 0);
}

static void test_rows(void **state)
{
	(void)state;
	static const struct {
		const char *message, *domain; /* or the name of the fault */
	} rows[] = {
		{ "", "no-field" },
		{ "Subject: x\r\n\r\nFrom: a@example.com\r\n", "no-field" },
		{ "Subject: x\nFrom: a@example.com\n\nbody", "example.com" },
		{ "From: a@example.com\nfrom\t: b@example.com\n\n", "several-fields" },
		{ "From x@example.net Mon Nov 30 10:00:00 2026\nFrom: a@example.com\n",
		  "example.com" },
		{ "From:a@example.com", "example.com" },
		{ "From: a@example.com\r\n\t(c)\r\n", "example.com" },
		{ "From: a@example.com\n\n", "example.com" },
		/* an address in brackets is one more domain */
		{ "From: a@[192.0.2.1], b@example.com", "several-domains" },
		{ "From: a@[192.0.2.1], b@[192.0.2.1]", "no-domain" },
		{ "From: a@[192.0.2\\.1] (x)", "no-domain" },
		{ "From: a@[192.0.2.1", "unparsable" },
		/* an element without an address beside one that has it */
		{ "From: Doe, John <j@example.com>", "unparsable" },
		{ "From: <>, a@example.com", "unparsable" },
		{ "From: Doe, John", "no-domain" },
		{ "From: a@example.com, , b@example.com,", "example.com" },
		{ "From: ., a@example.com", "unparsable" },
		{ "From: .x <a@example.com>", "unparsable" },
		{ "From: x. <a@example.com>", "example.com" },
		{ "From: a b@example.com", "unparsable" },
		{ "From: \"a\"b@example.com", "unparsable" },
		{ "From: a.@example.com", "example.com" },
		{ "From: ..@example.com", "unparsable" },
		{ "From: a@exam(c)ple.com", "unparsable" },
		{ "From: a@example(c).(d)com", "example.com" },
		{ "From: <a@example.com> x", "unparsable" },
		{ "From: <a@example.com", "unparsable" },
		{ "From: g: h: a@example.com;;", "unparsable" },
		{ "From: g: a@example.com; b@example.com", "unparsable" },
		{ "From: g: <a@example.com>, b@example.com;", "example.com" },
		{ "From: :a@example.com;", "unparsable" },
		{ "From: <,@a.example,:x@example.com>", "example.com" },
		{ "From: <@a.example x@example.com>", "unparsable" },
		{ "From: <@[192.0.2.1]:x@example.com>", "example.com" },
		{ "From: \"a\\\nb\" <a@example.com>", "unparsable" },
		{ "From: (a\\", "unparsable" },
		{ "From: \"a", "unparsable" },
		{ "From: (a\x01\x7f) \"\x01\" <a@example.com>", "example.com" },
		{ "From: a\x01@example.com", "unparsable" },
		/* what UTS 46 would make a dot, an at sign, or nothing of */
		{ "From: a@example\xe3\x80\x82"
		  "com",
		  "unparsable" },
		{ "From: a@ex\xef\xbc\xa0mple.com", "unparsable" },
		{ "From: a@ex\xc2\xad"
		  "ample.com",
		  "unparsable" },
		{ "From: a@ex\xef\xb8\x8f"
		  "ample.com",
		  "unparsable" },
		{ "From: a@\xef\xbd\x85xample.com", "example.com" },
		{ "From: a@ex_\xc3\xa4.com", "xn--ex_-sla.com" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct from_header from;
		parse_message(octets_of(rows[i].message), &from);
		const char *got = from.fault == FROM_GOOD ? from.domain
		                                          : from_fault_name(from.fault);
		if (strcmp(got, rows[i].domain) != 0)
			fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].message, got,
			         rows[i].domain);
	}
}

static void test_limits(void **state)
{
	(void)state;
	auto_buf text = BUF_INIT, deep = BUF_INIT, much = BUF_INIT;
	struct from_header from;
	for (unsigned depth = FROM_COMMENT_DEPTH; depth <= FROM_COMMENT_DEPTH + 1;
	     depth++) {
		buf_done(&deep);
		deep = BUF_INIT;
		for (unsigned i = 0; i < depth; i++)
			buf_putc(&deep, '(');
		for (unsigned i = 0; i < depth; i++)
			buf_putc(&deep, ')');
		buf_puts(&deep, "a@example.com");
		struct octets value = { buf_text(&deep), deep.len };
		from_header_parse(&value, 1, &from);
		assert_int_equal(from.fault, depth > FROM_COMMENT_DEPTH ? FROM_UNPARSABLE
		                                                        : FROM_GOOD);
	}
	buf_puts(&text, "a@example.com");
	while (text.len < FROM_FIELD_MAX)
		buf_putc(&text, ' ');
	struct octets value = { buf_text(&text), text.len };
	from_header_parse(&value, 1, &from);
	assert_int_equal(from.fault, FROM_GOOD);
	buf_putc(&text, ' ');
	value = (struct octets){ buf_text(&text), text.len };
	from_header_parse(&value, 1, &from);
	assert_int_equal(from.fault, FROM_TOO_LONG);
	/* 254 octets */
	buf_puts(&much, "a@");
	while (much.len < 2 + 250)
		buf_puts(&much, "a.");
	buf_puts(&much, "com");
	value = (struct octets){ buf_text(&much), much.len };
	from_header_parse(&value, 1, &from);
	assert_int_equal(from.fault, FROM_GOOD);
	buf_putc(&much, 'x');
	value = (struct octets){ buf_text(&much), much.len };
	from_header_parse(&value, 1, &from);
	assert_int_equal(from.fault, FROM_UNPARSABLE);
	from_header_parse(NULL, 0, &from);
	assert_int_equal(from.fault, FROM_NO_FIELD);
	for (enum from_fault fault = FROM_GOOD; fault <= FROM_TOO_LONG; fault++)
		assert_true(*from_fault_name(fault) && *from_fault_text(fault));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_public_cases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
