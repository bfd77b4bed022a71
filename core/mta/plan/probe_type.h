/*
 * core/mta/plan/probe_type.h: the interface of a probe: a query to a server or filter, and the
 * required answer.
 *
 * A row stands in the file that makes the query.  What a step asks with, its question, is a struct
 * that the row's header declares, with an accessor for the steps of that row; everything else
 * copies, compares and frees questions by their layout, and knows no field.
 */
#ifndef CORE_MTA_PLAN_PROBE_TYPE_H
#define CORE_MTA_PLAN_PROBE_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"

struct step;

/* The struct begins with texts (char *, NULL or owned by it), which plain values follow.  All zero:
 * no question. */
struct question_type {
	size_t size, texts;
};
#define QUESTION_TEXTS(type)                                \
	{                                                   \
		sizeof(type), sizeof(type) / sizeof(char *) \
	}
/* `plain` is the first member that is not a text. */
#define QUESTION(type, plain)                                        \
	{                                                            \
		sizeof(type), offsetof(type, plain) / sizeof(char *) \
	}

struct probe_type {
	const char *name; /* in the journal: "milter-sign" */
	struct question_type question;
	/* One attempt, at the latest until `deadline` (monotonic nanoseconds).  Fails with the
	 * answer instead of the required one. */
	int (*ask)(struct ctx *ctx, const struct step *step, int64_t deadline,
	           struct err *err);
	/* The requirement, as a line for people: "# then the filter must answer at ...". */
	void (*show)(const struct step *step, struct buf *out);
	/* The answer before the push changes anything, for ask() to compare with; kept as
	 * step->before.  NULL: nothing is compared. */
	char *(*before)(const struct step *step, int64_t deadline);
	/* The endpoint that is queried after that of the step; borrowed from the step.  NULL:
	 * none, as its result may be. */
	const char *(*second_endpoint)(const struct step *step);
	/* An undo probes too: it forces a lazy reload, or shows whether mail is accepted again.
	 * The journal has no questions: its question is all zero. */
	bool asks_on_undo;
	bool is_filters; /* the answering program is separate from the mail server */
};

/* All types (registry.c). */
extern const struct probe_type *const probe_types[];
extern const unsigned probe_type_count;
/* NULL: no such name, or NULL. */
const struct probe_type *probe_type_find(const char *name) must_check;

/* All zero; caller frees with question_free().  NULL: the type has no question. */
void *question_new(const struct question_type *type) must_check;
/* A copy with texts of its own; either may be NULL. */
void *question_dup(const struct question_type *type, const void *question) must_check;
void question_free(const struct question_type *type, void *question);
/* Whether the texts are equal; plain values are not compared. */
bool question_is_same(const struct question_type *type, const void *a,
                      const void *b) must_check;

#endif
