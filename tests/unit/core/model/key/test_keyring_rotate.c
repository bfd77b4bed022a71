/* Rotation and revocation: no key signs before its record is public, and no name stops signing. */
#include "tests/unit/model_store.h"

#include "core/model/key/keyring.h"
#include "core/model/key/publish.h"
#include "core/model/key/signing.h"

enum { DAYS = 86400 };

static void look(const char *name, struct domain *domain)
{
	ok(domain_find(store, name, domain, &err));
}

/* "one:active two:pending" of a.example. */
static void assert_states(const char *want)
{
	auto_free char *text = NULL;
	ok(store_get_text(
		store, &text, &err,
		"SELECT coalesce(group_concat(selector || ':' || state, ' '), '')"
		" FROM (SELECT selector, state FROM dkim_key ORDER BY id)",
		""));
	assert_string_equal(text, want);
}

static int note_row(void *arg, const struct signing_row *row, struct err *e)
{
	struct buf *out = arg;
	(void)e;
	buf_printf(out, "%s%s:%s", out->len ? " " : "", row->name, row->selector);
	return 0;
}

/* "a.example:default", for each name that signs. */
static void assert_signs(const char *want)
{
	auto_buf out = BUF_INIT;
	ok(signing_each(store, note_row, &out, &err));
	assert_string_equal(buf_text(&out), want);
}

static void make(const struct keygen_job *job, struct key_pair *ret_pair)
{
	ok(key_generate(job->algorithm, job->bits, ret_pair, &err));
}

/* The number of keys that it made. */
static size_t rotate_in(enum keyring_scope scope)
{
	auto_domain domain = DOMAIN_INIT;
	struct keygen_job jobs[2];
	struct key_pair pairs[2];
	size_t count;
	look("a.example", &domain);
	ok(keyring_rotate_missing(store, &ctx, &domain, scope, jobs, &count, &err));
	for (size_t i = 0; i < count; i++)
		make(&jobs[i], &pairs[i]);
	begin();
	ok(keyring_rotate(store, &ctx, &domain, scope, pairs, count, &err));
	commit();
	for (size_t i = 0; i < count; i++)
		key_pair_done(&pairs[i]);
	return count;
}

static void publish(const char *name, enum key_fact fact)
{
	auto_domain domain = DOMAIN_INIT;
	look(name, &domain);
	begin();
	ok(publish_mark(store, &ctx, &domain, 0, fact, &err));
	commit();
}

static void pass_time(int64_t seconds, int64_t host_gen)
{
	clock_now += seconds;
	begin();
	ok(keyring_due(store, &ctx, host_gen, &err));
	commit();
}

static void add_signer(void)
{
	auto_domain domain = DOMAIN_INIT;
	struct keygen_job jobs[2];
	struct key_pair pair;
	enum keyring_outcome outcome;
	size_t count;
	add_domain("a.example", NULL);
	set(SET_DKIM_ALGORITHM, NULL, "ed25519");
	look("a.example", &domain);
	ok(keyring_missing(store, &domain, jobs, &count, &err));
	assert_int_equal(count, 1);
	make(&jobs[0], &pair);
	begin();
	ok(keyring_enable(store, &ctx, &domain, KEYS_OURS, &pair, 1, false, &outcome,
	                  &err));
	commit();
	key_pair_done(&pair);
	publish("a.example", KEY_EXPORTED);
	assert_states("default:active");
}

static void whole_life(void **state)
{
	(void)state;
	add_signer();
	assert_int_equal(rotate_in(ROTATE_ALL), 1);
	assert_states("default:active default-2:pending");
	assert_signs("a.example:default");
	/* again: no second one */
	assert_int_equal(rotate_in(ROTATE_ALL), 0);
	assert_states("default:active default-2:pending");
	publish("a.example", KEY_EXPORTED);
	assert_states("default:retiring default-2:active");
	assert_signs("a.example:default-2");
	pass_time(7 * DAYS - 1, INT64_MAX);
	assert_states("default:retiring default-2:active");
	/* the host may still sign with it */
	pass_time(1, 1);
	assert_states("default:retiring default-2:active");
	assert_int_equal(number("SELECT count(*) FROM dkim_private"), 2);
	pass_time(0, INT64_MAX);
	assert_states("default:revoked default-2:active");
	assert_int_equal(number("SELECT count(*) FROM dkim_private"), 1);
	pass_time(7 * DAYS, INT64_MAX);
	assert_states("default-2:active");
	/* a serial is not used again */
	assert_int_equal(rotate_in(ROTATE_ALL), 1);
	assert_states("default-2:active default-3:pending");
}

/* An alias signs with the present key until the new one's record is public under its name, too. */
static void alias_is_waited_for(void **state)
{
	auto_domain alias = DOMAIN_INIT;
	auto_free char *waits = NULL;
	(void)state;
	add_signer();
	add_domain("b.example", "a.example");
	publish("b.example", KEY_EXPORTED);
	set(SET_DNS_SERVICE, "b.example", "external");
	assert_int_equal(rotate_in(ROTATE_ALL), 1);
	publish("a.example", KEY_EXPORTED);
	assert_states("default:active default-2:pending");
	assert_signs("a.example:default b.example:default");
	auto_domain domain = DOMAIN_INIT;
	look("a.example", &domain);
	ok(publish_waits_for(store, &domain, &waits, &err));
	assert_non_null(strstr(waits, "b.example: selector default-2"));
	publish("b.example", KEY_SEEN);
	assert_states("default:retiring default-2:active");
	assert_signs("a.example:default-2 b.example:default-2");
	/* it is gone: nothing to wait for */
	assert_int_equal(rotate_in(ROTATE_ALL), 1);
	publish("a.example", KEY_EXPORTED);
	assert_states("default:retiring default-2:active default-3:pending");
	look("b.example", &alias);
	begin();
	ok(store_exec(store, &err, "UPDATE domain SET suspended = 1 WHERE id = ?", "i",
	              alias.id));
	commit();
	pass_time(0, INT64_MAX);
	assert_states("default:retiring default-2:retiring default-3:active");
}

/* A key that replaces one waits for its record even with dkim.activate now. */
static void now_waits_too(void **state)
{
	(void)state;
	add_signer();
	set(SET_DKIM_ACTIVATE, NULL, "now");
	assert_int_equal(rotate_in(ROTATE_ALL), 1);
	assert_states("default:active default-2:pending");
	publish("a.example", KEY_EXPORTED);
	assert_states("default:retiring default-2:active");
	set(SET_DNS_SERVICE, "a.example", "external");
	assert_int_equal(rotate_in(ROTATE_ALL), 1);
	publish("a.example", KEY_EXPORTED);
	assert_states("default:retiring default-2:active default-3:pending");
	publish("a.example", KEY_SEEN);
	assert_states("default:retiring default-2:retiring default-3:active");
}

static void algorithm_changes(void **state)
{
	(void)state;
	add_signer();
	set(SET_DKIM_RSA_BITS, NULL, "1024");
	set(SET_DKIM_ALGORITHM, NULL, "both");
	assert_int_equal(rotate_in(ROTATE_ALL), 2);
	assert_states("default:active default-2:pending default-ed25519:pending");
	publish("a.example", KEY_EXPORTED);
	assert_states("default:retiring default-2:active default-ed25519:active");
	set(SET_DKIM_ALGORITHM, NULL, "rsa");
	assert_int_equal(rotate_in(ROTATE_ALL), 1);
	publish("a.example", KEY_EXPORTED);
	assert_states("default:retiring default-2:retiring default-ed25519:retiring "
	              "default-3:active");
	/* the other algorithm alone: the present key signs until then */
	set(SET_DKIM_ALGORITHM, NULL, "ed25519");
	set(SET_DKIM_SELECTOR, NULL, "{algorithm}-{date}-{serial}");
	assert_int_equal(rotate_in(ROTATE_ALL), 1);
	assert_signs("a.example:default-3");
	publish("a.example", KEY_EXPORTED);
	assert_signs("a.example:ed25519-20261122-1");
	assert_int_equal(number("SELECT count(*) FROM dkim_key WHERE state = 'active'"),
	                 1);
	assert_int_equal(rotate_in(ROTATE_ALL), 1);
	publish("a.example", KEY_EXPORTED);
	assert_signs("a.example:ed25519-20261122-2");
}

static int count_one(void *arg, const char *name, struct err *e)
{
	(void)e;
	assert_string_equal(name, "a.example");
	++*(size_t *)arg;
	return 0;
}

static size_t count_due(void)
{
	size_t count = 0;
	ok(keyring_rotate_each(store, &ctx, ROTATE_DUE, count_one, &count, &err));
	return count;
}

static void due_by_age(void **state)
{
	(void)state;
	add_signer();
	clock_now += 400 * DAYS;
	assert_int_equal(count_due(), 0);
	assert_int_equal(rotate_in(ROTATE_DUE), 0);
	set(SET_DKIM_ROTATE_AFTER, NULL, "401d");
	assert_int_equal(count_due(), 0);
	assert_int_equal(rotate_in(ROTATE_DUE), 0);
	/* older than that of the server, and not than its own */
	set(SET_DKIM_ROTATE_AFTER, NULL, "90d");
	set(SET_DKIM_ROTATE_AFTER, "a.example", "401d");
	assert_int_equal(count_due(), 0);
	assert_int_equal(rotate_in(ROTATE_DUE), 0);
	clock_now += DAYS;
	assert_int_equal(count_due(), 1);
	set(SET_DKIM_ROTATE_AFTER, "a.example", "0");
	assert_int_equal(count_due(), 0);
	set(SET_DKIM_ROTATE_AFTER, "a.example", "90d");
	assert_int_equal(count_due(), 1);
	assert_int_equal(rotate_in(ROTATE_DUE), 1);
	/* it is replaced already */
	assert_int_equal(count_due(), 0);
	assert_int_equal(rotate_in(ROTATE_DUE), 0);
	publish("a.example", KEY_EXPORTED);
	assert_int_equal(count_due(), 0);
	set(SET_DKIM_SIGN, NULL, "off");
	clock_now += 400 * DAYS;
	assert_int_equal(count_due(), 0);
}

static const char *revoke_key(const char *selector, size_t *ret_made)
{
	auto_domain domain = DOMAIN_INIT;
	struct keygen_job jobs[2];
	struct key_pair pairs[2];
	const char *was = NULL;
	look("a.example", &domain);
	ok(keyring_revoke_missing(store, &domain, selector, jobs, ret_made, &err));
	for (size_t i = 0; i < *ret_made; i++)
		make(&jobs[i], &pairs[i]);
	begin();
	ok(keyring_revoke(store, &ctx, &domain, selector, pairs, *ret_made, &was, &err));
	commit();
	for (size_t i = 0; i < *ret_made; i++)
		key_pair_done(&pairs[i]);
	return was;
}

static void revocation(void **state)
{
	size_t made;
	(void)state;
	add_signer();
	assert_string_equal(revoke_key("default", &made), "active");
	assert_int_equal(made, 1);
	assert_states("default:retiring default-2:pending");
	assert_signs("");
	/* not before the host stopped */
	pass_time(0, 1);
	assert_states("default:retiring default-2:pending");
	pass_time(0, INT64_MAX);
	assert_states("default:revoked default-2:pending");
	assert_string_equal(revoke_key("default", &made), "revoked");
	publish("a.example", KEY_EXPORTED);
	assert_signs("a.example:default-2");
	/* a pending key is there already: no other one is made */
	assert_int_equal(rotate_in(ROTATE_ALL), 1);
	assert_string_equal(revoke_key("default-2", &made), "active");
	assert_int_equal(made, 0);
	sql("UPDATE dkim_key SET state = 'parked', due = NULL"
	    " WHERE selector = 'default-2'");
	assert_string_equal(revoke_key("default-2", &made), "parked");
	assert_states("default:revoked default-3:pending");
}

static int try_rotate(const char *name)
{
	auto_domain domain = DOMAIN_INIT;
	struct keygen_job jobs[2];
	size_t count;
	look(name, &domain);
	return keyring_rotate_missing(store, &ctx, &domain, ROTATE_ALL, jobs, &count,
	                              &err);
}

static int try_revoke(const char *name, const char *selector)
{
	auto_domain domain = DOMAIN_INIT;
	struct keygen_job jobs[2];
	size_t count;
	look(name, &domain);
	return keyring_revoke_missing(store, &domain, selector, jobs, &count, &err);
}

static void refusals(void **state)
{
	int64_t theirs;
	(void)state;
	add_domain("off.example", NULL);
	add_domain("alias.example", "off.example");
	refused(try_rotate("off.example"), ERR_FAILED, "DKIM is off for off.example");
	refused(try_rotate("alias.example"), ERR_FAILED, "is an alias");
	refused(try_revoke("alias.example", "default"), ERR_FAILED, "is an alias");
	refused(try_revoke("off.example", "default"), ERR_MISSING, "has no keys");
	add_key("off.example", "theirs", "active", 1);
	set(SET_DKIM_SIGN, "off.example", "on");
	refused(try_rotate("off.example"), ERR_FAILED, "makes the keys of off.example");
	refused(try_revoke("off.example", "theirs"), ERR_FAILED, "the mail server made");
	ok(keyring_count_theirs(store, &theirs, &err));
	assert_int_equal(theirs, 1);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup_store, teardown_store)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ROW(whole_life),        ROW(alias_is_waited_for), ROW(now_waits_too),
		ROW(algorithm_changes), ROW(due_by_age),          ROW(revocation),
		ROW(refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
