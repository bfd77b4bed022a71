/*
 * core/model/record/first_look.h: records that a zone already has are not duplicated.
 *
 * Before one of our records is first exported under a name, the zone of that name is queried for
 * records of its own.  This file determines which records to query, what an answer means, and what
 * follows: a derived record (template, DKIM policy) is left out of a zone that has its own, a key
 * that was never public gets the next free selector, a record that was set for the domain itself is
 * published nevertheless.  zone_look.h sends the queries; nothing here waits for a network.
 */
#ifndef CORE_MODEL_RECORD_FIRST_LOOK_H
#define CORE_MODEL_RECORD_FIRST_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/model/record/records_list.h"
#include "core/store/store.h"
#include "dnszone/query/zone_look.h"

enum look_outcome {
	LOOK_FREE,   /* no record that ours would duplicate */
	LOOK_OURS,   /* our record is there already */
	LOOK_SILENT, /* no answer: treated as free */
	LOOK_TAKEN,  /* another record is there */
};

enum look_result {
	LOOK_PUBLISHED,  /* ours is published */
	LOOK_LEFT_OUT,   /* ours is left out of the zone */
	LOOK_RESELECTED, /* the key has another selector now */
};

#define FIRST_LOOK_CUT "..." /* the end of a text that was cut */

struct look_item {
	char *ref;   /* "t1", "7", "default._domainkey", "_domainkey": of zone_look */
	char *owner; /* A-labels, no final dot */
	char *type, *rdata; /* ours */
	const char *source; /* of struct record_row */
	enum policy_kind kind;
	enum look_outcome outcome;
	enum look_result result;
	char *had; /* LOOK_TAKEN: "TXT v=spf1 mx -all", "CNAME dmarc.example.net."; printable ASCII,
	              a long one cut */
	char *selector; /* LOOK_RESELECTED */
};
struct first_look {
	char *name;
	struct look_item *item;
	size_t count, room;
	struct zone_look zone; /* what to query, then what was found */
};
void first_look_done(struct first_look *look);

/* Whether a record of the list was not queried yet. */
int first_look_is_due(struct store *store, const char *name,
                      const struct record_list *list, bool *ret_is_due,
                      struct err *err) must_check;
/* Collects the records of the list that were not queried yet (`is_every`: all that can be).  *look
 * is zeroed before; first_look_done() frees. */
int first_look_collect(struct store *store, const char *name,
                       const struct record_list *list, bool is_every,
                       struct first_look *look, struct err *err) must_check;
enum look_way {
	LOOK_INCLUDE,  /* ours is added to a zone that has records of its own */
	LOOK_REPLACE,  /* ours is the whole zone: no duplicates */
	LOOK_EXTERNAL, /* ours is only printed: only selectors are recorded */
};
/* After zone_look() filled look->zone: the outcome of each item.  `exported` (NULL: none) is the
 * text of the zone that was exported for the name before: its records are ours.  A CNAME replaces
 * any record; with LOOK_EXTERNAL, the administrator may publish a key through a CNAME, so its
 * target is examined. */
void first_look_judge(struct first_look *look, enum look_way way, const char *exported);

/* Inside an open change: applies the outcomes, and records them so that no record is queried twice.
 * A domain that was removed meanwhile is ignored. */
int first_look_save(struct store *store, const struct ctx *ctx, struct first_look *look,
                    enum look_way way, struct err *err) must_check;

/* For records.c: moves records that are left out of the zone from list->row to list->had. */
int first_look_take_out(struct store *store, const char *name, struct record_list *list,
                        struct err *err) must_check;

#endif
