/*
 * tests/unit/late_resolver.h: a layer above the mock in which each answer takes one round trip of
 * a clock of its own; what is asked ahead travels meanwhile.
 */
#ifndef TESTS_UNIT_LATE_RESOLVER_H
#define TESTS_UNIT_LATE_RESOLVER_H

#include "dnszone/query/resolver.h"

#define LATE_MS 50
#define LATE_MAX 200

struct late {
	struct resolver resolver; /* `below` is borrowed */
	int64_t now_ms;
	unsigned ahead; /* questions asked ahead */
	unsigned asked;
	size_t count;
	struct late_question {
		struct dns_name name;
		enum dns_type type;
		int64_t ready_ms;
	} flying[LATE_MAX];
};

static const struct late_question *
late_find(const struct late *late, const struct dns_name *name, enum dns_type type)
{
	for (size_t i = 0; i < late->count; i++)
		if (late->flying[i].type == type &&
		    dns_name_equal(&late->flying[i].name, name))
			return &late->flying[i];
	return NULL;
}

static const struct late_question *
late_send(struct late *late, const struct dns_name *name, enum dns_type type)
{
	const struct late_question *question = late_find(late, name, type);
	if (question || late->count == LATE_MAX)
		return question;
	late->flying[late->count] =
		(struct late_question){ *name, type, late->now_ms + LATE_MS };
	return &late->flying[late->count++];
}

static void late_ask(struct resolver *r, const struct dns_name *name, enum dns_type type,
                     struct deadline until, struct arena *mem,
                     struct dns_answer *ret_answer)
{
	struct late *late = (struct late *)r;
	const struct late_question *question = late_send(late, name, type);
	late->asked++;
	if (question && question->ready_ms > late->now_ms)
		late->now_ms = question->ready_ms;
	resolver_ask(r->below, name, type, until, mem, ret_answer);
}

static void late_ask_ahead(struct resolver *r, const struct dns_name *name,
                           enum dns_type type, struct deadline until)
{
	(void)until;
	((struct late *)r)->ahead++;
	(void)late_send((struct late *)r, name, type);
}

static bool late_peek(struct resolver *r, const struct dns_name *name, enum dns_type type,
                      struct arena *mem, struct dns_answer *ret_answer)
{
	const struct late *late = (struct late *)r;
	const struct late_question *question = late_find(late, name, type);
	if (!question || question->ready_ms > late->now_ms)
		return false;
	resolver_ask(r->below, name, type, (struct deadline){ INT64_MAX }, mem,
	             ret_answer);
	return true;
}

static const struct resolver_ops late_ops = {
	.ask = late_ask,
	.ask_ahead = late_ask_ahead,
	.peek = late_peek,
};

static inline void late_init(struct late *late, struct resolver *below)
{
	late->resolver = (struct resolver){ &late_ops, below };
	late->now_ms = late->count = late->ahead = late->asked = 0;
}

#endif
