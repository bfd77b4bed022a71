/*
 * core/job/zone_forget.h: removes files that are kept for a zone that includes them
 * (core/model/export/export_kept.h).
 */
#ifndef CORE_JOB_ZONE_FORGET_H
#define CORE_JOB_ZONE_FORGET_H

#include "core/job/session.h"

/* Removes the files of these names (as typed): all of them or none.  If the domain was removed
 * recently, an export empties the file first. */
int zone_forget(struct session *session, const struct names *names,
                struct err *err) must_check;
/* All files that no zone includes any more. */
int zone_forget_all(struct session *session, struct err *err) must_check;

#endif
