/*
 * dnszone/lint/lint.h: the findings of a linter.  Each kind of record has one table of codes,
 * severities, messages and rules; a code is an interface, its meaning never changes.
 */
#ifndef DNSZONE_LINT_LINT_H
#define DNSZONE_LINT_LINT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

enum lint_severity {
	LINT_NOTE,    /* it works; it could be better */
	LINT_WARNING, /* it works for some, or not as it looks */
	LINT_ERROR,   /* it does not work */
};

struct lint_code {
	const char *code; /* "spf-two-records" */
	enum lint_severity severity;
	const char *message; /* what it means, one sentence */
};

struct lint_finding {
	const struct lint_code *code;
	char *detail; /* what it is about: a term, a count, the parser's words; NULL: nothing */
	size_t column; /* in the text, from 1; 0: the whole */
};

struct lint_list {
	struct lint_finding *finding;
	size_t count, room;
};

#define LINT_LIST_INIT ((struct lint_list){ 0 })
#define auto_lint_list cleanup(lint_list_done) struct lint_list

/* Adds one; `fmt` NULL: no detail.  Control characters in the detail become '?'. */
void lint_add(struct lint_list *list, const struct lint_code *code, size_t column,
              const char *fmt, ...) printf_like(4, 5);
/* The same with a list of arguments. */
void lint_add_va(struct lint_list *list, const struct lint_code *code, size_t column,
                 const char *fmt, va_list ap);
void lint_list_done(struct lint_list *list);
/* The worst severity; -1 while the list is empty. */
int lint_worst(const struct lint_list *list);
/* "note", "warning", "error". */
const char *lint_severity_name(enum lint_severity severity);

#endif
