/* core/mta/plan/diff.h: two texts as a unified diff, for display. */
#ifndef CORE_MTA_PLAN_DIFF_H
#define CORE_MTA_PLAN_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

/* Appends hunks with three lines around each change; nothing if the texts are equal.  Texts that
 * differ in more than about a thousand lines are printed as all old lines, then all new ones.
 * `is_coloured`: with terminal colours. */
void diff_unified(const char *old, size_t old_len, const char *new_text, size_t new_len,
                  bool is_coloured, struct buf *out);

/* The same of values of a setting, whose last line end does not count. */
void diff_values(const char *old, size_t old_len, const char *new_text, size_t new_len,
                 bool is_coloured, struct buf *out);

/* The numbers of lines that only the old and only the new text has. */
void diff_count(const char *old, size_t old_len, const char *new_text, size_t new_len,
                size_t *ret_removed, size_t *ret_added);

/* The same comparison of any pieces instead of lines: sets true for each piece that only one side
 * has; both arrays must be false. */
struct diff_piece {
	const char *at;
	size_t len;
};
void diff_pieces(struct diff_piece *old, size_t old_count, bool *is_removed,
                 struct diff_piece *new_pieces, size_t new_count, bool *is_added);

#endif
