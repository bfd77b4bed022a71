/* What commands that ask DNS share: name servers, and the listing of what a linter found. */
#include "cli/app.h"
#include "core/base/alloc.h"
#include "dnszone/query.h"
#include "dnszone/resolver_cache.h"
#include "dnszone/resolver_zone.h"
#include "dnszone/spf_eval.h"

enum {
	CACHE_MEMORY = 2 * SPF_MEMORY,
	ZONE_LIMIT = 64 << 20,
};

int app_resolver(struct app *app, struct resolver **ret_resolver, struct err *err)
{
	struct query_servers servers;
	const char *typed = args_get(app->args, "--resolver");
	bool has_zone = args_has(app->args, "--zone");
	struct resolver *dns = NULL;
	int r = typed      ? query_servers_parse(typed, &servers, err)
	        : has_zone ? 0
	                   : query_servers_system(&servers, err);
	if (r < 0)
		return r;
	if (typed || !has_zone)
		dns = query_new(&servers, NULL);
	if (has_zone)
		dns = resolver_zone_new(dns);
	const char *file;
	for (size_t i = 0; r >= 0 && (file = args_get_nth(app->args, "--zone", i)); i++) {
		auto_buf text = BUF_INIT;
		r = app_read_input(app, file, ZONE_LIMIT, &text, err);
		if (r >= 0)
			r = resolver_zone_add(dns, file, buf_text(&text), text.len, err);
	}
	struct resolver *cache = dns ? resolver_cache_new(dns, CACHE_MEMORY) : NULL;
	if (r >= 0 && !cache)
		r = err_set(err, ERR_FAILED,
		            _("not enough memory for name server queries"));
	if (r < 0) {
		resolver_free(cache ? cache : dns);
		return r;
	}
	*ret_resolver = cache;
	return 0;
}

void app_show_findings(struct app *app, const struct lint_list *list)
{
	static const struct out_column columns[] = {
		{ "code", N_("Code"), OUT_TEXT, 0 },
		{ "severity", N_("Severity"), OUT_TEXT, 0 },
		{ "column", N_("Column"), OUT_INT, 0 },
		{ "message", N_("Message"), OUT_TEXT, OUT_WRAP },
		{ "detail", N_("Detail"), OUT_TEXT, OUT_WRAP },
	};
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < list->count; i++) {
		const struct lint_finding *finding = &list->finding[i];
		out_text(app->out, finding->code->code);
		out_text(app->out, lint_severity_name(finding->code->severity));
		if (finding->column)
			out_int(app->out, (int64_t)finding->column);
		else
			out_null(app->out);
		out_text(app->out, _(finding->code->message));
		out_text(app->out, finding->detail);
		out_row_end(app->out);
	}
	out_end(app->out);
	app->has_found = lint_worst(list) >= LINT_WARNING;
}
