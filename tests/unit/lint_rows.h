/* What the unit tests of linters share: findings as text, and what must hold for each table. */
#ifndef TESTS_UNIT_LINT_ROWS_H
#define TESTS_UNIT_LINT_ROWS_H

#include <string.h>

#include "core/base/buf.h"
#include "dnszone/lint/lint_table.h"
#include "tests/unit/resolver_mock.h"

/* "code@column code", as rows expect it. */
static inline void lint_rows_put(const struct lint_list *list, struct buf *out)
{
	for (size_t i = 0; i < list->count; i++) {
		buf_printf(out, "%s%s", i ? " " : "", list->finding[i].code->code);
		if (list->finding[i].column > 0)
			buf_printf(out, "@%zu", list->finding[i].column);
	}
}

static inline struct resolver *lint_rows_zone(const struct mock_row *zone, size_t count)
{
	struct resolver *mock = resolver_mock_new(MOCK_OPEN);
	struct err err;
	for (size_t i = 0; i < count; i++)
		if (resolver_mock_add(mock, &zone[i], &err) != 0)
			fail_msg("%s", err.text);
	return mock;
}

static inline bool lint_rows_has(const char *codes, const char *code)
{
	size_t len = strlen(code);
	for (const char *at = codes; (at = strstr(at, code)); at++)
		if ((at == codes || at[-1] == ' ') && (!at[len] || strchr(" @", at[len])))
			return true;
	return false;
}

/* Each code of the table has a fixture (codes_of(i) of some row, or it is `other`), a name of its own
 * that begins with `prefix`, and a sentence. */
static inline void lint_rows_check(const struct lint_table *table, const char *prefix,
                                   const char *(*codes_of)(size_t i), size_t count,
                                   const char *other)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct lint_code *code = &table->row[i].code;
		bool has_fixture = strcmp(code->code, other) == 0;
		for (size_t k = 0; k < count; k++)
			has_fixture |= lint_rows_has(codes_of(k), code->code);
		if (!has_fixture)
			fail_msg("%s has no fixture", code->code);
		assert_true(strncmp(code->code, prefix, strlen(prefix)) == 0 &&
		            *code->message);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(table->row[k].code.code, code->code);
	}
}

#endif
