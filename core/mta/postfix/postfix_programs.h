/*
 * core/mta/postfix/postfix_programs.h: services of master.cf that pass mail to a program, pipe(8)
 * and spawn(8), and whether the program may return it.  Pure.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_PROGRAMS_H
#define CORE_MTA_POSTFIX_POSTFIX_PROGRAMS_H

#include <stdbool.h>

#include "core/base/macro.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"

bool program_is_one(const struct master_service *service) must_check;
/* Whether its command names sendmail. */
bool program_runs_sendmail(const struct master_service *service) must_check;
/* Whether its command names the port of an smtpd service that only this machine can reach, and not
 * sendmail. */
bool program_returns_by_smtp(const struct main_cf *main, const struct master_cf *master,
                             const struct master_service *program) must_check;
/* The spawn(8) service at "host:port" or "unix:private/name" of this machine; NULL: another program
 * listens there. */
const struct master_service *program_spawned(const struct master_cf *master,
                                             const char *nexthop) must_check;
/* The first whose command names sendmail, whether it is used or not; NULL: none. */
const struct master_service *
program_that_returns(const struct master_cf *master) must_check;
/* The first whose command names sendmail and that gets mail, or may get it: a parameter names it,
 * or transport maps or a policy service can.  NULL: none. */
const struct master_service *
program_delivered_to(const struct main_cf *main,
                     const struct master_cf *master) must_check;
/* Whether a policy service of the administrator's is queried, and there is a transport by SMTP that
 * no parameter names: it may be the one that the service answers FILTER with. */
bool program_may_filter(const struct main_cf *main,
                        const struct master_cf *master) must_check;

#endif
