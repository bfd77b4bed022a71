/*
 * core/mta/provider/rspamd.h: rspamd as an administrator's filter of incoming mail.  Pure.
 *
 * Its routine authentication-results (plugin milter_headers) writes a field of its own and, unless it
 * is told otherwise, removes all others, of whatever name.  It is off unless the list "use" names it.
 */
#ifndef CORE_MTA_PROVIDER_RSPAMD_H
#define CORE_MTA_PROVIDER_RSPAMD_H

#include <stdbool.h>

#include "core/base/macro.h"

#define RSPAMD_HEADERS_LOCAL "/etc/rspamd/local.d/milter_headers.conf"
#define RSPAMD_HEADERS_OVERRIDE "/etc/rspamd/override.d/milter_headers.conf"

/* Whether an item of smtpd_milters is rspamd's, by its port or its socket. */
bool rspamd_is_item(const char *item) must_check;
/* Whether the text of one of these files switches the routine on. */
bool rspamd_writes_results(const char *text) must_check;

#endif
