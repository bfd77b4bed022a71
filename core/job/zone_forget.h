/*
 * core/job/zone_forget.h: files that stay for a zone that includes them are removed
 * (core/model/export/export_kept.h).
 */
#ifndef CORE_JOB_ZONE_FORGET_H
#define CORE_JOB_ZONE_FORGET_H

#include "core/job/session.h"

/* The files of these names (as typed): all of them or none.  One whose domain was removed a moment ago
 * is emptied by an export first. */
int zone_forget(struct session *session, const struct names *names,
                struct err *err) must_check;
/* All files that no zone includes any more. */
int zone_forget_all(struct session *session, struct err *err) must_check;

#endif
