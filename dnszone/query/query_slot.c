/*
 * One query in flight.
 *
 * Servers are tried in rounds.  The next one is tried when the previous one was silent for its
 * time, or at once when it cannot answer (an error, no listener).  Such a server is not tried
 * again; if all are like that, the last reason is reported.
 *
 * A socket remains open when the next server is tried, for the last TRIES_OPEN tries: a server that
 * needs longer than a try could otherwise never answer.  An answer belongs to the try of its
 * socket: that server, port and id.  The answer to an earlier try is accepted like one to the last;
 * it is never accepted for another try.  An attacker who guesses gains little: TRIES_OPEN pairs of
 * port and id instead of one.  All other packets are dropped, and the wait continues.
 */
#include "dnszone/query/query_slot.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/base/ctx.h"

#define ATTEMPTS 3
#define WAIT_MS 2000 /* for one server in the first round; doubled in each round */
#define WAIT_MIN_MS 10
#define PACKETS_PER_TURN 16 /* are read before the deadline is checked */
#define DATAGRAM_MAX 4096   /* some send more than they were asked to */

/* ---- the answer ------------------------------------------------------------------------------ */

static bool has_unread_answers(const struct query *query)
{
	for (unsigned i = 0; i < query->options.width; i++)
		if (query->slot[i].state == SLOT_DONE && !query->slot[i].owner)
			return true;
	return false;
}

/* The destination of the answer for a slot. */
static struct arena *memory_of(struct slot *slot)
{
	if (slot->owner)
		return slot->mem;
	slot->query->ahead.was_full = false;
	if (!has_unread_answers(slot->query))
		arena_reset(&slot->query->ahead);
	return &slot->query->ahead;
}

void query_list_servers(const struct query *query, unsigned without,
                        char ret_text[SERVERS_TEXT_SIZE])
{
	size_t len = 0;
	ret_text[0] = '\0';
	for (unsigned i = 0; i < query->servers.count && len < SERVERS_TEXT_SIZE; i++)
		if (!(without & 1u << i))
			len += (size_t)snprintf(ret_text + len, SERVERS_TEXT_SIZE - len,
			                        "%s%s", len ? ", " : "",
			                        query->servers.at[i].text);
}

static const char *fault_reason(const struct fault *fault, const char *server,
                                struct arena *mem)
{
	if (fault->kind == FAULT_UNREACHABLE)
		return arena_printf(mem, 400, _("%s cannot be reached: %s"), server,
		                    strerror(fault->code));
	if (fault->code != 0)
		return arena_printf(mem, 400, _("%s cannot be queried over TCP: %s"),
		                    server, strerror(fault->code));
	return arena_printf(mem, 400, _("%s sent no complete answer over TCP"), server);
}

static const char *silence_reason(const struct slot *slot, struct arena *mem)
{
	char servers[SERVERS_TEXT_SIZE];
	int64_t ms = (monotonic_ns() - slot->started_ns) / NS_PER_MS;
	query_list_servers(slot->query, slot->faulty, servers);
	if (slot->has_strays)
		return arena_printf(
			mem, 400,
			_("no answer from %s: the packets received do not match the question"),
			servers);
	if (ms < 950)
		return arena_printf(mem, 400, _("no answer from %s within %d ms"),
		                    servers, (int)ms);
	return arena_printf(mem, 400, _("no answer from %s within %d s"), servers,
	                    (int)((ms + 500) / 1000));
}

static struct dns_answer no_answer(const struct slot *slot, struct arena *mem)
{
	const struct query *query = slot->query;
	bool is_all_faulty = slot->faulty == (1u << query->servers.count) - 1;
	const char *server = query->servers.at[slot->fault.server].text;
	if (is_all_faulty && slot->fault.kind == FAULT_RCODE)
		return wire_failure((unsigned)slot->fault.code, server, mem);
	const char *why = is_all_faulty ? fault_reason(&slot->fault, server, mem)
	                                : silence_reason(slot, mem);
	struct dns_answer answer = dns_answer_empty(
		DNS_TEMPFAIL, why ? why : _("not enough memory for the answer"));
	answer.has_reply = slot->fault.kind == FAULT_RCODE;
	return answer;
}

static void close_tries(struct slot *slot)
{
	for (unsigned i = 0; i < TRIES_OPEN; i++)
		if (slot->try[i].fd >= 0)
			query_try_close(&slot->try[i], &slot->query->sockets);
}

static void finish(struct slot *slot, const struct dns_answer *answer,
                   const struct arena *mem)
{
	close_tries(slot);
	slot->answer = *answer;
	slot->state = SLOT_DONE;
	/* the answer of a query ahead did not fit: it is queried again when it is needed */
	if (!slot->owner && mem->was_full)
		slot->state = SLOT_FREE;
}

void slot_give_up(struct slot *slot)
{
	struct arena *mem = memory_of(slot);
	struct dns_answer answer = no_answer(slot, mem);
	finish(slot, &answer, mem);
}

/* ---- tries ----------------------------------------------------------------------------------- */

/* An id that no try in flight has. */
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
			for (unsigned k = 0; k < TRIES_OPEN; k++)
				is_taken |= query->slot[i].try[k].fd >= 0 &&
				            query->slot[i].try[k].id == id;
		if (!is_taken)
			return id;
	}
}

static bool is_faulty(const struct slot *slot, unsigned server)
{
	return slot->faulty & 1u << server;
}

static void note_fault(struct slot *slot, enum fault_kind kind, unsigned server, int code)
{
	slot->faulty |= 1u << server;
	slot->fault = (struct fault){ kind, server, code };
}

/* A closed one, else the oldest. */
static struct query_try *place_for_try(struct slot *slot)
{
	struct query_try *oldest = &slot->try[0];
	for (unsigned i = 0; i < TRIES_OPEN; i++) {
		if (slot->try[i].fd < 0)
			return &slot->try[i];
		if (slot->try[i].number < oldest->number)
			oldest = &slot->try[i];
	}
	query_try_close(oldest, &slot->query->sockets);
	return oldest;
}

/* False: the server now counts as faulty. */
static bool open_try(struct slot *slot, unsigned server, bool is_tcp)
{
	struct query *query = slot->query;
	struct query_try *try = place_for_try(slot);
	try->number = ++slot->tries;
	try->server = server;
	try->is_plain = query->plain_servers & 1u << server;
	try->id = fresh_id(query);
	if (is_tcp ? query_try_tcp(try, &query->servers.at[server])
	           : query_try_udp(try, &query->sockets, &query->servers.at[server],
	                           &slot->name, slot->type))
		return true;
	note_fault(slot, is_tcp ? FAULT_TCP : FAULT_UNREACHABLE, server, errno);
	return false;
}

static unsigned attempts_of(const struct query *query)
{
	return query->servers.attempts ? query->servers.attempts : ATTEMPTS;
}

/* A configured timeout is the same in each round. */
static int64_t wait_in_round(const struct slot *slot, unsigned round)
{
	return slot->query->servers.timeout_s ? slot->wait_ns : slot->wait_ns << round;
}

void slot_try_next(struct slot *slot)
{
	unsigned count = slot->query->servers.count;
	while (slot->turns < count * attempts_of(slot->query)) {
		unsigned server = (slot->first + slot->turns) % count;
		unsigned round = slot->turns++ / count;
		if (is_faulty(slot, server) || !open_try(slot, server, false))
			continue;
		slot->next_ns = monotonic_ns() + wait_in_round(slot, round);
		return;
	}
	slot_give_up(slot);
}

/* All rounds must fit into the remaining time, and each server is tried at least once. */
static int64_t first_wait_ns(const struct query *query, int left_ms)
{
	unsigned attempts = attempts_of(query);
	int64_t longest =
		query->servers.timeout_s ? query->servers.timeout_s * 1000 : WAIT_MS;
	unsigned parts = query->servers.timeout_s ? attempts : (1u << attempts) - 1;
	if (parts < query->servers.count)
		parts = query->servers.count;
	int64_t ms = left_ms / parts;
	return (ms < WAIT_MIN_MS ? WAIT_MIN_MS : ms > longest ? longest : ms) * NS_PER_MS;
}

void slot_init(struct slot *slot, struct query *query)
{
	slot->query = query;
	for (unsigned i = 0; i < TRIES_OPEN; i++)
		slot->try[i].fd = -1;
}

void slot_start(struct slot *slot, const struct dns_name *name, enum dns_type type,
                int left_ms)
{
	struct query *query = slot->query;
	slot->state = SLOT_IN_FLIGHT;
	slot->name = *name;
	slot->type = type;
	slot->tries = slot->turns = slot->faulty = 0;
	slot->first =
		query->servers.is_rotated ? query->rotation++ % query->servers.count : 0;
	slot->fault = (struct fault){ FAULT_NONE };
	slot->has_strays = false;
	slot->started_ns = monotonic_ns();
	slot->wait_ns = first_wait_ns(query, left_ms);
	slot_try_next(slot);
}

void slot_drop(struct slot *slot)
{
	if (slot->state == SLOT_IN_FLIGHT)
		close_tries(slot);
	slot->state = SLOT_FREE;
	slot->owner = NULL;
	slot->mem = NULL;
}

/* ---- what comes back ------------------------------------------------------------------------- */

static void on_fault(struct slot *slot, const struct query_try *try, enum fault_kind kind,
                     int code)
{
	bool is_last = try->number == slot->tries;
	unsigned server = try->server;
	note_fault(slot, kind, server, code);
	for (unsigned i = 0; i < TRIES_OPEN; i++)
		if (slot->try[i].fd >= 0 && slot->try[i].server == server)
			query_try_close(&slot->try[i], &slot->query->sockets);
	/* otherwise another server is being tried, whose time is not over */
	if (is_last)
		slot_try_next(slot);
}

/* The same server again: over TCP, or without EDNS. */
static void ask_again(struct slot *slot, struct query_try *try, bool is_tcp)
{
	unsigned server = try->server;
	query_try_close(try, &slot->query->sockets);
	if (!open_try(slot, server, is_tcp)) {
		slot_try_next(slot);
		return;
	}
	int64_t until_ns = monotonic_ns() + slot->wait_ns;
	if (slot->next_ns < until_ns)
		slot->next_ns = until_ns;
}

/* A server that does not support EDNS answers with one of these (RFC 6891 7). */
static bool is_about_edns(const struct query_try *try, unsigned rcode)
{
	return !try->is_plain && (rcode == WIRE_FORMERR || rcode == WIRE_NOTIMP);
}

static void take_answer(struct slot *slot, const struct query_try *try,
                        const uint8_t *packet, size_t len)
{
	const struct query *query = slot->query;
	struct arena *mem = memory_of(slot);
	struct dns_answer answer;
	wire_read_reply(packet, len, &slot->name, slot->type,
	                query->servers.at[try->server].text, mem, &answer);
	answer.is_authentic &= query->options.is_authenticator;
	finish(slot, &answer, mem);
}

/* False: it was dropped. */
static bool on_packet(struct slot *slot, struct query_try *try, const uint8_t *packet,
                      size_t len)
{
	if (!wire_is_reply(packet, len, &slot->name, slot->type, try->id) &&
	    !wire_is_bare_error(packet, len, try->id)) {
		slot->has_strays = true;
		return false;
	}
	unsigned rcode = wire_rcode(packet);
	if (is_about_edns(try, rcode)) {
		slot->query->plain_servers |= 1u << try->server;
		ask_again(slot, try, try->is_tcp);
	} else if (rcode != WIRE_NOERROR && rcode != WIRE_NXDOMAIN) {
		on_fault(slot, try, FAULT_RCODE, (int)rcode);
	} else if (wire_is_truncated(packet) && !try->is_tcp) {
		ask_again(slot, try, true);
	} else {
		take_answer(slot, try, packet, len);
	}
	return true;
}

void slot_read(struct slot *slot, struct query_try *try)
{
	static const enum fault_kind kinds[] = { FAULT_UNREACHABLE, FAULT_TCP };
	uint8_t room[DATAGRAM_MAX];
	for (unsigned i = 0; i < PACKETS_PER_TURN; i++) {
		const uint8_t *packet;
		size_t len = 0;
		switch (query_try_read(try, &slot->name, slot->type, room, sizeof(room),
		                       &packet, &len)) {
		case TRY_WAITS:
			return;
		case TRY_PACKET:
			if (on_packet(slot, try, packet, len))
				return;
			if (!try->is_tcp)
				break;
			on_fault(slot, try, FAULT_TCP, 0);
			return;
		case TRY_CUT:
			if (wire_is_reply(room, sizeof(room), &slot->name, slot->type,
			                  try->id)) {
				ask_again(slot, try, true);
				return;
			}
			slot->has_strays = true;
			break;
		case TRY_FAILED:
			on_fault(slot, try, kinds[try->is_tcp], errno);
			return;
		}
	}
}
