/*
 * dnszone/query/rr_table.h: records in memory, in canonical order, for the layers that answer from
 * their own records (zone files, mock).
 */
#ifndef DNSZONE_QUERY_RR_TABLE_H
#define DNSZONE_QUERY_RR_TABLE_H

#include "dnszone/query/resolver.h"

struct rr_row {
	struct dns_name owner;
	enum dns_type type; /* 0: only makes the owner exist */
	uint32_t ttl;
	uint16_t zone;       /* the caller's own number */
	uint16_t preference; /* MX */
	uint8_t *octets;     /* as in struct dns_rdata; owned */
	size_t len;
	size_t place; /* in order of adding */
};

struct rr_table {
	struct rr_row *row;
	size_t count, room;
	bool is_sorted;
};

void rr_table_done(struct rr_table *table);
/* Adds a copy; `octets` as in struct dns_rdata (a name in wire form for NS, CNAME, PTR, MX). */
void rr_table_add(struct rr_table *table, const struct rr_row *row);
/* Required after additions and before all functions below. */
void rr_table_sort(struct rr_table *table);

/* The rows of this owner and type, in the order in which they were added; NULL: none. */
const struct rr_row *rr_table_find(const struct rr_table *table,
                                   const struct dns_name *owner, enum dns_type type,
                                   size_t *ret_count);
/* Whether there is any record at the name or below it (RFC 8020). */
bool rr_table_has(const struct rr_table *table, const struct dns_name *name);

/* The rows as an answer in `mem`; `ttl`: the maximum, from the CNAME chain. */
void rr_table_answer(const struct rr_row *rows, size_t count, uint32_t ttl,
                     struct arena *mem, struct dns_answer *ret_answer);
/* The name that a CNAME row points to. */
bool rr_row_target(const struct rr_row *row, struct dns_name *ret_target) must_check;

#endif
