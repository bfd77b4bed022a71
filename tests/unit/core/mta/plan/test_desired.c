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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_plan) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
