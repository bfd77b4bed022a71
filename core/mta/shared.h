/*
 * core/mta/shared.h: files that an admin writes as well: which part of the text is ours.
 *
 * One row for each format, and all that a row needs is a function that finds our part.
 * What our part is, whether somebody edited it, and how an earlier one is put into a text that the
 * admin went on editing follow from that.  Pure.
 */
#ifndef CORE_MTA_SHARED_H
#define CORE_MTA_SHARED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/macro.h"
#include "core/mta/plan.h"

/* What target.db calls it; NULL: SHARED_NOT. */
const char *shared_name(enum shared_format format) must_check;
/* SHARED_NOT: no such name, or NULL. */
enum shared_format shared_find(const char *name) must_check;

/* `text` without our part. */
void shared_strip(enum shared_format format, const struct buf *text, struct buf *into);

/* Our part alone, for people and for comparing: lines of ours as they stand, and items of ours in
 * a line of the admin's as "smtpd_milters: $mailauth_smtpd_milters".  Empty: nothing of ours. */
void shared_part(enum shared_format format, const struct buf *text, struct buf *into);

/* Whether somebody edited our part since we wrote `wrote`: it is another one, or an item of ours
 * stands elsewhere in a list although nothing else was edited.  Blanks at line ends do not count, and
 * lines that are ours alone may stand anywhere. */
bool shared_is_edited(enum shared_format format, const struct buf *wrote,
                      const struct buf *now) must_check;

/* Whether `now` says what `wanted` says although it is another text: his octets are the same, and our
 * part, perhaps above comments that he appended, has the same effect. */
bool shared_holds(enum shared_format format, const struct buf *wanted,
                  const struct buf *now) must_check;

/* The admin's text as it is in `now` with our part as it is in `then`.  False: the place that our
 * part had is not there any more; `into` is what it was. */
bool shared_graft(enum shared_format format, const struct buf *then,
                  const struct buf *now, struct buf *into) must_check;

#endif
