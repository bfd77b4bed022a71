/*
 * Keys that wait to be seen in DNS.  DNS is asked first, without a lock; what was seen is saved
 * afterwards, for the keys that are still there.
 */
#include "cli/app/seen.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/key/key.h"
#include "core/model/key/publish.h"

enum {
	POLL_LIMIT = 5000,      /* keys in one run */
	POLL_MS = 25 * 1000,    /* for one run to begin with a key ... */
	POLL_KEY_MS = 5 * 1000, /* ... and for that one */
};

void seen_list_done(struct seen_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct seen_key *key = &list->key[i];
		free(key->name);
		free(key->selector);
		free(key->owner);
		free(key->record);
	}
	free(list->key);
	*list = (struct seen_list){ 0 };
}

/* ---- what to ask ----------------------------------------------------------------------------- */

struct look {
	const char *name;
	int64_t key_id;
	struct seen_list *list;
};

static int add_key(void *arg, const struct key *key, struct err *err)
{
	struct look *look = arg;
	(void)err;
	if (!key_is_published(key) || strcmp(key->state, "revoked") == 0 ||
	    (look->key_id && key->id != look->key_id))
		return 0;
	GROW(look->list->key, look->list->count, look->list->room);
	look->list->key[look->list->count++] = (struct seen_key){
		.name = xstrdup(look->name),
		.selector = xstrdup(key->selector),
		.owner = xasprintf("%s._domainkey.%s", key->selector, look->name),
		.record = key_record_text(key),
		.key_id = key->id,
	};
	return 0;
}

int seen_add(struct app *app, const char *name, int64_t key_id, struct seen_list *list,
             struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	struct look look = { name, key_id, list };
	int r = domain_look(app->store, name, &domain, err);
	if (r <= 0)
		return r;
	return key_each(app->store, domain.main_id ? domain.main_id : domain.id, add_key,
	                &look, err);
}

/* ---- asking ---------------------------------------------------------------------------------- */

void seen_ask(const struct query_servers *servers, struct seen_list *list,
              int64_t each_ms, struct deadline until)
{
	auto_free struct live_question *question =
		xcalloc(list->count + 1, sizeof(*question));
	for (size_t i = 0; i < list->count; i++)
		question[i] = (struct live_question){ .kind = LIVE_DKIM,
			                              .owner = list->key[i].owner,
			                              .record = list->key[i].record };
	livecheck_many(servers, question, list->count, each_ms, until);
	for (size_t i = 0; i < list->count; i++) {
		list->key[i].is_asked = question[i].is_asked;
		list->key[i].answer = question[i].answer;
	}
}

/* ---- saving ---------------------------------------------------------------------------------- */

/* publish_mark() looks whether the key is still that name's, and published. */
static int save_seen(struct app *app, const struct seen_list *list, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < list->count; i++) {
		auto_domain domain = DOMAIN_INIT;
		if (list->key[i].answer.state != LIVE_SEEN)
			continue;
		r = app_look(app, list->key[i].name, &domain, err);
		if (r > 0)
			r = publish_mark(app->store, &app->ctx, &domain,
			                 list->key[i].key_id, KEY_SEEN, err);
		/* it was removed, or given to another account, while DNS was asked */
		if (r == ERR_MISSING) {
			err_clear(err);
			r = 0;
		}
	}
	return r < 0 ? r : 0;
}

static int save_all(struct app *app, void *arg, struct err *err)
{
	return save_seen(app, arg, err);
}

static bool has_seen(const struct seen_list *list)
{
	bool any = false;
	for (size_t i = 0; i < list->count; i++)
		any |= list->key[i].answer.state == LIVE_SEEN;
	return any;
}

int seen_save(struct app *app, struct seen_list *list, struct err *err)
{
	return has_seen(list) ? app_change(app, NEED_PUSH, save_all, list, err) : 0;
}

/* ---- the regular look ------------------------------------------------------------------------ */

struct poll {
	struct app *app;
	struct seen_list list;
};

static int collect(void *arg, const char *name, int64_t key_id, struct err *err)
{
	struct poll *poll = arg;
	return seen_add(poll->app, name, key_id, &poll->list, err);
}

static int save_poll(struct app *app, void *arg, struct err *err)
{
	const struct poll *poll = arg;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < poll->list.count; i++)
		if (poll->list.key[i].is_asked)
			r = publish_asked(app->store, &app->ctx, poll->list.key[i].name,
			                  poll->list.key[i].key_id, err);
	return r < 0 ? r : save_seen(app, &poll->list, err);
}

int seen_poll(struct app *app, struct err *err)
{
	struct poll poll = { .app = app };
	struct query_servers servers;
	int r = app->store
	                ? publish_each_unseen(app->store, POLL_LIMIT, collect, &poll, err)
	                : 0;
	if (r >= 0 && poll.list.count)
		r = query_servers_system(&servers, err);
	if (r >= 0 && poll.list.count) {
		seen_ask(&servers, &poll.list, POLL_KEY_MS, deadline_in_ms(POLL_MS));
		/* without news nothing is pushed, and no mail server is looked at */
		r = app_change(app, has_seen(&poll.list) ? NEED_PUSH : 0, save_poll,
		               &poll, err);
	}
	seen_list_done(&poll.list);
	return r;
}
