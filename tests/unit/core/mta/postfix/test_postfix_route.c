/* Whose socket mail reaches OpenDKIM through: that of main.cf, else that of master.cf, else ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/postfix/postfix_route.h"

#define CONF "Socket local:/run/own.sock\n"
#define OWN "unix:/run/own.sock"
#define SMTPD "smtp inet n - n - - smtpd\n"
#define CLEANUP "cleanup unix n - n - 0 cleanup\n"
#define OPTIONS ", " POSTFIX_MILTER_OPTIONS " }"
#define OURS "unix:/q/opendkim/opendkim.sock"

static void test_whose(void **state)
{
	static const struct {
		const char *conf, *main, *master;
		const char *milter, *probe;
		const char *smtpd, *non; /* the administrator's items of main.cf */
		bool in_smtpd, in_non;
	} rows[] = {
		{ "", "", SMTPD CLEANUP, "{ unix:opendkim/opendkim.sock" OPTIONS, OURS,
		  NULL, NULL, true, true },
		/* a socket that no list names */
		{ CONF, "smtpd_milters = inet:127.0.0.1:9\n", SMTPD CLEANUP,
		  "{ unix:opendkim/opendkim.sock" OPTIONS, OURS, NULL, NULL, true, true },
		{ CONF, "smtpd_milters = " OWN "\nnon_smtpd_milters = " OWN "\n",
		  SMTPD CLEANUP, "{ " OWN OPTIONS, OWN, OWN, OWN, false, false },
		{ CONF, "smtpd_milters = inet:[::1]:9, " OWN "\n", SMTPD CLEANUP,
		  "{ " OWN OPTIONS, OWN, OWN, NULL, false, true },
		{ CONF, "non_smtpd_milters = " OWN "\n", SMTPD CLEANUP, "{ " OWN OPTIONS,
		  OWN, NULL, OWN, true, false },
		/* either list of any service of master.cf, where main.cf names it in none */
		{ CONF, "",
		  "smtp inet n - n - - smtpd -o smtpd_milters=" OWN "\n" CLEANUP,
		  "{ " OWN OPTIONS, OWN, NULL, NULL, true, true },
		{ CONF, "",
		  SMTPD "cleanup unix n - n - 0 cleanup -o non_smtpd_milters=" OWN "\n",
		  "{ " OWN OPTIONS, OWN, NULL, NULL, true, true },
		{ CONF, "mine = " OWN "\n",
		  SMTPD CLEANUP "26 inet n - n - - smtpd -o smtpd_milters=\n"
		                "27 inet n - n - - smtpd -o smtpd_milters=$mine\n",
		  "{ " OWN OPTIONS, OWN, NULL, NULL, true, true },
		{ CONF, "", "smtp inet n - n - - smtpd -o smtpd_milters=unix:/run/x\n",
		  "{ unix:opendkim/opendkim.sock" OPTIONS, OURS, NULL, NULL, true, true },
		/* as a chrooted smtpd sees it: the item stays as it is written */
		{ "Socket local:/q/own.sock\n", "",
		  "smtp inet n - y - - smtpd -o smtpd_milters=unix:/own.sock\n",
		  "{ unix:/own.sock" OPTIONS, "unix:/q/own.sock", NULL, NULL, true,
		  true },
		{ "Socket inet:8891@localhost\n", "smtpd_milters = inet:localhost:8891\n",
		  SMTPD, "{ inet:localhost:8891" OPTIONS, "inet:8891@127.0.0.1",
		  "inet:localhost:8891", NULL, false, true },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char queue[] = "/q";
		struct postfix_observed observed = { .host.queue_dir = queue };
		struct postfix_route route;
		struct err err = ERR_INIT;
		buf_puts(&observed.main_cf, rows[i].main);
		buf_puts(&observed.master_cf, rows[i].master);
		assert_int_equal(opendkim_conf_parse(&observed.dkim.admin, rows[i].conf,
		                                     NULL, NULL, &err),
		                 0);
		postfix_route_find(&observed, &route);
		auto_free char *asked = postfix_dkim_socket(&observed);
		if (!text_same(route.milter, rows[i].milter) ||
		    !text_same(route.probe, rows[i].probe) ||
		    !text_same(asked, route.probe))
			fail_msg("row %zu: %s %s", i, route.milter, route.probe);
		if (strcmp(rows[i].probe, OURS) == 0)
			assert_string_equal(route.socket,
			                    "local:/q/opendkim/opendkim.sock");
		else
			assert_null(route.socket);
		if (rows[i].smtpd)
			assert_string_equal(route.own_smtpd, rows[i].smtpd);
		else
			assert_null(route.own_smtpd);
		if (rows[i].non)
			assert_string_equal(route.own_non, rows[i].non);
		else
			assert_null(route.own_non);
		assert_int_equal(route.in_smtpd, rows[i].in_smtpd);
		assert_int_equal(route.in_non_smtpd, rows[i].in_non);
		postfix_route_done(&route);
		opendkim_conf_done(&observed.dkim.admin);
		buf_done(&observed.main_cf);
		buf_done(&observed.master_cf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_whose) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
