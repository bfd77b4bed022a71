/*
 * core/mta/push/desired_store.c: the desired state of a push: settings and signing from the
 * database, the objects of ours on the host from target.db.
 *
 * Key files are compared only for names that changed since the host's generation.  If that is
 * unknown, these are all names of the store and all that the host has files of.
 */
#include "core/mta/push/desired_store.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/key/key_secret.h"
#include "core/model/setting/setting.h"
#include "core/model/setting/spf_setting.h"
#include "core/model/setting/srs_secret.h"
#include "core/mta/engine/owned.h"
#include "core/mta/engine/owned_remote.h"

struct bool_row {
	enum setting_key key;
	size_t offset;
};

static const struct bool_row bools[] = {
	{ SET_DKIM_SIGN, offsetof(struct desired, signs) },
	{ SET_DKIM_VERIFY, offsetof(struct desired, verifies) },
	{ SET_SPF_CHECK, offsetof(struct desired, checks_spf) },
	{ SET_DMARC_CHECK, offsetof(struct desired, checks_dmarc) },
	{ SET_DMARC_REJECT, offsetof(struct desired, rejects_dmarc) },
	{ SET_SRS_ENABLED, offsetof(struct desired, has_srs) },
};

static int read_bools(struct store *store, struct desired *desired, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(bools) && !rc; i++) {
		bool value = false;

		rc = setting_bool(store, bools[i].key, 0, &value, err);
		*(bool *)(void *)((char *)desired + bools[i].offset) = value;
	}
	return rc;
}

/* NULL instead of an empty text. */
static int read_text(struct store *store, enum setting_key key, char **ret_text,
                     struct err *err)
{
	char *text = NULL;
	int rc = setting_text(store, key, 0, &text, err);

	if (rc)
		return rc;
	if (text && !*text) {
		free(text);
		text = NULL;
	}
	*ret_text = text;
	return 0;
}

static int read_list(struct store *store, enum setting_key key, char ***ret_items,
                     size_t *ret_count, struct err *err)
{
	auto_free char *text = NULL;
	int rc = read_text(store, key, &text, err);

	if (!rc && text)
		text_split_list(text, ret_items, ret_count);
	return rc;
}

static int read_spf(struct store *store, struct desired *desired, struct err *err)
{
	struct setting_value check = { 0 };
	int rc = setting_get(store, SET_SPF_CHECK, 0, &check, err);

	desired->is_spf_asked = !rc && check.source != SETTING_FROM_DEFAULT;
	setting_value_done(&check);
	return rc ? rc : spf_setting_load(store, &desired->spf, err);
}

/* After authserv_id. */
static int read_srs(struct store *store, struct desired *desired, struct err *err)
{
	int rc = read_text(store, SET_SRS_DOMAIN, &desired->srs_domain, err);

	if (!rc && !desired->srs_domain)
		desired->srs_domain = xstrdup(desired->authserv_id);
	if (!rc)
		rc = read_list(store, SET_SRS_EXCLUDE_DOMAINS, &desired->srs_excluded,
		               &desired->srs_excluded_count, err);
	return rc;
}

static int read_settings(struct store *store, const char *kept_hostname,
                         struct desired *d, struct err *err)
{
	int rc = read_bools(store, d, err);

	if (!rc)
		rc = read_spf(store, d, err);
	if (!rc)
		rc = read_text(store, SET_MTA_HOSTNAME, &d->authserv_id, err);
	if (!rc && !d->authserv_id)
		d->authserv_id = xstrdup(kept_hostname);
	if (!rc)
		rc = read_srs(store, d, err);
	if (!rc)
		rc = read_list(store, SET_MTA_TRUSTED_RELAYS, &d->trusted_relays,
		               &d->trusted_relay_count, err);
	if (!rc)
		rc = read_list(store, SET_MTA_SIGNING_NETWORKS, &d->signing_networks,
		               &d->signing_network_count, err);
	if (!rc)
		rc = read_list(store, SET_DMARC_EXCEPTIONS, &d->dmarc_exceptions,
		               &d->dmarc_exception_count, err);
	if (!rc)
		rc = read_text(store, SET_MTA_FILTER, &d->filter, err);
	if (!rc)
		rc = read_text(store, SET_MTA_FILTER_POSITION, &d->filter_position, err);
	if (!rc)
		rc = read_text(store, SET_MTA_DIRECTORY_PATH, &d->directory_path, err);
	return rc;
}

/* ---- rows ------------------------------------------------------------------------------------- */

struct signing {
	desired_signing_fn *each;
	void *arg;
	char *selector; /* of server_signing() */
};

static int give_if_ours(void *arg, const struct signing_row *row, struct err *err)
{
	const struct signing *signing = arg;

	return row->is_server_owned ? 0 : signing->each(signing->arg, row, err);
}

static int each_signing(void *arg, const char *name, desired_signing_fn *each,
                        void *each_arg, struct err *err)
{
	const struct desired_source *source = arg;
	struct signing signing = { each, each_arg, NULL };

	return name ? signing_of(source->store, name, give_if_ours, &signing, err)
	            : signing_each(source->store, give_if_ours, &signing, err);
}

static int take_selector(void *arg, const struct signing_row *row, struct err *err)
{
	struct signing *signing = arg;

	(void)err;
	if (row->is_server_owned && strcmp(row->name, row->main_name) == 0) {
		free(signing->selector);
		signing->selector = xstrdup(row->selector);
	}
	return 0;
}

static int server_signing(void *arg, const char *name, char **ret_selector,
                          struct err *err)
{
	const struct desired_source *source = arg;
	struct signing signing = { 0 };
	int rc = signing_of(source->store, name, take_selector, &signing, err);

	if (rc)
		free(signing.selector);
	else
		*ret_selector = signing.selector;
	return rc;
}

static int wish(void *arg, const char *name, struct signing_wish *ret_wish,
                struct err *err)
{
	const struct desired_source *source = arg;

	return signing_wish_of(source->store, name, ret_wish, err);
}

static int make_records(struct desired_source *source, struct err *err)
{
	if (source->records || !source->ctx)
		return 0;
	source->env = xcalloc(1, sizeof(*source->env));
	int rc = env_load(source->ctx, source->store, source->hostname, source->env, err);

	return rc ? rc : records_new(source->store, source->env, &source->records, err);
}

static int records(void *arg, const char *name, bool *ret_is_there,
                   struct record_list *ret_list, struct err *err)
{
	struct desired_source *source = arg;
	auto_domain domain = DOMAIN_INIT;
	int rc = make_records(source, err);

	if (!rc)
		rc = domain_look(source->store, name, &domain, err);
	if (rc <= 0)
		return rc;
	*ret_is_there = true;
	return records_of_domain(source->records, &domain, ret_list, err);
}

void desired_source_done(struct desired_source *source)
{
	records_free(source->records);
	if (source->env)
		env_done(source->env);
	free(source->env);
}

static int base(void *arg, const char *url, const char *setting, bool *ret_owns,
                struct remote_value *ret_base, struct err *err)
{
	const struct desired_source *source = arg;

	return owned_setting_base(source->target, url, setting, ret_owns, ret_base, err);
}

struct moved {
	struct store *target;
	desired_name_fn *each;
	void *arg;
};

/* A name that has files here was returned already. */
static int give_if_not_owned(void *arg, const char *name, struct err *err)
{
	const struct moved *moved = arg;
	bool has = false;
	int rc = owned_has_domain(moved->target, name, &has, err);

	return rc || has ? rc : moved->each(moved->arg, name, err);
}

static int each_moved(void *arg, int64_t since, desired_name_fn *each, void *each_arg,
                      struct err *err)
{
	const struct desired_source *source = arg;
	struct moved moved = { source->target, each, each_arg };
	int rc;

	if (since)
		return signing_moved(source->store, since, each, each_arg, err);
	rc = owned_each_domain(source->target, each, each_arg, err);
	if (!rc)
		rc = signing_moved(source->store, 0, give_if_not_owned, &moved, err);
	return rc;
}

static int give_names(struct stmt *stmt, desired_name_fn *each, void *arg,
                      struct err *err)
{
	int rc = 0;

	while (!rc && (rc = stmt_next(stmt, err)) == 1)
		rc = each(arg, stmt_text(stmt, 0), err);
	return rc;
}

static int each_sharing(void *arg, const char *name, desired_name_fn *each,
                        void *each_arg, struct err *err)
{
	const struct desired_source *source = arg;
	auto_stmt stmt = NULL;
	int rc = store_query(
		source->store, &stmt, err,
		"SELECT m.name FROM domain AS d JOIN domain AS m "
		"ON m.id = coalesce(d.alias_of, d.id) WHERE d.name = ?1 "
		"UNION SELECT m.name FROM domain AS d JOIN domain AS m "
		"ON m.alias_of = coalesce(d.alias_of, d.id) WHERE d.name = ?1",
		"t", name);

	return rc ? rc : give_names(stmt, each, each_arg, err);
}

static int each_name(void *arg, desired_name_fn *each, void *each_arg, struct err *err)
{
	const struct desired_source *source = arg;
	auto_stmt stmt = NULL;
	int rc = store_query(source->store, &stmt, err,
	                     "SELECT name FROM domain ORDER BY name", "");

	return rc ? rc : give_names(stmt, each, each_arg, err);
}

static int each_owned(void *arg, const char *domain, desired_name_fn *each,
                      void *each_arg, struct err *err)
{
	const struct desired_source *source = arg;

	return owned_each_path(source->target, domain, each, each_arg, err);
}

static int owns(void *arg, const char *path, bool *ret_owns, struct err *err)
{
	const struct desired_source *source = arg;

	return owned_has_path(source->target, path, ret_owns, err);
}

static int pushed(void *arg, const char *path, int64_t limit, struct buf *into,
                  struct err *err)
{
	const struct desired_source *source = arg;

	return owned_content(source->target, path, limit, into, err);
}

static int key_pem(void *arg, int64_t key_id, struct secret *ret_pem, struct err *err)
{
	const struct desired_source *source = arg;

	return key_secret_pem(source->store, key_id, ret_pem, err);
}

static int srs_secrets(void *arg, struct secret *ret_lines, struct err *err)
{
	const struct desired_source *source = arg;

	return srs_secret_lines(source->store, ret_lines, err);
}

const struct desired_rows desired_store_rows = {
	.each_signing = each_signing,
	.each_moved = each_moved,
	.each_sharing = each_sharing,
	.each_name = each_name,
	.each_owned = each_owned,
	.owns = owns,
	.pushed = pushed,
	.key_pem = key_pem,
	.srs_secrets = srs_secrets,
	.server_signing = server_signing,
	.wish = wish,
	.records = records,
	.base = base,
};

int desired_read(struct desired_source *source, const char *kept_hostname, int64_t since,
                 struct desired *ret_desired, struct err *err)
{
	struct desired d = { .since = since,
		             .is_everything = since == 0,
		             .rows = &desired_store_rows,
		             .source = source };
	int rc = read_settings(source->store, kept_hostname, &d, err);

	if (rc)
		desired_done(&d);
	else
		*ret_desired = d;
	return rc;
}
