/*
 * dnszone/lint/lint_table.h: shared by the linters: the form of their tables, the loop over a
 * table, and functions for tags and look-ups.
 */
#ifndef DNSZONE_LINT_LINT_TABLE_H
#define DNSZONE_LINT_LINT_TABLE_H

#include "core/base/arena.h"
#include "core/base/octets.h"
#include "dnszone/lint/lint.h"
#include "dnszone/name/tags.h"
#include "dnszone/query/resolver.h"

/* The argument of the rules.  Each linter has its own struct, whose first member is the head. */
struct lint;
struct lint_head {
	struct lint_list *list;
	const struct lint_code *code; /* of the rule that runs */
};

struct lint_row {
	struct lint_code code;
	void (*rule)(const struct lint *l); /* NULL: the linter adds the code itself */
};
struct lint_table {
	const struct lint_row *row;
	size_t count;
};

/* Runs the rules in their order. */
void lint_run(const struct lint_table *table, struct lint *l);
/* lint_add() with the list and the code of the rule that runs. */
void lint_say(const struct lint *l, size_t column, const char *fmt, ...)
	printf_like(3, 4);
/* Adds a code that has no rule; `detail` may be NULL. */
void lint_add_row(struct lint_list *list, const struct lint_row *row, const char *detail);
/* Adds "name=value" at the tag's column. */
void lint_add_tag(struct lint_list *list, const struct lint_code *code,
                  const struct tag *tag);
/* The same for each tag that is not among the known names. */
void lint_add_unknown_tags(struct lint_list *list, const struct lint_code *code,
                           const struct tags *tags, const char *const *known,
                           size_t count);

/* Octets as text; a NUL becomes an octet that a tag list must not contain.  Caller frees. */
char *lint_text(struct octets octets) must_check;

#define LINT_MEMORY ((size_t)1 << 20) /* for the answers of one lint */
/* The TXT records at `owner`, in `mem`, which is opened here and which the caller closes.  False:
 * the look-up failed, which was added as `unreachable`. */
bool lint_look_up(const char *owner, struct resolver *dns, struct deadline until,
                  const struct lint_row *unreachable, struct lint_list *list,
                  struct arena *mem, struct dns_answer *ret_answer) must_check;

#endif
