/* Tables that a few names were made anew in are the tables that all names give. */
#include "tests/unit/model_store.h"

#include "core/mta/engine/target.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/push/desired_store.h"

static const struct opendkim_place place = { .prefix = "" };

static void change(const char *text)
{
	begin();
	ok(store_script(store, text, &err));
	ok(change_note(store, "domain", NULL, "test", NULL, text, &err));
	commit();
}

static int add_row(void *arg, const struct signing_row *row, struct err *e)
{
	return opendkim_tables_add(arg, row, e);
}

static void render_all(struct store *target, struct opendkim_tables *tables)
{
	struct desired_source source = { store, target };
	struct desired desired = { .signs = true,
		                   .rows = &desired_store_rows,
		                   .source = &source,
		                   .is_everything = true };
	ok(desired_each_signing(&desired, add_row, tables, &err));
	ok(opendkim_tables_end(tables, &err));
}

static void count_row(void *arg, const struct signing_row *row)
{
	assert_non_null(row->name);
	++*(size_t *)arg;
}

/* What opendkim_tables_renew() gives for what moved after `since`. */
static int renew(struct store *target, int64_t since, struct opendkim_tables *tables)
{
	struct desired_source source = { store, target };
	struct desired desired = { .signs = true,
		                   .rows = &desired_store_rows,
		                   .source = &source,
		                   .since = since };
	struct opendkim_keys *keys = NULL;
	size_t told = 0;
	ok(opendkim_keys_new(&desired, &keys, &err));
	tables->chosen = count_row;
	tables->arg = &told;
	int r = opendkim_tables_renew(&desired, keys, &place, tables, &err);
	opendkim_keys_free(keys);
	/* some name that signs is always told of, for a probe of the filter */
	if (r > 0)
		assert_int_equal(told > 0, tables->signing.len > 0);
	return r;
}

static void hold(struct store *target, const char *path, const struct buf *content)
{
	struct digest digest;
	auto_free char *object = xasprintf("file:%s", path);
	digest_of(buf_text(content), content->len, &digest);
	ok(target_put_blob(target, &digest, content, &err));
	ok(store_exec(target, &err,
	              "INSERT OR REPLACE INTO owned (object, value) VALUES (?, ?)", "to",
	              object, digest.at, (size_t)DIGEST_LEN));
}

static void hold_tables(struct store *target, const struct opendkim_tables *tables)
{
	hold(target, OPENDKIM_KEY_TABLE, &tables->keys);
	hold(target, OPENDKIM_SIGNING_TABLE, &tables->signing);
}

/* A key that the mail server holds, public and in use, for that domain. */
#define ED25519_PKCS8                                                        \
	"x'302e020100300506032b65700422042000000000000000000000000000000000" \
	"00000000000000000000000000000000'"
#define SIGNS(name, selector)                                                                              \
	"INSERT INTO dkim_private (pkcs8) VALUES (" ED25519_PKCS8 "); "                                    \
	"INSERT INTO dkim_key (domain_id, selector, algorithm, bits, state, public, "                      \
	"fingerprint, private_id, created, since) SELECT id, '" selector                                   \
	"', 'rsa', 2048, 'active', x'00', zeroblob(32), last_insert_rowid(), 0, 0 FROM domain WHERE name " \
	"= '" name "'; "                                                                                   \
	"INSERT INTO key_public (key_id, name, ready) SELECT k.id, d.name, 1 "                             \
	"FROM dkim_key k JOIN domain d ON d.id = k.domain_id WHERE d.name = '" name "' "                   \
	"AND k.state = 'active'; "                                                                         \
	"INSERT INTO domain_setting SELECT id, 'dkim.sign', 'on' FROM domain "                             \
	"WHERE name = '" name "'; "
#define SWITCH(name, value)                                                 \
	"UPDATE domain_setting SET value = '" value                         \
	"' WHERE key = 'dkim.sign' AND domain_id = (SELECT id FROM domain " \
	"WHERE name = '" name "'); "
#define OFF(name) SWITCH(name, "off")
#define ON(name) SWITCH(name, "on")

static const char *const changes[] = {
	"UPDATE domain SET gen = 1 WHERE 0", /* nothing moves */
	OFF("m.example"),
	ON("m.example"), /* beside m.example.org */
	OFF("m.example"),
	SIGNS("a.example", "s"),   /* a new first line */
	SIGNS("zz.example", "s"),  /* a new last one */
	SIGNS("m-1.example", "s"), /* between names that begin alike */
	OFF("a.example") OFF("zz.example"),
	"UPDATE domain SET suspended = 1 WHERE name = 'mm.example'",
	"UPDATE domain SET suspended = 0 WHERE name = 'mm.example'",
	/* an alias that signs with its main domain's key, then its main domain alone */
	"INSERT INTO key_public (key_id, name, ready) SELECT k.id, 'alias.example', 1 "
	"FROM dkim_key k JOIN domain d ON d.id = k.domain_id WHERE d.name = 'mm.example'",
	"UPDATE dkim_key SET selector = 's2' WHERE domain_id = "
	"(SELECT id FROM domain WHERE name = 'mm.example')",
	"UPDATE domain SET name = 'b.example' WHERE name = 'alias.example'; "
	"UPDATE key_public SET name = 'b.example' WHERE name = 'alias.example'",
	"DELETE FROM domain WHERE name IN ('b.example', 'x.example')",
	"DELETE FROM domain WHERE name = 'mm.example'",
	OFF("m.example.org"),
	OFF("m-1.example") OFF("n.example") OFF("0.example"), /* the last of all */
	SIGNS("new.example", "first"),
};

static void test_renew(void **state)
{
	(void)state;
	static const char *const names[] = {
		"a.example", "m-1.example", "m.example",  "m.example.org", "mm.example",
		"n.example", "new.example", "zz.example", "x.example"
	};
	auto_store target = NULL;
	struct opendkim_tables first = { 0 };
	ok(target_open(&ctx, true, true, &target, &err));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		add_domain(names[i], NULL);
	add_domain("alias.example", "mm.example");
	change(SIGNS("0.example", "s") SIGNS("m.example", "s") SIGNS("m.example.org", "s")
	               SIGNS("mm.example", "s") SIGNS("n.example", "s")
	                       SIGNS("x.example", "s"));
	assert_int_equal(renew(target, 0, &first), 0); /* nothing was pushed yet */
	opendkim_tables_done(&first);
	struct opendkim_tables before = { 0 };
	render_all(target, &before);
	hold_tables(target, &before);
	opendkim_tables_done(&before);
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		struct opendkim_tables all = { 0 }, few = { 0 };
		int64_t since = number("SELECT max(id) FROM change");
		change(changes[i]);
		render_all(target, &all);
		assert_int_equal(renew(target, since, &few), 1);
		assert_string_equal(buf_text(&few.signing), buf_text(&all.signing));
		assert_string_equal(buf_text(&few.keys), buf_text(&all.keys));
		hold_tables(target, &all);
		opendkim_tables_done(&all);
		opendkim_tables_done(&few);
	}
}

/* 0.example signs; so do the aliases of m.example, with its key, but not itself. */
#define ONE_KEY_FOR_ALIASES                                                         \
	SIGNS("0.example", "s")                                                     \
	SIGNS("m.example", "s")                                                     \
	"INSERT INTO domain_setting SELECT id, 'mail', iif(alias_of, 'on', 'off') " \
	"FROM domain WHERE name <> '0.example'; "                                   \
	"INSERT INTO key_public (key_id, name, ready) SELECT k.id, d.name, 1 "      \
	"FROM dkim_key k JOIN domain d ON d.alias_of = k.domain_id"

/* A file that another alias of the same main domain still signs with stays. */
static void test_shared_key(void **state)
{
	(void)state;
	auto_store target = NULL;
	struct opendkim_tables tables = { 0 };
	struct opendkim_plan found = { 0 };
	const struct opendkim_setup setup = { .rank = RANK_PROVIDERS };
	auto_networks none = NETWORKS_INIT;
	auto_plan plan = PLAN_INIT;
	size_t written = 0;
	ok(target_open(&ctx, true, true, &target, &err));
	add_domain("0.example", NULL);
	add_domain("m.example", NULL);
	add_domain("a1.example", "m.example");
	add_domain("a2.example", "m.example");
	change(ONE_KEY_FOR_ALIASES);
	render_all(target, &tables);
	hold_tables(target, &tables);
	assert_null(strstr(buf_text(&tables.signing), "m.example s."));
	opendkim_tables_done(&tables);
	ok(store_script(target,
	                "INSERT INTO owned (object, value, secret, domain) VALUES "
	                "('file:/etc/dkimkeys/m.example/s.private', zeroblob(32), 1, "
	                "'m.example')",
	                &err));
	struct desired_source source = { store, target };
	struct desired desired = { .signs = true,
		                   .rows = &desired_store_rows,
		                   .source = &source,
		                   .since = number("SELECT max(id) FROM change") };
	change("UPDATE domain SET suspended = 1 WHERE name = 'a2.example'");
	ok(opendkim_plan_files(&desired, &place, &setup, &none, true, &plan, &found,
	                       &err));
	for (size_t i = 0; i < plan.count; i++) {
		assert_true(plan.step[i].is_present ||
		            strcmp(plan.step[i].object, OPENDKIM_FINAL) == 0);
		written += strcmp(plan.step[i].object,
		                  "/etc/dkimkeys/m.example/s.private") == 0;
	}
	assert_int_equal(written, 1);
	assert_string_equal(found.signing_name, "0.example");
	assert_string_equal(found.stopped_name, "a2.example");
	opendkim_plan_done(&found);
}

static void test_one_algorithm(void **state)
{
	(void)state;
	auto_store target = NULL;
	struct opendkim_tables tables = { 0 };
	ok(target_open(&ctx, true, true, &target, &err));
	add_domain("a.example", NULL);
	add_domain("b.example", NULL);
	change(SIGNS("a.example", "s"));
	render_all(target, &tables);
	hold_tables(target, &tables);
	opendkim_tables_done(&tables);
	int64_t since = number("SELECT max(id) FROM change");
	change(SIGNS("b.example", "s"));
	change("UPDATE dkim_key SET algorithm = 'ed25519', state = 'active' WHERE id = "
	       "(SELECT max(id) FROM dkim_key)");
	refused(renew(target, since, &tables), ERR_FAILED,
	        "b.example has only an Ed25519 key and a.example signs with RSA");
	opendkim_tables_done(&tables);
}

struct observed {
	char text[256];
};

static int note_path(void *arg, const char *path, struct err *e)
{
	struct observed *observed = arg;
	(void)e;
	strcat(strcat(observed->text, path), ";");
	return 0;
}

static void test_new_paths(void **state)
{
	(void)state;
#define LINE(name, path) "s._domainkey." name " " name ":s:" path "\n"
	static const struct {
		const char *old, *now, *want;
	} rows[] = {
		{ "", "", "" },
		{ LINE("a", "/a"), "", "" },
		{ "", LINE("a", "/a") LINE("b", "/b"), "/a;/b;" },
		{ LINE("a", "/a") LINE("c", "/c"),
		  LINE("a", "/a") LINE("b", "/b") LINE("c", "/c"), "/b;" },
		{ LINE("a", "/a") LINE("b", "/b") LINE("c", "/c"),
		  LINE("a", "/a") LINE("c", "/c2"), "/c2;" },
		{ LINE("b", "/b"), LINE("a", "/a") LINE("b", "/b"), "/a;" },
		/* what an admin made of it */
		{ "# nothing\n\n", LINE("a", "/a"), "/a;" },
		{ LINE("b", "/b") LINE("a", "/a"), LINE("a", "/a") LINE("b", "/b"),
		  "/a;" },
		{ "s._domainkey.a a:s:/a", LINE("a", "/a"), "/a;" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf old = BUF_INIT, now = BUF_INIT;
		struct observed observed = { "" };
		buf_puts(&old, rows[i].old);
		buf_puts(&now, rows[i].now);
		ok(opendkim_each_new_path(&old, &now, note_path, &observed, &err));
		assert_string_equal(observed.text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_renew, setup_store, teardown_store),
		cmocka_unit_test_setup_teardown(test_shared_key, setup_store,
		                                teardown_store),
		cmocka_unit_test_setup_teardown(test_one_algorithm, setup_store,
		                                teardown_store),
		cmocka_unit_test(test_new_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
