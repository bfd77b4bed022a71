/* The list of findings that all linters fill. */
#include "dnszone/lint/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

void lint_add_va(struct lint_list *list, const struct lint_code *code, size_t column,
                 const char *fmt, va_list ap)
{
	struct lint_finding finding = { .code = code, .column = column };
	if (fmt) {
		char text[512];
		vsnprintf(text, sizeof(text), fmt, ap);
		for (char *c = text; *c; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				*c = '?';
		finding.detail = xstrdup(text);
	}
	GROW(list->finding, list->count, list->room);
	list->finding[list->count++] = finding;
}

void lint_add(struct lint_list *list, const struct lint_code *code, size_t column,
              const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	lint_add_va(list, code, column, fmt, ap);
	va_end(ap);
}

void lint_list_done(struct lint_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->finding[i].detail);
	free(list->finding);
	*list = LINT_LIST_INIT;
}

int lint_worst(const struct lint_list *list)
{
	int worst = -1;
	for (size_t i = 0; i < list->count; i++)
		if ((int)list->finding[i].code->severity > worst)
			worst = (int)list->finding[i].code->severity;
	return worst;
}

const char *lint_severity_name(enum lint_severity severity)
{
	static const char *const names[] = { "note", "warning", "error" };
	return names[severity];
}
