/*
 * Preparing an export: which zones may differ, their text, their serials, the staged files.
 *
 * A zone is compared if the generation of its domain or former name is later than that of the
 * folder, if its file is not as recorded, and always if a value that appears in every zone (the
 * inputs) differs.  The text is rendered from the records and compared with the file; equal content
 * is not written again.
 */
#include "core/model/export/export.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/names.h"
#include "core/base/signals.h"
#include "core/model/export/export_inner.h"
#include "core/model/key/keyring.h"
#include "core/model/record/first_look.h"
#include "core/model/setting/setting.h"
#include "dnszone/name/rr.h"
#include "dnszone/name/serial.h"

#define STAGE_FAILURES_MAX 10 /* the fault is then the disk's, not that of one file */
#define ZONE_FILE_MODE 0644

int zone_format_now(struct store *store, enum zone_format *ret_format, struct err *err)
{
	auto_free char *text = NULL;
	int r = setting_text(store, SET_ZONE_FORMAT, 0, &text, err);
	if (r >= 0)
		*ret_format = strcmp(text, "full") == 0 ? ZONE_FULL : ZONE_INCLUDE;
	return r;
}

int export_is_included(struct store *store, const struct domain *domain, bool *ret_is,
                       struct err *err)
{
	enum zone_format format;
	bool is_hosted;
	int r = zone_format_now(store, &format, err);
	if (r >= 0)
		r = setting_is(store, SET_DNS_SERVICE, domain->id, "hosted", &is_hosted,
		               err);
	if (r >= 0)
		*ret_is = format == ZONE_INCLUDE && is_hosted;
	return r;
}

/* ---- inputs --------------------------------------------------------------------------------- */

/* dkim.activate does not appear in zones, but determines which keys an export makes ready. */
static bool is_input(size_t key)
{
	return setting_table[key].flags & SETTING_IN_ZONES || key == SET_DKIM_ACTIVATE;
}

static int digest_inputs(struct store *store, const struct env *env,
                         enum zone_format format, struct digest *ret_digest,
                         struct err *err)
{
	struct digest_state *state = digest_new();
	auto_free char *template = NULL;
	int r = 0;
	/* whole zones of former names have the newest template's SOA and NS */
	if (format == ZONE_FULL)
		r = store_get_text(store, &template, err, "SELECT max(rev) FROM template",
		                   "");
	digest_text(state, template);
	digest_text(state, MAILAUTHCTL_VERSION);
	digest_text(state, env->hostname);
	digest_text(state, env->ip);
	digest_text(state, env->ipv6);
	for (size_t key = 0; r >= 0 && key < SETTING_COUNT; key++) {
		auto_free char *text = NULL;
		if (!is_input(key))
			continue;
		r = setting_text(store, (enum setting_key)key, 0, &text, err);
		digest_text(state, text);
	}
	digest_finish(state, ret_digest);
	return r;
}

/* ---- which zones ---------------------------------------------------------------------------- */

static int add_rows(struct names *names, struct stmt *stmt, struct err *err)
{
	int r;
	while ((r = stmt_next(stmt, err)) > 0)
		names_add(names, stmt_text(stmt, 0));
	return r;
}

static int moved_names(struct export *export, struct store *store, bool is_all,
                       struct names *names, struct err *err)
{
	auto_stmt domains = NULL;
	auto_stmt former = NULL;
	auto_stmt keys = NULL;
	int64_t since = is_all ? -1 : export->dir_gen;
	int r = store_query(store, &domains, err, "SELECT name FROM domain WHERE gen > ?",
	                    "i", since);
	if (r >= 0)
		r = add_rows(names, domains, err);
	if (r >= 0)
		r = store_query(store, &former, err,
		                "SELECT name FROM former_name WHERE gen > ?", "i", since);
	if (r >= 0)
		r = add_rows(names, former, err);
	if (r >= 0 && is_all)
		r = store_query(store, &keys, err, "SELECT DISTINCT name FROM former_key",
		                "");
	if (r >= 0 && is_all)
		r = add_rows(names, keys, err);
	for (size_t i = 0; r >= 0 && i < export->known_count; i++)
		if (is_all || export->known[i].is_owed ||
		    !export_is_unchanged(export, &export->known[i]))
			names_add(names, export->known[i].name);
	return r;
}

static int names_to_look_at(struct export *export, struct store *store,
                            const struct export_request *request, struct names *names,
                            struct err *err)
{
	bool is_all = !export->dir_id || memcmp(&export->inputs, &export->dir_inputs,
	                                        sizeof(export->inputs)) != 0;
	int r = 0;
	export->is_complete = request->count == 0;
	for (size_t i = 0; i < request->count; i++)
		names_add(names, request->names[i]);
	if (request->count == 0)
		r = moved_names(export, store, is_all, names, err);
	names_sort(names);
	return r;
}

/* ---- text and serial ------------------------------------------------------------------------ */

struct zone {
	const char *name;
	enum zone_format format;
	uint32_t serial;
	struct digest digest; /* of the text with serial 0 */
	bool is_new_serial;
};

/* Equal content keeps its serial, other content gets the next one. */
static int choose_serial(const struct ctx *ctx, struct store *store, struct zone *zone,
                         struct err *err)
{
	auto_stmt stmt = NULL;
	uint32_t last = 0;
	int r = store_query(store, &stmt, err,
	                    "SELECT serial, digest FROM zone_serial WHERE name = ?", "t",
	                    zone->name);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r < 0)
		return r;
	if (r > 0) {
		size_t len;
		const void *octets = stmt_blob(stmt, 1, &len);
		last = (uint32_t)stmt_int(stmt, 0);
		if (len == sizeof(zone->digest) &&
		    memcmp(octets, &zone->digest, len) == 0) {
			zone->serial = last;
			return 0;
		}
	}
	zone->serial = serial_next(last, ctx_now(ctx));
	zone->is_new_serial = true;
	return 0;
}

static int zone_text(const struct ctx *ctx, struct store *store,
                     const struct record_list *list, struct zone *zone, struct buf *out,
                     struct err *err)
{
	auto_buf text = BUF_INIT;
	size_t at = 0;
	if (zone->format != ZONE_FULL)
		return records_put_zone(list, zone->name, zone->format, out, &at, err);
	int r = records_put_zone(list, zone->name, zone->format, &text, &at, err);
	if (r < 0)
		return r;
	digest_of(buf_text(&text), text.len, &zone->digest);
	r = choose_serial(ctx, store, zone, err);
	if (r < 0)
		return r;
	buf_add(out, text.at, at);
	buf_printf(out, "%u", (unsigned)zone->serial);
	buf_add(out, text.at + at + 1, text.len - at - 1);
	return 0;
}

static int keep_serial(struct store *store, const struct zone *zone, struct err *err)
{
	if (!zone->is_new_serial)
		return 0;
	return store_exec(
		store, err,
		"INSERT INTO zone_serial (name, serial, digest) VALUES (?, ?, ?)"
		" ON CONFLICT DO UPDATE SET serial = excluded.serial,"
		" digest = excluded.digest",
		"tio", zone->name, (int64_t)zone->serial, zone->digest.at,
		sizeof(zone->digest.at));
}

int export_preview(const struct ctx *ctx, struct store *store, struct records *records,
                   const struct domain *domain, enum zone_format format, struct buf *out,
                   struct err *err)
{
	struct zone zone = { .name = domain->name, .format = format };
	auto_record_list list = RECORD_LIST_INIT;
	auto_buf text = BUF_INIT;
	int r = records_of_domain(records, domain, &list, err);
	if (r >= 0)
		r = records_check(&list, domain->name, err);
	if (r >= 0)
		r = zone_text(ctx, store, &list, &zone, &text, err);
	if (r >= 0)
		buf_add(out, buf_text(&text), text.len);
	return r;
}

/* ---- one zone ------------------------------------------------------------------------------- */

/* State that all zones share. */
struct work {
	struct export *export;
	struct store *store;
	struct records *records;
	bool is_named; /* an administrator named these zones */
	size_t not_staged;
	char *last_sentence; /* the same fault of many zones is reported once */
	size_t repeated;
};

static void flush_repeated(struct work *work)
{
	if (work->repeated)
		ctx_report(work->export->ctx, REPORT_ERROR,
		           ngettext("and the same for %zu more zone",
		                    "and the same for %zu more zones", work->repeated),
		           work->repeated);
	work->repeated = 0;
}

static void fail_item(struct work *work, struct export_item *item, struct err *err)
{
	item->action = EXPORT_FAILED;
	item->has_file = export_find_known(work->export, item->name) != NULL;
	work->export->failed++;
	if (work->last_sentence && strcmp(work->last_sentence, err->text) == 0) {
		work->repeated++;
	} else {
		flush_repeated(work);
		ctx_report(work->export->ctx, REPORT_ERROR, "%s: %s", item->name,
		           err->text);
		free(work->last_sentence);
		work->last_sentence = xstrdup(err->text);
	}
	err_clear(err);
}

static int note_unasked(struct work *work, const char *name,
                        const struct record_list *list, struct err *err)
{
	struct export *export = work->export;
	bool is_due = false;
	int r = export->is_asking
	                ? first_look_is_due(work->store, name, list, &is_due, err)
	                : 0;
	if (r < 0 || !is_due)
		return r;
	names_add(&export->unasked, name);
	return 0;
}

/* The records of its zone; *ret_is_wanted false: the zone must not exist. */
static int zone_records(struct work *work, const char *name, struct record_list *list,
                        bool *ret_is_wanted, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	const char *service = "";
	int there = domain_look(work->store, name, &domain, err);
	int r = there;
	if (there > 0)
		r = records_service_of(work->records, &domain, &service, err);
	if (r < 0)
		return r;
	if (strcmp(service, "hosted") == 0) {
		*ret_is_wanted = true;
		r = records_of_domain(work->records, &domain, list, err);
		return r < 0 ? r : note_unasked(work, name, list, err);
	}
	if (work->is_named && there > 0)
		ctx_report(work->export->ctx, REPORT_NOTE,
		           _("%s: dns.service is %s, so its zone is not exported"), name,
		           service);
	r = records_of_former(work->records, name, work->export->format == ZONE_FULL,
	                      list, err);
	*ret_is_wanted = list->count > 0;
	return r;
}

/* A file that an administrator's zone may include is not removed: without it a name server refuses
 * the whole zone.  Files of whole zones are not included anywhere, unless they were exported for
 * that before. */
int export_want_empty(const struct export *export, struct store *store, const char *name,
                      enum export_want *ret_want, struct err *err)
{
	struct export_known ignored;
	int64_t was_kept = 0;
	int r = store_get_int(
		store, &was_kept, err,
		"SELECT kept FROM export_file WHERE dir_id = ? AND name = ?", "it",
		export->dir_id, name);
	if (r < 0)
		return r;
	bool is_there = r > 0 || export_stat(export, name, &ignored);
	bool stays = export->format == ZONE_INCLUDE ? is_there : was_kept != 0;
	*ret_want = stays ? EXPORT_WANT_KEPT : EXPORT_WANT_NONE;
	return 0;
}

void export_put_kept(struct buf *out, const char *name)
{
	buf_printf(out,
	           "; %s has no records here any more.  This file stays for a zone that\n"
	           "; includes it; when no $INCLUDE line names it, remove it with\n"
	           "; mailauthctl zone forget %s\n",
	           name, name);
}

static void remove_item(struct work *work, struct export_item *item)
{
	struct export_known ignored;
	bool is_there = export_stat(work->export, item->name, &ignored);
	item->action = is_there || export_find_known(work->export, item->name)
	                       ? EXPORT_REMOVED
	                       : EXPORT_UNCHANGED;
}

static bool has_keys(const struct record_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->row[i].source, "dkim") == 0)
			return true;
	return false;
}

static void note_nameless(struct export *export, const struct record_list *list,
                          const char *name)
{
	for (size_t i = 0; i < list->lacking_count; i++)
		if (strcmp(list->lacking[i], "hostname") == 0) {
			export->nameless =
				export->nameless_count++ ? export->nameless : name;
			return;
		}
}

/* Stages the text if the file differs. */
static int stage_text(struct work *work, struct export_item *item, const struct buf *text,
                      struct err *err)
{
	struct export *export = work->export;
	const struct export_known *known = export_find_known(export, item->name);
	size_t records;
	item->has_file = true;
	if (export_holds(export, item->name, text)) {
		item->action = EXPORT_UNCHANGED;
		/* a run that ended before its reload left the right content */
		item->is_owed =
			!known || known->is_owed || !export_is_unchanged(export, known);
		return 0;
	}
	item->action = EXPORT_WRITTEN;
	item->is_owed = true;
	int r = item->is_kept
	                ? 0
	                : zone_read_back(buf_text(text), text->len, item->name,
	                                 export->format == ZONE_FULL, &records, err);
	if (r < 0 || export->is_dry_run || export->unasked.count)
		return r;
	char file[EXPORT_FILE_SIZE];
	r = file_folder_stage(export->folder, export_file(item->name, file),
	                      buf_text(text), text->len, ZONE_FILE_MODE, err);
	item->is_staged = r >= 0;
	work->not_staged += r < 0;
	return r;
}

/* A name without records: its file is removed, or kept without records. */
static int empty_item(struct work *work, struct export_item *item, struct err *err)
{
	enum export_want want;
	auto_buf text = BUF_INIT;
	int r = export_want_empty(work->export, work->store, item->name, &want, err);
	if (r < 0)
		return r;
	if (want == EXPORT_WANT_NONE) {
		remove_item(work, item);
		return 0;
	}
	item->is_kept = true;
	export_put_kept(&text, item->name);
	return stage_text(work, item, &text, err);
}

static int look_at(struct work *work, struct export_item *item, struct err *err)
{
	struct export *export = work->export;
	struct zone zone = { .name = item->name, .format = export->format };
	auto_record_list list = RECORD_LIST_INIT;
	auto_buf text = BUF_INIT;
	bool is_wanted = false;
	int r = zone_records(work, item->name, &list, &is_wanted, err);
	if (r >= 0 && !is_wanted)
		return empty_item(work, item, err);
	/* prepared again after the zones have answered: nothing of this one is used */
	if (r >= 0 && export->unasked.count && !export->is_dry_run)
		return 0;
	if (r >= 0)
		r = records_check(&list, item->name, err);
	if (r >= 0)
		r = zone_text(export->ctx, work->store, &list, &zone, &text, err);
	if (r >= 0)
		r = keep_serial(work->store, &zone, err);
	if (r < 0)
		return r;
	item->has_keys = has_keys(&list);
	r = stage_text(work, item, &text, err);
	if (r >= 0 && item->action == EXPORT_WRITTEN)
		note_nameless(export, &list, item->name);
	return r;
}

/* A name that others cannot resolve is not published (env_is_public_name()). */
static void say_nameless(const struct export *export)
{
	if (!export->nameless)
		return;
	auto_free char *more =
		export->nameless_count > 1
			? xasprintf(_(" and %zu more"), export->nameless_count - 1)
			: xstrdup("");
	ctx_report(export->ctx, REPORT_NOTE,
	           _("%s%s: records with <hostname> are left out because the public "
	             "host name of this server is not known; run \"mailauthctl server "
	             "set mta.hostname <name>\""),
	           export->nameless, more);
}

static int look_at_all(struct work *work, const struct names *names, struct err *err)
{
	struct export *export = work->export;
	for (size_t i = 0; i < names->count; i++) {
		if (signals_is_cancelled())
			return err_set(err, ERR_CANCELLED,
			               _("the export was interrupted"));
		if (work->not_staged >= STAGE_FAILURES_MAX) {
			ctx_report(export->ctx, REPORT_ERROR,
			           ngettext("the next export writes %zu more zone",
			                    "the next export writes %zu more zones",
			                    names->count - i),
			           names->count - i);
			export->is_complete = false;
			break;
		}
		GROW(export->item, export->count, export->room);
		struct export_item *item = &export->item[export->count++];
		*item = (struct export_item){ .name = xstrdup(names->name[i]) };
		struct export_known *known = export_find_known(export, item->name);
		if (known)
			known->is_looked_at = true;
		if (look_at(work, item, err) < 0)
			fail_item(work, item, err);
	}
	flush_repeated(work);
	say_nameless(export);
	return 0;
}

int export_render(struct export *export, struct store *store, struct records *records,
                  const char *name, struct buf *out, enum export_want *ret_want,
                  struct err *err)
{
	struct work work = { .export = export, .store = store, .records = records };
	struct zone zone = { .name = name, .format = export->format };
	auto_record_list list = RECORD_LIST_INIT;
	enum export_want want = EXPORT_WANT_ZONE;
	bool is_wanted = false;
	int r = zone_records(&work, name, &list, &is_wanted, err);
	if (r >= 0 && is_wanted)
		r = records_check(&list, name, err);
	if (r >= 0 && is_wanted)
		r = zone_text(export->ctx, store, &list, &zone, out, err);
	if (r >= 0 && !is_wanted)
		r = export_want_empty(export, store, name, &want, err);
	if (r < 0)
		return r;
	if (want == EXPORT_WANT_KEPT)
		export_put_kept(out, name);
	*ret_want = want;
	return 0;
}

/* ---- all ------------------------------------------------------------------------------------ */

int export_open_look(struct export *export, struct store *store, struct err *err)
{
	auto_free char *path = NULL;
	int r = setting_text(store, SET_ZONE_DIRECTORY, 0, &path, err);
	if (r >= 0)
		r = zone_format_now(store, &export->format, err);
	return r < 0 ? r : export_open_dir(export, store, path, err);
}

int export_read_inputs(struct export *export, struct store *store, const struct env *env,
                       struct err *err)
{
	return digest_inputs(store, env, export->format, &export->inputs, err);
}

static int load(struct export *export, struct store *store,
                const struct export_request *request, struct err *err)
{
	int r = setting_text(store, SET_ZONE_RELOAD, 0, &export->reload, err);
	if (r >= 0)
		r = export_open_look(export, store, err);
	if (r >= 0)
		r = export_read_inputs(export, store, request->env, err);
	if (r >= 0)
		r = keyring_due(store, export->ctx, request->host_gen, err);
	if (r >= 0)
		r = store_get_int(store, &export->gen, err, "SELECT max(id) FROM change",
		                  "");
	return r < 0 ? r : export_load_known(export, store, err);
}

static int check_names(struct store *store, const struct export_request *request,
                       struct err *err)
{
	for (size_t i = 0; i < request->count; i++) {
		auto_domain domain = DOMAIN_INIT;
		int64_t there;
		int r = domain_look(store, request->names[i], &domain, err);
		if (r == 0)
			r = store_get_int(store, &there, err,
			                  "SELECT 1 FROM former_name WHERE name = ?", "t",
			                  request->names[i]);
		if (r < 0)
			return r;
		if (r == 0)
			return err_set(err, ERR_MISSING, _("domain %s not found"),
			               request->names[i]);
	}
	return 0;
}

int export_prepare(struct ctx *ctx, struct store *store,
                   const struct export_request *request, struct export **ret_export,
                   struct err *err)
{
	auto_export export = xcalloc(1, sizeof(*export));
	auto_records records = NULL;
	auto_names names = { 0 };
	*export = (struct export){ .ctx = ctx,
		                   .dir_fd = -1,
		                   .is_dry_run = request->is_dry_run,
		                   .is_asking = request->is_asking };
	int r = check_names(store, request, err);
	if (r >= 0)
		r = load(export, store, request, err);
	if (r >= 0)
		r = names_to_look_at(export, store, request, &names, err);
	if (r >= 0)
		r = records_new(store, request->env, &records, err);
	if (r < 0)
		return r;
	struct work work = {
		.export = export,
		.store = store,
		.records = records,
		.is_named = request->count > 0,
	};
	r = look_at_all(&work, &names, err);
	free(work.last_sentence);
	if (r < 0)
		return r;
	*ret_export = export;
	export = NULL;
	return 0;
}
