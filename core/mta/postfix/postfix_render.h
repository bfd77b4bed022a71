/*
 * core/mta/postfix/postfix_render.h: inserts our part into main.cf and removes it.
 *
 * Ours are: parameters that begin with "mailauth_" and mailauth-spf_time_limit, comment lines that
 * begin with "# mailauthctl: ", the items $mailauth_smtpd_milters, $mailauth_submission_milters and
 * $mailauth_non_smtpd_milters in the two milter lists, $mailauth_mail_macros in milter_mail_macros,
 * $mailauth_recipient_restrictions in smtpd_recipient_restrictions, MAIN_OWN_BEGIN and MAIN_OWN_END
 * around an administrator's own item of the signing filter, and $mailauth_<list> in the lists of
 * SRS (sender_canonical_maps and _classes, recipient_canonical_maps, lmtp_generic_maps).
 *
 * Every other octet is unchanged; removing our part restores the exact text before it was inserted.
 * Pure: no file is opened here.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_RENDER_H
#define CORE_MTA_POSTFIX_POSTFIX_RENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/mta/host/spans.h"
#include "core/mta/plan/shared.h"
#include "core/mta/postfix/postfix_main.h"

/* A filter that mail is passed to, an entry of main_request.milter. */
struct main_milter {
	const char *
		name; /* of its parameter, after "mailauth_": "guard_milter"; NULL: the end */
	const char *item; /* with braces: "{ unix:..., default_action=tempfail }" */
	bool in_smtpd, in_non_smtpd; /* lists that get it */
	bool is_first; /* before all others, including an administrator's, even with is_last */
	bool sees_sent; /* it processes submitted mail too; otherwise only mail from outside */
	bool asks_policyd; /* the service of MAIN_TIME_LIMIT */
};
enum { MAIN_MILTERS = 6 + 1 }; /* the last entry has no name */

/* Signs; verifies. */
#define MAIN_MILTER(text, smtpd, non_smtpd)                            \
	{                                                              \
		.name = "milter", .item = (text), .in_smtpd = (smtpd), \
		.in_non_smtpd = (non_smtpd), .sees_sent = true         \
	}
#define MAIN_GUARD_MILTER(text)                                           \
	{                                                                 \
		.name = "guard_milter", .item = (text), .in_smtpd = true, \
		.is_first = true, .asks_policyd = true                    \
	}

/* The wanted content of main.cf.  Mail from outside passes our milters before an administrator's,
 * which may change it; submitted mail (submission services, programs on this machine) passes the
 * signing one after them, when it is no longer changed. */
struct main_request {
	struct main_milter
		milter[MAIN_MILTERS]; /* in the order in which mail passes them */
	bool is_last; /* mail from outside too passes ours after an administrator's */
	/* Names of services, each array ends in NULL; may be NULL. */
	const char *const *unmiltered; /* must use none of ours */
	/* If an administrator's lists name the signing filter themselves: the endpoint as written
	 * there, one for each list, or NULL.  Services that must not use it get that list without
	 * it. */
	const char *own_smtpd, *own_non_smtpd;
	bool is_local_off; /* mail of programs on this machine passes none of ours, nor that item */
	const char *const *submission; /* only send */
	const char *const *cleanup;    /* read non_smtpd_milters */
	const char *policy; /* "check_policy_service { unix:..., ... }"; NULL: none */
	const char *
		policy_socket; /* "private/mailauth-spf": the `socket` of restrict_find() */
	/* Tables that make SRS addresses of senders and senders of SRS addresses; NULL: none. */
	const char *srs_forward, *srs_reverse;
};

/* Appends it. */
void main_milter_add(struct main_request *request, struct main_milter milter);
/* NULL: none of that name. */
const struct main_milter *main_milter_find(const struct main_request *request,
                                           const char *name) must_check;
/* The one that signs submitted mail.  NULL: none. */
const struct main_milter *
main_milter_signing(const struct main_request *request) must_check;

/* The parts of `text` that are ours, settled. */
void main_cf_ours(const char *text, size_t len, struct spans *into);
/* `text` without our part. */
void main_cf_strip(const char *text, size_t len, struct buf *into);
/* `text` with exactly what the request contains, replacing any earlier part of ours; without the
 * policy if restrict_find() refuses. */
void main_cf_render(const char *text, size_t len, const struct main_request *request,
                    struct buf *into);

/* Options of our milters: all that an administrator's milter_protocol and time limits would
 * otherwise set; the default action follows. */
#define MAIN_MILTER_LIMITS \
	"connect_timeout=10s, command_timeout=30s, content_timeout=300s, protocol=6"

#define MAIN_SMTPD_REF "$mailauth_smtpd_milters"
#define MAIN_MACROS_REF "$mailauth_mail_macros"
#define MAIN_GUARD_REF "$mailauth_guard_milters"
#define MAIN_SUBMISSION_REF "$mailauth_submission_milters"
#define MAIN_RECIPIENT_REF "$mailauth_recipient_restrictions"
#define MAIN_SRS_REF "$mailauth_sender_canonical_maps"
#define MAIN_TIME_LIMIT "mailauth-spf_time_limit"
#define MAIN_NON_SMTPD_REF "$mailauth_non_smtpd_milters"

extern const struct shared_format main_cf_format;

#endif
