/* core/mta/postfix/postfix_smtpd.h: what one smtpd service of master.cf is for.  Pure. */
#ifndef CORE_MTA_POSTFIX_POSTFIX_SMTPD_H
#define CORE_MTA_POSTFIX_POSTFIX_SMTPD_H

#include <stdbool.h>

#include "core/base/macro.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"

/* The number of a port, which may be a name of /etc/services, and a container may lack that file;
 * 0: unknown. */
int smtpd_port(const char *port) must_check;

/* Whether the parameter is "yes" for this service. */
bool smtpd_is_yes(const struct main_cf *main, const struct master_service *service,
                  const char *name) must_check;

/* Whether customers authenticate to it, and only they send through it. */
bool smtpd_is_submission(const struct main_cf *main,
                         const struct master_service *service) must_check;

/* Whether the world sends mail to it: port 25, or what postscreen hands on. */
bool smtpd_is_world(const struct master_service *service) must_check;

/* Whether it can be reached only from this machine. */
bool smtpd_listens_on_loopback(const struct main_cf *main,
                               const struct master_service *service) must_check;

/* Whether the service accepts mail from this machine or from named hosts only. */
bool smtpd_is_private(const struct main_cf *main,
                      const struct master_service *service) must_check;

#endif
