/* No mail server to push to: what was found instead, by its files. */
#include "core/mta/push/absence.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/run.h"
#include "core/mta/host/service.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/registry.h"

#define TO_FILES "mailauthctl server set mta.backend directory"

/* Programs and settings that are specific to one mail server. */
static const struct {
	const char *title, *path;
} others[] = {
	{ "Exim", "/usr/sbin/exim4" },
	{ "Exim", "/usr/sbin/exim" },
	{ "Exim", "/usr/exim/bin/exim" },
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

/* The best match among the servers that are looked for: the first that is installed, else the
 * first. */
struct look {
	const struct mta_backend *backend; /* NULL: none is looked for */
	struct mta_found found;
};

static void look_done(struct look *look)
{
	backend_found_done(&look->found);
}

static void look_for_servers(struct ctx *ctx, struct store *store, struct look *look)
{
	for (unsigned i = 0; i < registry_count && !look->found.is_installed; i++) {
		struct mta_found found = { 0 };
		struct err err = ERR_INIT;
		if (!registry[i]->detect || registry[i]->is_only_named)
			continue;
		if (registry[i]->detect(ctx, store, &found, &err) < 0)
			found.why_not = xstrdup(err.text);
		if (look->backend && !found.is_installed) {
			backend_found_done(&found);
			continue;
		}
		look_done(look);
		*look = (struct look){ registry[i], found };
	}
}

/* Installed and stopped; NULL: no supported server is installed. */
static char *stopped(struct ctx *ctx, const struct look *look, char **ret_remedy)
{
	const struct mta_found *found = &look->found;
	if (!found->is_installed || found->is_running || ctx->is_rooted)
		return NULL;
	*ret_remedy = service_start_hint(ctx, look->backend->service);
	return xasprintf(
		_("%s: start it with \"%s\", then run \"mailauthctl mta adopt\""),
		found->why_not ? found->why_not : _("the mail server is not running"),
		*ret_remedy);
}

static char *other(struct ctx *ctx)
{
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (is_there(ctx, others[i].path))
			return xasprintf(
				_("%s is the mail server of this host (%s), and this "
			          "version cannot push to it; to render its files into "
			          "a folder, run \"%s\""),
				others[i].title, others[i].path, TO_FILES);
	return NULL;
}

static char *none(const struct look *look)
{
	const char *why = look->found.why_not;
	return xasprintf(_("no mail server was found%s%s%s%s; install the package %s, "
	                   "or, to render its files into a folder, run \"%s\""),
	                 why ? " - " : "", why ? _(look->backend->title) : "",
	                 why ? ": " : "", why ? why : "", look->backend->package,
	                 TO_FILES);
}

void absence_look(struct ctx *ctx, struct store *store, struct absence *ret_absence)
{
	cleanup(look_done) struct look look = { 0 };
	struct absence absence = { 0 };
	look_for_servers(ctx, store, &look);
	absence.sentence = stopped(ctx, &look, &absence.remedy);
	if (!absence.sentence && !look.found.is_installed)
		absence.sentence = other(ctx);
	if (!absence.sentence)
		absence.sentence = none(&look);
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
