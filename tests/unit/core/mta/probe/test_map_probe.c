/* Map and SMTP probes against a small server in a thread that says what a row tells it to say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/mta/plan/plan.h"
#include "core/mta/probe/map_probe.h"
#include "core/mta/probe/milter.h"
#include "core/mta/probe/policy_probe.h"
#include "core/mta/probe/smtp_probe.h"
#include "core/mta/provider/policyd_conf.h"
#include "core/mta/provider/postsrsd.h"
#include "core/mta/qmail/qmail_dkim.h"
#include "core/mta/qmail/qmail_probe.h"

/* It greets where `greeting` is set; every line (or netstring) gets the next answer, the last one
 * again and again; an answer of "" closes the connection. */
struct server {
	const char *greeting;
	const char *const *answer;
	int listener;
	uint16_t port;
	pthread_t thread;
	struct buf heard;
	bool is_netstring;
};

static void say(int fd, const char *text)
{
	ssize_t ignored = send(fd, text, strlen(text), MSG_NOSIGNAL);

	(void)ignored;
}

static void serve(struct server *s, int fd)
{
	size_t at = 0;
	char c;

	if (s->greeting)
		say(fd, s->greeting);
	while (recv(fd, &c, 1, 0) == 1) {
		buf_putc(&s->heard, c);
		if (c != (s->is_netstring ? ',' : '\n'))
			continue;
		if (!*s->answer[at])
			return;
		say(fd, s->answer[at]);
		at += s->answer[at + 1] != NULL;
	}
}

static void *server_main(void *arg)
{
	struct server *s = arg;
	int fd;

	while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
		serve(s, fd);
		close(fd);
	}
	return NULL;
}

static void server_start(struct server *s, const char *unix_path)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(v4);

	if (unix_path)
		strcpy(local.sun_path, unix_path);
	s->listener = socket(unix_path ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
	assert_int_equal(
		unix_path ? bind(s->listener, (struct sockaddr *)&local, sizeof(local))
			  : bind(s->listener, (struct sockaddr *)&v4, len),
		0);
	assert_int_equal(listen(s->listener, 8), 0);
	if (!unix_path)
		assert_int_equal(getsockname(s->listener, (struct sockaddr *)&v4, &len),
		                 0);
	s->port = ntohs(v4.sin_port);
	s->heard = BUF_INIT;
	assert_int_equal(pthread_create(&s->thread, NULL, server_main, s), 0);
}

static void server_stop(struct server *s)
{
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
}

static int64_t soon(void)
{
	return monotonic_ns() + NS_PER_SEC;
}

/* ---- tables ----------------------------------------------------------------------------------- */

static void test_look_up(void **state)
{
	static const struct {
		const char *answer;
		int rc;
		const char *want; /* the value, or a part of the message */
	} rows[] = {
		{ "200 SRS0=ab=cd=example.com=alice@srs.example.net\n", 1,
		  "SRS0=ab=cd=example.com=alice@srs.example.net" },
		{ "200 a%20b%25\r\n", 1, "a b%" },
		{ "500 Domain excluded\n", 0, "" },
		{ "400 later\n", ERR_FAILED, "answers: 400 later" },
		{ "400 \x1b[31m\n", ERR_FAILED, "answers: 400 ?[31m" },
		{ "220 mx ESMTP\n", ERR_FAILED, "answers: 220 mx" },
		{ "\n", ERR_FAILED, "does not use the protocol" },
		{ "", ERR_FAILED, "without an answer" },
	};
	struct ctx ctx = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct server s = { .answer = (const char *const[]){ rows[i].answer,
			                                             NULL } };
		auto_buf value = BUF_INIT;
		struct err err = ERR_INIT;
		auto_free char *table = NULL;

		server_start(&s, NULL);
		table = xasprintf("tcp:127.0.0.1:%u", s.port);
		assert_int_equal(map_look_up(&ctx, table, "al ice@example.com", soon(),
		                             &value, &err),
		                 rows[i].rc);
		server_stop(&s);
		assert_string_equal(buf_text(&s.heard), "get al%20ice@example.com\n");
		assert_non_null(strstr(rows[i].rc < 0 ? err.text : buf_text(&value),
		                       rows[i].want));
		buf_done(&s.heard);
	}
}

static void test_socketmap(void **state)
{
	static const struct {
		const char *answer;
		int rc;
		const char *want;
	} rows[] = {
		{ "8:OK a@b.c,", 1, "a@b.c" },
		{ "9:NOTFOUND ,", 0, "" },
		{ "9:TEMP busy,", ERR_FAILED, "answers: TEMP busy" },
		{ "10:TEMP busy,", ERR_FAILED, "did not answer in time" },
		{ "8:PERM no!,", ERR_FAILED, "answers: PERM no!" },
		{ "99999:x,", ERR_FAILED, "does not use the protocol" },
		{ "3:OK x", ERR_FAILED, "does not use the protocol" },
		{ "hello,", ERR_FAILED, "does not use the protocol" },
	};
	char folder[] = "/tmp/test_map.XXXXXX";
	struct ctx ctx = { .root = (char *)(uintptr_t) "" };

	(void)state;
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *path = xasprintf("%s/srs", folder);
		auto_free char *table = xasprintf("socketmap:unix:%s:forward", path);
		struct server s = { .answer =
			                    (const char *const[]){ rows[i].answer, NULL },
			            .is_netstring = true };
		auto_buf value = BUF_INIT;
		struct err err = ERR_INIT;

		server_start(&s, path);
		assert_int_equal(map_look_up(&ctx, table, "alice@b.c",
		                             monotonic_ns() + NS_PER_SEC / 5, &value,
		                             &err),
		                 rows[i].rc);
		server_stop(&s);
		assert_string_equal(buf_text(&s.heard), "17:forward alice@b.c,");
		assert_non_null(strstr(rows[i].rc < 0 ? err.text : buf_text(&value),
		                       rows[i].want));
		buf_done(&s.heard);
		unlink(path);
	}
	rmdir(folder);
}

static void test_tables_refused(void **state)
{
	static const char *const rows[] = { "hash:/etc/x",
		                            "tcp:example.com:25",
		                            "tcp:127.0.0.1",
		                            "tcp:127.0.0.1:0",
		                            "socketmap:forward",
		                            "socketmap:unix:relative:forward",
		                            "socketmap:inet:127.0.0.1:x:forward" };
	struct ctx ctx = { .root = (char *)(uintptr_t) "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf value = BUF_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(map_look_up(&ctx, rows[i], "x", soon(), &value, &err),
		                 ERR_FAILED);
		assert_non_null(strstr(err.text, "is not a table that can be queried"));
	}
}

static void test_map_probe(void **state)
{
	static const struct {
		const char *forward, *reverse, *domain, *want; /* want NULL: it holds */
	} rows[] = {
		{ "200 SRS0=x=y=a.invalid=z@srs.test\n", "200 z@a.invalid\n", "srs.test",
		  NULL },
		{ "200 SRS0+x=y=a.invalid=z@SRS.test\n", "200 Z@A.invalid\n", "srs.test",
		  NULL },
		{ "200 SRS0=x=y=a.invalid=z@other.test\n", "", "srs.test",
		  "not an SRS address of srs.test" },
		{ "200 z@a.invalid\n", "", "srs.test", "not an SRS address" },
		{ "500 excluded\n", "", "srs.test", "does not rewrite z@a.invalid" },
		{ "200 SRS0=x=y=a.invalid=z@srs.test\n", "500 no\n", "srs.test",
		  "does not accept the address" },
		{ "200 SRS0=x=y=a.invalid=z@srs.test\n", "200 y@a.invalid\n", "srs.test",
		  "returns y@a.invalid for" },
		{ "500 excluded\n", "", NULL, NULL },
		{ "200 SRS0=x=y=a.invalid=z@srs.test\n", "", NULL,
		  "which must not be rewritten" },
	};
	struct ctx ctx = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct server f = { .answer = (const char *const[]){ rows[i].forward,
			                                             NULL } };
		struct server r = { .answer = (const char *const[]){ rows[i].reverse,
			                                             NULL } };
		auto_plan plan = PLAN_INIT;
		struct step *step;
		struct err err = ERR_INIT;

		server_start(&f, NULL);
		server_start(&r, NULL);
		step = plan_probe(&plan, RANK_PROVIDERS, &map_probe, NULL, "", 0);
		free(step->object);
		step->object = xasprintf("tcp:localhost:%u", f.port);
		*map_question(step) = (struct map_question){
			.key = xstrdup("z@a.invalid"),
			.domain = xstrdup(rows[i].domain),
			.reverse = xasprintf("tcp:127.0.0.1:%u", r.port),
		};
		assert_string_equal(map_probe.second_endpoint(step),
		                    map_question(step)->reverse);
		assert_int_equal(map_probe.ask(&ctx, step, soon(), &err),
		                 rows[i].want ? ERR_FAILED : 0);
		if (rows[i].want)
			assert_non_null(strstr(err.text, rows[i].want));
		server_stop(&f);
		server_stop(&r);
		buf_done(&f.heard);
		buf_done(&r.heard);
	}
}

/* ---- SMTP ------------------------------------------------------------------------------------- */

static void test_worse(void **state)
{
	static const struct {
		const char *before, *after;
		bool is_worse;
	} rows[] = {
		{ NULL, "250 2.1.5 Ok", false },
		{ "451 4.7.1 Service unavailable", "250 2.1.5 Ok", false },
		{ NULL, "451 4.7.1 Service unavailable - try again later", true },
		{ "250 2.1.5 Ok", "451 4.3.0 <x>: Temporary lookup failure", true },
		{ "450 4.2.0 Greylisted, 299 s", "450 4.2.0 Greylisted, 298 s", false },
		{ "450 4.2.0 Greylisted", "450 4.2.01 Greylisted", true },
		{ "450 4.2.0 Greylisted", "451 4.2.0 Greylisted", true },
		{ "450 later", "450 even later", false },
		{ "550 5.1.1 no", "451 4.3.5 Server configuration error", true },
		{ "250 2.1.5 Ok", "421 4.3.2 shutting down", true },
		{ "250 2.1.5 Ok", "550 5.7.1 no", true },
		{ "550 5.1.1 no", "554 5.7.1 no", false },
		{ "451 4.3.5 x", "554 5.7.1 no", false },
		{ NULL, "554 5.7.1 no", false },
		{ "250 ok", "", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(smtp_is_worse(rows[i].before, rows[i].after),
		                 rows[i].is_worse);
}

static void test_smtp(void **state)
{
	static const struct {
		const char *greeting, *answer[6], *before,
			*want; /* want NULL: it holds */
	} rows[] = {
		{ "220-wait\r\n220 mx\r\n",
		  { "250-mx\r\n250 SIZE\r\n", "250 ok\r\n", "250 2.1.5 Ok\r\n" },
		  NULL,
		  NULL },
		{ "220 mx.test ESMTP\r\n",
		  { "250 mx\r\n", "250 ok\r\n", "451 4.3.0 lookup\r\n", "250 ok\r\n" },
		  "250 2.1.5 Ok",
		  "refuses mail for its postmaster: 451 4.3.0 lookup" },
		{ "220 mx\r\n",
		  { "250 mx\r\n", "451 4.7.1 Service unavailable\r\n", "250 ok\r\n" },
		  NULL,
		  "cannot reach its filter: 451 4.7.1" },
		{ "421 mx.test Service unavailable - try again later\r\n",
		  { "" },
		  NULL,
		  "cannot reach its filter: 421 mx.test" },
		{ "421 mx.test Service unavailable - try again later\r\n",
		  { "" },
		  "421 mx.test Service unavailable - try again later",
		  NULL },
		{ "220 mx\r\n",
		  { "250 mx\r\n", "250 ok\r\n", "550 5.7.1 no\r\n", "250 ok\r\n" },
		  "550 5.7.1 never",
		  NULL },
		{ "220 mx\r\n",
		  { "250 mx\r\n", "250 ok\r\n", "421 4.3.2 \x07 down\r\n", "" },
		  NULL,
		  "421 4.3.2 ? down" },
		/* refused at the greeting or at EHLO: worse only than before */
		{ "554 go away\r\n",
		  { "250 x\r\n" },
		  "250 2.1.5 Ok",
		  "postmaster: 554 go" },
		{ "554 go away\r\n", { "250 x\r\n" }, "521 5.7.1 no", NULL },
		{ "554 go away\r\n", { "250 x\r\n" }, NULL, NULL },
		{ "421 4.3.2 busy\r\n", { "" }, NULL, "postmaster: 421 4.3.2 busy" },
		{ "421 4.3.2 busy\r\n", { "" }, "421 4.3.2 busy", NULL },
		{ "220 mx\r\n", { "502 no EHLO\r\n" }, "250 ok", "postmaster: 502" },
		{ "220 mx\r\n", { "502 no EHLO\r\n" }, "502 no EHLO", NULL },
		{ "HTTP/1.0 400\r\n", { "" }, NULL, "is not a mail server" },
		/* out of order before the push: not blamed on it */
		{ "HTTP/1.0 400\r\n", { "" }, SMTP_SILENT "nobody", NULL },
		{ "", { "" }, SMTP_SILENT "nobody", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct server s = { .greeting = rows[i].greeting,
			            .answer = rows[i].answer };
		auto_plan plan = PLAN_INIT;
		struct ctx ctx = { 0 };
		struct err err = ERR_INIT;
		struct step *step;

		server_start(&s, NULL);
		step = plan_probe(&plan, RANK_CONSUMERS, &smtp_probe, NULL, "", 0);
		free(step->object);
		step->object = xasprintf("127.0.0.1:%u", s.port);
		smtp_question(step)->depth = SMTP_TO_RCPT;
		step->before = xstrdup(rows[i].before);
		assert_int_equal(smtp_probe.ask(&ctx, step, soon(), &err),
		                 rows[i].want ? ERR_FAILED : 0);
		if (rows[i].want)
			assert_non_null(strstr(err.text, rows[i].want));
		server_stop(&s);
		if (i < 2)
			assert_string_equal(
				buf_text(&s.heard),
				i == 0 ? "EHLO [127.0.0.1]\r\nMAIL FROM:<>\r\n"
					 "RCPT TO:<postmaster@[127.0.0.1]>\r\nRSET\r\n"
					 "QUIT\r\n"
				       : "EHLO [127.0.0.1]\r\nMAIL FROM:<>\r\n"
					 "RCPT TO:<postmaster@mx.test>\r\nRSET\r\n"
					 "QUIT\r\n");
		buf_done(&s.heard);
	}
}

static void test_smtp_depth(void **state)
{
	static const struct {
		const struct probe_type *probe;
		enum smtp_depth depth;
		const char *heard, *before;
	} rows[] = {
		{ &smtp_probe, SMTP_TO_EHLO, "EHLO [127.0.0.1]\r\nQUIT\r\n", "250 mx" },
		{ &smtp_probe, SMTP_TO_MAIL,
		  "EHLO [127.0.0.1]\r\nMAIL FROM:<>\r\nRSET\r\nQUIT\r\n", "250 sender" },
		{ &smtp_probe, SMTP_TO_RCPT,
		  "EHLO [127.0.0.1]\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster@mx.test>\r\n"
		  "RSET\r\nQUIT\r\n",
		  "250 recipient" },
		{ &smtp_proxy_probe, SMTP_TO_EHLO,
		  "PROXY TCP4 127.0.0.1 127.0.0.1 40000 25\r\nEHLO [127.0.0.1]\r\n"
		  "QUIT\r\n",
		  "250 mx" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct server s = { .greeting = "220 mx.test ESMTP\r\n",
			            .answer = (const char *const[]){
					    "250 mx\r\n", "250 sender\r\n",
					    "250 recipient\r\n", "250 ok\r\n", "",
					    NULL } };
		auto_plan plan = PLAN_INIT;
		struct step *step;

		server_start(&s, NULL);
		step = plan_probe(&plan, RANK_CONSUMERS, rows[i].probe, NULL, "", 0);
		free(step->object);
		step->object = xasprintf("127.0.0.1:%u", s.port);
		smtp_question(step)->depth = rows[i].depth;
		auto_free char *before = smtp_probe.before(step, soon());
		server_stop(&s);
		assert_string_equal(buf_text(&s.heard), rows[i].heard);
		if (rows[i].probe ==
		    &smtp_probe) /* the other one counts the proxy's line */
			assert_string_equal(before, rows[i].before);
		buf_done(&s.heard);
	}
	/* nobody listens: why */
	auto_plan plan = PLAN_INIT;
	auto_free char *silent = smtp_probe.before(
		plan_probe(&plan, RANK_CONSUMERS, &smtp_probe, NULL, "127.0.0.1:1", 0),
		soon());
	assert_int_equal(strncmp(silent, SMTP_SILENT, strlen(SMTP_SILENT)), 0);
	assert_non_null(strstr(silent, "no mail server answers at 127.0.0.1:1"));
}

/* The rows whose lines were compared, by their place in the registry. */
static bool is_shown[32];

static void note_shown(const struct probe_type *probe)
{
	for (unsigned t = 0; t < probe_type_count; t++)
		is_shown[t] |= probe_types[t] == probe;
}

static void ask_sign(struct step *step, const char *domain, const char *selector)
{
	milter_sign_question(step)->domain = xstrdup(domain);
	milter_sign_question(step)->selector = xstrdup(selector);
}

static void ask_map(struct step *step, const char *domain, const char *key)
{
	map_question(step)->domain = xstrdup(domain);
	map_question(step)->key = xstrdup(key);
}

static void test_show_probe(void **state)
{
	static const struct {
		const struct probe_type *probe;
		void (*fill)(struct step *step, const char *domain, const char *other);
		const char *domain, *other, *shown;
	} rows[] = {
		{ &milter_probe, NULL, NULL, NULL,
		  "# then the filter must answer at E\n" },
		{ &milter_sign_probe, ask_sign, "D", "S",
		  "# then a message of D must be signed with S at E\n" },
		{ &milter_sign_probe, ask_sign, "D", NULL,
		  "# then a message of D must not be signed at E\n" },
		{ &milter_verify_probe, NULL, NULL, NULL,
		  "# then a message from outside must be verified at E\n" },
		{ &milter_dmarc_probe, NULL, NULL, NULL,
		  "# then DMARC of a message from outside must be checked at E\n" },
		{ &map_probe, ask_map, "D", "K",
		  "# then K must become an address of D at E\n" },
		{ &map_probe, ask_map, NULL, "K",
		  "# then K must be left as it is at E\n" },
		{ &smtp_probe, NULL, NULL, NULL,
		  "# then the mail server must answer at E\n" },
		{ &smtp_proxy_probe, NULL, NULL, NULL,
		  "# then the mail server must answer at E\n" },
		{ &milter_guard_probe, NULL, NULL, NULL,
		  "# then a message from outside must be verified, and lose forged "
		  "results, at E\n" },
		{ &policy_probe, NULL, NULL, NULL,
		  "# then the SPF service must answer at E\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;
		auto_plan plan = PLAN_INIT;
		struct step *step =
			plan_probe(&plan, RANK_PROVIDERS, rows[i].probe, NULL, "E", 0);

		if (rows[i].fill)
			rows[i].fill(step, rows[i].domain, rows[i].other);
		step->probe->show(step, &out);
		assert_string_equal(buf_text(&out), rows[i].shown);
		note_shown(rows[i].probe);
	}
}

/* Those of qmail plan themselves. */
static void test_show_qmail_probe(void **state)
{
	const struct qmail_observed observed = {
		.host = { .bin = (char *)(uintptr_t) "/b",
		          .control = (char *)(uintptr_t) "/c" },
		.dkim_account = (char *)(uintptr_t) "k",
		.has_smtpd_account = true
	};
	auto_buf out = BUF_INIT;
	auto_plan plan = PLAN_INIT;

	(void)state;
	qmail_plan_smtpd_probe(&observed, 1, 0, &plan);
	qmail_plan_smtpd_probe(&observed, 2, 0, &plan);
	qmail_plan_verify_probe(&observed, "mx.example", 0, &plan);
	qmail_plan_sign_probe(&observed, "K", 0, &plan);
	plan_show(&plan, false, &out);
	for (size_t i = 0; i < plan.count; i++)
		note_shown(plan.step[i].probe);
	assert_string_equal(buf_text(&out),
	                    "# then /b/qmail-smtpd must accept connections\n"
	                    "# then /b/qmail-smtpd must accept connections, and defer a "
	                    "sender whose SPF record cannot be looked up\n"
	                    "# then " POLICYD_PATH " must verify a message\n"
	                    "# then /b/qmail-dkim must sign a message of K\n");
}

/* Every row of the registry is found by its name and was shown. */
static void test_rows(void **state)
{
	(void)state;
	for (unsigned t = 0; t < probe_type_count; t++) {
		const struct probe_type *probe = probe_types[t];

		assert_ptr_equal(probe_type_find(probe->name), probe);
		assert_true(is_shown[t]);
		assert_true(probe->question.texts * sizeof(char *) <=
		            probe->question.size);
	}
	assert_null(probe_type_find("of another time"));
	assert_null(probe_type_find(NULL));
}

static void test_question_copied(void **state)
{
	auto_plan plan = PLAN_INIT, copy = PLAN_INIT;
	struct step *smtp, *map;

	(void)state;
	map = plan_probe(&plan, RANK_PROVIDERS, &map_probe, &postsrsd_service, "tcp:h:1",
	                 7);
	ask_map(map, NULL, "K");
	plan_probe_again(&copy, map);
	assert_string_equal(copy.step[0].object, "tcp:h:1");
	assert_ptr_equal(copy.step[0].probe, &map_probe);
	assert_ptr_equal(copy.step[0].service, &postsrsd_service);
	assert_int_equal(copy.step[0].rank, RANK_PROVIDERS);
	assert_int_equal(copy.step[0].when, 0);
	assert_true(question_is_same(&map_probe.question, map->question,
	                             copy.step[0].question));
	map_question(map)->key[0] = 'L';
	assert_string_equal(map_question(&copy.step[0])->key, "K");
	assert_false(question_is_same(&map_probe.question, map->question,
	                              copy.step[0].question));
	map_question(map)->key[0] = 'K';
	map_question(map)->domain = xstrdup("D");
	assert_false(question_is_same(&map_probe.question, map->question,
	                              copy.step[0].question));
	smtp = plan_probe(&plan, RANK_CONSUMERS, &smtp_probe, NULL, "127.0.0.1:25", 0);
	smtp_question(smtp)->depth = SMTP_TO_RCPT;
	plan_probe_again(&copy, smtp);
	assert_int_equal(smtp_question(&copy.step[1])->depth, SMTP_TO_RCPT);
	plan_probe_again(&copy, plan_probe(&plan, RANK_CONSUMERS, &policy_probe, NULL,
	                                   "unix:/s", 0));
	assert_null(copy.step[2].question);
	assert_true(question_is_same(&policy_probe.question, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_up),
		cmocka_unit_test(test_socketmap),
		cmocka_unit_test(test_map_probe),
		cmocka_unit_test(test_show_probe),
		cmocka_unit_test(test_show_qmail_probe),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_question_copied),
		cmocka_unit_test(test_tables_refused),
		cmocka_unit_test(test_worse),
		cmocka_unit_test(test_smtp),
		cmocka_unit_test(test_smtp_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
