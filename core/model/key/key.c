/*
 * The table dkim_key.  Private halves are accessed through key_secret.c only; the schema's triggers
 * delete them with their key and increase the domain's generation.
 */
#include "core/model/key/key.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/model/key/key_secret.h"
#include "core/model/setting/selector_pattern.h"
#include "core/model/setting/setting.h"
#include "core/store/change.h"
#include "dnszone/dkim/dkim_record.h"
#include "dnszone/name/name.h"

#define COLUMNS                                                                       \
	"SELECT k.id, k.domain_id, d.name, k.selector, k.algorithm, k.bits, k.state," \
	" k.public, k.fingerprint, k.private_id IS NOT NULL, k.created, k.since,"     \
	" coalesce(k.due, 0) FROM dkim_key k JOIN domain d ON d.id = k.domain_id "

#define NAMED_MAX 10 /* selectors in a message */
#define SERIAL_MAX 999

void key_done(struct key *key)
{
	free(key->domain);
	free(key->selector);
	free(key->algorithm);
	free(key->state);
	free(key->public_key);
	*key = (struct key){ 0 };
}

bool key_is_published(const struct key *key)
{
	return strcmp(key->state, "parked") != 0;
}

static char *borrow_text(struct stmt *stmt, int column)
{
	return (char *)(uintptr_t)stmt_text(stmt, column);
}

/* Borrows from the statement. */
static struct key read_row(struct stmt *stmt)
{
	struct key row = {
		.id = stmt_int(stmt, 0),
		.domain_id = stmt_int(stmt, 1),
		.domain = borrow_text(stmt, 2),
		.selector = borrow_text(stmt, 3),
		.algorithm = borrow_text(stmt, 4),
		.bits = stmt_int(stmt, 5),
		.state = borrow_text(stmt, 6),
		.has_private = stmt_int(stmt, 9) != 0,
		.created = stmt_int(stmt, 10),
		.since = stmt_int(stmt, 11),
		.due = stmt_int(stmt, 12),
	};
	row.public_key = (unsigned char *)(uintptr_t)stmt_blob(stmt, 7, &row.public_len);
	(void)stmt_octets(stmt, 8, row.fingerprint.at, DIGEST_LEN);
	return row;
}

int key_query(struct store *store, int64_t domain_id, struct stmt **ret_keys,
              struct err *err)
{
	if (!store)
		return 0;
	return domain_id
	               ? store_query(store, ret_keys, err,
	                             COLUMNS "WHERE k.domain_id = ? ORDER BY k.selector",
	                             "i", domain_id)
	               : store_query(store, ret_keys, err,
	                             COLUMNS "ORDER BY d.name, k.selector", "");
}

int key_next(struct stmt *keys, struct key *ret_key, struct err *err)
{
	int r = keys ? stmt_next(keys, err) : 0;
	if (r > 0)
		*ret_key = read_row(keys);
	return r;
}

int key_query_due(struct store *store, int64_t limit, struct stmt **ret_keys,
                  struct err *err)
{
	if (!store)
		return 0;
	return store_query(store, ret_keys, err,
	                   COLUMNS "WHERE k.due IS NOT NULL ORDER BY k.due, d.name,"
	                           " k.selector LIMIT ?",
	                   "i", limit);
}

int key_id_of(struct store *store, const char *domain, const char *selector,
              int64_t *ret_id, struct err *err)
{
	return store_get_int(store, ret_id, err,
	                     "SELECT k.id FROM dkim_key k JOIN domain d "
	                     "ON d.id = k.domain_id WHERE d.name = ? AND k.selector = ?",
	                     "tt", domain, selector);
}

static int fail_no_key(struct store *store, int64_t domain_id, const char *domain,
                       const char *selector, struct err *err)
{
	auto_stmt stmt = NULL;
	auto_buf there = BUF_INIT;
	size_t count = 0;
	int r = 0;
	if (store)
		r = store_query(store, &stmt, err,
		                "SELECT selector FROM dkim_key WHERE domain_id = ?"
		                " ORDER BY selector",
		                "i", domain_id);
	while (store && r >= 0 && (r = stmt_next(stmt, err)) > 0)
		if (count++ < NAMED_MAX)
			buf_printf(&there, "%s%s", there.len ? ", " : "",
			           stmt_text(stmt, 0));
	if (r < 0)
		return r;
	if (count == 0)
		return err_set(err, ERR_MISSING, _("%s has no keys"), domain);
	return err_set(err, ERR_MISSING,
	               _("%s has no key with the selector %s; it has %s%s"), domain,
	               selector, buf_text(&there), count > NAMED_MAX ? ", ..." : "");
}

int key_find(struct store *store, int64_t domain_id, const char *domain,
             const char *selector, struct key *ret_key, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = 0;
	if (store) {
		r = store_query(store, &stmt, err,
		                COLUMNS "WHERE k.domain_id = ? AND k.selector = ?", "it",
		                domain_id, selector);
		if (r >= 0)
			r = stmt_next(stmt, err);
	}
	if (r < 0)
		return r;
	if (r == 0)
		return fail_no_key(store, domain_id, domain, selector, err);
	struct key row = read_row(stmt);
	row.domain = xstrdup(row.domain);
	row.selector = xstrdup(row.selector);
	row.algorithm = xstrdup(row.algorithm);
	row.state = xstrdup(row.state);
	row.public_key = (unsigned char *)xmemdup(row.public_key, row.public_len);
	*ret_key = row;
	return 0;
}

char *key_record_text(const struct key *key)
{
	bool is_revoked = strcmp(key->state, "revoked") == 0;
	return dkim_record_text(key->algorithm, is_revoked ? NULL : key->public_key,
	                        key->public_len);
}

static int check_selector_free(struct store *store, int64_t domain_id, const char *domain,
                               const char *selector, struct err *err)
{
	int64_t there;
	int r = store_get_int(
		store, &there, err,
		"SELECT 1 FROM dkim_key WHERE domain_id = ? AND selector = ?", "it",
		domain_id, selector);
	if (r > 0)
		return err_set(err, ERR_FAILED,
		               _("%s already has a key with the selector %s"), domain,
		               selector);
	return r;
}

int key_insert(struct store *store, const struct ctx *ctx, int64_t domain_id,
               const char *domain, const char *selector, const char *state,
               const struct key_pair *pair, int64_t *ret_id, struct err *err)
{
	struct digest fingerprint;
	char hex[2 * DIGEST_LEN + 1];
	int64_t private_id = 0, id = 0;
	digest_of(pair->public_key, pair->public_len, &fingerprint);
	digest_hex(&fingerprint, hex);
	int r = check_selector_free(store, domain_id, domain, selector, err);
	if (r >= 0)
		r = pair->pkcs8.at ? key_secret_put(store, &pair->pkcs8, &private_id, err)
		                   : 0;
	if (r >= 0)
		r = store_exec(
			store, err,
			"INSERT INTO dkim_key (domain_id, selector, algorithm, bits, state,"
			" public, fingerprint, private_id, server_owned, created, since)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8 IS NULL, ?9, ?9)",
			"ittitoo?i", domain_id, selector, pair->algorithm, pair->bits,
			state, (const void *)pair->public_key, pair->public_len,
			(const void *)fingerprint.at, sizeof(fingerprint.at),
			private_id == 0, private_id, ctx_now(ctx));
	if (r < 0)
		return r;
	id = store_last_id(store);
	auto_free char *now = xasprintf("%s %" PRId64 " %s SHA256:%.16s", pair->algorithm,
	                                pair->bits, state, hex);
	r = change_note(store, "key", domain, selector, NULL, now, err);
	if (r < 0)
		return r;
	*ret_id = id;
	return 0;
}

int key_set_state(struct store *store, const struct ctx *ctx, const struct key *key,
                  const char *state, int64_t due, struct err *err)
{
	int r = store_exec(
		store, err,
		"UPDATE dkim_key SET state = ?, since = ?, due = ? WHERE id = ?", "ti?i",
		state, ctx_now(ctx), due == 0, due, key->id);
	if (r < 0)
		return r;
	return change_note(store, "key", key->domain, key->selector, key->state, state,
	                   err);
}

int key_supersede(struct store *store, const struct ctx *ctx, const struct key *key,
                  struct err *err)
{
	int r = store_exec(store, err, "UPDATE dkim_key SET due = ? WHERE id = ?", "ii",
	                   ctx_now(ctx), key->id);
	return r < 0 ? r
	             : change_note(store, "key", key->domain, key->selector, key->state,
	                           "active, to be replaced", err);
}

int key_drop_private(struct store *store, const struct key *key, struct err *err)
{
	if (!key->has_private)
		return 0;
	store_note_secret_gone(store);
	return store_exec(store, err,
	                  "UPDATE dkim_key SET private_id = NULL WHERE id = ?", "i",
	                  key->id);
}

int key_delete(struct store *store, const struct key *key, struct err *err)
{
	int r = store_exec(store, err, "DELETE FROM dkim_key WHERE id = ?", "i", key->id);
	if (r < 0)
		return r;
	store_note_secret_gone(store);
	return change_note(store, "key", key->domain, key->selector, key->state, NULL,
	                   err);
}

/* A selector with a place for its serial. */
struct selector_form {
	char *before, *after;
	bool is_always; /* {serial}: also 1 is written, and without a hyphen */
};

static void form_done(struct selector_form *form)
{
	free(form->before);
	free(form->after);
}

static int form_make(const char *pattern, int64_t now, const char *algorithm,
                     bool is_beside_rsa, struct selector_form *form, struct err *err)
{
	/* no octet of a selector marks the serial */
	struct selector_values values = { now, algorithm, "#" };
	bool is_second = is_beside_rsa && strcmp(algorithm, "ed25519") == 0 &&
	                 !selector_pattern_has(pattern, "{algorithm}");
	auto_buf text = BUF_INIT;
	int r = selector_pattern_expand(pattern, &values, &text, err);
	if (r < 0)
		return r;
	if (is_second)
		buf_puts(&text, "-ed25519");
	const char *mark = strchr(buf_text(&text), '#');
	size_t before = mark ? (size_t)(mark - text.at) : text.len;
	form->is_always = mark != NULL;
	form->before = xmemdup(buf_text(&text), before);
	form->after = xstrdup(mark ? mark + 1 : "");
	return 0;
}

static char *form_fill(const struct selector_form *form, unsigned serial)
{
	if (!form->is_always && serial == 1)
		return xstrdup(form->before);
	return xasprintf("%s%s%u%s", form->before, form->is_always ? "" : "-", serial,
	                 form->after);
}

/* 1 to 999; 0: the selector is not of that form. */
static unsigned form_serial(const struct selector_form *form, const char *selector)
{
	size_t before = strlen(form->before);
	int64_t serial = 0;
	if (strncasecmp(selector, form->before, before) != 0)
		return 0;
	const char *rest = selector + before;
	if (!form->is_always && !*rest)
		return 1;
	if (!form->is_always && *rest++ != '-')
		return 0;
	size_t digits = strspn(rest, "0123456789");
	auto_free char *number = xmemdup(rest, digits);
	if (*rest == '0' || strcasecmp(rest + digits, form->after) != 0 ||
	    !text_to_int(number, 1, SERIAL_MAX, &serial))
		return 0;
	return (unsigned)serial;
}

/* The highest serial of the domain's keys, so that the serials of rotated keys ascend. */
static int highest_serial(struct store *store, int64_t domain_id,
                          const struct selector_form *form, unsigned *ret_highest,
                          struct err *err)
{
	auto_stmt stmt = NULL;
	unsigned highest = 0;
	int r = store_query(store, &stmt, err,
	                    "SELECT selector FROM dkim_key WHERE domain_id = ?", "i",
	                    domain_id);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		unsigned serial = form_serial(form, stmt_text(stmt, 0));
		highest = serial > highest ? serial : highest;
	}
	*ret_highest = highest;
	return r;
}

/* 1: a key has it, or mail that is not delivered yet needs it under the name of the domain or an
 * alias, or the zone had a record of its own there. */
static int is_taken(struct store *store, int64_t domain_id, const char *selector,
                    struct err *err)
{
	int64_t there;
	return store_get_int(store, &there, err,
	                     "SELECT 1 WHERE EXISTS (SELECT 1 FROM dkim_key"
	                     " WHERE domain_id = ?1 AND selector = ?2)"
	                     " OR EXISTS (SELECT 1 FROM domain d JOIN former_key f"
	                     " ON f.name = d.name AND f.selector = ?2"
	                     " WHERE d.id = ?1 OR d.alias_of = ?1)"
	                     " OR EXISTS (SELECT 1 FROM domain d JOIN zone_look z"
	                     " ON z.name = d.name AND z.ref = ?2 || '._domainkey'"
	                     " AND z.had IS NOT NULL"
	                     " WHERE d.id = ?1 OR d.alias_of = ?1)",
	                     "it", domain_id, selector);
}

/* The first unused one of base, base-2, base-3..., from `serial` on. */
static int first_free(struct store *store, int64_t domain_id,
                      const struct selector_form *form, unsigned serial,
                      char **ret_selector, struct err *err)
{
	for (;; serial++) {
		auto_free char *typed = form_fill(form, serial);
		char selector[NAME_SIZE];
		int r = name_parse_selector(typed, selector, err);
		if (r >= 0)
			r = is_taken(store, domain_id, selector, err);
		if (r < 0)
			return r;
		if (r == 0) {
			*ret_selector = xstrdup(selector);
			return 0;
		}
	}
}

int key_next_selector(struct store *store, int64_t domain_id, const char *selector,
                      char **ret_selector, struct err *err)
{
	/* "-2" to "-9": a date in dkim.selector ends in two digits */
	const char *hyphen = strrchr(selector, '-');
	bool has_serial = hyphen && hyphen > selector && hyphen[1] >= '2' &&
	                  hyphen[1] <= '9' && !hyphen[2];
	unsigned serial = has_serial ? (unsigned)(hyphen[1] - '0') : 1;
	struct selector_form form = {
		.before = xmemdup(selector, has_serial ? (size_t)(hyphen - selector)
		                                       : strlen(selector)),
		.after = xstrdup(""),
	};
	int r = first_free(store, domain_id, &form, serial + 1, ret_selector, err);
	form_done(&form);
	return r;
}

int key_choose_selector(struct store *store, const struct ctx *ctx, int64_t domain_id,
                        const char *domain, const char *algorithm, bool is_beside_rsa,
                        char **ret_selector, struct err *err)
{
	auto_free char *pattern = NULL;
	struct selector_form form = { 0 };
	unsigned highest = 0;
	int r = setting_text(store, SET_DKIM_SELECTOR, domain_id, &pattern, err);
	if (r >= 0)
		r = form_make(pattern, ctx_now(ctx), algorithm, is_beside_rsa, &form,
		              err);
	if (r >= 0)
		r = highest_serial(store, domain_id, &form, &highest, err);
	if (r >= 0)
		r = first_free(store, domain_id, &form, highest + 1, ret_selector, err);
	form_done(&form);
	return r == ERR_USAGE ? err_prefix(err,
	                                   _("no selector is available for a new key "
	                                     "of %s"),
	                                   domain)
	                      : r;
}
