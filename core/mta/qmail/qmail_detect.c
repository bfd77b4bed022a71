/*
 * Which qmail this is.  A running qmail-send shows its folder; otherwise the usual ones are looked at.
 * Features are strings in the programs: a program names every control file that it reads.
 */
#include "core/mta/qmail/qmail_observed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/service_kind.h"

#define PROGRAM_LIMIT ((size_t)32 << 20)

/* Folders of programs and of control files. */
static const struct place {
	const char *bin, *control;
} places[] = {
	{ "/var/qmail/bin", "/var/qmail/control" },
	{ "/var/lib/qmail/bin", "/var/lib/qmail/control" },
	{ "/usr/sbin", "/etc/indimail/control" },
};

void qmail_host_done(struct qmail_host *host)
{
	free(host->bin);
	free(host->control);
	free(host->hostname);
	free(host->why_not);
	*host = (struct qmail_host){ 0 };
}

char *qmail_control(const struct qmail_host *host, const char *name)
{
	return path_join(host->control, name);
}

static bool is_file(struct ctx *ctx, const char *folder, const char *name)
{
	auto_free char *path = path_join(folder, name);
	struct file_info info;
	struct err ignored = ERR_INIT;
	return file_look(ctx, path, true, &info, &ignored) == 0 &&
	       info.kind == FILE_REGULAR;
}

/* Which of the strings the program contains, as bits; 0 if it cannot be read. */
static unsigned strings_of(struct ctx *ctx, const char *folder, const char *program,
                           const char *const *strings)
{
	auto_free char *path = path_join(folder, program);
	auto_buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	unsigned found = 0;
	if (file_read(ctx, path, PROGRAM_LIMIT, &text, NULL, &ignored) != 0)
		return 0;
	for (unsigned i = 0; strings[i]; i++)
		if (memmem(buf_text(&text), text.len, strings[i], strlen(strings[i])))
			found |= 1u << i;
	return found;
}

/* ---- where it is ------------------------------------------------------------------------------ */

/* The folder of the program of a running qmail-send; NULL: none runs.  Caller frees. */
static char *running_bin(struct ctx *ctx)
{
	char exe[4096];
	pid_t pid = ctx->is_rooted ? 0 : process_find(ctx, "qmail-send", false);
	if (pid <= 0)
		return NULL;
	auto_free char *link = xasprintf("%s/proc/%d/exe", ctx->root, (int)pid);
	ssize_t len = readlink(link, exe, sizeof(exe) - 1);
	if (len <= 0)
		return NULL;
	exe[len] = '\0';
	if (!path_is_plain(exe) || !text_ends(exe, "/qmail-send"))
		return NULL;
	return path_parent(exe);
}

static bool is_qmail(struct ctx *ctx, const char *bin, const char *control)
{
	return is_file(ctx, bin, "qmail-smtpd") && is_file(ctx, control, "me");
}

static void find_place(struct ctx *ctx, struct qmail_host *host)
{
	auto_free char *running = running_bin(ctx);
	auto_free char *home = running ? path_parent(running) : NULL;
	auto_free char *control = home ? path_join(home, "control") : NULL;
	if (control && is_qmail(ctx, running, control)) {
		host->bin = xstrdup(running);
		host->control = xstrdup(control);
	}
	for (size_t i = 0; !host->bin && i < ARRAY_LEN(places); i++) {
		if (!is_qmail(ctx, places[i].bin, places[i].control))
			continue;
		host->bin = xstrdup(places[i].bin);
		host->control = xstrdup(places[i].control);
	}
	host->is_installed = host->bin != NULL;
	host->is_running = running && host->bin && strcmp(running, host->bin) == 0;
}

/* ---- what it is ------------------------------------------------------------------------------- */

static void find_features(struct ctx *ctx, struct qmail_host *host)
{
	static const char *const smtpd[] = { "control/spfbehavior", "QMAILQUEUE",
		                             "ERROR_FD", "spfbehavior", NULL };
	static const char *const dkim[] = { "DKIMSIGNEXTRA", "ed25519", NULL };
	static const char *const srs[] = { "srs_domain", NULL };
	/* a second witness: what it prints of control files that qmail-smtpd reads */
	static const char *const showctl[] = { "spfbehavior", NULL };
	unsigned s = strings_of(ctx, host->bin, "qmail-smtpd", smtpd);
	unsigned d = strings_of(ctx, host->bin, "qmail-dkim", dkim);
	bool is_indimail = text_starts(host->control, "/etc/indimail/");
	host->has_spf = s & (is_indimail ? 1u << 3 : 1u << 0);
	host->has_queue = s & 1u << 1;
	host->has_error_fd = s & 1u << 2;
	host->has_dkim = is_file(ctx, host->bin, "qmail-dkim");
	host->has_dkim_extra = d & 1u << 0;
	host->has_ed25519 = d & 1u << 1;
	host->has_spawn_filter = is_file(ctx, host->bin, "spawn-filter");
	host->has_srs = is_file(ctx, host->bin, "srsfilter") &&
	                strings_of(ctx, host->bin, "srsfilter", srs);
	host->is_mixed = is_file(ctx, host->bin, "qmail-showctl") &&
	                 (strings_of(ctx, host->bin, "qmail-showctl", showctl) != 0) !=
	                         host->has_spf;
	if (is_indimail)
		host->flavour = QMAIL_INDIMAIL;
	else if (is_file(ctx, host->bin, "qmail-dksign"))
		host->flavour = QMAIL_SQMAIL;
	else if (host->has_spf || host->has_dkim)
		host->flavour = QMAIL_PATCHED;
}

static int read_line(struct ctx *ctx, const struct qmail_host *host, const char *name,
                     struct qmail_line *ret_line, struct err *err)
{
	auto_free char *path = qmail_control(host, name);
	auto_buf text = BUF_INIT;
	int r = file_read(ctx, path, QMAIL_CONTROL_LIMIT, &text, NULL, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	size_t len = strcspn(buf_text(&text), "\n");
	while (len > 0 && strchr(" \t", buf_text(&text)[len - 1]))
		len--;
	*ret_line =
		(struct qmail_line){ .exists = true,
		                     .text = len ? xmemdup(buf_text(&text), len) : NULL };
	return 0;
}

int qmail_host_read(struct ctx *ctx, struct qmail_host *ret_host, struct err *err)
{
	struct qmail_host host = { 0 };
	struct qmail_line me = { 0 };
	find_place(ctx, &host);
	if (!host.is_installed) {
		host.why_not =
			xstrdup(_("there is no qmail-smtpd with a file control/me in "
		                  "/var/qmail, /var/lib/qmail or /etc/indimail"));
		*ret_host = host;
		return 0;
	}
	find_features(ctx, &host);
	int r = read_line(ctx, &host, "me", &me, err);
	if (r < 0) {
		qmail_host_done(&host);
		return r;
	}
	host.hostname = me.text;
	if (!host.is_running && !ctx->is_rooted)
		host.why_not =
			xasprintf(_("no process qmail-send of %s is running"), host.bin);
	*ret_host = host;
	return 0;
}

const char *qmail_flavour_name(const struct qmail_host *host)
{
	switch (host->flavour) {
	case QMAIL_SQMAIL:
		return "s/qmail";
	case QMAIL_INDIMAIL:
		return "indimail-mta";
	case QMAIL_PATCHED:
		return host->has_spf && host->has_dkim ? _("patched: SPF, DKIM")
		       : host->has_spf                 ? _("patched: SPF")
		                                       : _("patched: DKIM");
	default:
		return _("without patches");
	}
}

/* ---- what a plan needs ------------------------------------------------------------------------ */

void qmail_observed_free(void *arg)
{
	struct qmail_observed *observed = arg;
	if (!observed)
		return;
	for (size_t i = 0; i < QMAIL_SPF_FILES; i++)
		free(observed->spf[i].text);
	qmail_srs_done(&observed->srs);
	buf_done(&observed->dkimkeys);
	qmail_hooks_done(&observed->hooks);
	qmail_host_done(&observed->host);
	free(observed);
}

/* What signs, and whose its keys are.  hier.c of the patch makes the folder 0700 for the account that reads
 * them; an administrator may have changed that. */
static int observe_dkim(struct ctx *ctx, struct qmail_observed *observed, struct err *err)
{
	auto_free char *path = qmail_control(&observed->host, "dkimkeys");
	auto_free char *args = qmail_control(&observed->host, "filterargs");
	auto_free char *folder = qmail_control(&observed->host, "domainkeys");
	auto_buf text = BUF_INIT;
	struct file_info info;
	struct err ignored = ERR_INIT;
	uid_t uid = FILE_KEEP_UID;
	gid_t gid = FILE_KEEP_GID;
	int r = file_read(ctx, path, QMAIL_DKIMKEYS_LIMIT, &observed->dkimkeys, NULL,
	                  err);
	observed->has_dkimkeys = r == 0;
	if (r == ERR_MISSING) {
		err_clear(err);
		r = 0;
	}
	if (r == 0)
		r = file_look(ctx, folder, true, &info, err);
	if (r < 0)
		return r;
	if (file_read(ctx, args, QMAIL_CONTROL_LIMIT, &text, NULL, &ignored) == 0)
		for (const char *line = buf_text(&text); *line;
		     line += strcspn(line, "\n"), line += *line == '\n')
			observed->filters_dkim |=
				*line != '#' &&
				memmem(line, strcspn(line, "\n"), "qmail-dkim", 10);
	bool in_queue = qmail_hook_find(&observed->hooks, "QMAILQUEUE", "qmail-dkim") ||
	                qmail_hook_find(&observed->hooks, "MAILAUTH_QUEUE", "qmail-dkim");
	const char *account = observed->filters_dkim ? "qmailr" : QMAIL_SMTPD_ACCOUNT;
	bool is_known = file_user_id(ctx, account, &uid, &gid);
	if (is_known && (observed->filters_dkim || in_queue))
		observed->dkim_account = account;
	observed->has_keys_folder = info.kind == FILE_DIRECTORY;
	observed->keys_meta = observed->has_keys_folder
	                              ? info.meta
	                              : (struct file_meta){ 0700, uid, gid };
	return 0;
}

int qmail_observe(struct ctx *ctx, struct qmail_observed **ret_observed, struct err *err)
{
	struct qmail_observed *observed = xcalloc(1, sizeof(*observed));
	uid_t uid;
	gid_t gid;
	observed->is_rooted = ctx->is_rooted;
	observed->listens_on_ipv6 = qmail_listens_on_ipv6(ctx);
	int r = qmail_host_read(ctx, &observed->host, err);
	for (size_t i = 0; r == 0 && observed->host.is_installed && i < QMAIL_SPF_FILES;
	     i++)
		r = read_line(ctx, &observed->host, qmail_spf_names[i], &observed->spf[i],
		              err);
	if (r == 0 && observed->host.is_installed)
		qmail_hooks_read(ctx, observed->host.control, &observed->hooks);
	if (r == 0 && observed->host.is_installed)
		r = observe_dkim(ctx, observed, err);
	if (r == 0 && observed->host.is_installed)
		r = read_line(ctx, &observed->host, "srs_domain", &observed->srs.domain,
		              err);
	if (r == 0 && observed->host.is_installed)
		r = qmail_srs_observe(ctx, &observed->host, &observed->srs, err);
	observed->has_smtpd_account = file_user_id(ctx, QMAIL_SMTPD_ACCOUNT, &uid, &gid);
	if (r < 0) {
		qmail_observed_free(observed);
		return r;
	}
	*ret_observed = observed;
	return 0;
}
