/*
 * Applies a document to the store, inside one change.
 *
 * Each step calls what the single commands call.  Their rules check the state at that moment, so
 * the order is one that always reaches a legal end state: settings that permit something come
 * first, those that forbid it (dkim.sign, mail or dns.service off at the server) last; DKIM is
 * disabled before and enabled after everything else of a domain; aliases are removed before and
 * added after main domains.  Templates and a domain's records are replaced as a whole, and checked
 * at the end.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/config/config_inner.h"
#include "core/model/export/export.h"
#include "core/model/key/keyring.h"
#include "core/model/life/domain_life.h"
#include "core/model/record/record_text.h"
#include "core/model/record/records.h"
#include "core/model/setting/srs_secret.h"
#include "dnszone/name/name.h"

/* ---- the server ------------------------------------------------------------------------------ */

/* Whether it forbids something that domains of the same document may require. */
static bool is_forbidding(const struct config_setting *setting)
{
	return (setting->key == SET_DKIM_SIGN || setting->key == SET_MAIL ||
	        setting->key == SET_DNS_SERVICE) &&
	       strcmp(setting->text, "off") == 0;
}

static int set_server(struct config_apply *apply, bool is_forbidding_ones,
                      struct err *err)
{
	const struct config_settings *settings = &apply->config->settings;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < settings->count; i++) {
		const struct config_setting *setting = &settings->row[i];
		if (is_forbidding(setting) != is_forbidding_ones)
			continue;
		r = domain_life_set_inherited(apply->store, apply->ctx, setting->key,
		                              setting->text, err);
		if (r < 0)
			return config_blame(apply->config, setting->node, err);
	}
	return r;
}

static int unset_server(struct config_apply *apply, struct err *err)
{
	int r = 0;
	for (enum setting_key key = 0; r >= 0 && key < SETTING_COUNT; key++) {
		struct setting_value value = { 0 };
		if (config_find_setting(&apply->config->settings, key) ||
		    setting_table[key].type == SETTING_SECRET)
			continue;
		r = setting_get(apply->store, key, 0, &value, err);
		if (r >= 0 && value.source == SETTING_FROM_SERVER)
			r = domain_life_set_inherited(apply->store, apply->ctx, key, NULL,
			                              err);
		setting_value_done(&value);
	}
	return r < 0 ? config_blame_key(apply->config, apply->config->server, err) : 0;
}

/* Oldest first, so that the first of the list is the newest, unless that one already signs. */
static int put_secrets(struct config_apply *apply, struct err *err)
{
	const struct yaml_node *node = apply->config->secrets;
	const struct yaml_node *first =
		node && node->kind == YAML_LIST ? node->first : node;
	auto_secret lines = SECRET_INIT;
	int r = node ? srs_secret_lines(apply->store, &lines, err) : 0;
	if (r < 0 || !node)
		return r;
	if (lines.len > first->len && lines.at[first->len] == '\n' &&
	    memcmp(lines.at, first->text, first->len) == 0)
		return 0;
	size_t count = node->kind == YAML_LIST ? node->count : 1;
	for (size_t back = count; r >= 0 && back > 0; back--) {
		const struct yaml_node *one = first;
		for (size_t i = 1; i < back; i++)
			one = one->next;
		struct secret secret = { (unsigned char *)(uintptr_t)one->text,
			                 one->len };
		r = srs_secret_put(apply->store, apply->ctx, &secret, err);
		if (r < 0)
			return config_blame(apply->config, one, err);
	}
	return r;
}

/* The position of the setting in the document. */
static int check_rules(struct config_apply *apply, struct err *err)
{
	const struct config *config = apply->config;
	enum setting_key key = 0, needs = 0;
	int r = setting_broken_rule(apply->store, &key, &needs, err);
	if (r <= 0)
		return r;
	r = setting_check_rules(apply->store, err);
	const struct config_setting *setting =
		config_find_setting(&config->settings, needs);
	if (!setting)
		setting = config_find_setting(&config->settings, key);
	if (setting)
		return config_blame(config, setting->node, err);
	return config->server ? config_blame_key(config, config->server, err) : r;
}

/* ---- which domains there are ----------------------------------------------------------------- */

static int remove_names(struct config_apply *apply, const struct buf *names,
                        struct err *err)
{
	int r = 0;
	for (size_t at = 0; r >= 0 && at < names->len; at += strlen(names->at + at) + 1) {
		auto_domain domain = DOMAIN_INIT;
		r = domain_look(apply->store, names->at + at, &domain, err);
		if (r > 0)
			r = domain_life_remove(apply->store, apply->ctx, &domain, false,
			                       err);
	}
	return r < 0 ? config_blame_key(apply->config, apply->config->domains, err) : 0;
}

/* Removed, or to be added again: an alias whose main domain differs, or that is not an alias any
 * more. */
static int prune_domains(struct config_apply *apply, struct err *err)
{
	auto_buf aliases = BUF_INIT, mains = BUF_INIT; /* names, each with its NUL */
	auto_stmt domains = NULL;
	struct domain domain;
	int r = domain_query(apply->store, 0, NULL, &domains, err);
	while (r >= 0 && (r = domain_next(domains, &domain, err)) > 0) {
		const struct config_domain *wanted =
			config_find_domain(apply->config, domain.name);
		if (!wanted || !text_same(wanted->main, domain.main_name))
			buf_add(domain.main_id ? &aliases : &mains, domain.name,
			        strlen(domain.name) + 1);
	}
	if (r >= 0)
		r = remove_names(apply, &aliases, err);
	if (r >= 0)
		r = remove_names(apply, &mains, err);
	return r;
}

static int add_one(struct config_apply *apply, size_t at, struct err *err)
{
	const struct config *config = apply->config;
	const struct config_domain *wanted = &config->domain[at];
	auto_domain there = DOMAIN_INIT;
	auto_domain main = DOMAIN_INIT;
	auto_domain added = DOMAIN_INIT;
	int r = domain_look(apply->store, wanted->name, &there, err);
	if (r < 0)
		return r;
	if (r > 0) {
		if (!wanted->main || text_same(wanted->main, there.main_name))
			return 0;
		err_set(err, ERR_FAILED,
		        there.main_name
		                ? _("%s is an alias of %s; changing that requires "
		                    "--prune")
		                : _("%s is not an alias; making it one requires "
		                    "--prune"),
		        wanted->name, there.main_name);
		return config_blame(config, wanted->main_node, err);
	}
	if (wanted->main) {
		r = domain_find(apply->store, wanted->main, &main, err);
		if (r < 0)
			return config_blame(config, wanted->main_node, err);
	}
	r = domain_insert(apply->store, apply->ctx, wanted->name,
	                  wanted->main ? &main : NULL, &added, err);
	if (r < 0)
		return main.main_id ? config_blame(config, wanted->main_node, err)
		                    : config_blame_key(config, wanted->node, err);
	apply->due[at].is_new = true;
	apply->due[at].is_checked = wanted->main != NULL;
	apply->due[at].is_published = true;
	return r;
}

static int add_domains(struct config_apply *apply, struct err *err)
{
	const struct config *config = apply->config;
	int r = 0;
	for (int is_alias = 0; is_alias < 2; is_alias++)
		for (size_t i = 0; r >= 0 && i < config->domain_count; i++)
			if ((config->domain[i].main != NULL) == is_alias)
				r = add_one(apply, i, err);
	return r;
}

/* ---- the end --------------------------------------------------------------------------------- */

static int is_off_itself(struct store *store, enum setting_key key,
                         const struct domain *domain, struct err *err)
{
	struct setting_value value = { 0 };
	int r = setting_get(store, key, domain->id, &value, err);
	if (r >= 0)
		r = value.source == SETTING_FROM_DOMAIN && strcmp(value.text, "off") == 0;
	setting_value_done(&value);
	return r;
}

/* Settings of the domain that forbid it; a setting of the server only makes it ineffective. */
static int check_itself(struct config_apply *apply, const struct domain *domain,
                        struct err *err)
{
	struct err why = ERR_INIT;
	int refused = keyring_check_enable(apply->store, domain, &why);
	int r = refused < 0 ? is_off_itself(apply->store, SET_MAIL, domain, err) : 0;
	if (refused < 0 && r == 0)
		r = is_off_itself(apply->store, SET_DNS_SERVICE, domain, err);
	if (r <= 0)
		return r;
	*err = why;
	return refused;
}

static int switch_on(struct config_apply *apply, size_t at, struct err *err)
{
	const struct config *config = apply->config;
	const struct config_domain *wanted = &config->domain[at];
	auto_domain domain = DOMAIN_INIT;
	int r = domain_look(apply->store, wanted->name, &domain, err);
	bool is_suspended = domain.is_suspended;
	domain.is_suspended = false;
	if (r >= 0)
		r = check_itself(apply, &domain, err);
	if (r >= 0)
		r = apply->hooks->enable(apply->hooks->arg, &domain, err);
	if (r >= 0 && is_suspended)
		r = keyring_rest(apply->store, apply->ctx, &domain, false, err);
	if (r >= 0)
		return 0;
	const struct config_setting *sign =
		config_find_setting(&wanted->settings, SET_DKIM_SIGN);
	return config_blame(config, sign->node, err);
}

static int suspend(struct config_apply *apply, size_t at, struct err *err)
{
	const struct config_domain *wanted = &apply->config->domain[at];
	auto_domain domain = DOMAIN_INIT;
	int r = domain_look(apply->store, wanted->name, &domain, err);
	if (r >= 0)
		r = domain_life_set_suspended(apply->store, apply->ctx, &domain, true,
		                              false, err);
	return r < 0 ? config_blame(apply->config, wanted->suspended, err) : 0;
}

static int finish_domains(struct config_apply *apply, struct err *err)
{
	const struct config *config = apply->config;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < config->domain_count; i++)
		if (apply->due[i].is_enabled)
			r = switch_on(apply, i, err);
	for (size_t i = 0; r >= 0 && i < config->domain_count; i++)
		if (config->domain[i].suspended && config->domain[i].is_suspended)
			r = suspend(apply, i, err);
	return r;
}

static int publish(struct config_apply *apply, const struct domain *domain,
                   struct err *err)
{
	bool signs = false, is_included = false;
	int r = setting_bool(apply->store, SET_DKIM_SIGN, domain->id, &signs, err);
	if (r >= 0)
		r = export_is_included(apply->store, domain, &is_included, err);
	return r >= 0 && (signs || is_included)
	               ? apply->hooks->publish(apply->hooks->arg, domain, err)
	               : r;
}

/* Everything was applied: checks that the records are consistent. */
static int check_domains(struct config_apply *apply, struct err *err)
{
	const struct config *config = apply->config;
	auto_records records = NULL;
	int r = records_new(apply->store, &records_sample_env, &records, err);
	for (size_t i = 0; r >= 0 && i < config->domain_count; i++) {
		const struct config_domain *wanted = &config->domain[i];
		const struct config_due *due = &apply->due[i];
		auto_domain domain = DOMAIN_INIT;
		if (!due->is_checked && !due->is_published)
			continue;
		r = domain_look(apply->store, wanted->name, &domain, err);
		if (r >= 0 && due->is_checked)
			r = config_check_records(apply, records, &domain, wanted, err);
		/* one that was enabled is published with its keys */
		if (r >= 0 && due->is_published && !(due->is_new && due->is_enabled))
			r = publish(apply, &domain, err);
	}
	return r;
}

/* Every domain follows the newest template: one step instead of one for each. */
static int follow_newest(struct config_apply *apply, struct err *err)
{
	const struct config *config = apply->config;
	int64_t count = 0;
	int r = domain_count(apply->store, &count, err);
	if (r < 0 || !config->newest.records.node || config->older_count ||
	    (size_t)count != config->domain_count)
		return r;
	r = template_give(apply->store, 0, 0, err);
	apply->has_all_moved = r > 0;
	return r;
}

static int apply_domains(struct config_apply *apply, struct err *err)
{
	const struct config *config = apply->config;
	int r = 0;
	if (apply->hooks->is_pruning && config->domains)
		r = prune_domains(apply, err);
	if (r >= 0)
		r = add_domains(apply, err);
	if (r >= 0)
		r = follow_newest(apply, err);
	for (size_t i = 0; r >= 0 && i < config->domain_count; i++)
		r = config_apply_domain(apply, i, err);
	return r < 0 ? r : finish_domains(apply, err);
}

int config_apply(struct store *store, struct ctx *ctx, const struct config *config,
                 const struct config_hooks *hooks, struct err *err)
{
	auto_free struct config_due *due =
		xcalloc(config->domain_count + 1, sizeof(*due));
	auto_free int64_t *older_rev =
		xcalloc(config->older_count + 1, sizeof(*older_rev));
	struct config_apply apply = {
		.store = store,
		.ctx = ctx,
		.config = config,
		.hooks = hooks,
		.due = due,
		.older_rev = older_rev,
	};
	int r = 0;
	if (hooks->is_pruning && config->server)
		r = unset_server(&apply, err);
	if (r >= 0)
		r = set_server(&apply, false, err);
	if (r >= 0)
		r = put_secrets(&apply, err);
	if (r >= 0)
		r = config_apply_template(&apply, err);
	if (r >= 0)
		r = apply_domains(&apply, err);
	if (r >= 0)
		r = set_server(&apply, true, err);
	if (r >= 0)
		r = srs_secret_ensure(store, ctx, err);
	if (r >= 0)
		r = check_rules(&apply, err);
	if (r >= 0)
		r = template_drop_unused(store, err);
	if (r >= 0)
		r = config_check_uids_of_store(&apply, err);
	return r < 0 ? r : check_domains(&apply, err);
}

int config_enables(struct store *store, const struct config *config, bool *ret_enables,
                   struct err *err)
{
	*ret_enables = false;
	for (size_t i = 0; i < config->domain_count && !*ret_enables; i++) {
		const struct config_domain *wanted = &config->domain[i];
		const struct config_setting *sign =
			config_find_setting(&wanted->settings, SET_DKIM_SIGN);
		auto_domain domain = DOMAIN_INIT;
		bool signs = false;
		if (!sign || strcmp(sign->text, "on") != 0)
			continue;
		int r = domain_look(store, wanted->name, &domain, err);
		if (r > 0)
			r = setting_bool(store, SET_DKIM_SIGN, domain.id, &signs, err);
		if (r < 0)
			return r;
		*ret_enables = !signs;
	}
	return 0;
}

/* ---- doubts ---------------------------------------------------------------------------------- */

void config_tell_doubts(struct config_apply *apply, const struct config_record *record,
                        const char *owner, const char *type, const char *domain)
{
	auto_lint_list list = LINT_LIST_INIT;
	char name[NAME_SIZE];
	const struct yaml_node *node = record->data;
	enum rr_doubt doubt =
		record_text_doubt(type, node->text, domain, name, sizeof(name));
	record_text_lint(owner, type, node->text, domain, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct lint_finding *finding = &list.finding[i];
		if (finding->code->severity == LINT_NOTE)
			continue;
		ctx_report(apply->ctx, REPORT_WARNING, "%s:%u:%u: %s%s%s (%s)",
		           apply->config->what, node->line, node->column,
		           finding->detail ? finding->detail : "",
		           finding->detail ? ": " : "", _(finding->code->message),
		           finding->code->code);
	}
	if (doubt == RR_CLEAR)
		return;
	auto_free char *why = record_text_say_doubt(doubt, type, name, domain);
	ctx_report(apply->ctx, REPORT_WARNING, "%s:%u:%u: %s", apply->config->what,
	           node->line, node->column, why);
}
