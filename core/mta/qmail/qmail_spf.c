/*
 * SPF of incoming mail: four control files of one line, which qmail-smtpd reads at each connection.
 *
 * A file that it cannot read, or a folder of that name, ends every connection with 421, so a file is 0644,
 * replaced by rename, and a probe follows.  An empty setting leaves a file absent that is absent; where an
 * administrator has one, its base is kept by the engine and it is written so that it has no effect.
 */
#include "core/mta/qmail/qmail_observed.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/plan/desired.h"
#include "core/mta/qmail/qmail_probe.h"

const char *const qmail_spf_names[QMAIL_SPF_FILES] = {
	[QMAIL_SPFBEHAVIOR] = "spfbehavior",
	[QMAIL_SPFRULES] = "spfrules",
	[QMAIL_SPFGUESS] = "spfguess",
	[QMAIL_SPFEXP] = "spfexp",
};

static const char *const settings[QMAIL_SPF_FILES] = {
	[QMAIL_SPFBEHAVIOR] = "spf.mode",
	[QMAIL_SPFRULES] = "spf.local-rules",
	[QMAIL_SPFGUESS] = "spf.guess-rules",
	[QMAIL_SPFEXP] = "spf.explanation",
};

/* The built-in text of spf.explanation, for a host with a text of its administrator. */
#define BUILT_IN "%{c} is not allowed to send mail from %{o}"

const struct value_limit qmail_limits[] = {
	{ "spf.mode", "reject-not-pass", "reject-neutral",
	  N_("qmail-smtpd listens on IPv6, and its SPF check knows IPv4 addresses only: every message of an "
	     "IPv6 client would be rejected") },
	{ "spf.guess-scope", "most-permissive", "no-record",
	  N_("qmail tries the guess rules only where a sender has no SPF record") },
	{ "spf.continue-on-dns-error", "on", "off",
	  N_("qmail does not try the guess rules after a DNS error") },
	{ "dkim.algorithm", "ed25519", "rsa",
	  N_("the qmail-dkim of this host has RSA only") },
	{ "dkim.algorithm", "both", "rsa",
	  N_("the qmail-dkim of this host signs with one key only") },
	{ NULL, NULL, NULL, NULL },
};

/* A socket of any address listens on port 25: "  0: 00..00:0019 00..00:0000 0A". */
bool qmail_listens_on_ipv6(struct ctx *ctx)
{
	auto_buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	if (file_read(ctx, "/proc/net/tcp6", (size_t)64 << 20, &text, NULL, &ignored) !=
	    0)
		return false;
	for (const char *line = buf_text(&text); *line; line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		const char *port = memchr(line + strspn(line, " 0123456789"), ':', len);
		const char *local =
			port && len > 40 ? memmem(line, len, ":0019 ", 6) : NULL;
		if (local && memmem(local, len - (size_t)(local - line), ":0000 0A ", 9))
			return true;
		line += len;
	}
	return false;
}

bool qmail_has_limit(struct ctx *ctx, const struct value_limit *limit)
{
	struct qmail_host host;
	struct err ignored = ERR_INIT;
	if (qmail_host_read(ctx, &host, &ignored) < 0)
		return true;
	bool has_spf = !host.is_installed || host.has_spf;
	bool has_ed25519 = !host.has_dkim || host.has_ed25519;
	bool has_both = has_ed25519 && (!host.has_dkim || host.has_dkim_extra);
	qmail_host_done(&host);
	if (strcmp(limit->setting, "dkim.algorithm") == 0)
		return strcmp(limit->value, "both") == 0 ? !has_both : !has_ed25519;
	return has_spf && (strcmp(limit->value, "reject-not-pass") != 0 ||
	                   qmail_listens_on_ipv6(ctx));
}

/* ---- the plan --------------------------------------------------------------------------------- */

/* The content of a file: with a line break; NULL: it is not written.  Caller frees. */
static char *content_of(const struct desired *desired,
                        const struct qmail_observed *observed, enum qmail_spf_file file)
{
	const struct spf_settings *spf = &desired->spf;
	const char *const text[QMAIL_SPF_FILES] = {
		[QMAIL_SPFRULES] = spf->local_rules,
		[QMAIL_SPFGUESS] = spf->guess_rules,
		[QMAIL_SPFEXP] = spf->explanation,
	};
	bool exists = observed->spf[file].exists;
	if (file == QMAIL_SPFBEHAVIOR)
		return desired->checks_spf ? xasprintf("%d\n", (int)spf->mode)
		       : exists            ? xstrdup("0\n")
		                           : NULL;
	if (text[file] && *text[file])
		return xasprintf("%s\n", text[file]);
	if (!exists)
		return NULL;
	return xstrdup(file == QMAIL_SPFEXP ? BUILT_IN "\n" : "");
}

/* An administrator's value that the plan replaces, unless it was pushed before. */
static int note_replaced(const struct desired *desired,
                         const struct qmail_observed *observed, enum qmail_spf_file file,
                         const char *path, const char *content, struct plan *plan,
                         struct err *err)
{
	const struct qmail_line *line = &observed->spf[file];
	bool is_ours;
	int r = desired_owns(desired, path, &is_ours, err);
	if (r < 0 || is_ours || !line->text ||
	    (text_starts(content, line->text) && content[strlen(line->text)] == '\n'))
		return r;
	plan_note(plan,
	          _("%s contains \"%s\"; it is replaced by what %s says, and restored by "
	            "\"mailauthctl mta push --remove\""),
	          path, line->text, settings[file]);
	return 0;
}

static void note_hooks(const struct qmail_observed *observed, struct plan *plan)
{
	const struct qmail_hook *hook =
		qmail_hook_find(&observed->hooks, "SPFBEHAVIOR", NULL);
	if (!hook)
		return;
	auto_free char *remedy = xasprintf(_("remove SPFBEHAVIOR from line %u of %s"),
	                                   hook->line, hook->path);
	plan_warn(plan, remedy,
	          _("%s, line %u, sets SPFBEHAVIOR=%s, which overrides spf.mode for the "
	            "connections that it is for"),
	          hook->path, hook->line, hook->value);
}

/* What qmail does differently from what the settings say. */
static void note_rules(const struct desired *desired, struct plan *plan)
{
	const char *rules = desired->spf.local_rules, *guess = desired->spf.guess_rules;
	bool has_rules = rules && *rules, has_guess = guess && *guess;
	if (has_rules && strstr(rules, "include:"))
		plan_note(
			plan,
			_("qmail gives permerror for every sender that reaches an include of "
		          "spf.local-rules whose target has no SPF record: keep the targets "
		          "of spf.local-rules up to date"));
	if (has_rules && has_guess && strstr(guess, "all"))
		plan_warn(
			plan,
			_("end spf.guess-rules without all, or repeat the local rules in it"),
			_("qmail puts spf.local-rules after spf.guess-rules, where the all of "
		          "spf.guess-rules makes them ineffective for senders without an SPF "
		          "record"));
}

/* Settings that were saved before the adoption. */
static int check_settings(const struct desired *desired,
                          const struct qmail_observed *observed, struct plan *plan,
                          struct err *err)
{
	const struct spf_settings *spf = &desired->spf;
	if (spf->mode == SPF_REJECT_NOT_PASS && observed->listens_on_ipv6) {
		err_set(err, ERR_FAILED, _("spf.mode cannot be %s with qmail: %s"),
		        spf_mode_name(spf->mode), _(qmail_limits[0].why));
		return err_add_remedy(err, "mailauthctl server set spf.mode %s",
		                      qmail_limits[0].nearest);
	}
	if (spf->guess_scope != SPF_GUESS_NO_RECORD)
		plan_warn(plan, "mailauthctl server unset spf.guess-scope",
		          _("spf.guess-scope is not in effect: %s"),
		          _(qmail_limits[1].why));
	if (spf->does_continue_on_dns_error)
		plan_warn(plan, "mailauthctl server unset spf.continue-on-dns-error",
		          _("spf.continue-on-dns-error is not in effect: %s"),
		          _(qmail_limits[2].why));
	return 0;
}

int qmail_spf_plan(const struct desired *desired, const struct qmail_observed *observed,
                   struct plan *plan, struct err *err)
{
	unsigned cause = plan_cause(plan, CAUSE_QMAIL_SPF);
	int r = 0;
	if (desired && desired->checks_spf && observed->host.has_spf)
		r = check_settings(desired, observed, plan, err);
	for (size_t i = 0;
	     r == 0 && desired && observed->host.has_spf && i < QMAIL_SPF_FILES; i++) {
		auto_free char *path = qmail_control(&observed->host, qmail_spf_names[i]);
		auto_free char *content = content_of(desired, observed, i);
		if (!content)
			continue;
		/* the mode last: by then the rules that it applies are in place */
		plan_file(plan, i == QMAIL_SPFBEHAVIOR ? RANK_CONSUMERS : RANK_TABLES,
		          path, content, strlen(content),
		          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID },
		          cause);
		r = note_replaced(desired, observed, i, path, content, plan, err);
	}
	if (r < 0 || !observed->host.has_spf)
		return r;
	if (desired && desired->checks_spf) {
		note_hooks(observed, plan);
		note_rules(desired, plan);
	}
	if (observed->host.is_running)
		qmail_plan_smtpd_probe(
			observed, desired && desired->checks_spf ? desired->spf.mode : 0,
			cause, plan);
	return 0;
}
