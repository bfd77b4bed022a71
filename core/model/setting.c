/*
 * Settings in force, their changes, and the rules between them.
 *
 * A row in the database is what somebody set; everything else is the table's default.  A domain's
 * value wins over its main domain's (for an alias) and over the server's.
 */
#include "core/model/setting.h"

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
		               _("there is no setting \"%s\"; did you mean \"%s\"?"), key,
		               near.best);
	return err_set(
		err, ERR_USAGE,
		_("there is no setting \"%s\"; see \"mailauthctl server describe\""),
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

/* The domain's own value, then its main domain's, then the server's where `has_server`.  1: found. */
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
	auto_free char *text = NULL;
	int r = setting_text(store, key, domain_id, &text, err);
	if (r < 0)
		return r;
	*ret_value = strcmp(text, "on") == 0;
	return 0;
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
			_("the database holds \"%s\" for %s, which is no value of it"),
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

int setting_set(struct store *store, enum setting_key key, int64_t domain_id,
                const char *domain, const char *text, struct err *err)
{
	const struct setting_row *row = &setting_table[key];
	auto_free char *canonical = NULL;
	auto_free char *old = NULL;
	if (domain_id && !(row->flags & SETTING_AT_DOMAIN))
		return err_set(err, ERR_USAGE,
		               _("%s is a setting of the server, not of a domain; "
		                 "\"mailauthctl server set %s ...\""),
		               row->key, row->key);
	if (row->type == SETTING_SECRET)
		return err_set(
			err, ERR_USAGE,
			_("%s is not kept among the settings; \"mailauthctl server "
		          "set %s generate\""),
			row->key, row->key);
	int r = text ? setting_parse(row, text, &canonical, err) : 0;
	if (r >= 0)
		r = stored(store, row->key, domain_id, &old, err);
	if (r < 0)
		return r;
	if (text_same(old, canonical))
		return 0;
	/* unset at the server and set to what is the default are the same value, kept apart:
	 * what an administrator set on purpose stays when a later version's default moves */
	r = write_row(store, row->key, domain_id, canonical, err);
	if (r < 0)
		return r;
	return change_note(store, "setting", domain, row->key, old, canonical, err);
}

/* The rules: `key` on needs `needs` on.  (Semantics 5.) */
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
	               _("%s on needs %s on, and %s would be off; \"mailauthctl "
	                 "server set %s on %s on\", or %s off first"),
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

struct touched {
	bool is_at[SETTING_COUNT]; /* set, at the server or a domain */
	bool is_spf, is_guess;     /* what the warnings below are about */
};

static int note_touched(void *arg, const struct change_item *item, struct err *err)
{
	struct touched *touched = arg;
	enum setting_key key;
	if (strcmp(item->object, "setting") != 0)
		return 0;
	int r = setting_find(item->field, &key, err);
	if (r < 0)
		return r;
	touched->is_at[key] |= item->new_value != NULL;
	touched->is_spf |=
		key == SET_DMARC_CHECK || key == SET_SPF_CHECK || key == SET_SPF_MODE;
	touched->is_guess |= key == SET_SPF_GUESS_RULES || key == SET_SPF_GUESS_SCOPE;
	return 0;
}

/* What the change at hand sets. */
static struct touched touched_now(struct store *store)
{
	struct touched touched = { 0 };
	struct generation now;
	struct err ignored = ERR_INIT;
	if (generation_now(store, &now, &ignored) < 0 ||
	    change_items(store, now.id, note_touched, &touched, &ignored) < 0)
		err_clear(&ignored);
	return touched;
}

void setting_advise(struct store *store, struct ctx *ctx)
{
	struct err ignored = ERR_INIT;
	struct touched touched = touched_now(store);
	for (int key = 0; key < SETTING_COUNT; key++)
		if (touched.is_at[key] && setting_table[key].flags & SETTING_INERT)
			ctx_report(ctx, REPORT_WARNING,
			           _("saved, but nothing acts on %s in this version"),
			           setting_table[key].key);
	if (!touched.is_spf && !touched.is_guess)
		return;
	bool checks_dmarc = false, checks_spf = false;
	int64_t mode = 0, scope = 0;
	auto_free char *guess = NULL;
	if (setting_bool(store, SET_DMARC_CHECK, 0, &checks_dmarc, &ignored) < 0 ||
	    setting_bool(store, SET_SPF_CHECK, 0, &checks_spf, &ignored) < 0 ||
	    setting_number(store, SET_SPF_MODE, 0, &mode, &ignored) < 0 ||
	    setting_number(store, SET_SPF_GUESS_SCOPE, 0, &scope, &ignored) < 0 ||
	    setting_text(store, SET_SPF_GUESS_RULES, 0, &guess, &ignored) < 0 ||
	    !checks_spf)
		return;
	int number = (int)mode + 1;
	if (touched.is_spf && checks_dmarc && number >= 3)
		ctx_report(
			ctx, REPORT_WARNING,
			_("spf.mode %s rejects before an aligned DKIM signature could save "
		          "forwarded and list mail; with dmarc.check, headers-only is the usual "
		          "choice"),
			setting_table[SET_SPF_MODE].words[mode]);
	bool is_permissive = scope == 1;
	if (is_permissive && text_ends(guess, "?all") && (number == 3 || number == 4))
		ctx_report(
			ctx, REPORT_WARNING,
			_("spf.guess-rules ends in ?all and spf.guess-scope is most-permissive: "
		          "every fail becomes neutral, so spf.mode %s rejects nothing"),
			setting_table[SET_SPF_MODE].words[mode]);
	if (is_permissive && text_ends(guess, "~all") && number == 3)
		ctx_report(
			ctx, REPORT_WARNING,
			_("spf.guess-rules ends in ~all and spf.guess-scope is most-permissive: "
		          "every fail becomes softfail, so spf.mode %s rejects nothing"),
			setting_table[SET_SPF_MODE].words[mode]);
}
