/*
 * Questions to real servers: c-ares carries the packets and matches answers to questions by
 * server, id and question; wire.c reads them.
 *
 * A question sits in a slot from its start until its answer was taken.  Slots of questions that
 * were asked ahead have no owner; an answer that comes for one is kept in `ahead`, and asking the
 * question takes it from there or joins the wait.  A slot that is in flight is never reused: c-ares
 * holds a pointer to it.  When a deadline passes before c-ares gave up, the slot just becomes one
 * without an owner.
 *
 * c-ares tries the servers in turn when one is silent.  A server that answers SERVFAIL, REFUSED or
 * NOTIMP is passed over here, by asking through a channel that begins with the next server, so
 * that the reason is known when all of them do it.
 *
 * A channel costs more than a question, so resolver_renew() keeps it, without its sockets: the next
 * check has ports of its own all the same.
 *
 * The sockets are ours (query_socket.h), for what c-ares does not offer.
 */
#include "dnszone/query.h"

#include <ares.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/ctx.h"
#include "dnszone/query_socket.h"
#include "dnszone/wire.h"

#define SLOTS_MAX 64
#define AHEAD_MEMORY ((size_t)128 * 1024)
#define TRIES 3
#define TRY_MS_MAX 2000 /* the first wait for one server; it doubles with each try */
#define TRY_MS_MIN 10
#define IDS 32 /* random ones that are fetched at a time */

enum slot_state { SLOT_FREE, SLOT_IN_FLIGHT, SLOT_DONE };

struct query;

struct slot {
	struct query *query;
	enum slot_state state;
	struct dns_name name;
	enum dns_type type;
	uint16_t id;
	bool is_plain;         /* without EDNS, after a FORMERR (RFC 6891 7) */
	unsigned first_server; /* of the channel that carries it */
	int64_t started_ns;
	const void *owner; /* who waits for it; NULL: asked ahead */
	size_t index;      /* the owner's number for it */
	struct arena *mem; /* the owner's */
	struct dns_answer answer;
};

struct query {
	struct resolver resolver;
	struct query_servers servers;
	struct query_options options;
	struct arena ahead;
	ares_channel channel
		[QUERY_SERVERS_MAX];   /* [n] begins with server n; opened when needed */
	int try_ms[QUERY_SERVERS_MAX]; /* of channel [n]: how long its first try waits */
	bool is_kept[QUERY_SERVERS_MAX]; /* channel [n] is from an earlier check, idle */
	uint16_t id[IDS];
	unsigned ids_left;
	struct query_sockets sockets;
	unsigned turn; /* where the search for a free slot begins */
	struct slot slot[SLOTS_MAX];
};

static struct query *query_of(struct resolver *r)
{
	return (struct query *)r;
}

/* ---- sockets --------------------------------------------------------------------------- */

static const struct ares_socket_functions socket_functions = {
	.asocket = query_socket_open,
	.aclose = query_socket_close,
	.aconnect = query_socket_connect,
	.arecvfrom = query_socket_receive,
	.asendv = query_socket_send,
};

/* The servers from number `first` on, in the form that c-ares takes. */
static int set_servers(const struct query *query, unsigned first, ares_channel channel)
{
	struct ares_addr_port_node node[QUERY_SERVERS_MAX] = { 0 };
	unsigned count = 0;
	for (unsigned i = first; i < query->servers.count; i++, count++) {
		const struct query_server *server = &query->servers.at[i];
		bool is_v4 = query_is_ipv4(server->address);
		node[count].family = is_v4 ? AF_INET : AF_INET6;
		memcpy(&node[count].addr, server->address + (is_v4 ? 12 : 0),
		       is_v4 ? 4 : 16);
		node[count].udp_port = node[count].tcp_port = server->port;
		if (count > 0)
			node[count - 1].next = &node[count];
	}
	return ares_set_servers_ports(channel, node);
}

/* Everything that c-ares would otherwise look for in files and in the environment is given. */
static ares_channel open_channel(struct query *query, unsigned first, int try_ms)
{
	struct in_addr nowhere = { htonl(INADDR_LOOPBACK) };
	char lookups[] = "b";
	struct ares_options options = {
		.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
		         ARES_FLAG_NOCHECKRESP | ARES_FLAG_STAYOPEN,
		.timeout = try_ms,
		.tries = TRIES,
		.ndots = 1,
		.servers = &nowhere,
		.nservers = 1,
		.lookups = lookups,
		.ednspsz = WIRE_UDP_SIZE,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
	           ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
	           ARES_OPT_SORTLIST | ARES_OPT_EDNSPSZ | ARES_OPT_NOROTATE;
	ares_channel channel;
	if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS)
		return NULL;
	if (set_servers(query, first, channel) != ARES_SUCCESS) {
		ares_destroy(channel);
		return NULL;
	}
	ares_set_socket_functions(channel, &socket_functions, &query->sockets);
	return channel;
}

static void close_channel(struct query *query, unsigned first)
{
	if (query->channel[first])
		ares_destroy(query->channel[first]);
	query->channel[first] = NULL;
	query->is_kept[first] = false;
}

/* All tries together last as long as what is left. */
static int first_try_ms(int left_ms)
{
	int try_ms = left_ms / ((1 << TRIES) - 1);
	return try_ms < TRY_MS_MIN   ? TRY_MS_MIN
	       : try_ms > TRY_MS_MAX ? TRY_MS_MAX
	                             : try_ms;
}

static ares_channel channel_from(struct query *query, unsigned first, int left_ms)
{
	if (!query->channel[first] || query->is_kept[first]) {
		int try_ms = first_try_ms(left_ms);
		if (query->channel[first] && query->try_ms[first] != try_ms)
			close_channel(query, first);
		if (!query->channel[first])
			query->channel[first] = open_channel(query, first, try_ms);
		query->try_ms[first] = try_ms;
		query->is_kept[first] = false;
	}
	return query->channel[first];
}

/* ---- answers --------------------------------------------------------------------------- */

static bool has_unread_answers(const struct query *query)
{
	for (unsigned i = 0; i < query->options.width; i++)
		if (query->slot[i].state == SLOT_DONE && !query->slot[i].owner)
			return true;
	return false;
}

/* Where the answer for a slot goes. */
static struct arena *memory_of(struct slot *slot)
{
	if (slot->owner)
		return slot->mem;
	slot->query->ahead.was_full = false;
	if (!has_unread_answers(slot->query))
		arena_reset(&slot->query->ahead);
	return &slot->query->ahead;
}

/* "192.0.2.1, 192.0.2.2" */
static void list_servers(const struct query *query, char ret_text[256])
{
	size_t len = 0;
	ret_text[0] = '\0';
	for (unsigned i = 0; i < query->servers.count && len < 256; i++)
		len += (size_t)snprintf(ret_text + len, 256 - len, "%s%s", i ? ", " : "",
		                        query->servers.at[i].text);
}

static struct dns_answer no_answer(const struct slot *slot, struct arena *mem, int status)
{
	char servers[256];
	const char *why;
	int64_t ms = (monotonic_ns() - slot->started_ns) / NS_PER_MS;
	list_servers(slot->query, servers);
	if (status == ARES_ECONNREFUSED)
		why = arena_printf(mem, 400, _("%s cannot be reached"), servers);
	else if (status == ARES_ENOMEM)
		why = NULL;
	else if (ms < 950)
		why = arena_printf(mem, 400, _("no answer from %s within %d ms"), servers,
		                   (int)ms);
	else
		why = arena_printf(mem, 400, _("no answer from %s within %d s"), servers,
		                   (int)((ms + 500) / 1000));
	return dns_answer_empty(DNS_TEMPFAIL,
	                        why ? why : _("no memory is left for the answer"));
}

static void finish(struct slot *slot, const struct dns_answer *answer,
                   const struct arena *mem)
{
	slot->answer = *answer;
	slot->state = SLOT_DONE;
	/* what was asked ahead and found no room will be asked again */
	if (!slot->owner && mem->was_full)
		slot->state = SLOT_FREE;
}

static void send_question(struct slot *slot, int left_ms);

/* Whether the question was sent once more, because of what this reply says. */
static bool is_sent_again(struct slot *slot, const uint8_t *packet)
{
	unsigned rcode = wire_rcode(packet);
	if (rcode == WIRE_FORMERR && !slot->is_plain)
		slot->is_plain = true;
	else if ((rcode == WIRE_SERVFAIL || rcode == WIRE_REFUSED ||
	          rcode == WIRE_NOTIMP) &&
	         slot->first_server + 1 < slot->query->servers.count)
		slot->first_server++;
	else
		return false;
	send_question(slot, TRY_MS_MAX);
	return true;
}

static void on_reply(void *arg, int status, int timeouts, unsigned char *packet, int len)
{
	struct slot *slot = arg;
	struct query *query = slot->query;
	struct dns_answer answer;
	(void)timeouts;
	query->sockets.questions--;
	if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED)
		return;
	bool is_reply =
		status == ARES_SUCCESS && packet && len > 0 &&
		wire_is_reply(packet, (size_t)len, &slot->name, slot->type, slot->id);
	if (is_reply && is_sent_again(slot, packet))
		return;
	struct arena *mem = memory_of(slot);
	const char *from = query->servers.at[query->sockets.from].text;
	if (is_reply) {
		wire_read_reply(packet, (size_t)len, &slot->name, slot->type, from, mem,
		                &answer);
		answer.is_authentic &= query->options.is_authenticator;
	} else if (status == ARES_SUCCESS) {
		answer = dns_answer_empty(
			DNS_TEMPFAIL, _("an answer that is no answer to the question"));
	} else {
		answer = no_answer(slot, mem, status);
	}
	finish(slot, &answer, mem);
}

/* ---- questions ------------------------------------------------------------------------- */

/* An id that no question in flight has. */
static uint16_t fresh_id(struct query *query)
{
	for (;;) {
		bool is_taken = false;
		if (query->ids_left == 0) {
			ctx_random(NULL, query->id, sizeof(query->id));
			query->ids_left = IDS;
		}
		uint16_t id = query->id[--query->ids_left];
		for (unsigned i = 0; i < query->options.width; i++)
			is_taken |= query->slot[i].state == SLOT_IN_FLIGHT &&
			            query->slot[i].id == id;
		if (!is_taken)
			return id;
	}
}

static void send_question(struct slot *slot, int left_ms)
{
	uint8_t packet[WIRE_QUESTION_MAX];
	ares_channel channel = channel_from(slot->query, slot->first_server, left_ms);
	if (!channel) {
		slot->answer = dns_answer_empty(DNS_TEMPFAIL,
		                                _("no memory is left for the question"));
		slot->state = SLOT_DONE;
		return;
	}
	slot->id = fresh_id(slot->query);
	size_t len = wire_put_question(&slot->name, slot->type, slot->id, !slot->is_plain,
	                               packet);
	slot->query->sockets.questions++;
	ares_send(channel, packet, (int)len, on_reply, slot);
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

/* A slot that nobody needs: a free one, else the next whose answer nobody came for. */
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
	struct query *query = slot->query;
	*slot = (struct slot){
		.query = query,
		.state = SLOT_IN_FLIGHT,
		.name = *name,
		.type = type,
		.started_ns = monotonic_ns(),
		.owner = asker->owner,
		.index = asker->index,
		.mem = asker->mem,
	};
	send_question(slot, left_ms);
}

/* Gives the question to a slot.  NULL: none is free. */
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
	struct pollfd fd[QUERY_SERVERS_MAX * ARES_GETSOCK_MAXNUM];
	ares_channel channel[QUERY_SERVERS_MAX * ARES_GETSOCK_MAXNUM];
	unsigned count;
};

static void watch_channel(struct watch *watch, ares_channel channel)
{
	ares_socket_t fds[ARES_GETSOCK_MAXNUM];
	int bits = ares_getsock(channel, fds, ARES_GETSOCK_MAXNUM);
	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		bool is_read = ARES_GETSOCK_READABLE(bits, i);
		bool is_write = ARES_GETSOCK_WRITABLE(bits, i);
		if (!is_read && !is_write)
			break;
		watch->channel[watch->count] = channel;
		watch->fd[watch->count++] = (struct pollfd){
			.fd = fds[i],
			.events = (short)((is_read ? POLLIN : 0) |
			                  (is_write ? POLLOUT : 0)),
		};
	}
}

/* Waits until a socket is ready, a try is over or the deadline has passed, and lets c-ares work. */
static void turn(struct query *query, struct deadline until)
{
	struct watch watch = { .count = 0 };
	struct timeval longest, shortest = { 0 };
	int wait_ms = deadline_left_ms(until);
	for (unsigned i = 0; i < query->servers.count; i++) {
		if (!query->channel[i])
			continue;
		watch_channel(&watch, query->channel[i]);
		longest = (struct timeval){ wait_ms / 1000, wait_ms % 1000 * 1000 };
		const struct timeval *time =
			ares_timeout(query->channel[i], &longest, &shortest);
		int ms = (int)(time->tv_sec * 1000 + (time->tv_usec + 999) / 1000);
		if (ms < wait_ms)
			wait_ms = ms;
	}
	query->sockets.reads = 0;
	int ready = poll(watch.fd, watch.count, wait_ms);
	for (unsigned i = 0; i < watch.count && ready > 0; i++)
		if (watch.fd[i].revents)
			ares_process_fd(watch.channel[i],
			                watch.fd[i].revents & ~POLLOUT ? watch.fd[i].fd
			                                               : ARES_SOCKET_BAD,
			                watch.fd[i].revents & POLLOUT ? watch.fd[i].fd
			                                              : ARES_SOCKET_BAD);
	for (unsigned i = 0; i < query->servers.count && ready <= 0; i++)
		if (query->channel[i])
			ares_process_fd(query->channel[i], ARES_SOCKET_BAD,
			                ARES_SOCKET_BAD);
}

/* Takes the answer out of a slot of ours; one that is still in flight becomes one without an
 * owner, and its answer is that there is none. */
static void take(struct slot *slot, struct dns_answer *ret_answer)
{
	if (slot->state == SLOT_DONE) {
		*ret_answer = slot->answer;
		slot->state = SLOT_FREE;
	} else {
		*ret_answer = no_answer(slot, slot->mem, ARES_ETIMEOUT);
	}
	slot->owner = NULL;
	slot->mem = NULL;
}

static struct dns_answer too_late(const struct query *query, struct arena *mem)
{
	char servers[256];
	list_servers(query, servers);
	const char *why = arena_printf(
		mem, 400, _("the time for all questions was over before %s was asked"),
		servers);
	return dns_answer_empty(DNS_TEMPFAIL,
	                        why ? why : _("no memory is left for the answer"));
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
		/* an answer that was there already has made room for the next question */
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
	if (slot && slot->state == SLOT_IN_FLIGHT)
		turn(query_of(r), (struct deadline){ 0 });
	/* it may have found no room just now */
	if (!slot || slot->state != SLOT_DONE)
		return false;
	if (!dns_answer_copy(&slot->answer, mem, ret_answer))
		return false;
	slot->state = SLOT_FREE;
	return true;
}

static bool renew(struct resolver *r)
{
	struct query *query = query_of(r);
	for (unsigned i = 0; i < query->servers.count; i++) {
		if (!query->channel[i])
			continue;
		ares_cancel(query->channel[i]);
		/* c-ares closes the sockets of servers that are replaced; later ones keep
		 * those that are the same */
		if (set_servers(query, i, query->channel[i]) != ARES_SUCCESS)
			close_channel(query, i);
		query->is_kept[i] = query->channel[i] != NULL;
	}
	for (unsigned i = 0;
	     query_sockets_are_open(&query->sockets) && i < query->servers.count; i++)
		close_channel(query, i);
	for (unsigned i = 0; i < SLOTS_MAX; i++) {
		query->slot[i].state = SLOT_FREE;
		query->slot[i].owner = NULL;
		query->slot[i].mem = NULL;
	}
	arena_reset(&query->ahead);
	query->turn = 0;
	return true;
}

static void query_free(struct resolver *r)
{
	struct query *query = query_of(r);
	for (unsigned i = 0; i < query->servers.count; i++)
		close_channel(query, i);
	arena_done(&query->ahead);
	free(query);
	ares_library_cleanup();
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
	if (!query || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
		free(query);
		return NULL;
	}
	query->resolver.ops = &query_ops;
	query->servers = *servers;
	if (options)
		query->options = *options;
	if (query->options.width == 0 || query->options.width > SLOTS_MAX)
		query->options.width = query->options.width ? SLOTS_MAX : QUERY_WIDTH;
	if (query->options.memory == 0)
		query->options.memory = AHEAD_MEMORY;
	query_sockets_init(&query->sockets, &query->servers);
	for (size_t i = 0; i < SLOTS_MAX; i++)
		query->slot[i].query = query;
	if (!arena_open(&query->ahead, query->options.memory)) {
		query_free(&query->resolver);
		return NULL;
	}
	return &query->resolver;
}
