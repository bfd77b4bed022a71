/* No mail server to push to: what is there instead is named by its files. */
#include "core/mta/push/absence.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/run.h"
#include "core/mta/host/service_kind.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/registry.h"

#define TO_FILES "mailauthctl server set mta.backend directory"

/* Programs and settings that belong to one mail server alone. */
static const struct {
	const char *title, *path;
} others[] = {
	{ "Exim", "/usr/sbin/exim4" },
	{ "Exim", "/usr/sbin/exim" },
	{ "Exim", "/usr/exim/bin/exim" },
	{ "qmail", "/var/qmail/bin/qmail-send" },
	{ "OpenSMTPD", "/usr/sbin/smtpd" },
	{ "Sendmail", "/usr/lib/sm.bin/sendmail" },
	{ "Sendmail", "/usr/sbin/sendmail.sendmail" },
	{ "Courier", "/usr/sbin/courier" },
	{ "Courier", "/usr/sbin/courierd" },
	{ "nullmailer", "/usr/sbin/nullmailer-send" },
};

static bool is_there(struct ctx *ctx, const char *path)
{
	struct file_info info;
	struct err ignored = ERR_INIT;
	if (file_look(ctx, path, true, &info, &ignored) == 0)
		return info.kind != FILE_ABSENT;
	err_clear(&ignored);
	return false;
}

/* Installed and stopped; NULL: no server that is pushed to is installed. */
static char *stopped(struct ctx *ctx, const struct mta_found *found, char **ret_remedy)
{
	if (!found->is_installed || found->is_running || ctx->is_rooted)
		return NULL;
	const char *start =
		systemd_is_there(ctx) ? "systemctl start postfix" : "postfix start";
	*ret_remedy = xstrdup(start);
	return xasprintf(
		_("%s: start it with \"%s\", then run \"mailauthctl mta adopt\""),
		found->why_not ? found->why_not : _("the mail server does not run"),
		start);
}

static char *other(struct ctx *ctx)
{
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (is_there(ctx, others[i].path))
			return xasprintf(
				_("%s is the mail server here (%s), and this version "
			          "does not push to it; \"%s\" renders its files into "
			          "a folder instead"),
				others[i].title, others[i].path, TO_FILES);
	return NULL;
}

static char *none(const struct mta_found *found)
{
	const char *why = found->why_not;
	return xasprintf(
		_("no mail server was found%s%s; install the package postfix, or "
	          "run \"%s\" to render its files into a folder"),
		why ? " - Postfix: " : "", why ? why : "", TO_FILES);
}

void absence_look(struct ctx *ctx, struct store *store, struct absence *ret_absence)
{
	const struct mta_backend *postfix = registry_find("postfix");
	cleanup(backend_found_done) struct mta_found found = { 0 };
	struct err err = ERR_INIT;
	struct absence absence = { 0 };
	if (postfix->detect(ctx, store, &found, &err) < 0)
		found.why_not = xstrdup(err.text);
	absence.sentence = stopped(ctx, &found, &absence.remedy);
	if (!absence.sentence && !found.is_installed)
		absence.sentence = other(ctx);
	if (!absence.sentence)
		absence.sentence = none(&found);
	if (!absence.remedy)
		absence.remedy = xstrdup(TO_FILES);
	*ret_absence = absence;
}

void absence_done(struct absence *absence)
{
	free(absence->sentence);
	free(absence->remedy);
	*absence = (struct absence){ 0 };
}
