/* Values that each setting takes, their canonical form, and values that it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/setting/setting.h"

static const struct value_row {
	const char *key, *text;
	const char *canonical; /* NULL: refused */
} values[] = {
	{ "dkim.activate", "seen", "seen" },
	{ "dkim.activate", "see", NULL },
	{ "dkim.activate", "1", NULL }, /* numbers are for spf.mode */
	{ "dkim.activate", "", NULL },
	{ "dkim.algorithm", " both ", "both" },
	{ "dkim.algorithm", "dsa", NULL },
	{ "dkim.algorithm", "rsa ed25519", NULL },
	{ "dkim.policy", "o=~; r=postmaster@example.com",
	  "o=~; r=postmaster@example.com" },
	{ "dkim.policy", "none", "none" },
	{ "dkim.policy", "", NULL },
	{ "dkim.policy", "o=-\n", NULL },
	{ "dkim.retire-after", "168h", "7d" },
	{ "dkim.retire-after", "5d", "5d" },
	{ "dkim.retire-after", "119h", NULL },
	{ "dkim.retire-after", "0", NULL },
	{ "dkim.retire-after", "7", NULL },
	{ "dkim.retire-after", "-7d", NULL },
	{ "dkim.retire-after", "99999999w", NULL },
	{ "dkim.rotate-after", "0", "0" },
	{ "dkim.rotate-after", "0d", "0" },
	{ "dkim.rotate-after", "1d12h", "36h" },
	{ "dkim.rotate-after", "12", NULL },
	{ "dkim.rotate-after", "1h1d", NULL },
	{ "dkim.rotate-after", "1 d", NULL },
	{ "dkim.rsa-bits", "4096", "4096" },
	{ "dkim.rsa-bits", "1023", NULL },
	{ "dkim.rsa-bits", "4097", NULL },
	{ "dkim.rsa-bits", "0x800", NULL },
	{ "dkim.rsa-bits", "2048.0", NULL },
	{ "dkim.selector", "Mail-1", "mail-1" },
	{ "dkim.selector", "k%Y%m%d", "k%Y%m%d" },
	{ "dkim.selector", "K{date}-{algorithm}.{serial}",
	  "K{date}-{algorithm}.{serial}" },
	{ "dkim.selector", "k{date", NULL },
	{ "dkim.selector", "k{Date}", NULL },
	{ "dkim.selector", "k{}", NULL },
	{ "dkim.selector", "k}", NULL },
	{ "dkim.selector", "{serial}..x", NULL },
	{ "dkim.selector", "a.b", "a.b" },
	{ "dkim.selector", "a b", NULL },
	{ "dkim.selector", "a..b", NULL },
	{ "dkim.selector", "k%H", NULL },
	{ "dkim.selector", "k%", NULL },
	{ "dkim.selector", "../x", NULL },
	{ "dkim.selector", "", NULL },
	{ "dkim.sign", "YES", "on" },
	{ "dkim.sign", "0", "off" },
	{ "dkim.sign", "2", NULL },
	{ "dkim.sign", "o n", NULL },
	{ "dkim.verify", "true", "on" },
	{ "dkim.verify", "tru", NULL },
	{ "dkim.verify", "", NULL },
	{ "dmarc.check", "on", "on" },
	{ "dmarc.check", "on off", NULL },
	{ "dmarc.check", "-1", NULL },
	{ "dmarc.exceptions", "Lists.Example.org, 192.0.2.0/24 2001:DB8::1",
	  "lists.example.org 192.0.2.0/24 2001:db8::1" },
	{ "dmarc.exceptions", "", "" },
	{ "dmarc.exceptions", "192.0.2.1/24", NULL },
	{ "dmarc.exceptions", ".example.org", NULL },
	{ "dmarc.exceptions", "a/b", NULL },
	{ "dmarc.exceptions", "!192.0.2.1", NULL },
	{ "dmarc.reject", "no", "off" },
	{ "dmarc.reject", "nein", NULL },
	{ "dmarc.reject", "10", NULL },
	{ "dns.ipv4", "198.51.100.7", "198.51.100.7" },
	{ "dns.ipv4", "", "" },
	{ "dns.ipv4", "10.1.2.3", NULL },
	{ "dns.ipv4", "127.0.0.1", NULL },
	{ "dns.ipv4", "100.64.0.1", NULL },
	{ "dns.ipv4", "172.31.255.255", NULL },
	{ "dns.ipv4", "198.51.100.256", NULL },
	{ "dns.ipv4", "2001:db8::1", NULL },
	{ "dns.ipv4", "198.51.100.0/24", NULL },
	{ "dns.ipv4", "172.32.0.1", "172.32.0.1" },
	{ "dns.ipv6", "2001:DB8:0::1", "2001:db8::1" },
	{ "dns.ipv6", "fe80::1", NULL },
	{ "dns.ipv6", "fd00::1", NULL },
	{ "dns.ipv6", "::1", NULL },
	{ "dns.ipv6", "::ffff:198.51.100.7", NULL },
	{ "dns.ipv6", "198.51.100.7", NULL },
	{ "dns.ipv6", "2001:db8::1%eth0", NULL },
	{ "dns.service", "external", "external" },
	{ "dns.service", "External", NULL },
	{ "dns.service", "on", NULL },
	{ "dns.ttl", "0", "0" },
	{ "dns.ttl", "2147483647", "2147483647" },
	{ "dns.ttl", "2147483648", NULL },
	{ "dns.ttl", "-1", NULL },
	{ "dns.ttl", "1h", NULL },
	{ "mail", "off", "off" },
	{ "mail", "of", NULL },
	{ "mail", "null", NULL },
	{ "mta.backend", "postfix", "postfix" },
	{ "mta.backend", "sendmail", NULL },
	{ "mta.backend", "Postfix", NULL },
	{ "mta.credentials-file", "/etc/mailauthctl/account",
	  "/etc/mailauthctl/account" },
	{ "mta.credentials-file", "", "" },
	{ "mta.credentials-file", "account", NULL },
	{ "mta.credentials-file", "/etc/../x", NULL },
	{ "mta.directory.path", "/srv/mail/", "/srv/mail" },
	{ "mta.directory.path", "", NULL },
	{ "mta.directory.path", "/", NULL },
	{ "mta.directory.path", "/a//b", NULL },
	{ "mta.filter", "rspamd", "rspamd" },
	{ "mta.filter", "spamassassin", NULL },
	{ "mta.filter", "1", NULL },
	{ "mta.filter-position", "last", "last" },
	{ "mta.filter-position", "2", NULL },
	{ "mta.filter-position", "middle", NULL },
	{ "mta.hostname", "MX.Example.com.", "mx.example.com" },
	{ "mta.hostname", "", "" },
	{ "mta.hostname", "localhost", NULL },
	{ "mta.hostname", "mx_1.example.com", NULL },
	{ "mta.hostname", "192.0.2.1", NULL },
	{ "mta.mailenable.config-dir", "/srv/mailenable", "/srv/mailenable" },
	{ "mta.mailenable.config-dir", "mailenable", NULL },
	{ "mta.mailenable.config-dir", "/srv/../x", NULL },
	{ "mta.postfix.config-dir", "/etc/postfix-out", "/etc/postfix-out" },
	{ "mta.postfix.config-dir", "etc/postfix", NULL },
	{ "mta.postfix.config-dir", "/etc/./postfix", NULL },
	{ "mta.reload", "docker exec mail \"postfix reload\"",
	  "docker exec mail \"postfix reload\"" },
	{ "mta.reload", "", "" },
	{ "mta.reload", "echo \"a", NULL },
	{ "mta.reload", "echo \x01", NULL },
	{ "mta.signing-networks", "192.0.2.0/24,2001:DB8::/32  192.0.2.7/32",
	  "192.0.2.0/24 2001:db8::/32 192.0.2.7" },
	{ "mta.signing-networks", "192.0.2.1/24", NULL },
	{ "mta.signing-networks", "192.0.2.0/33", NULL },
	{ "mta.signing-networks", "example.com", NULL },
	{ "mta.signing-networks", "127.0.0.1 0.0.0.0/0", NULL },
	{ "mta.signing-networks", "128.0.0.0/1", NULL },
	{ "mta.signing-networks", "::/0", NULL },
	{ "mta.signing-networks", "2000::/3", NULL },
	{ "mta.signing-networks", "10.0.0.0/8 fc00::/7", "10.0.0.0/8 fc00::/7" },
	{ "mta.trusted-relays", "192.0.2.1 0.0.0.0/0", NULL },
	{ "mta.trusted-relays", "::/0", NULL },
	{ "mta.trusted-relays", "::ffff:0.0.0.0/96", NULL },
	{ "mta.trusted-relays", "10.0.0.0/8 fc00::/7", "10.0.0.0/8 fc00::/7" },
	{ "mta.trusted-relays", ", ,", "" },
	{ "mta.trusted-relays", "192.0.2.0/", NULL },
	{ "mta.trusted-relays", "2001:db8::1/32", NULL },
	{ "mta.trusted-relays", "192.0.2.0/24/8", NULL },
	{ "mta.url", "https://mail.example.com:9998/", "https://mail.example.com:9998/" },
	{ "mta.url", "ftp://mail.example.com/", NULL },
	{ "mta.url", "https:///x", NULL },
	{ "mta.url", "https://admin:secret@mail.example.com/", NULL },
	{ "mta.url", "mail.example.com", NULL },
	{ "owner", "web-3", "web-3" },
	{ "owner", "", "" },
	{ "owner", "root", NULL },
	{ "owner", "-x", NULL },
	{ "owner", "a/b", NULL },
	{ "owner", "a23456789012345678901234567890123", NULL },
	{ "spf.check", "1", "on" },
	{ "spf.check", "11", NULL },
	{ "spf.check", "enable", NULL },
	{ "spf.continue-on-dns-error", "On", "on" },
	{ "spf.continue-on-dns-error", "maybe", NULL },
	{ "spf.continue-on-dns-error", "", NULL },
	{ "spf.explanation", "See https://example.com/why?s=%{S}&i=%{I}",
	  "See https://example.com/why?s=%{S}&i=%{I}" },
	{ "spf.explanation", "", "" },
	{ "spf.explanation", "100%", NULL },
	{ "spf.explanation", "%{z}", NULL },
	{ "spf.explanation", "gr\xc3\xbc\xc3\x9f", NULL },
	{ "spf.guess-rules", "v=spf1 a/24 mx/24 ptr ?all", "v=spf1 a/24 mx/24 ptr ?all" },
	{ "spf.guess-rules", "a mx ?all", "v=spf1 a mx ?all" },
	{ "spf.guess-rules", "", "" },
	{ "spf.guess-rules", "v=spf2 a", NULL },
	{ "spf.guess-rules", "a nonsense", NULL },
	{ "spf.guess-scope", "most-permissive", "most-permissive" },
	{ "spf.guess-scope", "most", NULL },
	{ "spf.guess-scope", "2", NULL },
	{ "spf.local-rules", "include:relay.example.com", "include:relay.example.com" },
	{ "spf.local-rules", "", "" },
	{ "spf.local-rules", "-all", NULL },
	{ "spf.local-rules", "redirect=example.com", NULL },
	{ "spf.local-rules", "include:", NULL },
	{ "spf.mode", "reject-fail", "reject-fail" },
	{ "spf.mode", "6", "reject-not-pass" },
	{ "spf.mode", "0", NULL },
	{ "spf.mode", "7", NULL },
	{ "spf.mode", "reject", NULL },
	{ "srs.domain", "SRS.example.com", "srs.example.com" },
	{ "srs.domain", "srs", NULL },
	{ "srs.domain", "a@b.example", NULL },
	{ "srs.enabled", "yes", "on" },
	{ "srs.enabled", "y", NULL },
	{ "srs.enabled", "always", NULL },
	{ "srs.exclude-domains", "Example.com, .example.net",
	  "example.com .example.net" },
	{ "srs.exclude-domains", "", "" },
	{ "srs.exclude-domains", "..example.com", NULL },
	{ "srs.exclude-domains", "a/b", NULL },
	{ "srs.exclude-domains", ".", NULL },
	{ "srs.secret", "0123456789abcdef", NULL },
	{ "srs.secret", "", NULL },
	{ "zone.directory", "/var/named/mail", "/var/named/mail" },
	{ "zone.directory", "", NULL },
	{ "zone.directory", "zones", NULL },
	{ "zone.format", "full", "full" },
	{ "zone.format", "axfr", NULL },
	{ "zone.format", "2", NULL },
	{ "zone.reload", "rndc reload <domain>", "rndc reload <domain>" },
	{ "zone.reload", "rndc \"reload", NULL },
	{ "zone.reload", "rndc\treload", NULL },
};

static void check_value(const struct value_row *row, const struct setting_row *setting)
{
	struct err err = ERR_INIT;
	auto_free char *once = NULL, *twice = NULL;
	int r = setting_parse(setting, row->text, &once, &err);
	if (!row->canonical) {
		if (r != ERR_USAGE)
			fail_msg("%s takes \"%s\"", row->key, row->text);
		assert_null(once);
		if (strncmp(err.text, row->key, strlen(row->key)) != 0)
			fail_msg("%s is not named: %s", row->key, err.text);
		return;
	}
	if (r != 0)
		fail_msg("%s: %s", row->text, err.text);
	assert_string_equal(once, row->canonical);
	assert_int_equal(setting_parse(setting, once, &twice, &err), 0);
	assert_string_equal(twice, once);
}

static void test_values(void **state)
{
	unsigned good[SETTING_COUNT] = { 0 }, bad[SETTING_COUNT] = { 0 };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct err err = ERR_INIT;
		enum setting_key key = SETTING_COUNT;
		assert_int_equal(setting_find(values[i].key, &key, &err), 0);
		++*(values[i].canonical ? &good[key] : &bad[key]);
		check_value(&values[i], &setting_table[key]);
	}
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if ((good[i] < 1 && setting_table[i].type != SETTING_SECRET) ||
		    bad[i] < 2)
			fail_msg("%s has %u good and %u bad values here",
			         setting_table[i].key, good[i], bad[i]);
}

/* What no setting takes, whatever its type. */
static void test_unclean(void **state)
{
	static const char *const texts[] = { "a\nb", "\x7f", "\xc2\x85", "\xff",
		                             "a\x1b[1m" };
	(void)state;
	for (size_t i = 0; i < SETTING_COUNT; i++)
		for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
			struct err err = ERR_INIT;
			char *canonical = NULL;
			assert_int_equal(setting_parse(&setting_table[i], texts[k],
			                               &canonical, &err),
			                 ERR_USAGE);
			assert_null(canonical);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_unclean),
	};
	return cmocka_run_group_tests_name("setting_type", tests, NULL, NULL);
}
