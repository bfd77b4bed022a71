/*
 * A worker takes a zone, finds its servers (NS records from the name upwards, RFC 2181 6.1) and
 * queries one after the other until each owner has an answer; owners that are delegated further are
 * queried through the resolver.  A record may come from a wildcard (RFC 4592): a random name next
 * to the owner then returns the same.  The workers share which servers are silent, and whether the
 * resolver is.
 */
#include "dnszone/query/zone_look.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/arena.h"
#include "core/base/ctx.h"
#include "core/base/fan.h"
#include "core/base/signals.h"
#include "dnszone/name/dns_name.h"
#include "dnszone/query/resolver_cache.h"
#include "dnszone/query/zone_servers.h"

enum {
	WORKERS = 32,
	WIDTH = 8, /* queries in flight of each: all together open fewer than 1024 files */
	SERVERS_MAX = 4,    /* of a zone: names to look up, addresses to try */
	RESOLVER_MS = 3000, /* to find the servers of one zone */
	SERVER_MS = 1500,   /* for one of them */
	LOOK_MS = 5000,     /* for all zones, plus a little for each */
	EACH_MS = 5,
	ALL_MS = 300000,
	SILENCES = 2,       /* after which a server is skipped */
	DEAF_AFTER = 8,     /* zones whose servers the resolver did not find in time */
	KNOWN_MAX = 512,    /* servers that are remembered */
	QUESTIONS_MAX = 64, /* at once, two for each owner */
};
static const struct query_options query_options = { .width = WIDTH };

#define LOOK_MEMORY ((size_t)1 << 19)
#define CACHE_MEMORY ((size_t)1 << 18)

void zone_look_done(struct zone_look *look)
{
	for (size_t i = 0; i < look->count; i++) {
		struct zone_owner *owner = &look->owner[i];
		free(owner->owner);
		free(owner->alias);
		for (size_t k = 0; k < owner->count; k++)
			free(owner->text[k]);
		free(owner->text);
	}
	free(look->owner);
	free(look->name);
	*look = (struct zone_look){ 0 };
}

void zone_look_add(struct zone_look *look, const char *owner)
{
	if (zone_look_find(look, owner))
		return;
	GROW(look->owner, look->count, look->room);
	look->owner[look->count++] = (struct zone_owner){ .owner = xstrdup(owner) };
}

const struct zone_owner *zone_look_find(const struct zone_look *look, const char *owner)
{
	for (size_t i = 0; i < look->count; i++)
		if (strcmp(look->owner[i].owner, owner) == 0)
			return &look->owner[i];
	return NULL;
}

struct deadline zone_look_deadline(size_t count)
{
	int64_t more = (int64_t)count * EACH_MS;
	return deadline_in_ms(LOOK_MS + (more < ALL_MS ? more : ALL_MS));
}

/* ---- what the workers share ------------------------------------------------------------------ */

struct known_server {
	uint8_t address[16];
	unsigned silences;
	bool has_answered;
};

struct shared {
	pthread_mutex_t lock;
	const struct query_servers *servers;
	struct zone_look *looks;
	struct deadline until;
	void (*tick)(void *arg, size_t done);
	void *arg;
	struct known_server known[KNOWN_MAX];
	size_t known_count;
	size_t found,
		unheard; /* zones whose servers the resolver found, did not find in time */
};

static struct known_server *find_known(struct shared *shared, const uint8_t address[16])
{
	for (size_t i = 0; i < shared->known_count; i++)
		if (memcmp(shared->known[i].address, address, 16) == 0)
			return &shared->known[i];
	if (shared->known_count == KNOWN_MAX)
		return NULL;
	struct known_server *server = &shared->known[shared->known_count++];
	memcpy(server->address, address, 16);
	return server;
}

static bool is_left_alone(struct shared *shared, const uint8_t address[16])
{
	pthread_mutex_lock(&shared->lock);
	const struct known_server *server = find_known(shared, address);
	bool is = server && !server->has_answered && server->silences >= SILENCES;
	pthread_mutex_unlock(&shared->lock);
	return is;
}

static void note_server(struct shared *shared, const uint8_t address[16],
                        bool has_answered)
{
	pthread_mutex_lock(&shared->lock);
	struct known_server *server = find_known(shared, address);
	if (server && has_answered)
		server->has_answered = true;
	else if (server)
		server->silences++;
	pthread_mutex_unlock(&shared->lock);
}

static bool is_resolver_deaf(struct shared *shared)
{
	pthread_mutex_lock(&shared->lock);
	bool is = !shared->found && shared->unheard >= DEAF_AFTER;
	pthread_mutex_unlock(&shared->lock);
	return is;
}

static void note_resolver(struct shared *shared, bool has_found, bool is_late)
{
	pthread_mutex_lock(&shared->lock);
	shared->found += has_found;
	shared->unheard += is_late;
	pthread_mutex_unlock(&shared->lock);
}

/* ---- one worker ------------------------------------------------------------------------------ */

struct worker {
	struct shared *shared;
	struct resolver *dns; /* finds servers; NULL: out of memory */
	struct arena mem;
	bool is_able;
};

static struct deadline earlier(struct deadline until, int64_t ms)
{
	struct deadline own = deadline_in_ms(ms);
	return own.monotonic_ns < until.monotonic_ns ? own : until;
}

/* Silence, not a refusal: most of the time is used up. */
static bool is_used_up(struct deadline until, int ms)
{
	return deadline_left_ms(until) < ms / 4;
}

static void explain(struct zone_look *look, const char *why)
{
	if (!*look->why)
		snprintf(look->why, sizeof(look->why), "%s", why);
}

/* False: the resolver failed.  No servers: only the resolver may have an answer for the zone. */
static bool find_servers(struct worker *worker, struct zone_look *look,
                         struct zone_servers *servers)
{
	struct deadline until = earlier(worker->shared->until, RESOLVER_MS);
	struct dns_name name;
	*servers = (struct zone_servers){ .state = ZONE_SERVERS_NONE };
	if (dns_name_from_text(look->name, strlen(look->name), &name))
		zone_servers_find(worker->dns, &name, SERVERS_MAX, until, &worker->mem,
		                  servers);
	bool is_found = servers->state != ZONE_SERVERS_UNKNOWN;
	if (!is_found)
		explain(look, servers->why);
	note_resolver(worker->shared, is_found,
	              !is_found && is_used_up(until, RESOLVER_MS));
	return is_found;
}

/* ---- one question for each owner ------------------------------------------------------------- */

static char *name_text(const struct dns_rdata *rdata)
{
	struct dns_name name;
	char text[DNS_NAME_TEXT_SIZE];
	if (!dns_name_from_wire(rdata->octets, rdata->len, &name))
		return xstrdup("?");
	dns_name_to_text(&name, text);
	return xstrdup(text);
}

static void take_texts(struct zone_owner *owner, const struct dns_answer *answer)
{
	size_t count = answer->count < ZONE_LOOK_TEXTS ? answer->count : ZONE_LOOK_TEXTS;
	owner->text = xcalloc(count, sizeof(*owner->text));
	for (size_t i = 0; i < count; i++)
		owner->text[owner->count++] =
			xmemdup(answer->rdata[i].octets, answer->rdata[i].len);
}

struct round {
	struct zone_look *look;
	struct zone_owner *owner[QUESTIONS_MAX / 2];
	struct dns_answer answer[QUESTIONS_MAX]; /* TXT, CNAME, TXT, CNAME, ... */
	size_t count;                            /* of owners */
};

static void keep_answer(void *arg, size_t i, const struct dns_answer *answer)
{
	((struct round *)arg)->answer[i] = *answer;
}

/* False: no server answered. */
static bool take_answers(struct round *round)
{
	bool is_heard = false;
	for (size_t i = 0; i < round->count; i++) {
		const struct dns_answer *txt = &round->answer[2 * i];
		const struct dns_answer *cname = &round->answer[2 * i + 1];
		struct zone_owner *owner = round->owner[i];
		/* an alias to a server that is down is still an alias */
		bool is_alias = cname->kind == DNS_OK && cname->count;
		if (cname->kind == DNS_TEMPFAIL ||
		    (txt->kind == DNS_TEMPFAIL && !is_alias)) {
			explain(round->look,
			        cname->kind == DNS_TEMPFAIL ? cname->why : txt->why);
			continue;
		}
		is_heard = true;
		owner->state = ZONE_EMPTY;
		if (is_alias)
			owner->alias = name_text(&cname->rdata[0]);
		if (txt->kind == DNS_OK && txt->count)
			take_texts(owner, txt);
		if (owner->alias || owner->count)
			owner->state = ZONE_FOUND;
	}
	return is_heard;
}

/* Queries owners that have no answer yet, as many as fit into one round. */
static void begin_round(struct zone_look *look, struct round *round)
{
	*round = (struct round){ .look = look };
	for (size_t i = 0; i < look->count && round->count < QUESTIONS_MAX / 2; i++)
		if (look->owner[i].state == ZONE_SILENT)
			round->owner[round->count++] = &look->owner[i];
}

static void ask_round(struct worker *worker, struct resolver *dns, struct deadline until,
                      struct round *round)
{
	struct dns_name names[QUESTIONS_MAX];
	enum dns_type types[QUESTIONS_MAX];
	for (size_t i = 0; i < round->count; i++) {
		const char *text = round->owner[i]->owner;
		if (!dns_name_from_text(text, strlen(text), &names[2 * i]))
			names[2 * i] = (struct dns_name){ .len = 1 };
		names[2 * i + 1] = names[2 * i];
		types[2 * i] = DNS_TXT;
		types[2 * i + 1] = DNS_CNAME;
	}
	resolver_ask_many(dns, 2 * round->count, names, types, until, &worker->mem,
	                  keep_answer, round);
}

/* ---- wildcards ------------------------------------------------------------------------------- */

static bool is_same(const struct zone_owner *a, const struct zone_owner *b)
{
	if ((a->alias == NULL) != (b->alias == NULL) ||
	    (a->alias && strcmp(a->alias, b->alias) != 0) || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		bool has = false;
		for (size_t k = 0; k < b->count; k++)
			has |= strcmp(a->text[i], b->text[k]) == 0;
		if (!has)
			return false;
	}
	return true;
}

static void empty_owner(struct zone_owner *owner)
{
	for (size_t i = 0; i < owner->count; i++)
		free(owner->text[i]);
	free(owner->text);
	free(owner->alias);
	*owner = (struct zone_owner){ .owner = owner->owner, .state = ZONE_EMPTY };
}

/* Empties owners whose records a random name next to them has too: they come from a wildcard. */
static void pass_over_wildcards(struct worker *worker, struct resolver *dns,
                                struct deadline until, struct zone_look *look)
{
	cleanup(zone_look_done) struct zone_look probes = { 0 };
	size_t of[QUESTIONS_MAX / 2], count = 0;
	for (size_t i = 0; i < look->count && count < ARRAY_LEN(of); i++) {
		const char *parent = strchr(look->owner[i].owner, '.');
		uint64_t random;
		if (look->owner[i].state != ZONE_FOUND || !parent)
			continue;
		ctx_random(NULL, &random, sizeof(random));
		auto_free char *probe = xasprintf("%016" PRIx64 "%s", random, parent);
		zone_look_add(&probes, probe);
		of[count++] = i;
	}
	if (!count)
		return;
	struct round round;
	begin_round(&probes, &round);
	ask_round(worker, dns, until, &round);
	take_answers(&round);
	for (size_t i = 0; i < count; i++)
		if (probes.owner[i].state == ZONE_FOUND &&
		    is_same(&probes.owner[i], &look->owner[of[i]]))
			empty_owner(&look->owner[of[i]]);
}

/* ---- one zone -------------------------------------------------------------------------------- */

/* All open queries, through one server (or the resolver).  False: it was silent. */
static bool ask_all(struct worker *worker, struct resolver *dns, struct deadline until,
                    struct zone_look *look)
{
	struct round round;
	bool is_heard = true;
	for (begin_round(look, &round); round.count && is_heard;
	     begin_round(look, &round)) {
		size_t before = round.count;
		ask_round(worker, dns, until, &round);
		is_heard = take_answers(&round);
		if (before < ARRAY_LEN(round.owner))
			break;
	}
	if (is_heard)
		pass_over_wildcards(worker, dns, until, look);
	return is_heard;
}

static bool is_open(const struct zone_look *look)
{
	for (size_t i = 0; i < look->count; i++)
		if (look->owner[i].state == ZONE_SILENT)
			return true;
	return false;
}

static void ask_server(struct worker *worker, const struct query_server *server,
                       struct zone_look *look)
{
	const struct query_servers one = { .at = { *server }, .count = 1 };
	struct deadline until = earlier(worker->shared->until, SERVER_MS);
	if (is_left_alone(worker->shared, server->address)) {
		auto_free char *why =
			xasprintf(_("%s did not answer earlier queries"), server->text);
		explain(look, why);
		return;
	}
	auto_resolver *direct = query_new(&one, &query_options);
	if (!direct)
		return;
	bool is_heard = ask_all(worker, direct, until, look);
	/* a server that refuses a zone has answered; one whose time was cut by the total limit may
	 * work */
	bool is_late = is_used_up(until, SERVER_MS) &&
	               deadline_left_ms(worker->shared->until) > 0;
	if (is_heard || is_late)
		note_server(worker->shared, server->address, is_heard);
}

static void look_at(struct worker *worker, struct zone_look *look)
{
	struct zone_servers servers;
	arena_reset(&worker->mem);
	if (deadline_left_ms(worker->shared->until) == 0 || signals_is_cancelled())
		explain(look, _("there was no time left"));
	else if (is_resolver_deaf(worker->shared))
		explain(look, _("the name servers of this host do not answer"));
	else if (find_servers(worker, look, &servers)) {
		for (size_t i = 0; i < servers.count && i < SERVERS_MAX && is_open(look);
		     i++)
			ask_server(worker, &servers.at[i], look);
		/* delegated further, or no server is authoritative */
		if (is_open(look) && deadline_left_ms(worker->shared->until) > 0)
			ask_all(worker, worker->dns,
			        earlier(worker->shared->until, SERVER_MS), look);
	}
}

static void worker_end(void *own)
{
	struct worker *worker = own;
	resolver_free(worker->dns);
	arena_done(&worker->mem);
	free(worker);
}

static void *worker_begin(void *arg)
{
	struct shared *shared = arg;
	struct worker *worker = xcalloc(1, sizeof(*worker));
	struct resolver *live = query_new(shared->servers, &query_options);
	worker->shared = shared;
	worker->dns = live ? resolver_cache_new(live, CACHE_MEMORY) : NULL;
	if (!worker->dns)
		resolver_free(live);
	worker->is_able = arena_open(&worker->mem, LOOK_MEMORY) && worker->dns;
	return worker;
}

static void work(void *arg, void *own, size_t i)
{
	struct shared *shared = arg;
	struct worker *worker = own;
	if (worker->is_able)
		look_at(worker, &shared->looks[i]);
	else
		explain(&shared->looks[i], _("not enough memory"));
}

/* ---- all ------------------------------------------------------------------------------------- */

static void tell(void *arg, size_t done)
{
	const struct shared *shared = arg;
	if (shared->tick)
		shared->tick(shared->arg, done);
}

void zone_look(const struct query_servers *servers, struct zone_look *looks, size_t count,
               struct deadline until, void (*tick)(void *arg, size_t done), void *arg)
{
	struct shared shared = { .servers = servers,
		                 .looks = looks,
		                 .until = until,
		                 .tick = tick,
		                 .arg = arg };
	const struct fan_work workers = {
		.work = work,
		.begin = worker_begin,
		.end = worker_end,
		.tick = tell,
		.arg = &shared,
	};
	pthread_mutex_init(&shared.lock, NULL);
	fan_out(count, WORKERS, &workers);
	pthread_mutex_destroy(&shared.lock);
}
