/*
 * Effective settings, their changes, and the rules between them.
 *
 * A row in the database is a value that was set; every other setting has the table's default.  A
 * domain's value precedes its main domain's (for an alias) and the server's.
 */
#include "core/model/setting/setting.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/base/words.h"
#include "core/store/change.h"

static int compare_key(const void *key, const void *row)
{
	return strcmp(key, ((const struct setting_row *)row)->key);
}

int setting_find(const char *key, enum setting_key *ret_key, struct err *err)
{
	const struct setting_row *row =
		bsearch(key, setting_table, SETTING_COUNT, sizeof(*row), compare_key);
	if (row) {
		*ret_key = (enum setting_key)(row - setting_table);
		return 0;
	}
	struct suggestion near;
	suggestion_init(&near, key);
	for (size_t i = 0; i < SETTING_COUNT; i++)
		suggestion_offer(&near, setting_table[i].key);
	if (near.best)
		return err_set(err, ERR_USAGE,
		               _("unknown setting \"%s\"; did you mean \"%s\"?"), key,
		               near.best);
	return err_set(
		err, ERR_USAGE,
		_("unknown setting \"%s\"; run \"mailauthctl server describe\" to list "
	          "the settings"),
		key);
}

const char *setting_source_name(enum setting_source source)
{
	static const char *const names[] = {
		[SETTING_FROM_DEFAULT] = "default",
		[SETTING_FROM_SERVER] = "server",
		[SETTING_FROM_MAIN] = "main domain",
		[SETTING_FROM_DOMAIN] = "domain",
	};
	return names[source];
}

void setting_value_done(struct setting_value *value)
{
	free(value->text);
	value->text = NULL;
}

static int stored(struct store *store, const char *key, int64_t domain_id,
                  char **ret_text, struct err *err)
{
	if (!store)
		return 0;
	if (domain_id)
		return store_get_text(
			store, ret_text, err,
			"SELECT value FROM domain_setting WHERE domain_id = ? AND key = ?",
			"it", domain_id, key);
	return store_get_text(store, ret_text, err,
	                      "SELECT value FROM setting WHERE key = ?", "t", key);
}

/* The domain's own value, then its main domain's, then the server's with `has_server`. 1: found. */
static int stored_at_domain(struct store *store, const char *key, int64_t domain_id,
                            bool has_server, struct setting_value *ret_value,
                            struct err *err)
{
	auto_stmt stmt = NULL;
	if (!store)
		return 0;
	int r = store_query(store, &stmt, err,
	                    "SELECT ?4, value FROM domain_setting"
	                    " WHERE domain_id = ?1 AND key = ?2"
	                    " UNION ALL SELECT ?5, m.value FROM domain AS d"
	                    " JOIN domain_setting AS m ON m.domain_id = d.alias_of"
	                    " WHERE d.id = ?1 AND m.key = ?2"
	                    " UNION ALL SELECT ?6, value FROM setting"
	                    " WHERE key = ?2 AND ?3",
	                    "itiiii", domain_id, key, (int64_t)has_server,
	                    (int64_t)SETTING_FROM_DOMAIN, (int64_t)SETTING_FROM_MAIN,
	                    (int64_t)SETTING_FROM_SERVER);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r > 0)
		*ret_value = (struct setting_value){
			xstrdup(stmt_text(stmt, 1)),
			(enum setting_source)stmt_int(stmt, 0),
		};
	return r;
}

int setting_get(struct store *store, enum setting_key key, int64_t domain_id,
                struct setting_value *ret_value, struct err *err)
{
	const struct setting_row *row = &setting_table[key];
	const char *otherwise = row->default_text;
	char *text = NULL;
	int r;
	if (domain_id && row->flags & SETTING_AT_DOMAIN) {
		if (row->domain_default)
			otherwise = row->domain_default;
		r = stored_at_domain(store, row->key, domain_id, !row->domain_default,
		                     ret_value, err);
	} else {
		r = stored(store, row->key, 0, &text, err);
		if (r > 0)
			*ret_value = (struct setting_value){ text, SETTING_FROM_SERVER };
	}
	if (r == 0)
		*ret_value = (struct setting_value){ xstrdup(otherwise),
			                             SETTING_FROM_DEFAULT };
	return r < 0 ? r : 0;
}

int setting_text(struct store *store, enum setting_key key, int64_t domain_id,
                 char **ret_text, struct err *err)
{
	struct setting_value value;
	int r = setting_get(store, key, domain_id, &value, err);
	if (r < 0)
		return r;
	*ret_text = value.text;
	return 0;
}

int setting_bool(struct store *store, enum setting_key key, int64_t domain_id,
                 bool *ret_value, struct err *err)
{
	return setting_is(store, key, domain_id, "on", ret_value, err);
}

int setting_is(struct store *store, enum setting_key key, int64_t domain_id,
               const char *text, bool *ret_is, struct err *err)
{
	auto_free char *value = NULL;
	int r = setting_text(store, key, domain_id, &value, err);
	if (r >= 0)
		*ret_is = strcmp(value, text) == 0;
	return r;
}

int setting_number(struct store *store, enum setting_key key, int64_t domain_id,
                   int64_t *ret_value, struct err *err)
{
	const struct setting_row *row = &setting_table[key];
	auto_free char *text = NULL;
	int r = setting_text(store, key, domain_id, &text, err);
	if (r < 0)
		return r;
	bool ok = false;
	int64_t value = 0;
	if (row->type == SETTING_DURATION)
		ok = text_to_duration(text, &value);
	else if (row->type == SETTING_INT)
		ok = text_to_int(text, INT64_MIN, INT64_MAX, &value);
	for (int64_t i = 0; row->type == SETTING_ENUM && row->words[i] && !ok; i++) {
		ok = strcmp(row->words[i], text) == 0;
		value = i;
	}
	if (!ok)
		return err_set(
			err, ERR_FAILED,
			_("the database contains \"%s\" for %s, which is not a valid "
		          "value"),
			text, row->key);
	*ret_value = value;
	return 0;
}

static int write_row(struct store *store, const char *key, int64_t domain_id,
                     const char *canonical, struct err *err)
{
	if (!canonical && domain_id)
		return store_exec(
			store, err,
			"DELETE FROM domain_setting WHERE domain_id = ? AND key = ?",
			"it", domain_id, key);
	if (!canonical)
		return store_exec(store, err, "DELETE FROM setting WHERE key = ?", "t",
		                  key);
	if (domain_id)
		return store_exec(
			store, err,
			"INSERT INTO domain_setting (domain_id, key, value) VALUES "
			"(?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
			"itt", domain_id, key, canonical);
	return store_exec(store, err,
	                  "INSERT INTO setting (key, value) VALUES (?, ?)"
	                  " ON CONFLICT DO UPDATE SET value = excluded.value",
	                  "tt", key, canonical);
}

static int check_scope(const struct setting_row *row, int64_t domain_id, struct err *err)
{
	if (domain_id && !(row->flags & SETTING_AT_DOMAIN))
		return err_set(err, ERR_USAGE,
		               _("%s is a setting of the server, not of a domain; run "
		                 "\"mailauthctl server set %s ...\""),
		               row->key, row->key);
	if (row->type == SETTING_SECRET)
		return err_set(
			err, ERR_USAGE,
			_("%s is not stored as a setting; run \"mailauthctl server set "
		          "%s generate\""),
			row->key, row->key);
	return 0;
}

int setting_set(struct store *store, enum setting_key key, int64_t domain_id,
                const char *domain, const char *text, struct err *err)
{
	const struct setting_row *row = &setting_table[key];
	auto_free char *canonical = NULL;
	int r = check_scope(row, domain_id, err);
	if (r >= 0 && text)
		r = setting_parse(row, text, &canonical, err);
	return r < 0 ? r : setting_put(store, key, domain_id, domain, canonical, err);
}

int setting_put(struct store *store, enum setting_key key, int64_t domain_id,
                const char *domain, const char *canonical, struct err *err)
{
	const struct setting_row *row = &setting_table[key];
	auto_free char *old = NULL;
	int r = check_scope(row, domain_id, err);
	if (r >= 0)
		r = stored(store, row->key, domain_id, &old, err);
	if (r < 0)
		return r;
	if (text_same(old, canonical))
		return 0;
	/* unset, and set to the value of the default, are distinct: a value that an administrator
	 * set does not change when a later version has another default */
	r = write_row(store, row->key, domain_id, canonical, err);
	if (r < 0)
		return r;
	return change_note(store, "setting", domain, row->key, old, canonical, err);
}

/* The rules: `key` on requires `needs` on. */
static const struct rule {
	enum setting_key key, needs;
} rules[] = {
	{ SET_DMARC_CHECK, SET_DKIM_VERIFY },
	{ SET_DMARC_CHECK, SET_SPF_CHECK },
};

int setting_broken_rule(struct store *store, enum setting_key *ret_key,
                        enum setting_key *ret_needs, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		bool is_on, is_met;
		int r = setting_bool(store, rules[i].key, 0, &is_on, err);
		if (r >= 0)
			r = setting_bool(store, rules[i].needs, 0, &is_met, err);
		if (r < 0)
			return r;
		if (is_on && !is_met) {
			*ret_key = rules[i].key;
			*ret_needs = rules[i].needs;
			return 1;
		}
	}
	return 0;
}

int setting_check_rules(struct store *store, struct err *err)
{
	enum setting_key broken, lacking;
	int r = setting_broken_rule(store, &broken, &lacking, err);
	if (r <= 0)
		return r;
	const char *key = setting_table[broken].key, *needs = setting_table[lacking].key;
	return err_set(err, ERR_FAILED,
	               _("%s on requires %s on, but %s would be off; run \"mailauthctl "
	                 "server set %s on %s on\", or set %s off first"),
	               key, needs, needs, needs, key, key);
}

int setting_each(struct store *store, int64_t domain_id,
                 int (*each)(void *arg, enum setting_key key, const char *text,
                             struct err *err),
                 void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	if (!store)
		return 0;
	int r = domain_id
	                ? store_query(store, &stmt, err,
	                              "SELECT key, value FROM domain_setting"
	                              " WHERE domain_id = ? ORDER BY key",
	                              "i", domain_id)
	                : store_query(store, &stmt, err,
	                              "SELECT key, value FROM setting ORDER BY key", "");
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		enum setting_key key;
		r = setting_find(stmt_text(stmt, 0), &key, err);
		if (r >= 0)
			r = each(arg, key, stmt_text(stmt, 1), err);
		if (r != 0)
			return r;
	}
	return r;
}

/* ---- advice ---------------------------------------------------------------------------------- */

/* The settings that the warnings below check. */
static const enum setting_key advised[] = { SET_DMARC_CHECK,     SET_SPF_CHECK,
	                                    SET_SPF_MODE,        SET_SPF_GUESS_SCOPE,
	                                    SET_SPF_GUESS_RULES, SET_DMARC_REJECT,
	                                    SET_DMARC_EXCEPTIONS };

/* Settings of keys that are made later. */
static const enum setting_key of_new_keys[] = { SET_DKIM_ALGORITHM, SET_DKIM_RSA_BITS,
	                                        SET_DKIM_SELECTOR };

struct touched {
	const char *of_keys; /* the last one of of_new_keys[] that changed; NULL: none */
	char *of_domain;     /* where, if it is one domain */
	bool is_wide;        /* at the server, or at several domains */
	bool is_moved[ARRAY_LEN(advised)]; /* at the server */
	char *before[ARRAY_LEN(advised)];  /* NULL: the default */
};

static void touched_done(struct touched *touched)
{
	for (size_t i = 0; i < ARRAY_LEN(advised); i++)
		free(touched->before[i]);
	free(touched->of_domain);
}

static void note_of_keys(struct touched *touched, enum setting_key key,
                         const char *domain)
{
	for (size_t i = 0; i < ARRAY_LEN(of_new_keys); i++)
		if (of_new_keys[i] == key)
			touched->of_keys = setting_table[key].key;
	if (touched->of_keys != setting_table[key].key)
		return;
	if (!domain || (touched->of_domain && strcmp(touched->of_domain, domain) != 0))
		touched->is_wide = true;
	else if (!touched->of_domain)
		touched->of_domain = xstrdup(domain);
}

static int note_touched(void *arg, const struct change_item *item, struct err *err)
{
	struct touched *touched = arg;
	enum setting_key key;
	if (strcmp(item->object, "setting") != 0)
		return 0;
	int r = setting_find(item->field, &key, err);
	if (r < 0)
		return r;
	note_of_keys(touched, key, item->domain);
	for (size_t i = 0; i < ARRAY_LEN(advised) && !item->domain; i++) {
		if (advised[i] != key || touched->is_moved[i])
			continue;
		touched->is_moved[i] = true;
		touched->before[i] = xstrdup(item->old);
	}
	return 0;
}

/* The value that the present change sets. */
static void touched_read(struct store *store, struct touched *touched)
{
	struct generation now;
	struct err ignored = ERR_INIT;
	if (generation_now(store, &now, &ignored) < 0 ||
	    change_items(store, now.id, note_touched, touched, &ignored) < 0)
		err_clear(&ignored);
}

/* Effects of the server that its administrator may not intend, as bits. */
enum { STRICT_WITH_DMARC = 1, NEUTRAL_GUESS = 2, SOFT_GUESS = 4, REFUSES_BY_DMARC = 8 };

/* `text`: the values of `advised`. */
static unsigned oddities(const char *const *text)
{
	size_t mode = 0;
	if (strcmp(text[1], "on") != 0)
		return 0;
	while (setting_table[SET_SPF_MODE].words[mode] &&
	       strcmp(setting_table[SET_SPF_MODE].words[mode], text[2]) != 0)
		mode++;
	size_t number = mode + 1;
	bool is_permissive = strcmp(text[3], "most-permissive") == 0;
	unsigned found = 0;
	if (strcmp(text[0], "on") == 0 && number >= 3)
		found |= STRICT_WITH_DMARC;
	if (strcmp(text[0], "on") == 0 && strcmp(text[5], "on") == 0 && !*text[6])
		found |= REFUSES_BY_DMARC;
	if (is_permissive && text_ends(text[4], "?all") && (number == 3 || number == 4))
		found |= NEUTRAL_GUESS;
	if (is_permissive && text_ends(text[4], "~all") && number == 3)
		found |= SOFT_GUESS;
	return found;
}

static const struct {
	unsigned oddity;
	enum report_level level;
	const char *text; /* of spf.mode */
} advice[] = {
	{ STRICT_WITH_DMARC, REPORT_WARNING,
	  N_("spf.mode %s rejects mail before an aligned DKIM signature of forwarded "
	     "and list mail is verified; with dmarc.check, headers-only is the usual "
	     "value") },
	{ NEUTRAL_GUESS, REPORT_WARNING,
	  N_("spf.guess-rules ends in ?all and spf.guess-scope is most-permissive: every "
	     "fail becomes neutral, so spf.mode %s rejects nothing") },
	{ SOFT_GUESS, REPORT_WARNING,
	  N_("spf.guess-rules ends in ~all and spf.guess-scope is most-permissive: every "
	     "fail becomes softfail, so spf.mode %s rejects nothing") },
	{ REFUSES_BY_DMARC, REPORT_NOTE,
	  N_("mail that fails DMARC under p=reject is refused, also from mailing lists "
	     "and forwarders that break its signature: dmarc.exceptions lists the "
	     "domains and networks whose mail is never refused") },
};

/* Once, by the change that causes it. */
static void advise_of_spf(struct store *store, struct ctx *ctx,
                          const struct touched *touched)
{
	char *now[ARRAY_LEN(advised)] = { 0 };
	const char *was[ARRAY_LEN(advised)];
	struct err ignored = ERR_INIT;
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(advised) && r >= 0; i++) {
		const char *old = touched->before[i];
		r = setting_text(store, advised[i], 0, &now[i], &ignored);
		was[i] = !touched->is_moved[i] ? now[i]
		         : old                 ? old
		                               : setting_table[advised[i]].default_text;
	}
	unsigned is_new = r < 0 ? 0 : oddities((const char *const *)now) & ~oddities(was);
	for (size_t i = 0; i < ARRAY_LEN(advice); i++)
		if (is_new & advice[i].oddity)
			ctx_report(ctx, advice[i].level, _(advice[i].text), now[2]);
	for (size_t i = 0; i < ARRAY_LEN(advised); i++)
		free(now[i]);
}

/* If there are keys to which the new value does not apply. */
static void advise_of_keys(struct store *store, struct ctx *ctx,
                           const struct touched *touched)
{
	struct err ignored = ERR_INIT;
	int64_t one;
	const char *domain = touched->is_wide ? NULL : touched->of_domain;
	if (!touched->of_keys)
		return;
	int r = store_get_int(store, &one, &ignored,
	                      "SELECT 1 FROM dkim_key k JOIN domain d"
	                      " ON d.id = k.domain_id WHERE k.state = 'active'"
	                      " AND (?1 IS NULL OR d.name = ?1) LIMIT 1",
	                      "t", domain);
	if (r > 0)
		ctx_report(ctx, REPORT_NOTE,
		           _("%s applies to new keys; to replace the present ones, run "
		             "\"mailauthctl key rotate %s\""),
		           touched->of_keys, domain ? domain : "--all");
}

void setting_advise(struct store *store, struct ctx *ctx)
{
	cleanup(touched_done) struct touched touched = { 0 };
	touched_read(store, &touched);
	advise_of_keys(store, ctx, &touched);
	advise_of_spf(store, ctx, &touched);
}

int setting_digest(struct store *store, const char *prefix, struct digest_state *state,
                   struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT key, value FROM setting WHERE key GLOB ? || '*' "
	                    "ORDER BY key",
	                    "t", prefix);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		digest_text(state, stmt_text(stmt, 0));
		digest_text(state, stmt_text(stmt, 1));
	}
	return r;
}
