/*
 * core/mta/smartermail/smartermail_antispam.h: the settings of the whole server for incoming mail, and
 * SRS: members of one object, of which those that have a group here are read and changed.
 *
 * No source documents the names of the members in the REST interface.  They are looked for under the
 * names that the server stores and exports (17.x: "spf_enabled"), written so or as "spfEnabled"; a group
 * whose members are not there is not supported.  All other members are sent back as they were read.
 */
#ifndef CORE_MTA_SMARTERMAIL_SMARTERMAIL_ANTISPAM_H
#define CORE_MTA_SMARTERMAIL_SMARTERMAIL_ANTISPAM_H

#include "core/base/buf.h"
#include "core/mta/smartermail/smartermail_session.h"

enum sm_group { SM_SPF, SM_DMARC, SM_SRS, SM_DKIM, SM_GROUPS };
extern const char *const sm_group_names[SM_GROUPS]; /* "spf", ... */

/* The members of a group: lines "NAME VALUE", NAME as stored.  `is_set` false: this server does not have
 * them. */
int sm_antispam_get(struct sm_session *session, enum sm_group group, int64_t deadline,
                    bool *ret_is_set, struct buf *into, struct err *err) must_check;
/* Changes those members to the values of such lines, and reads them back. */
int sm_antispam_set(struct sm_session *session, enum sm_group group, const char *lines,
                    int64_t deadline, struct err *err) must_check;

/* The lines with the values for an SPF mode (1, 3 to 6): results that are to be rejected get the weight at
 * which the server blocks, others less.  False: the server blocks at no weight. */
bool sm_spf_lines(const char *now, int mode, struct buf *into) must_check;

#endif
