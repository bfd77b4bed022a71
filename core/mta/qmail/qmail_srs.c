/*
 * SRS of forwarded mail, where the patch of that name is built in (qmail-srs, libsrs2).
 *
 * Whoever forwards reads control/srs_domain and control/srs_secrets: qmail-local, as the account of the
 * recipient, so that both must be readable for all; one that is not defers forwarded mail.  The secrets come
 * first: the domain switches it on.  The way back, and whether it may be used, is in files that are the
 * administrator's: what is missing in them is said, with the line to add.
 */
#include "core/mta/qmail/qmail_observed.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/plan/desired.h"

void qmail_srs_done(struct qmail_srs *srs)
{
	free(srs->domain.text);
	buf_done(&srs->rcpthosts);
	buf_done(&srs->virtualdomains);
}

static int read_control(struct ctx *ctx, const struct qmail_host *host, const char *name,
                        struct buf *into, struct err *err)
{
	auto_free char *path = qmail_control(host, name);
	int r = file_read(ctx, path, QMAIL_CONTROL_LIMIT, into, NULL, err);
	if (r != ERR_MISSING)
		return r;
	err_clear(err);
	return 0;
}

int qmail_srs_observe(struct ctx *ctx, const struct qmail_host *host,
                      struct qmail_srs *srs, struct err *err)
{
	auto_free char *secrets = qmail_control(host, QMAIL_SRS_SECRETS);
	auto_free char *home = path_parent(host->control);
	auto_free char *filter = path_join(home, "alias/.qmail-srs-default");
	auto_buf text = BUF_INIT;
	struct file_info info;
	struct err ignored = ERR_INIT;
	int r = file_look(ctx, secrets, true, &info, err);
	srs->has_secrets = r == 0 && info.kind == FILE_REGULAR;
	if (r == 0)
		r = read_control(ctx, host, "rcpthosts", &srs->rcpthosts, err);
	if (r == 0)
		r = read_control(ctx, host, "virtualdomains", &srs->virtualdomains, err);
	srs->has_filter =
		file_read(ctx, filter, QMAIL_CONTROL_LIMIT, &text, NULL, &ignored) == 0 &&
		strstr(buf_text(&text), "srsfilter") != NULL;
	return r;
}

/* A line that is `domain`, then `after`. */
static bool has_line(const struct buf *text, const char *domain, const char *after)
{
	auto_free char *wanted = xasprintf("%s%s", domain, after);
	size_t wanted_len = strlen(wanted);
	for (const char *line = buf_text(text); *line;) {
		size_t len = strcspn(line, "\n"), end = len;
		while (end > 0 && strchr(" \t\r", line[end - 1]))
			end--;
		if (end == wanted_len && strncasecmp(line, wanted, end) == 0)
			return true;
		line += len + (line[len] == '\n');
	}
	return false;
}

/* Bounces to rewritten addresses, and what reads the files when it starts. */
static void note_way_back(const struct desired *desired,
                          const struct qmail_observed *observed, struct plan *plan)
{
	const struct qmail_host *host = &observed->host;
	const struct qmail_srs *srs = &observed->srs;
	const char *domain = desired->srs_domain;
	auto_free char *home = path_parent(host->control);
	auto_buf missing = BUF_INIT;
	/* without rcpthosts qmail-smtpd accepts all */
	if (srs->rcpthosts.len && !has_line(&srs->rcpthosts, domain, ""))
		buf_printf(&missing, "echo %s >> %s/rcpthosts; ", domain, host->control);
	if (!has_line(&srs->virtualdomains, domain, ":srs"))
		buf_printf(&missing, "echo %s:srs >> %s/virtualdomains; ", domain,
		           host->control);
	if (!srs->has_filter)
		buf_printf(&missing,
		           "echo '| %s/srsfilter' > %s/alias/.qmail-srs-default; ",
		           host->bin, home);
	if (missing.len) {
		missing.at[missing.len - 2] = '\0';
		plan_warn(
			plan, buf_text(&missing),
			_("bounces to rewritten senders are not returned until qmail delivers "
		          "mail of %s to srsfilter: %s; then restart qmail-send"),
			domain, buf_text(&missing));
	}
	if (!text_same(srs->domain.text, domain))
		plan_warn(
			plan, _("restart qmail-send"),
			_("qmail-send reads %s/srs_domain only when it starts: restart it"),
			host->control);
	if (desired->srs_excluded_count)
		plan_note(plan,
		          _("qmail has no exceptions from SRS but the domains of "
		            "control/rcpthosts: srs.exclude-domains is not enforced"));
}

/* Secrets of an administrator stay in use: a push keeps no copy of what is secret, so that they could not be
 * restored. */
static int plan_secrets(const struct desired *desired,
                        const struct qmail_observed *observed, enum step_rank rank,
                        unsigned cause, struct plan *plan, struct err *err)
{
	auto_free char *path = qmail_control(&observed->host, QMAIL_SRS_SECRETS);
	auto_secret lines = SECRET_INIT;
	bool is_ours;
	int r = desired_owns(desired, path, &is_ours, err);
	if (r == 0 && !is_ours && observed->srs.has_secrets) {
		plan_note(plan,
		          _("%s of the administrator is unchanged: senders are rewritten "
		            "with its secrets, not with those of this database"),
		          path);
		return 0;
	}
	if (r == 0)
		r = desired_srs_secrets(desired, &lines, err);
	if (r != 0)
		return r;
	plan_file(plan, rank, path, lines.at, lines.len,
	          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID }, cause)
		->is_secret = true;
	plan_note(
		plan,
		_("every account of this host can read %s, because qmail rewrites senders "
	          "as the account that forwards"),
		path);
	return 0;
}

/* SRS is off: an empty srs_domain says so, and keeps what an administrator had before for the removal. */
static int plan_off(const struct desired *desired, const struct qmail_observed *observed,
                    const char *path, unsigned cause, struct plan *plan, struct err *err)
{
	bool is_ours;
	int r = desired_owns(desired, path, &is_ours, err);
	if (r == 0 && !is_ours && observed->srs.domain.text)
		plan_note(
			plan,
			_("%s of the administrator is unchanged: qmail rewrites senders, "
		          "although srs.enabled is off"),
			path);
	if (r != 0 || !is_ours)
		return r;
	plan_file(plan, RANK_TABLES, path, "", 0,
	          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID }, cause);
	if (observed->srs.domain.text)
		plan_warn(plan, _("restart qmail-send"),
		          _("qmail-send returns bounces to rewritten senders until it is "
		            "restarted"));
	return plan_secrets(desired, observed, RANK_LEFTOVERS, cause, plan, err);
}

int qmail_srs_plan(const struct desired *desired, const struct qmail_observed *observed,
                   struct plan *plan, struct err *err)
{
	unsigned cause = plan_cause(plan, CAUSE_QMAIL_SRS);
	auto_free char *path = qmail_control(&observed->host, "srs_domain");
	if (!desired)
		return 0;
	if (!desired->has_srs)
		return plan_off(desired, observed, path, cause, plan, err);
	if (!observed->host.has_srs) {
		plan_lack(plan,
		          _("SRS: saved, but not enforced: this qmail was built without "
		            "the SRS patch"));
		return 0;
	}
	if (!desired->srs_domain)
		return err_set(err, ERR_FAILED,
		               _("the domain of rewritten senders is unknown: run "
		                 "\"mailauthctl server set srs.domain <name>\""));
	int r = plan_secrets(desired, observed, RANK_DATA, cause, plan, err);
	if (r != 0)
		return r;
	auto_free char *line = xasprintf("%s\n", desired->srs_domain);
	plan_file(plan, RANK_CONSUMERS, path, line, strlen(line),
	          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID }, cause);
	note_way_back(desired, observed, plan);
	return 0;
}
