/*
 * core/mta/qmail/qmail_observed.h: what is known of the qmail of this host.
 *
 * qmail is a family: netqmail and notqmail have neither SPF nor DKIM, and patches and forks add them, each
 * with files of their own.  What one can do is in its programs: the names of its control files are strings
 * in them.
 */
#ifndef CORE_MTA_QMAIL_QMAIL_OBSERVED_H
#define CORE_MTA_QMAIL_QMAIL_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/plan.h"
#include "core/mta/qmail/qmail_hooks.h"

#define QMAIL_CONTROL_LIMIT ((size_t)1 << 20)
#define QMAIL_DKIMKEYS_LIMIT ((size_t)256 << 20)

enum qmail_flavour {
	QMAIL_PLAIN,    /* qmail 1.03, netqmail, notqmail: neither SPF nor DKIM */
	QMAIL_PATCHED,  /* with the SPF or the DKIM patch */
	QMAIL_SQMAIL,   /* s/qmail */
	QMAIL_INDIMAIL, /* indimail-mta */
	QMAIL_FLAVOURS
};

struct qmail_host {
	bool is_installed, is_running;
	char *bin, *control; /* the folders; NULL: not installed */
	enum qmail_flavour flavour;
	bool has_spf;   /* qmail-smtpd reads control/spfbehavior */
	bool has_queue; /* it obeys QMAILQUEUE */
	bool has_error_fd; /* it shows text of a queue program that ERROR_FD names (exit 82) */
	bool has_dkim;         /* qmail-dkim */
	bool has_dkim_extra;   /* ... which signs with two keys */
	bool has_ed25519;      /* ... and with Ed25519 keys */
	bool has_spawn_filter; /* control/filterargs */
	bool has_srs;          /* srsfilter, and qmail reads control/srs_domain */
	bool is_mixed; /* qmail-showctl knows other control files than qmail-smtpd: two builds */
	char *hostname; /* control/me */
	char *why_not;  /* one sentence: why it cannot be used */
};

/* Finds qmail.  `is_live` of the host, not of a root: a running qmail-send shows where it is. */
int qmail_host_read(struct ctx *ctx, struct qmail_host *ret_host,
                    struct err *err) must_check;
void qmail_host_done(struct qmail_host *host);

/* "plain", "with SPF and DKIM", "s/qmail", "indimail-mta": for people. */
const char *qmail_flavour_name(const struct qmail_host *host) must_check;
/* "<control>/<name>".  The caller frees. */
char *qmail_control(const struct qmail_host *host, const char *name) must_check;

/* A control file of one line. */
struct qmail_line {
	bool exists;
	char *text; /* its first line, without blanks at the end; NULL: none */
};

enum qmail_spf_file {
	QMAIL_SPFBEHAVIOR,
	QMAIL_SPFRULES,
	QMAIL_SPFGUESS,
	QMAIL_SPFEXP,
	QMAIL_SPF_FILES
};

/* control/srs_*, and what an administrator must have for it. */
struct qmail_srs {
	struct qmail_line domain; /* control/srs_domain */
	bool has_secrets;         /* control/srs_secrets */
	struct buf rcpthosts, virtualdomains;
	bool has_filter; /* alias/.qmail-srs-default calls srsfilter */
};

struct qmail_observed {
	struct qmail_host host;
	struct qmail_srs srs;
	bool is_rooted;
	struct qmail_hooks hooks;
	struct qmail_line spf[QMAIL_SPF_FILES];
	struct buf dkimkeys; /* control/dkimkeys */
	bool has_dkimkeys;
	bool filters_dkim;          /* control/filterargs calls qmail-dkim */
	bool has_keys_folder;       /* control/domainkeys */
	struct file_meta keys_meta; /* ... its own, or those for a new one */
	const char *
		dkim_account; /* that calls qmail-dkim, to sign; NULL: unknown, or none does */
	bool listens_on_ipv6;   /* port 25 */
	bool has_smtpd_account; /* the account that qmail-smtpd runs as is known */
};

int qmail_observe(struct ctx *ctx, struct qmail_observed **ret_observed,
                  struct err *err) must_check;
void qmail_observed_free(void *observed);

/* ---- parts of the plan ----------------------------------------------------------------------- */

#define CAUSE_QMAIL_SPF "qmail: SPF"
#define CAUSE_QMAIL_SRS "qmail: SRS"
#define QMAIL_SRS_SECRETS "srs_secrets"

struct desired;
/* SPF of incoming mail: the four control files (qmail_spf.c). */
int qmail_spf_plan(const struct desired *desired, const struct qmail_observed *observed,
                   struct plan *plan, struct err *err) must_check;
/* DKIM verification and DMARC: mailauth-qmail-queue and its settings (qmail_queue.c). */
int qmail_queue_plan(const struct desired *desired, const struct qmail_observed *observed,
                     struct plan *plan, struct err *err) must_check;
/* SRS of forwarded mail: control/srs_domain and control/srs_secrets (qmail_srs.c). */
int qmail_srs_observe(struct ctx *ctx, const struct qmail_host *host,
                      struct qmail_srs *srs, struct err *err) must_check;
void qmail_srs_done(struct qmail_srs *srs);
int qmail_srs_plan(const struct desired *desired, const struct qmail_observed *observed,
                   struct plan *plan, struct err *err) must_check;
extern const char *const qmail_spf_names[QMAIL_SPF_FILES];

/* Whether a host can keep a limit of SPF settings: mode 6 is refused only where IPv6 clients come. */
bool qmail_listens_on_ipv6(struct ctx *ctx) must_check;
bool qmail_has_limit(struct ctx *ctx, const struct value_limit *limit) must_check;
extern const struct value_limit qmail_limits[];

/* The account that qmail-smtpd runs as. */
#define QMAIL_SMTPD_ACCOUNT "qmaild"

#endif
