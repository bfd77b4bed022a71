/* The Received-SPF field: what each verdict becomes, and its bounds. */
#include "tests/unit/spf_fixture.h"

#include "dnszone/spf/received_spf.h"

static void test_received_spf(void **state)
{
	(void)state;
	static const struct {
		const char *sender, *helo, *local, *guess, *expected;
	} rows[] = {
		{ "joe@pass.test", "helo.test", NULL, NULL,
		  "pass (mx.here.test: client is permitted by pass.test) "
		  "client-ip=192.0.2.1; envelope-from=\"joe@pass.test\"; helo=helo.test; "
		  "receiver=mx.here.test; identity=mailfrom; "
		  "mechanism=\"ip4:192.0.2.1\";" },
		{ "joe@mixed.test", "helo.test", "ip4:192.0.2.1", NULL,
		  "pass (mx.here.test: local policy: client is permitted by a local rule for "
		  "mixed.test) client-ip=192.0.2.1; envelope-from=\"joe@mixed.test\"; "
		  "helo=helo.test; receiver=mx.here.test; identity=mailfrom; "
		  "mechanism=\"+ip4:192.0.2.1\";" },
		{ "joe@gone.test", "helo.test", NULL, "v=spf1 ?all",
		  "neutral (mx.here.test: best guess: client is neither permitted nor denied "
		  "by the guess rules for gone.test) client-ip=192.0.2.1; "
		  "envelope-from=\"joe@gone.test\"; helo=helo.test; receiver=mx.here.test; "
		  "identity=mailfrom; mechanism=?all;" },
		{ "", "helo.test", NULL, NULL,
		  "softfail (mx.here.test: client is probably not permitted by helo.test) "
		  "client-ip=192.0.2.1; envelope-from=\"postmaster@helo.test\"; "
		  "helo=helo.test; receiver=mx.here.test; identity=helo; mechanism=~all;" },
		{ "a\"; identity=helo; x=\"\\\r\nX: y@gone.te)st", "h e;lo", NULL, NULL,
		  "none (mx.here.test: no SPF record for gone.te?st) client-ip=192.0.2.1; "
		  "envelope-from=\"a\\\"; identity=helo; x=\\\"\\\\??X: y@gone.te)st\"; "
		  "helo=\"h e;lo\"; receiver=mx.here.test; identity=mailfrom;" },
		{ "joe@slow.test", "", NULL, NULL,
		  "temperror (mx.here.test: temporary failure while checking slow.test) "
		  "client-ip=192.0.2.1; envelope-from=\"joe@slow.test\"; helo=\"\"; "
		  "receiver=mx.here.test; identity=mailfrom; "
		  "problem=\"TXT of slow.test: no answer from the mock\";" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		open_fixture(&f);
		const struct spf_settings settings = { .mode = SPF_HEADERS_ONLY,
			                               .local_rules = rows[i].local,
			                               .guess_rules = rows[i].guess };
		f.message.helo = octets_of(rows[i].helo);
		check(&f, &settings, rows[i].sender);
		char text[RECEIVED_SPF_SIZE];
		size_t len = received_spf(&f.verdict, &f.message, text);
		assert_string_equal(text, rows[i].expected);
		assert_int_equal(len, strlen(text));
		close_fixture(&f);
	}
}

/* Whatever is in the values, the field stays one line of bounded length. */
static void test_received_spf_bounds(void **state)
{
	(void)state;
	struct fixture f;
	open_fixture(&f);
	static char huge[100000];
	for (size_t i = 0; i < sizeof(huge); i++)
		huge[i] = (char)(i * 7);
	static const struct spf_settings settings = { .mode = SPF_HEADERS_ONLY };
	f.message.helo = (struct octets){ huge, sizeof(huge) };
	check(&f, &settings, "joe@pass.test");
	f.message.sender = f.message.helo;
	f.verdict.mechanism = f.message.helo;
	memset(huge + 600, '"', 5000);
	for (size_t from = 0; from < 1000; from += 13) {
		f.message.sender.at = f.message.helo.at = f.verdict.mechanism.at =
			huge + from;
		f.message.sender.len = f.message.helo.len = f.verdict.mechanism.len =
			5000;
		char text[RECEIVED_SPF_SIZE];
		size_t len = received_spf(&f.verdict, &f.message, text);
		assert_true(len < sizeof(text));
		assert_int_equal(strlen(text), len);
		assert_int_equal(text[len - 1], ';');
		for (size_t i = 0; i < len; i++)
			assert_true(text[i] >= 0x20 && text[i] <= 0x7e);
	}
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_received_spf),
		cmocka_unit_test(test_received_spf_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
