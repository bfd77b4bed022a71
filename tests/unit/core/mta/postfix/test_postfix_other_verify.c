/* postfix_other_verify: filters of an administrator beside ours, and before it. */
#include "core/mta/postfix/postfix_other_verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mta/provider/rspamd.h"

#define NAME "mx.example.net"
#define MILTERS "smtpd_milters = "
#define PORT "Socket inet:8891@127.0.0.1\n"

/* The notes, one a line; a warning as "! text -> remedy". */
static void show(const struct plan *plan, struct buf *into)
{
	for (size_t i = 0; i < plan->notes; i++)
		if (plan->note[i].remedy)
			buf_printf(into, "! %s -> %s\n", plan->note[i].text,
			           plan->note[i].remedy);
		else
			buf_printf(into, "%s\n", plan->note[i].text);
}

#define BESIDE(item)                                                                 \
	"smtpd_milters names " item ", which verifies mail too: it is not changed, " \
	"and mail must satisfy both filters\n"
#define REMOVES(item, file)                                                             \
	"! smtpd_milters names " item                                                   \
	", which verifies mail too and writes its results "                             \
	"as " NAME ": it removes the results of mailauthctl -> set AuthservID in " file \
	" to another name, and restart that filter\n"

static void test_beside(void **state)
{
	(void)state;
	char folder[] = "/q", hostname[] = NAME;
	static const struct {
		const char *main, *opendkim, *opendmarc;
		const char *rspamd; /* its file */
		bool signs;
		const char *want;
	} rows[] = {
		{ "", PORT, PORT, NULL, false, "" },
		{ MILTERS "inet:127.0.0.1:9\n", PORT, "", NULL, false, "" },
		{ MILTERS "inet:127.0.0.1:8891\n", PORT "Mode sv\n", "", NULL, false,
		  REMOVES("inet:127.0.0.1:8891", "/etc/opendkim.conf") },
		{ MILTERS "a, { inet:127.0.0.1:8891, default_action=accept }\n", PORT, "",
		  NULL, false, REMOVES("inet:127.0.0.1:8891", "/etc/opendkim.conf") },
		{ MILTERS "inet:127.0.0.1:8891\n", PORT "AuthservID HOSTNAME\n", "", NULL,
		  false, REMOVES("inet:127.0.0.1:8891", "/etc/opendkim.conf") },
		{ MILTERS "inet:127.0.0.1:8891\n", PORT "AuthservID MX.Example.Net\n", "",
		  NULL, false, REMOVES("inet:127.0.0.1:8891", "/etc/opendkim.conf") },
		{ MILTERS "inet:127.0.0.1:8891\n", PORT "AuthservID his.example.net\n",
		  "", NULL, false, BESIDE("inet:127.0.0.1:8891") },
		/* it does not verify, or is ours */
		{ MILTERS "inet:127.0.0.1:8891\n", PORT "Mode s\n", "", NULL, false, "" },
		{ MILTERS "inet:127.0.0.1:8891\n", PORT, "", NULL, true, "" },
		{ MILTERS "inet:127.0.0.1:8891\n", "", PORT, NULL, true,
		  REMOVES("inet:127.0.0.1:8891", "/etc/opendmarc.conf") },
		{ MILTERS "inet:127.0.0.1:8891\n", "", PORT "AuthservID x\n", NULL, true,
		  BESIDE("inet:127.0.0.1:8891") },
		{ MILTERS "inet:localhost:11332\n", "", "", NULL, true,
		  BESIDE("inet:localhost:11332") },
		{ MILTERS "inet:localhost:11332\n", "", "", RSPAMD_HEADERS_LOCAL, true,
		  "! smtpd_milters names inet:localhost:11332, and rspamd writes "
		  "Authentication-Results: it removes all other fields of that name, and "
		  "the results of mailauthctl with them -> take authentication-results out "
		  "of \"use\" in " RSPAMD_HEADERS_LOCAL ", and restart rspamd\n" },
		{ MILTERS "inet:localhost:9\n", "", "", RSPAMD_HEADERS_LOCAL, true, "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct postfix_observed observed = {
			.host = { .queue_dir = folder, .hostname = hostname },
			.rspamd_results = rows[i].rspamd,
		};
		struct err err = ERR_INIT;
		auto_plan plan = PLAN_INIT;
		auto_buf found = BUF_INIT;
		buf_puts(&observed.main_cf, rows[i].main);
		buf_puts(&observed.earlier.conf, rows[i].opendmarc);
		assert_int_equal(opendkim_conf_parse(&observed.dkim.admin,
		                                     rows[i].opendkim, NULL, NULL, &err),
		                 0);
		other_verify_note(&observed, NAME, rows[i].signs, &plan);
		show(&plan, &found);
		if (strcmp(buf_text(&found), rows[i].want) != 0)
			fail_msg("row %zu: %s", i, buf_text(&found));
		opendkim_conf_done(&observed.dkim.admin);
		buf_done(&observed.main_cf);
		buf_done(&observed.earlier.conf);
	}
}

#define OURS "{ unix:private/mailauth-spf, default_action=tempfail }"
#define BEFORE(service, item)                                                                \
	"! " service " in master.cf names " item " before the filter that verifies: "        \
	"changes by that filter break signatures, and its results are removed if they "      \
	"have our name -> name the filter of mailauthctl first in smtpd_milters of " service \
	" in master.cf\n"

static void test_before(void **state)
{
	(void)state;
	static const struct {
		const char *main, *master, *want;
	} rows[] = {
		{ MILTERS OURS ", inet:a:1\n", "smtp inet n - y - - smtpd\n", "" },
		{ "",
		  "smtp inet n - y - - smtpd -o smtpd_milters=unix:private/mailauth-spf,inet:a:1\n",
		  "" },
		{ "", "smtp inet n - y - - smtpd -o smtpd_milters=inet:a:1\n", "" },
		{ "",
		  "smtp inet n - y - - smtpd -o smtpd_milters=inet:a:1,unix:private/mailauth-spf\n",
		  BEFORE("smtp/inet", "inet:a:1") },
		{ "guard = " OURS "\n",
		  "25 inet n - y - - smtpd -o { smtpd_milters = { inet:a:1, "
		  "default_action=accept }, $guard }\nscan unix - - n - - smtp\n",
		  BEFORE("25/inet", "inet:a:1") },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_main_cf main;
		auto_master_cf master;
		auto_plan plan = PLAN_INIT;
		auto_buf found = BUF_INIT;
		main_cf_parse(&main, rows[i].main, strlen(rows[i].main));
		master_cf_parse(&master, rows[i].master, strlen(rows[i].master));
		other_verify_warn_order(&main, &master, &plan);
		show(&plan, &found);
		if (strcmp(buf_text(&found), rows[i].want) != 0)
			fail_msg("row %zu: %s", i, buf_text(&found));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
