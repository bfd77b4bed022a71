/*
 * core/model/setting/setting.h: the settings table, and the values in force.
 *
 * One const table (setting_table.c) drives `server` and `domain` get, set, unset, list and
 * describe, validation, help and dependency rules.  A default is the absence of a row in the
 * database; unknown keys are errors with a suggestion.  `store` may be NULL everywhere: no
 * database, defaults.
 */
#ifndef CORE_MODEL_SETTING_SETTING_H
#define CORE_MODEL_SETTING_SETTING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/model/setting/setting_type.h"
#include "core/store/store.h"

/* Sorted by key: setting_find() uses a binary search, and a unit test checks the order. */
enum setting_key {
	SET_DKIM_ACTIVATE,
	SET_DKIM_ALGORITHM,
	SET_DKIM_POLICY,
	SET_DKIM_RETIRE_AFTER,
	SET_DKIM_ROTATE_AFTER,
	SET_DKIM_RSA_BITS,
	SET_DKIM_SELECTOR,
	SET_DKIM_SIGN,
	SET_DKIM_VERIFY,
	SET_DMARC_CHECK,
	SET_DMARC_EXCEPTIONS,
	SET_DMARC_REJECT,
	SET_DNS_IPV4,
	SET_DNS_IPV6,
	SET_DNS_SERVICE,
	SET_DNS_TTL,
	SET_MAIL,
	SET_MTA_BACKEND,
	SET_MTA_CREDENTIALS_FILE,
	SET_MTA_DIRECTORY_PATH,
	SET_MTA_FILTER,
	SET_MTA_FILTER_POSITION,
	SET_MTA_HOSTNAME,
	SET_MTA_MAILENABLE_CONFIG_DIR,
	SET_MTA_POSTFIX_CONFIG_DIR,
	SET_MTA_RELOAD,
	SET_MTA_SIGNING_NETWORKS,
	SET_MTA_TRUSTED_RELAYS,
	SET_MTA_URL,
	SET_OWNER,
	SET_SPF_CHECK,
	SET_SPF_CONTINUE_ON_DNS_ERROR,
	SET_SPF_EXPLANATION,
	SET_SPF_GUESS_RULES,
	SET_SPF_GUESS_SCOPE,
	SET_SPF_LOCAL_RULES,
	SET_SPF_MODE,
	SET_SRS_DOMAIN,
	SET_SRS_ENABLED,
	SET_SRS_EXCLUDE_DOMAINS,
	SET_SRS_SECRET,
	SET_ZONE_DIRECTORY,
	SET_ZONE_FORMAT,
	SET_ZONE_RELOAD,
	SETTING_COUNT
};

extern const struct setting_row setting_table[SETTING_COUNT];

/* The row of a key; ERR_USAGE with a suggestion. */
int setting_find(const char *key, enum setting_key *ret_key, struct err *err) must_check;

enum setting_source {
	SETTING_FROM_DEFAULT,
	SETTING_FROM_SERVER,
	SETTING_FROM_MAIN, /* the main domain of an alias */
	SETTING_FROM_DOMAIN,
};
/* "default", "server", "main domain", "domain". */
const char *setting_source_name(enum setting_source source);

struct setting_value {
	char *text; /* canonical; "" for an empty one */
	enum setting_source source;
};
void setting_value_done(struct setting_value *value);

/* The value in force: of the server (domain_id 0), or of a domain, which inherits from its main
 * domain and then from the server. */
int setting_get(struct store *store, enum setting_key key, int64_t domain_id,
                struct setting_value *ret_value, struct err *err) must_check;

/* The same as text without its source (the caller frees), a boolean, or a number (duration:
 * seconds; enum: position among its words, from 0). */
int setting_text(struct store *store, enum setting_key key, int64_t domain_id,
                 char **ret_text, struct err *err) must_check;
int setting_bool(struct store *store, enum setting_key key, int64_t domain_id,
                 bool *ret_value, struct err *err) must_check;
/* *ret_is: whether its value is that text. */
int setting_is(struct store *store, enum setting_key key, int64_t domain_id,
               const char *text, bool *ret_is, struct err *err) must_check;
int setting_number(struct store *store, enum setting_key key, int64_t domain_id,
                   int64_t *ret_value, struct err *err) must_check;

/* Changes inside an open change (change.h); NULL unsets.  `domain`: its name for the audit trail,
 * with domain_id; both 0 for the server.  Text is checked and made canonical.  ERR_USAGE: not a
 * value of that setting, or not at that scope.  Dependency rules are not checked. */
int setting_set(struct store *store, enum setting_key key, int64_t domain_id,
                const char *domain, const char *text, struct err *err) must_check;
/* The same with text that setting_parse() gave. */
int setting_put(struct store *store, enum setting_key key, int64_t domain_id,
                const char *domain, const char *canonical, struct err *err) must_check;

/* Calls `each` with every value that was set, in the order of keys: for the server (domain_id 0) or
 * a domain, without secrets.  The text is borrowed until `each` returns; `each` must not change
 * settings. */
int setting_each(struct store *store, int64_t domain_id,
                 int (*each)(void *arg, enum setting_key key, const char *text,
                             struct err *err),
                 void *arg, struct err *err) must_check;

/* 1: a rule between settings is broken: *ret_key is on, and *ret_needs would be off. */
int setting_broken_rule(struct store *store, enum setting_key *ret_key,
                        enum setting_key *ret_needs, struct err *err) must_check;
/* Checks the rules between settings with the values in the transaction: call once after all pairs
 * of a `set`.  ERR_FAILED names the setting that prevents the change and the command to use. */
int setting_check_rules(struct store *store, struct err *err) must_check;

/* Reports warnings about the values that the open change sets (never a refusal); about a
 * combination of settings only if this change causes it. */
void setting_advise(struct store *store, struct ctx *ctx);

/* Adds the server settings that are stored and whose name begins with `prefix` ("": all) to a digest. */
int setting_digest(struct store *store, const char *prefix, struct digest_state *state,
                   struct err *err) must_check;

#endif
