/*
 * core/mta/postfix_main.h: main.cf as text: reading, expanding, and putting our own part in and out.
 *
 * Ours are: parameters that begin with "mailauth_" and mailauth-spf_time_limit, comment lines that
 * begin with "# mailauthctl: ", the items $mailauth_smtpd_milters, $mailauth_submission_milters and
 * $mailauth_non_smtpd_milters in the two milter lists, $mailauth_mail_macros in
 * milter_mail_macros, $mailauth_recipient_restrictions in
 * smtpd_recipient_restrictions, MAIN_OWN_BEGIN and MAIN_OWN_END around an admin's own item of the
 * signing filter, and $mailauth_<list> in the lists of SRS (sender_canonical_maps and
 * _classes, recipient_canonical_maps, lmtp_generic_maps).
 * Every other octet stays what it is; taking ours out of what putting them in gave restores the
 * old text exactly.  Pure: no file is opened here.
 */
#ifndef CORE_MTA_POSTFIX_MAIN_H
#define CORE_MTA_POSTFIX_MAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/macro.h"
#include "core/mta/shared.h"
#include "core/mta/spans.h"

/* One logical line "name = value"; all positions count octets of the text. */
struct main_def {
	size_t begin, end; /* its physical lines; comments between them belong to it */
	size_t name, name_len;
	size_t equals; /* behind the '=' */
	size_t first,
		last; /* the value without blanks around it; equal when it is empty */
};

struct main_cf {
	const char *text; /* borrowed */
	size_t len;
	struct main_def *def;
	size_t count, room;
};

#define MAIN_CF_INIT ((struct main_cf){ 0 })
#define auto_main_cf cleanup(main_cf_done) struct main_cf
/* Reads logical lines as Postfix does: a line that starts with white space continues, comments and
 * blank lines inside a continued value are skipped.  Lines that are none are left alone. */
void main_cf_parse(struct main_cf *cf, const char *text, size_t len);
void main_cf_done(struct main_cf *cf);

/* The last definition of the parameter, which is the one in force.  NULL: none. */
const struct main_def *main_cf_find(const struct main_cf *cf,
                                    const char *name) must_check;
/* Its value as written, continuation lines joined.  False: not defined. */
bool main_cf_raw(const struct main_cf *cf, const char *name, struct buf *into);

/* The value with every $name, ${name}, $(name), ${name?text}, ${name:text}, ${name?{a}:{b}} and
 * ${{a} == {b} ? {x} : {y}} expanded; the few parameters that we ask for have their built-in
 * defaults, others are empty when undefined.  `service`: what $service_name is (NULL: empty).
 * At most 64 KiB; deeper than 16 levels, or after 4096 parameters, expands to nothing. */
void main_cf_value(const struct main_cf *cf, const char *service, const char *name,
                   struct buf *into);
/* The same for any text. */
void main_cf_expand(const struct main_cf *cf, const char *service, const char *text,
                    struct buf *into);

struct master_service;
/* The parameter as the service has it: its own -o options are looked at before main.cf, for the
 * parameter and for each that its value names, as Postfix does. */
void main_cf_value_of(const struct main_cf *cf, const struct master_service *service,
                      const char *name, struct buf *into);
/* Whether its -o options make the parameter another one than main.cf has: by an option for it, or
 * for one that its value names. */
bool main_cf_is_own(const struct main_cf *cf, const struct master_service *service,
                    const char *name) must_check;

/* The next item of a list separated by commas and blanks; braces group.  `*at` moves on.  The item
 * comes without its outer braces and blanks.  False: no more. */
bool main_list_next(const char **at, struct buf *item) must_check;
/* Whether the word is one of its items, in any case. */
bool main_list_has(const char *list, const char *word) must_check;

/* What is to stand in main.cf.  Mail that comes from outside meets the milters in front of an
 * admin's, before anybody changed it; mail of those who only send (submission services, programs on
 * this machine) meets the signing one behind them, when nobody changes it any more. */
struct main_wish {
	/* Items with braces: "{ unix:..., default_action=tempfail }"; NULL: none. */
	const char *milter;       /* signs and verifies */
	const char *dmarc_milter; /* mail from outside alone, behind `milter` */
	const char *guard_milter; /* mail from outside alone, in front of all others; asks
	                             the service of MAIN_TIME_LIMIT */
	bool in_smtpd, in_non_smtpd; /* lists that get `milter` */
	bool is_last; /* mail from outside, too, meets ours behind an admin's */
	/* Names of services, each array with a NULL behind them; may be NULL. */
	const char *const *unmiltered; /* must use none of ours */
	/* Where an admin's lists name the signing filter themselves: the endpoint as he wrote it, one for
	 * each list, or NULL.  Services that must not use it get his list without it. */
	const char *own_smtpd, *own_non_smtpd;
	bool is_local_off; /* mail of programs on this machine meets none of ours, nor that item */
	const char *const *submission; /* only send */
	const char *const *cleanup;    /* read non_smtpd_milters */
	const char *policy; /* "check_policy_service { unix:..., ... }"; NULL: none */
	const char *
		policy_socket; /* tells that an admin's list asks it: "private/mailauth-spf" */
	/* Tables that make SRS addresses of senders and senders of SRS addresses; NULL: none. */
	const char *srs_forward, *srs_reverse;
};

/* What of `text` is ours, settled. */
void main_cf_ours(const char *text, size_t len, struct spans *into);
/* `text` without anything of ours. */
void main_cf_strip(const char *text, size_t len, struct buf *into);
/* `text` with exactly what is wished for, whatever of ours stood there before; without the policy
 * where restrict_find() refuses. */
void main_cf_render(const char *text, size_t len, const struct main_wish *wish,
                    struct buf *into);

/* An admin's item between these is one for services alone that $mailauth_own says "yes" of. */
#define MAIN_OWN_BEGIN "${{$mailauth_own} == {yes} ? {"
#define MAIN_OWN_END "}}"

/* Puts the items that name `endpoint` between both marks, in the list and in what it names. */
void main_own_put(struct buf *text, const char *list, const char *endpoint);
/* The next pair of marks at or behind *at in the definition: where each begins. */
bool main_own_next(const struct main_cf *cf, const struct main_def *def, size_t *at,
                   size_t *ret_begin, size_t *ret_end) must_check;

/* Options of our milters: all that an admin's milter_protocol, milter_default_action and time limits
 * would set otherwise; the default action follows. */
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
