/* tests/unit/model_store.h: a root and a store of its own for each test, a clock that stands, and
 * programs that are only written down. */
#ifndef TESTS_UNIT_MODEL_STORE_H
#define TESTS_UNIT_MODEL_STORE_H

#include "tests/unit/file_root.h"

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/model/domain/domain.h"
#include "core/model/setting/setting.h"
#include "core/store/change.h"
#include "core/store/schema.h"
#include "core/store/store.h"

#define NOON 1795348800 /* 2026-11-22T12:00:00Z */

static struct store *store;
static int64_t clock_now;
static struct buf said; /* what was reported, one line each */
static struct buf ran;  /* the programs that were started, one line each */
static int exit_status; /* of the next ones */

static inline int64_t stopped_clock(const struct ctx *c)
{
	(void)c;
	return clock_now;
}

static inline void hear(void *arg, enum report_level level, const char *text)
{
	(void)arg;
	buf_printf(&said, "%d %s\n", (int)level, text);
}

static inline int write_down(struct ctx *c, const struct run_spec *spec,
                             struct run_result *ret_result, struct err *e)
{
	(void)c;
	(void)e;
	for (const char *const *word = spec->argv; *word; word++)
		buf_printf(&ran, "%s%s", word == spec->argv ? "" : " ", *word);
	buf_putc(&ran, '\n');
	*ret_result = (struct run_result){ .exit_status = exit_status };
	if (exit_status)
		buf_puts(&ret_result->errors, "cannot talk to the name server\n");
	return 0;
}

#define ok(expression)                                             \
	do {                                                       \
		if ((expression) < 0)                              \
			fail_msg("%s: %s", #expression, err.text); \
	} while (0)

/* Fails with that code, and a sentence that holds `words`. */
#define refused(expression, want_code, words)                                \
	do {                                                                 \
		err_clear(&err);                                             \
		assert_int_equal((expression), (want_code));                 \
		if (!strstr(err.text, (words)))                              \
			fail_msg("\"%s\" is not in: %s", (words), err.text); \
		err_clear(&err);                                             \
	} while (0)

static inline void begin(void)
{
	ok(store_begin(store, true, &err));
	ok(change_begin(store, &ctx, "test", &err));
}

static inline bool commit(void)
{
	bool is_changed;
	ok(change_end(store, &is_changed, &err));
	ok(store_commit(store, &err));
	return is_changed;
}

static inline void sql(const char *text)
{
	begin();
	ok(store_script(store, text, &err));
	commit();
}

static inline int64_t number(const char *query)
{
	int64_t value = -1;
	ok(store_get_int(store, &value, &err, query, ""));
	return value;
}

static inline int setup_store(void **state)
{
	if (setup(state) < 0)
		return -1;
	ctx.now = stopped_clock;
	ctx.run = write_down;
	ctx.report = hear;
	clock_now = NOON;
	exit_status = 0;
	make_dir("/var", 0755);
	make_dir("/var/lib", 0755);
	return store_open(host("/var/lib/mailauthctl/mailauthctl.db"), &schema_store,
	                  STORE_CREATE, &store, &err);
}

static inline int teardown_store(void **state)
{
	store_close(store);
	buf_done(&said);
	buf_done(&ran);
	return teardown(state);
}

static inline void add_domain(const char *name, const char *main_name)
{
	auto_domain main_domain = DOMAIN_INIT;
	auto_domain domain = DOMAIN_INIT;
	begin();
	if (main_name)
		ok(domain_find(store, main_name, &main_domain, &err));
	ok(domain_add(store, &ctx, name, main_name ? &main_domain : NULL, &domain, &err));
	commit();
}

static inline void set(enum setting_key key, const char *name, const char *text)
{
	auto_domain domain = DOMAIN_INIT;
	begin();
	if (name)
		ok(domain_find(store, name, &domain, &err));
	ok(setting_set(store, key, domain.id, name, text, &err));
	commit();
}

/* An Ed25519 key of 32 octets `octet`, whose private half the mail server holds. */
static inline void add_key(const char *name, const char *selector, const char *state,
                           unsigned char octet)
{
	unsigned char public_key[32];
	memset(public_key, octet, sizeof(public_key));
	begin();
	ok(store_exec(
		store, &err,
		"INSERT INTO dkim_key (domain_id, selector, algorithm, bits, state, public,"
		" fingerprint, server_owned, created, since)"
		" SELECT id, ?, 'ed25519', 256, ?, ?, ?, 1, 0, 0 FROM domain WHERE name = ?",
		"ttoot", selector, state, public_key, sizeof(public_key), public_key,
		sizeof(public_key), name));
	commit();
}

#endif
