/*
 * core/mta/plan/desired.c: the settings and the signing state, as a backend's plan() reads them.
 *
 * Key files are looked at for names that moved since the host's generation only.  When nothing is
 * known to hold, that is every name that the store knows and every one that the host has files of.
 */
#include "core/mta/plan/desired.h"

#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/key/key_secret.h"
#include "core/model/setting/setting.h"
#include "core/model/setting/srs_secret.h"

struct bool_row {
	enum setting_key key;
	size_t offset;
};

static const struct bool_row bools[] = {
	{ SET_DKIM_SIGN, offsetof(struct desired, signs) },
	{ SET_DKIM_VERIFY, offsetof(struct desired, verifies) },
	{ SET_SPF_CHECK, offsetof(struct desired, checks_spf) },
	{ SET_SPF_CONTINUE_ON_DNS_ERROR, offsetof(struct desired, spf_continues) },
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

/* NULL in place of an empty text. */
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
	int64_t mode, scope;
	int rc = setting_get(store, SET_SPF_CHECK, 0, &check, err);

	desired->is_spf_asked = !rc && check.source != SETTING_FROM_DEFAULT;
	setting_value_done(&check);
	if (!rc)
		rc = setting_number(store, SET_SPF_MODE, 0, &mode, err);
	if (!rc)
		rc = setting_number(store, SET_SPF_GUESS_SCOPE, 0, &scope, err);
	if (!rc)
		rc = read_text(store, SET_SPF_LOCAL_RULES, &desired->spf_local_rules,
		               err);
	if (!rc)
		rc = read_text(store, SET_SPF_GUESS_RULES, &desired->spf_guess_rules,
		               err);
	if (!rc)
		rc = read_text(store, SET_SPF_EXPLANATION, &desired->spf_explanation,
		               err);
	if (rc)
		return rc;
	/* the words of both settings stand in the order of the enums */
	desired->spf_mode = (enum spf_mode)(mode + SPF_HEADERS_ONLY);
	desired->spf_guess_scope = (enum spf_guess_scope)scope;
	return 0;
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

int desired_read(struct store *store, struct store *target, const char *kept_hostname,
                 int64_t since, struct desired *ret_desired, struct err *err)
{
	struct desired d = { .store = store,
		             .target = target,
		             .since = since,
		             .is_everything = since == 0 };
	int rc = read_bools(store, &d, err);

	if (!rc)
		rc = read_spf(store, &d, err);
	if (!rc)
		rc = read_text(store, SET_MTA_HOSTNAME, &d.authserv_id, err);
	if (!rc && !d.authserv_id)
		d.authserv_id = xstrdup(kept_hostname);
	if (!rc)
		rc = read_srs(store, &d, err);
	if (!rc)
		rc = read_list(store, SET_MTA_TRUSTED_RELAYS, &d.trusted_relays,
		               &d.trusted_relay_count, err);
	if (!rc)
		rc = read_list(store, SET_MTA_SIGNING_NETWORKS, &d.signing_networks,
		               &d.signing_network_count, err);
	if (!rc)
		rc = read_text(store, SET_MTA_FILTER, &d.filter, err);
	if (!rc)
		rc = read_text(store, SET_MTA_FILTER_POSITION, &d.filter_position, err);
	if (!rc)
		rc = read_text(store, SET_MTA_DIRECTORY_PATH, &d.directory_path, err);
	if (!rc)
		rc = read_text(store, SET_MTA_POSTFIX_CONFIG_DIR, &d.postfix_config_dir,
		               err);
	if (rc)
		desired_done(&d);
	else
		*ret_desired = d;
	return rc;
}

void desired_done(struct desired *desired)
{
	free(desired->spf_local_rules);
	free(desired->spf_guess_rules);
	free(desired->spf_explanation);
	free(desired->srs_domain);
	free(desired->srs_excluded);
	free(desired->authserv_id);
	free(desired->trusted_relays);
	free(desired->signing_networks);
	free(desired->filter);
	free(desired->filter_position);
	free(desired->directory_path);
	free(desired->postfix_config_dir);
	*desired = (struct desired){ 0 };
}

int desired_each_signing(const struct desired *desired,
                         int (*each)(void *arg, const struct signing_row *row,
                                     struct err *err),
                         void *arg, struct err *err)
{
	return desired->signs ? signing_each(desired->store, each, arg, err) : 0;
}

int desired_each_signing_of(const struct desired *desired, const char *name,
                            int (*each)(void *arg, const struct signing_row *row,
                                        struct err *err),
                            void *arg, struct err *err)
{
	return desired->signs ? signing_of(desired->store, name, each, arg, err) : 0;
}

struct moved {
	const struct desired *desired;
	int (*each)(void *arg, const char *name, struct err *err);
	void *arg;
};

/* A name that has files here was given already. */
static int give_if_not_held(void *arg, const char *name, struct err *err)
{
	const struct moved *moved = arg;
	int64_t one;
	int rc = 0;

	if (moved->desired->target)
		rc = store_get_int(moved->desired->target, &one, err,
		                   "SELECT 1 FROM held WHERE domain = ? LIMIT 1", "t",
		                   name);
	if (rc)
		return rc < 0 ? rc : 0;
	return moved->each(moved->arg, name, err);
}

static int each_held_name(struct moved *moved, struct err *err)
{
	auto_stmt stmt = NULL;
	int rc;

	if (!moved->desired->target)
		return 0;
	rc = store_query(moved->desired->target, &stmt, err,
	                 "SELECT DISTINCT domain FROM held WHERE domain IS NOT NULL "
	                 "ORDER BY domain",
	                 "");
	while (!rc && (rc = stmt_next(stmt, err)) == 1)
		rc = moved->each(moved->arg, stmt_text(stmt, 0), err);
	return rc;
}

int desired_each_moved(const struct desired *desired,
                       int (*each)(void *arg, const char *name, struct err *err),
                       void *arg, struct err *err)
{
	struct moved moved = { desired, each, arg };
	int rc;

	if (!desired->is_everything)
		return signing_moved(desired->store, desired->since, each, arg, err);
	rc = each_held_name(&moved, err);
	if (!rc)
		rc = signing_moved(desired->store, 0, give_if_not_held, &moved, err);
	return rc;
}

int desired_holds(const struct desired *desired, const char *path, bool *ret_holds,
                  struct err *err)
{
	auto_stmt stmt = NULL;
	int rc;

	*ret_holds = false;
	if (!desired->target)
		return 0;
	rc = store_query(desired->target, &stmt, err,
	                 "SELECT 1 FROM held WHERE object = 'file:' || ?", "t", path);
	if (!rc)
		rc = stmt_next(stmt, err);
	if (rc < 0)
		return rc;
	*ret_holds = rc == 1;
	return 0;
}

int desired_each_held(const struct desired *desired, const char *domain,
                      int (*each)(void *arg, const char *path, struct err *err),
                      void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int rc;

	if (!desired->target)
		return 0;
	rc = store_query(desired->target, &stmt, err,
	                 "SELECT substr(object, 6) FROM held WHERE domain = ? "
	                 "AND object GLOB 'file:*' ORDER BY object",
	                 "t", domain);
	while (!rc && (rc = stmt_next(stmt, err)) == 1)
		rc = each(arg, stmt_text(stmt, 0), err);
	return rc;
}

int desired_each_name(const struct desired *desired,
                      int (*each)(void *arg, const char *name, struct err *err),
                      void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int rc = store_query(desired->store, &stmt, err,
	                     "SELECT name FROM domain ORDER BY name", "");

	while (!rc && (rc = stmt_next(stmt, err)) == 1)
		rc = each(arg, stmt_text(stmt, 0), err);
	return rc;
}

int desired_srs_secrets(const struct desired *desired, struct secret *ret_lines,
                        struct err *err)
{
	return srs_secret_lines(desired->store, ret_lines, err);
}

int desired_pushed(const struct desired *desired, const char *path, int64_t limit,
                   struct buf *into, struct err *err)
{
	auto_stmt stmt = NULL;
	const void *octets;
	size_t len;
	int rc;

	if (!desired->target)
		return 0;
	rc = store_query(
		desired->target, &stmt, err,
		"SELECT iif(?2, substr(octets, 1, ?2), octets) FROM held JOIN blob ON sha256 = value "
		"WHERE object = 'file:' || ?1",
		"ti", path, limit);
	if (!rc)
		rc = stmt_next(stmt, err);
	if (rc == 1) {
		octets = stmt_blob(stmt, 0, &len);
		buf_add(into, octets, len);
	}
	return rc;
}

int desired_key_pem(const struct desired *desired, int64_t key_id, struct secret *ret_pem,
                    struct err *err)
{
	return key_secret_pem(desired->store, key_id, ret_pem, err);
}
