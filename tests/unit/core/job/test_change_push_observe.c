/*
 * A server that is reached over the network is observed before the database's transaction, so that a slow
 * one makes no writer wait; again when where it is was changed meanwhile, and in the transaction at last.
 */
#include "tests/unit/push_host.h"

#include "core/job/change_push.h"
#include "core/mta/host/service_kind.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/shared.h"
#include "core/mta/push/push_observe.h"
#include "core/mta/push/registry.h"

static struct {
	struct host *host;
	char *db_path;
	int early,
		late; /* how often it was observed, outside and inside of a transaction */
	int moves;    /* so many times where it is is changed while it is observed */
	bool is_dead;
} net;

/* What another command does meanwhile; it must not have to wait. */
static void change_url(void)
{
	struct err err = ERR_INIT;
	auto_store other = NULL;
	auto_free char *url = xasprintf("https://mx%d.example.net/", net.moves);

	if (store_open(net.db_path, &schema_store, STORE_WRITE, &other, &err))
		fail_msg("%s", err.text);
	set(net.host, other, SET_MTA_URL, url);
}

static int detect(struct ctx *ctx, struct store *store, struct mta_found *ret_found,
                  struct err *err)
{
	(void)ctx, (void)store, (void)err;
	*ret_found = (struct mta_found){ .is_installed = true, .is_running = true };
	return 0;
}

static int observe(struct ctx *ctx, struct store *store, void **ret_observed,
                   struct err *err)
{
	(void)ctx;
	if (store_in_transaction(store)) {
		net.late++;
	} else {
		net.early++;
		if (net.moves > 0) {
			change_url();
			net.moves--;
		}
	}
	if (net.is_dead)
		return err_set(err, ERR_FAILED, "nobody answers");
	*ret_observed = xstrdup("what it has");
	return 0;
}

static void observed_free(void *observed)
{
	free(observed);
}

static int plan(const struct desired *desired, const void *observed,
                struct plan *ret_plan, struct err *err)
{
	(void)err;
	assert_string_equal(observed, "what it has");
	plan_file(ret_plan, RANK_CONSUMERS, "/etc/postfix/main.cf",
	          desired && desired->verifies ? "verifies\n" : "not\n",
	          desired && desired->verifies ? 9 : 4, FILE_META_KEEP, 0);
	return 0;
}

static const struct mta_backend remote = {
	.name = "smartermail",
	.title = "Remote",
	.is_remote = true,
	.detect = detect,
	.observe = observe,
	.observed_free = observed_free,
	.plan = plan,
};

const struct mta_backend *const registry[] = { &remote };
const unsigned registry_count = 1;
const struct shared_format *const shared_formats[] = { NULL };
const unsigned shared_format_count = 0;
const struct service_kind *const service_kinds[] = { NULL };
const unsigned service_kind_count = 0;
const struct probe_type *const probe_types[] = { NULL };
const unsigned probe_type_count = 0;

const struct mta_backend *registry_find(const char *name)
{
	return strcmp(name, remote.name) == 0 ? &remote : NULL;
}

static int change(struct session *session, void *arg, struct err *err)
{
	static bool verifies = true;
	static int number;
	const enum setting_key *key = arg;
	auto_free char *url = xasprintf("https://own%d.example.net/", number++);

	if (*key == SET_MTA_URL)
		return setting_set(session->store, *key, 0, NULL, url, err);
	verifies = !verifies;
	return setting_set(session->store, *key, 0, NULL, verifies ? "on" : "off", err);
}

static int save(struct host *host, bool is_adoption, enum setting_key key,
                struct err *err)
{
	struct session session = SESSION_INIT;

	net.early = net.late = 0;
	session.ctx = host->ctx;
	session.ctx.is_rooted = true;
	session.ctx.command = session.ctx.actor = (char *)(uintptr_t) "test";
	session.db_path = net.db_path;
	session.push.is_adoption = is_adoption;
	int r = change_push_run(&session, CHANGE_PUSHED, change, &key, err);
	store_close(session.store);
	return r;
}

static void test_observe(void **state)
{
	static const struct {
		const char *name;
		enum setting_key key;
		int moves;
		int early, late;
	} rows[] = {
		{ "nothing else is changed", SET_DKIM_VERIFY, 0, 1, 0 },
		{ "where it is, once", SET_DKIM_VERIFY, 1, 2, 0 },
		{ "where it is, twice", SET_DKIM_VERIFY, 2, 3, 0 },
		{ "where it is, each time", SET_DKIM_VERIFY, 9, 3, 1 },
		{ "by the command itself", SET_MTA_URL, 0, 1, 1 },
	};
	struct host *host = *state;
	struct err err = ERR_INIT;

	net.host = host;
	net.db_path = xasprintf("%s/a.db", host->root);
	{
		auto_store store = store_at(host, "a.db");
		set(host, store, SET_MTA_BACKEND, "smartermail");
		set(host, store, SET_MTA_HOSTNAME, "mx.example.net");
	}
	if (save(host, true, SET_DKIM_VERIFY, &err))
		fail_msg("adoption: %s", err.text);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		net.moves = rows[i].moves;
		if (save(host, false, rows[i].key, &err))
			fail_msg("%s: %s", rows[i].name, err.text);
		if (net.early != rows[i].early || net.late != rows[i].late)
			fail_msg("%s: %d early, %d late", rows[i].name, net.early,
			         net.late);
	}
	net.moves = 0;
	net.is_dead = true;
	assert_int_equal(save(host, false, SET_DKIM_VERIFY, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "nobody answers"));
	assert_int_equal(net.late, 0);
	net.is_dead = false;
	free(net.db_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_observe, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
