/* OpenDKIM: tables, networks, reading an admin's configuration, our line in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/networks.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/provider/opendkim_conf.h"

/* ---- tables ----------------------------------------------------------------------------------- */

static const char *fill(struct opendkim_tables *tables, const struct signing_row *rows,
                        size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (opendkim_tables_add(tables, &rows[i], err) < 0)
			return err->text;
	return opendkim_tables_end(tables, err) < 0 ? err->text : NULL;
}

static void test_tables(void **state)
{
	(void)state;
	static const struct signing_row rows[] = {
		{ "a.example", "main.example", "s1", "rsa", 1, { { 0 } } },
		{ "b.example", "b.example", "s2-ed25519", "ed25519", 2, { { 0 } } },
		{ "b.example", "b.example", "s2", "rsa", 3, { { 0 } } },
	};
	struct opendkim_tables tables = { 0 };
	struct err err = ERR_INIT;
	assert_null(fill(&tables, rows, ARRAY_LEN(rows), &err));
	assert_false(tables.is_ed25519);
	assert_string_equal(buf_text(&tables.keys),
	                    "s1._domainkey.a.example a.example:s1:"
	                    "/etc/dkimkeys/main.example/s1.private\n"
	                    "s2._domainkey.b.example b.example:s2:"
	                    "/etc/dkimkeys/b.example/s2.private\n");
	assert_string_equal(buf_text(&tables.signing),
	                    "a.example s1._domainkey.a.example\n"
	                    "b.example s2._domainkey.b.example\n");
	assert_int_equal(opendkim_check_tables(buf_text(&tables.keys),
	                                       buf_text(&tables.signing), NULL, NULL,
	                                       &err),
	                 0);
	opendkim_tables_done(&tables);
}

static void test_one_algorithm(void **state)
{
	(void)state;
	static const struct signing_row rows[] = {
		{ "a.example", "a.example", "s", "ed25519", 1, { { 0 } } },
		{ "b.example", "b.example", "s", "ed25519", 2, { { 0 } } },
		{ "c.example", "c.example", "s", "rsa", 3, { { 0 } } },
	};
	struct opendkim_tables tables = { 0 }, mixed = { 0 }, backwards = { 0 };
	struct err err = ERR_INIT;
	assert_null(fill(&tables, rows, 2, &err));
	assert_true(tables.is_ed25519);
	const char *why = fill(&mixed, rows, 3, &err);
	assert_non_null(why);
	assert_true(text_starts(why, "a.example has only an Ed25519 key and c.example"));
	assert_int_equal(opendkim_tables_add(&backwards, &rows[1], &err), 0);
	assert_int_equal(opendkim_tables_add(&backwards, &rows[0], &err), ERR_FAILED);
	opendkim_tables_done(&tables);
	opendkim_tables_done(&mixed);
	opendkim_tables_done(&backwards);
}

#define KEY "s._domainkey.a.example a.example:s:/k/s.private\n"
#define NAME "a.example s._domainkey.a.example\n"

static void test_check_tables(void **state)
{
	(void)state;
	static const struct {
		const char *keys, *signing, *why; /* NULL: good */
	} rows[] = {
		{ "", "", NULL },
		{ KEY, NAME, NULL },
		{ KEY, "", "line 1 of the SigningTable" },
		{ "", NAME, "lacks" },
		{ KEY, "a.example\n", "two fields" },
		{ KEY, "a.example \n", "two fields" },
		{ KEY, "a.example other\n", "not in the KeyTable" },
		{ KEY, "a.example s._domainkey.a.example", "no line break" },
		{ KEY KEY, NAME NAME, "line 2 of the SigningTable" },
		{ "s._domainkey.a.example a.example:s\n", NAME,
		  "<domain>:<selector>:<path>" },
		{ "s._domainkey.a.example a.example::/k\n", NAME,
		  "<domain>:<selector>:<path>" },
		{ "s._domainkey.b.example a.example:s:/k\n", NAME,
		  "selector and domain" },
		{ "s._domainkey.a.example a.example:s:k\n", NAME, "absolute" },
		{ "s._domainkey.a.example a.example:s:/k/../x\n", NAME, "absolute" },
		{ "s._domainkey.a.example a.example:s:/k#\n", NAME, "two fields" },
		{ "s._domainkey.a.example  a.example:s:/k\n", NAME, "two fields" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int r = opendkim_check_tables(rows[i].keys, rows[i].signing, NULL, NULL,
		                              &err);
		assert_int_equal(r, rows[i].why ? ERR_FAILED : 0);
		if (rows[i].why)
			assert_non_null(strstr(err.text, rows[i].why));
	}
	auto_buf longest = BUF_INIT;
	struct err err = ERR_INIT;
	buf_puts(&longest, "s._domainkey.a.example a.example:s:/");
	while (longest.len < 1023)
		buf_putc(&longest, 'k');
	buf_putc(&longest, '\n');
	assert_int_equal(
		opendkim_check_tables(buf_text(&longest), NAME, NULL, NULL, &err), 0);
	longest.at[longest.len - 1] = 'k';
	buf_putc(&longest, '\n');
	assert_int_equal(
		opendkim_check_tables(buf_text(&longest), NAME, NULL, NULL, &err),
		ERR_FAILED);
	assert_non_null(strstr(err.text, "longer"));
}

static void test_conf_text(void **state)
{
	(void)state;
	static const struct {
		struct opendkim_setup setup;
		const char *has, *lacks;
	} rows[] = {
		{ { 0 }, "Mode s\n", "Socket " },
		{ { 0 }, "KeyTable file:", "RemoveAR" },
		{ { .is_ed25519 = true },
		  "SignatureAlgorithm ed25519-sha256\n",
		  "rsa-sha256" },
		{ { .socket = "local:/x" }, "Socket local:/x\nUMask 007\n", "ed25519" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf text = BUF_INIT;
		opendkim_render_conf(&rows[i].setup, &text);
		assert_non_null(strstr(buf_text(&text), rows[i].has));
		assert_null(strstr(buf_text(&text), rows[i].lacks));
	}
}

/* ---- who signs ---------------------------------------------------------------------------------- */

static void test_world(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is_world;
	} rows[] = {
		{ "0.0.0.0/0", true },
		{ "128.0.0.0/1", true },
		{ "8.0.0.0/7", true },
		{ "10.0.0.0/8", false },
		{ "192.0.2.1", false },
		{ "::/0", true },
		{ "2000::/3", true },
		{ "2001::/15", true },
		{ "2001::/16", false },
		{ "2001:db8::/32", false },
		{ "fc00::/7", false },
		{ "fe80::/10", false },
		{ "::1", false },
		{ "::ffff:0.0.0.0/96", true },
		{ "::ffff:0:0/97", true },
		{ "::/64", true },
		{ "::ffff:10.0.0.0/104", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network net;
		assert_true(network_parse(rows[i].text, &net));
		assert_int_equal(network_is_world(&net), rows[i].is_world);
	}
}

/* Loopback, other hosts and everyone in doubt; mta.signing-networks settles it. */
static void test_internal(void **state)
{
	(void)state;
	char a[] = "192.0.2.0/24", b[] = "192.0.2.20", c[] = "127.0.0.1",
	     d[] = "0.0.0.0/0";
	char *relayed[] = { a, d }, *remote[] = { b }, *asked[] = { c };
	const struct {
		struct opendkim_doubt doubt;
		bool is_asked;
		const char *want;
	} rows[] = {
		{ { 0 }, false, "127.0.0.1\n192.0.2.0/24\n::1\n" },
		{ { .is_loopback = true },
		  false,
		  "!127.0.0.0/8\n192.0.2.0/24\n!::1\n!::ffff:127.0.0.0/104\n" },
		{ { .is_loopback = true, .host = remote, .hosts = 1 },
		  false,
		  "!127.0.0.0/8\n192.0.2.0/24\n!192.0.2.20\n!::1\n!::ffff:127.0.0.0/104\n" },
		{ { .is_loopback = true, .is_everyone = true },
		  false,
		  "!127.0.0.0/8\n!::1\n!::ffff:127.0.0.0/104\n" },
		{ { .is_loopback = true, .is_everyone = true }, true, "127.0.0.1\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct desired desired = {
			.signing_networks = asked,
			.signing_network_count = rows[i].is_asked ? 1 : 0,
		};
		auto_networks set = NETWORKS_INIT;
		auto_plan plan = PLAN_INIT;
		auto_buf out = BUF_INIT;
		opendkim_internal_hosts(&desired, relayed, ARRAY_LEN(relayed),
		                        &rows[i].doubt, &set, &plan);
		networks_render(&set, &out);
		assert_string_equal(buf_text(&out), rows[i].want);
		bool looks = !rows[i].is_asked && !rows[i].doubt.is_everyone;
		assert_int_equal(plan.notes, looks ? 1 : 0);
		if (looks)
			assert_non_null(plan.note[0].remedy);
	}
}

/* ---- networks --------------------------------------------------------------------------------- */

static void test_networks(void **state)
{
	(void)state;
	static const struct {
		const char *items; /* '-' in front: excluded */
		const char *want;
	} rows[] = {
		{ "127.0.0.1 ::1", "127.0.0.1\n::1\n" },
		{ "10.1.2.3/8", "10.0.0.0/8\n" },
		{ "192.0.2.1/32 [2001:DB8:0::1]/128", "192.0.2.1\n2001:db8::1\n" },
		{ "[2001:db8::ff]/32 2001:db8::/32", "2001:db8::/32\n" },
		{ "0.0.0.0/0", "0.0.0.0/0\n" },
		{ "192.0.2.0/24 -192.0.2.7", "192.0.2.0/24\n!192.0.2.7\n" },
		{ "192.0.2.4 192.0.2.0/24 -192.0.2.0/25",
		  "192.0.2.0/24\n!192.0.2.0/25\n" },
		{ "192.0.2.0/25 -192.0.2.0/25", "!192.0.2.0/25\n" },
		{ "192.0.2.0/24 !192.0.2.9", "192.0.2.0/24\n!192.0.2.9\n" },
		{ "203.0.113.1 127.0.0.1 203.0.113.1", "127.0.0.1\n203.0.113.1\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_networks set = NETWORKS_INIT;
		auto_buf out = BUF_INIT;
		auto_free char **items = NULL;
		size_t count;
		text_split_list(rows[i].items, &items, &count);
		for (size_t k = 0; k < count; k++)
			assert_true(networks_add_text(&set, items[k] + (*items[k] == '-'),
			                              *items[k] == '-'));
		networks_render(&set, &out);
		assert_string_equal(buf_text(&out), rows[i].want);
	}
	static const char *const bad[] = {
		"",       "hash:/x",      "10.0.0.0/33", "10.0.0.0/",  "::1/129",
		"10.0.0", "mail.example", "[::1",        "10.0.0.0/-1"
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct network net;
		assert_false(network_parse(bad[i], &net));
	}
}

/* ---- opendkim.conf ---------------------------------------------------------------------------- */

static int give_include(void *arg, const char *path, struct err *err)
{
	assert_string_equal(path, "/etc/more.conf");
	return opendkim_conf_parse(arg, "UMask 002\nSocket inet:8891@localhost", NULL,
	                           NULL, err);
}

static void test_read_conf(void **state)
{
	(void)state;
	auto_opendkim_conf conf = OPENDKIM_CONF_INIT;
	struct err err = ERR_INIT;
	assert_int_equal(opendkim_conf_parse(&conf,
	                                     "# Domain no.example\n"
	                                     "Socket local:/a # a comment\n"
	                                     "  socket\tlocal:/b  \r\n"
	                                     "include /etc/more.conf\n"
	                                     "UMASK 007\n"
	                                     "Bare\n"
	                                     "Include " OPENDKIM_OURS "\n",
	                                     give_include, &conf, &err),
	                 0);
	assert_string_equal(opendkim_conf_get(&conf, "Socket"), "inet:8891@localhost");
	assert_string_equal(opendkim_conf_get(&conf, "umask"), "007");
	assert_string_equal(opendkim_conf_get(&conf, "Bare"), "");
	assert_null(opendkim_conf_get(&conf, "Domain"));
	assert_true(conf.includes_ours);
}

static void test_our_line(void **state)
{
	(void)state;
	static const char *const texts[] = { "",   "a b", "a b\n", "a b\r\n",
		                             "\n", "# c", "\n\n" };
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		auto_buf with = BUF_INIT, again = BUF_INIT, back = BUF_INIT;
		opendkim_conf_with(texts[i], strlen(texts[i]), &with);
		assert_true(text_ends(buf_text(&with), "\nInclude " OPENDKIM_OURS "\n"));
		opendkim_conf_with(buf_text(&with), with.len, &again);
		assert_string_equal(buf_text(&again), buf_text(&with));
		opendkim_conf_without(buf_text(&with), with.len, &back);
		assert_string_equal(buf_text(&back), texts[i]);
	}
	/* lines that somebody added behind ours: ours goes to the end again */
	static const char added[] =
		"a\n# mailauthctl: the line below\nInclude " OPENDKIM_OURS "\nSocket x\n";
	auto_buf with = BUF_INIT;
	opendkim_conf_with(added, strlen(added), &with);
	assert_string_equal(
		buf_text(&with),
		"a\nSocket x\n# mailauthctl: the line below\nInclude " OPENDKIM_OURS
		"\n");
}

static void test_needs_restart(void **state)
{
	(void)state;
	static const struct {
		const char *before, *after;
		bool needs;
	} rows[] = {
		{ "Socket inet:8891@localhost\n", "Socket inet:8891@localhost\n", false },
		{ "Socket inet:8891@localhost\n", "socket   inet:8891@localhost # x\n",
		  false },
		{ "Socket inet:8891@localhost\n", "Socket local:/run/x\n", true },
		{ "Socket a\nSocket b\n", "Socket b\n", false },
		{ "UMask 007\n", "", true },
		{ "", "UMask 002\n", true },
		{ "UserID opendkim\n", "UserID opendkim:mail\n", true },
		{ "", "PidFile /run/x.pid\n", true },
		{ "Background yes\n", "Background no\n", true },
		{ "AutoRestart yes\n", "AutoRestart no\n", true },
		{ "AutoRestartRate 10/1h\n", "AutoRestartRate 5/1h\n", true },
		{ "", "MilterDebug 6\n", true },
		{ "", "Quarantine yes\n", true },
		{ "", "QueryCache yes\n", true },
		{ "Mode v\n", "Mode sv\nKeyTable file:/x\nAuthservID a\n", false },
		{ "# UMask 007\n", "", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_opendkim_conf before = OPENDKIM_CONF_INIT,
				   after = OPENDKIM_CONF_INIT;
		struct err err = ERR_INIT;
		assert_int_equal(
			opendkim_conf_parse(&before, rows[i].before, NULL, NULL, &err),
			0);
		assert_int_equal(
			opendkim_conf_parse(&after, rows[i].after, NULL, NULL, &err), 0);
		assert_int_equal(opendkim_conf_needs_restart(&before, &after),
		                 rows[i].needs);
	}
}

static void test_endpoint(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want; /* NULL: not understood */
	} rows[] = {
		{ "local:/run/x.sock", "unix:/run/x.sock" },
		{ "unix:opendkim/x.sock", "unix:/q/opendkim/x.sock" },
		{ "/run/x.sock", "unix:/run/x.sock" },
		{ "inet:8891@localhost", "inet:8891@127.0.0.1" },
		{ "inet:localhost:8891", "inet:8891@127.0.0.1" },
		{ "inet:8891", "inet:8891@127.0.0.1" },
		{ "inet6:8891@[::1]", "inet:8891@::1" },
		{ "inet:[::1]:8891", "inet:8891@::1" },
		{ "unix:", NULL },
		{ "u:/x", NULL },
		{ "fd:3", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *found = opendkim_endpoint(rows[i].text, "/q");
		if (rows[i].want)
			assert_string_equal(found, rows[i].want);
		else
			assert_null(found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_one_algorithm),
		cmocka_unit_test(test_check_tables),
		cmocka_unit_test(test_conf_text),
		cmocka_unit_test(test_world),
		cmocka_unit_test(test_internal),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_read_conf),
		cmocka_unit_test(test_our_line),
		cmocka_unit_test(test_endpoint),
		cmocka_unit_test(test_needs_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
