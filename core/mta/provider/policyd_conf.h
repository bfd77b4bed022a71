/*
 * core/mta/provider/policyd_conf.h: mailauth-policyd as a component: its one file, made from the
 * desired state.  It follows changes of the file by itself and needs no reload.  Pure.
 */
#ifndef CORE_MTA_PROVIDER_POLICYD_CONF_H
#define CORE_MTA_PROVIDER_POLICYD_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/mta/plan/desired.h"
#include "core/mta/plan/plan.h"
#include "dnszone/name/name.h"

/* Causes: what a change of these makes due (plan_cause()). */
#define CAUSE_POLICY "mailauth-policyd: configuration"

#define POLICYD_CONF "/etc/mailauthctl/policyd.yaml"

#ifndef POLICYD_PATH /* the Makefile names it after PREFIX */
#define POLICYD_PATH "/usr/local/libexec/mailauthctl/mailauth-policyd"
#endif

/* What it judges DMARC policies by. */
#define POLICYD_DMARC_RULES "RFC 9989"

/* What the program is called by, and how it is asked. */
#define POLICYD_SERVICE "mailauth-spf"
#define POLICYD_SOCKET "private/" POLICYD_SERVICE
#define POLICYD_CHECK                                 \
	"check_policy_service { unix:" POLICYD_SOCKET \
	", timeout=30s, try_limit=1, default_action=DUNNO }"

/* What the host adds to the settings. */
struct policyd_host {
	const char *hostname; /* where mta.hostname is not set; NULL: unknown */
	char *const *
		relayed; /* networks that it relays for, as an administrator wrote them */
	size_t relayed_count;
};

/* The name in the fields that it adds, and whose forged results it removes. */
void policyd_conf_name(const struct desired *desired, const struct policyd_host *host,
                       char ret_name[NAME_SIZE]);

/* The text of the file, proved by reading it back. */
int policyd_conf_render(const struct desired *desired, const struct policyd_host *host,
                        struct buf *into, struct err *err) must_check;

/* The file below `prefix` ("": of the host itself), or its removal. */
int policyd_conf_plan(const struct desired *desired, const struct policyd_host *host,
                      const char *prefix, struct plan *plan, struct err *err) must_check;
void policyd_conf_drop(const char *prefix, struct plan *plan);

/* Whether mailauth-policyd verifies now, and not with the file of the plan: as long as a mail server
 * uses it. */
bool policyd_conf_ends_verifying(const struct plan *plan) must_check;
/* The name in the results that it adds with the file of the plan; the caller frees.  NULL: the file
 * does not change, or mail is not verified.  *ret_has_dmarc: DMARC results too. */
char *policyd_conf_verifier(const struct plan *plan, bool *ret_has_dmarc) must_check;

/* Whether the steps of a pruned plan begin to reject or defer mail on this host by its SPF result. */
bool policyd_conf_begins_to_refuse(const struct plan *plan) must_check;

#endif
