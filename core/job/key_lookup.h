/*
 * core/job/key_lookup.h: keys whose records are looked for in DNS.
 *
 * What to ask is read from the store, then DNS is asked without a lock or a transaction, then what was
 * seen is saved for the keys that are still there.
 */
#ifndef CORE_JOB_KEY_LOOKUP_H
#define CORE_JOB_KEY_LOOKUP_H

#include "core/job/session.h"
#include "dnszone/dkim/livecheck.h"

struct key_lookup_row {
	char *name; /* under which it is looked for: a domain or an alias */
	char *selector, *owner, *record;
	int64_t key_id;
	bool is_asked;
	struct live_answer answer;
};
struct key_lookup {
	struct key_lookup_row *row;
	size_t count, room;
};
void key_lookup_done(struct key_lookup *list);

/* Adds the published keys of a name, one key where `key_id` is not 0. */
int key_lookup_add(struct session *session, const char *name, int64_t key_id,
                   struct key_lookup *list, struct err *err) must_check;

/* Asks DNS for all of them.  `servers`: where name servers are found from. */
void key_lookup_ask(const struct query_servers *servers, struct key_lookup *list,
                    int64_t each_ms, struct deadline until);

/* Marks what was seen, in one change that is pushed; nothing seen: no change. */
int key_lookup_save(struct session *session, struct key_lookup *list,
                    struct err *err) must_check;

/* For `zone export`: looks for what waits to be seen, for half a minute at the most; what there was no
 * time for comes first in the next run. */
int key_lookup_poll(struct session *session, struct err *err) must_check;

/* Takes the records of these domains (as typed) for public without DNS: an administrator says so.  All of
 * them or none, in one change that is pushed. */
int key_lookup_publish(struct session *session, struct names *names,
                       struct err *err) must_check;

#endif
