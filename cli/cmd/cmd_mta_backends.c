/* `mta backends`: what each mail server supports: in the manual of a hosting panel, and here. */
#include <stdlib.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "cli/line/panel_manual.h"
#include "core/base/alloc.h"
#include "core/model/setting/setting.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/backend_choose.h"
#include "core/mta/push/registry.h"

const char *cmd_support_word(enum mta_support support)
{
	static const char *const words[] = {
		[SUPPORT_NO] = N_("no"),
		[SUPPORT_PENDING] = N_("not yet"),
		[SUPPORT_ABSENT] = N_("not installed"),
		[SUPPORT_BY_HAND] = N_("by hand"),
		[SUPPORT_YES] = N_("yes"),
	};
	return _(words[support]);
}

static const struct out_column columns[] = {
	{ "backend", N_("Backend"), OUT_TEXT, 0 },
	{ "title", N_("Mail server"), OUT_TEXT, OUT_WRAP },
	{ "dkim_sign", N_("DKIM signing"), OUT_TEXT, OUT_WRAP },
	{ "dkim_verify", N_("DKIM verification"), OUT_TEXT, OUT_WRAP },
	{ "spf", N_("SPF"), OUT_TEXT, OUT_WRAP },
	{ "dmarc", N_("DMARC"), OUT_TEXT, OUT_WRAP },
	{ "srs", N_("SRS"), OUT_TEXT, OUT_WRAP },
	{ "push", N_("Push"), OUT_BOOL, 0 },
	{ "detected", N_("Detected"), OUT_TEXT, OUT_WRAP },
	{ "dmarc_rules", N_("DMARC rules"), OUT_TEXT, OUT_WRAP },
	{ "how", N_("Source"), OUT_TEXT, OUT_WRAP },
	{ "platform", N_("Platform"), OUT_TEXT, 0 },
	{ "manual_dkim", N_("Manual: DKIM"), OUT_TEXT, OUT_WRAP },
	{ "manual_spf", N_("Manual: SPF"), OUT_TEXT, OUT_WRAP },
	{ "manual_srs", N_("Manual: SRS"), OUT_TEXT, OUT_WRAP },
	{ "manual_dmarc", N_("Manual: DMARC"), OUT_TEXT, OUT_WRAP },
	{ "manual_incoming", N_("Manual: checks of incoming mail"), OUT_TEXT, OUT_WRAP },
};

static void put_detected(struct out *out, const struct mta_backend *backend,
                         const struct mta_found *found)
{
	auto_free char *detected =
		!found->is_installed
			? NULL
			: xasprintf("%s%s%s%s", found->version ? found->version : "",
	                            found->version ? ", " : "",
	                            found->seen          ? found->seen
	                            : backend->is_remote ? _("at mta.url")
	                            : found->is_running  ? _("running")
	                                                 : _("not running"),
	                            found->filter ? _(", with a filter") : "");
	out_text(out, detected);
}

/* Where the columns of features come from. */
static const char *source_of(const struct mta_backend *backend,
                             const struct mta_found *found)
{
	if (backend->how)
		return _(backend->how);
	if (!backend->detect)
		return panel_manual_find(backend->name)
		               ? _("not looked for: as in the manual")
		               : _("not looked for");
	if (backend->is_remote)
		return found->is_installed ? _("asked at mta.url") : _("not asked");
	return found->is_installed ? _("found out on this host")
	                           : _("not found on this host");
}

static void put_manual(struct out *out, const struct panel_manual *manual)
{
	out_text(out, manual ? manual->platform : NULL);
	out_text(out, manual ? _(manual->dkim) : NULL);
	out_text(out, manual ? _(manual->spf) : NULL);
	out_text(out, manual ? _(manual->srs) : NULL);
	out_text(out, manual ? _(manual->dmarc) : NULL);
	out_text(out, manual ? _(manual->incoming) : NULL);
}

int cmd_mta_backends(struct app *app, struct err *err)
{
	struct ctx *ctx = &app->session.ctx;
	auto_free char *filter = NULL;
	const struct mta_backend *chosen = NULL;
	bool is_adopted;
	int r = setting_text(app->session.store, SET_MTA_FILTER, 0, &filter, err);
	if (r >= 0)
		r = backend_choose(ctx, app->session.store, &chosen, &is_adopted, err);
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	for (size_t i = 0; r >= 0 && i < registry_count; i++) {
		const struct mta_backend *backend = registry[i];
		cleanup(backend_found_done) struct mta_found found = { 0 };
		/* the address in the settings is that of the chosen one */
		if (backend->detect && (!backend->is_remote || backend == chosen))
			r = backend->detect(ctx, app->session.store, &found, err);
		if (r < 0)
			break;
		out_text(app->out, backend->name);
		out_text(app->out, _(backend->title));
		for (size_t k = 0; k < FEATURE_COUNT; k++)
			out_text(app->out,
			         cmd_support_word(
					 backend_support(ctx, backend, filter, k).level));
		out_bool(app->out, backend->plan != NULL);
		put_detected(app->out, backend, &found);
		out_text(app->out, backend->dmarc_rules);
		out_text(app->out, source_of(backend, &found));
		put_manual(app->out, panel_manual_find(backend->name));
		out_row_end(app->out);
	}
	out_end(app->out);
	return r;
}
