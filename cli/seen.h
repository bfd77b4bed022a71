/* cli/seen.h: keys whose records are looked for in DNS, outside of every transaction. */
#ifndef CLI_SEEN_H
#define CLI_SEEN_H

#include "cli/app.h"
#include "dnszone/livecheck.h"

struct seen_key {
	char *name; /* under which it was looked for: a domain or an alias */
	char *selector;
	int64_t key_id;
	struct live_answer answer;
};
struct seen_list {
	struct seen_key *key;
	size_t count, room;
};
void seen_list_done(struct seen_list *list);

/* Looks for the published keys of a name in DNS and adds what was found.  `servers`: where name
 * servers are found from. */
int seen_look(struct app *app, const struct query_servers *servers, const char *name,
              struct seen_list *list, struct err *err) must_check;

/* Marks what was seen, in one change that is pushed; nothing seen: no change. */
int seen_save(struct app *app, struct seen_list *list, struct err *err) must_check;

/* For `zone export`: looks for everything that waits to be seen, at most for a minute. */
int seen_poll(struct app *app, struct err *err) must_check;

#endif
