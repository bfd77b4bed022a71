/*
 * core/job/zone_ask.h: zones are asked what they have before our records go into them
 * (core/model/record/first_look.h).
 */
#ifndef CORE_JOB_ZONE_ASK_H
#define CORE_JOB_ZONE_ASK_H

#include "core/job/session.h"
#include "core/model/record/first_look.h"

/* For names that are exported for the first time, `way` by zone.format: asks, remembers the
 * answers in changes of its own, and says what stays out.  No lock may be held.  With --dry-run
 * nothing is remembered. */
int zone_ask(struct session *session, const char *const *names, size_t count,
             enum look_way way, struct err *err) must_check;

/* For records that are printed: looks[i] is what the zone of names[i] has, whether it was asked
 * before or not.  A new key whose selector is taken there gets another one. */
int zone_ask_external(struct session *session, const char *const *names, size_t count,
                      struct first_look *looks, struct err *err) must_check;

#endif
