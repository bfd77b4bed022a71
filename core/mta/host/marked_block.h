/*
 * core/mta/host/marked_block.h: a block of ours at the end of a file that an administrator edits
 * too, between two comment lines that begin with "# mailauthctl: ".  Pure; it cannot fail.
 *
 * Between the marks only what `is_ours` names is ours: an administrator's lines there are kept.
 */
#ifndef CORE_MTA_HOST_MARKED_BLOCK_H
#define CORE_MTA_HOST_MARKED_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/mta/host/spans.h"

/* The marks, for formats that write them themselves. */
#define MARKED_BEGIN "# mailauthctl: begin"
#define MARKED_NO_BREAK "; the line above ends without a line break"
#define MARKED_END "# mailauthctl: end"

enum mark {
	MARK_NONE,
	MARK_BEGIN,
	MARK_BEGIN_JOINED, /* the line break before it is ours */
	MARK_END
};
/* Which mark a line (with its line break) is.  An administrator's comment with the same beginning
 * is none. */
enum mark marked_line_kind(const char *line, size_t len) must_check;

/* Whether a line (with its line break) between the marks is ours.  `goes_on` is the format's own
 * state from line to line, false at first: whether a line of ours is open, if lines can be
 * continued. */
typedef bool marked_line(bool *goes_on, const char *line, size_t len);

/* The marks and the lines between them that are ours, settled. */
void marked_block_ours(const char *text, size_t len, marked_line *is_ours,
                       struct spans *into);
/* Appends `text` without the block to the empty `into`; restores the exact argument of
 * marked_block_with(). */
void marked_block_without(const char *text, size_t len, marked_line *is_ours,
                          struct buf *into);
/* `text` with `lines` (each ends with a line break) as its block, replacing any present block. */
void marked_block_with(const char *text, size_t len, const char *lines,
                       marked_line *is_ours, struct buf *into);

bool marked_line_begins(const char *line, size_t len, const char *prefix);

#endif
