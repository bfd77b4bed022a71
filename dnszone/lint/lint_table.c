/* The loop over the table of a linter, and functions that linters of tag lists share. */
#include "dnszone/lint/lint_table.h"

#include <stdarg.h>
#include <string.h>

#include "core/base/alloc.h"

void lint_run(const struct lint_table *table, struct lint *l)
{
	struct lint_head *head = (struct lint_head *)l;
	for (size_t i = 0; i < table->count; i++) {
		head->code = &table->row[i].code;
		if (table->row[i].rule)
			table->row[i].rule(l);
	}
}

void lint_say(const struct lint *l, size_t column, const char *fmt, ...)
{
	const struct lint_head *head = (const struct lint_head *)l;
	va_list ap;
	va_start(ap, fmt);
	lint_add_va(head->list, head->code, column, fmt, ap);
	va_end(ap);
}

void lint_add_row(struct lint_list *list, const struct lint_row *row, const char *detail)
{
	lint_add(list, &row->code, 0, detail ? "%s" : NULL, detail);
}

void lint_add_tag(struct lint_list *list, const struct lint_code *code,
                  const struct tag *tag)
{
	lint_add(list, code, tag->at + 1, "%.100s=%.300s", tag->name, tag->value);
}

void lint_add_unknown_tags(struct lint_list *list, const struct lint_code *code,
                           const struct tags *tags, const char *const *known,
                           size_t count)
{
	for (size_t i = 0; i < tags->count; i++) {
		bool is_known = false;
		for (size_t k = 0; k < count; k++)
			is_known |= strcmp(known[k], tags->tag[i].name) == 0;
		if (!is_known)
			lint_add_tag(list, code, &tags->tag[i]);
	}
}

char *lint_text(struct octets octets)
{
	char *text = xmemdup(octets.len ? octets.at : "", octets.len);
	for (size_t i = 0; i < octets.len; i++)
		if (!text[i])
			text[i] = 1;
	return text;
}

bool lint_look_up(const char *owner, struct resolver *dns, struct deadline until,
                  const struct lint_row *unreachable, struct lint_list *list,
                  struct arena *mem, struct dns_answer *ret_answer)
{
	struct dns_name name;
	*ret_answer = (struct dns_answer){ .kind = DNS_TEMPFAIL };
	if (arena_open(mem, LINT_MEMORY) &&
	    dns_name_from_octets(owner, strlen(owner), &name))
		resolver_ask(dns, &name, DNS_TXT, until, mem, ret_answer);
	if (ret_answer->kind != DNS_TEMPFAIL)
		return true;
	lint_add_row(list, unreachable, ret_answer->why ? ret_answer->why : owner);
	return false;
}
