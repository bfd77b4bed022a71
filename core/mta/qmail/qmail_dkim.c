/*
 * DKIM signing by qmail-dkim (the DKIM patch of netqmail and indimail-mta).
 *
 * control/dkimkeys names a key file for each domain; the name of the file is the selector.  A line whose
 * key file is missing refuses the domain's mail for good, so keys come first and go last.  Without DKIMSIGN
 * in its environment qmail-dkim fails for every domain with a line: then no line is written.
 */
#include "core/mta/qmail/qmail_dkim.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/names.h"
#include "core/base/text.h"
#include "core/mta/host/marked_block.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/qmail/qmail_probe.h"

/* ---- control/dkimkeys ------------------------------------------------------------------------- */

static bool is_ours(bool *goes_on, const char *line, size_t len)
{
	(void)goes_on;
	return len > 0 && *line != '#' && memmem(line, len, "/" QMAIL_DOMAINKEYS "/", 12);
}

static void find_ours(const char *text, size_t len, struct spans *into)
{
	marked_block_ours(text, len, is_ours, into);
}

const struct shared_format qmail_dkimkeys_format = { .name = "qmail-dkimkeys",
	                                             .ours = find_ours,
	                                             .is_last = true };

void qmail_dkim_line(const char *name, const char *rsa, const char *ed25519,
                     struct buf *into)
{
	if (rsa && ed25519)
		buf_printf(
			into,
			"%s:%s:DKIMSIGNOPTIONS=-z 2,DKIMSIGNEXTRA=%s,DKIMSIGNOPTIONSEXTRA=-z 4\n",
			name, rsa, ed25519);
	else if (rsa || ed25519)
		buf_printf(into, "%s:%s:DKIMSIGNOPTIONS=-z %d\n", name,
		           rsa ? rsa : ed25519, rsa ? 2 : 4);
}

/* The domains of an administrator's own lines. */
static void read_others(const struct buf *text, struct names *into)
{
	auto_buf admin = BUF_INIT;
	marked_block_without(buf_text(text), text->len, is_ours, &admin);
	for (const char *line = buf_text(&admin); *line; line += *line == '\n') {
		size_t len = strcspn(line, "\n"), name = strcspn(line, ":\n");
		if (*line != '#' && name < len)
			names_take(into, xmemdup(line, name));
		line += len;
	}
	names_sort(into);
}

/* ---- rows ------------------------------------------------------------------------------------- */

struct lines {
	const struct qmail_observed *observed;
	struct opendkim_keys *keys;
	struct buf text;
	char *folder;        /* of the keys */
	char *name;          /* the name at hand */
	char *rsa, *ed25519; /* its key files; NULL: none */
	struct names
		others; /* domains of an administrator's own lines, which come first and count */
	char *other; /* one of them that should be signed with our key; NULL: none */
	size_t unsupported; /* names with an Ed25519 key alone that this build does not know */
	bool has_ed25519; /* some line has such a key */
};

static void lines_done(struct lines *lines)
{
	opendkim_keys_free(lines->keys);
	names_done(&lines->others);
	free(lines->other);
	buf_done(&lines->text);
	free(lines->folder);
	free(lines->name);
	free(lines->rsa);
	free(lines->ed25519);
}

static void end_name(struct lines *lines)
{
	/* without DKIMSIGNEXTRA one of them signs */
	if (lines->rsa && lines->ed25519 && !lines->observed->host.has_dkim_extra) {
		free(lines->ed25519);
		lines->ed25519 = NULL;
	}
	if (lines->name)
		qmail_dkim_line(lines->name, lines->rsa, lines->ed25519, &lines->text);
	free(lines->name);
	free(lines->rsa);
	free(lines->ed25519);
	lines->name = lines->rsa = lines->ed25519 = NULL;
}

static int take_row(void *arg, const struct signing_row *row, struct err *err)
{
	struct lines *lines = arg;
	bool is_rsa = strcmp(row->algorithm, "rsa") == 0;
	(void)err;
	if (!text_same(lines->name, row->name)) {
		end_name(lines);
		lines->name = xstrdup(row->name);
		if (!lines->other && names_has(&lines->others, row->name))
			lines->other = xstrdup(row->name);
	}
	if (!is_rsa && !lines->observed->host.has_ed25519) {
		lines->unsupported++;
		return 0;
	}
	char **path = is_rsa ? &lines->rsa : &lines->ed25519;
	if (*path)
		return 0;
	*path = xasprintf("%s/%s/%s", lines->folder, row->main_name, row->selector);
	lines->has_ed25519 |= !is_rsa;
	opendkim_keys_chosen(lines->keys, row);
	return 0;
}

/* ---- what else it needs ----------------------------------------------------------------------- */

/* Whether qmail-dkim is called, and with DKIMSIGN. */
static void find_hook(const struct qmail_observed *observed, bool *ret_is_called,
                      bool *ret_has_sign)
{
	bool in_queue = qmail_hook_find(&observed->hooks, "QMAILQUEUE", "qmail-dkim") ||
	                qmail_hook_find(&observed->hooks, "MAILAUTH_QUEUE", "qmail-dkim");
	*ret_is_called = observed->filters_dkim || in_queue;
	*ret_has_sign = qmail_hook_find(&observed->hooks, "DKIMSIGN", "/") != NULL;
}

static void note_hook(const struct qmail_observed *observed, bool is_called,
                      bool has_sign, struct plan *plan)
{
	const char *bin = observed->host.bin, *control = observed->host.control;
	const char *quote = observed->filters_dkim ? "" : "\""; /* as tcp.smtp has it */
	auto_free char *sign = xasprintf(
		"DKIMSIGN=%s%s/" QMAIL_DOMAINKEYS "/%%/default%s", quote, control, quote);
	if (is_called && has_sign)
		return;
	if (is_called) {
		auto_free char *remedy =
			xasprintf(_("add %s where qmail-dkim is called"), sign);
		plan_warn(
			plan, remedy,
			_("mail is not signed: qmail-dkim is called without DKIMSIGN, and would fail "
		          "for every domain of control/dkimkeys; add %s"),
			sign);
		return;
	}
	/* in control/filterargs it would sign what strangers sent, too */
	auto_free char *remedy = xasprintf(
		_("add QMAILQUEUE=\"%s/qmail-dkim\",%s to the rules of tcpserver for clients "
	          "that may relay, and rebuild them"),
		bin, sign);
	plan_warn(plan, remedy,
	          _("mail is not signed, because nothing calls qmail-dkim: %s"), remedy);
}

static void note_rows(const struct lines *lines, struct plan *plan)
{
	const struct qmail_observed *observed = lines->observed;
	plan_note(
		plan,
		_("qmail-dkim does not sign a message whose From domain has capital letters"));
	if (observed->filters_dkim)
		plan_warn(
			plan,
			_("call qmail-dkim in QMAILQUEUE instead, for clients that may relay"),
			_("%s/filterargs signs every message that leaves this host, also forwarded "
		          "ones that strangers sent in the name of a domain of this host"),
			observed->host.control);
	if (lines->other) {
		auto_free char *remedy =
			xasprintf(_("remove the line of %s from %s/dkimkeys"),
		                  lines->other, observed->host.control);
		plan_warn(
			plan, remedy,
			_("%s is signed with the key of a line of the administrator in %s/dkimkeys, "
		          "because the first line of a domain counts"),
			lines->other, observed->host.control);
	}
	if (lines->has_ed25519)
		plan_note(
			plan,
			_("Ed25519 signatures of a qmail-dkim that was released before March "
		          "2026 do not verify"));
	if (lines->unsupported)
		plan_warn(
			plan, "mailauthctl server set dkim.algorithm rsa",
			ngettext(
				"%zu name has an Ed25519 key, which the qmail-dkim of this host "
				"cannot use",
				"%zu names have an Ed25519 key, which the qmail-dkim of this host "
				"cannot use",
				lines->unsupported),
			lines->unsupported);
}

/* ---- the plan --------------------------------------------------------------------------------- */

static void plan_lines(const struct qmail_observed *observed, const char *lines,
                       struct plan *plan)
{
	auto_free char *path = qmail_control(&observed->host, QMAIL_DKIMKEYS);
	unsigned cause = plan_cause(plan, CAUSE_QMAIL_DKIM);
	auto_buf admin = BUF_INIT, text = BUF_INIT;
	const struct buf *now = &observed->dkimkeys;
	marked_block_without(buf_text(now), now->len, is_ours, &admin);
	if (*lines)
		marked_block_with(buf_text(now), now->len, lines, is_ours, &text);
	else
		buf_add(&text, buf_text(&admin), admin.len);
	bool is_all_ours = now->len > 0 && admin.len == 0;
	if (text.len == 0 && is_all_ours)
		plan_remove(plan, RANK_TABLES, path, cause);
	else if (text.len > 0 || observed->has_dkimkeys)
		plan_file(plan, RANK_TABLES, path, buf_text(&text), text.len,
		          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID }, cause)
			->shared = &qmail_dkimkeys_format;
}

static int note_one(void *arg, const struct signing_row *row, struct err *err)
{
	(void)row, (void)err;
	*(bool *)arg = true;
	return 1;
}

/* Domains are to sign, and nothing here can. */
static int warn_unsigned(const struct desired *desired,
                         const struct qmail_observed *observed, struct plan *plan,
                         struct err *err)
{
	bool signs = false;
	int r = desired ? desired_each_signing(desired, note_one, &signs, err) : 0;
	if (r >= 0 && signs && observed->host.flavour == QMAIL_SQMAIL)
		plan_warn(
			plan, _("add the domains to control/dkimdomains of s/qmail"),
			_("mail is not signed: control/dkimdomains of s/qmail is not written "
		          "yet; export the keys with \"mailauthctl key export\", and add them "
		          "as qmail-dksign(8) describes"));
	else if (r >= 0 && signs)
		plan_warn(plan, _("install a qmail with the DKIM patch"),
		          _("mail is not signed: this qmail was built without the DKIM "
		            "patch (qmail-dkim)"));
	return r < 0 ? r : 0;
}

int qmail_dkim_plan(const struct desired *desired, const struct qmail_observed *observed,
                    struct plan *plan, struct err *err)
{
	cleanup(lines_done) struct lines lines = {
		.observed = observed,
		.folder = qmail_control(&observed->host, QMAIL_DOMAINKEYS),
	};
	struct opendkim_plan found = { 0 };
	bool is_called, has_sign;
	if (!observed->host.has_dkim)
		return warn_unsigned(desired, observed, plan, err);
	if (!desired) {
		plan_lines(observed, "", plan);
		return 0;
	}
	find_hook(observed, &is_called, &has_sign);
	const struct file_meta folder = observed->keys_meta;
	const struct opendkim_place place = {
		.prefix = lines.folder,
		.keys = "",
		.ending = "",
		.key = { folder.mode & 0640, folder.uid, folder.gid },
		.key_folder = folder,
	};
	if (!observed->has_keys_folder && desired->signs)
		plan_mkdir(plan, RANK_DATA, lines.folder, folder);
	read_others(&observed->dkimkeys, &lines.others);
	int r = opendkim_keys_new(desired, &lines.keys, err);
	if (r == 0)
		r = desired_each_signing(desired, take_row, &lines, err);
	end_name(&lines);
	if (r == 0)
		r = opendkim_keys_plan(lines.keys, &place, plan, &found, err);
	if (r == 0) {
		plan_lines(observed, is_called && !has_sign ? "" : buf_text(&lines.text),
		           plan);
		if (lines.text.len || lines.unsupported) {
			note_hook(observed, is_called, has_sign, plan);
			note_rows(&lines, plan);
		}
		if (observed->host.is_running && found.signing_name &&
		    (has_sign || !is_called))
			qmail_plan_sign_probe(observed, found.signing_name,
			                      plan_cause(plan, CAUSE_QMAIL_DKIM) |
			                              plan_cause(plan, CAUSE_KEYS),
			                      plan);
	}
	opendkim_plan_done(&found);
	return r;
}

/* ---- rollback --------------------------------------------------------------------------------- */

char *qmail_dkim_key_selector(const char *path)
{
	const char *slash = strrchr(path, '/');
	return strstr(path, "/" QMAIL_DOMAINKEYS "/") && slash[1] ? xstrdup(slash + 1)
	                                                          : NULL;
}

static int check_key(struct store *store, int64_t push_id, const char *name,
                     const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return 0;
	int r = signing_is_published(store, name, slash + 1, err);
	if (r != 0)
		return r < 0 ? r : 0;
	return err_set(
		err, ERR_FAILED,
		_("after push %lld mail of %s was signed with the key %s, which is no "
	          "longer published under that name: choose a later push, or change "
	          "the settings instead"),
		(long long)push_id, name, slash + 1);
}

/* "name:path:..,DKIMSIGNEXTRA=path,.." */
static int check_line(struct store *store, int64_t push_id, char *line, struct err *err)
{
	char *path = strchr(line, ':'), *more = path ? strchr(path + 1, ':') : NULL;
	if (!more)
		return 0;
	*path++ = *more++ = '\0';
	int r = check_key(store, push_id, line, path, err);
	char *extra = strstr(more, "DKIMSIGNEXTRA=");
	if (r < 0 || !extra)
		return r;
	extra += strlen("DKIMSIGNEXTRA=");
	extra[strcspn(extra, ",")] = '\0';
	return check_key(store, push_id, line, extra, err);
}

int qmail_dkim_check_rollback(struct store *store, const struct plan *plan,
                              int64_t push_id, struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < plan->count && r == 0; i++) {
		const struct step *step = &plan->step[i];
		if (!step_is_file(step) || !step->is_present ||
		    !text_ends(step->object, "/" QMAIL_DKIMKEYS))
			continue;
		auto_buf ours = BUF_INIT;
		shared_part(&qmail_dkimkeys_format, step_text(step), &ours);
		char *save = NULL, *text = ours.len ? ours.at : NULL;
		for (char *line = text ? strtok_r(text, "\n", &save) : NULL;
		     r == 0 && line; line = strtok_r(NULL, "\n", &save))
			if (*line != '#')
				r = check_line(store, push_id, line, err);
	}
	return r;
}
