/*
 * One domain of a document: settings, template, records, keys.
 *
 * Parts that are equal are detected before a function is called that would check them again: in
 * most documents, most domains are equal.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/config/config_inner.h"
#include "core/model/key/keyring.h"
#include "core/model/key/publish.h"
#include "core/model/life/domain_life.h"
#include "core/model/record/record.h"
#include "core/model/record/record_text.h"
#include "core/model/record/records.h"
#include "core/model/record/stored.h"

/* ---- settings -------------------------------------------------------------------------------- */

struct own_settings {
	struct {
		enum setting_key key;
		char *text;
	} row[SETTING_COUNT];
	size_t count;
};

static int keep_setting(void *arg, enum setting_key key, const char *text,
                        struct err *err)
{
	struct own_settings *own = arg;
	(void)err;
	own->row[own->count].key = key;
	own->row[own->count++].text = xstrdup(text);
	return 0;
}

static void own_settings_done(struct own_settings *own)
{
	for (size_t i = 0; i < own->count; i++)
		free(own->row[i].text);
}

static const char *own_text(const struct own_settings *own, enum setting_key key)
{
	for (size_t i = 0; i < own->count; i++)
		if (own->row[i].key == key)
			return own->row[i].text;
	return NULL;
}

/* DKIM is disabled first, because mail and DNS may be disabled afterwards; it is enabled last. */
static int apply_sign(struct config_apply *apply, const struct domain *domain,
                      const struct config_domain *wanted, const struct own_settings *own,
                      struct config_due *due, struct err *err)
{
	const struct config_setting *sign =
		config_find_setting(&wanted->settings, SET_DKIM_SIGN);
	bool is_on = text_same(own_text(own, SET_DKIM_SIGN), "on");
	bool is_wanted =
		sign ? strcmp(sign->text, "on") == 0 : is_on && !apply->hooks->is_pruning;
	int r = 0;
	if (sign && domain->main_id && strcmp(sign->text, "on") == 0) {
		r = keyring_check_enable(apply->store, domain, err);
		return r < 0 ? config_blame(apply->config, sign->node, err) : r;
	}
	due->is_enabled = is_wanted && !is_on;
	if (is_on && !is_wanted)
		r = keyring_disable(apply->store, apply->ctx, domain, false, err);
	return r < 0 ? config_blame_key(apply->config, wanted->node, err) : 0;
}

static int apply_settings(struct config_apply *apply, const struct domain *domain,
                          const struct config_domain *wanted,
                          const struct own_settings *own, struct err *err)
{
	const struct config_settings *settings = &wanted->settings;
	int r = 0;
	for (size_t i = 0; apply->hooks->is_pruning && r >= 0 && i < own->count; i++)
		if (own->row[i].key != SET_DKIM_SIGN &&
		    !config_find_setting(settings, own->row[i].key))
			r = domain_life_set(apply->store, apply->ctx, domain,
			                    own->row[i].key, NULL, err);
	if (r < 0)
		return config_blame_key(apply->config, wanted->node, err);
	for (size_t i = 0; r >= 0 && i < settings->count; i++) {
		const struct config_setting *setting = &settings->row[i];
		if (setting->key == SET_DKIM_SIGN ||
		    text_same(own_text(own, setting->key), setting->text))
			continue;
		r = domain_life_set(apply->store, apply->ctx, domain, setting->key,
		                    setting->text, err);
		if (r < 0)
			return config_blame(apply->config, setting->node, err);
	}
	return r;
}

/* ---- records --------------------------------------------------------------------------------- */

/* The domain's present state, the template that it follows, and the differences. */
struct exchange {
	struct stored_records own, of_template;
	bool *is_met; /* of each own row: whether the document has it */
	struct record_exchange *pair;
	size_t count;
	struct stored_record
		*row; /* of each record of the document; texts are borrowed */
};

static bool is_same_content(const struct stored_record *a, const struct stored_record *b)
{
	return stored_is_same_place(a, b) && text_same(a->rdata, b->rdata);
}

/* NULL: none. */
static struct stored_record *find_own(const struct exchange *work,
                                      const struct stored_record *row)
{
	if (row->template_uid)
		return stored_records_find(&work->own, row->template_uid);
	for (size_t i = 0; i < work->own.count; i++) {
		struct stored_record *there = &work->own.row[i];
		if (!there->template_uid && is_same_content(there, row))
			return there;
	}
	return NULL;
}

/* A policy, CNAME or SOA record of the same owner, which can exist only once. */
static struct stored_record *find_lone(const struct exchange *work,
                                       const struct stored_record *row)
{
	bool is_lone = row->kind != POLICY_OTHER || strcmp(row->type, "CNAME") == 0 ||
	               strcmp(row->type, "SOA") == 0;
	for (size_t i = 0; is_lone && !row->template_uid && i < work->own.count; i++) {
		struct stored_record *there = &work->own.row[i];
		if (!there->template_uid && !work->is_met[i] &&
		    there->kind == row->kind && stored_is_same_place(there, row))
			return there;
	}
	return NULL;
}

static void meet(struct exchange *work, const struct stored_record *own)
{
	work->is_met[own - work->own.row] = true;
}

/* The document may omit owner and type of an edit, which are then those of the template or of the
 * present edit. */
static int complete_edit(const struct domain *domain, const struct exchange *work,
                         struct stored_record *row, struct err *err)
{
	const struct stored_record *source =
		stored_records_find(&work->of_template, row->template_uid);
	auto_free char *id = stored_id(row);
	if (row->owner && source && !stored_is_same_place(row, source))
		return err_set(err, ERR_FAILED, _("%s is %s %s in the template of %s"),
		               id, source->owner, source->type, domain->name);
	if (row->owner)
		return 0;
	if (!source)
		source = stored_records_find(&work->own, row->template_uid);
	if (!source)
		return err_set(
			err, ERR_FAILED,
			_("the template of %s has no record %s, so owner and type are "
		          "required"),
			domain->name, id);
	row->owner = source->owner;
	row->type = source->type;
	return row->rdata ? record_text_check(row->owner, row->type, row->rdata,
	                                      domain->name, &row->kind, err)
	                  : 0;
}

static int plan_record(struct config_apply *apply, const struct domain *domain,
                       const struct config_record *record, struct stored_record *row,
                       struct exchange *work, struct err *err)
{
	*row = (struct stored_record){
		.template_uid = record->uid,
		.owner = record->owner,
		.type = record->type,
		.rdata = record->data ? record->data->text : NULL,
		.ttl = record->ttl,
		.kind = record->kind,
	};
	int r = record->uid ? complete_edit(domain, work, row, err) : 0;
	if (r < 0)
		return config_blame(apply->config, record->node, err);
	struct stored_record *there = find_own(work, row);
	if (there)
		meet(work, there);
	if (there && stored_is_same(there, row))
		return 0;
	if (!row->rdata && there)
		row->kind = there->kind;
	if (row->rdata)
		config_tell_doubts(apply, record, row->owner, row->type, domain->name);
	const struct stored_record *source =
		record->uid ? stored_records_find(&work->of_template, record->uid) : NULL;
	if (row->rdata && source && source->kind != POLICY_OTHER &&
	    source->kind != row->kind) {
		auto_free char *id = stored_id(row);
		ctx_report(apply->ctx, REPORT_WARNING,
		           _("%s:%u:%u: %s is the %s record of %s, and the text is not "
		             "such a record"),
		           apply->config->what, record->data->line, record->data->column,
		           id, record_text_policy(source->kind), domain->name);
	}
	work->pair[work->count++] = (struct record_exchange){ there, row };
	return 0;
}

static int plan_all(struct config_apply *apply, const struct domain *domain,
                    const struct config_domain *wanted, struct exchange *work,
                    struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < wanted->records.count; i++)
		r = plan_record(apply, domain, &wanted->records.row[i], &work->row[i],
		                work, err);
	/* matches by content come before matches by owner and type */
	for (size_t i = 0; r >= 0 && i < work->count; i++) {
		struct stored_record *lone =
			work->pair[i].old ? NULL : find_lone(work, work->pair[i].row);
		if (!lone)
			continue;
		meet(work, lone);
		work->pair[i].old = lone;
	}
	for (size_t i = 0; apply->hooks->is_pruning && r >= 0 && i < work->own.count; i++)
		if (!work->is_met[i])
			work->pair[work->count++] =
				(struct record_exchange){ &work->own.row[i], NULL };
	return r;
}

static void exchange_done(struct exchange *work)
{
	stored_records_done(&work->own);
	stored_records_done(&work->of_template);
	free(work->is_met);
	free(work->pair);
	free(work->row);
}

int config_apply_records(struct config_apply *apply, const struct domain *domain,
                         const struct config_domain *wanted, bool *ret_changed,
                         struct err *err)
{
	cleanup(exchange_done) struct exchange work = { 0 };
	bool has_edits = false;
	int r = stored_records_load(apply->store, domain->id, &work.own, err);
	size_t most = work.own.count + wanted->records.count;
	if (r < 0 || !most)
		return r;
	for (size_t i = 0; i < wanted->records.count; i++)
		has_edits |= wanted->records.row[i].uid != 0;
	if (has_edits)
		r = template_load(apply->store, domain->template_rev, &work.of_template,
		                  err);
	work.is_met = xcalloc(work.own.count + 1, sizeof(*work.is_met));
	work.pair = xcalloc(most, sizeof(*work.pair));
	work.row = xcalloc(wanted->records.count + 1, sizeof(*work.row));
	if (r >= 0)
		r = plan_all(apply, domain, wanted, &work, err);
	if (r < 0)
		return r;
	*ret_changed = work.count || apply->has_all_moved;
	r = record_exchange(apply->store, domain, work.pair, work.count, err);
	if (r >= 0)
		return 0;
	return config_blame_key(
		apply->config, wanted->records.node ? wanted->records.node : wanted->node,
		err);
}

/* ---- the records together -------------------------------------------------------------------- */

/* The record of the document that has an id of the list; NULL: none. */
static const struct config_record *find_record(const struct config_domain *wanted,
                                               const struct stored_records *own,
                                               const char *id)
{
	for (size_t i = 0; i < own->count; i++) {
		const struct stored_record *row = &own->row[i];
		auto_free char *own_id = stored_id(row);
		if (strcmp(own_id, id) != 0)
			continue;
		for (size_t k = 0; k < wanted->records.count; k++) {
			const struct config_record *record = &wanted->records.row[k];
			if (record->uid != row->template_uid)
				continue;
			if (record->uid ||
			    (record->data && strcmp(record->owner, row->owner) == 0 &&
			     strcmp(record->type, row->type) == 0 &&
			     strcmp(record->data->text, row->rdata) == 0))
				return record;
		}
	}
	return NULL;
}

int config_check_records(struct config_apply *apply, struct records *records,
                         const struct domain *domain, const struct config_domain *wanted,
                         struct err *err)
{
	auto_record_list list = RECORD_LIST_INIT;
	auto_stored_records own = { 0 };
	const struct record_row *one = NULL, *other = NULL;
	const struct config_record *record = NULL;
	struct err ignored = ERR_INIT;
	int r = records_of_domain(records, domain, &list, err);
	if (r >= 0)
		r = records_check_rows(&list, domain->name, &one, &other, err);
	if (r >= 0)
		return 0;
	if (one && stored_records_load(apply->store, domain->id, &own, &ignored) >= 0) {
		record = find_record(wanted, &own, one->id);
		if (!record)
			record = find_record(wanted, &own, other->id);
	}
	if (record)
		return config_blame(apply->config, record->node, err);
	return config_blame_key(apply->config, wanted->node, err);
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* 1: the domain has that key. */
static int look_key(struct config_apply *apply, const struct domain *domain,
                    const struct config_key *wanted, struct err *err)
{
	auto_free char *selector = NULL;
	int64_t is_same = 0;
	int r = store_get_text(apply->store, &selector, err,
	                       "SELECT selector FROM dkim_key WHERE domain_id = ?"
	                       " AND fingerprint = ?",
	                       "io", domain->id,
	                       (const void *)wanted->sight.fingerprint.at,
	                       (size_t)DIGEST_LEN);
	if (r > 0 && strcmp(selector, wanted->selector) != 0)
		return err_set(err, ERR_FAILED,
		               _("%s already has this key with the selector %s"),
		               domain->name, selector);
	if (r != 0)
		return r;
	r = store_get_int(apply->store, &is_same, err,
	                  "SELECT 1 FROM dkim_key WHERE domain_id = ? AND selector = ?",
	                  "it", domain->id, wanted->selector);
	if (r > 0)
		return err_set(err, ERR_FAILED,
		               _("%s has a different key with the selector %s"),
		               domain->name, wanted->selector);
	return r;
}

/* The state in which a key is added to a domain without it: the document's, if the domain itself is
 * unchanged.  Nothing signs with it before its record is public from here, which is not part of the
 * state. */
static const char *state_of(const char *state, bool is_signing)
{
	if (is_signing || strcmp(state, "retiring") == 0)
		return state;
	return strcmp(state, "active") == 0 || strcmp(state, "resting") == 0 ? "resting"
	                                                                     : "parked";
}

static int put_key(struct config_apply *apply, const struct domain *domain,
                   const struct config_key *wanted, bool is_first, bool is_signing,
                   struct err *err)
{
	auto_key_pair pair = { 0 };
	auto_key key = { 0 };
	int64_t id = 0, wait = 0;
	int r = key_parse_private(wanted->pem->text, wanted->pem->len, &pair, err);
	if (r < 0)
		return r;
	if (!is_first)
		return keyring_import(apply->store, apply->ctx, domain, wanted->selector,
		                      &pair, false, err);
	const char *state = state_of(wanted->state, is_signing);
	r = key_insert(apply->store, apply->ctx, domain->id, domain->name,
	               wanted->selector, state, &pair, &id, err);
	if (r < 0 || (strcmp(state, "retiring") != 0 && strcmp(state, "resting") != 0))
		return r;
	r = setting_number(apply->store, SET_DKIM_RETIRE_AFTER, domain->id, &wait, err);
	if (r >= 0)
		r = key_find(apply->store, domain->id, domain->name, wanted->selector,
		             &key, err);
	if (r >= 0)
		r = key_set_state(apply->store, apply->ctx, &key, state,
		                  ctx_now(apply->ctx) + wait, err);
	return r;
}

int config_apply_keys(struct config_apply *apply, const struct domain *domain,
                      const struct config_domain *wanted, bool *ret_changed,
                      struct err *err)
{
	const struct config_setting *sign =
		config_find_setting(&wanted->settings, SET_DKIM_SIGN);
	int64_t there = 0;
	bool signs = false;
	int r = setting_bool(apply->store, SET_DKIM_SIGN, domain->id, &signs, err);
	if (r >= 0)
		r = store_get_int(apply->store, &there, err,
		                  "SELECT count(*) FROM dkim_key WHERE domain_id = ?",
		                  "i", domain->id);
	signs = sign ? strcmp(sign->text, "on") == 0 : signs;
	signs = signs &&
	        !(wanted->suspended ? wanted->is_suspended : domain->is_suspended);
	for (size_t i = 0; r >= 0 && i < wanted->key_count; i++) {
		const struct config_key *key = &wanted->key[i];
		r = domain->main_id
		            ? err_set(err, ERR_FAILED,
		                      _("%s is an alias and signs with the keys of %s"),
		                      domain->name, domain->main_name)
		            : look_key(apply, domain, key, err);
		if (r == 0) {
			*ret_changed = true;
			r = put_key(apply, domain, key, there == 0, signs, err);
		}
		if (r < 0)
			return config_blame(apply->config, key->node, err);
	}
	return r < 0 ? r : 0;
}

/* ---- one domain ------------------------------------------------------------------------------ */

static int apply_follow(struct config_apply *apply, struct domain *domain,
                        const struct config_domain *wanted, struct config_due *due,
                        struct err *err)
{
	int64_t rev = 0;
	if (!wanted->template && !apply->config->newest.records.node)
		return 0;
	int r = config_revision_of(apply, wanted, &rev, err);
	if (r >= 0 && rev != domain->template_rev)
		r = template_give(apply->store, domain->id, rev, err);
	if (r > 0) {
		due->is_checked = true;
		domain->template_rev = rev;
	}
	return r < 0 ? r : 0;
}

static int resume(struct config_apply *apply, struct domain *domain,
                  const struct config_domain *wanted, struct config_due *due,
                  struct err *err)
{
	bool is_wanted = wanted->suspended
	                         ? wanted->is_suspended
	                         : domain->is_suspended && !apply->hooks->is_pruning;
	if (!domain->is_suspended || is_wanted)
		return 0;
	int r = domain_life_set_suspended(apply->store, apply->ctx, domain, false, false,
	                                  err);
	if (r < 0)
		return config_blame_key(apply->config, wanted->node, err);
	domain->is_suspended = false;
	due->is_published = true;
	return 0;
}

int config_apply_domain(struct config_apply *apply, size_t at, struct err *err)
{
	const struct config_domain *wanted = &apply->config->domain[at];
	struct config_due *due = &apply->due[at];
	cleanup(own_settings_done) struct own_settings own = { 0 };
	auto_domain domain = DOMAIN_INIT;
	bool has_records = false, has_keys = false;
	int r = domain_look(apply->store, wanted->name, &domain, err);
	/* one that was just added has no settings and records of its own */
	if (r >= 0 && !due->is_new)
		r = setting_each(apply->store, domain.id, keep_setting, &own, err);
	if (r >= 0)
		r = apply_sign(apply, &domain, wanted, &own, due, err);
	if (r >= 0)
		r = apply_settings(apply, &domain, wanted, &own, err);
	if (r >= 0)
		r = apply_follow(apply, &domain, wanted, due, err);
	if (r >= 0 && (!due->is_new || wanted->records.count))
		r = config_apply_records(apply, &domain, wanted, &has_records, err);
	if (r >= 0)
		r = resume(apply, &domain, wanted, due, err);
	if (r >= 0 && wanted->key_count)
		r = config_apply_keys(apply, &domain, wanted, &has_keys, err);
	due->is_checked |= has_records || has_keys || due->is_enabled;
	due->is_published |= has_keys;
	return r < 0 ? r : 0;
}
