/*
 * Records before and after.  Before is what a second connection sees, which knows nothing of the open
 * transaction; after is the transaction.  Only domains that the change has moved are compared, and of
 * many only the first: a setting of the server may touch 100,000 zones.
 */
#include "cli/app/diffview.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/key/publish.h"
#include "core/model/key/signing.h"
#include "core/model/record/records.h"
#include "core/model/record/records_diff.h"
#include "core/model/setting/env.h"
#include "core/model/setting/setting.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/diff.h"
#include "core/mta/push/backend_choose.h"
#include "core/store/schema.h"
#include "dnszone/name/rr.h"

enum {
	ZONES_SHOWN = 10,     /* on a terminal */
	ZONES_SHOWN_WIDE = 3, /* where all of them change alike */
	ZONES_LISTED = 1000,  /* in JSON */
	WAITS_SHOWN = 10,
};

void diffview_done(struct diffview *view)
{
	for (size_t i = 0; i < view->records; i++) {
		free(view->record[i].zone);
		free(view->record[i].owner);
		free(view->record[i].type);
		free(view->record[i].rdata);
	}
	free(view->record);
	for (size_t i = 0; i < view->waits; i++) {
		free(view->wait[i].domain);
		free(view->wait[i].reason);
	}
	free(view->wait);
	export_state_done(&view->export);
}

/* ---- one side -------------------------------------------------------------------------------- */

/* The store before or after, with what its placeholders stand for. */
struct side {
	struct store *store; /* NULL: there is none */
	struct env env;
	struct records *records;
};

static void side_done(struct side *side)
{
	records_free(side->records);
	env_done(&side->env);
}

static int side_load(struct app *app, struct store *store, struct side *side,
                     struct err *err)
{
	auto_free char *hostname = NULL;
	side->store = store;
	if (!store)
		return 0;
	int r = backend_hostname(&app->ctx, store, &hostname, err);
	if (r >= 0)
		r = env_load(&app->ctx, store, hostname, &side->env, err);
	return r < 0 ? r : records_new(store, &side->env, &side->records, err);
}

/* What a name's zone holds, or should at the DNS server that serves it. */
static int side_list(struct side *side, const char *name, struct record_list *list,
                     struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	const char *service = "off";
	if (!side->store)
		return 0;
	int there = domain_look(side->store, name, &domain, err);
	int r = there;
	if (there > 0)
		r = records_service_of(side->records, &domain, &service, err);
	if (r < 0)
		return r;
	return strcmp(service, "off") != 0
	               ? records_of_domain(side->records, &domain, list, err)
	               : records_of_former(side->records, name, false, list, err);
}

/* ---- the comparison -------------------------------------------------------------------------- */

struct comparison {
	struct app *app;
	struct diffview *view;
	struct side before, after;
	const char *zone;
	int64_t limit, compared;
};

static int keep_record(void *arg, bool is_added, const struct record_row *row,
                       struct err *err)
{
	struct comparison *of = arg;
	struct diffview *view = of->view;
	(void)err;
	GROW(view->record, view->records, view->record_room);
	view->record[view->records++] = (struct diffview_record){
		.zone = xstrdup(of->zone),
		.is_added = is_added,
		.owner = xasprintf("%s.", row->owner),
		.type = xstrdup(row->type),
		.rdata = xstrdup(row->rdata),
		.ttl = row->ttl,
	};
	return 0;
}

static void take_wait(struct diffview *view, const char *domain, char *reason)
{
	GROW(view->wait, view->waits, view->wait_room);
	view->wait[view->waits++] = (struct diffview_wait){ xstrdup(domain), reason };
}

static int look_at_wait(struct diffview *view, struct store *store, const char *name,
                        struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	char *reason = NULL;
	int r = domain_look(store, name, &domain, err);
	if (r > 0)
		r = publish_waits_for(store, &domain, &reason, err);
	if (r >= 0 && reason)
		take_wait(view, name, reason);
	return r < 0 ? r : 0;
}

/* 1: the caller may see the zone; a customer's change may move an alias that is another's. */
static int is_shown(const struct comparison *of, const char *name, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	bool owns = false;
	if (!app_is_customer(of->app))
		return 1;
	int r = domain_look(of->after.store, name, &domain, err);
	if (r > 0)
		r = app_owns(of->app, domain.id, &owns, err);
	return r < 0 ? r : owns;
}

/* The database's texts live until its statement goes on: what is kept is copied. */
static int compare_zone(void *arg, const char *name, struct err *err)
{
	struct comparison *of = arg;
	auto_record_list before = RECORD_LIST_INIT;
	auto_record_list after = RECORD_LIST_INIT;
	int shown = is_shown(of, name, err);
	if (shown <= 0)
		return shown;
	if (of->compared == of->limit) {
		of->view->omitted++;
		return 0;
	}
	of->compared++;
	of->zone = name;
	int r = side_list(&of->before, name, &before, err);
	if (r >= 0)
		r = side_list(&of->after, name, &after, err);
	if (r >= 0)
		r = records_diff(&before, &after, keep_record, of, err);
	return r < 0 ? r : look_at_wait(of->view, of->after.store, name, err);
}

/* Whether something differs that shows in every zone. */
static int is_wide(const struct comparison *of, struct err *err)
{
	const struct env *old = &of->before.env, *now = &of->after.env;
	if (!of->before.store)
		return 0;
	if (!text_same(old->hostname, now->hostname) || !text_same(old->ip, now->ip) ||
	    !text_same(old->ipv6, now->ipv6))
		return 1;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		auto_free char *before = NULL;
		auto_free char *after = NULL;
		enum setting_key key = (enum setting_key)i;
		if (!(setting_table[i].flags & SETTING_IN_ZONES) ||
		    key == SET_ZONE_FORMAT)
			continue;
		int r = setting_text(of->before.store, key, 0, &before, err);
		if (r >= 0)
			r = setting_text(of->after.store, key, 0, &after, err);
		if (r < 0)
			return r;
		if (strcmp(before, after) != 0)
			return 1;
	}
	return 0;
}

static int compare_first(void *arg, const struct domain *domain, struct err *err)
{
	struct comparison *of = arg;
	int r = compare_zone(of, domain->name, err);
	if (r < 0)
		return r;
	return of->compared == of->limit; /* the rest is counted */
}

static int compare_all(struct comparison *of, struct err *err)
{
	int64_t domains = 0;
	int r = domain_each(of->after.store, 0, NULL, compare_first, of, err);
	if (r >= 0)
		r = domain_count(of->after.store, &domains, err);
	if (r >= 0)
		of->view->omitted = domains - of->compared;
	return r;
}

static int compare_stores(struct app *app, struct store *before, struct diffview *view,
                          struct err *err)
{
	struct comparison of = { .app = app, .view = view };
	bool is_json = out_get_format(app->out) == OUT_FORMAT_JSON;
	struct generation now = { 0, 0 };
	int wide = 0;
	int r = generation_now(app->store, &now, err);
	if (r >= 0)
		r = side_load(app, before, &of.before, err);
	if (r >= 0)
		r = side_load(app, app->store, &of.after, err);
	if (r >= 0)
		r = wide = is_wide(&of, err);
	of.limit = is_json ? ZONES_LISTED : wide > 0 ? ZONES_SHOWN_WIDE : ZONES_SHOWN;
	if (r >= 0)
		r = wide ? compare_all(&of, err)
		         : signing_moved(app->store, now.id - 1, compare_zone, &of, err);
	side_done(&of.before);
	side_done(&of.after);
	return r;
}

/* ---- without a change ------------------------------------------------------------------------ */

struct waiting {
	struct app *app;
	struct diffview *view;
};

static int keep_waiting(void *arg, const char *name, struct err *err)
{
	struct waiting *waiting = arg;
	return look_at_wait(waiting->view, waiting->app->store, name, err);
}

/* What cannot be looked at (a folder that others may write to) is told by the export. */
static int look_at_export(struct app *app, struct diffview *view, struct err *err)
{
	struct waiting waiting = { app, view };
	const struct env *env;
	int64_t count = 0;
	int r = app_env(app, &env, err);
	if (r >= 0 &&
	    export_state_load(&app->ctx, app->store, env, &view->export, err) < 0)
		err_clear(err);
	if (r >= 0)
		r = publish_each_waiting(app->store, WAITS_SHOWN, keep_waiting, &waiting,
		                         &count, err);
	if (r >= 0 && count > WAITS_SHOWN)
		take_wait(view, NULL,
		          xasprintf(_("and %" PRId64 " more domains wait"),
		                    count - WAITS_SHOWN));
	return r;
}

int diffview_load(struct app *app, bool is_changed, struct diffview *view,
                  struct err *err)
{
	auto_store before = NULL;
	int r = 0;
	if (is_changed) {
		r = store_open(app->db_path, &schema_store, STORE_READ, &before, err);
		if (r == ERR_MISSING) {
			err_clear(err);
			r = 0;
		}
		if (r >= 0)
			r = compare_stores(app, before, view, err);
	} else if (app->push.is_explicit && !app->push.is_rollback) {
		r = look_at_export(app, view, err);
	}
	if (r >= 0 && app->push_why) {
		/* "saved; no mail server ...": nothing is saved by a dry run */
		const char *why = strstr(app->push_why, "; ");
		take_wait(view, NULL, xstrdup(why ? why + 2 : app->push_why));
	}
	return r;
}

/* ---- for people ------------------------------------------------------------------------------ */

#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

static void put_coloured(struct buf *out, const char *colour, bool is_coloured,
                         const char *text)
{
	if (is_coloured)
		buf_puts(out, colour);
	buf_puts(out, text);
	if (is_coloured)
		buf_puts(out, PLAIN);
}

static void put_record(struct buf *out, const struct diffview_record *row,
                       bool is_coloured)
{
	auto_buf line = BUF_INIT;
	auto_buf safe = BUF_INIT;
	auto_free char *owner = xmemdup(row->owner, strlen(row->owner) - 1);
	buf_putc(&line, row->is_added ? '+' : '-');
	rr_put_line(&line, owner, row->ttl, row->type, row->rdata);
	size_t len = line.len;
	while (len && buf_text(&line)[len - 1] == '\n')
		len--;
	buf_add(&safe, buf_text(&line), len);
	put_coloured(out, row->is_added ? GREEN : RED, is_coloured, buf_text(&safe));
	buf_putc(out, '\n');
}

static void show_due(const struct diffview *view, bool is_coloured, struct buf *out)
{
	const struct export_state *export = &view->export;
	for (size_t i = 0; i < export->count; i++) {
		const struct export_due *due = &export->row[i];
		const char *before = due->before ? due->before : "";
		const char *after = due->after ? due->after : "";
		auto_free char *path =
			xasprintf("%s/%s.zone", export->directory, due->name);
		auto_free char *old =
			xasprintf("--- %s", due->before ? path : "/dev/null");
		auto_free char *new =
			xasprintf("+++ %s", due->after ? path : "/dev/null");
		put_coloured(out, BOLD, is_coloured, old);
		buf_putc(out, '\n');
		put_coloured(out, BOLD, is_coloured, new);
		buf_putc(out, '\n');
		diff_unified(before, strlen(before), after, strlen(after), is_coloured,
		             out);
	}
	int64_t more = export->due - (int64_t) export->count;
	if (export->due && more > 0)
		buf_printf(out,
		           export->is_exact ? _("and %" PRId64 " more zones\n")
		                            : _("and up to %" PRId64 " more zones\n"),
		           more);
}

void diffview_show_zones(const struct diffview *view, bool is_coloured, struct buf *out)
{
	const char *zone = "";
	for (size_t i = 0; i < view->records; i++) {
		const struct diffview_record *row = &view->record[i];
		if (strcmp(zone, row->zone) != 0) {
			auto_free char *header = xasprintf(_("zone %s"), row->zone);
			put_coloured(out, BOLD, is_coloured, header);
			buf_putc(out, '\n');
		}
		zone = row->zone;
		put_record(out, row, is_coloured);
	}
	if (view->omitted > 0)
		buf_printf(out, _("and up to %" PRId64 " more zones\n"), view->omitted);
	show_due(view, is_coloured, out);
}

void diffview_show_waits(const struct diffview *view, struct buf *out)
{
	for (size_t i = 0; i < view->waits; i++)
		buf_printf(out, "%s%s%s\n",
		           view->wait[i].domain ? view->wait[i].domain : "",
		           view->wait[i].domain ? ": " : "", view->wait[i].reason);
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void emit_records(const struct diffview *view, struct out *out)
{
	static const struct out_column columns[] = {
		{ "zone", N_("Zone"), OUT_TEXT, 0 },
		{ "action", N_("Action"), OUT_TEXT, 0 },
		{ "owner", N_("Owner"), OUT_TEXT, 0 },
		{ "ttl", N_("TTL"), OUT_INT, 0 },
		{ "type", N_("Type"), OUT_TEXT, 0 },
		{ "data", N_("Data"), OUT_TEXT, 0 },
	};
	out_nested_begin(out, "records", N_("Records"), columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < view->records; i++) {
		const struct diffview_record *row = &view->record[i];
		out_text(out, row->zone);
		out_text(out, row->is_added ? "add" : "remove");
		out_text(out, row->owner);
		out_int(out, row->ttl);
		out_text(out, row->type);
		out_text(out, row->rdata);
		out_row_end(out);
	}
	out_nested_end(out);
}

static void emit_due(const struct diffview *view, struct out *out)
{
	static const struct out_column columns[] = {
		{ "zone", N_("Zone"), OUT_TEXT, 0 },
		{ "action", N_("Action"), OUT_TEXT, 0 },
	};
	const struct export_state *export = &view->export;
	out_nested_begin(out, "zones", N_("Zones"), columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < export->count; i++) {
		out_text(out, export->row[i].name);
		out_text(out, export->row[i].after ? "write" : "remove");
		out_row_end(out);
	}
	out_nested_end(out);
}

void diffview_emit(const struct diffview *view, struct out *out)
{
	static const struct out_column columns[] = {
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "reason", N_("Reason"), OUT_TEXT, 0 },
	};
	emit_records(view, out);
	emit_due(view, out);
	out_nested_begin(out, "pending", N_("Pending"), columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < view->waits; i++) {
		out_text(out, view->wait[i].domain);
		out_text(out, view->wait[i].reason);
		out_row_end(out);
	}
	out_nested_end(out);
}
