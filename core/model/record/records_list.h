/* core/model/record/records_list.h: a list of records as the content of a zone; records.c fills it.
 */
#ifndef CORE_MODEL_RECORD_RECORDS_LIST_H
#define CORE_MODEL_RECORD_RECORDS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/macro.h"
#include "dnszone/txt/policy.h"

struct record_row {
	char *id; /* "t1" of the template (also when edited), "7" its own; "" the others */
	char *owner;  /* A-labels, no final dot, placeholders expanded */
	uint32_t ttl; /* the lowest of its RRset (RFC 2181 5.2: they must not differ) */
	char *type;
	char *rdata; /* canonical; TXT joined */
	const char *
		source; /* "template", "edited", "own", "dkim", "policy", "former"; "zone" */
	enum policy_kind kind;
};

struct record_list {
	struct record_row
		*row; /* SOA, NS, then by owner (the name itself first), type, data */
	size_t count, room;
	const char *
		*lacking; /* "hostname": records were left out because it is not known */
	size_t lacking_count;
	struct record_row
		*had; /* records of the zone itself, for which ours are left out: id
	                         * of ours ("t1", "default._domainkey"), source "zone", no TTL */
	size_t had_count;
};
#define RECORD_LIST_INIT ((struct record_list){ 0 })
#define auto_record_list cleanup(record_list_done) struct record_list
void record_list_done(struct record_list *list);

/* Sorts (SOA and NS first, the zone's own name `name` before those below it) and sets the TTL of
 * the records of a set to the lowest one (RFC 2181 5.2).  `has_values`: placeholders were replaced
 * by real values, so of equal records only one is kept. */
void records_list_normalize(struct record_list *list, const char *name, bool has_values);

#endif
