/*
 * What every mail server that is pushed to must pass: the whole life of a host, from adoption to removal,
 * with edits, a rollback, a run that was killed, values that it cannot honour, and `doctor`.
 */
#define REAL_POLICY_PROBE
#include "tests/unit/remote_world.h"

#include <signal.h>
#include <sys/syscall.h>

#include "core/model/domain/domain.h"
#include "core/mta/doctor/doctor.h"
#include "core/mta/push/backend_choose.h"
#include "core/mta/push/registry.h"
#include "tests/unit/server/row.h"

static const struct server {
	const char *backend; /* what mta.backend says */
	const char *name;
	const char *file, *content; /* that is the server; NULL: it needs none */
	const char *ours;   /* a file or setting that is ours alone and not secret */
	const char *adopts; /* whether it must be adopted first */
	bool has_services; /* that are functions of the tests: they are told, and asked */
	const char *script,
		*edit; /* of a server with an interface: of tests/lib; an order for it */
	const char *domain; /* in the store, for a server without files of its own */
} servers[] = {
	{ "auto", "postfix", MAIN_CF, "myhostname = mx.example.com\n# by hand\n",
	  "/etc/mailauthctl/policyd.yaml", "yes" },
	{ "directory", "directory", NULL, NULL, "/out/etc/mailauthctl/policyd.yaml",
	  NULL },
	{ "auto", "qmail", "/var/qmail/control/me", "mx.example.com\n",
	  "/var/qmail/control/spfbehavior", "yes" },
	{ "smartermail", "smartermail", ACCOUNT, "user admin\npassword " PASSWORD "\n",
	  "antispam dkim", "yes", true, "tests/lib/smartermaild.py",
	  "{\"antispam\": {\"dkimEnabled\": false}}" },
	{ "icewarp", "icewarp", ACCOUNT, "user admin\npassword " PASSWORD "\n",
	  "server C_Mail_Security_DMARC_SPFSoftFail", "yes", true,
	  "tests/lib/icewarpd.py",
	  "{\"set\": {\"C_Mail_Security_DMARC_SPFSoftFail\": \"2\"}}" },
	{ "mailenable", "mailenable", NULL, NULL, "/out/mailenable/a.example.txt", NULL,
	  .domain = "a.example" },
	{ "mailenable-standard", "mailenable-standard", NULL, NULL,
	  "/out/mailenable/a.example.txt", NULL, .domain = "a.example" },
	{ "auto", "ledger", "/etc/ledger/ledger.conf", "listen 25\n", "/etc/ledger/ours",
	  "yes", true },
};

#define LEDGER (ARRAY_LEN(servers) - 1)

static void start(struct host *host, struct store *store, const struct server *row)
{
	python_server_start(&server, (const char *[]){ row->script, "admin", PASSWORD,
	                                               "example.com", NULL });
	assert_int_equal(chmod(host->root, 0700), 0);
	set(host, store, SET_MTA_URL, server.url);
	set(host, store, SET_MTA_CREDENTIALS_FILE, ACCOUNT);
}

static struct store *host_of(struct host *host, const struct server *row)
{
	struct store *store = store_at(host, "var/lib/a.db");
	auto_free char *main_cf = xasprintf("%s" MAIN_CF, host->root);

	assert_int_equal(unlink(main_cf), 0);
	if (strcmp(row->name, "postfix") == 0)
		postfix_at(host);
	if (strcmp(row->name, "qmail") == 0)
		put(host->root, "/var/qmail/bin/qmail-smtpd",
		    "control/spfbehavior\nQMAILQUEUE\n", 0755);
	if (row->file)
		put(host->root, row->file, row->content, row->script ? 0600 : 0644);
	if (row->script)
		start(host, store, row);
	is_live = row->has_services;
	host->ctx.is_rooted = !is_live;
	if (is_live && !row->script) /* it runs already, with its administrator's file */
		put(host->root, "/etc/ledger/loaded", row->content, 0644);
	set(host, store, SET_MTA_HOSTNAME, "mx.example.com");
	set(host, store, SET_MTA_DIRECTORY_PATH, "/out");
	set(host, store, SET_MTA_BACKEND, row->backend);
	set(host, store, SET_SPF_LOCAL_RULES, "ip4:192.0.2.7");
	set(host, store, SET_SPF_EXPLANATION, "see %{S}");
	if (row->domain)
		add_signing(host, store, row->domain);
	return store;
}

/* The connection of the last commands is not that of the next ones. */
static void end(struct host *host, const struct server *row)
{
	ctx_close_kept(&host->ctx);
	if (row->script)
		python_server_end(&server);
}

/* What the host and its server have; the caller frees. */
static char *whole(struct host *host, const struct server *row)
{
	auto_free char *files = snapshot(host);
	auto_free char *state = row->script ? control(NULL) : xstrdup("");
	char *rest = strstr(state, "\"calls\"");

	if (rest)
		*rest = '\0';
	/* two ways to write a value */
	while ((rest = strstr(state, "\"false\"")) != NULL) {
		memmove(rest + 3, rest + 7, strlen(rest + 7) + 1);
		rest[1] = '0';
		rest[2] = '"';
	}
	return xasprintf("%s%s", files, state);
}

static void assert_whole(struct host *host, const struct server *row, const char *want)
{
	auto_free char *now = whole(host, row);

	assert_string_equal(now, want);
}

static const struct push_options forced = { .is_explicit = true, .force = true },
				 back = { .is_rollback = true };

static void assert_go(struct host *host, struct store *store, struct push_options options,
                      enum outcome want)
{
	char text[2048];
	enum outcome got = go(host, store, options, text);

	if (got != want)
		fail_msg("outcome %d instead of %d: %s", got, want, text);
}

/* `state` is the host, `server` the one at hand. */
static void live(struct host *host, const struct server *row)
{
	struct store *store = host_of(host, row);
	auto_free char *before = whole(host, row), *pushed = NULL, *after = NULL;
	const struct mta_backend *backend;
	bool is_adopted;
	struct err err = ERR_INIT;
	char text[2048];

	assert_int_equal(backend_choose(&host->ctx, store, &backend, &is_adopted, &err),
	                 0);
	assert_non_null(backend);
	assert_string_equal(backend->name, row->name);
	assert_int_equal(is_adopted, row->adopts == NULL);
	if (row->adopts)
		assert_go(host, store, ordinary, SAVED_ONLY);
	assert_go(host, store, row->adopts ? adopt : asked, PUSHED);
	assert_go(host, store, ordinary, NOTHING);
	assert_go(host, store, asked, NOTHING);
	pushed = whole(host, row);
	/* an edit is told, and overwritten by force alone */
	if (row->edit)
		order(row->edit);
	else
		put(host->root, row->ours, "edited\n", 0644);
	assert_int_equal(go(host, store, asked, text), FAILED);
	assert_non_null(strstr(text, row->ours));
	assert_go(host, store, forced, PUSHED);
	after = whole(host, row);
	assert_string_equal(after, pushed);
	/* what changed comes back, and waits for a push */
	set(host, store, SET_SPF_MODE, "reject-fail");
	set(host, store, SET_DKIM_VERIFY, "off");
	assert_go(host, store, ordinary, PUSHED);
	assert_go(host, store, back, PUSHED);
	free(after);
	after = whole(host, row);
	assert_string_equal(after, pushed);
	assert_go(host, store, ordinary, SAVED_ONLY);
	assert_go(host, store, asked, PUSHED);
	assert_go(host, store, removal, PUSHED);
	free(after);
	after = whole(host, row);
	assert_string_equal(after, before);
	store_close(store);
	end(host, row);
}

/* Everything is staged and journalled, and the process is gone. */
static void killed(struct host *host, const struct server *row)
{
	struct store *store = host_of(host, row);
	auto_free char *before = whole(host, row);
	auto_free char *db_path = xasprintf("%s/var/lib/a.db", host->root);
	struct err err = ERR_INIT;
	int status;
	pid_t child;

	store_close(store);
	store_close(host->target);
	host->target = NULL;
	ctx_close_kept(&host->ctx);
	child = fork();
	if (child == 0) {
		struct push *push = NULL;
		const char *why;
		struct push_options options = row->adopts ? adopt : asked;

		store = store_at(host, "var/lib/a.db");
		if (store_begin(store, true, &err) == 0 &&
		    push_prepare(&host->ctx, store, &options, NULL, false, &push, &why,
		                 &err) == 0 &&
		    push)
			_exit(7);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(push_recover(&host->ctx, db_path, false, &err), 0);
	assert_whole(host, row, before);
	end(host, row);
}

/* ---- killed at each call that changes something ----------------------------------------------------- */

static int kill_at, calls; /* 0: it lives */

static void count_call(void)
{
	if (kill_at && ++calls == kill_at)
		kill(getpid(), SIGKILL);
}

/* In place of libc's, for SQLite, too. */
int fsync(int fd)
{
	count_call();
	return (int)syscall(SYS_fsync, fd);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	count_call();
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

/* A push whose switch is killed at the call number `call`; whether it was. */
static bool is_dead(struct host *host, const struct push_options *options, int call)
{
	struct err err = ERR_INIT;
	pid_t child;
	int status;

	ctx_close_kept(&host->ctx);
	child = fork();
	if (child == 0) {
		struct store *store = store_at(host, "var/lib/a.db");
		struct push *push = NULL;
		const char *why;

		if (store_begin(store, true, &err) ||
		    push_prepare(&host->ctx, store, options, NULL, false, &push, &why,
		                 &err) ||
		    !push || store_commit(store, &err))
			_exit(1);
		ledger_called = count_call;
		kill_at = call;
		_exit(push_switch(push, &err) ? 2 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSIGNALED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

/* What is there after the next run is the old state or the new one, whole. */
static void switched(struct host *host, const struct server *row)
{
	struct store *store = host_of(host, row);
	auto_free char *before = whole(host, row), *pushed = NULL;
	auto_free char *db_path = xasprintf("%s/var/lib/a.db", host->root);
	const struct push_options *options = row->adopts ? &adopt : &asked;
	struct err err = ERR_INIT;
	int undone = 0, call = 1;

	assert_go(host, store, *options, PUSHED);
	pushed = whole(host, row);
	assert_go(host, store, removal, PUSHED);
	assert_whole(host, row, before);
	store_close(store);
	store_close(host->target);
	host->target = NULL;
	for (; is_dead(host, options, call); call++) {
		if (push_recover(&host->ctx, db_path, false, &err))
			fail_msg("%s, call %d: %s", row->name, call, err.text);
		auto_free char *after = whole(host, row);
		undone += strcmp(after, before) == 0;
		if (strcmp(after, before) == 0)
			continue;
		assert_string_equal(after, pushed);
		store = store_at(host, "var/lib/a.db");
		assert_go(host, store, removal, PUSHED);
		store_close(store);
	}
	/* the calls of a server are requests: tests/remote kills at them */
	if (call <= (row->script ? 3 : 5) || undone <= (row->script ? 2 : 3))
		fail_msg("%s: %d calls, %d undone", row->name, call, undone);
	assert_whole(host, row, pushed);
	end(host, row);
}

static void look(struct host *host, const struct server *row)
{
	struct store *store = host_of(host, row);
	auto_free char *path = xasprintf("%s/var/lib/a.db", host->root);
	struct doctor doctor;

	is_live = row->script != NULL; /* else its checks would ask the world */
	host->ctx.is_rooted = !is_live;
	assert_go(host, store, row->adopts ? adopt : asked, PUSHED);
	store_close(store);
	host->ctx.is_rooted = true;
	doctor_init(&doctor, &host->ctx, path, NULL, false);
	for (const struct doctor_check *check = doctor_checks; check->name; check++) {
		size_t count = doctor.count;

		doctor_run(&doctor, check);
		assert_true(doctor.count > count);
	}
	doctor_done(&doctor);
	end(host, row);
}

static void each(void **state, void (*test)(struct host *, const struct server *))
{
	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		if (i > 0)
			assert_int_equal(setup(state), 0);
		test(*state, &servers[i]);
		if (i + 1 < ARRAY_LEN(servers))
			assert_int_equal(teardown(state), 0);
	}
}

static void test_life(void **state)
{
	each(state, live);
}

static void test_killed(void **state)
{
	each(state, killed);
}

static void test_switched(void **state)
{
	each(state, switched);
}

static void test_doctor(void **state)
{
	each(state, look);
}

/* Every row that denies a feature or a value says what is nearest. */
static void test_denied(void **state)
{
	struct host *host = *state;
	struct store *store = host_of(host, &servers[LEDGER]);
	struct err err = ERR_INIT;

	assert_go(host, store, adopt, PUSHED);
	assert_int_equal(
		backend_check_setting(&host->ctx, store, "srs.enabled", "on", &err),
		ERR_FAILED);
	assert_non_null(strstr(err.text, "Ledger has no SRS; a forwarded message keeps"));
	err_clear(&err);
	assert_int_equal(
		backend_check_setting(&host->ctx, store, "dmarc.check", "on", &err),
		ERR_FAILED);
	assert_non_null(strstr(err.text, "its licence does not have it"));
	err_clear(&err);
	put(host->root, "/etc/ledger/licence", "all\n", 0644);
	assert_int_equal(
		backend_check_setting(&host->ctx, store, "dmarc.check", "on", &err), 0);
	assert_int_equal(backend_check_setting(&host->ctx, store, "spf.mode",
	                                       "reject-not-pass", &err),
	                 ERR_FAILED);
	assert_non_null(
		strstr(err.text, "\"mailauthctl server set spf.mode reject-softfail\""));
	err_clear(&err);
	assert_int_equal(
		backend_check_setting(&host->ctx, store, "spf.mode", "reject-fail", &err),
		0);
	store_close(store);
}

/* What a server can do is asked of it and of the filter together. */
static void test_filter(void **state)
{
	static const struct {
		const char *filter, *setting;
		int rc;
	} rows[] = {
		{ "rspamd", "dkim.sign", ERR_FAILED }, { "rspamd", "dkim.verify", 0 },
		{ "rspamd", "spf.check", 0 },          { "opendkim", "dkim.sign", 0 },
		{ "auto", "dkim.verify", 0 },
	};
	struct host *host = *state;
	struct store *store = host_of(host, &servers[0]);

	set(host, store, SET_MTA_BACKEND, "postfix");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		set(host, store, SET_MTA_FILTER, rows[i].filter);
		if (backend_check_setting(&host->ctx, store, rows[i].setting, "on",
		                          &err) != rows[i].rc)
			fail_msg("%s, %s: %s", rows[i].filter, rows[i].setting, err.text);
		if (rows[i].rc)
			assert_non_null(
				strstr(err.text, "server set mta.filter opendkim"));
	}
	store_close(store);
}

/* A key that the server made is in the store after the push, once, with its audit trail. */
static void test_learn(void **state)
{
	struct host *host = *state;
	struct store *store = host_of(host, &servers[LEDGER]);
	auto_domain domain = DOMAIN_INIT;
	struct err err = ERR_INIT;
	bool is_changed;
	int64_t count = 0;

	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(change_begin(store, &host->ctx, "test", &err), 0);
	assert_int_equal(
		domain_add(store, &host->ctx, "example.com", NULL, &domain, &err), 0);
	assert_int_equal(change_end(store, &is_changed, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	put(host->root, "/etc/ledger/made", "example.com 2B8U4DAB93D58YR MIIBIjAN\n",
	    0644);
	assert_go(host, store, adopt, PUSHED);
	assert_int_equal(
		store_get_int(store, &count, &err,
	                      "SELECT count(*) FROM dkim_key WHERE server_owned = 1", ""),
		1);
	assert_int_equal(count,
	                 0); /* its selector has capital letters: not one of ours */
	put(host->root, "/etc/ledger/made", "example.com s1 MIIBIjAN\n", 0644);
	/* also where nothing is to be switched */
	assert_go(host, store, asked, NOTHING);
	assert_int_equal(
		store_get_int(store, &count, &err,
	                      "SELECT count(*) FROM dkim_key WHERE server_owned = 1 "
	                      "AND selector = 's1'",
	                      ""),
		1);
	assert_int_equal(count, 1);
	set(host, store, SET_DKIM_VERIFY, "off");
	assert_go(host, store, ordinary, PUSHED);
	set(host, store, SET_DKIM_VERIFY, "on");
	assert_go(host, store, ordinary, PUSHED);
	assert_int_equal(
		store_get_int(store, &count, &err,
	                      "SELECT count(*) FROM dkim_key WHERE server_owned = 1 "
	                      "AND selector = 's1'",
	                      ""),
		1);
	assert_int_equal(count, 1);
	store_close(store);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_life),   ROW(test_killed), ROW(test_switched), ROW(test_doctor),
		ROW(test_denied), ROW(test_filter), ROW(test_learn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
