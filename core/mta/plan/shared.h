/*
 * core/mta/plan/shared.h: files that an administrator edits too: which part of the text is ours.
 *
 * A format is a row of the file that reads and writes it; it only has to find our part.  Its
 * content, whether it was edited, and how an earlier one is inserted into a text that the
 * administrator continued to edit are derived from that.  Pure.
 */
#ifndef CORE_MTA_PLAN_SHARED_H
#define CORE_MTA_PLAN_SHARED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/macro.h"
#include "core/mta/host/spans.h"

/* A format: how our part is recognised.  In all functions NULL means a file that is only ours. */
struct shared_format {
	const char *name; /* its name in target.db */
	void (*ours)(const char *text, size_t len, struct spans *into);
	bool has_names; /* a line begins with a name, and the last line of a name counts */
	bool is_last; /* text that an administrator adds after our lines may override them */
};
/* All there are (registry.c). */
extern const struct shared_format *const shared_formats[];
extern const unsigned shared_format_count;

/* NULL for NULL. */
const char *shared_name(const struct shared_format *format) must_check;
/* NULL: no such name, or NULL. */
const struct shared_format *shared_find(const char *name) must_check;

/* `text` without our part. */
void shared_strip(const struct shared_format *format, const struct buf *text,
                  struct buf *into);

/* Our part only, for display and comparison: lines of ours unchanged, and items of ours in an
 * administrator's line as "smtpd_milters: $mailauth_smtpd_milters".  Empty: none. */
void shared_part(const struct shared_format *format, const struct buf *text,
                 struct buf *into);

/* Whether our part was edited since we wrote `wrote`: it differs, or an item of ours has another
 * position in a list although nothing else was edited.  Blanks at line ends do not count, and lines
 * that are entirely ours may be anywhere. */
bool shared_is_edited(const struct shared_format *format, const struct buf *wrote,
                      const struct buf *now) must_check;

/* Whether `now` is equivalent to `wanted` although the texts differ: the administrator's octets are
 * the same, and our part, perhaps above appended comments, has the same effect. */
bool shared_holds(const struct shared_format *format, const struct buf *wanted,
                  const struct buf *now) must_check;

/* The administrator's text of `now` with our part of `then`.  False: the position of our part does
 * not exist any more; `into` is unchanged. */
bool shared_graft(const struct shared_format *format, const struct buf *then,
                  const struct buf *now, struct buf *into) must_check;

#endif
