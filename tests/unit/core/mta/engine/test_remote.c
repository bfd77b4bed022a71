/*
 * Settings of a server that is reached over a connection: a small server on the loopback kills the push, or
 * its recovery, at each call, before and after it carries the call out; it dies, and it never answers.
 */
#include "tests/unit/fake_host.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "core/base/peer.h"
#include "core/mta/engine/history.h"
#include "core/mta/plan/remote.h"

/* ---- the server ---------------------------------------------------------------------------------- */

enum { SETTINGS = 8, TEXT = 128 };

/* Between the server's process and the test's. */
static struct server {
	struct {
		char name[TEXT],
			value[TEXT]; /* name "": free; no setting holds an empty text */
	} setting[SETTINGS];
	int calls;
	int kill_at;       /* the call at which it kills who asks; 0: never */
	bool is_kill_late; /* after it was carried out */
	int mute_from; /* from this call on it carries out and answers nothing; 0: never */
	pid_t victim;
} * server;

static uint16_t port;
static pid_t server_pid;
static char url[64];

static char *find(const char *name, bool is_new)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(server->setting[i].name, name) == 0)
			return server->setting[i].value;
	for (size_t i = 0; is_new && i < SETTINGS; i++)
		if (!server->setting[i].name[0]) {
			strcpy(server->setting[i].name, name);
			return server->setting[i].value;
		}
	return NULL;
}

/* "get NAME", answered by "=VALUE"; "set NAME=VALUE", answered by "ok".  An empty value: not set. */
static void answer(int fd, char *line)
{
	char *name = line + 4, *value = strchr(name, '=');
	bool is_set = strncmp(line, "set ", 4) == 0;
	char text[TEXT + 2];
	int call = ++server->calls;

	if (call == server->kill_at && !server->is_kill_late)
		kill(server->victim, SIGKILL);
	if (server->mute_from && call >= server->mute_from)
		return;
	if (value)
		*value++ = '\0';
	if (is_set)
		strcpy(find(name, true), value);
	if (call == server->kill_at && server->is_kill_late)
		kill(server->victim, SIGKILL);
	snprintf(text, sizeof(text), "%s%s\n", is_set ? "ok" : "=",
	         is_set              ? ""
	         : find(name, false) ? find(name, false)
	                             : "");
	(void)!write(fd, text, strlen(text));
}

static void serve(int fd)
{
	int waiting = -1;

	for (;;) {
		int peer = accept(fd, NULL, NULL);
		char line[2 * TEXT];
		size_t len = 0;

		while (len < sizeof(line) - 1 && read(peer, line + len, 1) == 1 &&
		       line[len] != '\n')
			len++;
		line[len] = '\0';
		close(waiting);
		waiting = -1;
		if (len)
			answer(peer, line);
		/* who gets no answer is left to wait */
		if (server->mute_from && server->calls >= server->mute_from)
			waiting = peer;
		else
			close(peer);
	}
}

/* Once more at the same address. */
static void start_server(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_port = htons(port),
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	port = ntohs(address.sin_port);
	snprintf(url, sizeof(url), "127.0.0.1:%u", port);
	server_pid = fork();
	assert_true(server_pid >= 0);
	if (server_pid == 0)
		serve(fd);
	close(fd);
}

static void end_server(void)
{
	if (server_pid) {
		kill(server_pid, SIGKILL);
		waitpid(server_pid, NULL, 0);
	}
	server_pid = 0;
}

/* ---- the transport --------------------------------------------------------------------------------- */

static const struct peer_words words = { "%s: nobody listens", "%s: broken",
	                                 "%s: too late", "%s: closed" };

static int converse(const struct remote_server *at, int64_t deadline, const char *request,
                    struct buf *line, struct err *err)
{
	struct peer peer = PEER(&words, at->url, deadline);
	struct peer_address address;
	int rc;

	assert_true(peer_address_inet(at->url, &address));
	assert_string_equal(at->credentials, "/etc/token");
	server->victim = getpid();
	rc = peer_connect(&peer, &address, err);
	if (!rc)
		rc = peer_send(&peer, request, strlen(request), err);
	if (!rc && peer_receive_line(&peer, TEXT, line, err) < 0)
		rc = err->code;
	peer_done(&peer);
	return rc;
}

static int get(struct ctx *ctx, const struct remote_server *at, const char *name,
               int64_t deadline, struct remote_value *ret_value, struct err *err)
{
	auto_free char *request = xasprintf("get %s\n", name);
	auto_buf line = BUF_INIT;
	int rc = converse(at, deadline, request, &line, err);

	(void)ctx;
	if (rc)
		return rc;
	ret_value->is_set = line.len > 1;
	secret_set(&ret_value->text, line.at + 1, line.len - 1);
	return 0;
}

static int set(struct ctx *ctx, const struct remote_server *at, const char *name,
               int64_t deadline, const struct remote_value *value, struct err *err)
{
	auto_free char *request =
		xasprintf("set %s=%.*s\n", name, value->is_set ? (int)value->text.len : 0,
	                  value->is_set ? (const char *)value->text.at : "");
	auto_buf line = BUF_INIT;

	(void)ctx;
	return converse(at, deadline, request, &line, err);
}

static const struct remote_type loopback = { "loopback", 200 * NS_PER_MS, get, set };
const struct remote_type *const remote_types[] = { &loopback, NULL };

/* ---- pushes ---------------------------------------------------------------------------------------- */

/* Which state is asked for: 0 nothing of ours, 1, 2. */
static int wanted;

static int pem(void *arg, int64_t key_id, struct secret *ret_pem, struct err *err)
{
	auto_free char *text = xasprintf("PRIVATE %d", (int)key_id);

	(void)arg, (void)err;
	secret_set(ret_pem, text, strlen(text));
	return 0;
}

static struct remote_value now(const char *name)
{
	const struct remote_server at = { url, "/etc/token" };
	struct remote_value value = { 0 };
	struct err err = ERR_INIT;

	assert_int_equal(get(NULL, &at, name, monotonic_ns() + NS_PER_SEC, &value, &err),
	                 0);
	return value;
}

static void plan_setting(struct plan *plan, enum step_rank rank, const char *name,
                         const char *value)
{
	const struct remote_server at = { url, "/etc/token" };
	struct remote_value before = now(name);
	struct remote_value next = { .is_set = value != NULL };

	if (value)
		secret_set(&next.text, value, strlen(value));
	plan_remote(plan, rank, &loopback, &at, name, &before, &next, 0);
	secret_done(&before.text);
	secret_done(&next.text);
}

static void plan_key_setting(struct plan *plan, int64_t key_id)
{
	const struct remote_server at = { url, "/etc/token" };
	struct remote_value before = now("key");
	auto_secret text = SECRET_INIT;
	struct digest digest;

	assert_int_equal(pem(NULL, key_id, &text, NULL), 0);
	digest_of(text.at, text.len, &digest);
	plan_remote_key(plan, RANK_DATA, &loopback, &at, "key", &before, key_id, &digest,
	                0);
	secret_done(&before.text);
}

static void make(struct plan *plan)
{
	auto_free char *text = xasprintf("state %d\n", wanted);

	*plan = PLAN_INIT;
	plan->key_source = (struct key_source){ pem, NULL };
	plan_key_setting(plan, wanted);
	plan_setting(plan, RANK_TABLES, "selector", wanted == 1 ? "s1" : "s2");
	plan_file(plan, RANK_CONSUMERS, MAIN_CF, text, strlen(text), FILE_META_KEEP, 0);
	plan_setting(plan, RANK_CONSUMERS, "sign", wanted == 1 ? NULL : "on");
	plan_setting(plan, RANK_LEFTOVERS, "legacy", wanted == 1 ? "x" : NULL);
}

/* What the server and the host have, as text. */
static char *whole(struct host *host)
{
	static const char *const names[] = { "key", "selector", "sign", "legacy" };
	auto_free char *files = snapshot(host);
	struct buf text = BUF_INIT;

	buf_puts(&text, files);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		buf_printf(&text, "%s=%s\n", names[i],
		           find(names[i], false) ? find(names[i], false) : "");
	return buf_take(&text);
}

static void reach(struct host *host, int state, char **ret_whole)
{
	char text[2048];

	wanted = state;
	if (push_plan_of(host, make, text))
		fail_msg("%s", text);
	assert_state(host, "done");
	*ret_whole = whole(host);
}

static int recover(struct host *host, struct err *err)
{
	const struct step_run run = { .ctx = &host->ctx,
		                      .target = host->target,
		                      .keys = { pem, NULL } };

	return recover_open_push(&run, err);
}

static int do_push(struct host *host)
{
	return push_plan_of(host, make, NULL);
}

static int do_recover(struct host *host)
{
	struct err err = ERR_INIT;

	return recover(host, &err);
}

/* In a child that the server kills at its call number `call`; whether it was killed. */
static bool is_killed(struct host *host, int (*what)(struct host *), int call,
                      bool is_late)
{
	pid_t pid;
	int status;

	host_close(host);
	server->is_kill_late = is_late;
	pid = fork();
	if (pid == 0) {
		host_open(host);
		server->calls = 0;
		server->kill_at = call;
		_exit(what(host) ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	server->kill_at = 0;
	host_open(host);
	if (!WIFSIGNALED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

static int start(void **state)
{
	server = mmap(NULL, sizeof(*server), PROT_READ | PROT_WRITE,
	              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(server != MAP_FAILED);
	port = 0;
	start_server();
	return setup(state);
}

static int end(void **state)
{
	end_server();
	munmap(server, sizeof(*server));
	return teardown(state);
}

/* ---- tests ----------------------------------------------------------------------------------------- */

static int show_step(void *arg, const struct step *step, struct err *err)
{
	(void)err;
	if (step->kind == STEP_REMOTE)
		step_remote_type.show(step, false, arg);
	return 0;
}

static void test_push(void **state)
{
	struct host *host = *state;
	auto_free char *first = NULL, *second = NULL;
	auto_plan again = PLAN_INIT;
	auto_buf shown = BUF_INIT;
	struct err err = ERR_INIT;
	int64_t secrets = -1;

	strcpy(find("selector", true), "admin");
	reach(host, 1, &first);
	assert_non_null(strstr(first, "key=PRIVATE 1\nselector=s1\nsign=\nlegacy=x\n"));
	reach(host, 2, &second);
	assert_non_null(strstr(second, "key=PRIVATE 2\nselector=s2\nsign=on\nlegacy=\n"));
	make(&again);
	prune(host, &again);
	assert_int_equal(again.count, 0);
	assert_int_equal(history_steps(host->target, 2, show_step, &shown, &err), 0);
	auto_free char *want = xasprintf("# %s key: private key, replaced\n"
	                                 "--- %s selector\n+++ %s selector\n"
	                                 "@@ -1,1 +1,1 @@\n-s1\n",
	                                 url, url, url);
	if (strncmp(buf_text(&shown), want, strlen(want)) != 0)
		fail_msg("%s", buf_text(&shown));
	assert_int_equal(store_get_int(host->target, &secrets, &err,
	                               "SELECT count(*) FROM blob "
	                               "WHERE octets LIKE '%PRIVATE%'",
	                               ""),
	                 1);
	assert_int_equal(secrets, 0);
}

/* What stood there before our first push comes back; a key that we know nothing of does not. */
static void test_removal(void **state)
{
	struct host *host = *state;
	auto_free char *second = NULL;
	struct err err = ERR_INIT;
	auto_plan plan = PLAN_INIT;
	struct step_run run = { .ctx = &host->ctx, .target = host->target };
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	strcpy(find("selector", true), "admin");
	strcpy(find("key", true), "THEIRS");
	reach(host, 2, &second);
	strcpy(find("sign", true), "edited");
	assert_int_equal(owned_plan_removal(&run, &plan, &err), 0);
	assert_int_equal(plan.notes, 1);
	assert_string_equal(plan.note[0].text,
	                    "sign was edited since it was pushed: it is not changed");
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	assert_int_equal(engine_switch(&engine, note_owned, host, &err), 0);
	engine_done(&engine);
	assert_string_equal(find("selector", false), "admin");
	assert_string_equal(find("key", false), "");
	assert_string_equal(find("sign", false), "edited");
}

static void test_kill_push(void **state)
{
	struct host *host = *state;
	auto_free char *old = NULL, *next = NULL;
	int killed = 0;

	for (int late = 0; late < 2; late++)
		for (int call = 1;; call++) {
			struct err err = ERR_INIT;

			free(old);
			reach(host, 1, &old);
			wanted = 2;
			if (!is_killed(host, do_push, call, late))
				break;
			killed++;
			if (recover(host, &err))
				fail_msg("call %d: %s", call, err.text);
			auto_free char *after = whole(host);
			assert_string_equal(after, old);
			free(next);
			reach(host, 2, &next);
			assert_non_null(strstr(next, "key=PRIVATE 2\nselector=s2\n"));
		}
	/* four are read for the plan, four read and written when they are switched */
	assert_int_equal(killed, 2 * 12);
}

static void test_kill_recovery(void **state)
{
	struct host *host = *state;
	auto_free char *old = NULL;
	int killed = 0;

	for (int late = 0; late < 2; late++)
		for (int call = 1;; call++) {
			struct err err = ERR_INIT;
			bool again;

			free(old);
			reach(host, 1, &old);
			wanted = 2;
			assert_true(is_killed(host, do_push, 12, true));
			again = is_killed(host, do_recover, call, late);
			killed += again;
			if (again && recover(host, &err))
				fail_msg("call %d: %s", call, err.text);
			auto_free char *after = whole(host);
			assert_string_equal(after, old);
			if (!again)
				break;
		}
	assert_int_equal(killed, 2 * 8);
}

/* Dead, or never answering: the push stays open until the server is there again. */
static void test_unreachable(void **state)
{
	struct host *host = *state;
	char text[2048];

	for (int mute = 0; mute < 2; mute++) {
		auto_free char *old = NULL, *next = NULL;
		struct err err = ERR_INIT;
		int64_t began;

		reach(host, 1, &old);
		wanted = 2;
		assert_true(is_killed(host, do_push, 10, true));
		server->calls = 0;
		if (mute)
			server->mute_from = 1;
		else
			end_server();
		for (int round = 0; round < 2; round++) {
			began = monotonic_ns();
			err_clear(&err);
			assert_int_equal(recover(host, &err), ERR_FAILED);
			assert_true(monotonic_ns() - began < 5 * NS_PER_SEC);
			assert_non_null(
				strstr(err.text, "cannot be reached, so its setting "));
			assert_non_null(
				strstr(err.text, mute ? "too late" : "nobody listens"));
			assert_state(host, "undoing");
		}
		if (mute)
			server->mute_from = 0;
		else
			start_server();
		err_clear(&err);
		if (recover(host, &err))
			fail_msg("%s", err.text);
		assert_state(host, "undone");
		auto_free char *after = whole(host);
		assert_string_equal(after, old);
		/* live: it fails in the middle, and what failed was not carried out */
		server->calls = 0;
		server->mute_from = 8;
		assert_int_equal(push_plan_of(host, make, text), ERR_FAILED);
		assert_non_null(strstr(text, "could not be restored completely"));
		assert_state(host, "undoing");
		server->mute_from = 0;
		assert_int_equal(recover(host, &err), 0);
		auto_free char *then = whole(host);
		assert_string_equal(then, old);
		reach(host, 2, &next);
	}
}

/* What somebody else set stays, and the push does not go on over it. */
static void test_changed(void **state)
{
	struct host *host = *state;
	auto_free char *old = NULL;
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	reach(host, 1, &old);
	wanted = 2;
	make(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	strcpy(find("sign", true), "theirs");
	assert_int_equal(engine_switch(&engine, note_owned, host, &err), ERR_FAILED);
	engine_done(&engine);
	assert_non_null(strstr(err.text, "sign was changed outside mailauthctl"));
	assert_string_equal(find("key", false), "PRIVATE 1");
	assert_string_equal(find("selector", false), "s1");
	assert_string_equal(find("sign", false), "theirs");
	strcpy(find("sign", true), "");
	assert_true(is_killed(host, do_push, 12, true));
	strcpy(find("selector", true), "theirs");
	err_clear(&err);
	assert_int_equal(recover(host, &err), ERR_FAILED);
	assert_non_null(
		strstr(buf_text(&world.reports),
	               "selector was changed outside mailauthctl during the push"));
	assert_string_equal(find("selector", false), "theirs");
	assert_string_equal(find("key", false), "PRIVATE 1");
	assert_state(host, "undone");
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_push),          ROW(test_removal),     ROW(test_kill_push),
		ROW(test_kill_recovery), ROW(test_unreachable), ROW(test_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
