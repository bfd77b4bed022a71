/*
 * core/mta/marked_block.h: a block of ours at the end of a file that an admin writes as well, between
 * two comment lines that begin with "# mailauthctl: ".  Pure; it cannot fail.
 *
 * Between the marks only what `is_ours` names is ours: what an admin wrote there stays.
 */
#ifndef CORE_MTA_MARKED_BLOCK_H
#define CORE_MTA_MARKED_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

/* Whether a line (with its line break) between the marks is ours; `was_ours`: the one above is, for
 * formats in which a line goes on. */
typedef bool marked_line(bool was_ours, const char *line, size_t len);

/* `text` without the block, appended to the empty `into`; what marked_block_with() gave is restored
 * exactly. */
void marked_block_without(const char *text, size_t len, marked_line *is_ours,
                          struct buf *into);
/* `text` with `lines` (each ends with a line break) as its block, whatever block it had. */
void marked_block_with(const char *text, size_t len, const char *lines,
                       marked_line *is_ours, struct buf *into);

bool marked_line_begins(const char *line, size_t len, const char *prefix);

#endif
