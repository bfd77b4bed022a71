/* core/mta/doctor/doctor_sample.h: the domains that a check reads, and their records. */
#ifndef CORE_MTA_DOCTOR_DOCTOR_SAMPLE_H
#define CORE_MTA_DOCTOR_DOCTOR_SAMPLE_H

#include "core/model/domain/domain.h"
#include "core/model/export/export.h"
#include "core/model/record/records.h"
#include "core/model/setting/env.h"
#include "core/mta/doctor/doctor.h"

/* Calls `each` for the DOCTOR_DOMAINS domains that were changed last, with --all for every one;
 * suspended ones are left out.  *ret_left: the number of domains that were not checked.  A
 * callback's non-zero stops and is returned. */
int doctor_sample(struct doctor *d,
                  int (*each)(void *arg, const struct domain *domain, struct err *err),
                  void *arg, size_t *ret_left, struct err *err) must_check;

/* The effective records of domains, which borrow `env`; the caller frees both in any case. */
int doctor_open_records(struct doctor *d, struct env *env, struct records **ret_records,
                        enum zone_format *ret_format, struct err *err) must_check;

#endif
