/*
 * core/job/zone_ask.h: queries zones for their records before ours are exported to them
 * (core/model/record/first_look.h).
 */
#ifndef CORE_JOB_ZONE_ASK_H
#define CORE_JOB_ZONE_ASK_H

#include "core/job/session.h"
#include "core/model/record/first_look.h"

/* For names that are exported for the first time, `way` by zone.format: queries, stores the answers
 * in changes of its own, and reports which records are left out.  No lock may be held.  A dry run
 * stores nothing. */
int zone_ask(struct session *session, const char *const *names, size_t count,
             enum look_way way, struct err *err) must_check;

/* For records that are printed: looks[i] is what the zone of names[i] contains, whether or not it
 * was queried before.  A new key whose selector is used there gets another one. */
int zone_ask_external(struct session *session, const char *const *names, size_t count,
                      struct first_look *looks, struct err *err) must_check;

#endif
