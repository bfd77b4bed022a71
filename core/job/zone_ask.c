/*
 * First look-ups before a command.
 *
 * Names are processed in chunks: what to query is read, name servers are queried without any lock
 * or transaction, and the result is saved in one change.  One deadline applies to all chunks; after
 * a chunk without any answer no further one is queried.
 */
#include "core/job/zone_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/signals.h"
#include "core/base/text.h"
#include "core/job/change_push.h"
#include "core/model/record/records.h"
#include "core/model/setting/setting.h"

enum {
	CHUNK = 2000,
	SINGLE_REPORTS =
		20,         /* up to this number of records, each gets its own sentence */
	PROGRESS_FROM = 20, /* names: fewer take less time than reading a progress bar */
	DEAD_FROM = 64, /* names without an answer, after which no others are queried */
	ZONE_LIMIT = 1 << 20,
};

struct ask {
	struct session *session;
	enum look_way way;
	struct deadline until;
	size_t before, all; /* names of earlier chunks; of all chunks */
	struct first_look *look;
	size_t count; /* of this chunk */
	bool is_dead; /* no name server answers: the others are not queried */
	size_t reported, omitted;
	size_t silent;
	char *silent_name, *silent_why; /* of the first one */
};

static void tick(void *arg, size_t done)
{
	struct ask *ask = arg;
	if (ask->all >= PROGRESS_FROM)
		session_progress(ask->session, _("querying zones"), ask->before + done,
		                 ask->all);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int collect_name(struct ask *ask, struct records *records, const char *name,
                        struct first_look *look, struct err *err)
{
	struct session *session = ask->session;
	auto_domain domain = DOMAIN_INIT;
	auto_record_list list = RECORD_LIST_INIT;
	int r = domain_look(session->store, name, &domain, err);
	if (r > 0)
		r = records_of_domain(records, &domain, &list, err);
	if (r >= 0)
		r = first_look_collect(session->store, name, &list,
		                       ask->way == LOOK_EXTERNAL, look, err);
	return r;
}

static int collect(struct ask *ask, const char *const *names, struct err *err)
{
	struct session *session = ask->session;
	auto_records records = NULL;
	const struct env *env;
	int r = session_env(session, &env, err);
	if (r >= 0)
		r = records_new(session->store, env, &records, err);
	for (size_t i = 0; r >= 0 && i < ask->count; i++)
		r = collect_name(ask, records, names[i], &ask->look[i], err);
	return r;
}

static void ask_zones(struct ask *ask)
{
	struct query_servers servers;
	struct err err = ERR_INIT;
	auto_free struct zone_look *zone = xcalloc(ask->count, sizeof(*zone));
	if (query_servers_system(&servers, &err) < 0) {
		for (size_t i = 0; i < ask->count; i++)
			snprintf(ask->look[i].zone.why, sizeof(ask->look[i].zone.why),
			         "%.199s", err.text);
		return;
	}
	for (size_t i = 0; i < ask->count; i++)
		zone[i] = ask->look[i].zone;
	if (!ask->is_dead)
		zone_look(&servers, zone, ask->count, ask->until, tick, ask);
	for (size_t i = 0; i < ask->count; i++)
		ask->look[i].zone = zone[i];
}

/* What an earlier export wrote for the name, if something was found.  NULL: nothing. */
static char *exported_text(struct ask *ask, const struct first_look *look)
{
	auto_free char *folder = NULL;
	auto_buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	bool has_found = false;
	for (size_t i = 0; i < look->zone.count; i++)
		has_found |= look->zone.owner[i].state == ZONE_FOUND;
	if (!has_found || setting_text(ask->session->store, SET_ZONE_DIRECTORY, 0,
	                               &folder, &ignored) < 0)
		return NULL;
	auto_free char *path = xasprintf("%s/%s.zone", folder, look->name);
	if (file_read(&ask->session->ctx, path, ZONE_LIMIT, &text, NULL, &ignored) < 0)
		return NULL;
	return buf_take(&text);
}

static bool is_silent(const struct first_look *look)
{
	for (size_t i = 0; i < look->count; i++)
		if (look->item[i].outcome != LOOK_SILENT)
			return false;
	return look->count > 0;
}

static void judge(struct ask *ask)
{
	size_t silent = 0;
	for (size_t i = 0; i < ask->count; i++) {
		struct first_look *look = &ask->look[i];
		auto_free char *exported = exported_text(ask, look);
		first_look_judge(look, ask->way, exported);
		if (!is_silent(look))
			continue;
		silent++;
		if (ask->silent++ == 0) {
			ask->silent_name = xstrdup(look->name);
			ask->silent_why = xstrdup(look->zone.why);
		}
	}
	ask->is_dead |= silent == ask->count && silent >= DEAD_FROM;
}

/* ---- saving ---------------------------------------------------------------------------------- */

static int save_all(struct session *session, void *arg, struct err *err)
{
	struct ask *ask = arg;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < ask->count; i++)
		r = first_look_save(session->store, &session->ctx, &ask->look[i],
		                    ask->way, err);
	return r;
}

/* A key that gets another selector changes a file and a table of the mail server. */
static bool is_about_keys(const struct ask *ask)
{
	for (size_t i = 0; i < ask->count; i++)
		for (size_t k = 0; k < ask->look[i].count; k++)
			if (ask->look[i].item[k].outcome == LOOK_TAKEN &&
			    strcmp(ask->look[i].item[k].source, "dkim") == 0)
				return true;
	return false;
}

static int save(struct ask *ask, struct err *err)
{
	struct session *session = ask->session;
	bool has_keys = is_about_keys(ask);
	if (session->is_dry_run)
		return change_push_try(session, save_all, ask, err);
	if (ask->way == LOOK_EXTERNAL && !has_keys)
		return 0;
	session->hidden++;
	int r = change_push_run(session, has_keys ? CHANGE_PUSHED : CHANGE_SAVED,
	                        save_all, ask, err);
	session->hidden--;
	return r;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* The record that was found, as the argument of a command; NULL: not possible, or it was truncated.
 * Caller frees. */
static char *as_argument(const struct look_item *item)
{
	static const char txt[] = "TXT ";
	if (!text_starts(item->had, txt) || strpbrk(item->had, "'\\<") ||
	    text_ends(item->had, FIRST_LOOK_CUT))
		return NULL;
	return xasprintf("'%s'", item->had + strlen(txt));
}

static const char *policy_noun(const struct look_item *item)
{
	return item->kind == POLICY_SPF     ? "spf"
	       : item->kind == POLICY_DMARC ? "dmarc"
	                                    : NULL;
}

/* Customers may use "spf set" and "dmarc set", not "record". */
static void report_customer(struct session *session, const struct first_look *look,
                            const struct look_item *item)
{
	const char *noun = policy_noun(item);
	if (item->result == LOOK_RESELECTED)
		ctx_report(&session->ctx, REPORT_NOTE,
		           _("the zone of %s has a different key at %s: the new key "
		             "gets the selector %s"),
		           look->name, item->owner, item->selector);
	else if (item->result == LOOK_PUBLISHED && noun)
		ctx_report(&session->ctx, REPORT_WARNING,
		           _("the zone of %s has its own record at %s (%s), and the "
		             "record that was set here is published in addition, so "
		             "that receivers ignore both: remove one of them; to "
		             "remove ours, run \"mailauthctl %s set %s --reset\""),
		           look->name, item->owner, item->had, noun, look->name);
	else if (noun)
		ctx_report(&session->ctx, REPORT_WARNING,
		           _("the zone of %s has its own record at %s (%s): ours is "
		             "left out; to publish ours, remove that record from the "
		             "zone and run \"mailauthctl %s set %s --reset\""),
		           look->name, item->owner, item->had, noun, look->name);
	else
		ctx_report(&session->ctx, REPORT_WARNING,
		           _("the zone of %s has its own record at %s (%s): ours is "
		             "left out; the administrator can publish it"),
		           look->name, item->owner, item->had);
}

/* Ours is published next to the other one, because the administrator requested it. */
static void report_doubled(struct session *session, const struct first_look *look,
                           const struct look_item *item)
{
	ctx_report(
		&session->ctx, REPORT_WARNING,
		_("the zone of %s has its own record at %s (%s), and record %s, which "
	          "was set here, is published in addition: remove that record from the "
	          "zone, or run \"mailauthctl record remove %s %s\""),
		look->name, item->owner, item->had, item->ref, look->name, item->ref);
}

static void report_replaced(struct session *session, const struct first_look *look,
                            const struct look_item *item)
{
	auto_free char *argument = as_argument(item);
	bool is_key = strcmp(item->source, "dkim") == 0;
	if (!is_key && *item->ref != '_' && argument)
		ctx_report(&session->ctx, REPORT_NOTE,
		           _("DNS has a different record at %s, and the zone that is "
		             "exported here replaces it; to keep it, run \"mailauthctl "
		             "record set %s %s %s\""),
		           item->owner, look->name, item->ref, argument);
	else
		ctx_report(
			&session->ctx, REPORT_NOTE,
			_("DNS has a different record at %s (%s), and the zone that is "
		          "exported here replaces it"),
			item->owner, item->had);
}

static void report_left_out(struct session *session, const struct first_look *look,
                            const struct look_item *item)
{
	if (strcmp(item->source, "dkim") == 0)
		ctx_report(
			&session->ctx, REPORT_WARNING,
			_("the zone of %s has a different key at %s: ours is left out, "
		          "and mail of %s is not signed; remove that key from the zone "
		          "and run \"mailauthctl record reset %s %s\""),
			look->name, item->owner, look->name, look->name, item->ref);
	else if (strcmp(item->source, "policy") == 0 || strchr(item->rdata, '\''))
		ctx_report(&session->ctx, REPORT_WARNING,
		           _("the zone of %s has its own record at %s (%s): ours is "
		             "left out; to publish ours, remove that record from the "
		             "zone and run \"mailauthctl record reset %s %s\""),
		           look->name, item->owner, item->had, look->name, item->ref);
	else
		ctx_report(
			&session->ctx, REPORT_WARNING,
			_("the zone of %s has its own record at %s (%s): ours (%s) is "
		          "left out; to publish ours, remove that record from the zone "
		          "and run \"mailauthctl record reset %s %s\", or to publish "
		          "another text \"mailauthctl record set %s %s '%s'\""),
			look->name, item->owner, item->had, item->ref, look->name,
			item->ref, look->name, item->ref, item->rdata);
}

static void report_item(struct ask *ask, const struct first_look *look,
                        const struct look_item *item)
{
	struct session *session = ask->session;
	if (ask->reported >= SINGLE_REPORTS) {
		ask->omitted++;
		return;
	}
	ask->reported++;
	if (session_is_customer(session))
		report_customer(session, look, item);
	else if (item->result == LOOK_RESELECTED)
		ctx_report(&session->ctx, REPORT_NOTE,
		           _("the zone of %s has a different key at %s: the new key "
		             "gets the selector %s"),
		           look->name, item->owner, item->selector);
	else if (item->result == LOOK_LEFT_OUT)
		report_left_out(session, look, item);
	else if (ask->way == LOOK_REPLACE)
		report_replaced(session, look, item);
	else
		report_doubled(session, look, item);
}

/* A customer gets messages about its own domains only; about an alias, the account that manages it
 * does. */
static int is_reported(struct ask *ask, const char *name, bool *ret_is, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	int r = domain_look(ask->session->store, name, &domain, err);
	*ret_is = false;
	return r > 0 ? session_owns(ask->session, domain.id, ret_is, err) : r;
}

static int report(struct ask *ask, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < ask->count; i++) {
		const struct first_look *look = &ask->look[i];
		bool is_heard = false;
		for (size_t k = 0; r >= 0 && k < look->count; k++) {
			const struct look_item *item = &look->item[k];
			bool is_printed = ask->way == LOOK_EXTERNAL &&
			                  item->result != LOOK_RESELECTED;
			if (item->outcome != LOOK_TAKEN || is_printed)
				continue;
			r = is_reported(ask, look->name, &is_heard, err);
			if (r >= 0 && is_heard)
				report_item(ask, look, item);
		}
	}
	return r < 0 ? r : 0;
}

static void report_rest(struct ask *ask)
{
	struct session *session = ask->session;
	if (ask->omitted)
		ctx_report(
			&session->ctx, REPORT_WARNING,
			ngettext("and %zu more record that exists in its zone already; "
		                 "run \"mailauthctl doctor --all dns\" to list it",
		                 "and %zu more records that exist in their zones "
		                 "already; run \"mailauthctl doctor --all dns\" to "
		                 "list them",
		                 ask->omitted),
			ask->omitted);
	if (ask->silent == 1)
		ctx_report(&session->ctx, REPORT_WARNING,
		           _("no answer about the zone of %s (%s): records that exist "
		             "in it are not known; run \"mailauthctl doctor dns\" to "
		             "check again"),
		           ask->silent_name, ask->silent_why);
	else if (ask->silent)
		ctx_report(
			&session->ctx, REPORT_WARNING,
			_("no answer about %zu zones (%s: %s): records that exist in "
		          "them are not known; run \"mailauthctl doctor --all dns\" to "
		          "check again"),
			ask->silent, ask->silent_name, ask->silent_why);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int ask_chunk(struct ask *ask, const char *const *names, struct err *err)
{
	int r = collect(ask, names, err);
	if (r < 0)
		return r;
	ask_zones(ask);
	if (signals_is_cancelled())
		return err_set(err, ERR_CANCELLED, _("interrupted"));
	judge(ask);
	session_progress(ask->session, NULL, 0, 0);
	r = save(ask, err);
	return r < 0 ? r : report(ask, err);
}

static void begin(struct ask *ask, struct session *session, enum look_way way,
                  size_t count)
{
	*ask = (struct ask){ .session = session,
		             .way = way,
		             .until = zone_look_deadline(count),
		             .all = count };
}

static void forget_silence(struct ask *ask)
{
	free(ask->silent_name);
	free(ask->silent_why);
	ask->silent_name = ask->silent_why = NULL;
	ask->silent = 0;
}

static void end(struct ask *ask)
{
	report_rest(ask);
	forget_silence(ask);
}

int zone_ask(struct session *session, const char *const *names, size_t count,
             enum look_way way, struct err *err)
{
	struct ask ask;
	int r = 0;
	begin(&ask, session, way, count);
	ask.look = xcalloc(CHUNK, sizeof(*ask.look));
	for (; r >= 0 && ask.before < count; ask.before += ask.count) {
		ask.count = count - ask.before < CHUNK ? count - ask.before : CHUNK;
		r = ask_chunk(&ask, names + ask.before, err);
		for (size_t i = 0; i < ask.count; i++)
			first_look_done(&ask.look[i]);
	}
	free(ask.look);
	end(&ask);
	return r;
}

static bool has_reselected(const struct ask *ask)
{
	for (size_t i = 0; i < ask->count; i++)
		for (size_t k = 0; k < ask->look[i].count; k++)
			if (ask->look[i].item[k].result == LOOK_RESELECTED)
				return true;
	return false;
}

int zone_ask_external(struct session *session, const char *const *names, size_t count,
                      struct first_look *looks, struct err *err)
{
	enum { ROUNDS = 8 };
	struct ask ask;
	begin(&ask, session, LOOK_EXTERNAL, count);
	ask.look = looks;
	ask.count = count;
	int r = ask_chunk(&ask, names, err);
	/* the next selector may be taken too */
	for (unsigned i = 1; r >= 0 && i < ROUNDS && has_reselected(&ask); i++) {
		for (size_t k = 0; k < count; k++)
			first_look_done(&looks[k]);
		forget_silence(&ask);
		r = ask_chunk(&ask, names, err);
	}
	end(&ask);
	return r;
}
