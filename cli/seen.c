/*
 * Keys that wait to be seen in DNS.  DNS is asked first, without a lock; what was seen is saved
 * afterwards, for the keys that are still there.
 */
#include "cli/seen.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/signals.h"
#include "core/model/key.h"
#include "core/model/publish.h"

enum {
	KEY_MS = 15 * 1000,  /* for one key, all its name servers */
	POLL_MS = 60 * 1000, /* for one export */
};

void seen_list_done(struct seen_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->key[i].name);
		free(list->key[i].selector);
	}
	free(list->key);
	*list = (struct seen_list){ 0 };
}

struct look {
	const struct query_servers *servers;
	const char *name;
	struct seen_list *list;
};

static int look_at_key(void *arg, const struct key *key, struct err *err)
{
	struct look *look = arg;
	(void)err;
	if (!key_is_published(key) || strcmp(key->state, "revoked") == 0)
		return 0;
	auto_free char *record = key_record_text(key);
	auto_free char *owner = xasprintf("%s._domainkey.%s", key->selector, look->name);
	GROW(look->list->key, look->list->count, look->list->room);
	struct seen_key *seen = &look->list->key[look->list->count++];
	*seen = (struct seen_key){ .name = xstrdup(look->name),
		                   .selector = xstrdup(key->selector),
		                   .key_id = key->id };
	livecheck_dkim(look->servers, owner, record, deadline_in_ms(KEY_MS),
	               &seen->answer);
	return 0;
}

int seen_look(struct app *app, const struct query_servers *servers, const char *name,
              struct seen_list *list, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	struct look look = { servers, name, list };
	int r = domain_look(app->store, name, &domain, err);
	if (r <= 0)
		return r;
	return key_each(app->store, domain.main_id ? domain.main_id : domain.id,
	                look_at_key, &look, err);
}

static int save_all(struct app *app, void *arg, struct err *err)
{
	const struct seen_list *list = arg;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < list->count; i++) {
		auto_domain domain = DOMAIN_INIT;
		if (list->key[i].answer.state != LIVE_SEEN)
			continue;
		r = app_look(app, list->key[i].name, &domain, err);
		if (r > 0)
			r = publish_mark(app->store, &app->ctx, &domain,
			                 list->key[i].key_id, KEY_SEEN, err);
	}
	return r < 0 ? r : 0;
}

int seen_save(struct app *app, struct seen_list *list, struct err *err)
{
	bool any = false;
	for (size_t i = 0; i < list->count; i++)
		any |= list->key[i].answer.state == LIVE_SEEN;
	return any ? app_change(app, NEED_PUSH, save_all, list, err) : 0;
}

struct waiting {
	char **name;
	size_t count, room;
};

static int collect(void *arg, const char *name, struct err *err)
{
	struct waiting *waiting = arg;
	(void)err;
	GROW(waiting->name, waiting->count, waiting->room);
	waiting->name[waiting->count++] = xstrdup(name);
	return 0;
}

int seen_poll(struct app *app, struct err *err)
{
	struct waiting waiting = { 0 };
	struct seen_list list = { 0 };
	struct query_servers servers;
	struct deadline until = deadline_in_ms(POLL_MS);
	int r = app->store ? publish_each_unseen(app->store, collect, &waiting, err) : 0;
	if (r >= 0 && waiting.count)
		r = query_servers_system(&servers, err);
	for (size_t i = 0; r >= 0 && i < waiting.count; i++) {
		if (deadline_left_ms(until) == 0 || signals_is_cancelled())
			break;
		r = seen_look(app, &servers, waiting.name[i], &list, err);
	}
	if (r >= 0)
		r = seen_save(app, &list, err);
	for (size_t i = 0; i < waiting.count; i++)
		free(waiting.name[i]);
	free(waiting.name);
	seen_list_done(&list);
	return r;
}
