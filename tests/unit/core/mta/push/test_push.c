/* push: whether a host follows a store, with the real backends on a root in a temporary folder. */
#include "core/mta/provider/opendkim.h"
#include "core/mta/push/registry.h"
#include "tests/unit/push_host.h"

static void test_follow(void **state)
{
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	auto_free char *before = NULL, *after = NULL;
	char text[2048];

	postfix_at(host);
	before = snapshot(host);
	assert_int_equal(host_generation(host, store), INT64_MAX);
	assert_int_equal(go(host, store, ordinary, text), SAVED_ONLY);
	assert_non_null(strstr(text, "mta adopt"));
	assert_int_equal(go(host, store, asked, text), FAILED);
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_int_equal(host_generation(host, store), 0);
	assert_int_equal(go(host, store, ordinary, text), NOTHING);
	set(host, store, SET_DKIM_RSA_BITS, "4096");
	assert_int_equal(go(host, store, ordinary, text), NOTHING);
	assert_int_equal(host_generation(host, store), 1); /* it moved all the same */
	set(host, store, SET_DKIM_VERIFY, "off");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_int_equal(host_generation(host, store), 2);
	assert_int_equal(go(host, store, removal, text), PUSHED);
	assert_int_equal(host_generation(host, store), INT64_MAX);
	after = snapshot(host);
	assert_string_equal(strstr(after, "/etc"), strstr(before, "/etc"));
}

/* target.db was lost: what an adoption finds of ours and would not change is ours again, and goes. */
static void test_target_is_gone(void **state)
{
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	auto_free char *before = NULL, *after = NULL;
	auto_free char *path = xasprintf("%s/var/lib/mailauthctl/target.db", host->root);
	char text[2048];

	postfix_at(host);
	put(host->root, "/etc/passwd", "root:x:0:0::/:/\nnobody:x:65534:65534::/:/\n",
	    0644);
	put(host->root, POLICYD_PATH, "", 0755);
	before = snapshot(host);
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_int_equal(unlink(path), 0);
	/* one file is another by then: it had not been there before the first push */
	put(host->root, POLICYD_CONF, "# old\n", 0644);
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_file(host, POLICYD_CONF, "hostname:", true);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(go(host, store, adopt, text),
	                 NOTHING); /* all is as it is to be */
	assert_int_equal(go(host, store, removal, text), PUSHED);
	after = snapshot(host);
	assert_string_equal(strstr(after, "/etc"), strstr(before, "/etc"));
	/* an admin's own file where nothing of ours was is kept */
	put(host->root, POLICYD_CONF, "# mine\n", 0644);
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_int_equal(go(host, store, removal, text), PUSHED);
	assert_file(host, POLICYD_CONF, "# mine", true);
}

/* The rank of the step for that path in the last push; -1: none. */
static int64_t rank_of(struct host *host, const char *path)
{
	struct err err = ERR_INIT;
	int64_t rank = -1;

	assert_true(
		store_get_int(host->target, &rank, &err,
	                      "SELECT rank FROM step WHERE kind = 'file' AND object = ? "
	                      "AND push_id = (SELECT max(id) FROM push)",
	                      "t", path) >= 0);
	return rank;
}

/* master.cf before main.cf names the service, and after it let go; whatever the filter does. */
static void test_spf_service(void **state)
{
	static const char master[] = "/etc/postfix/master.cf";
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	auto_free char *after = NULL;
	char text[2048];

	postfix_at(host);
	put(host->root, "/etc/passwd", "root:x:0:0::/:/\nnobody:x:65534:65534::/:/\n",
	    0644);
	put(host->root, MAIN_CF,
	    "compatibility_level = 3.6\nmynetworks = 192.0.2.0/24, !192.0.2.9, 2001:db8::/64\n",
	    0644);
	auto_free char *policyd = xasprintf("%s" POLICYD_PATH, host->root);
	assert_int_equal(unlink(policyd), 0);
	set(host, store, SET_DKIM_VERIFY, "off");
	add_signing(host, store, "a.example");
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_file(host, master, "mailauth", false); /* not installed */
	put(host->root, POLICYD_PATH, "", 0755);
	assert_int_equal(go(host, store, asked, text), PUSHED);
	assert_file(host, master, "user=nobody argv=" POLICYD_PATH "\n", true);
	assert_file(host, MAIN_CF, "= $smtpd_relay_restrictions, " POLICYD_CHECK "\n",
	            true);
	assert_file(host, POLICYD_CONF, "hostname: localhost.localdomain\n", true);
	assert_file(host, POLICYD_CONF, "2001:db8::/64", true);
	assert_file(host, POLICYD_CONF, "192.0.2.0/24", false); /* not all of it */
	assert_true(rank_of(host, POLICYD_CONF) < rank_of(host, master));
	assert_true(rank_of(host, master) < rank_of(host, MAIN_CF));
	set(host, store, SET_SPF_MODE, "reject-softfail");
	set(host, store, SET_SPF_EXPLANATION, "Not from %{i}");
	set(host, store, SET_MTA_TRUSTED_RELAYS, "198.51.100.7");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_int_equal(rank_of(host, MAIN_CF), -1);
	assert_file(host, POLICYD_CONF, "reject-softfail", true);
	assert_file(host, POLICYD_CONF, "Not from %{i}", true);
	assert_file(host, POLICYD_CONF, "198.51.100.7", true);
	set(host, store, SET_SPF_CHECK, "off");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_true(rank_of(host, MAIN_CF) < rank_of(host, master));
	assert_true(rank_of(host, MAIN_CF) < rank_of(host, POLICYD_CONF));
	/* SPF comes while the filter goes: main.cf between both */
	set(host, store, SET_SPF_CHECK, "on");
	set(host, store, SET_DKIM_SIGN, "off");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_true(rank_of(host, master) < rank_of(host, MAIN_CF));
	assert_true(rank_of(host, MAIN_CF) < rank_of(host, "/etc/opendkim.conf"));
	/* no good place: refused where it was asked for */
	put(host->root, MAIN_CF, "smtpd_recipient_restrictions = permit_mynetworks\n",
	    0644);
	assert_int_equal(go(host, store, asked, text), FAILED);
	assert_non_null(strstr(text, POLICYD_CHECK));
	assert_int_equal(go(host, store, removal, text), PUSHED);
	assert_file(host, master, "mailauth", false);
	after = snapshot(host);
	assert_null(strstr(after, "policyd.yaml"));
}

/* A file that its reader would refuse is not written: what is in force stays. */
static void test_spf_service_too_large(void **state)
{
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	auto_buf relays = BUF_INIT;
	char text[2048];

	postfix_at(host);
	put(host->root, "/etc/passwd", "root:x:0:0::/:/\nnobody:x:65534:65534::/:/\n",
	    0644);
	put(host->root, MAIN_CF, "compatibility_level = 3.6\nmynetworks = 192.0.2.0/24\n",
	    0644);
	put(host->root, POLICYD_PATH, "", 0755);
	set(host, store, SET_MTA_TRUSTED_RELAYS, "198.51.100.7");
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_file(host, POLICYD_CONF, "198.51.100.7", true);
	for (unsigned i = 0; i < 20000; i++)
		buf_printf(&relays, "%s2001:db8:1111:2222:3333:4444:5555:%x",
		           i ? " " : "", i + 1);
	set(host, store, SET_MTA_TRUSTED_RELAYS, buf_text(&relays));
	assert_int_equal(go(host, store, asked, text), FAILED);
	assert_non_null(strstr(text, "shorten mta.trusted-relays"));
	assert_file(host, POLICYD_CONF, "198.51.100.7", true);
	set(host, store, SET_MTA_TRUSTED_RELAYS, "198.51.100.8");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_file(host, POLICYD_CONF, "198.51.100.8", true);
}

/* A filter that an admin's own list names goes on being asked: it lets go of our tables first. */
static void test_admins_filter(void **state)
{
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	char text[2048];

	postfix_at(host);
	put(host->root, MAIN_CF,
	    "myhostname = mx.example.net\n"
	    "smtpd_milters = unix:filter/opendkim.sock\n"
	    "non_smtpd_milters = $smtpd_milters\n",
	    0644);
	put(host->root, "/etc/opendkim.conf",
	    "Socket local:/var/spool/postfix/filter/opendkim.sock\n", 0644);
	set(host, store, SET_SPF_CHECK, "off");
	set(host, store, SET_DKIM_VERIFY, "off");
	add_signing(host, store, "a.example");
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_int_equal(rank_of(host, MAIN_CF), -1);
	set(host, store, SET_DKIM_SIGN, "off");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_true(rank_of(host, "/etc/opendkim.conf") <
	            rank_of(host, OPENDKIM_SIGNING_TABLE));
}

static void test_other_store(void **state)
{
	struct host *host = *state;
	auto_store a = store_at(host, "a.db");
	auto_store b = store_at(host, "b.db");
	struct push_options take_over = { .is_adoption = true, .take_over = true };
	char text[2048];

	postfix_at(host);
	assert_int_equal(go(host, a, adopt, text), PUSHED);
	assert_int_equal(go(host, b, ordinary, text), SAVED_ONLY);
	assert_non_null(strstr(text, "another database"));
	assert_int_equal(go(host, b, adopt, text), FAILED);
	assert_non_null(strstr(text, "--take-over"));
	assert_int_equal(go(host, b, removal, text), FAILED);
	assert_int_equal(go(host, b, take_over, text), NOTHING);
	assert_int_equal(host_generation(host, a), INT64_MAX);
	assert_int_equal(host_generation(host, b), 0);
}

/* What a change did not touch is left alone, until a push that looks at all. */
static void test_changed_names(void **state)
{
	static const char *const keys[] = { "/etc/dkimkeys/a.test/default.private",
		                            "/etc/dkimkeys/b.test/default.private",
		                            "/etc/dkimkeys/c.test/default.private" };
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	auto_free char *path = xasprintf("%s%s", host->root, keys[0]);
	struct err err = ERR_INIT;
	char text[2048];

	postfix_at(host);
	add_signing(host, store, "a.test");
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_true(stands(host->root, keys[0]));
	assert_int_equal(unlink(path), 0);
	add_signing(host, store, "b.test");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_true(stands(host->root, keys[1]));
	assert_false(stands(host->root, keys[0]));
	/* a generation that the store does not know says nothing about what changed since */
	assert_int_equal(
		store_exec(host->target, &err, "UPDATE target SET token = 7", ""), 0);
	add_signing(host, store, "c.test");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_true(stands(host->root, keys[2]) && stands(host->root, keys[0]));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(go(host, store, asked, text), PUSHED);
	assert_true(stands(host->root, keys[0]));
}

static void test_held_and_forked(void **state)
{
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	struct err err = ERR_INIT;
	struct target_state now = { 0 };
	char text[2048];

	postfix_at(host);
	set(host, store, SET_DKIM_RSA_BITS, "4096");
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_int_equal(store_exec(host->target, &err, "UPDATE target SET hold = 1", ""),
	                 0);
	set(host, store, SET_DKIM_VERIFY, "off");
	assert_int_equal(go(host, store, ordinary, text), SAVED_ONLY);
	assert_non_null(strstr(text, "held"));
	assert_int_equal(push_state(&host->ctx, store, &now, &err), 0);
	assert_true(now.is_paused && now.is_adopted && now.is_ours);
	assert_string_equal(now.backend, "postfix");
	target_state_done(&now);
	assert_int_equal(go(host, store, asked, text), PUSHED);
	assert_int_equal(host_generation(host, store), 2);
	/* as after a backup was put back: the host is ahead of the store */
	assert_int_equal(
		store_exec(host->target, &err, "UPDATE target SET token = 7", ""), 0);
	assert_int_equal(host_generation(host, store), 0);
	assert_int_equal(go(host, store, ordinary, text), NOTHING);
	assert_int_equal(host_generation(host, store), 2);
}

static void test_other_backend(void **state)
{
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	char text[2048];

	postfix_at(host);
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	set(host, store, SET_MTA_BACKEND, "directory");
	assert_int_equal(go(host, store, ordinary, text), SAVED_ONLY);
	assert_int_equal(go(host, store, asked, text), FAILED);
	assert_non_null(strstr(text, "--remove"));
}

static void test_no_server(void **state)
{
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	auto_free char *path = xasprintf("%s%s", host->root, MAIN_CF);
	char text[2048];

	assert_int_equal(remove(path), 0);
	assert_int_equal(go(host, store, adopt, text), FAILED);
	assert_non_null(strstr(text, "no mail server was found"));
	assert_non_null(strstr(text, "mta.backend directory"));
}

/* mta.backend may name each server of the registry, in its order, and nothing else but "auto". */
static void test_backend_words(void **state)
{
	const char *const *words = setting_table[SET_MTA_BACKEND].words;

	(void)state;
	assert_string_equal(words[0], "auto");
	for (unsigned i = 0; i < registry_count; i++) {
		assert_non_null(words[i + 1]);
		assert_string_equal(words[i + 1], registry[i]->name);
	}
	assert_null(words[registry_count + 1]);
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_follow),
		ROW(test_target_is_gone),
		ROW(test_spf_service),
		ROW(test_admins_filter),
		ROW(test_spf_service_too_large),
		ROW(test_other_store),
		ROW(test_changed_names),
		ROW(test_held_and_forked),
		ROW(test_other_backend),
		ROW(test_no_server),
		cmocka_unit_test(test_backend_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
