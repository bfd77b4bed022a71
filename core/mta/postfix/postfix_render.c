/*
 * Our part of main.cf, inserted and removed.
 *
 * Edits are made on spans, so that text that is not ours is copied octet by octet.  An item is
 * inserted with ", " next to it and removed with the same two octets, and an empty value gets the
 * item alone: both directions are therefore exact.  The block at the end records in its first line
 * whether the line before it had no line break.
 */
#include "core/mta/postfix/postfix_render.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/host/marked_block.h"
#include "core/mta/postfix/postfix_macros.h"
#include "core/mta/postfix/postfix_main_inner.h"
#include "core/mta/postfix/postfix_restrict.h"

#define OURS "mailauth_"

static bool has_prefix(const char *text, size_t at, size_t end, const char *prefix)
{
	size_t len = strlen(prefix);
	return end - at >= len && memcmp(text + at, prefix, len) == 0;
}

enum list {
	SMTPD,
	NON_SMTPD,
	RESTRICTIONS,
	SUBMISSION,
	GUARD,
	NON_GUARD,
	MACROS,
	SRS_SENDER,
	SRS_CLASSES,
	SRS_RECIPIENT,
	SRS_LMTP,
	LIST_COUNT
};

static const struct list_row {
	const char *name, *item;
} lists[LIST_COUNT] = {
	[SMTPD] = { "smtpd_milters", MAIN_SMTPD_REF },
	[NON_SMTPD] = { "non_smtpd_milters", MAIN_NON_SMTPD_REF },
	[RESTRICTIONS] = { RESTRICT_LIST, MAIN_RECIPIENT_REF },
	[SUBMISSION] = { "smtpd_milters", MAIN_SUBMISSION_REF },
	[GUARD] = { "smtpd_milters", MAIN_GUARD_REF },
	[NON_GUARD] = { "non_smtpd_milters", MAIN_GUARD_REF },
	[MACROS] = { "milter_mail_macros", MAIN_MACROS_REF },
	[SRS_SENDER] = { "sender_canonical_maps", MAIN_SRS_REF },
	[SRS_CLASSES] = { "sender_canonical_classes",
	                  "$mailauth_sender_canonical_classes" },
	[SRS_RECIPIENT] = { "recipient_canonical_maps",
	                    "$mailauth_recipient_canonical_maps" },
	[SRS_LMTP] = { "lmtp_generic_maps", "$mailauth_lmtp_generic_maps" },
};

/* The length of `$name`, `${name}` or `$(name)` at `at`; 0: something else. */
static size_t item_at(const char *text, size_t at, size_t end, const char *item)
{
	const char *name = item + 1;
	size_t len = strlen(name);
	if (text[at] != '$' || end - at < len + 1)
		return 0;
	if (memcmp(text + at + 1, name, len) == 0) {
		char next = at + 1 + len < end ? text[at + 1 + len] : ' ';
		return isalnum((unsigned char)next) || next == '_' ? 0 : len + 1;
	}
	if ((text[at + 1] == '{' || text[at + 1] == '(') && end - at >= len + 3 &&
	    memcmp(text + at + 2, name, len) == 0 &&
	    text[at + 2 + len] == (text[at + 1] == '{' ? '}' : ')'))
		return len + 3;
	return 0;
}

/* Removes the item with the separator that we inserted; if the text was changed, with the comma or
 * blank next to it. */
static struct span item_span(const char *text, const struct main_def *def, size_t at,
                             size_t len)
{
	struct span gap = { at, at + len, false };
	if (gap.end + 1 < def->last && memcmp(text + gap.end, ", ", 2) == 0)
		gap.end += 2;
	else if (gap.begin >= def->first + 2 &&
	         memcmp(text + gap.begin - 2, ", ", 2) == 0)
		gap.begin -= 2;
	else if (gap.end < def->last && text[gap.end] == ',')
		gap.end++;
	else if (gap.begin > def->first && text[gap.begin - 1] == ',')
		gap.begin--;
	else if (gap.end < def->last && text[gap.end] == ' ')
		gap.end++;
	else if (gap.begin > def->first && gap.end == def->last &&
	         text[gap.begin - 1] == ' ')
		gap.begin--;
	return gap;
}

/* The items of ours in one list; `is_in_block`: a definition that contains nothing else is removed.
 */
static void strip_list(const struct main_cf *cf, const struct main_def *def,
                       const char *item, bool is_in_block, struct spans *ours)
{
	for (size_t at = def->first; at < def->last;) {
		size_t end = main_line_end(cf->text, def->last, at);
		bool is_skipped = at != def->first && main_is_void(cf->text, at, end);
		while (!is_skipped && at < end) {
			size_t len = item_at(cf->text, at, end, item);
			if (len && is_in_block && at == def->first &&
			    at + len == def->last) {
				spans_add(ours, def->begin, def->end);
				return;
			}
			if (len) {
				struct span span = item_span(cf->text, def, at, len);
				spans_add(ours, span.begin, span.end);
			}
			at += len ? len : 1;
		}
		at = end;
	}
}

static void strip_marks(const struct main_cf *cf, struct spans *ours, size_t *ret_block)
{
	*ret_block = SIZE_MAX;
	for (size_t at = 0; at < cf->len;) {
		size_t end = main_line_end(cf->text, cf->len, at);
		enum mark mark = marked_line_kind(cf->text + at, end - at);
		if (mark != MARK_NONE && mark != MARK_END && *ret_block == SIZE_MAX)
			*ret_block = at;
		if (mark != MARK_NONE)
			spans_add_line(ours, at, end, mark == MARK_BEGIN_JOINED);
		at = end;
	}
}

void main_cf_ours(const char *text, size_t len, struct spans *into)
{
	auto_main_cf cf;
	size_t block;
	main_cf_parse(&cf, text, len);
	strip_marks(&cf, into, &block);
	for (size_t i = 0; i < cf.count; i++) {
		const struct main_def *def = &cf.def[i];
		if (has_prefix(text, def->begin, def->equals, OURS) ||
		    main_is_named(&cf, def, MAIN_TIME_LIMIT))
			spans_add(into, def->begin, def->end);
		size_t begin, end;
		for (size_t at = def->first;
		     main_own_next(&cf, def, &at, &begin, &end);) {
			spans_add(into, begin, begin + strlen(MAIN_OWN_BEGIN));
			spans_add(into, end, end + strlen(MAIN_OWN_END));
		}
		for (size_t l = 0; l < ARRAY_LEN(lists); l++)
			if (main_is_named(&cf, def, lists[l].name))
				strip_list(&cf, def, lists[l].item, def->begin > block,
				           into);
	}
	spans_settle(into, len);
}

void main_cf_strip(const char *text, size_t len, struct buf *into)
{
	auto_spans ours = SPANS_INIT;
	main_cf_ours(text, len, &ours);
	spans_cut(&ours, text, len, into);
}

static void put_at(struct buf *text, size_t at, const char *before, const char *item,
                   const char *after)
{
	auto_buf edited = BUF_INIT;
	buf_add(&edited, text->at, at);
	buf_printf(&edited, "%s%s%s", before, item, after);
	buf_add(&edited, text->at + at, text->len - at);
	buf_clear(text);
	buf_add(text, edited.at, edited.len);
}

/* Inserts `item` into the last definition of `list`; false: there is none. */
static bool put_item(struct buf *text, const char *list, const char *item, bool is_last)
{
	auto_main_cf cf;
	main_cf_parse(&cf, buf_text(text), text->len);
	const struct main_def *def = main_cf_find(&cf, list);
	if (!def)
		return false;
	bool is_empty = def->first == def->last;
	put_at(text, is_last ? def->last : def->first, is_last && !is_empty ? ", " : "",
	       item, !is_last && !is_empty ? ", " : "");
	return true;
}

/* The policy service: its item at the position of restrict_find(), its parameters into `params`,
 * and a missing list into `missing`. */
static void put_policy(struct buf *text, const struct main_request *request,
                       struct buf *params, struct buf *missing)
{
	auto_main_cf cf;
	struct restrict_spot spot;
	main_cf_parse(&cf, buf_text(text), text->len);
	restrict_find(&cf, request->policy_socket, &spot);
	if (spot.place == RESTRICT_REFUSED)
		return;
	if (spot.place == RESTRICT_PRESENT) {
		/* another spelling, so that a line that the administrator has added changes our part:
		 * Postfix is reloaded, and all its processes read the line */
		buf_puts(params, MAIN_TIME_LIMIT " = 1h\n");
		return;
	}
	buf_puts(params, MAIN_TIME_LIMIT " = 3600\n");
	buf_printf(params, "%s = %s%s%s\n", &MAIN_RECIPIENT_REF[1],
	           spot.front ? spot.front : "", spot.front ? ", " : "", request->policy);
	if (spot.place == RESTRICT_AFTER)
		put_at(text, spot.at, ", ", MAIN_RECIPIENT_REF, "");
	else if (spot.place == RESTRICT_BEFORE)
		put_at(text, spot.at, "", MAIN_RECIPIENT_REF, ", ");
	else if (!put_item(text, RESTRICT_LIST, MAIN_RECIPIENT_REF, true))
		buf_puts(missing, RESTRICT_LIST " = " MAIN_RECIPIENT_REF "\n");
}

/* Whether the value of `list` includes the item of the other list, through any parameters. */
static bool reaches(const char *text, size_t len, const char *list, const char *other,
                    const char *item)
{
	static const char sentinel[] = "mailauth-here";
	auto_buf body = BUF_INIT, value = BUF_INIT;
	buf_add(&body, text, len);
	if (!put_item(&body, other, item, false))
		buf_printf(&body, "\n%s = %s", other, item);
	buf_printf(&body, "\n%s = %s\n", item + 1, sentinel);
	auto_main_cf cf;
	main_cf_parse(&cf, body.at, body.len);
	main_cf_value(&cf, "cleanup", list, &value);
	return strstr(buf_text(&value), sentinel) != NULL;
}

/* ---- the milter lists ------------------------------------------------------------------------- */

/* "name = text", but `other` for the services of the two lists, and nothing for `none` and `off`.
 */
struct cases {
	const char *const *none, *const *off, *const *first, *const *second;
	const char *other, *text;
};

static size_t put_cases(const char *const *services, const char *text, struct buf *into)
{
	size_t count = 0;
	for (; services && services[count]; count++)
		buf_printf(into, "${{$service_name} == {%s} ? {%s} : {", services[count],
		           text);
	return count;
}

static void put_param(const char *item, const struct cases *cases, struct buf *into)
{
	buf_printf(into, "%s = ", item + 1);
	size_t depth = put_cases(cases->none, "", into);
	depth += put_cases(cases->off, "", into);
	if (strcmp(cases->other, cases->text) != 0) {
		depth += put_cases(cases->first, cases->other, into);
		depth += put_cases(cases->second, cases->other, into);
	}
	buf_puts(into, cases->text);
	while (depth-- > 0)
		buf_puts(into, "}}");
	buf_putc(into, '\n');
}

static void put_ref(struct buf *text, enum list list, bool is_last, struct buf *missing)
{
	if (!put_item(text, lists[list].name, lists[list].item, is_last))
		buf_printf(missing, "%s = %s\n", lists[list].name, lists[list].item);
}

static bool has_items(const struct buf *text, const char *list)
{
	auto_main_cf cf;
	auto_buf raw = BUF_INIT;
	main_cf_parse(&cf, buf_text(text), text->len);
	main_cf_raw(&cf, list, &raw);
	return buf_text(&raw)[strspn(buf_text(&raw), ", \t\r\n")] != '\0';
}

static bool has_any(const char *const *services)
{
	return services && services[0];
}

/* The relation of the two lists: our item is never in one twice. */
struct reach {
	bool from_non; /* non_smtpd_milters includes smtpd_milters */
	bool to_non;   /* ... or the other way */
};

static struct reach find_reach(const struct buf *text)
{
	struct reach reach;
	reach.from_non = reaches(buf_text(text), text->len, lists[NON_SMTPD].name,
	                         lists[SMTPD].name, lists[SMTPD].item);
	reach.to_non =
		!reach.from_non && reaches(buf_text(text), text->len, lists[SMTPD].name,
	                                   lists[NON_SMTPD].name, lists[NON_SMTPD].item);
	return reach;
}

void main_milter_add(struct main_request *request, struct main_milter milter)
{
	struct main_milter *end = request->milter;
	while (end->name)
		end++;
	/* a fault of this program: MAIN_MILTERS is too small */
	if (end == request->milter + MAIN_MILTERS - 1)
		abort();
	*end = milter;
}

const struct main_milter *main_milter_find(const struct main_request *request,
                                           const char *name)
{
	for (const struct main_milter *one = request->milter; one->name; one++)
		if (strcmp(one->name, name) == 0)
			return one;
	return NULL;
}

const struct main_milter *main_milter_signing(const struct main_request *request)
{
	for (const struct main_milter *one = request->milter; one->name; one++)
		if (one->sees_sent)
			return one;
	return NULL;
}

/* The milters of smtpd_milters with that is_first, as "$mailauth_milter, ..."; `sent`: only those
 * that process submitted mail. */
static void add_milters(const struct main_request *request, bool first, bool sent,
                        struct buf *list)
{
	for (const struct main_milter *one = request->milter; one->name; one++)
		if (one->in_smtpd && one->is_first == first && (one->sees_sent || !sent))
			buf_printf(list, "%s$mailauth_%s", list->len ? ", " : "",
			           one->name);
}

/* The milters of smtpd services: one item first for mail from outside, one last for submission, if
 * an administrator's milters are between them. */
static void put_smtpd(struct buf *text, const struct main_request *request,
                      struct reach reach, struct buf *params, struct buf *missing)
{
	const char *const *programs =
		reach.from_non || reach.to_non ? request->cleanup : NULL;
	const char *const *cleanup = request->is_local_off ? NULL : programs;
	enum list list = reach.to_non ? NON_SMTPD : SMTPD;
	auto_buf all = BUF_INIT, first = BUF_INIT, sent = BUF_INIT;
	add_milters(request, true, false, &first);
	add_milters(request, false, true, &sent);
	bool is_guard_apart = first.len && has_items(text, lists[list].name);
	const char *signs = buf_text(&sent);
	if (!is_guard_apart)
		add_milters(request, true, false, &all);
	add_milters(request, false, false, &all);
	/* an admin's own item for the signing filter stands somewhere in his list */
	bool is_last = request->is_last || !*signs;
	bool is_split = !is_last && list == SMTPD && has_items(text, lists[SMTPD].name) &&
	                (has_any(request->submission) || has_any(cleanup));
	struct cases cases = { .none = request->unmiltered,
		               .off = request->is_local_off ? programs : NULL,
		               .first = request->submission,
		               .second = cleanup,
		               .other = is_split ? "" : signs,
		               .text = buf_text(&all) };
	if (all.len) {
		put_param(lists[list].item, &cases, params);
		put_ref(text, list, is_last, missing);
	}
	if (is_guard_apart) {
		struct cases guard = cases;
		guard.other = "";
		guard.text = buf_text(&first);
		put_param(lists[GUARD].item, &guard, params);
		put_ref(text, reach.to_non ? NON_GUARD : GUARD, false, missing);
	}
	if (!is_split)
		return;
	cases.other = signs;
	cases.text = "";
	put_param(lists[SUBMISSION].item, &cases, params);
	put_ref(text, SUBMISSION, true, missing);
}

/* An administrator's own item of the signing filter is kept, for the services that may use it. */
static void put_own(struct buf *text, const struct main_request *request,
                    struct buf *params)
{
	const struct cases cases = {
		.none = request->unmiltered,
		.first = request->is_local_off ? request->cleanup : NULL,
		.other = "",
		.text = "yes",
	};
	bool is_needed = has_any(cases.none) || has_any(cases.first);
	if (!is_needed || (!request->own_smtpd && !request->own_non_smtpd))
		return;
	put_param("$mailauth_own", &cases, params);
	if (request->own_smtpd)
		main_own_put(text, lists[SMTPD].name, request->own_smtpd);
	if (request->own_non_smtpd)
		main_own_put(text, lists[NON_SMTPD].name, request->own_non_smtpd);
}

/* Macros that an administrator's own list withholds from the filters; the built-in one has all. */
static void put_macros(struct buf *text, struct buf *params)
{
	auto_main_cf cf;
	auto_buf lacking = BUF_INIT;
	main_cf_parse(&cf, buf_text(text), text->len);
	macros_lacking(&cf, NULL, &lacking);
	if (!lacking.len)
		return;
	buf_printf(params, "%s = %s\n", &MAIN_MACROS_REF[1], buf_text(&lacking));
	(void)put_item(text, lists[MACROS].name, MAIN_MACROS_REF, true);
}

static void put_milters(struct buf *text, const struct main_request *request,
                        struct buf *params, struct buf *missing)
{
	struct reach reach = { 0 };
	auto_buf non = BUF_INIT;
	bool has_smtpd = false, has_outside = false;
	put_own(text, request, params);
	for (const struct main_milter *one = request->milter; one->name; one++) {
		has_smtpd |= one->in_smtpd;
		has_outside |= one->in_smtpd && !one->sees_sent;
		if (one->in_non_smtpd)
			buf_printf(&non, "%s$mailauth_%s", non.len ? ", " : "",
			           one->name);
		if (one->in_smtpd || one->in_non_smtpd)
			buf_printf(params, "mailauth_%s = %s\n", one->name, one->item);
	}
	bool has_non = non.len > 0;
	if (request->milter[0].name)
		put_macros(text, params);
	if (!has_smtpd && !has_non)
		return;
	if (has_non || has_outside || request->is_local_off)
		reach = find_reach(text);
	if (has_smtpd)
		put_smtpd(text, request, reach, params, missing);
	if (has_non && !(has_smtpd && (reach.from_non || reach.to_non))) {
		const struct cases cases = { .none = request->unmiltered,
			                     .other = "",
			                     .text = buf_text(&non) };
		put_param(lists[NON_SMTPD].item, &cases, params);
		put_ref(text, NON_SMTPD, true, missing);
	}
}

/* After an administrator's own tables, whose entries take precedence.  Without the classes headers
 * would be rewritten too; if they are set, they have the required value (postfix_srs.c). */
static void put_srs(struct buf *text, const struct main_request *request,
                    struct buf *params, struct buf *missing)
{
	const struct {
		enum list list;
		const char *value;
		bool is_wanted;
	} rows[] = {
		{ SRS_SENDER, request->srs_forward, true },
		{ SRS_CLASSES, "envelope_sender",
		  !has_items(text, lists[SRS_CLASSES].name) },
		{ SRS_RECIPIENT, request->srs_reverse, true },
		{ SRS_LMTP, request->srs_reverse, true },
	};
	for (size_t i = 0; request->srs_forward && i < ARRAY_LEN(rows); i++) {
		if (!rows[i].is_wanted)
			continue;
		buf_printf(params, "%s = %s\n", lists[rows[i].list].item + 1,
		           rows[i].value);
		put_ref(text, rows[i].list, true, missing);
	}
}

void main_cf_render(const char *text, size_t len, const struct main_request *request,
                    struct buf *into)
{
	auto_buf body = BUF_INIT, params = BUF_INIT, missing = BUF_INIT;
	main_cf_strip(text, len, &body);
	put_milters(&body, request, &params, &missing);
	if (request->policy)
		put_policy(&body, request, &params, &missing);
	for (const struct main_milter *one = request->milter; one->name; one++)
		if (one->asks_policyd && !strstr(buf_text(&params), MAIN_TIME_LIMIT))
			buf_puts(&params, MAIN_TIME_LIMIT " = 3600\n");
	put_srs(&body, request, &params, &missing);
	bool breaks = body.len > 0 && body.at[body.len - 1] != '\n';
	buf_add(into, buf_text(&body), body.len);
	if (!params.len)
		return;
	buf_printf(into,
	           "%s" MARKED_BEGIN
	           "%s (the lines up to the end mark are mailauthctl's)\n",
	           breaks ? "\n" : "", breaks ? MARKED_NO_BREAK : "");
	buf_printf(into, "%s%s" MARKED_END "\n", buf_text(&params), buf_text(&missing));
}

const struct shared_format main_cf_format = { "main.cf", main_cf_ours, true, false };
