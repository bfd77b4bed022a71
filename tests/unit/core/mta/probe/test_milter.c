/* The milter client against a small filter in a thread: probes, verdicts, hostile answers. */
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
#include "core/mta/probe/milter.h"

enum behaviour {
	SIGNS, /* inserts a DKIM-Signature of s1 for example.com where {auth_type} came */
	SIGNS_ALL,    /* the same of everybody's message */
	SIGNS_INSIDE, /* of a client in two of the three networks of documentation, too */
	VERIFIES,     /* inserts Authentication-Results */
	VERIFIES_OUTSIDE, /* the same, but for a client in the third of these networks only */
	GUARDS,           /* takes forged results out, and inserts its own */
	GUARDS_OUTSIDE,
	GUARDS_DMARC,  /* with a result of DMARC */
	REMOVES,       /* takes forged results out, adds nothing */
	REMOVES_OTHER, /* takes another field out, and inserts results */
	REJECTS,
	DISCARDS,
	PASSES,       /* continues, adds nothing */
	EARLY,        /* accepts at the end of headers */
	DEFERS,       /* 451 at the end of headers */
	REPLIES,      /* its own reply code, 4xx */
	NO_MILTER,    /* speaks something else */
	HUGE,         /* a packet of 4 GiB */
	EMPTY,        /* a packet of no octets */
	SHORT_OPTNEG, /* half a negotiation */
	TRUNCATED,    /* a header without its NULs, then closes inside a packet */
	ENDLESS,      /* progress without end */
	SILENT,       /* negotiates, then nothing */
	MUTE,         /* wants every step, and answers the end of the message only */
};

struct filter {
	enum behaviour behaviour;
	int listener;
	pthread_t thread;
	char folder[64], path[96], endpoint[128];
	bool saw_login, is_login, is_third;
	struct buf macros; /* "M:i,{auth_type}," of the first message */
	bool is_first;
};

static bool read_all(int fd, void *octets, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = recv(fd, (char *)octets + at, len - at, 0);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static void answer(int fd, char code, const void *octets, size_t len)
{
	uint32_t size = htonl((uint32_t)len + 1);
	if (send(fd, &size, 4, MSG_NOSIGNAL) == 4 &&
	    send(fd, &code, 1, MSG_NOSIGNAL) == 1 && len)
		(void)!send(fd, octets, len, MSG_NOSIGNAL);
}

static void negotiate(struct filter *f, int fd)
{
	const uint32_t good[] = { htonl(6), htonl(0x111), htonl(0) };
	switch (f->behaviour) {
	case NO_MILTER:
		(void)!send(fd, "220 mail ESMTP\r\n", 16, MSG_NOSIGNAL);
		break;
	case HUGE:
		(void)!send(fd, "\xff\xff\xff\xffO", 5, MSG_NOSIGNAL);
		break;
	case EMPTY:
		(void)!send(fd, "\0\0\0\0", 4, MSG_NOSIGNAL);
		break;
	case MUTE:
		answer(fd, 'O', (uint32_t[]){ htonl(6), htonl(0x111), htonl(0xff080) },
		       12);
		break;
	case SHORT_OPTNEG:
		answer(fd, 'O', good, 8);
		break;
	default:
		answer(fd, 'O', good, sizeof(good));
	}
}

#define INSERT(name, value) "\0\0\0\0" name "\0" value
#define SIGNATURE                \
	INSERT("DKIM-Signature", \
	       " v=1; a=rsa-sha256; d=Example.com;\r\n\ts=s1; h=From;\r\n\tb=d=other.example")

/* The end of the message: headers, then the verdict. */
static void finish(struct filter *f, int fd)
{
	static const char signature[] = SIGNATURE;
	static const char results[] =
		INSERT("Authentication-Results", " MX.example; dkim=none");
	static const char dmarc[] =
		INSERT("Authentication-Results", " mx.example; dkim=none; dmarc=none");
	static const char removal[] = "\0\0\0\1authentication-results\0";
	static const char other[] = "\0\0\0\1Received-SPF\0";
	enum behaviour does = f->behaviour;
	f->is_first = false;
	if (does == SIGNS_ALL || (does == SIGNS_INSIDE && !f->is_third) ||
	    ((does == SIGNS || does == MUTE || does == SIGNS_INSIDE) && f->is_login))
		answer(fd, 'i', signature, sizeof(signature));
	if (does == GUARDS || does == GUARDS_OUTSIDE || does == GUARDS_DMARC ||
	    does == REMOVES)
		answer(fd, 'm', removal, sizeof(removal));
	if (does == REMOVES_OTHER)
		answer(fd, 'm', other, sizeof(other));
	if (does == VERIFIES || does == GUARDS || does == REMOVES_OTHER ||
	    (f->is_third && (does == VERIFIES_OUTSIDE || does == GUARDS_OUTSIDE)))
		answer(fd, 'i', results, sizeof(results));
	if (does == GUARDS_DMARC)
		answer(fd, 'i', dmarc, sizeof(dmarc));
	if (does == REJECTS || does == DISCARDS) {
		answer(fd, does == REJECTS ? 'r' : 'd', "", 0);
		return;
	}
	if (f->behaviour == TRUNCATED) {
		answer(fd, 'i', "\0\0\0\0DKIM-Signature", 18);
		answer(fd, 'i', "\0", 1);
		(void)!send(fd, "\0\0\0\x10i", 5, MSG_NOSIGNAL);
		shutdown(fd, SHUT_RDWR);
		return;
	}
	if (f->behaviour == ENDLESS)
		for (int i = 0; i < 2000; i++)
			answer(fd, 'p', "", 0);
	answer(fd, 'c', "", 0);
}

static void note_macros(struct filter *f, const char *octets, size_t len)
{
	bool is_name = true;
	buf_printf(&f->macros, "%c:", octets[0]);
	for (const char *at = octets + 1; at < octets + len; at += strlen(at) + 1) {
		if (is_name)
			buf_printf(&f->macros, "%s,", at);
		is_name = !is_name;
	}
}

static void serve(struct filter *f, int fd)
{
	char head[5], octets[4096];
	f->is_login = f->is_third = false;
	while (read_all(fd, head, sizeof(head))) {
		uint32_t len;
		memcpy(&len, head, 4);
		len = ntohl(len) - 1;
		if (len > sizeof(octets) || !read_all(fd, octets, len) || head[4] == 'Q')
			return;
		if (head[4] == 'D' && memmem(octets, len, "{auth_type}", 11))
			f->saw_login = f->is_login = true;
		if (head[4] == 'C')
			f->is_third = memmem(octets, len, "203.0.113.", 10) != NULL;
		if (head[4] == 'D' && f->is_first)
			note_macros(f, octets, len);
		if (head[4] == 'O')
			negotiate(f, fd);
		else if (head[4] == 'D' || f->behaviour == SILENT)
			continue;
		else if (f->behaviour == MUTE && head[4] != 'E')
			continue;
		else if (head[4] == 'N' && f->behaviour == EARLY)
			answer(fd, 'a', "", 0);
		else if (head[4] == 'N' && f->behaviour == DEFERS)
			answer(fd, 't', "", 0);
		else if (head[4] == 'N' && f->behaviour == REPLIES)
			answer(fd, 'y', "451 4.7.1 later", 16);
		else if (head[4] == 'E')
			finish(f, fd);
		else
			answer(fd, 'c', "", 0);
	}
}

static void *run_filter(void *arg)
{
	struct filter *f = arg;
	int fd;
	while ((fd = accept(f->listener, NULL, NULL)) >= 0) {
		serve(f, fd);
		close(fd);
	}
	return NULL;
}

static void filter_start(struct filter *f, enum behaviour behaviour)
{
	*f = (struct filter){ .behaviour = behaviour, .is_first = true };
	strcpy(f->folder, "/tmp/test-milter.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/s", f->folder);
	snprintf(f->endpoint, sizeof(f->endpoint), "unix:%s", f->path);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strncpy(address.sun_path, f->path, sizeof(address.sun_path) - 1);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&address, sizeof(address)),
	                 0);
	assert_int_equal(listen(f->listener, 5), 0);
	assert_int_equal(pthread_create(&f->thread, NULL, run_filter, f), 0);
}

static void filter_stop(struct filter *f)
{
	shutdown(f->listener, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	close(f->listener);
	unlink(f->path);
	rmdir(f->folder);
}

static void test_probes(void **state)
{
	(void)state;
	static const struct {
		enum behaviour behaviour;
		const struct probe_type *probe;
		const char *domain, *selector;
		const char *why; /* NULL: holds */
		bool has_dmarc;
	} rows[] = {
		{ SIGNS, &milter_probe, NULL, NULL, NULL },
		{ SIGNS, &milter_sign_probe, "example.com", "s1", NULL },
		{ MUTE, &milter_probe, NULL, NULL, NULL },
		{ MUTE, &milter_sign_probe, "example.com", "s1", NULL },
		{ MUTE, &milter_sign_probe, "other.example", "s1", "did not sign" },
		{ SIGNS_ALL, &milter_sign_probe, "example.com", "s1",
		  "mail from outside for example.com" },
		{ SIGNS, &milter_sign_probe, "example.com", "s2",
		  "with selector s1 instead of s2" },
		{ SIGNS, &milter_sign_probe, "example.com", NULL,
		  "still signs for example.com" },
		{ SIGNS, &milter_sign_probe, "other.example", "s1", "did not sign" },
		{ SIGNS, &milter_sign_probe, "other.example", NULL, NULL },
		{ PASSES, &milter_sign_probe, "example.com", "s1", "did not sign" },
		{ PASSES, &milter_sign_probe, "example.com", NULL, NULL },
		{ EARLY, &milter_sign_probe, "example.com", NULL, NULL },
		{ EARLY, &milter_sign_probe, "example.com", "s1", "did not sign" },
		{ DEFERS, &milter_sign_probe, "example.com", "s1", "deferred" },
		{ REPLIES, &milter_sign_probe, "example.com", NULL, "deferred" },
		{ VERIFIES, &milter_verify_probe, "mx.example", NULL, NULL },
		{ VERIFIES, &milter_verify_probe, "mx.exampl", NULL,
		  "no Authentication-Results" },
		{ PASSES, &milter_verify_probe, "mx.example", NULL,
		  "no Authentication-Results" },
		{ EARLY, &milter_verify_probe, "mx.example", NULL,
		  "no Authentication-Results" },
		{ SIGNS_INSIDE, &milter_sign_probe, "example.com", "s1", NULL },
		{ VERIFIES_OUTSIDE, &milter_verify_probe, "mx.example", NULL, NULL },
		{ DEFERS, &milter_verify_probe, "mx.example", NULL, "defers" },
		{ DEFERS, &milter_verify_probe, NULL, NULL, "defers" },
		{ REJECTS, &milter_verify_probe, "mx.example", NULL,
		  "no Authentication-Results" },
		{ VERIFIES, &milter_verify_probe, NULL, NULL, "still verifies" },
		{ VERIFIES_OUTSIDE, &milter_verify_probe, NULL, NULL, "still verifies" },
		{ PASSES, &milter_verify_probe, NULL, NULL, NULL },
		{ SIGNS_ALL, &milter_verify_probe, NULL, NULL, NULL },
		{ GUARDS_DMARC, &milter_dmarc_probe, "mx.example", NULL, NULL },
		{ VERIFIES, &milter_dmarc_probe, "mx.example", NULL,
		  "added no DMARC result of mx.example" },
		{ GUARDS_DMARC, &milter_dmarc_probe, "x.example", NULL,
		  "added no DMARC result of x.example" },
		{ GUARDS, &milter_guard_probe, "mx.example", NULL, NULL },
		{ GUARDS_OUTSIDE, &milter_guard_probe, "mx.example", NULL, NULL },
		{ GUARDS_DMARC, &milter_guard_probe, "mx.example", NULL, NULL },
		{ GUARDS_DMARC, &milter_guard_probe, "mx.example", NULL, NULL, true },
		{ GUARDS, &milter_guard_probe, "mx.example", NULL,
		  "added no DMARC result of mx.example", true },
		{ GUARDS_OUTSIDE, &milter_guard_probe, "mx.example", NULL,
		  "added no DMARC result of mx.example", true },
		{ GUARDS, &milter_guard_probe, "mx.exampl", NULL,
		  "no Authentication-Results header of mx.exampl" },
		{ REMOVES, &milter_guard_probe, "mx.example", NULL,
		  "no Authentication-Results header of mx.example" },
		{ REMOVES, &milter_guard_probe, "mx.example", NULL,
		  "no Authentication-Results header of mx.example", true },
		{ REMOVES_OTHER, &milter_guard_probe, "mx.example", NULL,
		  "did not remove a forged" },
		{ VERIFIES, &milter_guard_probe, "mx.example", NULL,
		  "did not remove a forged" },
		{ PASSES, &milter_guard_probe, "mx.example", NULL,
		  "did not remove a forged" },
		{ EARLY, &milter_guard_probe, "mx.example", NULL,
		  "did not remove a forged" },
		{ DEFERS, &milter_guard_probe, "mx.example", NULL, "defers" },
		{ REJECTS, &milter_guard_probe, "mx.example", NULL,
		  "rejected a test message from outside" },
		{ DISCARDS, &milter_guard_probe, "mx.example", NULL,
		  "discarded a test message from outside" },
		{ REJECTS, &milter_sign_probe, "example.com", "s1", "rejected" },
		{ NO_MILTER, &milter_probe, NULL, NULL,
		  "does not use the milter protocol" },
		{ HUGE, &milter_probe, NULL, NULL, "does not use the milter protocol" },
		{ EMPTY, &milter_probe, NULL, NULL, "does not use the milter protocol" },
		{ SHORT_OPTNEG, &milter_probe, NULL, NULL,
		  "does not use the milter protocol" },
		{ TRUNCATED, &milter_sign_probe, "example.com", "s1",
		  "closed the connection" },
		{ ENDLESS, &milter_sign_probe, "example.com", "s1", "does not end" },
	};
	struct ctx ctx;
	struct err err = ERR_INIT;
	assert_int_equal(ctx_init(&ctx, NULL, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct filter f;
		auto_plan plan = PLAN_INIT;
		filter_start(&f, rows[i].behaviour);
		struct step *step = plan_probe(&plan, RANK_PROVIDERS, rows[i].probe, NULL,
		                               f.endpoint, 0);
		if (step->probe == &milter_sign_probe) {
			milter_sign_question(step)->domain = xstrdup(rows[i].domain);
			milter_sign_question(step)->selector = xstrdup(rows[i].selector);
		} else if (step->probe == &milter_guard_probe) {
			milter_guard_question(step)->authserv_id =
				xstrdup(rows[i].domain);
			milter_guard_question(step)->has_dmarc = rows[i].has_dmarc;
		} else if (step->probe != &milter_probe) {
			milter_verify_question(step)->authserv_id =
				xstrdup(rows[i].domain);
		}
		err_clear(&err);
		int r = step->probe->ask(&ctx, step, monotonic_ns() + 10 * NS_PER_SEC,
		                         &err);
		filter_stop(&f);
		buf_done(&f.macros);
		if (r != (rows[i].why ? ERR_FAILED : 0))
			fail_msg("row %zu: %s", i, err.text);
		if (rows[i].why && !strstr(err.text, rows[i].why))
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(f.saw_login, rows[i].probe == &milter_sign_probe);
	}
	ctx_done(&ctx);
}

/* The signer is told what Postfix will tell it, and no more. */
static void test_macros(void **state)
{
	(void)state;
	static const struct {
		const char *macros[MACRO_STAGES], *sent;
		const char *why; /* NULL: it signs */
	} rows[] = {
		{ { NULL },
		  "C:j,{daemon_name},{daemon_addr},v,_,M:i,{auth_type},{auth_authen},"
		  "{mail_addr},{mail_host},{mail_mailer},R:i,{rcpt_addr},{rcpt_host},"
		  "{rcpt_mailer},",
		  NULL },
		{ { "", "", "i {mail_addr} {client_addr} {client_name} {auth_authen}",
		    "" },
		  "M:i,{mail_addr},{client_addr},{client_name},{auth_authen},",
		  "did not sign a test message that a customer of example.com" },
		{ { "", "", "i, {mail_addr}, {auth_type}", "" },
		  "M:i,{mail_addr},{auth_type},",
		  NULL },
		{ { "{j=mx.example} {daemon_name=a b}", "",
		    "{auth_type} {i} {tls_version} nonsense", "" },
		  "C:j,{daemon_name},M:{auth_type},i,",
		  NULL },
		{ { "", "{auth_type}", "", "{rcpt_addr}" },
		  "H:{auth_type},R:{rcpt_addr},",
		  NULL },
		{ { "", "", "", "" }, "", "did not sign" },
	};
	struct ctx ctx;
	struct err err = ERR_INIT;
	assert_int_equal(ctx_init(&ctx, NULL, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct filter f;
		auto_plan plan = PLAN_INIT;
		filter_start(&f, SIGNS);
		struct step *step = plan_probe(&plan, RANK_PROVIDERS, &milter_sign_probe,
		                               NULL, f.endpoint, 0);
		milter_sign_question(step)->domain = xstrdup("example.com");
		milter_sign_question(step)->selector = xstrdup("s1");
		for (int stage = 0; stage < MACRO_STAGES; stage++)
			milter_probe_macros(step)->list[stage] =
				xstrdup(rows[i].macros[stage]);
		err_clear(&err);
		int r = step->probe->ask(&ctx, step, monotonic_ns() + 10 * NS_PER_SEC,
		                         &err);
		filter_stop(&f);
		assert_string_equal(buf_text(&f.macros), rows[i].sent);
		buf_done(&f.macros);
		assert_int_equal(r, rows[i].why ? ERR_FAILED : 0);
		if (rows[i].why)
			assert_non_null(strstr(err.text, rows[i].why));
	}
	ctx_done(&ctx);
}

static void test_deadline(void **state)
{
	(void)state;
	struct ctx ctx;
	struct err err = ERR_INIT;
	struct filter f;
	struct milter_answer got = { 0 };
	const struct milter_message message = { .client = "127.0.0.1",
		                                .sender = "a@b.example",
		                                .recipient = "c@d.example",
		                                .body = "" };
	assert_int_equal(ctx_init(&ctx, NULL, &err), 0);
	filter_start(&f, SILENT);
	assert_int_equal(milter_ask(&ctx, f.endpoint, &message,
	                            monotonic_ns() + 50 * NS_PER_MS, &got, &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "in time"));
	filter_stop(&f);
	buf_done(&f.macros);
	assert_int_equal(milter_ask(&ctx, f.endpoint, NULL, monotonic_ns() + NS_PER_SEC,
	                            &got, &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "no server answers"));
	static const char *const bad[] = { "inet:x@127.0.0.1", "inet:25@mail.example",
		                           "fd:3", "" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(milter_ask(&ctx, bad[i], NULL,
		                            monotonic_ns() + NS_PER_SEC, &got, &err),
		                 ERR_FAILED);
	ctx_done(&ctx);
}

static void test_headers(void **state)
{
	(void)state;
	static const struct {
		const char *headers, *domain, *selector; /* NULL: none */
	} rows[] = {
		{ "DKIM-Signature: v=1; d=a.example; s=x; b=y\n", "a.example", "x" },
		{ "dkim-signature: d = a.example ;s=x\n", "a.example", NULL },
		{ "DKIM-Signature: s=x; d=a.example\n", "a.example", "x" },
		{ "DKIM-Signature: xd=a.example; s=x\n", "a.example", NULL },
		{ "DKIM-Signature: d=b.example; s=1\nDKIM-Signature: d=a.example; s=2\n",
		  "a.example", "2" },
		{ "DKIM-Signature:\nX: d=a.example; s=2\n", "a.example", NULL },
		{ "X-DKIM-Signature: d=a.example; s=2\n", "a.example", NULL },
		{ "", "a.example", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char selector[64];
		bool found = milter_find_signature(rows[i].headers, rows[i].domain,
		                                   selector, sizeof(selector));
		assert_int_equal(found, rows[i].selector != NULL);
		if (found)
			assert_string_equal(selector, rows[i].selector);
	}
	assert_true(milter_has_results("authentication-results: MX.a 1; x\n", "mx.a"));
	assert_false(milter_has_results("Authentication-Results: mx.ab; x\n", "mx.a"));
	assert_false(milter_has_results("Authentication-Results: mx.a\n", "mx.a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_macros),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
