/*
 * The tree walk: rows by hand, and the public cases of $TESTDATA/dmarc/evaluation.tsv, of which the
 * organizational domain and the policy of the author domain are looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dnszone/dmarc/dmarc_tree.h"
#include "tests/unit/resolver_mock.h"
#include "tests/unit/tsv.h"

static const struct deadline never = { INT64_MAX };

/* "_dmarc.a.test=v=DMARC1; ...", "servfail:a.test", "timeout:a.test", "exists:a.test". */
static void add_item(struct resolver *mock, char *item)
{
	struct err err;
	auto_buf text = BUF_INIT;
	struct mock_row row = { NULL, "SERVFAIL", NULL };
	char *equals = strchr(item, '=');
	char *colon = strchr(item, ':');
	if (colon && (!equals || colon < equals)) {
		row.name = colon + 1;
		if (text_starts(item, "timeout:"))
			row.what = "TIMEOUT";
		if (text_starts(item, "exists:")) {
			row.what = "A";
			row.data = "192.0.2.1";
		}
		assert_int_equal(resolver_mock_add(mock, &row, &err), 0);
		return;
	}
	assert_non_null(equals);
	*equals = '\0';
	tsv_unescape(equals + 1, strlen(equals + 1), &text);
	/* the border of two character-strings: DNS joins them */
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != '\x1f')
			text.at[len++] = text.at[i];
	assert_int_equal(resolver_mock_add_txt(mock, item, text.at, len, &err), 0);
}

static enum dmarc_whom whom_of(const struct dmarc_walk *walk, const struct dns_name *name,
                               struct resolver *mock, struct arena *mem)
{
	struct dns_answer answer;
	if (dns_name_equal(&walk->owner, name))
		return DMARC_OF_DOMAIN;
	resolver_ask(mock, name, DNS_TXT, never, mem, &answer);
	return answer.kind == DNS_NXDOMAIN ? DMARC_OF_NONEXISTENT : DMARC_OF_SUBDOMAIN;
}

/* "<organizational domain> <policy>", as the data has it. */
static void put_answer(struct resolver *mock, const char *domain, struct buf *out)
{
	auto_arena mem = { 0 };
	struct dns_name name;
	struct dmarc_walk walk;
	struct dmarc_record record;
	struct err err;
	char org[DNS_NAME_TEXT_SIZE];
	assert_true(arena_open(&mem, 1 << 20));
	if (!dns_name_from_octets(domain, strlen(domain), &name)) {
		buf_puts(out, "?");
		return;
	}
	dmarc_walk(&name, mock, never, &mem, &walk);
	if (walk.organization.len)
		dns_name_to_text(&walk.organization, org);
	enum dmarc_policy policy = DMARC_POLICY_INVALID;
	if (walk.found == DMARC_FOUND_RECORD) {
		assert_int_equal(dmarc_record_parse(walk.text, &record, &err), 0);
		policy = dmarc_record_policy(&record, whom_of(&walk, &name, mock, &mem));
	}
	buf_printf(out, "%s %s", walk.organization.len ? org : "?",
	           policy == DMARC_POLICY_INVALID ? "-" : dmarc_policy_word(policy));
}

static void test_public_cases(void **state)
{
	(void)state;
	enum { ID, SOURCE, RFC, FROM, SPF, DKIM, DNS, RESULT, POLICY, ORG, NOTE };
	char *column[NOTE + 1];
	char *line = NULL;
	size_t room = 0, count = 0, faults = 0;
	FILE *file = tsv_open("dmarc/evaluation.tsv");
	if (!file)
		skip();
	while (tsv_next(file, &line, &room, column, ARRAY_LEN(column))) {
		auto_resolver *mock = resolver_mock_new(MOCK_OPEN);
		auto_buf got = BUF_INIT;
		count++;
		for (char *rest = column[DNS], *item; (item = strsep(&rest, "|"));)
			if (strcmp(item, "-") != 0)
				add_item(mock, item);
		put_answer(mock, column[FROM], &got);
		auto_free char *wanted = xasprintf("%s %s", column[ORG], column[POLICY]);
		const char *policy = strchr(buf_text(&got), ' ');
		bool is_right =
			strcmp(column[ORG], "-") == 0
				? policy && strcmp(policy + 1, column[POLICY]) == 0
				: strcmp(buf_text(&got), wanted) == 0;
		/* what a failure of DNS means for the message is for the verdict to weigh; a
		 * name that DNS cannot hold is not walked from */
		if (is_right || strcmp(column[RESULT], "temperror") == 0 ||
		    strcmp(buf_text(&got), "?") == 0)
			continue;
		faults++;
		print_error("%s: \"%s\" instead of \"%s\" (%s)\n", column[ID],
		            buf_text(&got), wanted, column[NOTE]);
	}
	free(line);
	fclose(file);
	printf("%zu cases\n", count);
	assert_int_equal(count, 160);
	assert_int_equal(faults, 0);
}

static void test_rows(void **state)
{
	(void)state;
	static const struct {
		const char *domain, *records, *answer;
	} rows[] = {
		{ "example.com", "", "example.com -" },
		{ "a.example.com", "_dmarc.example.com=v=DMARC1; p=reject",
		  "example.com reject" },
		{ "a.example.com",
		  "_dmarc.example.com=v=DMARC1; p=reject; sp=none|exists:a.example.com",
		  "example.com none" },
		{ "a.example.com",
		  "_dmarc.example.com=v=DMARC1; p=reject; sp=none; np=quarantine",
		  "example.com quarantine" },
		{ "a.example.com",
		  "_dmarc.a.example.com=v=DMARC1; p=none|_dmarc.example.com=v=DMARC1; p=reject",
		  "example.com none" },
		/* two are none, and the walk goes on */
		{ "a.example.com",
		  "_dmarc.a.example.com=v=DMARC1; p=none|_dmarc.a.example.com=v=DMARC1; p=none"
		  "|_dmarc.example.com=v=DMARC1; p=reject",
		  "example.com reject" },
		/* nine labels: the parent of eight is not asked */
		{ "a.b.c.d.e.f.g.h.test",
		  "_dmarc.b.c.d.e.f.g.h.test=v=DMARC1; p=reject|_dmarc.c.d.e.f.g.h.test=v=DMARC1; "
		  "p=quarantine; psd=n",
		  "c.d.e.f.g.h.test quarantine" },
		/* ... though it may be the organizational domain, below a public suffix */
		{ "a.b.c.d.e.f.g.h.test",
		  "_dmarc.b.c.d.e.f.g.h.test=v=DMARC1; p=none|_dmarc.c.d.e.f.g.h.test=v=DMARC1; "
		  "p=reject; psd=y",
		  "b.c.d.e.f.g.h.test reject" },
		{ "a.b.c.d.e.f.g.test", "_dmarc.test=v=DMARC1; p=reject", "test reject" },
		{ "a.example.com",
		  "_dmarc.a.example.com=v=DMARC1; p=none; psd=y|_dmarc.example.com=v=DMARC1; p=reject",
		  "a.example.com none" },
		{ "a.example.com", "servfail:_dmarc.a.example.com", "? -" },
		/* the policy is known, the organization is not */
		{ "a.example.com",
		  "_dmarc.a.example.com=v=DMARC1; p=reject|servfail:_dmarc.example.com",
		  "? reject" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_resolver *mock = resolver_mock_new(MOCK_OPEN);
		auto_free char *records = xstrdup(rows[i].records);
		auto_buf got = BUF_INIT;
		for (char *rest = records, *item; (item = strsep(&rest, "|"));)
			if (*item)
				add_item(mock, item);
		put_answer(mock, rows[i].domain, &got);
		if (strcmp(buf_text(&got), rows[i].answer) != 0)
			fail_msg("row %zu: \"%s\" instead of \"%s\"", i, buf_text(&got),
			         rows[i].answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_public_cases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
