/* core/base/text.h: numbers, durations, booleans and lists as people type them. */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/macro.h"

/* A decimal integer within [min, max], nothing around it. */
bool text_to_int(const char *text, int64_t min, int64_t max,
                 int64_t *ret_value) must_check;

/* on|off, also yes|no, true|false, 1|0. */
bool text_to_bool(const char *text, bool *ret_value) must_check;

/* "90s", "15m", "12h", "7d", "2w", "1d12h"; "0" alone; seconds.  Any other number without a
 * unit is refused. */
bool text_to_duration(const char *text, int64_t *ret_seconds) must_check;
/* The shortest such text: 604800 -> "7d", 90 -> "90s", 0 -> "0". */
void text_from_duration(int64_t seconds, char out[32]);

/* No control character (C0, DEL, C1 as UTF-8) and valid UTF-8. */
bool text_is_clean(const char *text) must_check;

/* The number of columns of `len` octets of UTF-8 on a terminal: one for each code point, which is
 * correct for headings and sentences of the existing languages. */
size_t text_columns(const char *text, size_t len) must_check;

bool text_starts(const char *text, const char *prefix) must_check;
bool text_ends(const char *text, const char *suffix) must_check;
/* a == b, where either may be NULL. */
bool text_same(const char *a, const char *b) must_check;

/* Splits a list at commas and blanks into its items, without empty ones.  `*ret_items` is an array
 * of *ret_count strings in one piece of memory: free(*ret_items) frees all. */
void text_split_list(const char *text, char ***ret_items, size_t *ret_count);

/* Splits a command line at blanks; double quotes group, no other character is special (no shell).
 * The array ends in NULL; free(*ret_words) frees all.  False: a quote is not closed. */
bool text_split_words(const char *text, char ***ret_words, size_t *ret_count) must_check;

/* "2026-11-22T10:00:00Z". */
void text_from_time(int64_t unix_seconds, char out[32]);

#endif
