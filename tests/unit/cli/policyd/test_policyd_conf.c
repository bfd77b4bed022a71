/* cli/policyd_conf and dnszone/policyd_settings: settings there and back, and files that change. */
#include "cli/policyd/policyd_conf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/policyd/policyd_log.h"
#include "core/base/buf.h"
#include "core/base/network.h"
#include "dnszone/verify/policyd_settings.h"

static void test_settings_round_trip(void **state)
{
	(void)state;
	static const char *const relays[] = { "192.0.2.0/24", "2001:db8::/32",
		                              "!192.0.2.9" };
	static const char *const servers[] = { "192.0.2.53", "[2001:db8::53]:5353" };
	static const char *const exceptions[] = { "lists.example", "!192.0.2.9",
		                                  "192.0.2.0/24" };
	struct policyd_settings whole = policyd_settings_default("mx.example.net");
	whole.is_checked = false;
	whole.spf.mode = SPF_REJECT_NOT_PASS;
	whole.spf.local_rules = "include:spf.example.net a:relay.example.com";
	whole.spf.guess_rules = "v=spf1 +a/24 +mx/24 +ptr ?all";
	whole.spf.guess_scope = SPF_GUESS_MOST_PERMISSIVE;
	whole.spf.explanation = "See http://x.test/?s=%{S}: \"no\" \\o/";
	whole.spf.does_continue_on_dns_error = true;
	whole.trusted_relays = (struct policyd_list){ relays, ARRAY_LEN(relays) };
	whole.nameservers = (struct policyd_list){ servers, ARRAY_LEN(servers) };
	whole.time_limit = 7;
	whole.void_limit = 0;
	whole.is_one_from = true;
	whole.verifies_dkim = whole.checks_dmarc = whole.rejects_dmarc = true;
	whole.dmarc_exceptions =
		(struct policyd_list){ exceptions, ARRAY_LEN(exceptions) };
	const struct policyd_settings settings[] = {
		policyd_settings_default("mx.example.net"), whole
	};
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		auto_arena mem;
		assert_true(arena_open(&mem, 65536));
		auto_buf first = BUF_INIT, second = BUF_INIT;
		struct policyd_settings back;
		struct err err = ERR_INIT;
		policyd_settings_render(&settings[i], &first);
		if (policyd_settings_parse("f", first.at, first.len, &mem, &back, &err) !=
		    0)
			fail_msg("%s\n%s", err.text, first.at);
		policyd_settings_render(&back, &second);
		assert_string_equal(first.at, second.at);
		assert_int_equal(back.is_checked, settings[i].is_checked);
		assert_int_equal(back.spf.mode, settings[i].spf.mode);
		assert_string_equal(back.spf.explanation, settings[i].spf.explanation);
		assert_int_equal(back.trusted_relays.count,
		                 settings[i].trusted_relays.count);
		assert_int_equal(back.void_limit, settings[i].void_limit);
		assert_int_equal(back.is_one_from, settings[i].is_one_from);
		assert_int_equal(back.verifies_dkim, settings[i].verifies_dkim);
		assert_int_equal(back.checks_dmarc, settings[i].checks_dmarc);
		assert_int_equal(back.rejects_dmarc, settings[i].rejects_dmarc);
		assert_int_equal(back.dmarc_exceptions.count,
		                 settings[i].dmarc_exceptions.count);
	}
}

/* A program that does not know these keys reads the file of a host that does not use them. */
static void test_settings_of_older_programs(void **state)
{
	(void)state;
	const struct policyd_settings plain = policyd_settings_default("mx.example.net");
	auto_buf text = BUF_INIT;
	policyd_settings_render(&plain, &text);
	assert_null(strstr(buf_text(&text), "dkim"));
	assert_null(strstr(buf_text(&text), "dmarc"));
	assert_non_null(strstr(buf_text(&text), "one-from: off\n"));
}

/* Domains become A-labels in lower case; what is neither domain nor network is a fault. */
static void test_exceptions(void **state)
{
	(void)state;
	static const struct {
		const char *item, *kept; /* NULL: refused */
	} cases[] = {
		{ "Lists.Example.", "lists.example" },
		{ "b\u00fccher.example", "xn--bcher-kva.example" },
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:db8::/32", "2001:db8::/32" },
		{ "192.0.2.0/33", NULL },
		{ "2001:db8::g", NULL },
		{ "example", NULL },
		{ "a@lists.example", NULL },
		{ "", NULL },
		{ "1.2.3", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_arena mem;
		auto_buf text = BUF_INIT;
		struct policyd_settings back;
		struct err err = ERR_INIT;
		assert_true(arena_open(&mem, 65536));
		buf_printf(&text,
		           "version: 1\nhostname: mx.example.net\n"
		           "dmarc-exceptions: [ \"%s\" ]\n",
		           cases[i].item);
		int r = policyd_settings_parse("f", text.at, text.len, &mem, &back, &err);
		if ((r == 0) != (cases[i].kept != NULL))
			fail_msg("%s: %s", cases[i].item, err.text);
		if (r == 0)
			assert_string_equal(back.dmarc_exceptions.text[0], cases[i].kept);
		else
			assert_non_null(strstr(err.text, "f:3:21: dmarc-exceptions: "));
	}
}

/* All servers of the file are asked, in its order; those that the command line names count alone. */
static void test_nameservers(void **state)
{
	(void)state;
	static const char *const servers[] = { "192.0.2.53", "[2001:db8::53]:5353" };
	static const struct {
		size_t given;
		const char *option;
		unsigned count;
	} cases[] = { { 2, NULL, 2 }, { 1, NULL, 1 }, { 2, "192.0.2.54", 1 } };
	char path[] = "/tmp/test_policyd.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct policyd_settings settings =
			policyd_settings_default("mx.example.net");
		struct policyd_conf conf;
		struct query_servers want;
		struct err err = ERR_INIT;
		auto_buf text = BUF_INIT;
		settings.nameservers = (struct policyd_list){ servers, cases[i].given };
		policyd_settings_render(&settings, &text);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, text.at, text.len, 0), (ssize_t)text.len);
		if (policyd_conf_open(&conf, path, cases[i].option, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(conf.servers.count, cases[i].count);
		for (unsigned k = 0; k < conf.servers.count; k++) {
			const char *text_of_it =
				cases[i].option ? cases[i].option : servers[k];
			assert_int_equal(query_servers_parse(text_of_it, &want, &err), 0);
			assert_memory_equal(&conf.servers.at[k], &want.at[0],
			                    sizeof(want.at[0]));
		}
		policyd_conf_done(&conf);
	}
	close(fd);
	unlink(path);
}

static void write_settings(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* What cannot be read is told with the file's name, and nothing is left open. */
static void test_unreadable(void **state)
{
	(void)state;
	static const char good[] = "version: 1\nhostname: mx.example.net\n";
	char path[] = "/tmp/test_policyd.XXXXXX", folder[] = "/tmp/test_policyd.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_non_null(mkdtemp(folder));
	const struct {
		const char *path, *option;
		off_t size;        /* 0: as it is; it grows by blank lines */
		const char *fault; /* NULL: it is read */
	} cases[] = {
		{ path, NULL, 0, NULL },
		{ path, "192.0.2.53", 0, NULL },
		{ path, "192.0.2.300", 0, "192.0.2.300" },
		{ "/none/policyd.yaml", NULL, 0, "cannot read /none/policyd.yaml: " },
		{ folder, NULL, 0, " is not a regular file" },
		{ path, NULL, POLICYD_SIZE_MAX, NULL },
		{ path, NULL, POLICYD_SIZE_MAX + 1, " is larger than " },
	};
	write_settings(path, good);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct policyd_conf conf;
		struct err err = ERR_INIT;
		auto_buf text = BUF_INIT;
		buf_puts(&text, good);
		while ((off_t)text.len < cases[i].size)
			buf_putc(&text, '\n');
		write_settings(path, buf_text(&text));
		int r = policyd_conf_open(&conf, cases[i].path, cases[i].option, &err);
		if ((r < 0) != (cases[i].fault != NULL) ||
		    (cases[i].fault && !strstr(err.text, cases[i].fault)))
			fail_msg("row %zu: %d %s", i, r, err.text);
		policyd_conf_done(&conf);
	}
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(next, fd + 1);
	close(next);
	close(fd);
	unlink(path);
	rmdir(folder);
}

/* Of many, networks that are taken out again count in whatever order. */
static void test_trusted(void **state)
{
	(void)state;
	static const struct {
		const char *client;
		bool is_trusted;
	} clients[] = {
		{ "127.0.0.1", true },     { "127.255.255.255", true },
		{ "128.0.0.0", false },    { "::1", true },
		{ "::2", false },          { "::", false },
		{ "192.0.2.1", true },     { "192.0.2.66", false },
		{ "192.0.2.67", true },    { "192.0.3.1", false },
		{ "198.51.100.1", false }, { "198.51.100.200", false },
		{ "203.0.113.7", true },   { "203.0.113.8", false },
		{ "2001:db8::1", true },   { "2001:db8:1::1", false },
	};
	char path[] = "/tmp/test_policyd.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	write_settings(path, "version: 1\nhostname: mx.example.net\n"
	                     "trusted-relays: [\"!192.0.2.66\", 192.0.2.0/24, "
	                     "\"::ffff:203.0.113.7\", 198.51.100.128/25, "
	                     "\"!198.51.100.0/24\", \"2001:db8::/48\"]\n");
	struct policyd_conf conf;
	struct err err = ERR_INIT;
	if (policyd_conf_open(&conf, path, "192.0.2.53", &err) != 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		struct network client;
		assert_true(network_parse(clients[i].client, &client));
		if (policyd_conf_is_trusted(&conf, &client) != clients[i].is_trusted)
			fail_msg("%s", clients[i].client);
	}
	policyd_conf_done(&conf);
	close(fd);
	unlink(path);
}

/* A file is read again when it was replaced or changed, and not otherwise. */
static void test_follow(void **state)
{
	(void)state;
	static const char first[] = "version: 1\nhostname: mx.example.net\n";
	static const char other[] = "version: 1\nhostname: my.example.net\n";
	const struct policyd_log log = { .to_stderr = true };
	char path[] = "/tmp/test_policyd.XXXXXX", text[64];
	int fd = mkstemp(path), null = dup(STDERR_FILENO);
	assert_true(fd >= 0);
	write_settings(path, first);
	struct policyd_conf conf;
	struct err err = ERR_INIT;
	assert_int_equal(policyd_conf_open(&conf, path, "192.0.2.53", &err), 0);
	unsigned version = conf.version;
	close(STDERR_FILENO);
	policyd_conf_follow(&conf, &log);
	unsigned unchanged = conf.version;
	write_settings(path, other); /* as long as before */
	policyd_conf_follow(&conf, &log);
	unsigned changed = conf.version;
	snprintf(text, sizeof(text), "%s", conf.settings.hostname);
	unlink(path);
	policyd_conf_follow(&conf, &log);
	policyd_conf_follow(&conf, &log);
	unsigned gone = conf.version;
	dup2(null, STDERR_FILENO);
	close(null);
	assert_int_equal(unchanged, version);
	assert_int_equal(changed, version + 1);
	assert_string_equal(text, "my.example.net");
	assert_int_equal(gone, version + 1);
	assert_string_equal(conf.settings.hostname, "my.example.net");
	assert_int_equal(conf.servers.count, 1);
	policyd_conf_done(&conf);
	close(fd);
}

static void test_rendered_text(void **state)
{
	(void)state;
	struct policyd_settings settings = policyd_settings_default("mx.example.net");
	auto_buf text = BUF_INIT;
	policyd_settings_render(&settings, &text);
	assert_string_equal(buf_text(&text),
	                    "# Written by mailauthctl; changes are overwritten.\n"
	                    "version: 1\n"
	                    "check: on\n"
	                    "hostname: mx.example.net\n"
	                    "mode: headers-only\n"
	                    "local-rules: \"\"\n"
	                    "guess-rules: \"\"\n"
	                    "guess-scope: no-record\n"
	                    "explanation: \"\"\n"
	                    "continue-on-dns-error: off\n"
	                    "time-limit: 20\n"
	                    "void-limit: 2\n"
	                    "one-from: off\n");
}

static void test_unmap(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int family;
		unsigned bits;
	} nets[] = {
		{ "::ffff:192.0.2.1", AF_INET, 32 },
		{ "::ffff:192.0.2.0/120", AF_INET, 24 },
		{ "::ffff:0:0/96", AF_INET, 0 },
		{ "::ffff:0:0/95", AF_INET6, 95 },
		{ "2001:db8::1", AF_INET6, 128 },
		{ "192.0.2.1", AF_INET, 32 },
	};
	for (size_t i = 0; i < ARRAY_LEN(nets); i++) {
		struct network net, plain;
		assert_true(network_parse(nets[i].text, &net));
		network_unmap(&net);
		assert_int_equal(net.family, nets[i].family);
		assert_int_equal(net.bits, nets[i].bits);
		assert_true(network_parse("192.0.2.1", &plain));
		assert_int_equal(network_holds(&net, &plain), net.family == AF_INET);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings_round_trip),
		cmocka_unit_test(test_settings_of_older_programs),
		cmocka_unit_test(test_exceptions),
		cmocka_unit_test(test_nameservers),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_trusted),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_rendered_text),
		cmocka_unit_test(test_unmap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
