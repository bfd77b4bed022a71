/*
 * tests/bench/median.h: the median of many short times, which other load on the machine moves much
 * less than their mean: most requests are not interrupted.
 */
#ifndef TESTS_BENCH_MEDIAN_H
#define TESTS_BENCH_MEDIAN_H

#include <stdint.h>
#include <stdlib.h>

static int median_compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Sorts them; at least one. */
static int64_t median_of(int64_t *times, size_t count)
{
	qsort(times, count, sizeof(*times), median_compare);
	return times[count / 2];
}

#endif
