/*
 * Records before and after.
 *
 * Before is read through a second connection, which does not see the open transaction; after is the
 * transaction.  Only domains whose generation the change increased are compared, and only the first
 * ones of many: a setting of the server may affect 100,000 zones.
 */
#include "core/job/preview.h"

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
#include "core/mta/push/backend_choose.h"
#include "core/store/schema.h"

enum {
	ZONES_SHOWN = 10,     /* on a terminal */
	ZONES_SHOWN_WIDE = 3, /* if all of them change in the same way */
	ZONES_LISTED = 1000,  /* for programs */
	WAITS_SHOWN = 10,
};

void preview_done(struct preview *view)
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

/* The store before or after, with the values of its placeholders. */
struct side {
	struct store *store; /* NULL: no database */
	struct env env;
	struct records *records;
};

static void side_done(struct side *side)
{
	records_free(side->records);
	env_done(&side->env);
}

static int side_load(struct session *session, struct store *store, struct side *side,
                     struct err *err)
{
	auto_free char *hostname = NULL;
	side->store = store;
	if (!store)
		return 0;
	int r = backend_hostname(&session->ctx, store, &hostname, err);
	if (r >= 0)
		r = env_load(&session->ctx, store, hostname, &side->env, err);
	return r < 0 ? r : records_new(store, &side->env, &side->records, err);
}

/* What a name's zone contains, or should contain if another DNS server serves it. */
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
	struct session *session;
	struct preview *view;
	struct side before, after;
	const char *zone;
	int64_t limit, compared;
};

static int keep_record(void *arg, bool is_added, const struct record_row *row,
                       struct err *err)
{
	struct comparison *of = arg;
	struct preview *view = of->view;
	(void)err;
	GROW(view->record, view->records, view->record_room);
	view->record[view->records++] = (struct preview_record){
		.zone = xstrdup(of->zone),
		.is_added = is_added,
		.owner = xasprintf("%s.", row->owner),
		.type = xstrdup(row->type),
		.rdata = xstrdup(row->rdata),
		.ttl = row->ttl,
	};
	return 0;
}

static void take_wait(struct preview *view, const char *domain, char *reason)
{
	GROW(view->wait, view->waits, view->wait_room);
	view->wait[view->waits++] = (struct preview_wait){ xstrdup(domain), reason };
}

static int look_at_wait(struct preview *view, struct store *store, const char *name,
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

/* 1: the caller may read the zone; a customer's change may affect an alias that another account
 * manages. */
static int is_shown(const struct comparison *of, const char *name, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	bool owns = false;
	if (!session_is_customer(of->session))
		return 1;
	int r = domain_look(of->after.store, name, &domain, err);
	if (r > 0)
		r = session_owns(of->session, domain.id, &owns, err);
	return r < 0 ? r : owns;
}

/* The database's texts are valid until its statement continues: what is kept is copied. */
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

/* Whether a value differs that appears in every zone. */
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

static int compare_all(struct comparison *of, struct err *err)
{
	auto_stmt domains = NULL;
	struct domain domain;
	int64_t count = 0;
	int r = domain_query(of->after.store, 0, NULL, &domains, err);
	/* those after the limit are counted */
	while (r >= 0 && of->compared != of->limit &&
	       (r = domain_next(domains, &domain, err)) > 0)
		r = compare_zone(of, domain.name, err);
	if (r >= 0)
		r = domain_count(of->after.store, &count, err);
	if (r >= 0)
		of->view->omitted = count - of->compared;
	return r;
}

static int compare_stores(struct session *session, struct store *before, bool lists_all,
                          struct preview *view, struct err *err)
{
	struct comparison of = { .session = session, .view = view };
	struct generation now = { 0, 0 };
	int wide = 0;
	int r = generation_now(session->store, &now, err);
	if (r >= 0)
		r = side_load(session, before, &of.before, err);
	if (r >= 0)
		r = side_load(session, session->store, &of.after, err);
	if (r >= 0)
		r = wide = is_wide(&of, err);
	of.limit = lists_all ? ZONES_LISTED : wide > 0 ? ZONES_SHOWN_WIDE : ZONES_SHOWN;
	if (r >= 0)
		r = wide ? compare_all(&of, err)
		         : signing_moved(session->store, now.id - 1, compare_zone, &of,
		                         err);
	side_done(&of.before);
	side_done(&of.after);
	return r;
}

/* ---- without a change ------------------------------------------------------------------------ */

/* The export reports what cannot be read here (a folder that others may write to). */
static int look_at_export(struct session *session, struct preview *view, struct err *err)
{
	cleanup(publish_waiting_done) struct publish_waiting waiting = { 0 };
	const struct env *env;
	int r = session_env(session, &env, err);
	if (r >= 0 &&
	    export_state_load(&session->ctx, session->store, env, &view->export, err) < 0)
		err_clear(err);
	if (r >= 0)
		r = publish_waiting_load(session->store, WAITS_SHOWN, &waiting, err);
	for (size_t i = 0; i < waiting.count; i++)
		take_wait(view, waiting.row[i].name, xstrdup(waiting.row[i].text));
	int64_t more = waiting.total - WAITS_SHOWN;
	if (r >= 0 && more > 0)
		take_wait(view, NULL,
		          xasprintf(ngettext("and %" PRId64 " more domain is pending",
		                             "and %" PRId64 " more domains are pending",
		                             (unsigned long)more),
		                    more));
	return r;
}

static int load(struct session *session, bool is_changed, bool lists_all,
                struct preview *view, struct err *err)
{
	auto_store before = NULL;
	int r = 0;
	if (is_changed) {
		r = store_open(session->db_path, &schema_store, STORE_READ, &before, err);
		if (r == ERR_MISSING) {
			err_clear(err);
			r = 0;
		}
		if (r >= 0)
			r = compare_stores(session, before, lists_all, view, err);
	} else if (session->push.is_explicit && !session->push.is_rollback) {
		r = look_at_export(session, view, err);
	}
	return r;
}

int preview_load(struct session *session, bool is_changed, bool lists_all,
                 struct preview *view, struct err *err)
{
	session->hidden++;
	int r = load(session, is_changed, lists_all, view, err);
	session->hidden--;
	if (r >= 0 && session->push_why)
		take_wait(view, NULL, xstrdup(session->push_why));
	return session_hide_failure(session, r, session_not_open, err);
}
