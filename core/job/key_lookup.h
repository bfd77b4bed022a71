/*
 * core/job/key_lookup.h: looks up key records in DNS.
 *
 * The keys are read from the store, then DNS is queried without a lock or a transaction, then the
 * result is saved for the keys that still exist.
 */
#ifndef CORE_JOB_KEY_LOOKUP_H
#define CORE_JOB_KEY_LOOKUP_H

#include "core/job/session.h"
#include "dnszone/dkim/livecheck.h"

struct key_lookup_row {
	char *name; /* the name of its record: of a domain or an alias */
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

/* Adds the published keys of a name; only one key if `key_id` is not 0. */
int key_lookup_add(struct session *session, const char *name, int64_t key_id,
                   struct key_lookup *list, struct err *err) must_check;

/* Queries DNS for all of them.  `servers`: the source of the name servers. */
void key_lookup_ask(const struct query_servers *servers, struct key_lookup *list,
                    int64_t each_ms, struct deadline until);

/* Marks the keys that were found, in one change that is pushed; without any, no change. */
int key_lookup_save(struct session *session, struct key_lookup *list,
                    struct err *err) must_check;

/* For `zone export`: looks up pending keys, for at most half a minute; the remaining keys come
 * first in the next run. */
int key_lookup_poll(struct session *session, struct err *err) must_check;

/* Treats the records of these domains (as typed) as public without a DNS query, as an administrator
 * confirmed.  All of them or none, in one change that is pushed. */
int key_lookup_publish(struct session *session, struct names *names,
                       struct err *err) must_check;

#endif
