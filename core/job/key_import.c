/* Importing keys: read, query, store. */
#include "core/job/key_import.h"

#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/job/change_push.h"
#include "core/model/setting/setting.h"
#include "dnszone/dkim/livecheck.h"
#include "dnszone/name/name.h"

enum {
	ASK_MS = 60 * 1000, /* for all queries together */
	KEY_MS = 15 * 1000, /* for all name servers of one key */
};

/* ---- one key --------------------------------------------------------------------------------- */

static int store_one(struct session *session, void *arg, struct err *err)
{
	const struct key_import_one *one = arg;
	auto_domain domain = DOMAIN_INIT;
	bool signs;
	int r = import_key(&session->ctx, session->store, one->domain, one->selector,
	                   one->text->at, one->text->len, one->is_sign_now, false,
	                   one->is_sign_now, err);
	if (r >= 0)
		r = domain_find(session->store, one->domain, &domain, err);
	if (r >= 0)
		r = setting_bool(session->store, SET_DKIM_SIGN, domain.id, &signs, err);
	if (r < 0)
		return r;
	if (signs)
		session_export_later(session, domain.name);
	else
		ctx_report(&session->ctx, REPORT_NOTE,
		           _("the key is parked; to sign with it, run \"mailauthctl "
		             "domain enable-dkim %s\""),
		           domain.name);
	return 0;
}

int key_import_one(struct session *session, const struct key_import_one *one,
                   struct err *err)
{
	struct key_import_one copy = *one;
	int r = session_take_export_lock(session, err);
	return r < 0 ? r : change_push_run(session, CHANGE_PUSHED, store_one, &copy, err);
}

/* ---- a folder, and tables ---------------------------------------------------------------------- */

/* Queries DNS for all keys among which a choice is necessary, at once. */
static void ask_rivals(struct import *import, const struct query_servers *servers)
{
	auto_free struct live_question *question =
		xcalloc(import->count + 1, sizeof(*question));
	auto_free struct import_item **asked = xcalloc(import->count + 1, sizeof(*asked));
	size_t count = 0;
	for (size_t i = 0; i < import->count; i++) {
		struct import_item *item = &import->item[i];
		struct err ignored = ERR_INIT;
		char *record = NULL;
		if (!item->is_rival || import_record(import, item, &record, &ignored) < 0)
			continue;
		asked[count] = item;
		question[count++] = (struct live_question){
			.kind = LIVE_DKIM,
			.owner = xasprintf("%s._domainkey.%s", item->selector,
			                   item->domain),
			.record = record,
		};
	}
	livecheck_many(servers, question, count, KEY_MS, deadline_in_ms(ASK_MS));
	for (size_t i = 0; i < count; i++) {
		asked[i]->is_public =
			question[i].is_asked && question[i].answer.state == LIVE_SEEN;
		free((void *)(uintptr_t)question[i].owner);
		free((void *)(uintptr_t)question[i].record);
	}
}

/* Of several keys of a domain, the one that DNS publishes signs. */
static int ask_dns(struct session *session, const char *typed, struct import *import,
                   struct err *err)
{
	struct query_servers servers;
	bool any = false;
	int r = typed ? query_servers_parse(typed, &servers, err) : 0;
	for (size_t i = 0; i < import->count; i++)
		any |= import->item[i].is_rival;
	if (r < 0 || !any || (session->ctx.is_rooted && !typed))
		return r;
	if (!typed)
		r = query_servers_system(&servers, err);
	if (r < 0)
		return r;
	ask_rivals(import, &servers);
	import_decide(import);
	return 0;
}

/* Zones of domains that got a key, each once. */
static void export_all(struct session *session, const struct import *import)
{
	auto_names names = { 0 };
	for (size_t i = 0; i < import->count; i++)
		if (import->item[i].fate == IMPORT_KEY && import->item[i].signs)
			names_add(&names, import->item[i].domain);
	names_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		session_export_later(session, names.name[i]);
}

struct many {
	struct import *import;
	bool is_sign_now;
};

static int store_many(struct session *session, void *arg, struct err *err)
{
	const struct many *many = arg;
	int r = import_run(many->import, &session->ctx, session->store, many->is_sign_now,
	                   err);
	if (r >= 0 && !session->is_dry_run)
		export_all(session, many->import);
	return r;
}

int key_import_many(struct session *session, const struct key_import_many *many,
                    struct import *ret_import, struct err *err)
{
	struct many work = { ret_import, many->is_sign_now };
	int r = import_scan(&session->ctx, session->store, &many->files, ret_import, err);
	if (r >= 0)
		r = ask_dns(session, many->resolver, ret_import, err);
	if (r >= 0)
		r = session_take_export_lock(session, err);
	if (r < 0 || !import_count(ret_import).imported)
		return r;
	return session->is_dry_run
	               ? change_push_try(session, store_many, &work, err)
	               : change_push_run(session, CHANGE_PUSHED, store_many, &work, err);
}
