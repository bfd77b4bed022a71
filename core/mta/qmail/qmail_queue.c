/*
 * DKIM verification and DMARC of incoming mail: mailauth-qmail-queue in QMAILQUEUE, and the settings of
 * mailauth-policyd, which it runs.
 *
 * QMAILQUEUE is the administrator's: he says in tcp.smtp which connections it is for.  Without the file of
 * the settings the program passes messages on unverified, so neither order of adding the two loses mail.
 */
#include "core/mta/qmail/qmail_observed.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/plan/desired.h"
#include "core/mta/provider/policyd_conf.h"
#include "core/mta/qmail/qmail_probe.h"

#ifndef QMAIL_QUEUE_PATH /* the Makefile names it after PREFIX */
#define QMAIL_QUEUE_PATH "/usr/local/libexec/mailauthctl/mailauth-qmail-queue"
#endif
#define QMAIL_QUEUE_NAME "mailauth-qmail-queue"

/* What the administrator adds; caller frees. */
static char *missing_words(const struct qmail_observed *observed,
                           const struct qmail_hook *other)
{
	return xasprintf("QMAILQUEUE=\"" QMAIL_QUEUE_PATH "\"%s%s%s%s",
	                 other ? ",MAILAUTH_QUEUE=\"" : "", other ? other->value : "",
	                 other ? "\"" : "",
	                 observed->host.has_error_fd ? ",ERROR_FD=\"4\"" : "");
}

static void note_hook(const struct qmail_observed *observed, struct plan *plan)
{
	if (qmail_hook_find(&observed->hooks, "QMAILQUEUE", QMAIL_QUEUE_NAME))
		return;
	const struct qmail_hook *other =
		qmail_hook_find(&observed->hooks, "QMAILQUEUE", NULL);
	auto_free char *words = missing_words(observed, other);
	auto_free char *remedy =
		other ? xasprintf(
				_("in %s, line %u, replace QMAILQUEUE=\"%s\" with %s, and "
	                          "rebuild the rules of tcpserver"),
				other->path, other->line, other->value, words)
		      : xasprintf(
				_("add %s to the rule for all clients in the tcp.smtp of port 25 "
	                          "(:allow,%s), and rebuild the rules of tcpserver"),
				words, words);
	plan_warn(plan, remedy,
	          _("incoming mail is not verified, because nothing calls %s: %s"),
	          QMAIL_QUEUE_NAME, remedy);
}

int qmail_queue_plan(const struct desired *desired, const struct qmail_observed *observed,
                     struct plan *plan, struct err *err)
{
	const struct policyd_host host = { .hostname = observed->host.hostname };
	unsigned cause = plan_cause(plan, CAUSE_POLICY);
	if (!desired)
		return 0;
	if (!desired->verifies || !observed->host.has_queue) {
		policyd_conf_drop("", plan);
		return 0;
	}
	int r = policyd_conf_plan(desired, &host, "", plan, err);
	if (r < 0)
		return r;
	note_hook(observed, plan);
	if (observed->host.is_running)
		qmail_plan_verify_probe(observed,
		                        desired->authserv_id ? desired->authserv_id
		                                             : observed->host.hostname,
		                        cause, plan);
	return 0;
}
