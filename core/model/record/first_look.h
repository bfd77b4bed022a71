/*
 * core/model/record/first_look.h: what a zone already has is not doubled (semantics 1).
 *
 * Before a record of ours is first exported under a name, the zone of that name is asked what it
 * has there.  This file says which records are to be asked for, what an answer means, and what
 * follows: a derived record (template, DKIM policy) stays out of a zone that has its own, a key that
 * was never public takes the next free selector, a record that somebody gave the domain itself is
 * published all the same.  Who asks is zone_look.h; nothing here waits for a network.
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
	LOOK_FREE,   /* nothing is there that ours would double */
	LOOK_OURS,   /* ours is there already */
	LOOK_SILENT, /* no answer: taken for free */
	LOOK_TAKEN,  /* something is there that is not ours */
};

enum look_result {
	LOOK_PUBLISHED,  /* ours is published */
	LOOK_LEFT_OUT,   /* ours stays out of the zone */
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
	struct zone_look zone; /* what is to be asked, then what was found */
};
void first_look_done(struct first_look *look);

/* Whether a record of the list was not asked for yet. */
int first_look_is_due(struct store *store, const char *name,
                      const struct record_list *list, bool *ret_is_due,
                      struct err *err) must_check;
/* Takes those that were not asked for yet (`is_every`: all that can be) out of the list.  *look is
 * zeroed before; first_look_done() frees. */
int first_look_collect(struct store *store, const char *name,
                       const struct record_list *list, bool is_every,
                       struct first_look *look, struct err *err) must_check;
enum look_way {
	LOOK_INCLUDE,  /* ours goes into a zone that has records of its own */
	LOOK_REPLACE,  /* ours is the whole zone: it doubles nothing */
	LOOK_EXTERNAL, /* ours is only printed: nothing is remembered but selectors */
};
/* After zone_look() filled look->zone: the outcome of each item.  `exported` (NULL: none) is the
 * text of the zone that was exported for the name before: what it has is ours.  A CNAME takes the
 * place of any record; where ours is only printed, one at a key's name may be how the administrator
 * wants it published, so what it leads to counts. */
void first_look_judge(struct first_look *look, enum look_way way, const char *exported);

/* Inside an open change: what follows from the outcomes, remembered so that no record is asked for
 * twice.  A domain that has gone meanwhile is passed over. */
int first_look_save(struct store *store, const struct ctx *ctx, struct first_look *look,
                    enum look_way way, struct err *err) must_check;

/* For records.c: moves what is left out of the zone from list->row to list->had. */
int first_look_take_out(struct store *store, const char *name, struct record_list *list,
                        struct err *err) must_check;

#endif
