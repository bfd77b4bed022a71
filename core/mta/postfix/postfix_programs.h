/*
 * core/mta/postfix/postfix_programs.h: services of master.cf that run a program with the mail they are handed,
 * pipe(8) and spawn(8), and whether mail may come in again by it.  Pure.
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
/* Whether its command names the port of an smtpd service that only this machine has, and no
 * sendmail. */
bool program_returns_by_smtp(const struct main_cf *main, const struct master_cf *master,
                             const struct master_service *program) must_check;
/* What spawn(8) starts at "host:port" or "unix:private/name" of this machine; NULL: another listens
 * there. */
const struct master_service *program_spawned(const struct master_cf *master,
                                             const char *nexthop) must_check;
/* The first whose command names sendmail, whether it is used or not; NULL: none. */
const struct master_service *
program_that_returns(const struct master_cf *master) must_check;
/* The first whose command names sendmail and that mail is handed to, or may be: a parameter names it,
 * or transport maps or a policy service can.  NULL: none. */
const struct master_service *
program_delivered_to(const struct main_cf *main,
                     const struct master_cf *master) must_check;
/* Whether a policy service of the administrator's is queried, and there is a transport by SMTP that
 * no parameter names: it may be the one that the service answers FILTER with. */
bool program_may_filter(const struct main_cf *main,
                        const struct master_cf *master) must_check;

#endif
