/*
 * dnszone/query/query_slot.h: inside the layer that queries servers: a query in flight, from the
 * first attempt to the answer.  Only query.c and query_slot.c include it.
 */
#ifndef DNSZONE_QUERY_QUERY_SLOT_H
#define DNSZONE_QUERY_QUERY_SLOT_H

#include "dnszone/query/query_try.h"

#define SLOTS_MAX 64
#define TRIES_OPEN 4 /* sockets of one question; the oldest is closed for a fifth */
#define IDS 64       /* random ones that are fetched at a time */
#define SERVERS_TEXT_SIZE 256

enum slot_state { SLOT_FREE, SLOT_IN_FLIGHT, SLOT_DONE };

enum fault_kind {
	FAULT_NONE,
	FAULT_RCODE,       /* code: the response code */
	FAULT_UNREACHABLE, /* code: errno */
	FAULT_TCP,         /* code: errno, or 0 */
};

/* Why a server is not queried again. */
struct fault {
	enum fault_kind kind;
	unsigned server;
	int code;
};

struct query;

struct slot {
	struct query *query;
	enum slot_state state;
	struct dns_name name;
	enum dns_type type;
	struct query_try try[TRIES_OPEN];
	unsigned tries;     /* so far */
	unsigned first;     /* server of the first try */
	unsigned turns;     /* servers whose turn was, in all rounds */
	unsigned faulty;    /* bit n: server n is not queried again */
	struct fault fault; /* the last one */
	bool has_strays;    /* packets came that are no answer to the question */
	int64_t started_ns;
	int64_t wait_ns;   /* for the first server */
	int64_t next_ns;   /* when the next server has its turn */
	const void *owner; /* who waits for it; NULL: sent in advance */
	size_t index;      /* the owner's number for it */
	struct arena *mem; /* the owner's */
	struct dns_answer answer;
};

struct query {
	struct resolver resolver;
	struct query_servers servers;
	struct query_options options;
	struct arena ahead;
	struct query_sockets sockets;
	unsigned plain_servers; /* bit n: server n does not support EDNS */
	unsigned rotation;      /* added to for each question */
	uint16_t id[IDS];
	unsigned ids_left;
	unsigned spins_off,
		spin_pause; /* waits without looking first: now, after the next one in vain */
	int64_t looked_ns; /* when all sockets were last looked at */
	unsigned turn;     /* where the search for a free slot begins */
	struct slot slot[SLOTS_MAX];
};

void slot_init(struct slot *slot, struct query *query);

/* Sends the question; owner, index and mem are set.  The slot is in flight then, or done. */
void slot_start(struct slot *slot, const struct dns_name *name, enum dns_type type,
                int left_ms);
/* The time of the server that was queried last is over: queries the next one, or gives up. */
void slot_try_next(struct slot *slot);
/* Reads from a socket that is ready. */
void slot_read(struct slot *slot, struct query_try *try);
/* Sets the answer to DNS_TEMPFAIL, with the reason. */
void slot_give_up(struct slot *slot);
/* Frees the slot, whatever its state. */
void slot_drop(struct slot *slot);

/* "192.0.2.1, 192.0.2.2": all but those whose bit is set in `without`. */
void query_list_servers(const struct query *query, unsigned without,
                        char ret_text[SERVERS_TEXT_SIZE]);

#endif
