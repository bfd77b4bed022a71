/*
 * cli/app/seen.h: keys whose records are looked for in DNS.
 *
 * What to ask is read from the store, then DNS is asked without a lock or a transaction, then what was
 * seen is saved for the keys that are still there.
 */
#ifndef CLI_APP_SEEN_H
#define CLI_APP_SEEN_H

#include "cli/app/app.h"
#include "dnszone/dkim/livecheck.h"

struct seen_key {
	char *name; /* under which it is looked for: a domain or an alias */
	char *selector, *owner, *record;
	int64_t key_id;
	bool is_asked;
	struct live_answer answer;
};
struct seen_list {
	struct seen_key *key;
	size_t count, room;
};
void seen_list_done(struct seen_list *list);

/* Adds the published keys of a name, one key where `key_id` is not 0. */
int seen_add(struct app *app, const char *name, int64_t key_id, struct seen_list *list,
             struct err *err) must_check;

/* Asks DNS for all of them.  `servers`: where name servers are found from. */
void seen_ask(const struct query_servers *servers, struct seen_list *list,
              int64_t each_ms, struct deadline until);

/* Marks what was seen, in one change that is pushed; nothing seen: no change. */
int seen_save(struct app *app, struct seen_list *list, struct err *err) must_check;

/* For `zone export`: looks for what waits to be seen, for half a minute at the most; what there was no
 * time for comes first in the next run. */
int seen_poll(struct app *app, struct err *err) must_check;

#endif
