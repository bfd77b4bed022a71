/*
 * The cache of one check: hash chains whose entries and answers are in one bounded arena.
 *
 * Entries are never removed; if the arena is full, further answers are not stored.  Queries ahead
 * are passed to the layer that has the network, which stores their answers; here they become
 * entries when they are queried or peeked at.
 */
#include "dnszone/query/resolver_cache.h"

#include <stdlib.h>
#include <string.h>

#define CHAINS 64 /* a check asks for at most some hundred names */

struct entry {
	struct entry *next;
	enum dns_type type;
	struct dns_answer answer;
	uint8_t len;
	uint8_t wire[];
};

struct cache {
	struct resolver resolver;
	struct arena mem;
	struct resolver_cache_count count;
	struct entry *chain[CHAINS];
};

static struct cache *cache_of(struct resolver *r)
{
	return (struct cache *)r;
}

static struct entry **chain_of(struct cache *cache, const struct dns_name *name,
                               enum dns_type type)
{
	uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)type; /* FNV-1a */
	for (size_t i = 0; i < name->len; i++)
		hash = (hash ^ name->wire[i]) * UINT32_C(16777619);
	return &cache->chain[(hash ^ hash >> 16) % CHAINS];
}

/* RFC 6761 6.4: "invalid" and the names below it do not exist, and nobody is asked for them. */
static bool is_invalid(const struct dns_name *name)
{
	static const char tail[] = "\7invalid"; /* and the root label */
	const size_t len = sizeof(tail);
	if (name->len < len || memcmp(name->wire + name->len - len, tail, len) != 0)
		return false;
	for (size_t at = 0; at + len <= name->len; at += name->wire[at] + 1u)
		if (at + len == name->len)
			return true;
	return false;
}

static const struct entry *find(struct cache *cache, const struct dns_name *name,
                                enum dns_type type)
{
	static const struct entry absent = { .answer = { .kind = DNS_NXDOMAIN } };
	if (is_invalid(name))
		return &absent;
	const struct entry *entry = *chain_of(cache, name, type);
	while (entry && (entry->type != type || entry->len != name->len ||
	                 memcmp(entry->wire, name->wire, name->len) != 0))
		entry = entry->next;
	return entry;
}

static void keep(struct cache *cache, const struct dns_name *name, enum dns_type type,
                 const struct dns_answer *answer)
{
	size_t mark = arena_mark(&cache->mem);
	struct entry *entry = arena_alloc(&cache->mem, sizeof(*entry) + name->len);
	if (!entry || !dns_answer_copy(answer, &cache->mem, &entry->answer)) {
		arena_release(&cache->mem, mark);
		return;
	}
	entry->type = type;
	entry->len = name->len;
	memcpy(entry->wire, name->wire, name->len);
	struct entry **chain = chain_of(cache, name, type);
	entry->next = *chain;
	*chain = entry;
}

static void ask(struct resolver *r, const struct dns_name *name, enum dns_type type,
                struct deadline until, struct arena *mem, struct dns_answer *ret_answer)
{
	struct cache *cache = cache_of(r);
	const struct entry *entry = find(cache, name, type);
	if (entry) {
		cache->count.hits++;
		dns_answer_copy(&entry->answer, mem, ret_answer);
		return;
	}
	cache->count.misses++;
	resolver_ask(r->below, name, type, until, mem, ret_answer);
	keep(cache, name, type, ret_answer);
}

static bool peek(struct resolver *r, const struct dns_name *name, enum dns_type type,
                 struct arena *mem, struct dns_answer *ret_answer)
{
	struct cache *cache = cache_of(r);
	const struct entry *entry = find(cache, name, type);
	if (entry)
		return dns_answer_copy(&entry->answer, mem, ret_answer);
	if (!resolver_peek(r->below, name, type, mem, ret_answer))
		return false;
	keep(cache, name, type, ret_answer);
	return true;
}

static void ask_ahead(struct resolver *r, const struct dns_name *name, enum dns_type type,
                      struct deadline until)
{
	if (!find(cache_of(r), name, type))
		resolver_ask_ahead(r->below, name, type, until);
}

struct many {
	struct cache *cache;
	struct dns_name *names; /* those that are not known yet */
	enum dns_type *types;
	size_t *index; /* their places in the caller's list */
	dns_done *done;
	void *arg;
};

static void many_done(void *arg, size_t i, const struct dns_answer *answer)
{
	const struct many *many = arg;
	keep(many->cache, &many->names[i], many->types[i], answer);
	many->done(many->arg, many->index[i], answer);
}

static void ask_many(struct resolver *r, size_t count, const struct dns_name *names,
                     const enum dns_type *types, struct deadline until, struct arena *mem,
                     dns_done *done, void *arg)
{
	struct many many = {
		.cache = cache_of(r),
		.names = arena_calloc(mem, count, sizeof(*names)),
		.types = arena_calloc(mem, count, sizeof(*types)),
		.index = arena_calloc(mem, count, sizeof(size_t)),
		.done = done,
		.arg = arg,
	};
	bool has_room = many.names && many.types && many.index;
	size_t unknown = 0;
	for (size_t i = 0; i < count; i++) {
		if (has_room && !find(many.cache, &names[i], types[i])) {
			many.names[unknown] = names[i];
			many.types[unknown] = types[i];
			many.index[unknown++] = i;
			continue;
		}
		struct dns_answer answer;
		ask(r, &names[i], types[i], until, mem, &answer);
		done(arg, i, &answer);
	}
	many.cache->count.misses += (unsigned)unknown;
	if (unknown > 0)
		resolver_ask_many(r->below, unknown, many.names, many.types, until, mem,
		                  many_done, &many);
}

static bool renew(struct resolver *r)
{
	struct cache *cache = cache_of(r);
	arena_reset(&cache->mem);
	memset(cache->chain, 0, sizeof(cache->chain));
	cache->count = (struct resolver_cache_count){ 0 };
	return true;
}

static void cache_free(struct resolver *r)
{
	arena_done(&cache_of(r)->mem);
	free(r);
}

static const struct resolver_ops cache_ops = {
	.ask = ask,
	.ask_many = ask_many,
	.ask_ahead = ask_ahead,
	.peek = peek,
	.renew = renew,
	.free = cache_free,
};

struct resolver *resolver_cache_new(struct resolver *below, size_t memory)
{
	struct cache *cache = calloc(1, sizeof(*cache));
	if (!cache)
		return NULL;
	if (!arena_open(&cache->mem, memory)) {
		free(cache);
		return NULL;
	}
	cache->resolver = (struct resolver){ &cache_ops, below };
	return &cache->resolver;
}

struct resolver_cache_count resolver_cache_count(const struct resolver *cache)
{
	return ((const struct cache *)cache)->count;
}
