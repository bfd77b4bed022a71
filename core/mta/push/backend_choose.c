/* Which mail server pushes go to, and which settings it does not support. */
#include "core/mta/push/backend_choose.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/model/setting/env.h"
#include "core/model/setting/setting.h"
#include "core/mta/engine/target.h"
#include "core/mta/push/registry.h"

#define NO_PUSH N_("this version cannot push to it; use mta.backend directory")

/* ---- the one that pushes go to ---------------------------------------------------------------- */

static int read_adopted(struct ctx *ctx, const struct mta_backend **ret_adopted,
                        struct err *err)
{
	auto_store target = NULL;
	struct target_row row = { 0 };
	int r = target_open(ctx, false, false, &target, err);
	if (r == 0)
		r = target_read(target, &row, err);
	if (r < 0)
		return r;
	*ret_adopted = row.is_there && row.backend ? registry_find(row.backend) : NULL;
	target_row_done(&row);
	return 0;
}

static int detect_first(struct ctx *ctx, struct store *store,
                        const struct mta_backend **ret_backend, struct err *err)
{
	*ret_backend = NULL;
	for (unsigned i = 0; i < registry_count; i++) {
		const struct mta_backend *backend = registry[i];
		struct mta_found found;
		if (!backend->detect || backend->is_only_named)
			continue;
		int r = backend->detect(ctx, store, &found, err);
		if (r < 0)
			return r;
		bool is_there = ctx->is_rooted ? found.is_installed : found.is_running;
		backend_found_done(&found);
		if (is_there) {
			*ret_backend = backend;
			return 0;
		}
	}
	return 0;
}

int backend_choose(struct ctx *ctx, struct store *store,
                   const struct mta_backend **ret_backend, bool *ret_is_adopted,
                   struct err *err)
{
	auto_free char *named = NULL;
	const struct mta_backend *adopted = NULL, *chosen;
	int r = setting_text(store, SET_MTA_BACKEND, 0, &named, err);
	if (r == 0)
		r = read_adopted(ctx, &adopted, err);
	if (r < 0)
		return r;
	chosen = strcmp(named, "auto") == 0 ? adopted : registry_find(named);
	if (!chosen)
		r = detect_first(ctx, store, &chosen, err);
	if (r < 0)
		return r;
	*ret_backend = chosen;
	*ret_is_adopted = chosen && (chosen == adopted || chosen->needs_no_adoption);
	return 0;
}

/* The machine's own name; under a root, that in its /etc/hostname.  NULL: none that others can
 * resolve. */
static int machine_name(struct ctx *ctx, char **ret_name, struct err *err)
{
	char name[256] = "";
	if (ctx->is_rooted) {
		auto_buf text = BUF_INIT;
		int r = file_read(ctx, "/etc/hostname", sizeof(name) - 1, &text, NULL,
		                  err);
		if (r < 0 && r != ERR_MISSING)
			return r;
		err_clear(err);
		size_t len = strcspn(buf_text(&text), " \t\r\n");
		memcpy(name, buf_text(&text), len);
		name[len] = '\0';
	} else if (gethostname(name, sizeof(name) - 1) < 0) {
		name[0] = '\0';
	}
	*ret_name = env_is_public_name(name) ? xstrdup(name) : NULL;
	return 0;
}

int backend_hostname(struct ctx *ctx, struct store *store, char **ret_name,
                     struct err *err)
{
	const struct mta_backend *backend;
	bool is_adopted;
	int r = backend_choose(ctx, store, &backend, &is_adopted, err);
	if (r < 0)
		return r;
	if (backend && backend->detect) {
		struct mta_found found;
		r = backend->detect(ctx, store, &found, err);
		if (r < 0)
			return r;
		char *name = xstrdup(found.hostname);
		backend_found_done(&found);
		if (name) {
			*ret_name = name;
			return 0;
		}
	}
	return machine_name(ctx, ret_name, err);
}

/* ---- what it does not give -------------------------------------------------------------------- */

int backend_shortfalls(struct ctx *ctx, struct store *store,
                       void (*each)(void *arg, enum mta_feature feature,
                                    const char *sentence),
                       void *arg, struct err *err)
{
	const struct mta_backend *backend;
	auto_free char *filter = NULL;
	bool is_adopted;
	int r = backend_choose(ctx, store, &backend, &is_adopted, err);
	if (r == 0)
		r = setting_text(store, SET_MTA_FILTER, 0, &filter, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < FEATURE_COUNT; i++) {
		enum setting_key key;
		bool is_on;
		r = setting_find(feature_table[i].setting, &key, err);
		if (r == 0)
			r = setting_bool(store, key, 0, &is_on, err);
		if (r < 0)
			return r;
		/* without a server, the features of the first one are sufficient */
		struct feature_support support =
			backend_support(ctx, backend ? backend : registry[0], filter, i);
		if (!is_on || support.level >= SUPPORT_BY_HAND)
			continue;
		auto_free char *sentence =
			support.level == SUPPORT_NO
				? xasprintf(_("saved, but not enforced: %s has no %s"),
		                            _(backend->title), _(feature_table[i].name))
			: support.level == SUPPORT_ABSENT
				? xasprintf(_("saved, but not enforced: no %s; %s is "
		                              "not installed"),
		                            _(feature_table[i].service), support.missing)
				: xasprintf(_("saved, but not enforced: no %s"),
		                            _(feature_table[i].service));
		each(arg, (enum mta_feature)i, sentence);
	}
	return 0;
}

/* The server that a setting is checked against: adopted, or named by mta.backend. */
static int read_bound(struct ctx *ctx, struct store *store,
                      const struct mta_backend **ret_backend, struct err *err)
{
	auto_free char *named = NULL;
	int r = setting_text(store, SET_MTA_BACKEND, 0, &named, err);
	if (r < 0)
		return r;
	if (strcmp(named, "auto") == 0)
		return read_adopted(ctx, ret_backend, err);
	*ret_backend = registry_find(named);
	return 0;
}

int backend_key_maker(struct ctx *ctx, struct store *store, enum keyring_maker *ret_maker,
                      struct err *err)
{
	const struct mta_backend *backend = NULL;
	int r = store ? read_bound(ctx, store, &backend, err) : 0;
	if (r == 0)
		*ret_maker = backend && backend->makes_keys ? KEYS_SERVER : KEYS_OURS;
	return r;
}

static int refuse_feature(const struct mta_backend *backend, unsigned feature,
                          const char *setting, const char *value,
                          const struct feature_support *support, struct err *err)
{
	const char *nearest = support->nearest ? _(support->nearest) : _(NO_PUSH);
	if (strcmp(feature_table[feature].setting, setting) == 0)
		return err_set(err, ERR_FAILED,
		               _("%s cannot be enabled: %s has no %s; %s"), setting,
		               _(backend->title), _(feature_table[feature].name),
		               nearest);
	return err_set(err, ERR_FAILED, _("%s cannot be %s: %s has no %s; %s"), setting,
	               value, _(backend->title), _(feature_table[feature].name), nearest);
}

/* Whether the setting asks for the feature: the switch that enables it, or the value of another
 * setting of its group ("spf.mode", "dmarc.reject").  Those of DKIM are about keys and records, which
 * do not depend on the server. */
static bool asks_for(const struct feature_row *feature, const struct setting_row *row,
                     const char *value)
{
	bool is_on;
	size_t group = strcspn(feature->setting, ".") + 1;
	if (strcmp(feature->setting, row->key) == 0)
		return text_to_bool(value, &is_on) && is_on;
	return strncmp(feature->setting, "dkim.", 5) != 0 &&
	       strncmp(feature->setting, row->key, group) == 0 &&
	       strcmp(value, row->default_text) != 0;
}

/* Refuses what requires a feature that the server does not support. */
static int check_feature(struct ctx *ctx, const struct mta_backend *backend,
                         const char *filter, const struct setting_row *row,
                         const char *value, struct err *err)
{
	for (unsigned i = 0; i < FEATURE_COUNT; i++) {
		if (!asks_for(&feature_table[i], row, value))
			continue;
		struct feature_support support = backend_support(ctx, backend, filter, i);
		if (support.level == SUPPORT_NO)
			return refuse_feature(backend, i, row->key, value, &support, err);
	}
	return 0;
}

/* `domain`: the domain that has the value; NULL: the server. */
static int check_value(struct ctx *ctx, const struct mta_backend *backend,
                       const char *filter, const char *domain,
                       const struct setting_row *row, const char *value, struct err *err)
{
	int r = check_feature(ctx, backend, filter, row, value, err);
	const struct value_limit *limit =
		r < 0 || strcmp(value, row->default_text) == 0
			? NULL
			: backend_limit(ctx, backend, row->key, value);
	if (!limit)
		return r;
	auto_free char *remedy =
		xasprintf("mailauthctl %s %s%s%s %s%s%s", domain ? "domain" : "server",
	                  limit->nearest ? "set" : "unset", domain ? " " : "",
	                  domain ? domain : "", row->key, limit->nearest ? " " : "",
	                  limit->nearest ? limit->nearest : "");
	(void)err_set(
		err, ERR_FAILED,
		limit->nearest
			? _("%s cannot be %s with %s%s%s; the nearest supported value: "
	                    "\"%s\"")
			: _("%s cannot be \"%s\" with %s%s%s; the nearest it supports "
	                    "is the default: \"%s\""),
		row->key, value, _(backend->title), limit->why ? ": " : "",
		limit->why ? _(limit->why) : "", remedy);
	return err_set_remedy(err, "%s", remedy);
}

/* Every value that was set, for the server or for a domain, with a server that mta.backend names
 * from now on. */
static int check_all(struct ctx *ctx, struct store *store,
                     const struct mta_backend *backend, const char *filter,
                     struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT key, value, NULL FROM setting"
	                    " UNION ALL SELECT s.key, s.value, d.name FROM domain_setting"
	                    " AS s JOIN domain AS d ON d.id = s.domain_id"
	                    " ORDER BY 3, 1",
	                    "");
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		enum setting_key key;
		r = setting_find(stmt_text(stmt, 0), &key, err);
		if (r < 0)
			return r;
		const char *domain = stmt_text(stmt, 2);
		r = check_value(ctx, backend, filter, domain, &setting_table[key],
		                stmt_text(stmt, 1), err);
		if (r < 0 && !*err->remedy)
			return err_add_remedy(err, "mailauthctl %s unset %s%s%s",
			                      domain ? "domain" : "server",
			                      domain ? domain : "", domain ? " " : "",
			                      setting_table[key].key);
	}
	return r;
}

int backend_check_domain_setting(struct ctx *ctx, struct store *store, const char *domain,
                                 const char *setting, const char *value, struct err *err)
{
	const struct mta_backend *backend = NULL;
	auto_free char *filter = NULL;
	enum setting_key key;
	if (!value)
		return 0;
	int r = setting_find(setting, &key, err);
	if (r == 0)
		r = read_bound(ctx, store, &backend, err);
	if (r == 0)
		r = setting_text(store, SET_MTA_FILTER, 0, &filter, err);
	if (r < 0 || !backend)
		return r;
	return key == SET_MTA_BACKEND ? check_all(ctx, store, backend, filter, err)
	                              : check_value(ctx, backend, filter, domain,
	                                            &setting_table[key], value, err);
}

int backend_check_setting(struct ctx *ctx, struct store *store, const char *setting,
                          const char *value, struct err *err)
{
	return backend_check_domain_setting(ctx, store, NULL, setting, value, err);
}
