/* core/mta/doctor/doctor_sample.h: the domains that a check looks at. */
#ifndef CORE_MTA_DOCTOR_DOCTOR_SAMPLE_H
#define CORE_MTA_DOCTOR_DOCTOR_SAMPLE_H

#include "core/model/domain/domain.h"
#include "core/mta/doctor/doctor.h"

/* Calls `each` for the DOCTOR_DOMAINS domains that were changed last, with --all for every one;
 * suspended ones are left out.  *ret_left: how many were not looked at.  A callback's non-zero
 * stops and is returned. */
int doctor_sample(struct doctor *d,
                  int (*each)(void *arg, const struct domain *domain, struct err *err),
                  void *arg, size_t *ret_left, struct err *err) must_check;

#endif
