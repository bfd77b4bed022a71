/*
 * cli/out/progress.h: a bar for bulk work, on a terminal only.
 *
 *     generating keys [#########...........]  4512/10000  37/s  2m28s left
 */
#ifndef CLI_OUT_PROGRESS_H
#define CLI_OUT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/macro.h"

struct progress;

/* Never NULL.  Draws nothing if `stream` (borrowed) is not a terminal, is a dumb one, or
 * `is_quiet`.  `what` is copied. */
struct progress *progress_new(FILE *stream, const char *what, size_t total,
                              bool is_quiet) must_check;
/* `done` of the total; redrawn at most ten times a second. */
void progress_set(struct progress *progress, size_t done);
/* Removes the bar from the screen, before another message is written there.  The next
 * progress_set() draws it again. */
void progress_clear(struct progress *progress);
/* Clears and frees.  Accepts NULL. */
void progress_free(struct progress *progress);

#endif
