/* The row of Postfix: what a removal plans and says, by how the server stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/mta/plan/probe_type.h"
#include "core/mta/plan/step.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/push/registry.h"

#define SMTPD(address) address " inet n - y - - smtpd\n"
#define PROBE(address) "smtp " address ";"
#define NOTED(sentence) sentence "|"

static const struct {
	const char *folder, *master;
	bool is_rooted, is_running;
	const char *instances;
	const char *services, *probes; /* of Postfix */
	const char *notes;             /* what of these is said, each once */
} rows[] = {
	{ "/etc/postfix", SMTPD("smtp"), false, true, NULL, "reload postfix;",
	  PROBE("127.0.0.1:25"), "" },
	{ "/etc/postfix-out", SMTPD("smtp"), false, true, NULL,
	  "reload postfix:/etc/postfix-out;", PROBE("127.0.0.1:25"), "" },
	{ "/etc/postfix", SMTPD("smtp"), false, false, NULL, "", "",
	  NOTED("Postfix is not running: its files take effect when it starts") },
	{ "/etc/postfix", SMTPD("smtp"), true, false, NULL, "", "",
	  NOTED("under --root no service is reloaded") },
	{ "/etc/postfix", SMTPD("smtp"), false, true, "/etc/postfix-out",
	  "reload postfix;", PROBE("127.0.0.1:25"),
	  NOTED("only the Postfix in /etc/postfix is managed; other instances on this "
	        "host are not changed: /etc/postfix-out") },
	{ "/etc/postfix", "smtp unix - - y - - smtp\n", false, true, NULL,
	  "reload postfix;", "", NOTED("no address that smtpd listens on") },
	/* eight addresses are asked, no more */
	{ "/etc/postfix",
	  SMTPD("2501") SMTPD("2502") SMTPD("2503") SMTPD("2504") SMTPD("2505")
	          SMTPD("2506") SMTPD("2507") SMTPD("2508") SMTPD("2509"),
	  false, true, NULL, "reload postfix;",
	  PROBE("127.0.0.1:2501") PROBE("127.0.0.1:2502") PROBE("127.0.0.1:2503")
	          PROBE("127.0.0.1:2504") PROBE("127.0.0.1:2505") PROBE("127.0.0.1:2506")
	                  PROBE("127.0.0.1:2507") PROBE("127.0.0.1:2508"),
	  "" },
};

static const char *const sentences[] = {
	"Postfix is not running: its files take effect when it starts",
	"under --root no service is reloaded",
	("only the Postfix in /etc/postfix is managed; other instances on this host are not "
	 "changed: /etc/postfix-out"),
	"no address that smtpd listens on",
};

static void test_removal(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char main_path[] = "/etc/postfix/main.cf", master_path[] = "/x/master.cf";
		char queue[] = "/q", conf[] = "/etc/opendkim.conf";
		auto_free char *folder = xstrdup(rows[i].folder);
		auto_free char *instances = xstrdup(rows[i].instances);
		struct postfix_observed observed = {
			.is_rooted = rows[i].is_rooted,
			.host = { .is_running = rows[i].is_running,
			          .config_dir = folder,
			          .queue_dir = queue,
			          .instances = instances },
			.main_path = main_path,
			.master_path = master_path,
			.dkim = { .conf_path = conf },
		};
		auto_plan plan = PLAN_INIT;
		auto_buf services = BUF_INIT, probes = BUF_INIT, notes = BUF_INIT;
		struct err err = ERR_INIT;
		buf_puts(&observed.main_cf, "inet_interfaces = 127.0.0.1\n");
		buf_puts(&observed.master_cf, rows[i].master);
		if (postfix_backend.plan(NULL, &observed, &plan, &err) < 0)
			fail_msg("row %zu: %s", i, err.text);
		for (size_t k = 0; k < plan.count; k++) {
			const struct step *step = &plan.step[k];
			if (step->kind == STEP_SERVICE && step->rank == RANK_CONSUMERS &&
			    strncmp(step->object, "postfix", 7) == 0)
				buf_printf(&services, "%s %s;",
				           service_action_name(step->action),
				           step->object);
			if (step->kind == STEP_PROBE)
				buf_printf(&probes, "%s %s;", step->probe->name,
				           step->object);
		}
		for (size_t k = 0; k < plan.notes; k++)
			for (size_t s = 0; s < ARRAY_LEN(sentences); s++)
				if (strstr(plan.note[k].text, sentences[s]))
					buf_printf(&notes, "%s|", sentences[s]);
		if (strcmp(buf_text(&services), rows[i].services) != 0 ||
		    strcmp(buf_text(&probes), rows[i].probes) != 0 ||
		    strcmp(buf_text(&notes), rows[i].notes) != 0)
			fail_msg("row %zu: %s %s %s", i, buf_text(&services),
			         buf_text(&probes), buf_text(&notes));
		buf_done(&observed.main_cf);
		buf_done(&observed.master_cf);
	}
}

/* What an earlier push left is claimed, keys only where the admin's filter names none. */
static void test_claim(void **state)
{
	static const struct {
		bool may_claim, includes_ours;
		const char *main, *conf;
		bool is_claimed, has_keys;
	} cases[] = {
		{ true, true, "", "", true, true },
		{ true, false, "", "", false, false },
		{ false, true, "", "", false, false },
		{ true, false,
		  "# mailauthctl: begin (the lines up to the end mark are mailauthctl's)\n"
		  "mailauth_milter = x\n# mailauthctl: end\n",
		  "", true, true },
		{ true, true, "", "KeyTable /k\n", true, false },
		{ true, true, "", "KeyFile /k\n", true, false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char main_path[] = "/etc/postfix/main.cf", folder[] = "/etc/postfix";
		char queue[] = "/q", conf[] = "/etc/opendkim.conf";
		struct postfix_observed observed = {
			.host = { .config_dir = folder, .queue_dir = queue },
			.main_path = main_path,
			.dkim = { .conf_path = conf },
		};
		auto_plan plan = { .may_claim = cases[i].may_claim };
		struct err err = ERR_INIT;
		bool has_keys = false;
		buf_puts(&observed.main_cf, cases[i].main);
		assert_int_equal(opendkim_conf_parse(&observed.dkim.admin, cases[i].conf,
		                                     NULL, NULL, &err),
		                 0);
		observed.dkim.admin.includes_ours = cases[i].includes_ours;
		assert_int_equal(postfix_backend.plan(NULL, &observed, &plan, &err), 0);
		assert_int_equal(plan.claimed != NULL, cases[i].is_claimed);
		for (const char *const *at = plan.claimed; at && *at; at++)
			has_keys |= strstr(*at, "dkimkeys") != NULL;
		assert_int_equal(has_keys, cases[i].has_keys);
		opendkim_conf_done(&observed.dkim.admin);
		buf_done(&observed.main_cf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_claim),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
