/* Suggestions for mistyped words, by edit distance. */
#include "core/base/words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define LONGEST 64

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;
	return least < c ? least : c;
}

static int letter(char c)
{
	return tolower((unsigned char)c);
}

size_t words_distance(const char *a, const char *b, size_t limit)
{
	size_t la = strlen(a), lb = strlen(b);
	if (la > LONGEST || lb > LONGEST || (la > lb ? la - lb : lb - la) > limit)
		return limit + 1;
	size_t row[3][LONGEST + 1];
	size_t *before = row[0], *above = row[1], *now = row[2];
	for (size_t j = 0; j <= lb; j++)
		above[j] = j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t differs = letter(a[i - 1]) != letter(b[j - 1]);
			now[j] = min3(above[j] + 1, now[j - 1] + 1,
			              above[j - 1] + differs);
			if (i > 1 && j > 1 && letter(a[i - 1]) == letter(b[j - 2]) &&
			    letter(a[i - 2]) == letter(b[j - 1]) &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		size_t *spare = before;
		before = above;
		above = now;
		now = spare;
	}
	return above[lb] > limit ? limit + 1 : above[lb];
}

void suggestion_init(struct suggestion *s, const char *typed)
{
	*s = (struct suggestion){ .typed = typed, .distance = SIZE_MAX };
}

void suggestion_offer(struct suggestion *s, const char *candidate)
{
	size_t len = strlen(s->typed);
	size_t limit = len / 3 < 1 ? 1 : len / 3 > 3 ? 3 : len / 3;
	size_t distance = words_distance(s->typed, candidate, limit);
	if (distance > limit && len >= 3 && strncasecmp(candidate, s->typed, len) == 0)
		distance = limit;
	if (distance <= limit && distance < s->distance) {
		s->best = candidate;
		s->distance = distance;
	}
}
