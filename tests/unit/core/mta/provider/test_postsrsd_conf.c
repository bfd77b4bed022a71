/* postsrsd_conf: its configuration as text, an administrator's part and ours. */
#include "tests/unit/fake_host.h"

#include "core/base/text.h"
#include "core/mta/provider/postsrsd.h"
#include "tests/unit/postsrsd_texts.h"

/* ---- reading ---------------------------------------------------------------------------------- */

static void test_shell(void **state)
{
	static const struct {
		const char *text;
		const char *secret, *forward, *reverse, *listen, *excluded;
	} rows[] = {
		{ "", NULL, NULL, NULL, NULL, NULL },
		{ "SRS_FORWARD_PORT=10001\nSRS_REVERSE_PORT=10002\n", NULL, "10001",
		  "10002", NULL, NULL },
		{ "#SRS_FORWARD_PORT=1\nSRS_FORWARD_PORT=2 # not 3\n", NULL, "2", NULL,
		  NULL, NULL },
		{ "SRS_FORWARD_PORT=2\nSRS_FORWARD_PORT=3;SRS_REVERSE_PORT='4'", NULL,
		  "3", "4", NULL, NULL },
		{ "export SRS_SECRET=\"/etc/srs secret\" SRS_LISTEN_ADDR=::1\n", NULL,
		  NULL, NULL, "::1", NULL },
		{ "SRS_SECRET=/etc/\"x\"'.secret'\n", "/etc/x.secret", NULL, NULL, NULL,
		  NULL },
		{ "SRS_EXCLUDE_DOMAINS='a.example,\n.b.example'\n", NULL, NULL, NULL,
		  NULL, "a.example,\n.b.example" },
		/* what only a shell could tell is not told, and hides what stood before */
		{ "SRS_FORWARD_PORT=1\nSRS_FORWARD_PORT=$PORT\n", NULL, NULL, NULL, NULL,
		  NULL },
		{ "SRS_FORWARD_PORT=`cat /etc/port`\n", NULL, NULL, NULL, NULL, NULL },
		{ "SRS_FORWARD_PORT=\"\\$1\"\n", NULL, NULL, NULL, NULL, NULL },
		{ "SRS_FORWARD_PORT=70000\nSRS_REVERSE_PORT=srs\n", NULL, NULL, NULL,
		  NULL, NULL },
		{ "echo SRS_FORWARD_PORT=1\nMY_SRS_FORWARD_PORT=1\n", NULL, NULL, NULL,
		  NULL, NULL },
		{ "SRS_FORWARD_\\\nPORT=1\nSRS_REVERSE_PORT=\\\n12\n", NULL, NULL, "12",
		  NULL, NULL },
		{ "SRS_SEPARATOR==\nSRS_FORWARD_PORT=5\n", NULL, "5", NULL, NULL, NULL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_postsrsd_conf conf = { 0 };
		struct err err = ERR_INIT;
		assert_int_equal(postsrsd_conf_parse(&conf, false, rows[i].text,
		                                     strlen(rows[i].text), &err),
		                 0);
		const struct {
			const char *got, *want;
		} fields[] = {
			{ conf.secret_path, rows[i].secret },
			{ conf.forward_port, rows[i].forward },
			{ conf.reverse_port, rows[i].reverse },
			{ conf.listen, rows[i].listen },
			{ conf.excluded, rows[i].excluded },
		};
		for (size_t f = 0; f < ARRAY_LEN(fields); f++)
			if (!text_same(fields[f].got, fields[f].want))
				fail_msg("row %zu field %zu: %s", i, f, fields[f].got);
	}
}

static void test_options(void **state)
{
	static const struct {
		const char *text;
		const char *secret, *socketmap, *domains_file;
	} rows[] = {
		{ "domains = {}\nsecrets-file = \"/etc/postsrsd.secret\"\n",
		  "/etc/postsrsd.secret", NULL, NULL },
		{ "# socketmap = x\n// socketmap = y\n/* socketmap = z */\nsocketmap = "
		  "unix:/var/spool/postfix/srs\n",
		  NULL, "unix:/var/spool/postfix/srs", NULL },
		{ "socketmap=inet:localhost:10003", NULL, "inet:localhost:10003", NULL },
		{ "domains = { \"a.example\", 'domains-file', \"b\" }\n"
		  "domains-file = '/etc/postsrsd.domains'\n",
		  NULL, NULL, "/etc/postsrsd.domains" },
		{ "domains-file = \"/a\"\ndomains-file = \"\"\n", NULL, NULL, NULL },
		{ "secrets-file = \"/etc/a b\"\n", NULL, NULL, NULL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_postsrsd_conf conf = { 0 };
		struct err err = ERR_INIT;
		assert_int_equal(postsrsd_conf_parse(&conf, true, rows[i].text,
		                                     strlen(rows[i].text), &err),
		                 0);
		if (!text_same(conf.secret_path, rows[i].secret) ||
		    !text_same(conf.socketmap, rows[i].socketmap) ||
		    !text_same(conf.domains_file, rows[i].domains_file))
			fail_msg("row %zu: %s %s %s", i, conf.secret_path, conf.socketmap,
			         conf.domains_file);
	}
}

/* A text behind which nothing would hold. */
static void test_open_end(void **state)
{
	static const struct {
		bool is_v2;
		const char *text;
	} rows[] = {
		{ false, "A='b\n" },       { false, "A=\"b\n" }, { false, "A=b\\" },
		{ false, "A=b\\\n" },      { false, "\\\n" },    { false, "A=\"b\\\"\n" },
		{ true, "a = \"b\n" },     { true, "a = 'b\n" }, { true, "/* a = b\n" },
		{ true, "a = \"b\\\"\n" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_postsrsd_conf conf = { 0 };
		struct err err = ERR_INIT;
		if (postsrsd_conf_parse(&conf, rows[i].is_v2, rows[i].text,
		                        strlen(rows[i].text), &err) != ERR_FAILED)
			fail_msg("row %zu: taken", i);
	}
}

/* ---- our block -------------------------------------------------------------------------------- */

static const char block_v1[] = "# mailauthctl: begin\n"
			       "# Changes between these lines are overwritten.\n"
			       "SRS_DOMAIN='srs.example.com'\n"
			       "SRS_SECRET='/etc/postsrsd.secret'\n"
			       "SRS_FORWARD_PORT='10001'\n"
			       "SRS_REVERSE_PORT='10002'\n"
			       "SRS_LISTEN_ADDR='127.0.0.1'\n"
			       "SRS_EXCLUDE_DOMAINS=\"${SRS_EXCLUDE_DOMAINS-}\"'\n"
			       "example.com\n"
			       ".example.org\n"
			       "'\n"
			       "# mailauthctl: end\n";

static struct postsrsd_request request_with(const struct buf *excluded)
{
	return (struct postsrsd_request){
		.srs_domain = "srs.example.com",
		.secret_path = "/etc/postsrsd.secret",
		.forward_port = "10001",
		.reverse_port = "10002",
		.excluded = excluded,
		.socketmap = "unix:/var/spool/postfix/srs",
	};
}

static void test_block(void **state)
{
	static const char *const admins[] = {
		"",
		"RUN_AS=postsrsd\n",
		"RUN_AS=postsrsd",
		"\n\n",
		"# mailauthctl is used here\nA=b\n",
	};
	auto_buf excluded = BUF_INIT;
	(void)state;
	buf_puts(&excluded, "example.com\n.example.org\n");
	const struct postsrsd_request request = request_with(&excluded);
	for (int v = 1; v <= 2; v++)
		for (size_t i = 0; i < ARRAY_LEN(admins); i++) {
			auto_buf text = BUF_INIT, back = BUF_INIT;
			size_t len = strlen(admins[i]);
			buf_puts(&text, admins[i]);
			postsrsd_conf_block(&request, v == 2, admins[i], len, &text);
			assert_true(
				postsrsd_conf_strip(buf_text(&text), text.len, &back));
			assert_string_equal(buf_text(&back), admins[i]);
			auto_free char *domain =
				postsrsd_conf_domain(buf_text(&text), text.len, v == 2);
			assert_string_equal(domain, "srs.example.com");
			if (!len)
				assert_string_equal(buf_text(&text),
				                    v == 2 ? block_v2 : block_v1);
			/* what an administrator adds behind it stays, and no line joins */
			buf_puts(&text, "B=c\n");
			buf_clear(&back);
			assert_true(
				postsrsd_conf_strip(buf_text(&text), text.len, &back));
			assert_non_null(strstr(buf_text(&back), "B=c\n"));
			assert_int_equal(strncmp(buf_text(&back), admins[i], len), 0);
		}
	assert_null(postsrsd_conf_domain("A=b\n", 4, false));
}

static void test_damaged(void **state)
{
	auto_buf back = BUF_INIT;
	(void)state;
	assert_false(postsrsd_conf_strip(
		block_v1, sizeof(block_v1) - 2 - strlen("# mailauthctl: end"), &back));
}

static void test_request(void **state)
{
	struct buf excluded = BUF_INIT;
	const struct postsrsd_conf none = { 0 };
	struct postsrsd_request request;
	struct err err = ERR_INIT;
	(void)state;
	/* "-X", an administrator's part and ours, a line break before ours, a NUL */
	while (excluded.len + 4 < POSTSRSD_ARGUMENT_MAX - 10)
		buf_puts(&excluded, "x.example\n");
	while (excluded.len + 4 < POSTSRSD_ARGUMENT_MAX)
		buf_putc(&excluded, 'x');
	request = request_with(&excluded);
	assert_int_equal(postsrsd_check_request(&request, false, &none, 7, &err), 0);
	buf_putc(&excluded, 'x');
	assert_int_equal(postsrsd_check_request(&request, false, &none, 7, &err),
	                 ERR_FAILED);
	assert_non_null(
		strstr(err.text, "at most 131072 octets, and 7 domains require 131073"));
	assert_int_equal(postsrsd_check_request(&request, true, &none, 7, &err), 0);
	excluded.at[excluded.len -= 2] = '\0';
	const struct postsrsd_conf some = { .excluded = (char[]){ "ab" } };
	assert_int_equal(postsrsd_check_request(&request, false, &some, 7, &err),
	                 ERR_FAILED);
	buf_done(&excluded);
}

/* What is sourced by root's shell is made of harmless letters. */
static void test_hostile(void **state)
{
	static const struct {
		const char *domain, *path, *map;
	} rows[] = {
		{ "a'$(id)'.example", "/etc/x", "unix:/x" },
		{ "a b", "/etc/x", "unix:/x" },
		{ "", "/etc/x", "unix:/x" },
		{ "a.example", "/etc/x'y", "unix:/x" },
		{ "a.example", "relative", "unix:/x" },
		{ "a.example", "/etc/x", "unix:/x\" y" },
	};
	auto_buf excluded = BUF_INIT;
	const struct postsrsd_conf none = { 0 };
	(void)state;
	buf_puts(&excluded, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		const struct postsrsd_request request = { .srs_domain = rows[i].domain,
			                                  .secret_path = rows[i].path,
			                                  .excluded = &excluded,
			                                  .socketmap = rows[i].map };
		assert_int_equal(postsrsd_check_request(&request, true, &none, 0, &err),
		                 ERR_FAILED);
	}
	assert_true(postsrsd_is_name("_x.example", false));
	assert_false(postsrsd_is_name("_x.example", true));
	assert_false(postsrsd_is_name("x;y", false));
	assert_false(postsrsd_is_name("", false));
}

/* ---- secrets ---------------------------------------------------------------------------------- */

static void test_secrets(void **state)
{
	static const char *const admins[] = { "",           "theirs", "theirs\n",
		                              "a\n\n\nb\n", "one\n",  "one\n\nx" };
	auto_secret ours = secret_of("two\none\n"), older = secret_of("one\n"),
		    others = secret_of("three\n");
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(admins); i++) {
		auto_secret admin = secret_of(admins[i]), text = SECRET_INIT,
			    back = SECRET_INIT;
		auto_free char *want = xasprintf("two\none\n\n\n%s", admins[i]);
		postsrsd_secrets_put(&ours, &admin, &text);
		assert_int_equal(text.len, strlen(want));
		assert_memory_equal(text.at, want, text.len);
		postsrsd_secrets_strip(&ours, &text, &back);
		assert_int_equal(back.len, admin.len);
		assert_memory_equal(back.at, admin.at, back.len);
		/* what the store does not know is an administrator's: it goes on verifying */
		postsrsd_secrets_strip(&others, &text, &back);
		assert_int_equal(back.len, text.len);
		/* a file that is his alone, also when its first line came to the store */
		postsrsd_secrets_strip(&older, &admin, &back);
		assert_int_equal(back.len, admin.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shell),    cmocka_unit_test(test_options),
		cmocka_unit_test(test_open_end), cmocka_unit_test(test_block),
		cmocka_unit_test(test_damaged),  cmocka_unit_test(test_request),
		cmocka_unit_test(test_hostile),  cmocka_unit_test(test_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
