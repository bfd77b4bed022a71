/*
 * Keys that are pending until DNS publishes them.
 *
 * DNS is queried first, without a lock; the result is saved afterwards, for the keys that still
 * exist.
 */
#include "core/job/key_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/job/change_push.h"
#include "core/model/key/key.h"
#include "core/model/key/publish.h"
#include "core/model/setting/setting.h"

enum {
	POLL_LIMIT = 5000,   /* keys in one run */
	POLL_MS = 25 * 1000, /* the time after which one run begins no further key ... */
	POLL_KEY_MS = 5 * 1000, /* ... and the time that the last key may take */
};

void key_lookup_done(struct key_lookup *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct key_lookup_row *key = &list->row[i];
		free(key->name);
		free(key->selector);
		free(key->owner);
		free(key->record);
	}
	free(list->row);
	*list = (struct key_lookup){ 0 };
}

/* ---- what to ask ----------------------------------------------------------------------------- */

int key_lookup_add(struct session *session, const char *name, int64_t key_id,
                   struct key_lookup *list, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_stmt keys = NULL;
	struct key key;
	int r = domain_look(session->store, name, &domain, err);
	if (r <= 0)
		return r;
	r = key_query(session->store, domain.main_id ? domain.main_id : domain.id, &keys,
	              err);
	while (r >= 0 && (r = key_next(keys, &key, err)) > 0) {
		if (!key_is_published(&key) || strcmp(key.state, "revoked") == 0 ||
		    (key_id && key.id != key_id))
			continue;
		GROW(list->row, list->count, list->room);
		list->row[list->count++] = (struct key_lookup_row){
			.name = xstrdup(name),
			.selector = xstrdup(key.selector),
			.owner = xasprintf("%s._domainkey.%s", key.selector, name),
			.record = key_record_text(&key),
			.key_id = key.id,
		};
	}
	return r;
}

/* ---- asking ---------------------------------------------------------------------------------- */

void key_lookup_ask(const struct query_servers *servers, struct key_lookup *list,
                    int64_t each_ms, struct deadline until)
{
	auto_free struct live_question *question =
		xcalloc(list->count + 1, sizeof(*question));
	for (size_t i = 0; i < list->count; i++)
		question[i] = (struct live_question){ .kind = LIVE_DKIM,
			                              .owner = list->row[i].owner,
			                              .record = list->row[i].record };
	livecheck_many(servers, question, list->count, each_ms, until);
	for (size_t i = 0; i < list->count; i++) {
		list->row[i].is_asked = question[i].is_asked;
		list->row[i].answer = question[i].answer;
	}
}

/* ---- saving ---------------------------------------------------------------------------------- */

/* publish_mark() checks that the key is still that name's, and published. */
static int save_found(struct session *session, const struct key_lookup *list,
                      struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < list->count; i++) {
		auto_domain domain = DOMAIN_INIT;
		if (list->row[i].answer.state != LIVE_SEEN)
			continue;
		r = session_look(session, list->row[i].name, &domain, err);
		if (r > 0)
			r = publish_mark(session->store, &session->ctx, &domain,
			                 list->row[i].key_id, KEY_SEEN, err);
		/* it was removed, or given to another account, while DNS was queried */
		if (r == ERR_MISSING) {
			err_clear(err);
			r = 0;
		}
	}
	return r < 0 ? r : 0;
}

static int save_all(struct session *session, void *arg, struct err *err)
{
	return save_found(session, arg, err);
}

static bool has_found(const struct key_lookup *list)
{
	bool any = false;
	for (size_t i = 0; i < list->count; i++)
		any |= list->row[i].answer.state == LIVE_SEEN;
	return any;
}

int key_lookup_save(struct session *session, struct key_lookup *list, struct err *err)
{
	return has_found(list)
	               ? change_push_run(session, CHANGE_PUSHED, save_all, list, err)
	               : 0;
}

/* ---- the regular look ------------------------------------------------------------------------ */

struct poll {
	struct session *session;
	struct key_lookup list;
};

static int collect(void *arg, const char *name, int64_t key_id, struct err *err)
{
	struct poll *poll = arg;
	return key_lookup_add(poll->session, name, key_id, &poll->list, err);
}

static int save_poll(struct session *session, void *arg, struct err *err)
{
	const struct poll *poll = arg;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < poll->list.count; i++)
		if (poll->list.row[i].is_asked)
			r = publish_asked(session->store, &session->ctx,
			                  poll->list.row[i].name,
			                  poll->list.row[i].key_id, err);
	return r < 0 ? r : save_found(session, &poll->list, err);
}

int key_lookup_poll(struct session *session, struct err *err)
{
	struct poll poll = { .session = session };
	struct query_servers servers;
	int r = session->store ? publish_each_unseen(session->store, POLL_LIMIT, collect,
	                                             &poll, err)
	                       : 0;
	if (r >= 0 && poll.list.count)
		r = query_servers_system(&servers, err);
	if (r >= 0 && poll.list.count) {
		key_lookup_ask(&servers, &poll.list, POLL_KEY_MS,
		               deadline_in_ms(POLL_MS));
		/* without a result nothing is pushed, and the mail server is not observed */
		r = change_push_run(session,
		                    has_found(&poll.list) ? CHANGE_PUSHED : CHANGE_SAVED,
		                    save_poll, &poll, err);
	}
	key_lookup_done(&poll.list);
	return r;
}

/* ---- without DNS ----------------------------------------------------------------------------- */

static int mark_all(struct session *session, void *arg, struct err *err)
{
	const struct names *names = arg;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < names->count; i++) {
		auto_domain domain = DOMAIN_INIT;
		bool signs = false;
		r = domain_find(session->store, names->name[i], &domain, err);
		if (r >= 0)
			r = setting_bool(session->store, SET_DKIM_SIGN, domain.id, &signs,
			                 err);
		if (r >= 0 && !signs)
			r = err_set(err, ERR_FAILED,
			            _("DKIM is off for %s; run \"mailauthctl domain "
			              "enable-dkim %s\""),
			            domain.name, domain.name);
		if (r >= 0)
			r = publish_mark(session->store, &session->ctx, &domain, 0,
			                 KEY_SAID, err);
	}
	return r;
}

int key_lookup_publish(struct session *session, struct names *names, struct err *err)
{
	return change_push_run(session, CHANGE_PUSHED, mark_all, names, err);
}
