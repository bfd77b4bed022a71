/*
 * IceWarp, against a server on the loopback that answers as its public clients describe: our keys in its
 * domains, its variables, releases without some of them, and every fault that a server may have.
 */
#include "tests/unit/remote_world.h"

#include "core/mta/push/backend_choose.h"

#define SERVER "tests/lib/icewarpd.py"

static const char *const *more; /* further words of the server's command line */

static struct store *begin(struct host *host)
{
	const char *words[12] = { SERVER, "admin", PASSWORD, "example.com",
		                  "example.org" };
	struct store *store;

	for (int i = 0; more && more[i]; i++)
		words[5 + i] = more[i];
	python_server_start(&server, words);
	is_live = true;
	put(host->root, ACCOUNT, "user admin\npassword " PASSWORD "\n", 0600);
	store = store_at(host, "var/lib/a.db");
	set(host, store, SET_MTA_BACKEND, "icewarp");
	set(host, store, SET_MTA_URL, server.url);
	set(host, store, SET_MTA_CREDENTIALS_FILE, ACCOUNT);
	set(host, store, SET_MTA_HOSTNAME, "mail.example.com");
	return store;
}

/* The private key is in the database, and nowhere else. */
static void end(struct host *host, struct store *store)
{
	auto_free char *journal =
		xasprintf("%s/var/lib/mailauthctl/target.db", host->root);
	auto_free char *wal = xasprintf("%s-wal", journal);

	assert_nowhere(host, PASSWORD);
	assert_nowhere(host, "sid-");
	assert_false(has_octets(journal, "PRIVATE KEY"));
	assert_false(has_octets(wal, "PRIVATE KEY"));
	assert_null(strstr(buf_text(&world.reports), "PRIVATE KEY"));
	ctx_close_kept(&host->ctx);
	assert_server("\"logouts\": 0", false);
	store_close(store);
	python_server_end(&server);
	more = NULL;
}

static void be_enabled(struct host *host, struct store *store,
                       const struct domain *domain)
{
	static struct key_pair pair; /* one is enough: it takes a while */
	enum keyring_outcome outcome;
	struct err err = ERR_INIT;

	if (!pair.pkcs8.at)
		assert_int_equal(key_generate("rsa", 1024, &pair, &err), 0);
	if (keyring_enable(store, &host->ctx, domain, KEYS_OURS, &pair, 1, true, &outcome,
	                   &err))
		fail_msg("%s", err.text);
}

static void test_life(void **state)
{
	struct host *host = *state;
	struct store *store = begin(host);

	change_in(host, store, "example.com", be_enabled);
	assert_outcome(host, store, adopt, PUSHED);
	assert_server(
		"\"example.com\": {\"D_DKIM_Active\": \"1\", \"D_DKIM_Selector\": "
		"\"default\", \"D_DKIM_PrivateKey\": \"-----BEGIN PRIVATE KEY-----\\n",
		true);
	assert_server("\"C_Accounts_Global_Domains_DomainKeys\": \"1\"", true);
	assert_outcome(host, store, ordinary, NOTHING);
	assert_outcome(host, store, asked, NOTHING);
	/* its pages write the key with other line ends */
	auto_free char *was = control(NULL);
	char *key = strstr(was, "-----BEGIN PRIVATE"), *stop = strstr(key, "\"");
	auto_buf text = BUF_INIT;
	buf_puts(&text,
	         "{\"domain\": \"example.com\", \"set\": {\"D_DKIM_PrivateKey\": \"");
	for (; key < stop; key++)
		if (key[0] == '\\' && key[1] == 'n') {
			buf_puts(&text, "\\r\\n");
			key++;
		} else {
			buf_putc(&text, *key);
		}
	buf_puts(&text, "\"}}");
	order(buf_text(&text));
	assert_outcome(host, store, asked, NOTHING);
	/* an edit is told */
	order("{\"domain\": \"example.com\", \"set\": {\"D_DKIM_Selector\": \"theirs\"}}");
	char said[4096];
	assert_int_equal(go(host, store, asked, said), FAILED);
	assert_non_null(strstr(said, "example.com dkim"));
	assert_outcome(host, store,
	               (struct push_options){ .is_explicit = true, .force = true },
	               PUSHED);
	assert_server("\"D_DKIM_Selector\": \"default\"", true);
	change_in(host, store, "example.com", be_disabled);
	assert_outcome(host, store, ordinary, PUSHED);
	assert_server(
		"\"example.com\": {\"D_DKIM_Active\": \"0\", \"D_DKIM_Selector\": \"\", "
		"\"D_DKIM_PrivateKey\": \"\"}",
		true);
	assert_server("\"C_Accounts_Global_Domains_DomainKeys\": \"0\"", true);
	change_in(host, store, "example.com", be_enabled);
	assert_outcome(host, store, ordinary, PUSHED);
	assert_server("\"D_DKIM_Active\": \"1\"", true);
	assert_outcome(host, store, removal, PUSHED);
	assert_server("\"D_DKIM_Active\": \"1\"", false);
	assert_server("PRIVATE", false);
	end(host, store);
}

/* A key of the administrator's is not lost unasked; one that is the same is taken over. */
static void test_their_key(void **state)
{
	struct host *host = *state;
	struct store *store = begin(host);
	struct push_options replace = adopt;
	char text[4096];

	order("{\"domain\": \"example.com\", \"set\": {\"D_DKIM_Selector\": \"old\", "
	      "\"D_DKIM_Active\": \"1\", \"D_DKIM_PrivateKey\": \"THEIRS\"}}");
	change_in(host, store, "example.org", be_enabled);
	assert_outcome(host, store, adopt, PUSHED);
	change_in(host, store, "example.com", be_enabled);
	assert_int_equal(push_now(host, store, ordinary, text), ERR_FAILED);
	assert_non_null(strstr(text, "has a DKIM key of example.com already"));
	assert_string_equal(remedy, "mailauthctl mta adopt --replace-filter");
	assert_null(strstr(text, "THEIRS"));
	assert_server("\"D_DKIM_PrivateKey\": \"THEIRS\"", true);
	replace.replace_filter = true;
	ctx_close_kept(&host->ctx);
	assert_outcome(host, store, replace, PUSHED);
	assert_server("\"D_DKIM_PrivateKey\": \"THEIRS\"", false);
	end(host, store);
}

static void test_settings(void **state)
{
	struct host *host = *state;
	struct store *store = begin(host);
	struct err err = ERR_INIT;

	assert_int_equal(
		backend_check_setting(&host->ctx, store, "dmarc.check", "on", &err),
		ERR_FAILED);
	err_clear(&err);
	assert_outcome(host, store, adopt, PUSHED);
	assert_server("\"C_Mail_Security_DMARC_UseSPF\": \"1\", "
	              "\"C_Mail_Security_DMARC_SPFSoftFail\": \"0\", "
	              "\"C_Mail_Security_DMARC_SPFHardFail\": \"0\", "
	              "\"C_Mail_Security_DMARC_UseDKIM\": \"1\"",
	              true);
	/* the probe found it */
	if (backend_check_setting(&host->ctx, store, "dmarc.check", "on", &err))
		fail_msg("%s", err.text);
	set(host, store, SET_SPF_MODE, "reject-softfail");
	set(host, store, SET_DMARC_CHECK, "on");
	set(host, store, SET_SRS_ENABLED, "on");
	assert_outcome(host, store, ordinary, PUSHED);
	assert_server(
		"SPFSoftFail\": \"2\", \"C_Mail_Security_DMARC_SPFHardFail\": \"2\"",
		true);
	assert_server("\"C_Mail_Security_DMARC_UseDMARC\": \"1\", "
	              "\"C_Mail_Security_DMARC_DMARCReject\": \"1\"",
	              true);
	assert_server("\"C_Mail_SMTP_Other_SPFSRS\": \"1\"", true);
	assert_outcome(host, store, asked, NOTHING);
	set(host, store, SET_SPF_MODE, "reject-fail");
	set(host, store, SET_DMARC_REJECT, "off");
	set(host, store, SET_SRS_ENABLED, "off");
	assert_outcome(host, store, ordinary, PUSHED);
	assert_server(
		"SPFSoftFail\": \"0\", \"C_Mail_Security_DMARC_SPFHardFail\": \"2\"",
		true);
	assert_server("DMARCReject\": \"0\", \"C_Mail_SMTP_Other_SPFSRS\": \"0\"", true);
	assert_int_equal(backend_check_setting(&host->ctx, store, "spf.mode",
	                                       "reject-not-pass", &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "spf.mode reject-softfail"));
	assert_outcome(host, store, removal, PUSHED);
	assert_server("\"C_Mail_Security_DMARC_UseSPF\": \"0\", "
	              "\"C_Mail_Security_DMARC_SPFSoftFail\": \"1\", "
	              "\"C_Mail_Security_DMARC_SPFHardFail\": \"1\", "
	              "\"C_Mail_Security_DMARC_UseDKIM\": \"0\"",
	              true);
	end(host, store);
}

/* What the server does not have is not claimed, and no domain is made. */
static void test_releases(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;

	more = (const char *[]){ "--without", "C_Mail_Security_DMARC_UseDMARC",
		                 "--without", "D_DKIM_Active", NULL };
	struct store *store = begin(host);
	change_in(host, store, "example.com", be_enabled);
	change_in(host, store, "example.net", be_enabled);
	assert_outcome(host, store, adopt, PUSHED);
	assert_server("PRIVATE", false);
	assert_server("example.net", false);
	assert_int_equal(
		backend_check_setting(&host->ctx, store, "dmarc.check", "on", &err),
		ERR_FAILED);
	assert_non_null(strstr(err.text, "does not have that variable"));
	order("{\"domain\": \"example.net\", \"do\": \"add\"}");
	order("{\"domain\": \"example.net\", \"set\": {\"D_DKIM_Active\": \"0\"}}");
	assert_outcome(host, store, asked, PUSHED);
	assert_server("\"example.net\": {\"D_DKIM_Selector\": \"default\"", true);
	end(host, store);
}

/* ---- faults ------------------------------------------------------------------------------------ */

static const struct fault {
	const char *order, *want; /* what is said; NULL: it passes */
} faults[] = {
	{ "{\"faults\": [{\"match\": \"getserver\", \"do\": \"expire\"}]}", NULL },
	{ "{\"faults\": [{\"match\": \"setdomain\", \"do\": \"expire\"}]}", NULL },
	{ "{\"faults\": [{\"match\": \"setdomain\", \"do\": \"result -2\"}]}",
	  "refuses \"setdomainproperties\": the licence does not include it" },
	{ "{\"faults\": [{\"match\": \"setserver\", \"at\": 2, \"do\": \"500\"}]}",
	  "(HTTP 500)" },
	{ "{\"faults\": [{\"match\": \"setdomain\", \"do\": \"500\"}]}", "(HTTP 500)" },
	{ "{\"faults\": [{\"match\": \"getdomainsinfo\", \"do\": \"text\"}]}",
	  "not XML" },
	{ "{\"faults\": [{\"match\": \"authenticate\", \"do\": \"result -11\"}]}",
	  "the login is blocked" },
};

static void test_faults(void **state)
{
	struct host *host = *state;
	char text[4096];

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		if (i > 0)
			assert_int_equal(setup(state), 0);
		host = *state;
		struct store *store = begin(host);

		change_in(host, store, "example.com", be_enabled);
		order(faults[i].order);
		int rc = push_now(host, store, adopt, text);
		if (faults[i].want) {
			assert_int_equal(rc, ERR_FAILED);
			if (!strstr(text, faults[i].want))
				fail_msg("%zu: %s", i, text);
			assert_server("PRIVATE", false);
			assert_server("\"C_Mail_Security_DMARC_UseSPF\": \"1\"", false);
			assert_outcome(host, store, adopt, PUSHED);
		} else if (rc) {
			fail_msg("%zu: %s", i, text);
		}
		assert_server("PRIVATE", true);
		assert_server("\"C_Mail_Security_DMARC_UseSPF\": \"1\"", true);
		end(host, store);
		if (i + 1 < ARRAY_LEN(faults))
			assert_int_equal(teardown(state), 0);
	}
}

static void test_account(void **state)
{
	struct host *host = *state;
	struct store *store = begin(host);
	char text[4096];

	put(host->root, ACCOUNT, "user admin\npassword wrong-" PASSWORD "\n", 0600);
	assert_int_equal(push_now(host, store, adopt, text), ERR_FAILED);
	assert_non_null(strstr(text,
	                       "does not accept the account in mta.credentials-file: the "
	                       "password is wrong"));
	put(host->root, ACCOUNT, "user admin\npassword " PASSWORD "\n", 0600);
	ctx_close_kept(&host->ctx);
	assert_outcome(host, store, adopt, PUSHED);
	end(host, store);
}

/* ---- killed ------------------------------------------------------------------------------------ */

static int killed_in_child(struct host *host)
{
	struct store *store = store_at(host, "var/lib/a.db");
	char text[4096];

	return push_now(host, store, ordinary, text) ? 3 : 0;
}

static void test_killed(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	int killed = 0;

	for (int late = 0; late < 2; late++)
		for (int call = 1 + late;; call += kill_stride()) {
			if (killed)
				assert_int_equal(setup(state), 0);
			host = *state;
			struct store *store = begin(host);
			auto_free char *path = xasprintf("%s/var/lib/a.db", host->root);

			assert_outcome(host, store, adopt, PUSHED);
			change_in(host, store, "example.com", be_enabled);
			set(host, store, SET_SPF_MODE, "reject-fail");
			set(host, store, SET_SRS_ENABLED, "on");
			store_close(store);
			bool was_killed = is_killed(host, killed_in_child, call, late);
			if (push_recover(&host->ctx, path, false, &err))
				fail_msg("call %d: %s", call, err.text);
			if (was_killed) {
				assert_server("SPFHardFail\": \"2\"", false);
				assert_server("PRIVATE", false);
			}
			store = store_at(host, "var/lib/a.db");
			if (was_killed)
				assert_outcome(host, store, ordinary, PUSHED);
			assert_server("SPFHardFail\": \"2\"", true);
			assert_server("PRIVATE", true);
			assert_outcome(host, store, asked, NOTHING);
			end(host, store);
			if (!was_killed) {
				if (!late)
					assert_int_equal(teardown(state), 0);
				break;
			}
			killed++;
			assert_int_equal(teardown(state), 0);
		}
	assert_true(killed > 3);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_life),     ROW(test_their_key), ROW(test_settings),
		ROW(test_releases), ROW(test_faults),    ROW(test_account),
		ROW(test_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
