/* SRS among an administrator's settings of main.cf and master.cf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/postfix/postfix_canonical.h"

#define SERVICES                                   \
	"smtp      inet  n  -  y  -  -  smtpd\n"   \
	"pickup    unix  n  -  y  60 1  pickup\n"  \
	"cleanup   unix  n  -  y  -  0  cleanup\n" \
	"local     unix  -  n  n  -  -  local\n"   \
	"virtual   unix  -  n  n  -  -  virtual\n" \
	"lmtp      unix  -  -  y  -  -  lmtp\n"    \
	"smtp      unix  -  -  y  -  -  smtp\n"    \
	"dovecot   unix  -  n  n  -  -  pipe flags=DRhu user=v argv=x\n"

struct files {
	struct main_cf main;
	struct master_cf master;
};

static struct files files_of(const char *main, const char *master)
{
	struct files files;
	main_cf_parse(&files.main, main, strlen(main));
	master_cf_parse(&files.master, master, strlen(master));
	return files;
}

static void files_done(struct files *files)
{
	main_cf_done(&files->main);
	master_cf_done(&files->master);
}

static void test_conflict(void **state)
{
	static const struct {
		const char *main, *master, *why; /* why NULL: they can stand there */
	} rows[] = {
		{ "", SERVICES, NULL },
		{ "sender_canonical_maps = tcp:127.0.0.1:10001\n", SERVICES,
		  "sender_canonical_maps names tcp:127.0.0.1:10001, which appears to "
		  "be" },
		{ "recipient_canonical_maps = hash:/x, socketmap:unix:srs:reverse\n",
		  SERVICES, "recipient_canonical_maps names socketmap:unix:srs:reverse" },
		{ "x = tcp:a:1\ncanonical_maps = $x\n", SERVICES,
		  "canonical_maps names tcp:a:1" },
		{ "smtpd_milters = unix:a.sock, { inet:127.0.0.1:1, x=y }\n", SERVICES,
		  NULL },
		{ "smtpd_milters = unix:a.sock, { unix:/run/SRS-milter, x=y }\n",
		  SERVICES, "smtpd_milters names unix:/run/SRS-milter" },
		{ "sender_canonical_maps = hash:/x\n", SERVICES,
		  "sender_canonical_classes contains header_sender" },
		{ "sender_canonical_maps = hash:/x\nsender_canonical_classes = "
		  "envelope_sender\n",
		  SERVICES, NULL },
		{ "sender_canonical_classes = envelope_sender, header_sender\n", SERVICES,
		  "sender_canonical_classes contains header_sender" },
		{ "sender_canonical_classes =\n", SERVICES, NULL },
		{ "canonical_maps = hash:/x\n", SERVICES,
		  "canonical_maps rewrites envelope senders" },
		{ "canonical_maps = hash:/x\ncanonical_classes = header_sender, "
		  "envelope_recipient\n",
		  SERVICES, NULL },
		{ "recipient_canonical_classes = header_recipient\n", SERVICES,
		  "recipient_canonical_classes does not contain envelope_recipient" },
		{ "recipient_canonical_classes = envelope_recipient\n", SERVICES, NULL },
		{ "",
		  SERVICES "cleanup unix n - y - 0 cleanup\n"
		           " -o sender_canonical_maps=\n",
		  "cleanup/unix in master.cf sets sender_canonical_maps itself" },
		{ "cleanup_service_name = pre\n",
		  SERVICES "pre unix n - y - 0 cleanup\n"
		           " -o recipient_canonical_classes=header_recipient\n",
		  "pre/unix in master.cf sets recipient_canonical_classes itself" },
		{ "",
		  SERVICES "other unix n - y - 0 cleanup\n -o sender_canonical_maps=\n",
		  NULL },
		{ "receive_override_options = no_address_mappings\n", SERVICES,
		  "no_address_mappings for every smtpd service" },
		{ "receive_override_options = no_address_mappings\n",
		  SERVICES "127.0.0.1:10025 inet n - y - - smtpd\n"
		           " -o receive_override_options=no_milters\n",
		  NULL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct files files = files_of(rows[i].main, rows[i].master);
		auto_free char *why = canonical_conflict(&files.main, &files.master);
		if (rows[i].why ? !why || !strstr(why, rows[i].why) : why != NULL)
			fail_msg("row %zu: %s", i, why);
		files_done(&files);
	}
}

static void take(void *arg, const char *sentence)
{
	buf_printf(arg, "%s\n", sentence);
}

static void test_reach(void **state)
{
	static const struct {
		const char *main, *master, *want;
	} rows[] = {
		{ "", SERVICES, "" },
		{ "",
		  SERVICES "submission inet n - y - - smtpd\n"
		           " -o receive_override_options=no_address_mappings\n",
		  "submission/inet has receive_override_options" },
		/* what goes to the filter comes back to one that maps, or the reverse */
		{ "content_filter = amavis:[127.0.0.1]:10024\n",
		  "smtp inet n - y - - smtpd\n"
		  " -o receive_override_options=no_address_mappings\n"
		  "127.0.0.1:10025 inet n - y - - smtpd\n"
		  " -o content_filter=\n",
		  "" },
		{ "content_filter = amavis:[127.0.0.1]:10024\n",
		  "smtp inet n - y - - smtpd\n"
		  "127.0.0.1:10025 inet n - y - - smtpd\n"
		  " -o content_filter=\n"
		  " -o receive_override_options=no_address_mappings\n",
		  "" },
		{ "",
		  SERVICES "other unix n - y - 0 cleanup\n -o sender_canonical_maps=\n",
		  "other/unix in master.cf sets sender_canonical_maps itself" },
		{ "",
		  "pickup unix n - y 60 1 pickup\n -o "
		  "receive_override_options=no_address_mappings\n",
		  "pickup/unix has receive_override_options" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct files files = files_of(rows[i].main, rows[i].master);
		auto_buf said = BUF_INIT;
		canonical_note_reach(&files.main, &files.master, take, &said);
		if (*rows[i].want ? !strstr(buf_text(&said), rows[i].want)
		                  : said.len != 0)
			fail_msg("row %zu: %s", i, buf_text(&said));
		files_done(&files);
	}
}

static void test_delivery(void **state)
{
	static const struct {
		const char *main, *want; /* "a = b;" for each that is warned about */
	} rows[] = {
		{ "", "local_transport = local;" },
		{ "mydestination =\n", "" },
		/* where foreign mail is local only to a name of loopback */
		{ "mydestination = localhost\n", "" },
		{ "mydestination = localhost.$mydomain, LocalHost localhost.localdomain\n",
		  "" },
		{ "mydestination = $myhostname, localhost\n",
		  "local_transport = local;" },
		{ "mydestination = localhosts.example\n", "local_transport = local;" },
		{ "mydestination = localhost, hash:/x\n", "local_transport = local;" },
		{ "myhostname = localhost.localdomain\n", "" },
		{ "mailbox_transport = lmtp:unix:private/dovecot-lmtp\n", "" },
		{ "mailbox_transport = dovecot\n", "mailbox_transport = dovecot;" },
		{ "mailbox_transport = smtp:[127.0.0.1]:26\n",
		  "mailbox_transport = smtp:[127.0.0.1]:26;" },
		{ "local_transport = lmtp:unix:x\nmailbox_transport = dovecot\n", "" },
		{ "local_transport = error:no\n", "local_transport = error:no;" },
		{ "mydestination =\nvirtual_mailbox_domains = a.example\n",
		  "virtual_transport = virtual;" },
		{ "mydestination =\nvirtual_mailbox_maps = hash:/x\n"
		  "virtual_transport = lmtp:unix:x\n",
		  "" },
		{ "virtual_mailbox_domains = a.example\n",
		  "local_transport = local;virtual_transport = virtual;" },
		{ "mydestination =\nvirtual_mailbox_domains = a.example\n"
		  "x = lmtp\nvirtual_transport = ${x}:inet:127.0.0.1:24\n",
		  "" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct files files = files_of(rows[i].main, SERVICES);
		auto_buf said = BUF_INIT, short_text = BUF_INIT;
		canonical_note_delivery(&files.main, &files.master, take, &said);
		for (const char *at = buf_text(&said);
		     (at = strstr(at, "delivered by ")) != NULL;) {
			at += strlen("delivered by ");
			const char *end = strstr(at, ": only");
			assert_non_null(end);
			buf_add(&short_text, at, (size_t)(end - at));
			buf_putc(&short_text, ';');
		}
		assert_string_equal(buf_text(&short_text), rows[i].want);
		files_done(&files);
	}
}

static enum acceptance look_up(void *arg, const char *table, const char *domain)
{
	(void)arg;
	if (strcmp(table, "hash:/broken") == 0)
		return ACCEPT_UNKNOWN;
	return strcmp(table, "hash:/has") == 0 && strcmp(domain, "srs.example") == 0
	               ? ACCEPT_YES
	               : ACCEPT_NO;
}

static char *read_file(void *arg, const char *path)
{
	(void)arg;
	if (strcmp(path, "/domains") == 0)
		return xstrdup("a.example\nSRS.example hash:/hasnot\n");
	return strcmp(path, "/not") == 0 ? xstrdup("b.example\n") : NULL;
}

static void test_accepts(void **state)
{
	static const struct acceptance_source source = { look_up, read_file, NULL };
	static const struct {
		const char *list;
		enum acceptance want;
	} rows[] = {
		{ "", ACCEPT_NO },
		{ "a.example, b.example", ACCEPT_NO },
		{ "a.example, SRS.Example", ACCEPT_YES },
		{ "x.srs.example", ACCEPT_NO },
		{ "!srs.example, srs.example", ACCEPT_NO },
		{ "hash:/hasnot", ACCEPT_NO },
		{ "hash:/hasnot hash:/has", ACCEPT_YES },
		{ "hash:/broken", ACCEPT_UNKNOWN },
		{ "hash:/broken srs.example", ACCEPT_YES },
		{ "/domains", ACCEPT_YES },
		{ "/not", ACCEPT_NO },
		{ "/absent", ACCEPT_UNKNOWN },
		{ "!/domains, srs.example", ACCEPT_NO },
		{ "[192.0.2.1]", ACCEPT_NO },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (canonical_accepts(rows[i].list, "srs.example", &source) !=
		    rows[i].want)
			fail_msg("row %zu", i);
}

static void take_domain(void *arg, const char *domain)
{
	buf_printf(arg, "%s;", domain);
}

static char *read_list(void *arg, const char *path)
{
	(void)arg;
	return strcmp(path, "/etc/list") == 0
	               ? xstrdup("file.example\n# no.example\n/etc/list\n")
	               : NULL;
}

static void test_each_domain(void **state)
{
	static const struct {
		const char *list, *want;
	} rows[] = {
		{ "", "" },
		{ "a.example, b.example\n\tC.example", "a.example;b.example;C.example;" },
		{ "localhost, $mydomain.x, host", "$mydomain.x;" },
		{ "!no.example a.example", "a.example;" },
		{ "hash:/etc/t.example [192.0.2.1] a.example", "a.example;" },
		{ "inline:{ x.example=1 } a.example", "a.example;" },
		{ "/etc/list a.example /etc/none", "file.example;a.example;" },
	};
	const struct acceptance_source source = { NULL, read_list, NULL };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf got = BUF_INIT;
		canonical_each_domain(rows[i].list, &source, take_domain, &got);
		if (strcmp(buf_text(&got), rows[i].want) != 0)
			fail_msg("row %zu: %s", i, buf_text(&got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conflict),    cmocka_unit_test(test_reach),
		cmocka_unit_test(test_delivery),    cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_each_domain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
