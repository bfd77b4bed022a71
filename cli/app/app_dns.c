/* The name servers of commands that ask DNS. */
#include "cli/app/app.h"
#include "core/base/alloc.h"
#include "dnszone/query/query.h"
#include "dnszone/query/resolver_cache.h"
#include "dnszone/query/resolver_zone.h"
#include "dnszone/spf/spf_eval.h"

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
