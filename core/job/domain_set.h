/* core/job/domain_set.h: settings of one domain, in one change that is pushed. */
#ifndef CORE_JOB_DOMAIN_SET_H
#define CORE_JOB_DOMAIN_SET_H

#include "core/job/session.h"
#include "core/model/setting/setting.h"

struct setting_pair {
	enum setting_key key;
	const char *text; /* NULL: unset */
};

/* All of them or none; not dkim.sign (core/job/enable_dkim.h).  `typed`: the domain.  If its zone
 * is served from here from now on, it is added to the export that follows. */
int domain_set_run(struct session *session, const char *typed,
                   const struct setting_pair *pair, size_t count,
                   struct err *err) must_check;

#endif
