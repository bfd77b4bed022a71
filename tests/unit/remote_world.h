/* tests/unit/remote_world.h: a host that follows a store, and a server of tests/lib with an interface.
 * Included by the tests of such servers, once each. */
#ifndef TESTS_UNIT_REMOTE_WORLD_H
#define TESTS_UNIT_REMOTE_WORLD_H

#include "tests/unit/push_host.h"
#include "tests/unit/python_server.h"

#include "core/model/domain/domain.h"
#include "core/model/key/key.h"
#include "core/model/key/keyring.h"
#include "core/model/key/publish.h"
#include "core/mta/remote/http.h"

#define PASSWORD "blue-horse-7"
#define ACCOUNT "/etc/account"

static struct python_server server;

/* GET or POST of the server's /test; the caller frees. */
static char *control(const char *order)
{
	struct http *http;
	struct err err = ERR_INIT;
	struct http_answer answer = HTTP_ANSWER_INIT;
	const struct http_request request = { .method = order ? "POST" : "GET",
		                              .path = "/test",
		                              .type = order ? "application/json" : NULL,
		                              .content = order,
		                              .deadline =
		                                      monotonic_ns() + 20 * NS_PER_SEC };

	if (http_new(server.url, NULL, &http, &err) ||
	    http_ask(http, &request, &answer, &err))
		fail_msg("%s", err.text);
	http_free(http);
	return buf_take(&answer.content);
}

static void order(const char *text)
{
	free(control(text));
}

__attribute__((unused)) static void assert_server(const char *part, bool has_part)
{
	auto_free char *state = control(NULL);

	if ((strstr(state, part) != NULL) != has_part)
		fail_msg("%s: %s", part, state);
}

__attribute__((unused)) static void
change_in(struct host *host, struct store *store, const char *name,
          void (*what)(struct host *, struct store *, const struct domain *))
{
	struct domain domain = DOMAIN_INIT;
	struct err err = ERR_INIT;
	bool is_changed;

	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(change_begin(store, &host->ctx, "test", &err), 0);
	if (domain_look(store, name, &domain, &err) == 0)
		assert_int_equal(
			domain_insert(store, &host->ctx, name, NULL, &domain, &err), 0);
	what(host, store, &domain);
	assert_int_equal(change_end(store, &is_changed, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	domain_done(&domain);
}

__attribute__((unused)) static void be_disabled(struct host *host, struct store *store,
                                                const struct domain *domain)
{
	struct err err = ERR_INIT;

	assert_int_equal(keyring_disable(store, &host->ctx, domain, false, &err), 0);
}

__attribute__((unused)) static void assert_outcome(struct host *host, struct store *store,
                                                   struct push_options options,
                                                   enum outcome want)
{
	char text[4096];
	enum outcome got = go(host, store, options, text);

	assert_null(strstr(text, PASSWORD));
	assert_null(strstr(buf_text(&world.reports), PASSWORD));
	if (got != want)
		fail_msg("outcome %d instead of %d: %s", got, want, text);
}

/* ---- pushes that fail --------------------------------------------------------------------------- */

static bool has_octets(const char *path, const char *octets)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 24);
	size_t len = file ? fread(text, 1, (1 << 24) - 1, file) : 0;
	bool has = memmem(text, len, octets, strlen(octets)) != NULL;

	free(text);
	if (file)
		fclose(file);
	return has;
}

/* No file of the program, database and journal among them, contains the text. */
__attribute__((unused)) static void assert_nowhere(struct host *host, const char *text)
{
	static const char *const files[] = { "/var/lib/a.db", "/var/lib/a.db-wal",
		                             "/var/lib/mailauthctl/target.db",
		                             "/var/lib/mailauthctl/target.db-wal" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_free char *path = xasprintf("%s%s", host->root, files[i]);

		if (has_octets(path, text))
			fail_msg("%s contains \"%s\"", files[i], text);
	}
}

/* Of the last failure of push_now(). */
__attribute__((unused)) static char remedy[512];

/* Prepares and switches, like a command; 0, or the sentence of the failure in `text`. */
__attribute__((unused)) static int push_now(struct host *host, struct store *store,
                                            struct push_options options, char *text)
{
	struct err err = ERR_INIT;
	struct push *push = NULL;
	const char *why = NULL;
	int rc;

	host->ctx.is_rooted = false;
	assert_int_equal(store_begin(store, true, &err), 0);
	rc = push_prepare(&host->ctx, store, &options, NULL, false, &push, &why, &err);
	store_rollback(store);
	if (!rc && push)
		rc = push_switch(push, &err);
	push_free(push);
	if (!rc)
		rc = push_learn(&host->ctx, store, &err);
	strcpy(text, err.text);
	strcpy(remedy, err.remedy);
	return rc;
}

/* A push is killed at every ninth request, before it is carried out, and at the one after, when it was;
 * with KILL_ALL in the environment at each. */
__attribute__((unused)) static int kill_stride(void)
{
	return getenv("KILL_ALL") ? 1 : 9;
}

/* Runs it in a child that the server kills at its request number `call`; whether it was. */
__attribute__((unused)) static bool
is_killed(struct host *host, int (*what)(struct host *), int call, bool is_late)
{
	int status;
	int ready[2];
	pid_t child;
	char go_on;

	host_close(host);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		if (read(ready[0], &go_on, 1) != 1)
			_exit(2);
		host_open(host);
		_exit(what(host));
	}
	auto_free char *fault = xasprintf(
		"{\"faults\": [{\"match\": \".\", \"at\": %d, \"do\": \"kill%s %d\"}]}",
		call, is_late ? "-late" : "", (int)child);
	order(fault);
	assert_int_equal(write(ready[1], "x", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	close(ready[0]);
	close(ready[1]);
	order("{\"faults\": []}");
	host_open(host);
	if (!WIFSIGNALED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

#endif
