/*
 * What somebody else did to settings of a server that is reached over a connection: told by a look, refused by a
 * push, taken over where it is what is wanted; and a server that does not answer is never "no drift".
 */
#define REAL_POLICY_PROBE
#include "tests/unit/loopback.h"
#include "tests/unit/push_host.h"

#include "core/mta/doctor/doctor.h"
#include "core/mta/host/service_kind.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/shared.h"
#include "core/mta/push/registry.h"

/* ---- the backend ----------------------------------------------------------------------------------- */

static const char *const names[] = { "mode", "secret", "extra" };
static bool is_extra_known; /* the plan names the setting "extra" */

struct observed {
	struct remote_value value[ARRAY_LEN(names)];
};

static void observed_free(void *arg)
{
	struct observed *observed = arg;

	for (size_t i = 0; observed && i < ARRAY_LEN(names); i++)
		secret_done(&observed->value[i].text);
	free(observed);
}

static int detect(struct ctx *ctx, struct store *store, struct mta_found *ret_found,
                  struct err *err)
{
	(void)ctx, (void)store, (void)err;
	*ret_found = (struct mta_found){ .is_installed = true, .is_running = true };
	return 0;
}

static int observe(struct ctx *ctx, struct store *store, void **ret_observed,
                   struct err *err)
{
	const struct remote_server at = { url, "/etc/token" };
	struct observed *observed = xcalloc(1, sizeof(*observed));
	int rc = 0;

	(void)store;
	for (size_t i = 0; i < ARRAY_LEN(names) && !rc; i++)
		rc = loopback_get(ctx, &at, names[i], monotonic_ns() + loopback.limit_ns,
		                  &observed->value[i], err);
	if (rc)
		observed_free(observed);
	else
		*ret_observed = observed;
	return rc;
}

static int plan(const struct desired *desired, const void *row_observed,
                struct plan *ret_plan, struct err *err)
{
	const struct remote_server at = { url, "/etc/token" };
	const struct observed *observed = row_observed;
	const char *const wanted[] = { desired && desired->verifies ? "on" : "off", "s3",
		                       "x" };

	(void)err;
	for (size_t i = 0; desired && i < ARRAY_LEN(names) - !is_extra_known; i++) {
		struct remote_value next = { .is_set = true };

		secret_set(&next.text, wanted[i], strlen(wanted[i]));
		plan_remote(ret_plan, RANK_CONSUMERS, &loopback, &at, names[i],
		            &observed->value[i], &next, 0)
			->is_secret = i == 1;
		secret_done(&next.text);
	}
	return 0;
}

static const struct mta_backend remote = {
	.name = "smartermail",
	.title = "Remote",
	.is_remote = true,
	.detect = detect,
	.observe = observe,
	.observed_free = observed_free,
	.plan = plan,
};

const struct mta_backend *const registry[] = { &remote };
const unsigned registry_count = 1;
const struct shared_format *const shared_formats[] = { NULL };
const unsigned shared_format_count = 0;
const struct service_kind *const service_kinds[] = { NULL };
const unsigned service_kind_count = 0;
const struct probe_type *const probe_types[] = { NULL };
const unsigned probe_type_count = 0;

const struct mta_backend *registry_find(const char *name)
{
	return strcmp(name, remote.name) == 0 ? &remote : NULL;
}

/* ---- tests ----------------------------------------------------------------------------------------- */

static int start(void **state)
{
	is_extra_known = true;
	map_server();
	return setup(state);
}

static int end(void **state)
{
	end_server();
	munmap(server, sizeof(*server));
	return teardown(state);
}

/* As go() of push_host.h, on a host that is not a tree alone. */
static enum outcome push(struct host *host, struct store *store,
                         struct push_options options, struct err *err)
{
	struct push *push = NULL;
	const char *why = NULL;
	enum outcome outcome = FAILED;

	err_clear(err);
	assert_int_equal(store_begin(store, true, err), 0);
	if (push_prepare(&host->ctx, store, &options, NULL, false, &push, &why, err) == 0)
		outcome = push ? PUSHED : why ? SAVED_ONLY : NOTHING;
	store_rollback(store);
	if (push) {
		if (push_switch(push, err))
			fail_msg("%s", err->text);
		push_free(push);
	}
	return outcome;
}

static struct store *adopted(struct host *host)
{
	struct store *store = store_at(host, "a.db");
	struct err err = ERR_INIT;

	set(host, store, SET_MTA_BACKEND, "smartermail");
	set(host, store, SET_MTA_HOSTNAME, "mx.example.net");
	if (push(host, store, adopt, &err) != PUSHED)
		fail_msg("%s", err.text);
	assert_string_equal(find("mode", false), "on");
	return store;
}

/* "PATH what, planned, restored" of each, or the failure. */
static void assert_drift(struct host *host, struct store *store, const char *want)
{
	auto_plan ahead = PLAN_INIT;
	auto_drifts drifts = DRIFTS_INIT;
	auto_buf text = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(store_begin(store, false, &err), 0);
	if (push_look(&host->ctx, store, &ahead, &drifts, &err))
		buf_printf(&text, "failed: %s", err.text);
	store_rollback(store);
	for (size_t i = 0; i < drifts.count; i++)
		buf_printf(&text, "%s %s,%s%s;", strchr(drifts.row[i].path, ' ') + 1,
		           drifts.row[i].what, drifts.row[i].is_planned ? " planned" : "",
		           drifts.row[i].is_restored ? " restored" : "");
	if (drifts.count && drifts.row[0].diff)
		buf_puts(&text, strchr(drifts.row[0].diff, '-'));
	assert_string_equal(buf_text(&text), want);
}

static void test_edited(void **state)
{
	static const struct push_options forced = { .is_explicit = true, .force = true };
	struct host *host = *state;
	struct store *store = adopted(host);
	struct err err = ERR_INIT;

	assert_drift(host, store, "");
	assert_int_equal(push(host, store, asked, &err), NOTHING);
	strcpy(find("mode", false), "theirs");
	assert_drift(host, store,
	             "mode was edited since it was pushed, planned;-1,1 +1,1 @@\n"
	             "-on\n"
	             "+theirs\n");
	assert_int_equal(push(host, store, asked, &err), FAILED);
	assert_non_null(strstr(err.text, " mode was edited since it was pushed: nothing "
	                                 "was changed"));
	/* one that does not look for edits meets it, too */
	assert_int_equal(push(host, store, ordinary, &err), FAILED);
	assert_string_equal(find("mode", false), "theirs");
	assert_int_equal(push(host, store, forced, &err), PUSHED);
	assert_string_equal(find("mode", false), "on");
	strcpy(find("secret", false), "theirs");
	assert_drift(host, store, "secret was replaced since it was pushed, planned;");
	strcpy(find("secret", false), "");
	assert_drift(host, store,
	             "secret was removed since it was pushed, planned restored;");
	assert_int_equal(push(host, store, asked, &err), PUSHED);
	assert_string_equal(find("secret", false), "s3");
	assert_drift(host, store, "");
	store_close(store);
}

/* What somebody set and is wanted now is ours from now on. */
static void test_accepted(void **state)
{
	struct host *host = *state;
	struct store *store = adopted(host);
	struct err err = ERR_INIT;

	strcpy(find("mode", false), "off");
	set(host, store, SET_DKIM_VERIFY, "off");
	assert_drift(host, store, "");
	assert_int_equal(push(host, store, asked, &err), NOTHING);
	strcpy(find("mode", false), "on");
	assert_drift(host, store,
	             "mode was edited since it was pushed, planned;-1,1 +1,1 @@\n"
	             "-off\n"
	             "+on\n");
	store_close(store);
}

/* One of ours that the plan does not name any more is asked for. */
static void test_unnamed(void **state)
{
	struct host *host = *state;
	struct store *store = adopted(host);

	is_extra_known = false;
	server->calls = 0;
	assert_drift(host, store, "");
	assert_int_equal(server->calls, 4);
	strcpy(find("extra", false), "y");
	assert_drift(host, store,
	             "extra was edited since it was pushed,;-1,1 +1,1 @@\n"
	             "-x\n"
	             "+y\n");
	server->calls = 0;
	server->mute_from = 4; /* the backend was answered, and this is not */
	auto_free char *late = xasprintf("failed: %s: too late", url);
	assert_drift(host, store, late);
	server->mute_from = 0;
	store_close(store);
}

static void test_silent(void **state)
{
	struct host *host = *state;
	struct store *store = adopted(host);
	auto_free char *path = xasprintf("%s/a.db", host->root);
	auto_free char *dead =
		xasprintf("failed: %s: nobody listens: Connection refused", url);
	auto_free char *late = xasprintf("failed: %s: too late", url);
	int64_t began = monotonic_ns();
	bool is_told = false;
	struct doctor doctor;

	server->calls = 0;
	server->mute_from = 1;
	assert_drift(host, store, late);
	assert_true(monotonic_ns() - began < 5 * NS_PER_SEC);
	end_server();
	assert_drift(host, store, dead);
	store_close(store);
	doctor_init(&doctor, &host->ctx, path, NULL, false);
	for (const struct doctor_check *check = doctor_checks; check->name; check++)
		if (strcmp(check->name, "overrides") == 0)
			doctor_run(&doctor, check);
	assert_true(doctor.count > 0);
	for (size_t i = 0; i < doctor.count; i++) {
		assert_null(strstr(doctor.finding[i].text, "are unchanged"));
		is_told |= strstr(doctor.finding[i].text, "were not compared") != NULL;
	}
	assert_true(is_told);
	doctor_done(&doctor);
	server->mute_from = 0;
	start_server();
}

/* The findings of a check: "state text;". */
static void assert_found(struct host *host, const char *name, const char *want)
{
	auto_free char *path = xasprintf("%s/a.db", host->root);
	auto_buf text = BUF_INIT;
	struct doctor doctor;

	doctor_init(&doctor, &host->ctx, path, NULL, false);
	doctor_run(&doctor, doctor_find(name));
	for (size_t i = 0; i < doctor.count; i++)
		buf_printf(&text, "%s %s;", doctor_state_name(doctor.finding[i].state),
		           doctor.finding[i].text);
	doctor_done(&doctor);
	if (!strstr(buf_text(&text), want))
		fail_msg("%s: %s", name, buf_text(&text));
}

/* A setting that was edited is drift, not pending; one that the database changed is pending, and no file. */
static void test_doctor(void **state)
{
	struct host *host = *state;
	struct store *store = adopted(host);

	assert_found(host, "server", "ok Remote follows ");
	strcpy(find("mode", false), "theirs");
	assert_found(host, "server", "ok Remote follows ");
	assert_found(host, "overrides", " mode was edited since it was pushed;");
	strcpy(find("mode", false), "on");
	set(host, store, SET_DKIM_VERIFY, "off");
	assert_found(host, "server", "warning 1 setting is pending;");
	assert_found(host, "overrides", "ok pushed files are unchanged");
	store_close(store);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_edited), ROW(test_accepted), ROW(test_unnamed),
		ROW(test_silent), ROW(test_doctor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
