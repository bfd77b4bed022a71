/*
 * SmarterMail, against a server on the loopback that answers as its public clients describe: a domain's way
 * from nothing to signing and back, server-wide settings, and every fault that a server may have.
 */
#include "tests/unit/remote_world.h"

#include "core/mta/push/backend_choose.h"

#define SERVER "tests/lib/smartermaild.py"

static const char *const *more; /* further words of the server's command line */

static struct store *start_with(struct host *host, const char *account)
{
	const char *words[12] = { SERVER, "admin", PASSWORD, "example.com",
		                  "example.org" };
	struct store *store;

	for (int i = 0; more && more[i]; i++)
		words[5 + i] = more[i];
	python_server_start(&server, words);
	is_live = true;
	put(host->root, ACCOUNT, account, 0600);
	store = store_at(host, "var/lib/a.db");
	set(host, store, SET_MTA_BACKEND, "smartermail");
	set(host, store, SET_MTA_URL, server.url);
	set(host, store, SET_MTA_CREDENTIALS_FILE, ACCOUNT);
	set(host, store, SET_MTA_HOSTNAME, "mail.example.com");
	return store;
}

static struct store *begin(struct host *host)
{
	return start_with(host, "user admin\npassword " PASSWORD "\n");
}

static void end(struct host *host, struct store *store)
{
	assert_nowhere(host, PASSWORD);
	assert_nowhere(host, "tok-");
	assert_null(strstr(buf_text(&world.reports), "tok-"));
	ctx_close_kept(&host->ctx);
	store_close(store);
	python_server_end(&server);
	more = NULL;
}

static void be_enabled(struct host *host, struct store *store,
                       const struct domain *domain)
{
	enum keyring_outcome outcome;
	struct err err = ERR_INIT;

	if (keyring_enable(store, &host->ctx, domain, KEYS_SERVER, NULL, 0, false,
	                   &outcome, &err))
		fail_msg("%s", err.text);
}

static void be_exported(struct host *host, struct store *store,
                        const struct domain *domain)
{
	struct err err = ERR_INIT;

	if (publish_mark(store, &host->ctx, domain, 0, KEY_EXPORTED, &err))
		fail_msg("%s", err.text);
}

/* The domain's keys as "SELECTOR STATE", separated by commas. */
static void assert_keys(struct store *store, const char *name, const char *want)
{
	struct domain domain = DOMAIN_INIT;
	struct err err = ERR_INIT;
	auto_buf text = BUF_INIT;
	auto_stmt keys = NULL;
	struct key key;
	int rc;

	assert_int_equal(domain_look(store, name, &domain, &err), 1);
	assert_int_equal(key_query(store, domain.id, &keys, &err), 0);
	while ((rc = key_next(keys, &key, &err)) > 0)
		buf_printf(&text, "%s%s %s", text.len ? "," : "", key.selector,
		           key.state);
	assert_int_equal(rc, 0);
	if (strcmp(buf_text(&text), want) != 0)
		fail_msg("%s: %s", buf_text(&text), buf_text(&world.reports));
	domain_done(&domain);
}

/* A key is made by the server, its record is public, it signs, and is switched off and on again. */
static void domain_life(struct host *host)
{
	struct store *store = begin(host);

	change_in(host, store, "example.com", be_enabled);
	assert_outcome(host, store, ordinary, SAVED_ONLY);
	assert_server("\"calls\": []", true);
	assert_outcome(host, store, adopt, PUSHED);
	assert_keys(store, "example.com", "2b8u4dab93d58y1 pending");
	assert_server("\"active\": null, \"pending\": {\"selector\": \"2B8U4DAB93D58Y1\"",
	              true);
	assert_server("\"signs\": true", false);
	assert_outcome(host, store, asked, NOTHING);
	change_in(host, store, "example.com", be_exported);
	assert_keys(store, "example.com", "2b8u4dab93d58y1 active");
	assert_outcome(host, store, ordinary, PUSHED);
	assert_server("\"isActive\": true, \"signs\": true", true);
	assert_outcome(host, store, ordinary, NOTHING);
	assert_outcome(host, store, asked, NOTHING);
	change_in(host, store, "example.com", be_disabled);
	assert_outcome(host, store, ordinary, PUSHED);
	assert_server("\"signs\": true", false);
	assert_outcome(host, store, asked, NOTHING);
	/* the server says that the key is active, whether it signs or not */
	change_in(host, store, "example.com", be_enabled);
	assert_outcome(host, store, ordinary, PUSHED);
	assert_server("\"signs\": true", true);
	assert_outcome(host, store, asked, NOTHING);
	assert_server("\"made\": 1,", true);
	/* that is what there was before this ownership */
	assert_outcome(host, store, removal, PUSHED);
	assert_server("\"signs\": true", true);
	end(host, store);
}

static void test_life(void **state)
{
	domain_life(*state);
}

/* Where the system administrator has no routes for DKIM. */
static void test_domain_routes(void **state)
{
	more = (const char *[]){ "--without", "dkim-routes", NULL };
	domain_life(*state);
}

/* A key that the server's own pages made replaces the one in use once its record is public. */
static void test_rollover(void **state)
{
	struct host *host = *state;
	struct store *store = begin(host);

	change_in(host, store, "example.com", be_enabled);
	assert_outcome(host, store, adopt, PUSHED);
	change_in(host, store, "example.com", be_exported);
	assert_outcome(host, store, ordinary, PUSHED);
	order("{\"domain\": \"example.com\", \"do\": \"rollover\"}");
	ctx_close_kept(&host->ctx); /* another command */
	assert_outcome(host, store, asked, NOTHING);
	assert_keys(store, "example.com",
	            "2b8u4dab93d58y1 active,2b8u4dab93d58y2 pending");
	change_in(host, store, "example.com", be_exported);
	assert_keys(store, "example.com",
	            "2b8u4dab93d58y1 retiring,2b8u4dab93d58y2 active");
	assert_outcome(host, store, ordinary, PUSHED);
	assert_server("\"active\": {\"selector\": \"2B8U4DAB93D58Y2\"", true);
	assert_outcome(host, store, removal, PUSHED);
	assert_server("\"signs\": true", false);
	end(host, store);
}

static void test_settings(void **state)
{
	struct host *host = *state;
	struct store *store = begin(host);
	struct err err = ERR_INIT;

	assert_outcome(host, store, adopt, PUSHED);
	assert_server(
		"\"spfEnabled\": true, \"spfEnableSmtpIn\": true, \"spfWeightPass\": 0, "
		"\"spfWeightFail\": 20, \"spfWeightSoftFail\": 10,",
		true);
	assert_server("\"dkimEnabled\": true", true);
	set(host, store, SET_SPF_MODE, "reject-softfail");
	set(host, store, SET_DMARC_CHECK, "on");
	set(host, store, SET_SRS_ENABLED, "on");
	assert_outcome(host, store, ordinary, PUSHED);
	assert_server("\"spfWeightFail\": 30, \"spfWeightSoftFail\": 30, "
	              "\"spfWeightNeutral\": 0,",
	              true);
	assert_server("\"spfSrsEnabled\": true, \"dkimEnabled\": true, "
	              "\"dkimMaxMessageSign\": 100, \"spamEnableDmarcPolicy\": true, "
	              "\"others\": {\"kept\": [1, 2.5, \"x\"]}}",
	              true);
	set(host, store, SET_SPF_MODE, "reject-not-pass");
	set(host, store, SET_SRS_ENABLED, "off");
	assert_outcome(host, store, ordinary, PUSHED);
	assert_server("\"spfWeightNeutral\": 30, \"spfWeightNone\": 30, "
	              "\"spfWeightPermError\": 30, ",
	              true);
	assert_server("\"spfSrsEnabled\": false", true);
	/* edits by hand are told */
	order("{\"antispam\": {\"spamEnableDmarcPolicy\": false}}");
	char text[4096];
	assert_int_equal(go(host, store, asked, text), FAILED);
	assert_non_null(strstr(text, "antispam dmarc"));
	assert_outcome(host, store,
	               (struct push_options){ .is_explicit = true, .force = true },
	               PUSHED);
	assert_server("\"spamEnableDmarcPolicy\": true", true);
	assert_int_equal(backend_check_setting(&host->ctx, store, "spf.mode",
	                                       "defer-dns-errors", &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "spf.mode headers-only"));
	assert_outcome(host, store, removal, PUSHED);
	assert_server("\"spfEnabled\": false, \"spfEnableSmtpIn\": false, "
	              "\"spfWeightPass\": 0, \"spfWeightFail\": 20, "
	              "\"spfWeightSoftFail\": 10,",
	              true);
	assert_server("\"dkimEnabled\": false", true);
	end(host, store);
}

/* A release whose interface does not show the settings, and one that does not let them be changed. */
static void test_releases(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	char text[4096];

	more = (const char *[]){ "--without", "antispam", NULL };
	struct store *store = begin(host);
	change_in(host, store, "example.com", be_enabled);
	assert_outcome(host, store, adopt, PUSHED);
	assert_int_equal(
		backend_check_setting(&host->ctx, store, "dmarc.check", "on", &err),
		ERR_FAILED);
	assert_non_null(strstr(err.text, "SmarterMail has no DMARC; its interface"));
	assert_keys(store, "example.com", "2b8u4dab93d58y1 pending");
	assert_outcome(host, store, removal, PUSHED);
	ctx_close_kept(&host->ctx);
	python_server_end(&server);
	store_close(store);
	auto_free char *path = xasprintf("%s/var/lib/a.db", host->root);
	assert_int_equal(unlink(path), 0);
	more = (const char *[]){ "--without", "antispam-post", NULL };
	store = begin(host);
	assert_int_equal(push_now(host, store, adopt, text), ERR_FAILED);
	assert_non_null(strstr(text, "does not let its"));
	end(host, store);
}

/* ---- faults ------------------------------------------------------------------------------------ */

static const struct fault {
	const char *order, *want; /* what is said; NULL: it passes */
} faults[] = {
	{ "{\"faults\": [{\"match\": \"GET .*antispam\", \"do\": \"expire\"}]}", NULL },
	{ "{\"faults\": [{\"match\": \"GET .*antispam\", \"do\": \"expire all\"}]}",
	  NULL },
	{ "{\"faults\": [{\"match\": \"POST .*dkim-create\", \"do\": \"expire\"}]}",
	  NULL },
	{ "{\"faults\": [{\"match\": \"POST .*dkim-create\", \"do\": \"refuse no licence\"}]}",
	  "refuses \"settings/sysadmin/dkim-create-rollover/example.com/2048\" (HTTP 200): no "
	  "licence" },
	{ "{\"faults\": [{\"match\": \"POST .*dkim-create\", \"do\": \"500\"}]}",
	  "(HTTP 500)" },
	{ "{\"faults\": [{\"match\": \"POST .*dkim-create\", \"do\": \"400 bad size\"}]}",
	  "(HTTP 400): bad size" },
	{ "{\"faults\": [{\"match\": \"POST .*antispam\", \"do\": \"500\"}]}",
	  "(HTTP 500)" },
	{ "{\"faults\": [{\"match\": \"POST .*antispam\", \"at\": 2, \"do\": \"500\"}]}",
	  "(HTTP 500)" },
	{ "{\"faults\": [{\"match\": \"GET .*antispam\", \"do\": \"text\"}]}",
	  "not a JSON object" },
	{ "{\"faults\": [{\"match\": \"GET .*get-version\", \"do\": \"404\"}, {\"match\": \"GET "
	  ".*system-info\", \"do\": \"404\"}]}",
	  NULL },
	{ "{\"faults\": [{\"match\": \"GET .*domain-settings\", \"do\": \"refuse no\"}]}",
	  "domain-settings/example.com\" (HTTP 200): no" },
	{ "{\"faults\": [{\"match\": \"POST auth\", \"do\": \"500\"}]}", "(HTTP 500)" },
};

/* What failed is undone, as far as it can be; the next run does the rest. */
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
			assert_server("\"pending\": null", true);
			assert_server("\"spfEnabled\": true", false);
			assert_outcome(host, store, adopt, PUSHED);
		} else if (rc) {
			fail_msg("%zu: %s", i, text);
		}
		assert_keys(store, "example.com",
		            strstr(text, "antispam-settings") &&
		                            strstr(faults[i].order, "POST")
		                    ? "2b8u4dab93d58y2 pending"
		                    : "2b8u4dab93d58y1 pending");
		assert_server("\"spfEnabled\": true", true);
		end(host, store);
		if (i + 1 < ARRAY_LEN(faults))
			assert_int_equal(teardown(state), 0);
	}
}

static void test_account(void **state)
{
	struct host *host = *state;
	struct store *store =
		start_with(host, "user admin\npassword wrong-" PASSWORD "\n");
	char text[4096];

	assert_int_equal(push_now(host, store, adopt, text), ERR_FAILED);
	assert_non_null(strstr(text, "the account in mta.credentials-file: "));
	assert_null(strstr(text, PASSWORD));
	/* others can read it */
	put(host->root, ACCOUNT, "user admin\npassword " PASSWORD "\n", 0644);
	ctx_close_kept(&host->ctx);
	assert_int_equal(push_now(host, store, adopt, text), ERR_FAILED);
	assert_non_null(strstr(text, "has mode 0644"));
	put(host->root, ACCOUNT, "user admin\npassword " PASSWORD "\n", 0600);
	assert_outcome(host, store, adopt, PUSHED);
	end(host, store);
}

static void test_missing_domain(void **state)
{
	struct host *host = *state;
	struct store *store = begin(host);

	change_in(host, store, "example.net", be_enabled);
	assert_outcome(host, store, adopt, PUSHED);
	assert_keys(store, "example.net", "");
	assert_server("example.net", false == false);
	assert_server("\"made\": 0", true);
	order("{\"domain\": \"example.net\", \"do\": \"add\"}");
	ctx_close_kept(&host->ctx);
	assert_outcome(host, store, asked, PUSHED);
	assert_keys(store, "example.net", "2b8u4dab93d58y1 pending");
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
			if (was_killed)
				assert_server("\"spfWeightFail\": 30", false);
			store = store_at(host, "var/lib/a.db");
			if (was_killed)
				assert_outcome(host, store, ordinary, PUSHED);
			assert_server("\"spfWeightFail\": 30", true);
			assert_server("\"spfSrsEnabled\": true", true);
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
	assert_true(killed > 5);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_life),     ROW(test_domain_routes),  ROW(test_rollover),
		ROW(test_settings), ROW(test_releases),       ROW(test_faults),
		ROW(test_account),  ROW(test_missing_domain), ROW(test_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
