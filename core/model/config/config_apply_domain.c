/*
 * One domain of a document: settings, template, records, keys.
 *
 * What is the same already is seen before anything is called that would look at it again: most
 * domains of most documents are.
 */
#include <inttypes.h>
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

/* DKIM goes off first, for mail and DNS may go off then; on is switched when all is in place. */
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

struct own_record {
	struct record_own row; /* texts of its own */
	bool is_met;           /* the document has it */
};

struct own_records {
	struct own_record *at;
	size_t count, room;
};

static int keep_record(void *arg, const struct record_own *row, struct err *err)
{
	struct own_records *own = arg;
	(void)err;
	GROW(own->at, own->count, own->room);
	struct own_record *copy = &own->at[own->count++];
	*copy = (struct own_record){ .row = *row };
	copy->row.id = xstrdup(row->id);
	copy->row.owner = xstrdup(row->owner);
	copy->row.type = xstrdup(row->type);
	copy->row.rdata = xstrdup(row->rdata);
	return 0;
}

static void own_records_done(struct own_records *own)
{
	for (size_t i = 0; i < own->count; i++) {
		free((char *)(uintptr_t)own->at[i].row.id);
		free((char *)(uintptr_t)own->at[i].row.owner);
		free((char *)(uintptr_t)own->at[i].row.type);
		free((char *)(uintptr_t)own->at[i].row.rdata);
	}
	free(own->at);
}

/* What a template record says about its owner and type. */
struct place {
	int64_t uid;
	char *owner, *type;
	enum policy_kind kind;
};

static int find_place(void *arg, const struct template_row *row, struct err *err)
{
	struct place *place = arg;
	(void)err;
	if (row->uid != place->uid)
		return 0;
	place->owner = xstrdup(row->owner);
	place->type = xstrdup(row->type);
	place->kind = row->kind;
	return 1;
}

static struct own_record *find_own(struct own_records *own, const struct record_own *row)
{
	for (size_t i = 0; i < own->count; i++) {
		const struct record_own *there = &own->at[i].row;
		bool is_edit = *there->id == 't';
		if (row->id ? strcmp(there->id, row->id) == 0
		            : !is_edit && strcmp(there->owner, row->owner) == 0 &&
		                      strcmp(there->type, row->type) == 0 &&
		                      strcmp(there->rdata, row->rdata) == 0)
			return &own->at[i];
	}
	return NULL;
}

/* A policy, CNAME or SOA record of the same owner, which there can be only one of. */
static struct own_record *find_lone(struct own_records *own, const struct record_own *row)
{
	bool is_lone = row->kind != POLICY_OTHER || strcmp(row->type, "CNAME") == 0 ||
	               strcmp(row->type, "SOA") == 0;
	for (size_t i = 0; is_lone && !row->id && i < own->count; i++) {
		const struct own_record *there = &own->at[i];
		if (*there->row.id != 't' && !there->is_met &&
		    there->row.kind == row->kind &&
		    strcmp(there->row.owner, row->owner) == 0 &&
		    strcmp(there->row.type, row->type) == 0)
			return &own->at[i];
	}
	return NULL;
}

/* The row that a record of the document stands for; an edit's owner and type may be the template's.
 * ret_row->id is the caller's. */
static int row_of(struct config_apply *apply, const struct domain *domain,
                  const struct config_record *record, const struct own_records *own,
                  struct record_own *ret_row, struct place *place, struct err *err)
{
	struct record_own row = {
		.owner = record->owner,
		.type = record->type,
		.rdata = record->data ? record->data->text : NULL,
		.ttl = record->ttl,
		.kind = record->kind,
	};
	place->uid = record->uid;
	int r = record->uid ? template_each(apply->store, domain->template_rev,
	                                    find_place, place, err)
	                    : 0;
	if (r < 0)
		return r;
	auto_free char *id = record->uid ? xasprintf("t%" PRId64, record->uid) : NULL;
	for (size_t i = 0; record->uid && !place->owner && !row.owner && i < own->count;
	     i++)
		if (strcmp(own->at[i].row.id, id) == 0) {
			place->owner = xstrdup(own->at[i].row.owner);
			place->type = xstrdup(own->at[i].row.type);
		}
	if (record->uid && !place->owner && !row.owner)
		return err_set(
			err, ERR_FAILED,
			_("the template of %s has no record %s, and owner and type "
		          "are not given"),
			domain->name, id);
	if (row.owner && place->owner &&
	    (strcmp(row.owner, place->owner) != 0 || strcmp(row.type, place->type) != 0))
		return err_set(err, ERR_FAILED, _("%s is %s %s in the template of %s"),
		               id, place->owner, place->type, domain->name);
	if (!row.owner) {
		row.owner = place->owner;
		row.type = place->type;
		r = row.rdata ? record_text_check(row.owner, row.type, row.rdata,
		                                  domain->name, &row.kind, err)
		              : 0;
	}
	if (r < 0)
		return r;
	row.id = id;
	id = NULL;
	*ret_row = row;
	return 0;
}

/* A removal keeps the kind of what it removes. */
static bool is_same(const struct record_own *a, const struct record_own *b)
{
	return text_same(a->rdata, b->rdata) && a->ttl == b->ttl &&
	       strcmp(a->owner, b->owner) == 0 && strcmp(a->type, b->type) == 0;
}

struct exchange {
	struct record_exchange *pair;
	struct record_own *row;
	struct place *place;
	size_t count, rows;
};

static int plan_record(struct config_apply *apply, const struct domain *domain,
                       const struct config_record *record, struct own_records *own,
                       struct exchange *work, struct err *err)
{
	struct record_own *row = &work->row[work->rows];
	int r = row_of(apply, domain, record, own, row, &work->place[work->rows], err);
	work->rows++;
	if (r < 0)
		return config_blame(apply->config, record->node, err);
	struct own_record *there = find_own(own, row);
	if (there)
		there->is_met = true;
	if (there && is_same(&there->row, row))
		return 0;
	if (!row->rdata && there)
		row->kind = there->row.kind;
	if (row->rdata)
		config_tell_doubts(apply, record, row->owner, row->type, domain->name);
	enum policy_kind kind = work->place[work->rows - 1].kind;
	if (row->rdata && kind != POLICY_OTHER && kind != row->kind)
		ctx_report(
			apply->ctx, REPORT_WARNING,
			_("%s:%u:%u: %s is the %s record of %s, and that text is none"),
			apply->config->what, record->data->line, record->data->column,
			row->id, record_text_policy(kind), domain->name);
	work->pair[work->count++] =
		(struct record_exchange){ there ? &there->row : NULL, row };
	return 0;
}

static int plan_all(struct config_apply *apply, const struct domain *domain,
                    const struct config_domain *wanted, struct own_records *own,
                    struct exchange *work, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < wanted->records.count; i++)
		r = plan_record(apply, domain, &wanted->records.row[i], own, work, err);
	/* what is found by its content comes before what is found by its place */
	for (size_t i = 0; r >= 0 && i < work->count; i++) {
		struct own_record *lone =
			work->pair[i].old ? NULL : find_lone(own, work->pair[i].row);
		if (!lone)
			continue;
		lone->is_met = true;
		work->pair[i].old = &lone->row;
	}
	for (size_t i = 0; apply->hooks->is_pruning && r >= 0 && i < own->count; i++)
		if (!own->at[i].is_met)
			work->pair[work->count++] =
				(struct record_exchange){ &own->at[i].row, NULL };
	return r;
}

static void exchange_done(struct exchange *work)
{
	for (size_t i = 0; i < work->rows; i++) {
		free((char *)(uintptr_t)work->row[i].id);
		free(work->place[i].owner);
		free(work->place[i].type);
	}
	free(work->pair);
	free(work->row);
	free(work->place);
}

int config_apply_records(struct config_apply *apply, const struct domain *domain,
                         const struct config_domain *wanted, bool *ret_changed,
                         struct err *err)
{
	cleanup(own_records_done) struct own_records own = { 0 };
	cleanup(exchange_done) struct exchange work = { 0 };
	int r = record_each(apply->store, domain->id, keep_record, &own, err);
	size_t most = own.count + wanted->records.count;
	if (r < 0 || !most)
		return r;
	work.pair = xcalloc(most, sizeof(*work.pair));
	work.row = xcalloc(wanted->records.count + 1, sizeof(*work.row));
	work.place = xcalloc(wanted->records.count + 1, sizeof(*work.place));
	r = plan_all(apply, domain, wanted, &own, &work, err);
	if (r < 0)
		return r;
	*ret_changed = work.count || apply->has_all_moved;
	r = record_exchange(apply->store, domain, work.pair, work.count, err);
	if (r >= 0)
		return 0;
	return wanted->records.node
	               ? config_blame_key(apply->config, wanted->records.node, err)
	               : config_blame_key(apply->config, wanted->node, err);
}

/* ---- the records together -------------------------------------------------------------------- */

struct fault_place {
	const struct config_domain *wanted;
	const struct record_row *one, *other;
	const struct config_record *record; /* of the document */
};

static int match_own(void *arg, const struct record_own *row, struct err *err)
{
	struct fault_place *place = arg;
	(void)err;
	bool is_one = strcmp(row->id, place->one->id) == 0;
	if (!is_one && strcmp(row->id, place->other->id) != 0)
		return 0;
	for (size_t i = 0; i < place->wanted->records.count; i++) {
		const struct config_record *record = &place->wanted->records.row[i];
		int64_t uid = 0;
		bool is_edit =
			*row->id == 't' && text_to_int(row->id + 1, 1, INT64_MAX, &uid);
		bool is_it =
			is_edit ? record->uid == uid
				: !record->uid && record->data && row->rdata &&
					  strcmp(record->owner, row->owner) == 0 &&
					  strcmp(record->type, row->type) == 0 &&
					  strcmp(record->data->text, row->rdata) == 0;
		if (is_it && (!place->record || is_one))
			place->record = record;
	}
	return 0;
}

int config_check_records(struct config_apply *apply, struct records *records,
                         const struct domain *domain, const struct config_domain *wanted,
                         struct err *err)
{
	auto_record_list list = RECORD_LIST_INIT;
	struct fault_place place = { .wanted = wanted };
	struct err ignored = ERR_INIT;
	int r = records_of_domain(records, domain, &list, err);
	if (r >= 0)
		r = records_check_rows(&list, domain->name, &place.one, &place.other,
		                       err);
	if (r >= 0)
		return 0;
	if (place.one &&
	    record_each(apply->store, domain->id, match_own, &place, &ignored) >= 0 &&
	    place.record)
		return config_blame(apply->config, place.record->node, err);
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
		               _("%s has this key already, under the selector %s"),
		               domain->name, selector);
	if (r != 0)
		return r;
	r = store_get_int(apply->store, &is_same, err,
	                  "SELECT 1 FROM dkim_key WHERE domain_id = ? AND selector = ?",
	                  "it", domain->id, wanted->selector);
	if (r > 0)
		return err_set(err, ERR_FAILED,
		               _("%s has another key under the selector %s"),
		               domain->name, wanted->selector);
	return r;
}

/* The state in which a key comes to a domain that had none: as it was, where the domain is as it was.
 * Nothing signs with it before its record is public from here: that is not in the state. */
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
	if (r >= 0)
		r = setting_each(apply->store, domain.id, keep_setting, &own, err);
	if (r >= 0)
		r = apply_sign(apply, &domain, wanted, &own, due, err);
	if (r >= 0)
		r = apply_settings(apply, &domain, wanted, &own, err);
	if (r >= 0)
		r = apply_follow(apply, &domain, wanted, due, err);
	if (r >= 0)
		r = config_apply_records(apply, &domain, wanted, &has_records, err);
	if (r >= 0)
		r = resume(apply, &domain, wanted, due, err);
	if (r >= 0 && wanted->key_count)
		r = config_apply_keys(apply, &domain, wanted, &has_keys, err);
	due->is_checked |= has_records || has_keys || due->is_enabled;
	due->is_published |= has_keys;
	return r < 0 ? r : 0;
}
