/*
 * First look-ups: table zone_look.
 *
 * A row means that the zone of `name` was queried for our record `ref`, whatever the answer was: no
 * name is queried twice, and a silent zone delays one export only.  With `had` the record is left
 * out; rows of selectors that were used also exclude them for later keys.
 */
#include "core/model/record/first_look.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/names.h"
#include "core/base/text.h"
#include "core/model/key/key.h"
#include "core/model/record/record_text.h"
#include "core/store/change.h"
#include "dnszone/dkim/livecheck.h"
#include "dnszone/name/rr.h"

#define HAD_MAX 400 /* octets of a found record that are stored */
#define KEY_MARK "._domainkey"

void first_look_done(struct first_look *look)
{
	for (size_t i = 0; i < look->count; i++) {
		struct look_item *item = &look->item[i];
		free(item->ref);
		free(item->owner);
		free(item->type);
		free(item->rdata);
		free(item->had);
		free(item->selector);
	}
	free(look->item);
	free(look->name);
	zone_look_done(&look->zone);
	*look = (struct first_look){ 0 };
}

static bool is_key(const char *source)
{
	return strcmp(source, "dkim") == 0;
}

static bool is_explicit(const char *source)
{
	return strcmp(source, "own") == 0 || strcmp(source, "edited") == 0;
}

/* ---- what is asked for ----------------------------------------------------------------------- */

/* The length of the tag that identifies a TXT record ("v=spf1", "v=STSv1"); 0: none. */
static size_t tag_length(const char *type, const char *rdata)
{
	bool has_tag = strcmp(type, "TXT") == 0 && strncasecmp(rdata, "v=", 2) == 0;
	return has_tag ? strcspn(rdata, " ;") : 0;
}

/* The name of our record in zone_look; NULL: a record that cannot be duplicated.  Caller frees. */
static char *ref_of(const struct record_row *row, const char *name)
{
	size_t len = strlen(row->owner), name_len = strlen(name);
	if (is_key(row->source) || strcmp(row->source, "policy") == 0)
		return len > name_len ? xmemdup(row->owner, len - name_len - 1) : NULL;
	bool is_at_name = strcmp(row->owner, name) == 0;
	bool can_double = !is_at_name || tag_length(row->type, row->rdata);
	return *row->id && can_double ? xstrdup(row->id) : NULL;
}

static int load_refs(struct store *store, const char *name, struct names *refs,
                     struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err, "SELECT ref FROM zone_look WHERE name = ?",
	                    "t", name);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0)
		names_add(refs, stmt_text(stmt, 0));
	return r;
}

int first_look_is_due(struct store *store, const char *name,
                      const struct record_list *list, bool *ret_is_due, struct err *err)
{
	auto_names asked = { 0 };
	bool is_due = false;
	int r = load_refs(store, name, &asked, err);
	for (size_t i = 0; r >= 0 && !is_due && i < list->count; i++) {
		auto_free char *ref = ref_of(&list->row[i], name);
		is_due = ref && !names_has(&asked, ref);
	}
	if (r >= 0)
		*ret_is_due = is_due;
	return r;
}

int first_look_collect(struct store *store, const char *name,
                       const struct record_list *list, bool is_every,
                       struct first_look *look, struct err *err)
{
	auto_names asked = { 0 };
	int r = is_every ? 0 : load_refs(store, name, &asked, err);
	if (r < 0)
		return r;
	look->name = xstrdup(name);
	look->zone.name = xstrdup(name);
	for (size_t i = 0; i < list->count; i++) {
		const struct record_row *row = &list->row[i];
		auto_free char *ref = ref_of(row, name);
		if (!ref || names_has(&asked, ref))
			continue;
		GROW(look->item, look->count, look->room);
		look->item[look->count++] =
			(struct look_item){ .ref = xstrdup(ref),
			                    .owner = xstrdup(row->owner),
			                    .type = xstrdup(row->type),
			                    .rdata = xstrdup(row->rdata),
			                    .source = row->source,
			                    .kind = row->kind };
		zone_look_add(&look->zone, row->owner);
	}
	return 0;
}

/* ---- what it means --------------------------------------------------------------------------- */

/* Stored, listed and printed: foreign octets become \DDD, and FIRST_LOOK_CUT ends a truncated text.
 */
static char *printable(const char *type, const char *text)
{
	auto_buf out = BUF_INIT;
	buf_printf(&out, "%s ", type);
	const char *c = text;
	for (; *c && out.len < HAD_MAX; c++) {
		unsigned char octet = (unsigned char)*c;
		if (octet < 0x20 || octet > 0x7e)
			buf_printf(&out, "\\%03u", (unsigned)octet);
		else
			buf_putc(&out, *c);
	}
	if (*c)
		buf_puts(&out, FIRST_LOOK_CUT);
	return buf_take(&out);
}

static bool is_same_as(enum live_kind kind, const char *shown, const char *record)
{
	const struct dns_rdata rdata = { .octets = (const uint8_t *)shown,
		                         .len = strlen(shown) };
	const struct dns_answer answer = { .kind = DNS_OK, .count = 1, .rdata = &rdata };
	struct live_answer live;
	livecheck_judge(kind, &answer, "", record, &live);
	return live.state == LIVE_SEEN;
}

/* Whether the text would be a second one of its kind next to ours. */
static bool is_rival(const struct look_item *item, const char *shown)
{
	size_t tag = tag_length(item->type, item->rdata);
	if (is_key(item->source) || strcmp(item->source, "policy") == 0)
		return true;
	return tag && strncasecmp(shown, item->rdata, tag) == 0 &&
	       (shown[tag] == '\0' || strchr(" ;", shown[tag]));
}

static bool is_ours(const struct look_item *item, const char *shown, const char *exported)
{
	if (is_key(item->source))
		return is_same_as(LIVE_DKIM, shown, item->rdata);
	if (strcmp(shown, item->rdata) == 0 ||
	    is_same_as(LIVE_POLICY, shown, item->rdata))
		return true;
	/* as an earlier export published it: "<owner>. <ttl> IN TXT ..." */
	auto_buf line = BUF_INIT;
	rr_put_line(&line, item->owner, 0, "TXT", shown);
	size_t head = strlen(item->owner) + strlen(". 0");
	return exported && strstr(exported, item->owner) &&
	       strstr(exported, buf_text(&line) + head);
}

static void judge_item(struct look_item *item, const struct zone_owner *zone,
                       enum look_way way, const char *exported)
{
	bool has_ours = false;
	item->outcome = LOOK_FREE;
	if (!zone || zone->state == ZONE_SILENT) {
		item->outcome = LOOK_SILENT;
		return;
	}
	if (zone->alias && !(way == LOOK_EXTERNAL && is_key(item->source))) {
		auto_free char *target = xasprintf("%s.", zone->alias);
		bool is_same = strcmp(item->type, "CNAME") == 0 &&
		               strcasecmp(item->rdata, target) == 0;
		item->outcome = is_same ? LOOK_OURS : LOOK_TAKEN;
		item->had = is_same ? NULL : printable("CNAME", target);
		return;
	}
	for (size_t i = 0; i < zone->count && !item->had; i++) {
		if (!is_rival(item, zone->text[i]))
			continue;
		if (is_ours(item, zone->text[i], exported))
			has_ours = true;
		else
			item->had = printable("TXT", zone->text[i]);
	}
	if (item->had)
		item->outcome = LOOK_TAKEN;
	else if (has_ours)
		item->outcome = LOOK_OURS;
}

void first_look_judge(struct first_look *look, enum look_way way, const char *exported)
{
	for (size_t i = 0; i < look->count; i++)
		judge_item(&look->item[i],
		           zone_look_find(&look->zone, look->item[i].owner), way,
		           exported);
}

/* ---- what follows ---------------------------------------------------------------------------- */

/* The key of the record, if no name server ever had it under any name. 1: it exists. */
static int find_fresh_key(struct store *store, const struct domain *domain,
                          const char *ref, int64_t *ret_id, struct err *err)
{
	size_t len = strlen(ref) - strlen(KEY_MARK);
	auto_free char *selector = xmemdup(ref, len);
	return store_get_int(
		store, ret_id, err,
		"SELECT k.id FROM dkim_key k WHERE k.domain_id = ? AND k.selector = ?"
		" AND NOT EXISTS (SELECT 1 FROM key_public p WHERE p.key_id = k.id"
		" AND (p.exported IS NOT NULL OR p.seen IS NOT NULL))",
		"it", domain->main_id ? domain->main_id : domain->id, selector);
}

static int reselect(struct store *store, const struct domain *domain,
                    struct look_item *item, int64_t key_id, struct err *err)
{
	size_t len = strlen(item->ref) - strlen(KEY_MARK);
	auto_free char *before = xmemdup(item->ref, len);
	int64_t main_id = domain->main_id ? domain->main_id : domain->id;
	int r = key_next_selector(store, main_id, before, &item->selector, err);
	if (r >= 0)
		r = store_exec(store, err,
		               "UPDATE dkim_key SET selector = ? WHERE id = ?", "ti",
		               item->selector, key_id);
	if (r >= 0)
		r = change_note(store, "key",
		                domain->main_id ? domain->main_name : domain->name,
		                "selector", before, item->selector, err);
	if (r >= 0)
		item->result = LOOK_RESELECTED;
	return r;
}

/* In the trail, a template record that is left out is recorded as removed from the domain. */
static int note_left_out(struct store *store, const struct domain *domain,
                         const struct look_item *item, struct err *err)
{
	if (strcmp(item->source, "template") != 0)
		return change_note(store, "key", domain->name, item->ref, "published",
		                   "left out", err);
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT owner || ' ' || type, rdata, coalesce(ttl, -2)"
	                    " FROM template_record WHERE rev = ? AND 't' || uid = ?",
	                    "it", domain->template_rev, item->ref);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r <= 0)
		return r;
	auto_free char *before = record_text_audit(stmt_text(stmt, 1), stmt_int(stmt, 2));
	return change_note_ref(store, "record", domain->name, stmt_text(stmt, 0),
	                       item->ref, before, NULL, err);
}

static int remember(struct store *store, const struct ctx *ctx, const char *name,
                    const char *ref, const char *had, struct err *err)
{
	return store_exec(store, err,
	                  "INSERT INTO zone_look (name, ref, at, had) VALUES (?, ?, ?, ?)"
	                  " ON CONFLICT DO UPDATE SET at = excluded.at,"
	                  " had = excluded.had",
	                  "ttit", name, ref, ctx_now(ctx), had);
}

static int save_item(struct store *store, const struct ctx *ctx,
                     const struct domain *domain, struct look_item *item,
                     enum look_way way, struct err *err)
{
	int64_t key_id = 0;
	bool is_taken = item->outcome == LOOK_TAKEN;
	int r = 0;
	item->result = LOOK_PUBLISHED;
	if (is_taken && is_key(item->source))
		r = find_fresh_key(store, domain, item->ref, &key_id, err);
	if (r > 0)
		r = reselect(store, domain, item, key_id, err);
	else if (r == 0 && is_taken && way == LOOK_INCLUDE &&
	         !is_explicit(item->source)) {
		item->result = LOOK_LEFT_OUT;
		r = note_left_out(store, domain, item, err);
	}
	bool has_row = way != LOOK_EXTERNAL || item->result == LOOK_RESELECTED;
	if (r >= 0 && has_row)
		r = remember(store, ctx, domain->name, item->ref,
		             item->result == LOOK_PUBLISHED ? NULL : item->had, err);
	return r < 0 ? r : 0;
}

int first_look_save(struct store *store, const struct ctx *ctx, struct first_look *look,
                    enum look_way way, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	int there = domain_look(store, look->name, &domain, err);
	int r = there;
	for (size_t i = 0; there > 0 && r >= 0 && i < look->count; i++)
		r = save_item(store, ctx, &domain, &look->item[i], way, err);
	return r < 0 ? r : 0;
}

/* ---- what is left out ------------------------------------------------------------------------ */

static bool is_derived(const struct record_row *row)
{
	return strcmp(row->source, "template") == 0 || is_key(row->source) ||
	       strcmp(row->source, "policy") == 0;
}

/* The row that the zone's own record replaces: it keeps its id and owner. */
static void take_out(struct record_list *list, size_t i, char *ref, const char *had)
{
	struct record_row *row = &list->row[i];
	const char *data = strchr(had, ' ');
	if (!*row->id) {
		free(row->id);
		row->id = xstrdup(ref);
	}
	free(row->type);
	free(row->rdata);
	row->type = xmemdup(had, (size_t)(data - had));
	row->rdata = xstrdup(data + 1);
	row->source = "zone";
	list->had = xreallocarray(list->had, list->had_count + 1, sizeof(*list->had));
	list->had[list->had_count++] = *row;
	list->row[i] = list->row[--list->count];
}

int first_look_take_out(struct store *store, const char *name, struct record_list *list,
                        struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT ref, had FROM zone_look WHERE name = ?"
	                    " AND had IS NOT NULL ORDER BY ref",
	                    "t", name);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0)
		for (size_t i = list->count; i > 0; i--) {
			struct record_row *row = &list->row[i - 1];
			auto_free char *ref = ref_of(row, name);
			if (is_derived(row) && ref &&
			    strcmp(ref, stmt_text(stmt, 0)) == 0 &&
			    strchr(stmt_text(stmt, 1), ' '))
				take_out(list, i - 1, ref, stmt_text(stmt, 1));
		}
	return r;
}
