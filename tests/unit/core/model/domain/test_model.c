/* Keys and their selectors in the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/text.h"
#include "core/model/key/key.h"
#include "core/model/key/key_crypto.h"
#include "core/model/key/key_secret.h"
#include "core/model/setting/env.h"
#include "core/model/setting/setting.h"
#include "core/store/change.h"
#include "core/store/schema.h"
#include "core/store/store.h"

static void check_same_pair(const struct key_pair *a, const struct key_pair *b)
{
	assert_string_equal(a->algorithm, b->algorithm);
	assert_int_equal(a->bits, b->bits);
	assert_int_equal(a->public_len, b->public_len);
	assert_memory_equal(a->public_key, b->public_key, a->public_len);
	assert_int_equal(a->pkcs8.len, b->pkcs8.len);
	assert_memory_equal(a->pkcs8.at, b->pkcs8.at, a->pkcs8.len);
}

#define NOON INT64_C(1795391999) /* 2026-11-22T23:59:59Z */

static int64_t now_is_noon(const struct ctx *ctx)
{
	(void)ctx;
	return NOON;
}

struct world {
	char folder[64];
	char *path;
	struct store *store;
	struct ctx ctx;
	struct key_pair pair; /* one that any test may insert */
};

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	struct world *w = xcalloc(1, sizeof(*w));
	snprintf(w->folder, sizeof(w->folder), "/tmp/test_model.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	w->path = xasprintf("%s/store.db", w->folder);
	w->ctx =
		(struct ctx){ .actor = (char *)(uintptr_t) "tester", .now = now_is_noon };
	assert_int_equal(
		store_open(w->path, &schema_store, STORE_CREATE, &w->store, &err), 0);
	assert_int_equal(store_begin(w->store, true, &err), 0);
	assert_int_equal(change_begin(w->store, &w->ctx, "test", &err), 0);
	assert_int_equal(
		store_script(w->store,
	                     "INSERT INTO domain (id, name, alias_of, template_rev,"
	                     " created, gen) VALUES (1, 'example.com', NULL, 1, 0, 1),"
	                     " (2, 'a.example', NULL, 1, 0, 1),"
	                     " (3, 'alias.example', 1, 1, 0, 1)",
	                     &err),
		0);
	assert_int_equal(key_generate("ed25519", 0, &w->pair, &err), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	struct world *w = *state;
	store_close(w->store);
	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		auto_free char *path = xasprintf("%s%s", w->path, tails[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(w->folder), 0);
	key_pair_done(&w->pair);
	free(w->path);
	free(w);
	return 0;
}

static int64_t number_of(struct world *w, const char *sql)
{
	struct err err = ERR_INIT;
	int64_t value = -1;
	assert_int_equal(store_get_int(w->store, &value, &err, sql, ""), 1);
	return value;
}

static int64_t insert(struct world *w, int64_t domain_id, const char *domain,
                      const char *selector, const char *state)
{
	struct err err = ERR_INIT;
	int64_t id = 0;
	if (key_insert(w->store, &w->ctx, domain_id, domain, selector, state, &w->pair,
	               &id, &err) != 0)
		fail_msg("%s: %s", selector, err.text);
	return id;
}

static void check_last_note(struct world *w, const char *domain, const char *field,
                            const char *old, const char *new_value)
{
	struct err err = ERR_INIT;
	auto_stmt stmt = NULL;
	assert_int_equal(
		store_query(w->store, &stmt, &err,
	                    "SELECT object, domain, field, old, new FROM change_item"
	                    " ORDER BY change_id DESC, seq DESC LIMIT 1",
	                    ""),
		0);
	assert_int_equal(stmt_next(stmt, &err), 1);
	assert_string_equal(stmt_text(stmt, 0), "key");
	assert_string_equal(stmt_text(stmt, 1), domain);
	assert_string_equal(stmt_text(stmt, 2), field);
	assert_string_equal(stmt_text(stmt, 3) ? stmt_text(stmt, 3) : "NULL",
	                    old ? old : "NULL");
	assert_string_equal(stmt_text(stmt, 4) ? stmt_text(stmt, 4) : "NULL",
	                    new_value ? new_value : "NULL");
}

static void test_insert_and_find(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_key key = { 0 };
	struct digest digest;
	char hex[2 * DIGEST_LEN + 1];
	int64_t id = insert(w, 1, "example.com", "default", "pending");
	assert_int_equal(key_find(w->store, 1, "example.com", "default", &key, &err), 0);
	digest_of(w->pair.public_key, w->pair.public_len, &digest);
	digest_hex(&digest, hex);
	assert_int_equal(key.id, id);
	assert_int_equal(key.domain_id, 1);
	assert_string_equal(key.domain, "example.com");
	assert_string_equal(key.selector, "default");
	assert_string_equal(key.algorithm, "ed25519");
	assert_int_equal(key.bits, 256);
	assert_string_equal(key.state, "pending");
	assert_int_equal(key.public_len, 32);
	assert_memory_equal(key.public_key, w->pair.public_key, 32);
	assert_memory_equal(key.fingerprint.at, digest.at, DIGEST_LEN);
	assert_true(key.has_private);
	assert_int_equal(key.created, NOON);
	assert_int_equal(key.since, NOON);
	assert_int_equal(key.due, 0);
	auto_free char *note = xasprintf("ed25519 256 pending SHA256:%.16s", hex);
	check_last_note(w, "example.com", "default", NULL, note);

	int64_t other = 0;
	assert_int_equal(key_id_of(w->store, "example.com", "default", &other, &err), 1);
	assert_int_equal(other, id);
	assert_int_equal(key_id_of(w->store, "example.com", "x", &other, &err), 0);
	assert_int_equal(key_id_of(w->store, "a.example", "default", &other, &err), 0);
	assert_int_equal(key_insert(w->store, &w->ctx, 1, "example.com", "default",
	                            "parked", &w->pair, &other, &err),
	                 ERR_FAILED);
	assert_string_equal(err.text,
	                    "example.com already has a key with the selector default");
	assert_int_equal(number_of(w, "SELECT count(*) FROM dkim_private"), 1);
}

static void test_find_names_the_others(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	struct key key = { .id = 7 };
	assert_int_equal(key_find(w->store, 1, "example.com", "x", &key, &err),
	                 ERR_MISSING);
	assert_string_equal(err.text, "example.com has no keys");
	insert(w, 1, "example.com", "one", "parked");
	insert(w, 1, "example.com", "default", "parked");
	insert(w, 2, "a.example", "x", "parked");
	assert_int_equal(key_find(w->store, 1, "example.com", "x", &key, &err),
	                 ERR_MISSING);
	assert_string_equal(err.text,
	                    "example.com has no key with the selector x; it has "
	                    "default, one");
	for (int i = 0; i < 9; i++) {
		char selector[16];
		snprintf(selector, sizeof(selector), "s%d", i);
		insert(w, 1, "example.com", selector, "parked");
	}
	assert_int_equal(key_find(w->store, 1, "example.com", "x", &key, &err),
	                 ERR_MISSING);
	assert_string_equal(err.text,
	                    "example.com has no key with the selector x; it has "
	                    "default, one, s0, s1, s2, s3, s4, s5, s6, s7, ...");
	assert_int_equal(key_find(NULL, 1, "example.com", "x", &key, &err), ERR_MISSING);
	assert_int_equal(key.id, 7);
}

static void assert_listed(struct store *store, int64_t domain_id, const char *want)
{
	auto_stmt keys = NULL;
	auto_buf seen = BUF_INIT;
	struct key key;
	struct err err = ERR_INIT;
	assert_int_equal(key_query(store, domain_id, &keys, &err), 0);
	while (key_next(keys, &key, &err) == 1)
		buf_printf(&seen, "%s/%s ", key.domain, key.selector);
	assert_int_equal(err.code, 0);
	assert_string_equal(buf_text(&seen), want);
}

static void test_query(void **state)
{
	struct world *w = *state;
	assert_listed(w->store, 0, "");
	assert_listed(NULL, 0, "");
	insert(w, 1, "example.com", "b", "parked");
	insert(w, 1, "example.com", "a", "parked");
	insert(w, 2, "a.example", "c", "parked");
	assert_listed(w->store, 0, "a.example/c example.com/a example.com/b ");
	assert_listed(w->store, 1, "example.com/a example.com/b ");
}

static void test_set_state(void **state)
{
	static const struct {
		const char *state;
		int64_t due;
		bool is_published;
		bool has_p; /* the record has something behind p= */
	} rows[] = {
		{ "pending", 0, true, true },   { "active", 0, true, true },
		{ "retiring", 77, true, true }, { "revoked", 78, true, false },
		{ "resting", 79, true, true },  { "parked", 0, false, true },
	};
	struct world *w = *state;
	struct err err = ERR_INIT;
	int64_t id = insert(w, 1, "example.com", "default", "parked");
	auto_free char *before = xstrdup("parked");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_key key = { 0 }, after = { 0 };
		assert_int_equal(store_exec(w->store, &err,
		                            "UPDATE dkim_key SET since = 1 WHERE id = ?",
		                            "i", id),
		                 0);
		assert_int_equal(
			key_find(w->store, 1, "example.com", "default", &key, &err), 0);
		assert_int_equal(key_set_state(w->store, &w->ctx, &key, rows[i].state,
		                               rows[i].due, &err),
		                 0);
		assert_int_equal(
			key_find(w->store, 1, "example.com", "default", &after, &err), 0);
		assert_string_equal(after.state, rows[i].state);
		assert_int_equal(after.due, rows[i].due);
		assert_int_equal(after.since, NOON);
		assert_int_equal(after.created, NOON);
		check_last_note(w, "example.com", "default", before, rows[i].state);
		assert_int_equal(key_is_published(&after), rows[i].is_published);
		auto_free char *record = key_record_text(&after);
		assert_int_equal(strlen(record), rows[i].has_p ? 66 : 22);
		free(before);
		before = xstrdup(rows[i].state);
	}
	assert_int_equal(number_of(w, "SELECT count(*) FROM dkim_key WHERE due IS NULL"),
	                 1);
}

static void test_secret(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_secret der = SECRET_INIT, pem = SECRET_INIT;
	auto_key_pair back = { 0 };
	int64_t id = insert(w, 1, "example.com", "default", "pending");
	assert_int_equal(key_secret_der(w->store, id, &der, &err), 0);
	assert_int_equal(der.len, w->pair.pkcs8.len);
	assert_memory_equal(der.at, w->pair.pkcs8.at, der.len);
	assert_int_equal(key_secret_pem(w->store, id, &pem, &err), 0);
	assert_int_equal(key_parse_private(pem.at, pem.len, &back, &err), 0);
	check_same_pair(&back, &w->pair);
	assert_int_equal(key_secret_der(w->store, id + 1, &der, &err), ERR_MISSING);
	assert_int_equal(key_secret_pem(w->store, id + 1, &pem, &err), ERR_MISSING);
	/* a database that fails is not one without the key */
	assert_int_equal(
		store_exec(w->store, &err, "ALTER TABLE dkim_private RENAME TO lost", ""),
		0);
	err_clear(&err);
	assert_int_equal(key_secret_der(w->store, id, &der, &err), ERR_FAILED);
	err_clear(&err);
	assert_int_equal(key_secret_put(w->store, &w->pair.pkcs8, &id, &err), ERR_FAILED);
}

/* Whether the database's files hold the octets anywhere. */
static bool is_on_disk(struct world *w, const void *octets, size_t len)
{
	static const char *const tails[] = { "", "-wal" };
	bool is_there = false;
	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		auto_free char *path = xasprintf("%s%s", w->path, tails[i]);
		auto_buf all = BUF_INIT;
		char piece[4096];
		size_t got;
		FILE *file = fopen(path, "r");
		while (file && (got = fread(piece, 1, sizeof(piece), file)) > 0)
			buf_add(&all, piece, got);
		if (file)
			fclose(file);
		is_there |= memmem(buf_text(&all), all.len, octets, len) != NULL;
	}
	return is_there;
}

static void test_delete(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_key key = { 0 };
	insert(w, 1, "example.com", "default", "active");
	const unsigned char *seed = w->pair.pkcs8.at + w->pair.pkcs8.len - 32;
	assert_int_equal(store_commit(w->store, &err), 0);
	assert_true(is_on_disk(w, seed, 32));
	assert_int_equal(store_begin(w->store, true, &err), 0);
	assert_int_equal(change_begin(w->store, &w->ctx, "test", &err), 0);
	assert_int_equal(key_find(w->store, 1, "example.com", "default", &key, &err), 0);
	assert_int_equal(key_delete(w->store, &key, &err), 0);
	check_last_note(w, "example.com", "default", "active", NULL);
	assert_int_equal(store_commit(w->store, &err), 0);
	assert_int_equal(number_of(w, "SELECT count(*) FROM dkim_private"), 0);
	assert_int_equal(number_of(w, "SELECT count(*) FROM dkim_key"), 0);
	/* its domain and the alias that signs with it moved */
	assert_int_equal(number_of(w, "SELECT count(*) FROM domain WHERE gen = 2"), 2);
	assert_false(is_on_disk(w, seed, 32));
}

static void test_choose_selector(void **state)
{
	static const struct {
		const char *pattern, *algorithm;
		bool is_beside_rsa;
		const char *keys;   /* of the domain */
		const char *former; /* "<name>/<selector>" */
		const char *selector;
	} rows[] = {
		{ "default", "rsa", false, "", "", "default" },
		{ "default", "rsa", true, "", "", "default" },
		{ "default", "ed25519", false, "", "", "default" },
		{ "default", "ed25519", true, "", "", "default-ed25519" },
		{ "default", "rsa", false, "default", "", "default-2" },
		/* the others were deleted: a serial is not used again */
		{ "default", "rsa", false, "default default-2 default-4", "",
		  "default-5" },
		{ "default", "rsa", false,
		  "default-9 default-x default-03 default-20261122", "", "default-10" },
		{ "m{serial}", "rsa", false, "", "", "m1" },
		{ "m{serial}", "rsa", false, "m1 m2", "", "m3" },
		{ "m{serial}", "rsa", false, "m1", "alias.example/m2", "m3" },
		{ "m{serial}", "ed25519", true, "m1 m4-ed25519", "", "m5-ed25519" },
		{ "{algorithm}-{date}", "ed25519", true, "rsa-20261122", "",
		  "ed25519-20261122" },
		{ "{algorithm}-{date}", "rsa", false, "rsa-20261122", "",
		  "rsa-20261122-2" },
		{ "k{date}.{serial}.x", "rsa", false, "k20261121.7.x k20261122.7.x", "",
		  "k20261122.8.x" },
		{ "default", "ed25519", true, "default default-ed25519", "",
		  "default-ed25519-2" },
		{ "default", "rsa", false, "", "example.com/default", "default-2" },
		{ "default", "rsa", false, "", "alias.example/default", "default-2" },
		{ "default", "rsa", false, "", "a.example/default", "default" },
		{ "default", "rsa", false, "default-2", "alias.example/default",
		  "default-3" },
		{ "k%Y%m%d", "rsa", false, "", "", "k20261122" },
		{ "%d.%m-%Y", "ed25519", true, "", "", "22.11-2026-ed25519" },
		{ "K%Y", "rsa", false, "k2026", "", "k2026-2" },
	};
	struct world *w = *state;
	struct err err = ERR_INIT;
	setenv("TZ", "Asia/Tokyo", 1); /* where the next day has begun */
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char **keys = NULL, **former = NULL;
		auto_free char *selector = NULL;
		size_t key_count, former_count;
		assert_int_equal(
			store_script(w->store,
		                     "DELETE FROM dkim_key; DELETE FROM former_key",
		                     &err),
			0);
		text_split_list(rows[i].keys, &keys, &key_count);
		for (size_t k = 0; k < key_count; k++)
			insert(w, 1, "example.com", keys[k], "parked");
		text_split_list(rows[i].former, &former, &former_count);
		for (size_t k = 0; k < former_count; k++) {
			char *slash = strchr(former[k], '/');
			*slash = '\0';
			assert_int_equal(store_exec(w->store, &err,
			                            "INSERT INTO former_key VALUES"
			                            " (?, ?, 'rsa', x'00', 99)",
			                            "tt", former[k], slash + 1),
			                 0);
		}
		assert_int_equal(setting_set(w->store, SET_DKIM_SELECTOR, 1,
		                             "example.com", rows[i].pattern, &err),
		                 0);
		assert_int_equal(key_choose_selector(w->store, &w->ctx, 1, "example.com",
		                                     rows[i].algorithm,
		                                     rows[i].is_beside_rsa, &selector,
		                                     &err),
		                 0);
		if (strcmp(selector, rows[i].selector) != 0)
			fail_msg("row %zu: %s, not %s", i, selector, rows[i].selector);
	}
	unsetenv("TZ");
	tzset();
}

/* Names of hosts that nobody else can look up are not published. */
static void test_public_name(void **state)
{
	static const struct {
		const char *name;
		bool is_public;
	} rows[] = {
		{ "mx.example.com", true },
		{ "mx.example.com.", true },
		{ "localdomain.example", true },
		{ "mail.local.example", true },
		{ "mx.test", true },
		{ NULL, false },
		{ "", false },
		{ ".", false },
		{ "mx", false },
		{ "mx.", false },
		{ ".com", false },
		{ "a1b2c3d4e5f6.localdomain", false },
		{ "A1B2C3D4E5F6.LocalDomain.", false },
		{ "localhost.localdomain", false },
		{ "localhost", false },
		{ "mx.localhost", false },
		{ "mail.local", false },
		{ "mx.corp.internal", false },
		{ "nas.home.arpa", false },
		{ "mx.invalid", false },
		{ "192.0.2.1", false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (env_is_public_name(rows[i].name) != rows[i].is_public)
			fail_msg("%s", rows[i].name);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(test_insert_and_find), IN_STORE(test_find_names_the_others),
		IN_STORE(test_query),           IN_STORE(test_set_state),
		IN_STORE(test_secret),          IN_STORE(test_delete),
		IN_STORE(test_choose_selector), cmocka_unit_test(test_public_name),
	};
	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
