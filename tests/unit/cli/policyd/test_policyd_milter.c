/* cli/policyd_results and cli/policyd_milter: whose fields go, and the packets that say so. */
#include "cli/policyd/policyd_milter.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/policyd/policyd_results.h"
#include "core/base/buf.h"

#define ID "mx.example.net"

static void test_claims(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		bool is_ours;
	} rows[] = {
		{ ID "; dkim=pass", true },
		{ " " ID ";dkim=pass", true },
		{ ID, true },
		{ "MX.Example.NET; dkim=pass", true },
		{ "\r\n\t" ID "\r\n\t; dkim=pass", true },
		{ ID " 1; dkim=pass", true },
		{ ID " 1x; dkim=pass", true },
		{ ID "/4A3B; dkim=pass", true },
		{ ID ".; dkim=pass", true },
		{ ID ") ; dkim=pass", true },
		{ "m)x.example.net; dkim=pass", true },
		{ "(a (b) \\) c) " ID " (d); dkim=pass", true },
		{ "mx (c) . example . net; dkim=pass", true },
		{ "mx(c).example(c).net(c); dkim=pass", true },
		{ "mx\v.\fexample .net; dkim=pass", true },
		{ "\"" ID "\"; dkim=pass", true },
		{ "\"mx\".\"exam\"ple.net; dkim=pass", true },
		{ "\"mx\" . \"example\".net; dkim=pass", true },
		{ "\"\"" ID "; dkim=pass", true },
		{ "m\\x.example\\.net; dkim=pass", true },
		{ "\\m\\x\\.\\e\\x\\a\\m\\p\\l\\e\\.\\n\\e\\t; dkim=pass", true },
		{ "other.example " ID "; dkim=pass", true },
		{ "other.example; dkim=pass", false },
		{ "other.example; smtp.helo=" ID, false },
		{ "other.example (" ID "); dkim=pass", false },
		{ "a" ID "; dkim=pass", false },
		{ ID "a; dkim=pass", false },
		{ ID ".a; dkim=pass", false },
		{ "a." ID "; dkim=pass", false },
		{ "example.net; dkim=pass", false },
		{ "mx example.net; dkim=pass", false },
		{ "a/" ID "; dkim=pass", false },
		{ "\"x;" ID "\"; dkim=pass", false },
		{ "", false },
		{ ";" ID, false },
		{ "\\", false },
		/* comments and quotes that do not end: some programs do not read them */
		{ "(" ID "; dkim=pass", true },
		{ "\"" ID "; dkim=pass", true },
		{ "(x\\) " ID "; dkim=pass", true },
		{ "(other.example; " ID, false },
		/* control characters, which end the text for some programs and are nothing to others */
		{ "\001" ID "; dkim=pass", true },
		{ "mx.exam\177ple.net; dkim=pass", true },
		{ ID "\001other; dkim=pass", true },
		{ "x\001" ID "; dkim=pass", false },
		/* U-labels and encoded words */
		{ "\xef\xbc\xadX.example.net; dkim=pass", true },
		{ "b\xc3\xbc.example.net; dkim=pass", false },
		{ "=?us-ascii?q?mx.example.net?=; dkim=pass", true },
		{ ".....", false },
		{ "a234567890123456789012345678901234567890123456789012345678901234567890 " ID
		  ";",
		  true },
		{ "mx.example.net234567890123456789012345678901234567890123456789012345678901;",
		  false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (results_claim(octets_of(rows[i].value), ID) != rows[i].is_ours)
			fail_msg("%s", rows[i].value);
	static const char nul[] = "\0mx.exam\0ple.net; x";
	assert_true(results_claim((struct octets){ nul, sizeof(nul) - 1 }, ID));
	assert_true(
		results_claim(octets_of("b\xc3\xbc.example; x"), "xn--b-eha.example"));
	/* the longest name, and one more */
	char longest[RESULTS_ID_MAX + 3];
	memset(longest, 'a', sizeof(longest));
	longest[RESULTS_ID_MAX] = '\0';
	assert_true(results_claim((struct octets){ longest, RESULTS_ID_MAX }, longest));
	char value[RESULTS_ID_MAX + 1];
	memset(value, 'a', sizeof(value));
	assert_false(results_claim((struct octets){ value, sizeof(value) }, longest));
}

/* Fields within fields, for programs that end a line at CR. */
static void test_hidden_claims(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		bool hides;
	} rows[] = {
		{ " hi\rAuthentication-Results: " ID "; dkim=pass", true },
		{ "\rauthentication-results : (x) " ID, true },
		{ "\r\rA: b\rAuthentication-Results:\r " ID "; x\r", true },
		{ "a\nAuthentication-Results: " ID, true },
		{ "a\r\nAuthentication-Results: " ID, true },
		{ "a\rAuthentication-Results: other.example", false },
		{ "a\rAuthentication-Results: other.example\r" ID, false },
		{ "a\r\n Authentication-Results: " ID, false },
		{ "a\n\tAuthentication-Results: " ID, false },
		{ "a\r Authentication-Results: " ID, false },
		{ "Authentication-Results: " ID, false },
		{ "a\rSubject: " ID, false },
		{ "a\rAuthentication-Results", false },
		{ "a\r", false },
		{ "", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (results_hide_claim(octets_of(rows[i].value), ID) != rows[i].hides)
			fail_msg("row %zu", i);
}

static void test_field_names(void **state)
{
	(void)state;
	assert_true(results_is_field(octets_of("Authentication-Results")));
	assert_true(results_is_field(octets_of("AUTHENTICATION-results")));
	assert_true(results_is_field(octets_of("Authentication-Results \t")));
	assert_false(results_is_field(octets_of("Authentication-Result")));
	assert_false(results_is_field(octets_of("Authentication-Results-X")));
	assert_false(results_is_field(octets_of("X-Authentication-Results")));
	assert_false(results_is_field(octets_of("ARC-Authentication-Results")));
	assert_false(results_is_field(octets_of("")));
	char name[100];
	size_t len = (size_t)snprintf(name, sizeof(name), "%-99s", RESULTS_FIELD);
	assert_true(results_is_field((struct octets){ name, len }));
	name[strlen(RESULTS_FIELD)] = '\0';
	assert_false(results_is_field((struct octets){ name, len }));
}

/* ---- packets ---------------------------------------------------------------------------------- */

static void add_packet(struct buf *into, char command, const void *octets, size_t len)
{
	uint32_t size = htonl((uint32_t)len + 1);
	buf_add(into, &size, sizeof(size));
	buf_putc(into, command);
	buf_add(into, octets, len);
}

static void add_offer(struct buf *into, uint32_t version, uint32_t actions,
                      uint32_t steps)
{
	const uint32_t offer[] = { htonl(version), htonl(actions), htonl(steps) };
	add_packet(into, 'O', offer, sizeof(offer));
}

static void add_field(struct buf *into, const char *name, const char *value)
{
	auto_buf octets = BUF_INIT;
	buf_add(&octets, name, strlen(name) + 1);
	buf_add(&octets, value, strlen(value) + 1);
	add_packet(into, 'L', octets.at, octets.len);
}

/* What the filter answers, one word for a packet: "c", "y:550 ...", "m:2:" for a field that goes. */
static int serve_with(const struct buf *input, const struct policyd_settings *settings,
                      struct buf *answers)
{
	static const struct policyd_limits limits = { .pause_seconds = 5,
		                                      .idle_seconds = 5 };
	const struct policyd_log log = { .to_stderr = true };
	struct policyd_conf conf = { .path = "" };
	conf.settings = *settings;
	const size_t ahead = input->len < 3 ? input->len : 3;
	const struct policyd_milter milter = { .conf = &conf,
		                               .is_prepared = true,
		                               .limits = &limits,
		                               .log = &log,
		                               .octets = buf_text(input),
		                               .len = ahead };
	int in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
	int null = dup(STDERR_FILENO), r;
	static char octets[1 << 20];
	assert_int_equal(write(in, buf_text(input), input->len), (ssize_t)input->len);
	assert_int_equal(lseek(in, (off_t)ahead, SEEK_SET), ahead);
	close(STDERR_FILENO);
	r = policyd_milter(&milter, in, out);
	dup2(null, STDERR_FILENO);
	close(null);
	close(in);
	ssize_t got = pread(out, octets, sizeof(octets), 0);
	assert_true(got >= 0);
	close(out);
	buf_add(answers, "", 0);
	for (size_t at = 0; at + 5 <= (size_t)got;) {
		uint32_t size, number;
		memcpy(&size, octets + at, sizeof(size));
		memcpy(&number, octets + at + 5, sizeof(number));
		size = ntohl(size);
		buf_printf(answers, "%s%c", answers->len ? " " : "", octets[at + 4]);
		if (octets[at + 4] == 'm')
			buf_printf(answers, ":%u:%s", ntohl(number), octets + at + 9);
		/* the reply is a text that ends in NUL */
		if (octets[at + 4] == 'y')
			assert_int_equal(strnlen(octets + at + 5, size), size - 2);
		if (octets[at + 4] == 'y')
			buf_printf(answers, ":%.3s", octets + at + 5);
		if (octets[at + 4] == 'O')
			buf_printf(answers, ":%u", ntohl(number));
		/* on top of the others */
		if (octets[at + 4] == 'i') {
			assert_int_equal(number, 0);
			assert_int_equal(strlen(octets + at + 9),
			                 strlen("Authentication-Results"));
			const char *value =
				octets + at + 9 + strlen("Authentication-Results") + 1;
			assert_int_equal(strlen(value) +
			                         strlen("Authentication-Results") + 2 + 5,
			                 size);
			assert_int_equal(strncmp(value, " mx.example.net;\n\t", 18), 0);
			buf_printf(answers, ":%.9s", value + 18);
		}
		at += size + 4;
	}
	return r;
}

static int serve(const struct buf *input, bool has_one_from, struct buf *answers)
{
	struct policyd_settings settings = policyd_settings_default(ID);
	settings.is_one_from = has_one_from;
	return serve_with(input, &settings, answers);
}

#define AR "Authentication-Results"

static void test_session(void **state)
{
	(void)state;
	auto_buf in = BUF_INIT, out = BUF_INIT;
	add_offer(&in, 6, 0x1ff, 0x1fffff);
	add_packet(&in, 'D', "Mi\0queue-id", 12);
	add_field(&in, AR, ID "; dkim=pass");
	add_field(&in, AR, "other.example; dkim=pass");
	add_field(&in, "From", "a@b.example");
	add_field(&in, "From", "c@b.example");
	add_field(&in, AR " ", " " ID ";\n\tdkim=pass");
	add_packet(&in, 'E', "", 0);
	/* the second message: nothing of the first one, nor of one that was given up */
	add_field(&in, AR, ID "; dkim=pass");
	add_packet(&in, 'A', "", 0);
	add_field(&in, AR, "other.example; dkim=pass");
	add_field(&in, AR, ID "; dkim=pass");
	add_packet(&in, 'E', "", 0);
	add_packet(&in, 'Q', "", 0);
	assert_int_equal(serve(&in, false, &out), 0);
	assert_string_equal(buf_text(&out), "O:6 m:3:" AR " m:1:" AR " c m:2:" AR " c");
}

static void test_old_clients(void **state)
{
	(void)state;
	auto_buf in = BUF_INIT, out = BUF_INIT, none = BUF_INIT;
	add_offer(&in, 2, 0x1f, 0); /* it lets nothing be left out */
	add_packet(&in, 'C',
	           "x\0"
	           "4\0\031127.0.0.1",
	           14);
	add_packet(&in, 'H', "x", 2);
	add_packet(&in, 'M', "<a@b>", 6);
	add_packet(&in, 'R', "<a@b>", 6);
	add_field(&in, AR, ID "; dkim=pass");
	add_packet(&in, 'N', "", 0);
	add_packet(&in, 'B', "body", 4);
	add_packet(&in, 'E', "", 0);
	assert_int_equal(serve(&in, false, &out), 0);
	assert_string_equal(buf_text(&out), "O:2 c c c c c c c m:1:" AR " c");
	buf_clear(&in);
	buf_clear(&out);
	add_offer(&in, 6, 0x1, 0); /* header fields may not be changed: it cannot work */
	assert_int_equal(serve(&in, false, &out), 1);
	assert_string_equal(buf_text(&out), "");
	assert_int_equal(serve(&none, false, &out), 0);
}

static void test_one_from(void **state)
{
	(void)state;
	auto_buf in = BUF_INIT, out = BUF_INIT;
	add_offer(&in, 6, 0x1ff, 0x1fffff);
	add_field(&in, "From", "a@b.example");
	add_field(&in, "FROM ", "c@b.example");
	add_packet(&in, 'E', "", 0);
	add_field(&in, "From", "a@b.example");
	add_field(&in, "From-x", "a@b.example");
	add_packet(&in, 'E', "", 0);
	assert_int_equal(serve(&in, true, &out), 0);
	assert_string_equal(buf_text(&out), "O:6 y:550 c");
}

static void test_broken_packets(void **state)
{
	(void)state;
	static const struct {
		const char *octets;
		size_t len;
		int status;
	} rows[] = {
		{ "\0\0\0\0", 4, 1 },          { "\0\x20\0\0Lx", 6, 1 },
		{ "\xff\xff\xff\xffL", 5, 1 }, { "\0\0", 2, 1 },
		{ "\0\0\0\5Lab", 7, 1 },       { "\0\0\0\5O\0\0\0\6", 9, 1 },
		{ "\0\0\0\1L", 5, 0 },         { "\0\0\0\3Lab", 7, 0 },
		{ "\0\0\0\4Lab\0", 8, 0 },     { "\0\0\0\4Dia\0", 8, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf in = BUF_INIT, out = BUF_INIT;
		buf_add(&in, rows[i].octets, rows[i].len);
		if (serve(&in, false, &out) != rows[i].status)
			fail_msg("row %zu", i);
	}
}

/* Each length and each number of an offer at its bound. */
static void test_offers(void **state)
{
	(void)state;
	static const struct {
		uint32_t version, actions;
		size_t len;
		const char *want; /* NULL: it is not served */
	} rows[] = {
		{ 2, 0x10, 12, "O:2" },  { 6, 0x10, 12, "O:6" }, { 7, 0x10, 12, "O:6" },
		{ 1, 0x1ff, 12, NULL },  { 0, 0x1ff, 12, NULL }, { 6, 0x1ef, 12, NULL },
		{ 6, 0x1ff, 11, NULL },  { 6, 0x1ff, 8, NULL },  { 6, 0x1ff, 0, NULL },
		{ 6, 0x1ff, 16, "O:6" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf in = BUF_INIT, out = BUF_INIT;
		const uint32_t offer[] = { htonl(rows[i].version), htonl(rows[i].actions),
			                   htonl(0x1fffff), 0 };
		add_packet(&in, 'O', offer, rows[i].len);
		if (serve(&in, false, &out) != !rows[i].want ||
		    strcmp(buf_text(&out), rows[i].want ? rows[i].want : "") != 0)
			fail_msg("row %zu: %s", i, buf_text(&out));
	}
}

/* A field whose value never ends is none, and counts as none. */
static void test_broken_fields(void **state)
{
	(void)state;
	static const struct {
		const char *octets;
		size_t len;
	} rows[] = { { "From", 4 },
		     { "From\0", 5 },
		     { "From\0a@b.example", 16 },
		     { AR "\0", sizeof(AR) },
		     { AR "\0" ID "; dkim=pass",
		       sizeof(AR) + sizeof(ID "; dkim=pass") - 1 } };
	auto_buf in = BUF_INIT, out = BUF_INIT;
	add_offer(&in, 6, 0x1ff, 0x1fffff);
	add_field(&in, "From", "a@b.example");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		add_packet(&in, 'L', rows[i].octets, rows[i].len);
	add_field(&in, AR, ID "; dkim=pass");
	add_packet(&in, 'E', "", 0);
	assert_int_equal(serve(&in, true, &out), 0);
	assert_string_equal(buf_text(&out), "O:6 m:1:" AR " c");
}

static void test_too_many(void **state)
{
	(void)state;
	auto_buf in = BUF_INIT, out = BUF_INIT;
	add_offer(&in, 6, 0x1ff, 0x1fffff);
	for (unsigned i = 0; i < 10000; i++)
		add_field(&in, AR, ID);
	add_packet(&in, 'E', "", 0);
	for (unsigned i = 0; i < 10001; i++)
		add_field(&in, AR, ID);
	add_packet(&in, 'E', "", 0);
	assert_int_equal(serve(&in, false, &out), 0);
	assert_non_null(strstr(buf_text(&out), "O:6 m:10000:" AR " m:9999:"));
	assert_non_null(strstr(buf_text(&out), " m:1:" AR " c y:550"));
}

/* ---- where mail is verified ------------------------------------------------------------------- */

static struct policyd_settings verifying(void)
{
	struct policyd_settings settings = policyd_settings_default(ID);
	settings.verifies_dkim = true;
	settings.is_checked = false; /* nothing is asked for */
	return settings;
}

static void add_client(struct buf *into, const char *address)
{
	auto_buf octets = BUF_INIT;
	buf_add(&octets, "host\0004\0\031", 8);
	buf_add(&octets, address, strlen(address) + 1);
	add_packet(into, 'C', octets.at, octets.len);
}

/* Client, envelope, a forged field, a body. */
static void add_message(struct buf *into, const char *macros, size_t len)
{
	add_packet(into, 'D', macros, len);
	add_packet(into, 'M', "<a@b.example>", 14);
	add_field(into, AR, ID "; dkim=pass");
	add_field(into, "From", " a@b.example");
	add_packet(into, 'N', "", 0);
	add_packet(into, 'B', "body\r\n", 6);
	add_packet(into, 'E', "", 0);
}

static void test_verified(void **state)
{
	(void)state;
	static const struct {
		const char *client, *macros;
		size_t len;
		const char *want;
	} rows[] = {
		{ "192.0.2.1", "M", 1, "O:6 s m:1:" AR " i:dkim=none c" },
		{ "192.0.2.1", "M{auth_authen}\0\0", 16,
		  "O:6 s m:1:" AR " i:dkim=none c" },
		{ "192.0.2.1", "M{auth_authen}\0joe", 19, "O:6 s m:1:" AR " c" },
		/* of another step */
		{ "192.0.2.1", "R{auth_authen}\0joe", 19,
		  "O:6 s m:1:" AR " i:dkim=none c" },
		{ "127.0.0.1", "M", 1, "O:6 s m:1:" AR " c" },
		{ "IPv6:::1", "M", 1, "O:6 s m:1:" AR " c" },
		{ "IPv6:2001:db8::1", "M", 1, "O:6 s m:1:" AR " i:dkim=none c" },
		{ "nowhere", "M", 1, "O:6 s m:1:" AR " c" },
	};
	const struct policyd_settings settings = verifying();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf in = BUF_INIT, out = BUF_INIT;
		add_offer(&in, 6, 0x1ff, 0x1fffff);
		add_client(&in, rows[i].client);
		add_message(&in, rows[i].macros, rows[i].len);
		assert_int_equal(serve_with(&in, &settings, &out), 0);
		if (strcmp(buf_text(&out), rows[i].want) != 0)
			fail_msg("row %zu: %s", i, buf_text(&out));
	}
}

/* Nothing of a message, a login or a client is left for the next one. */
static void test_verified_again(void **state)
{
	(void)state;
	const struct policyd_settings settings = verifying();
	auto_buf in = BUF_INIT, out = BUF_INIT;
	add_offer(&in, 6, 0x1ff, 0x1fffff);
	add_client(&in, "192.0.2.1");
	add_message(&in, "M{auth_authen}\0joe", 19);
	add_message(&in, "M", 1);
	add_field(&in, "DKIM-Signature", " foo");
	add_packet(&in, 'A', "", 0);
	add_message(&in, "M", 1);
	add_packet(&in, 'K', "", 0);
	add_message(&in, "M", 1);
	assert_int_equal(serve_with(&in, &settings, &out), 0);
	assert_string_equal(buf_text(&out),
	                    "O:6 s m:1:" AR " c s m:1:" AR " i:dkim=none c s m:1:" AR
	                    " i:dkim=none c s m:1:" AR " c");
}

/* Each step is answered where the client wants that, and adding fields must be allowed. */
static void test_verified_offers(void **state)
{
	(void)state;
	static const struct {
		uint32_t actions, steps;
		const char *want; /* NULL: it is not served */
	} rows[] = {
		{
			0x11,
			0,
			"O:6 c c c c c c m:1:" AR,
		},
		{ 0x11, 0x800ff, "O:6 c c c m:1:" AR },
		{ 0x10, 0x1fffff, NULL },
		{ 0x01, 0x1fffff, NULL },
	};
	const struct policyd_settings settings = verifying();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf in = BUF_INIT, out = BUF_INIT;
		add_offer(&in, 6, rows[i].actions, rows[i].steps);
		add_client(&in, "127.0.0.1");
		add_message(&in, "M", 1);
		int r = serve_with(&in, &settings, &out);
		assert_int_equal(r, rows[i].want ? 0 : 1);
		if (rows[i].want &&
		    strncmp(buf_text(&out), rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("row %zu: %s", i, buf_text(&out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verified),
		cmocka_unit_test(test_verified_again),
		cmocka_unit_test(test_verified_offers),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_field_names),
		cmocka_unit_test(test_hidden_claims),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_old_clients),
		cmocka_unit_test(test_one_from),
		cmocka_unit_test(test_broken_packets),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_broken_fields),
		cmocka_unit_test(test_too_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
