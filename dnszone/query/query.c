/*
 * Queries to real servers.
 *
 * A query is in a slot from its start until its answer was taken.  Slots of queries that were sent
 * ahead have no owner; their answer is stored in `ahead`, and a later query for the same data takes
 * it from there or waits for it.  The servers are tried in turn, for some rounds; see query_slot.c.
 */
#include "dnszone/query/query.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/ctx.h"
#include "dnszone/query/query_slot.h"

#define AHEAD_MEMORY ((size_t)128 * 1024)
#define SPIN_NS 50000
#define SPIN_PAUSE_MAX 1024 /* waits */
#define PEEK_NS 50000       /* checking all sockets more often costs more than it finds */

static struct query *query_of(struct resolver *r)
{
	return (struct query *)r;
}

static struct slot *find_slot(struct query *query, const struct dns_name *name,
                              enum dns_type type)
{
	for (unsigned i = 0; i < query->options.width; i++) {
		struct slot *slot = &query->slot[i];
		if (slot->state != SLOT_FREE && !slot->owner && slot->type == type &&
		    dns_name_equal(&slot->name, name))
			return slot;
	}
	return NULL;
}

/* A free slot, else, in turn, one of a query ahead whose answer was not taken. */
static struct slot *free_slot(struct query *query, bool may_evict)
{
	for (unsigned i = 0; i < query->options.width; i++)
		if (query->slot[i].state == SLOT_FREE)
			return &query->slot[i];
	for (unsigned i = 0; i < query->options.width && may_evict; i++) {
		struct slot *slot =
			&query->slot[(query->turn + i) % query->options.width];
		if (slot->state == SLOT_DONE && !slot->owner) {
			query->turn++;
			return slot;
		}
	}
	return NULL;
}

struct asker {
	const void *owner;
	size_t index;
	struct arena *mem;
};

static void start(struct slot *slot, const struct dns_name *name, enum dns_type type,
                  const struct asker *asker, int left_ms)
{
	slot->owner = asker->owner;
	slot->index = asker->index;
	slot->mem = asker->mem;
	slot_start(slot, name, type, left_ms);
}

/* Assigns a slot to the query.  NULL: none is free. */
static struct slot *place(struct query *query, const struct dns_name *name,
                          enum dns_type type, const struct asker *asker, int left_ms)
{
	struct slot *slot = find_slot(query, name, type);
	if (slot) {
		slot->owner = asker->owner;
		slot->index = asker->index;
		slot->mem = asker->mem;
		if (slot->state == SLOT_DONE) {
			struct dns_answer kept = slot->answer;
			dns_answer_copy(&kept, asker->mem, &slot->answer);
		}
		return slot;
	}
	slot = free_slot(query, true);
	if (slot)
		start(slot, name, type, asker, left_ms);
	return slot;
}

/* ---- the loop -------------------------------------------------------------------------- */

struct watch {
	struct pollfd fd[SLOTS_MAX * TRIES_OPEN];
	struct {
		struct slot *slot;
		struct query_try *try;
	} of[SLOTS_MAX * TRIES_OPEN];
	unsigned count;
	int64_t until_ns; /* when an action is due without a packet */
};

static void watch_slot(struct watch *watch, struct slot *slot)
{
	if (slot->next_ns < watch->until_ns)
		watch->until_ns = slot->next_ns;
	for (unsigned i = 0; i < TRIES_OPEN; i++) {
		struct query_try *try = &slot->try[i];
		if (try->fd < 0)
			continue;
		watch->of[watch->count].slot = slot;
		watch->of[watch->count].try = try;
		watch->fd[watch->count++] =
			(struct pollfd){ .fd = try->fd, .events = query_try_events(try) };
	}
}

/* A cache on the same machine answers within the time that it takes to suspend a process and wake
 * it, so polling that long saves both; after a poll without an answer, it is omitted for a while.
 */
static int spin(struct query *query, struct watch *watch)
{
	if (query->spins_off > 0) {
		query->spins_off--;
		return 0;
	}
	int64_t until_ns = monotonic_ns() + SPIN_NS;
	do {
		int ready = poll(watch->fd, watch->count, 0);
		if (ready > 0) {
			query->spin_pause = 1;
			return ready;
		}
	} while (monotonic_ns() < until_ns);
	query->spins_off = query->spin_pause;
	if (query->spin_pause < SPIN_PAUSE_MAX)
		query->spin_pause *= 4;
	return 0;
}

static int wait_for_packets(struct query *query, struct watch *watch)
{
	int64_t left_ns = watch->until_ns - monotonic_ns();
	int ready = left_ns > SPIN_NS ? spin(query, watch) : 0;
	if (ready > 0)
		return ready;
	left_ns = watch->until_ns - monotonic_ns();
	if (left_ns < 0)
		left_ns = 0;
	const struct timespec left = { left_ns / NS_PER_SEC, left_ns % NS_PER_SEC };
	return ppoll(watch->fd, watch->count, &left, NULL);
}

/* Waits until a socket is ready, a try is over or the deadline has passed, and then processes the
 * slots. */
static void turn(struct query *query, struct deadline until)
{
	struct watch watch;
	watch.count = 0;
	watch.until_ns = until.monotonic_ns;
	for (unsigned i = 0; i < query->options.width; i++)
		if (query->slot[i].state == SLOT_IN_FLIGHT)
			watch_slot(&watch, &query->slot[i]);
	int ready = wait_for_packets(query, &watch);
	/* a slot that has its answer closes its other sockets */
	for (unsigned i = 0; i < watch.count && ready > 0; i++)
		if (watch.fd[i].revents && watch.of[i].try->fd == watch.fd[i].fd)
			slot_read(watch.of[i].slot, watch.of[i].try);
	query->looked_ns = monotonic_ns();
	for (unsigned i = 0; i < query->options.width; i++)
		if (query->slot[i].state == SLOT_IN_FLIGHT &&
		    query->slot[i].next_ns <= query->looked_ns)
			slot_try_next(&query->slot[i]);
}

/* Takes the answer out of one of our slots; for one that is still in flight, there is none. */
static void take(struct slot *slot, struct dns_answer *ret_answer)
{
	if (slot->state == SLOT_IN_FLIGHT)
		slot_give_up(slot);
	*ret_answer = slot->answer;
	slot_drop(slot);
}

static struct dns_answer too_late(const struct query *query, struct arena *mem)
{
	char servers[SERVERS_TEXT_SIZE];
	query_list_servers(query, 0, servers);
	const char *why =
		arena_printf(mem, 400,
	                     _("the time limit for all queries was reached before %s "
	                       "was queried"),
	                     servers);
	return dns_answer_empty(DNS_TEMPFAIL,
	                        why ? why : _("not enough memory for the answer"));
}

static void ask_many(struct resolver *r, size_t count, const struct dns_name *names,
                     const enum dns_type *types, struct deadline until, struct arena *mem,
                     dns_done *done, void *arg)
{
	struct query *query = query_of(r);
	size_t next = 0, answered = 0;
	while (answered < count) {
		int left_ms = deadline_left_ms(until);
		while (next < count && left_ms > 0) {
			/* `count` is an address of this call: no other owner has it */
			const struct asker asker = { &count, next, mem };
			if (!place(query, &names[next], types[next], &asker, left_ms))
				break;
			next++;
		}
		for (unsigned i = 0; i < query->options.width; i++) {
			struct slot *slot = &query->slot[i];
			struct dns_answer answer;
			if (slot->owner != &count ||
			    (slot->state != SLOT_DONE && left_ms > 0))
				continue;
			size_t index = slot->index;
			take(slot, &answer);
			answered++;
			done(arg, index, &answer);
		}
		for (; left_ms <= 0 && next < count; next++, answered++) {
			struct dns_answer answer = too_late(query, mem);
			done(arg, next, &answer);
		}
		/* an answer that had arrived already freed a slot for the next query */
		if (answered < count && !(next < count && free_slot(query, true)))
			turn(query, until);
	}
}

static void note_answer(void *arg, size_t i, const struct dns_answer *answer)
{
	(void)i;
	*(struct dns_answer *)arg = *answer;
}

static void ask(struct resolver *r, const struct dns_name *name, enum dns_type type,
                struct deadline until, struct arena *mem, struct dns_answer *ret_answer)
{
	ask_many(r, 1, name, &type, until, mem, note_answer, ret_answer);
}

static void ask_ahead(struct resolver *r, const struct dns_name *name, enum dns_type type,
                      struct deadline until)
{
	struct query *query = query_of(r);
	static const struct asker nobody = { 0 };
	int left_ms = deadline_left_ms(until);
	struct slot *slot = find_slot(query, name, type) ? NULL : free_slot(query, false);
	if (slot && left_ms > 0)
		start(slot, name, type, &nobody, left_ms);
}

static bool peek(struct resolver *r, const struct dns_name *name, enum dns_type type,
                 struct arena *mem, struct dns_answer *ret_answer)
{
	struct slot *slot = find_slot(query_of(r), name, type);
	if (slot && slot->state == SLOT_IN_FLIGHT &&
	    monotonic_ns() - query_of(r)->looked_ns > PEEK_NS)
		turn(query_of(r), (struct deadline){ 0 });
	/* turn() frees a slot whose answer did not fit into memory */
	if (!slot || slot->state != SLOT_DONE)
		return false;
	if (!dns_answer_copy(&slot->answer, mem, ret_answer))
		return false;
	slot_drop(slot);
	return true;
}

static bool renew(struct resolver *r)
{
	struct query *query = query_of(r);
	for (unsigned i = 0; i < query->options.width; i++)
		slot_drop(&query->slot[i]);
	arena_reset(&query->ahead);
	query->plain_servers = 0;
	query->turn = 0;
	return true;
}

static void query_free(struct resolver *r)
{
	struct query *query = query_of(r);
	for (unsigned i = 0; i < query->options.width; i++)
		slot_drop(&query->slot[i]);
	query_sockets_done(&query->sockets);
	arena_done(&query->ahead);
	free(query);
}

static const struct resolver_ops query_ops = {
	.ask = ask,
	.ask_many = ask_many,
	.ask_ahead = ask_ahead,
	.peek = peek,
	.renew = renew,
	.free = query_free,
};

struct resolver *query_new(const struct query_servers *servers,
                           const struct query_options *options)
{
	struct query *query = calloc(1, sizeof(*query));
	if (!query)
		return NULL;
	query->resolver.ops = &query_ops;
	query->servers = *servers;
	if (options)
		query->options = *options;
	if (query->options.width == 0 || query->options.width > SLOTS_MAX)
		query->options.width = query->options.width ? SLOTS_MAX : QUERY_WIDTH;
	query->spin_pause = 1;
	/* a random start, so that short-lived processes use all servers too */
	if (query->servers.is_rotated)
		ctx_random(NULL, &query->rotation, sizeof(query->rotation));
	if (query->options.memory == 0)
		query->options.memory = AHEAD_MEMORY;
	for (unsigned i = 0; i < query->options.width; i++)
		slot_init(&query->slot[i], query);
	if (!arena_open(&query->ahead, query->options.memory)) {
		query_free(&query->resolver);
		return NULL;
	}
	return &query->resolver;
}
