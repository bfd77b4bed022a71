/* core/mta/diff.h: two texts as a unified diff, for people who look at a plan. */
#ifndef CORE_MTA_DIFF_H
#define CORE_MTA_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

/* Appends hunks with three lines around each change; nothing when the texts are equal.  Texts that
 * differ in more than about a thousand lines are shown as all old lines, then all new ones.
 * `is_coloured`: with terminal colours. */
void diff_unified(const char *old, size_t old_len, const char *new_text, size_t new_len,
                  bool is_coloured, struct buf *out);

#endif
