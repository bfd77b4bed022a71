/*
 * core/mta/plan/shared.h: files that an admin writes as well: which part of the text is ours.
 *
 * A format is a row of the file that reads and writes it, and all that it needs is a function that
 * finds our part.
 * What our part is, whether somebody edited it, and how an earlier one is put into a text that the
 * admin went on editing follow from that.  Pure.
 */
#ifndef CORE_MTA_PLAN_SHARED_H
#define CORE_MTA_PLAN_SHARED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/macro.h"
#include "core/mta/host/spans.h"

/* A format: how our part is told from an admin's.  Wherever one is asked for, NULL stands for a file
 * that is ours alone. */
struct shared_format {
	const char *name; /* what target.db calls it */
	void (*ours)(const char *text, size_t len, struct spans *into);
	bool has_names; /* a line begins with a name, and the last line of a name counts */
	bool is_last;   /* what an admin writes after our lines may have the last word */
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

/* Our part alone, for people and for comparing: lines of ours as they stand, and items of ours in
 * a line of the admin's as "smtpd_milters: $mailauth_smtpd_milters".  Empty: nothing of ours. */
void shared_part(const struct shared_format *format, const struct buf *text,
                 struct buf *into);

/* Whether somebody edited our part since we wrote `wrote`: it is another one, or an item of ours
 * stands elsewhere in a list although nothing else was edited.  Blanks at line ends do not count, and
 * lines that are ours alone may stand anywhere. */
bool shared_is_edited(const struct shared_format *format, const struct buf *wrote,
                      const struct buf *now) must_check;

/* Whether `now` says what `wanted` says although it is another text: his octets are the same, and our
 * part, perhaps above comments that he appended, has the same effect. */
bool shared_holds(const struct shared_format *format, const struct buf *wanted,
                  const struct buf *now) must_check;

/* The admin's text as it is in `now` with our part as it is in `then`.  False: the place that our
 * part had is not there any more; `into` is what it was. */
bool shared_graft(const struct shared_format *format, const struct buf *then,
                  const struct buf *now, struct buf *into) must_check;

#endif
