/* postsrsd: the list of what it leaves alone; the steps.  Version 2 stands here as text only: it was
 * not tried on a real server. */
#include "tests/unit/fake_host.h"

#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/setting/setting.h"
#include "core/model/setting/srs_secret.h"
#include "core/mta/probe/map_probe.h"
#include "core/mta/provider/postsrsd.h"
#include "core/mta/push/desired_store.h"
#include "core/store/schema.h"
#include "tests/unit/postsrsd_texts.h"

/* ---- the component ---------------------------------------------------------------------------- */

/* One change of the store: a setting, or (value NULL) a fresh domain. */
static void change(struct host *host, struct store *store, enum setting_key key,
                   const char *text)
{
	struct err err = ERR_INIT;
	auto_domain fresh = DOMAIN_INIT;
	bool is_changed;
	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(change_begin(store, &host->ctx, "test", &err), 0);
	if (key == SETTING_COUNT)
		assert_int_equal(domain_add(store, &host->ctx, text, NULL, &fresh, &err),
		                 0);
	else
		assert_int_equal(setting_set(store, key, 0, NULL, text, &err), 0);
	assert_int_equal(change_end(store, &is_changed, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
}

static void give_secret(struct host *host, struct store *store, const char *text)
{
	struct err err = ERR_INIT;
	auto_secret secret = secret_of(text);
	bool is_changed;
	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(change_begin(store, &host->ctx, "test", &err), 0);
	assert_int_equal(srs_secret_put(store, &host->ctx, &secret, &err), 0);
	assert_int_equal(change_end(store, &is_changed, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
}

static struct store *store_with_srs(struct host *host)
{
	struct err err = ERR_INIT;
	struct store *store = NULL;
	host->ctx.is_rooted = true;
	assert_int_equal(store_open_memory(&schema_store, &store, &err), 0);
	give_secret(host, store, "our-own-secret-1");
	change(host, store, SET_SRS_ENABLED, "on");
	change(host, store, SET_SRS_DOMAIN, "srs.example.com");
	change(host, store, SET_MTA_HOSTNAME, "mx.example.com");
	change(host, store, SET_SRS_EXCLUDE_DOMAINS, ".example.org");
	change(host, store, SETTING_COUNT, "b.example");
	change(host, store, SETTING_COUNT, "a.example");
	return store;
}

static void observe(struct host *host, struct store *store,
                    struct postsrsd_observed *observed)
{
	struct err err = ERR_INIT;
	*observed = (struct postsrsd_observed){ 0 };
	assert_int_equal(postsrsd_observe(&host->ctx, store, observed, &err), 0);
}

/* The steps as lines: "rank object", "- rank object", "rank object: action", "probe ...". */
static char *steps_of(const struct plan *plan)
{
	struct buf out = BUF_INIT;
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->step[i];
		const struct map_question *question =
			step->kind == STEP_PROBE ? map_question(step) : NULL;
		if (question)
			buf_printf(&out, "%d %s %s %s %s\n", step->rank, step->object,
			           question->key,
			           question->domain ? question->domain : "-",
			           question->reverse ? question->reverse : "-");
		else if (step->kind == STEP_SERVICE)
			buf_printf(&out, "%d %s: action %d when %u\n", step->rank,
			           step->object, step->action, step->when);
		else
			buf_printf(&out, "%s%d %s%s\n", step->is_present ? "" : "- ",
			           step->rank, step->object,
			           step->is_secret ? " (secret)" : "");
	}
	return buf_take(&out);
}

static const struct step *step_of(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->step[i].object, path) == 0)
			return &plan->step[i];
	fail_msg("no step for %s", path);
	return NULL;
}

static void assert_content(const struct plan *plan, const char *path, const char *want)
{
	const struct step *step = step_of(plan, path);
	assert_int_equal(step_text(step)->len, strlen(want));
	assert_memory_equal(buf_text(step_text(step)), want, step_text(step)->len);
}

/* What the plan says, onto the host. */
static void carry_out(struct host *host, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->step[i].kind == STEP_FILE && plan->step[i].is_present)
			put(host->root, plan->step[i].object,
			    buf_text(step_text(&plan->step[i])), 0600);
}

#define ADMIN_V1 "RUN_AS=postsrsd\nSRS_FORWARD_PORT=20001\n"

static void test_version_1(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	auto_store store = store_with_srs(host);
	struct postsrsd_observed observed;
	struct desired desired;
	auto_postsrsd_tables tables = { 0 };
	auto_plan plan = PLAN_INIT, out = PLAN_INIT;
	put(host->root, POSTSRSD_DEFAULT, ADMIN_V1, 0644);
	put(host->root, POSTSRSD_SECRET, "theirs", 0600);
	observe(host, store, &observed);
	assert_true(observed.is_installed && !observed.is_v2 && !observed.has_block);
	assert_int_equal(desired_read(&(struct desired_source){ store, NULL }, NULL, 0,
	                              &desired, &err),
	                 0);
	postsrsd_tables_of(&observed, "/var/spool/postfix", &tables);
	assert_string_equal(tables.forward, "tcp:127.0.0.1:20001");
	assert_string_equal(tables.reverse, "tcp:127.0.0.1:10002");
	const struct postsrsd_place place = { .prefix = "" };
	assert_int_equal(postsrsd_plan(&desired, &observed, &place, &tables, &plan, &err),
	                 0);
	auto_free char *steps = steps_of(&plan);
	assert_string_equal(steps, "0 /etc/postsrsd.secret (secret)\n"
	                           "2 /etc/default/postsrsd\n"
	                           "1 /etc/mailauthctl/srs-keep.regexp\n");
	assert_string_equal(
		tables.sender,
		"regexp:/etc/mailauthctl/srs-keep.regexp, tcp:127.0.0.1:20001");
	assert_content(&plan, POSTSRSD_SECRET, "our-own-secret-1\n\n\ntheirs");
	assert_content(&plan, POSTSRSD_DEFAULT,
	               ADMIN_V1 "# mailauthctl: begin\n"
	                        "# Changes between these lines are overwritten.\n"
	                        "SRS_DOMAIN='srs.example.com'\n"
	                        "SRS_SECRET='/etc/postsrsd.secret'\n"
	                        "SRS_FORWARD_PORT='20001'\n"
	                        "SRS_REVERSE_PORT='10002'\n"
	                        "SRS_LISTEN_ADDR='127.0.0.1'\n"
	                        "SRS_EXCLUDE_DOMAINS=\"${SRS_EXCLUDE_DOMAINS-}\"'\n"
	                        "a.example\n"
	                        "b.example\n"
	                        "mx.example.com\n"
	                        ".example.org\n"
	                        "'\n"
	                        "# mailauthctl: end\n");
	carry_out(host, &plan);
	postsrsd_observed_done(&observed);
	/* and out again */
	observe(host, store, &observed);
	assert_true(observed.has_block && observed.has_our_secret);
	assert_string_equal(observed.our_domain, "srs.example.com");
	postsrsd_plan_out(NULL, &observed, &out);
	assert_content(&out, POSTSRSD_DEFAULT, ADMIN_V1);
	assert_content(&out, POSTSRSD_SECRET, "theirs");
	postsrsd_observed_done(&observed);
	desired_done(&desired);
}

static void test_version_2(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	auto_store store = store_with_srs(host);
	struct postsrsd_observed observed;
	struct desired desired;
	auto_postsrsd_tables tables = { 0 };
	auto_plan plan = PLAN_INIT, out = PLAN_INIT;
	/* the store would take it, nobody can type it */
	assert_int_equal(store_exec(store, &err,
	                            "UPDATE domain SET name = '_x.example' WHERE name = "
	                            "'b.example'",
	                            ""),
	                 0);
	put(host->root, POSTSRSD_CONF, "domains = {}\n", 0644);
	observe(host, store, &observed);
	assert_true(observed.is_installed && observed.is_v2);
	assert_int_equal(desired_read(&(struct desired_source){ store, NULL }, NULL, 0,
	                              &desired, &err),
	                 0);
	postsrsd_tables_of(&observed, "/var/spool/postfix", &tables);
	assert_string_equal(tables.forward, "socketmap:unix:srs:forward");
	assert_string_equal(tables.probe_reverse,
	                    "socketmap:unix:/var/spool/postfix/srs:reverse");
	const struct postsrsd_place place = { .prefix = "" };
	assert_int_equal(postsrsd_plan(&desired, &observed, &place, &tables, &plan, &err),
	                 0);
	auto_free char *steps = steps_of(&plan);
	assert_string_equal(steps, "0 /etc/postsrsd.secret (secret)\n"
	                           "1 /etc/mailauthctl/postsrsd.domains\n"
	                           "2 /etc/postsrsd.conf\n"
	                           "1 /etc/mailauthctl/srs-keep.regexp\n");
	assert_int_equal(plan.notes, 1);
	assert_non_null(strstr(plan.note[0].text,
	                       "domain names with an underscore: senders in "
	                       "1 of"));
	assert_content(&plan, POSTSRSD_DOMAINS,
	               "a.example\nmx.example.com\n.example.org\n");
	auto_free char *conf = xasprintf("domains = {}\n%s", block_v2);
	assert_content(&plan, POSTSRSD_CONF, conf);
	carry_out(host, &plan);
	postsrsd_observed_done(&observed);
	/* the file of secrets was not there: an empty one would be worse than none */
	observe(host, store, &observed);
	postsrsd_plan_out(&desired, &observed, &out);
	auto_free char *left = steps_of(&out);
	assert_string_equal(
		left, "4 /etc/postsrsd.conf\n- 4 /etc/postsrsd.secret (secret)\n"
		      "- 4 /etc/systemd/system/postsrsd.service.d/mailauthctl.conf\n"
		      "- 4 /etc/mailauthctl/postsrsd.domains\n"
		      "- 4 /etc/mailauthctl/srs-keep.regexp\n"
		      "4 postsrsd: action 5 when 0\n");
	postsrsd_observed_done(&observed);
	desired_done(&desired);
}

/* Services and probes, and what is started again by whom. */
static void test_live(void **state)
{
	static const struct {
		bool is_running, is_server_there, has_systemd;
		const char *want;
	} rows[] = {
		{ false, false, true, "" },
		{ false, true, true,
		  "2 postsrsd: action 4 when 0\n"
		  "2 tcp:127.0.0.1:10001 mailauth-probe@forwarded.invalid srs.example.com "
		  "tcp:127.0.0.1:10002\n"
		  "2 tcp:127.0.0.1:10001 mailauth-probe@a.example - -\n" },
		{ true, true, false,
		  "2 postsrsd: action 4 when 0\n"
		  "2 postsrsd: action 1 when 1\n"
		  "2 tcp:127.0.0.1:10001 mailauth-probe@forwarded.invalid srs.example.com "
		  "tcp:127.0.0.1:10002\n"
		  "2 tcp:127.0.0.1:10001 mailauth-probe@a.example - -\n" },
	};
	struct host *host = *state;
	auto_store store = store_with_srs(host);
	put(host->root, POSTSRSD_DEFAULT, "", 0644);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct postsrsd_observed observed;
		struct desired desired;
		auto_postsrsd_tables tables = { 0 };
		auto_plan plan = PLAN_INIT;
		observe(host, store, &observed);
		observed.is_running = rows[i].is_running;
		observed.has_systemd = rows[i].has_systemd;
		assert_int_equal(desired_read(&(struct desired_source){ store, NULL },
		                              NULL, 0, &desired, &err),
		                 0);
		postsrsd_tables_of(&observed, "/var/spool/postfix", &tables);
		const struct postsrsd_place place = {
			.prefix = "",
			.is_live = true,
			.is_server_there = rows[i].is_server_there,
		};
		assert_int_equal(
			postsrsd_plan(&desired, &observed, &place, &tables, &plan, &err),
			0);
		auto_free char *steps = steps_of(&plan);
		const char *unit =
			"2 /etc/systemd/system/postsrsd.service.d/mailauthctl.conf\n";
		auto_free char *want = xasprintf(
			"0 /etc/postsrsd.secret (secret)\n2 /etc/default/postsrsd\n"
			"1 /etc/mailauthctl/srs-keep.regexp\n%s%s",
			rows[i].has_systemd ? unit : "", rows[i].want);
		assert_string_equal(steps, want);
		if (rows[i].has_systemd)
			assert_non_null(strstr(
				buf_text(step_text(step_of(&plan, POSTSRSD_DROP_IN))),
				"StartLimitIntervalSec=0\n\n[Service]\nRestart=always\n"));
		else
			assert_non_null(strstr(plan.note[0].text,
			                       "systemd is not running on "
			                       "this host"));
		desired_done(&desired);
		postsrsd_observed_done(&observed);
	}
}

/* After a domain was added it is the one that is asked about. */
static void test_probe_of_moved(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	auto_store store = store_with_srs(host);
	struct postsrsd_observed observed;
	struct desired desired;
	struct generation now;
	auto_postsrsd_tables tables = { 0 };
	auto_plan plan = PLAN_INIT;
	put(host->root, POSTSRSD_DEFAULT, "", 0644);
	assert_int_equal(generation_now(store, &now, &err), 0);
	change(host, store, SETTING_COUNT, "m.example");
	observe(host, store, &observed);
	observed.is_running = true;
	assert_int_equal(desired_read(&(struct desired_source){ store, NULL }, NULL,
	                              now.id, &desired, &err),
	                 0);
	postsrsd_tables_of(&observed, "/var/spool/postfix", &tables);
	const struct postsrsd_place place = { .prefix = "", .is_live = true };
	assert_int_equal(postsrsd_plan(&desired, &observed, &place, &tables, &plan, &err),
	                 0);
	auto_free char *steps = steps_of(&plan);
	assert_non_null(strstr(steps, "mailauth-probe@m.example - -\n"));
	desired_done(&desired);
	postsrsd_observed_done(&observed);
}

/* What is refused, and that an administrator's files are left alone then. */
static void test_refused(void **state)
{
	static const struct {
		bool is_v2;
		const char *conf, *why;
	} rows[] = {
		{ false, "A='b\n", "ends inside a quotation" },
		{ false, "# mailauthctl: begin\nA=b\n", "but not the last" },
		{ true, "domains-file = \"/x\"\n", "has its own domains-file (/x)" },
	};
	struct host *host = *state;
	auto_store store = store_with_srs(host);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct postsrsd_observed observed;
		auto_plan plan = PLAN_INIT;
		put(host->root, rows[i].is_v2 ? POSTSRSD_CONF : POSTSRSD_DEFAULT,
		    rows[i].conf, 0644);
		observe(host, store, &observed);
		if (!observed.why_not || !strstr(observed.why_not, rows[i].why))
			fail_msg("row %zu: %s", i, observed.why_not);
		postsrsd_plan_out(NULL, &observed, &plan);
		for (size_t s = 0; s < plan.count; s++)
			if (plan.step[s].kind == STEP_FILE)
				assert_string_equal(buf_text(step_text(&plan.step[s])),
				                    rows[i].conf);
		postsrsd_observed_done(&observed);
	}
}

/* Files for another host. */
static void test_parts(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	auto_store store = store_with_srs(host);
	struct desired desired;
	auto_plan plan = PLAN_INIT, out = PLAN_INIT;
	assert_int_equal(desired_read(&(struct desired_source){ store, NULL }, NULL, 0,
	                              &desired, &err),
	                 0);
	assert_int_equal(postsrsd_plan_parts(&desired, "/r", &plan, &err), 0);
	auto_free char *steps = steps_of(&plan);
	assert_string_equal(steps, "0 /r/etc/postsrsd.secret (secret)\n"
	                           "1 /r/etc/mailauthctl/postsrsd.default\n"
	                           "1 /r/etc/mailauthctl/srs-keep.regexp\n");
	assert_content(&plan, "/r/etc/postsrsd.secret", "our-own-secret-1\n\n\n");
	assert_non_null(strstr(buf_text(step_text(step_of(
				       &plan, "/r/etc/mailauthctl/postsrsd.default"))),
	                       "\na.example\nb.example\n"));
	postsrsd_drop_parts("/r", &out);
	auto_free char *left = steps_of(&out);
	assert_string_equal(left, "- 4 /r/etc/mailauthctl/postsrsd.default\n"
	                          "- 4 /r/etc/mailauthctl/srs-keep.regexp\n"
	                          "- 4 /r/etc/postsrsd.secret (secret)\n");
	desired_done(&desired);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_version_1),      ROW(test_version_2), ROW(test_live),
		ROW(test_probe_of_moved), ROW(test_refused),   ROW(test_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
