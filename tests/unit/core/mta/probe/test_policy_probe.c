/* The probe of a policy service, against a service in a thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/mta/probe/policy_probe.h"

struct service {
	const char *first, *second; /* what it sends, in two pieces; NULL: nothing */
	bool is_mute;               /* keeps the connection open after that */
	int listener, wake[2];
	pthread_t thread;
	char folder[64], path[96], endpoint[128];
	struct buf request;
};

static void serve(struct service *s, int fd)
{
	char octets[1024], end;
	ssize_t n;
	while (!strstr(buf_text(&s->request), "\n\n") &&
	       (n = recv(fd, octets, sizeof(octets), 0)) > 0)
		buf_add(&s->request, octets, (size_t)n);
	if (s->first)
		(void)!send(fd, s->first, strlen(s->first), MSG_NOSIGNAL);
	if (s->second)
		(void)!send(fd, s->second, strlen(s->second), MSG_NOSIGNAL);
	if (s->is_mute)
		(void)!read(s->wake[0], &end, 1);
}

static void *run_service(void *arg)
{
	struct service *s = arg;
	int fd = accept(s->listener, NULL, NULL);
	if (fd >= 0) {
		serve(s, fd);
		close(fd);
	}
	return NULL;
}

static void service_start(struct service *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(s->folder, "/tmp/test-policy.XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	snprintf(s->path, sizeof(s->path), "%s/s", s->folder);
	snprintf(s->endpoint, sizeof(s->endpoint), "unix:%s", s->path);
	strncpy(address.sun_path, s->path, sizeof(address.sun_path) - 1);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(pipe(s->wake), 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof(address)),
	                 0);
	assert_int_equal(listen(s->listener, 5), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, run_service, s), 0);
}

static void service_stop(struct service *s)
{
	close(s->wake[1]);
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->wake[0]);
	close(s->listener);
	unlink(s->path);
	rmdir(s->folder);
}

static char long_answer[5000]; /* without an end */

static void test_answers(void **state)
{
	const struct {
		const char *first, *second;
		bool is_mute;
		const char
			*answer; /* to the question about a sender; NULL: it fails, too */
		const char *why; /* of the probe; NULL: it holds */
	} rows[] = {
		{ "action=DUNNO\n\n", NULL, false, "DUNNO", NULL },
		{ "Action=dunno\n\n", NULL, true, "dunno", NULL },
		{ "action=DUNNO\n", "\n", true, "DUNNO", NULL },
		{ "action=PREPEND Received-SPF: temperror x\n\n", NULL, false,
		  "PREPEND Received-SPF: temperror x",
		  "answered \"PREPEND Received-SPF: temperror x\" for mail from this host" },
		{ "action=DUNNO x\n\n", NULL, false, "DUNNO x",
		  "answered \"DUNNO x\" for mail from this host" },
		{ "action=\n\n", NULL, false, "",
		  "answered \"\" for mail from this host" },
		{ "DUNNO\n\n", NULL, false, NULL, "an answer without action" },
		{ "reaction=DUNNO\n\n", NULL, false, NULL, "an answer without action" },
		{ "", NULL, false, NULL, "returned no answer" },
		{ "action=DUNNO\n", NULL, false, NULL, "returned no answer" },
		{ long_answer, NULL, true, NULL, "returned no answer" },
		{ "action=DUNNO\n", NULL, true, NULL, "did not answer in time" },
	};
	struct ctx ctx;
	struct err err = ERR_INIT;
	(void)state;
	memset(long_answer, 'x', sizeof(long_answer) - 1);
	assert_int_equal(ctx_init(&ctx, NULL, &err), 0);
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		size_t k = i / 2;
		bool is_probe = i % 2;
		struct service s = { .first = rows[k].first,
			             .second = rows[k].second,
			             .is_mute = rows[k].is_mute };
		auto_plan plan = PLAN_INIT;
		auto_buf answer = BUF_INIT;
		const char *why = is_probe || !rows[k].answer ? rows[k].why : NULL;
		bool is_late = why && strstr(why, "in time");
		int64_t until =
			monotonic_ns() + (is_late ? 200 * NS_PER_MS : 10 * NS_PER_SEC);
		service_start(&s);
		struct step *step = plan_probe(&plan, RANK_CONSUMERS, &policy_probe, NULL,
		                               s.endpoint, 0);
		err_clear(&err);
		int r = is_probe ? policy_probe.ask(&ctx, step, until, &err)
		                 : policy_ask(&ctx, s.endpoint, "example.com", until,
		                              &answer, &err);
		service_stop(&s);
		if (r != (why ? ERR_FAILED : 0) || (why && !strstr(err.text, why)))
			fail_msg("row %zu, %d: %s", k, is_probe, err.text);
		if (!why && !is_probe)
			assert_string_equal(buf_text(&answer), rows[k].answer);
		assert_string_equal(
			buf_text(&s.request),
			is_probe ? "request=smtpd_access_policy\nprotocol_state=RCPT\n"
				   "protocol_name=ESMTP\nclient_address=127.0.0.1\n"
				   "client_name=localhost\nhelo_name=localhost\nsender=\n"
				   "recipient=postmaster@localhost\n"
				   "instance=mailauthctl.probe\n\n"
				 : "request=smtpd_access_policy\nprotocol_state=RCPT\n"
				   "protocol_name=ESMTP\nclient_address=192.0.2.1\n"
				   "client_name=example.com\nhelo_name=example.com\n"
				   "sender=postmaster@example.com\n"
				   "recipient=postmaster@localhost\n"
				   "instance=mailauthctl.probe\n\n");
		buf_done(&s.request);
	}
	ctx_done(&ctx);
}

/* Nobody there, and what is no socket of this kind. */
static void test_nobody(void **state)
{
	static const char *const endpoints[] = { "unix:/nowhere/s", "inet:127.0.0.1:1",
		                                 "/nowhere/s" };
	struct ctx ctx;
	struct err err = ERR_INIT;
	(void)state;
	assert_int_equal(ctx_init(&ctx, NULL, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
		auto_buf answer = BUF_INIT;
		err_clear(&err);
		assert_int_equal(policy_ask(&ctx, endpoints[i], "example.com",
		                            monotonic_ns() + NS_PER_SEC, &answer, &err),
		                 ERR_FAILED);
		if (!strstr(err.text, "no policy service answers at"))
			fail_msg("%s: %s", endpoints[i], err.text);
	}
	ctx_done(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
