/*
 * A plan without a database and without a host: rows and keys from arrays, steps out.  What the backend of
 * a directory renders is what every provider renders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/desired.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/probe_type.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/push/registry.h"

static const struct signing_row signing[] = {
	{ .name = "a.example",
	  .main_name = "a.example",
	  .selector = "s1",
	  .algorithm = "rsa",
	  .key_id = 1 },
	{ .name = "b.example",
	  .main_name = "a.example",
	  .selector = "s1",
	  .algorithm = "rsa",
	  .key_id = 1 },
	{ .name = "d.example",
	  .main_name = "d.example",
	  .selector = "s4",
	  .algorithm = "rsa",
	  .key_id = 4 },
};

static int each_signing(void *source, const char *name, desired_signing_fn *each,
                        void *arg, struct err *err)
{
	int rc = 0;

	(void)source;
	for (size_t i = 0; i < ARRAY_LEN(signing) && !rc; i++)
		if (!name || strcmp(name, signing[i].name) == 0)
			rc = each(arg, &signing[i], err);
	return rc;
}

/* `source`: the names that moved, each with a blank behind it. */
static int each_moved(void *source, int64_t since, desired_name_fn *each, void *arg,
                      struct err *err)
{
	auto_free char *names = xstrdup(source);
	char *save = NULL;
	int rc = 0;

	(void)since;
	for (char *name = strtok_r(names, " ", &save); name && !rc;
	     name = strtok_r(NULL, " ", &save))
		rc = each(arg, name, err);
	return rc;
}

static int each_sharing(void *source, const char *name, desired_name_fn *each, void *arg,
                        struct err *err)
{
	int rc = 0;

	(void)source;
	for (size_t i = 0; i < ARRAY_LEN(signing) && !rc; i++)
		if (strcmp(name, "b.example") == 0 &&
		    strcmp(signing[i].main_name, "a.example") == 0)
			rc = each(arg, signing[i].name, err);
	return rc;
}

static int each_owned(void *source, const char *domain, desired_name_fn *each, void *arg,
                      struct err *err)
{
	(void)source;
	return strcmp(domain, "c.example") == 0
	               ? each(arg, "/out/etc/dkimkeys/c.example/s3.private", err)
	               : 0;
}

/* The last push signed: not every name is looked at. */
static int owns(void *source, const char *path, bool *ret_owns, struct err *err)
{
	(void)source, (void)path, (void)err;
	*ret_owns = true;
	return 0;
}

static int key_pem(void *source, int64_t key_id, struct secret *ret_pem, struct err *err)
{
	auto_free char *text = xasprintf("key %d\n", (int)key_id);

	(void)source, (void)err;
	secret_set(ret_pem, text, strlen(text));
	return 0;
}

static const struct desired_rows rows = {
	.each_signing = each_signing,
	.each_moved = each_moved,
	.each_sharing = each_sharing,
	.each_owned = each_owned,
	.owns = owns,
	.key_pem = key_pem,
};

/* Every second key stands there already. */
static int is_done(void *arg, struct step *step, bool *ret_is_done, struct err *err)
{
	(void)err;
	++*(int *)arg;
	*ret_is_done = step->kind == STEP_FILE && step->is_key && step->key_id == 4;
	return 0;
}

static void describe(const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->step[i];

		if (strstr(step->object, "/dkimkeys/"))
			buf_printf(out, "%s%s%s %s;", step->is_present ? "" : "-",
			           step->kind == STEP_MKDIR ? "dir " : "",
			           step->object + strlen("/out/etc/dkimkeys/"),
			           step->domain);
	}
}

static const struct step *step_of(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->step[i].object, path) == 0)
			return &plan->step[i];
	fail_msg("no step for %s", path);
	return NULL;
}

static void test_plan(void **state)
{
	static const struct {
		const char *moved, *keys;
		bool is_everything, looks;
	} cases[] = {
		{ "a.example c.example d.example ",
		  "dir a.example a.example;a.example/s1.private a.example;"
		  "-c.example/s3.private c.example;-dir c.example c.example;"
		  "dir d.example d.example;d.example/s4.private d.example;",
		  true, false },
		{ "a.example c.example d.example ",
		  "dir a.example a.example;a.example/s1.private a.example;"
		  "-c.example/s3.private c.example;-dir c.example c.example;"
		  "dir d.example d.example;",
		  true, true },
		/* an alias that moved has its main domain's key looked at */
		{ "b.example ", "dir a.example a.example;a.example/s1.private a.example;",
		  false, true },
		{ "", "", false, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct desired desired = {
			.signs = true,
			.verifies = true,
			.spf = { .mode = SPF_HEADERS_ONLY,
			         .local_rules = "",
			         .guess_rules = "",
			         .explanation = "" },
			.authserv_id = (char *)(uintptr_t) "mx.example",
			.filter = (char *)(uintptr_t) "auto",
			.filter_position = (char *)(uintptr_t) "first",
			.directory_path = (char *)(uintptr_t) "/out",
			.is_everything = cases[i].is_everything,
			.since = cases[i].is_everything ? 0 : 7,
			.rows = &rows,
			.source = (void *)(uintptr_t)cases[i].moved,
		};
		struct err err = ERR_INIT;
		int looks = 0;
		auto_plan plan = { .is_done = cases[i].looks ? is_done : NULL,
			           .is_done_arg = &looks };
		auto_buf keys = BUF_INIT;

		if (registry_find("directory")->plan(&desired, NULL, &plan, &err))
			fail_msg("case %zu: %s", i, err.text);
		describe(&plan, &keys);
		assert_string_equal(buf_text(&keys), cases[i].keys);
		assert_int_equal(looks > 0, cases[i].looks && *cases[i].moved);
		const struct step *table =
			step_of(&plan, "/out/etc/mailauthctl/opendkim/SigningTable");
		assert_string_equal(buf_text(step_text(table)),
		                    "a.example s1._domainkey.a.example\n"
		                    "b.example s1._domainkey.b.example\n"
		                    "d.example s4._domainkey.d.example\n");
	}
}

/* ---- Postfix: what it observed is a struct, too ------------------------------------------------ */

static char *text(const char *of)
{
	return (char *)(uintptr_t)of;
}

static struct buf octets(const char *of)
{
	return (struct buf){ .at = text(of), .len = strlen(of), .room = strlen(of) };
}

/* A host with OpenDKIM, whose Postfix runs. */
static struct postfix_observed postfix_host(const char *main_cf)
{
	return (struct postfix_observed){
		.host = { .is_installed = true,
		          .is_running = true,
		          .config_dir = text("/etc/postfix"),
		          .queue_dir = text("/var/spool/postfix"),
		          .hostname = text("mx.example") },
		.main_path = text("/etc/postfix/main.cf"),
		.master_path = text("/etc/postfix/master.cf"),
		.main_cf = octets(main_cf),
		.master_cf = octets("smtp inet n - y - - smtpd\n"
		                    "cleanup unix n - y - 0 cleanup\n"),
		.postfix_gid = 101,
		.dkim = { .is_installed = true,
		          .is_running = true,
		          .conf_path = text("/etc/opendkim.conf"),
		          .has_conf = true,
		          .conf = octets("UserID opendkim\n"),
		          .uid = 102,
		          .gid = 102 },
	};
}

/* "rank object;" of what is no key, in the plan's order. */
static void describe_rest(const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->step[i];

		if (!strstr(step->object, "/dkimkeys/") &&
		    !strstr(step->object, "/mailauthctl/"))
			buf_printf(out, "%d %s%s%s;", step->rank,
			           step->kind == STEP_SERVICE
			                   ? service_action_name(step->action)
			           : step->kind == STEP_PROBE ? step->probe->name
			                                      : "",
			           step->kind >= STEP_SERVICE ? " " : "", step->object);
	}
}

#define SOCKET(probe) "2 " probe " unix:/var/spool/postfix/opendkim/opendkim.sock;"

static void test_postfix(void **state)
{
	static const char main_cf[] = "mydomain = example\nsmtpd_milters = inet:a:1\n";
	struct postfix_observed observed = postfix_host(main_cf);
	struct desired desired = { .signs = true,
		                   .verifies = true,
		                   .authserv_id = text("mx.example"),
		                   .filter = text("auto"),
		                   .filter_position = text("last"),
		                   .directory_path = text("/out"),
		                   .is_everything = true,
		                   .rows = &rows,
		                   .source = text("a.example c.example ") };
	struct err err = ERR_INIT;
	auto_plan on = PLAN_INIT, off = PLAN_INIT, gone = PLAN_INIT;
	auto_buf keys = BUF_INIT, rest = BUF_INIT, rest_off = BUF_INIT;

	(void)state;
	if (registry_find("postfix")->plan(&desired, &observed, &on, &err))
		fail_msg("%s", err.text);
	describe(&on, &keys);
	describe_rest(&on, &rest);
	assert_non_null(strstr(buf_text(&keys), "-c.example/s3.private c.example;"));
	assert_string_equal(
		buf_text(&rest),
		"4 /etc/postfix/master.cf;4 reload postfix;"
		"0 /var/spool/postfix/opendkim;2 /etc/opendkim.conf;2 restart opendkim;"
		"2 enable opendkim;" SOCKET("milter") SOCKET("milter-sign") SOCKET(
			"milter-verify") "4 disable opendmarc;4 /var/spool/postfix/opendmarc;"
					 "4 /etc/systemd/system/postsrsd.service.d/mailauthctl.conf;"
					 "3 /etc/postfix/main.cf;3 reload postfix;3 smtp 127.0.0.1:25;");
	const struct buf *next = step_text(step_of(&on, "/etc/postfix/main.cf"));
	static const char list[] = "mydomain = example\nsmtpd_milters = inet:a:1, "
				   "$mailauth_smtpd_milters\n";
	assert_int_equal(strncmp(buf_text(next), list, strlen(list)), 0);
	/* once it stands there, the same plan leaves it so, and one without a wish takes it out */
	observed.main_cf = *next;
	if (registry_find("postfix")->plan(NULL, &observed, &off, &err))
		fail_msg("%s", err.text);
	describe_rest(&off, &rest_off);
	assert_string_equal(buf_text(&rest_off),
	                    "4 /etc/postfix/master.cf;4 reload postfix;"
	                    "4 /etc/opendkim.conf;4 reload opendkim;4 disable opendkim;"
	                    "4 disable opendmarc;3 /etc/postfix/main.cf;3 reload postfix;"
	                    "3 smtp 127.0.0.1:25;");
	assert_string_equal(buf_text(step_text(step_of(&off, "/etc/postfix/main.cf"))),
	                    main_cf);
	/* a filter that this version does not push to is refused before anything is planned */
	desired.filter = text("rspamd");
	assert_int_equal(registry_find("postfix")->plan(&desired, &observed, &gone, &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "mta.filter is rspamd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_plan),
		                            cmocka_unit_test(test_postfix) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
