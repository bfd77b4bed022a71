/* What postconf does not see: words, braces, tables, milters, policy services, chroots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mta/postfix/postfix_values.h"

#define MASTER                             \
	"smtp inet n - y - - smtpd\n"      \
	"cleanup unix n - y - 0 cleanup\n" \
	"mailauth-spf unix - n n - 0 spawn user=nobody\n"

static void read_values(const char *main, const char *master, const char *types,
                        struct faults *faults)
{
	auto_main_cf cf = MAIN_CF_INIT;
	auto_master_cf services = MASTER_CF_INIT;
	main_cf_parse(&cf, main, strlen(main));
	master_cf_parse(&services, master, strlen(master));
	postfix_values_check(&cf, &services, types, faults);
}

/* The longest path of a socket that the kernel takes, and one more. */
static void test_endpoint_bounds(void **state)
{
	(void)state;
	char endpoint[5 + 108 + 1];

	memset(endpoint, 'a', sizeof(endpoint));
	memcpy(endpoint, "unix:/", 6);
	endpoint[5 + 107] = '\0';
	assert_null(postfix_endpoint_fault(endpoint));
	endpoint[5 + 107] = 'a';
	endpoint[5 + 108] = '\0';
	assert_string_equal(postfix_endpoint_fault(endpoint),
	                    "its path is longer than 107 octets");
	assert_null(postfix_endpoint_fault("unix:a"));
	assert_string_equal(postfix_endpoint_fault("unix:"), "it contains no path");
	assert_null(postfix_endpoint_fault("inet:127.0.0.1:65535"));
	assert_null(postfix_endpoint_fault("inet:127.0.0.1:1"));
	assert_non_null(postfix_endpoint_fault("inet:127.0.0.1:65536"));
	assert_non_null(postfix_endpoint_fault("inet:127.0.0.1:0"));
}

/* A fault for each row, or none (NULL). */
static void test_values(void **state)
{
	(void)state;
	static const struct {
		const char *main, *master, *want;
	} rows[] = {
		{ "", "", NULL },
		{ "milter_default_action = tempfail\n", "", NULL },
		{ "milter_default_action = Accept\n", "", NULL },
		{ "milter_default_action = acept\n", "",
		  "milter_default_action of main.cf is \"acept\", which is not one of "
		  "accept "
		  "quarantine reject tempfail" },
		{ "milter_default_action = accept reject\n", "", "one of accept" },
		{ "milter_default_action =\n", "", "one of accept" },
		{ "x = accept\nmilter_default_action = $x\n", "", NULL },
		{ "milter_protocol = 6\n", "", NULL },
		{ "milter_protocol = 6 no_header_reply\n", "", NULL },
		{ "milter_protocol = 5\n", "", "milter_protocol of main.cf is \"5\"" },
		{ "sender_canonical_classes = envelope_sender\n", "", NULL },
		{ "sender_canonical_classes = envelope_sender, header_sender\n", "",
		  NULL },
		{ "sender_canonical_classes = envelope_recipient\n", "",
		  "\"envelope_recipient\", which is not one of envelope_sender" },
		{ "recipient_canonical_classes = envelope_recipient,header_recipient\n",
		  "", NULL },
		{ "recipient_canonical_classes = envelope_sender\n", "",
		  "which is not one of envelope_recipient" },
		/* the last definition is the one in force */
		{ "milter_protocol = 5\nmilter_protocol = 6\n", "", NULL },
		{ "a = { b\n", "", "a has unbalanced braces: \"{ b\"" },
		{ "a = b }\n", "", "a has unbalanced braces" },
		{ "a = } {\n", "", "a has unbalanced braces" },
		{ "a = {{ b } c}\n", "", NULL },
		/* tables */
		{ "virtual_alias_maps = hash:/x, proxy:mysql:/y, /etc/plain\n", "",
		  NULL },
		{ "sender_canonical_maps = tcp:127.0.0.1:10001\n", "", NULL },
		{ "sender_canonical_maps = tpc:127.0.0.1:10001\n", "",
		  "sender_canonical_maps names a table of the type tpc" },
		{ "a_maps = proxy:ldap:/x\n", "", "of the type ldap" },
		{ "a_maps = unionmap:{hash:/x, hash:/y}\n", "", "of the type unionmap" },
		/* milters */
		{ "smtpd_milters = unix:a/b, inet:localhost:8891, "
		  "{ inet:[::1]:8891, connect_timeout=10s, default_action = accept }\n",
		  "", NULL },
		{ "smtpd_milters = local:a/b\n", "",
		  "\"local:a/b\": it begins neither with unix: nor with inet:" },
		{ "smtpd_milters = unix:\n", "", "it contains no path" },
		{ "smtpd_milters = inet:8891@localhost\n", "",
		  "it does not end in a "
		  "port" },
		{ "smtpd_milters = inet:localhost:0\n", "", "it does not end in a port" },
		{ "smtpd_milters = inet:localhost:65536\n", "",
		  "it does not end in a "
		  "port" },
		{ "smtpd_milters = inet::8891\n", "", "it contains no host" },
		{ "smtpd_milters = inet:[::1:8891\n", "", "unclosed bracket" },
		{ "non_smtpd_milters = { unix:a, default_action=defer }\n", "",
		  "non_smtpd_milters sets the milter option default_action=defer" },
		{ "non_smtpd_milters = { unix:a, timeout=3s }\n", "", "timeout=3s" },
		{ "non_smtpd_milters = { unix:a, connect_timeout=3x }\n", "",
		  "connect_timeout=3x" },
		{ "non_smtpd_milters = { unix:a, protocol=6 }\n", "", NULL },
		/* policy services */
		{ "smtpd_recipient_restrictions = reject_unauth_destination, "
		  "check_policy_service { unix:private/mailauth-spf, timeout=3s }\n",
		  MASTER, NULL },
		{ "smtpd_recipient_restrictions = check_policy_service unix:private/x\n",
		  MASTER, "master.cf has no service of that name" },
		{ "smtpd_recipient_restrictions = check_policy_service "
		  "{ unix:private/x, default_action=DUNNO }\n",
		  MASTER, NULL },
		{ "smtpd_recipient_restrictions = check_policy_service inet:a:1\n",
		  MASTER, NULL },
		{ "smtpd_recipient_restrictions = check_policy_service private/x\n",
		  MASTER, "it begins neither" },
		/* overrides */
		{ "", "smtp inet n - y - - smtpd -o milter_default_action=acept\n",
		  "milter_default_action of smtp is \"acept\"" },
		{ "", "smtp inet n - y - - smtpd -o smtpd_milters=unix:\n",
		  "it contains no path" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_faults faults = FAULTS_INIT;
		read_values(rows[i].main, rows[i].master, "hash\nmysql\nproxy\ntcp\n",
		            &faults);
		if (!rows[i].want && faults.count)
			fail_msg("row %zu: %s", i, faults.text[0]);
		if (rows[i].want &&
		    (faults.count != 1 || !strstr(faults.text[0], rows[i].want)))
			fail_msg("row %zu: %zu: %s", i, faults.count,
			         faults.count ? faults.text[0] : "");
	}
	auto_faults faults = FAULTS_INIT;
	read_values("a_maps = nothing:/x\n", "", NULL, &faults);
	assert_int_equal(faults.count, 0);
}

static void test_new_faults(void **state)
{
	(void)state;
	auto_faults before = FAULTS_INIT, now = FAULTS_INIT;
	read_values("milter_protocol = 5\n", "", NULL, &before);
	read_values("milter_protocol = 5\na = {\n", "", NULL, &now);
	assert_null(faults_new(&before, &now));
	assert_non_null(strstr(faults_new(&now, &before), "a has unbalanced braces"));
}

/* ---- chroots ---------------------------------------------------------------------------------- */

static bool is_there(void *arg, const char *path)
{
	return strcmp(arg, path) == 0;
}

#define Q "/var/spool/postfix"
#define SMTPD(chroot, options) "smtp inet n - " chroot " - - smtpd" options "\n"
#define CLEANUP(chroot) "cleanup unix n - " chroot " - 0 cleanup\n"
#define RUN "unix:/run/opendkim/opendkim.sock"
#define IN(list) list " = " RUN "\n"

static void test_reach(void **state)
{
	(void)state;
	static const struct {
		const char *main, *master, *socket;
		bool is_used;
		const char *want;  /* NULL: no fault */
		const char *there; /* a socket that leads there, too */
	} rows[] = {
		{ "", SMTPD("y", ""), RUN, false, NULL, NULL },
		{ IN("smtpd_milters"), SMTPD("n", ""), RUN, true, NULL, NULL },
		{ IN("smtpd_milters"), SMTPD("y", ""), RUN, true,
		  "the service smtp (smtpd) of master.cf runs in the chroot " Q
		  " and cannot reach " RUN " of smtpd_milters",
		  NULL },
		{ IN("smtpd_milters"), SMTPD("y", ""), RUN, true, NULL,
		  Q "/run/opendkim/opendkim.sock" },
		{ IN("smtpd_milters"), SMTPD("-", ""), RUN, true, "runs in the chroot",
		  NULL },
		{ "compatibility_level = 3.6\n" IN("smtpd_milters"), SMTPD("-", ""), RUN,
		  true, NULL, NULL },
		/* a milter of somebody else */
		{ "smtpd_milters = unix:/run/other.sock\n", SMTPD("y", ""), RUN, false,
		  NULL, NULL },
		{ "smtpd_milters = inet:127.0.0.1:8891\n", SMTPD("y", ""), RUN, false,
		  NULL, NULL },
		{ "smtpd_milters = inet:127.0.0.1:8891\n", SMTPD("y", ""),
		  "inet:8891@127.0.0.1", true, NULL, NULL },
		/* relative paths are right for both */
		{ "smtpd_milters = { unix:opendkim/o.sock, default_action=accept }\n",
		  SMTPD("y", "") SMTPD("n", ""), "unix:" Q "/opendkim/o.sock", true, NULL,
		  NULL },
		/* an absolute path that is meant inside the chroot */
		{ "smtpd_milters = unix:/opendkim/o.sock\n", SMTPD("y", ""),
		  "unix:" Q "/opendkim/o.sock", true, NULL, NULL },
		{ "smtpd_milters = unix:/opendkim/o.sock\n", SMTPD("n", ""),
		  "unix:" Q "/opendkim/o.sock", true,
		  "does not run in a chroot and does not find "
		  "unix:/opendkim/o.sock",
		  NULL },
		{ "smtpd_milters = unix:" Q "/opendkim/o.sock\n", SMTPD("y", ""),
		  "unix:" Q "/opendkim/o.sock", true, "runs in the chroot", NULL },
		/* the other list, and overrides */
		{ IN("non_smtpd_milters"), SMTPD("y", "") CLEANUP("y"), RUN, true,
		  "the service cleanup (cleanup)", NULL },
		{ IN("non_smtpd_milters"), SMTPD("y", "") CLEANUP("n"), RUN, true, NULL,
		  NULL },
		{ IN("smtpd_milters"), SMTPD("y", " -o smtpd_milters="), RUN, false, NULL,
		  NULL },
		{ "", SMTPD("y", " -o smtpd_milters=" RUN), RUN, true,
		  "the service smtp (smtpd)", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_main_cf cf = MAIN_CF_INIT;
		auto_master_cf master = MASTER_CF_INIT;
		auto_faults faults = FAULTS_INIT;
		main_cf_parse(&cf, rows[i].main, strlen(rows[i].main));
		master_cf_parse(&master, rows[i].master, strlen(rows[i].master));
		bool is_used =
			postfix_reach_check(&cf, &master, Q, rows[i].socket, "OpenDKIM",
		                            rows[i].there ? is_there : NULL,
		                            (void *)(uintptr_t)rows[i].there, &faults);
		if (is_used != rows[i].is_used ||
		    faults.count != (rows[i].want != NULL) ||
		    (rows[i].want && !strstr(faults.text[0], rows[i].want)))
			fail_msg("row %zu: %d, %zu: %s", i, is_used, faults.count,
			         faults.count ? faults.text[0] : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_endpoint_bounds),
		cmocka_unit_test(test_new_faults),
		cmocka_unit_test(test_reach),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
