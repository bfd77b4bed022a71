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
#include "dnszone/name/name.h"
#include "tests/unit/dnszone/dmarc/dmarc_world.h"

static const struct deadline never = { INT64_MAX };

/* "<organizational domain> <policy>", as the data has it. */
static void put_answer(struct resolver *mock, const char *domain, struct buf *out)
{
	auto_arena mem = { 0 };
	struct dmarc_lookups all;
	struct dmarc_walk walk;
	struct dmarc_record record;
	enum dmarc_whom whom;
	const char *why;
	struct err err;
	char name[NAME_SIZE];
	assert_true(arena_open(&mem, 1 << 20));
	assert_true(dmarc_lookups_init(&all, mock, never, &mem, NULL));
	assert_true(name_from_mail(octets_of(domain), name));
	dmarc_walk(&all, name, &walk);
	enum dmarc_policy policy = DMARC_POLICY_INVALID;
	if (walk.found == DMARC_FOUND_RECORD) {
		assert_int_equal(dmarc_record_parse(walk.text, &record, &err), 0);
		if (dmarc_whom(&all, &walk, &record, &whom, &why))
			policy = dmarc_record_policy(&record, whom);
	}
	assert_true(all.queries <= DMARC_WALK_MAX + 1);
	buf_printf(out, "%s %s", walk.organization ? walk.organization : "?",
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
		auto_resolver *mock = world_new(column[DNS]);
		auto_buf got = BUF_INIT;
		count++;
		put_answer(mock, column[FROM], &got);
		auto_free char *wanted = xasprintf("%s %s", column[ORG], column[POLICY]);
		const char *policy = strchr(buf_text(&got), ' ');
		bool is_right =
			strcmp(column[ORG], "-") == 0
				? policy && strcmp(policy + 1, column[POLICY]) == 0
				: strcmp(buf_text(&got), wanted) == 0;
		/* what a failure of DNS means for the message is for the verdict to weigh */
		if (is_right || strcmp(column[RESULT], "temperror") == 0)
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
		auto_free char *records = xstrdup(rows[i].records);
		auto_resolver *mock = world_new(records);
		auto_buf got = BUF_INIT;
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
