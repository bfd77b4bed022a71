/* core/base/words.h: "did you mean", for commands, settings and domains. */
#ifndef CORE_BASE_WORDS_H
#define CORE_BASE_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/macro.h"

/* How many letters must be inserted, removed, replaced or exchanged with the next one to turn one
 * word into the other (optimal string alignment), at most `limit` + 1; ASCII case is ignored. */
size_t words_distance(const char *a, const char *b, size_t limit) must_check;

/* Keeps the best of the candidates that were offered. */
struct suggestion {
	const char *typed;
	const char *best; /* borrowed from the caller's candidate; NULL: none is near */
	size_t distance;
};

void suggestion_init(struct suggestion *s, const char *typed);
/* A candidate is near when at most a third of the typed letters (at least 1, at most 3) differ,
 * or when it begins with what was typed (3 letters or more). */
void suggestion_offer(struct suggestion *s, const char *candidate);

#endif
