/* rollback and drift at the door of the push, and what a rollback tells the servers. */
#include "tests/unit/push_host.h"

#include "core/mta/host/service.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/probe/map_probe.h"
#include "core/mta/provider/opendkim_conf.h"
#include "core/mta/provider/opendmarc.h"
#include "core/mta/provider/postsrsd_conf.h"

static const char master[] = "/etc/postfix/master.cf";

static struct push_options back_to(int64_t push_id)
{
	return (struct push_options){ .is_explicit = true,
		                      .is_rollback = true,
		                      .rollback_to = push_id };
}

/* Pushes 1 (adopted, SPF served), 2 (SPF and verification off) and 3 (the signer goes, too). */
static struct store *three_pushes(struct host *host)
{
	struct store *store = store_at(host, "a.db");
	char text[2048];

	postfix_at(host);
	put(host->root, "/etc/passwd",
	    "root:x:0:0::/:/\nnobody:x:65534:65534::/:/\nopendkim:x:102:102::/:/\n",
	    0644);
	put(host->root, MAIN_CF, "mynetworks = 192.0.2.0/24\nsmtpd_milters = inet:a:1\n",
	    0644);
	add_signing(host, store, "a.example");
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	set(host, store, SET_SPF_CHECK, "off");
	set(host, store, SET_DKIM_VERIFY, "off");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	set(host, store, SET_DKIM_SIGN, "off");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_file(host, MAIN_CF, "mailauth", false);
	return store;
}

/* Every file, without the databases and their locks. */
static char *files_of(struct host *host)
{
	auto_free char *all = snapshot(host);

	return xstrdup(strstr(all, "/etc"));
}

static void test_back_and_forth(void **state)
{
	struct host *host = *state;
	auto_store store = NULL;
	auto_free char *before = NULL, *after = NULL, *again = NULL;
	struct target_state now = { 0 };
	struct err err = ERR_INIT;
	char text[2048];

	store = three_pushes(host);
	before = files_of(host);
	assert_int_equal(go(host, store, back_to(1), text), PUSHED);
	assert_file(host, MAIN_CF, "$mailauth_recipient_restrictions", true);
	assert_file(host, MAIN_CF, "$mailauth_smtpd_milters, inet:a:1", true);
	assert_file(host, master, "mailauth-spf", true);
	assert_file(host, "/etc/opendkim.conf", "Include", true);
	assert_file(host, POLICYD_CONF, "mode:", true);
	assert_int_equal(push_state(&host->ctx, store, &now, &err), 0);
	assert_true(now.is_paused && now.is_ours);
	target_state_done(&now);
	assert_int_equal(host_generation(host, store), 0); /* no record may leave */
	/* held: saved only */
	set(host, store, SET_SPF_MODE, "reject-fail");
	assert_int_equal(go(host, store, ordinary, text), SAVED_ONLY);
	assert_non_null(strstr(text, "held"));
	assert_file(host, POLICYD_CONF, "reject-fail", false);
	set(host, store, SET_SPF_MODE, "headers-only");
	/* the same again has nothing to do, and stays held */
	assert_int_equal(go(host, store, back_to(1), text), SAVED_ONLY);
	assert_non_null(strstr(text, "in force"));
	assert_int_equal(go(host, store, asked, text), PUSHED);
	after = files_of(host);
	assert_string_equal(after, before);
	assert_int_equal(push_state(&host->ctx, store, &now, &err), 0);
	assert_false(now.is_paused);
	target_state_done(&now);
	/* and the other way: to the result of a rollback, by its number */
	assert_int_equal(go(host, store, back_to(4), text), PUSHED);
	assert_file(host, master, "mailauth-spf", true);
	assert_int_equal(go(host, store, back_to(3), text), PUSHED);
	again = files_of(host);
	assert_string_equal(again, before);
}

/* One rollback after another goes further back. */
static void test_default(void **state)
{
	struct host *host = *state;
	auto_store store = three_pushes(host);
	char text[2048];

	assert_int_equal(go(host, store, back_to(0), text), PUSHED);
	assert_file(host, MAIN_CF, "mailauth_milter", true);
	assert_file(host, master, "mailauth-spf", false);
	assert_int_equal(go(host, store, back_to(0), text), PUSHED);
	assert_file(host, master, "mailauth-spf", true);
	assert_int_equal(go(host, store, back_to(0), text), FAILED);
	assert_non_null(strstr(text, "no earlier push"));
	assert_int_equal(go(host, store, asked, text), PUSHED);
	/* what was in force before that push was the result of the first */
	assert_int_equal(go(host, store, back_to(0), text), PUSHED);
	assert_file(host, master, "mailauth-spf", true);
}

static void test_refused(void **state)
{
	struct host *host = *state;
	auto_store store = three_pushes(host);
	struct err err = ERR_INIT;
	char text[2048];

	assert_int_equal(go(host, store, back_to(9), text), FAILED);
	assert_non_null(strstr(text, "push 9 does not exist"));
	assert_int_equal(store_exec(host->target, &err,
	                            "UPDATE push SET state = 'undone' WHERE id = 2", ""),
	                 0);
	assert_int_equal(go(host, store, back_to(2), text), FAILED);
	assert_non_null(strstr(text, "push 2 was undone"));
	assert_int_equal(go(host, store, removal, text), PUSHED);
	assert_int_equal(go(host, store, back_to(1), text), FAILED);
	assert_int_equal(go(host, store, adopt, text), NOTHING);
	assert_int_equal(go(host, store, back_to(1), text), FAILED);
	assert_non_null(strstr(text, "push 4 removed our configuration"));
}

/* What an admin wrote since then stays. */
static void test_admin_edits(void **state)
{
	struct host *host = *state;
	auto_store store = three_pushes(host);
	char text[2048];

	put(host->root, MAIN_CF,
	    "# his\nmynetworks = 192.0.2.0/24\nsmtpd_milters = inet:b:2, inet:a:1\n",
	    0640);
	put(host->root, "/etc/opendkim.conf", "Syslog no\nUserID opendkim\nUMask 002\n",
	    0644);
	assert_int_equal(go(host, store, back_to(1), text), PUSHED);
	assert_file(host, MAIN_CF,
	            "# his\nmynetworks = 192.0.2.0/24\nsmtpd_milters = "
	            "$mailauth_guard_milters, $mailauth_smtpd_milters, inet:b:2, "
	            "inet:a:1\n# mailauthctl: begin",
	            true);
	assert_file(host, "/etc/opendkim.conf",
	            "Syslog no\nUserID opendkim\nUMask 002\n#", true);
	/* the list that our item stood in is gone */
	put(host->root, MAIN_CF, "myhostname = mx.example.com\n", 0640);
	assert_int_equal(go(host, store, back_to(2), text), FAILED);
	assert_non_null(strstr(text, MAIN_CF " was edited since push 2"));
}

static size_t drift_count(struct host *host, struct store *store, const char *path,
                          const char *parameter)
{
	auto_plan plan = PLAN_INIT;
	auto_drifts drifts = DRIFTS_INIT;
	struct err err = ERR_INIT;
	size_t count;

	assert_int_equal(store_begin(store, false, &err), 0);
	assert_int_equal(push_look(&host->ctx, store, &plan, &drifts, &err), 0);
	store_rollback(store);
	count = drifts.count;
	for (size_t i = 0; path && i < count; i++)
		if (strcmp(drifts.row[i].path, path) == 0) {
			if (parameter)
				assert_string_equal(drifts.row[i].parameter, parameter);
			path = NULL;
		}
	assert_null(path);
	return count;
}

/* An edit is shown; a change that would overwrite it is refused, another one is not. */
static void test_drift(void **state)
{
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	struct push_options force = { .is_explicit = true, .force = true };
	auto_buf main_cf = BUF_INIT;
	struct err err = ERR_INIT;
	char text[2048];

	postfix_at(host);
	add_signing(host, store, "a.example");
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_int_equal(drift_count(host, store, NULL, NULL), 0);
	assert_int_equal(file_read(&host->ctx, MAIN_CF, 1 << 20, &main_cf, NULL, &err),
	                 0);
	auto_free char *edited = xasprintf("# his\n%s", buf_text(&main_cf));
	put(host->root, MAIN_CF, edited, 0640); /* his part */
	assert_int_equal(drift_count(host, store, NULL, NULL), 0);
	memcpy(strstr(edited, "opendkim.sock"), "opendkim.xxxx", 13);
	put(host->root, MAIN_CF, edited, 0640);
	assert_int_equal(drift_count(host, store, MAIN_CF, "mailauth_milter"), 1);
	set(host, store, SET_DKIM_RSA_BITS, "4096");
	assert_int_equal(go(host, store, ordinary, text), FAILED);
	assert_non_null(strstr(text, MAIN_CF " (mailauth_milter)"));
	assert_non_null(strstr(text, "mta push --force"));
	assert_int_equal(go(host, store, asked, text), FAILED);
	assert_int_equal(go(host, store, force, text), PUSHED);
	assert_file(host, MAIN_CF, "opendkim.sock", true);
	assert_int_equal(drift_count(host, store, NULL, NULL), 0);
}

/* What nobody would write otherwise is ours from the next push on, and no drift until then. */
static void test_settled(void **state)
{
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	auto_drifts drifts = DRIFTS_INIT;
	auto_buf before = BUF_INIT;
	static const char conf[] = POLICYD_CONF;
	struct err err = ERR_INIT;
	char text[2048];

	postfix_at(host);
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_int_equal(file_read(&host->ctx, conf, 1 << 20, &before, NULL, &err), 0);
	set(host, store, SET_SPF_MODE, "reject-fail");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	set(host, store, SET_SPF_MODE, "headers-only");
	put(host->root, conf, buf_text(&before), 0644);
	assert_int_equal(drift_count(host, store, NULL, NULL), 0);
	assert_int_equal(drift_scan(&host->ctx, host->target, &drifts, &err), 0);
	assert_int_equal(drifts.count, 1);
	drifts_done(&drifts);
	assert_int_equal(go(host, store, asked, text), NOTHING);
	assert_int_equal(drift_scan(&host->ctx, host->target, &drifts, &err), 0);
	assert_int_equal(drifts.count, 0);
}

/* ---- ranks, services and probes ------------------------------------------------------------------ */

#define BLOCK "# mailauthctl: begin\nmailauth_milter = x\n# mailauthctl: end\n"
#define INCLUDE "# mailauthctl: the line below\nInclude /etc/mailauthctl/opendkim.conf\n"
#define SPF_LINE                                             \
	"# mailauthctl: begin\nmailauth-spf unix - n n - 0 " \
	"spawn\n# mailauthctl: end\n"
#define SMTPD "smtp inet n - y - - smtpd\n"
#define FILTER "Mode sv\nSocket inet:8891@localhost\nAuthservID mx.example.com\n"
#define VERIFIES "version: 1\nhostname: mx.example\ndkim-verify: true\n"
#define DMARC                                                      \
	"# mailauthctl: begin\nSocket local:/q/opendmarc/x.sock\n" \
	"AuthservID mx.example.com\n# mailauthctl: end\n"
#define KEY_LINE(name) \
	"s._domainkey." name " " name ":s:/etc/dkimkeys/" name "/s.private\n"

static void add_file(struct plan *plan, const char *path, const char *old,
                     const char *text, const struct shared_format *shared)
{
	struct step *step = text ? plan_file(plan, RANK_TABLES, path, text, strlen(text),
	                                     FILE_META_KEEP, 0)
	                         : plan_remove(plan, RANK_LEFTOVERS, path, 0);

	step->shared = shared;
	step->had_old = old != NULL;
	buf_puts(&step_fill_old(step)->content, old ? old : "");
}

static void put_question(const struct step *step, struct buf *out)
{
	const char *name = NULL, *selector = NULL;

	if (step->probe == &milter_sign_probe) {
		name = milter_sign_question(step)->domain;
		selector = milter_sign_question(step)->selector;
	} else if (step->probe == &milter_guard_probe) {
		name = milter_guard_question(step)->authserv_id;
	} else if (milter_probe_macros(step)) {
		name = milter_verify_question(step)->authserv_id;
	} else if (step->probe == &map_probe) {
		name = map_question(step)->domain;
	}
	if (name)
		buf_printf(out, " %s %s", name, selector ? selector : "-");
}

/* "providers file /etc/x;" for each step. */
static void write_steps(const struct plan *plan, struct buf *out)
{
	static const char *const ranks[] = { "data", "tables", "providers", "consumers",
		                             "leftovers" };

	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->step[i];

		buf_printf(out, "%s ", ranks[step->rank]);
		if (step->kind == STEP_SERVICE)
			buf_printf(out, "%s ", service_action_name(step->action));
		else if (step->kind == STEP_PROBE)
			buf_printf(out, "probe %s ", step->probe->name);
		buf_puts(out, step->object);
		if (step->kind == STEP_PROBE)
			put_question(step, out);
		buf_puts(out, "\n");
	}
}

#define SRS(domain) "# mailauthctl: begin\nSRS_DOMAIN='" domain "'\n# mailauthctl: end\n"
#define LEFT                                                        \
	"providers reload postfix:/p\nleftovers reload opendkim\n"  \
	"leftovers disable opendkim\nleftovers restart opendmarc\n" \
	"leftovers disable opendmarc\n"

static const struct restore_row {
	struct {
		const char *path, *old, *text;
		const struct shared_format *shared;
	} file[4];
	const char *steps;
	bool has_srs;      /* postsrsd is installed */
	bool is_srs_named; /* ... and main.cf names its tables now */
} restore_rows[] = {
	/* the SPF service comes back: before main.cf */
	{ { { "/p/main.cf", "a = b\n", "a = b\n" BLOCK, &main_cf_format },
	    { "/p/master.cf", SMTPD, SMTPD SPF_LINE, &master_cf_format },
	    { POLICYD_CONF, NULL, "mode: x\n", NULL } },
	  "consumers /p/main.cf\nproviders /p/master.cf\ntables " POLICYD_CONF "\n"
	  "providers reload postfix:/p\nproviders probe policy unix:/q/private/mailauth-spf\n"
	  "leftovers reload opendkim\nleftovers disable opendkim\nleftovers restart opendmarc\nleftovers disable opendmarc\n"
	  "consumers reload postfix:/p\nconsumers probe smtp 127.0.0.1:25\n" },
	/* and goes: after main.cf */
	{ { { "/p/main.cf", "a = b\n" BLOCK, "a = b\n", &main_cf_format },
	    { "/p/master.cf", SMTPD SPF_LINE, SMTPD, &master_cf_format },
	    { POLICYD_CONF, "mode: x\n", NULL, NULL } },
	  "consumers /p/main.cf\nleftovers /p/master.cf\nleftovers " POLICYD_CONF "\n"
	  "leftovers reload postfix:/p\nleftovers reload opendkim\nleftovers disable opendkim\nleftovers restart opendmarc\nleftovers disable opendmarc\n"
	  "consumers reload postfix:/p\nconsumers probe smtp 127.0.0.1:25\n" },
	/* a service comes back: it is asked, too, and one that goes is not */
	{ { { "/p/main.cf", "a = b\n" BLOCK, "a = b\n", &main_cf_format },
	    { "/p/master.cf", SMTPD, "10025 inet n - n - - smtpd\n" SPF_LINE,
	      &master_cf_format } },
	  "consumers /p/main.cf\nproviders /p/master.cf\n"
	  "providers reload postfix:/p\nproviders probe policy unix:/q/private/mailauth-spf\n"
	  "leftovers reload opendkim\nleftovers disable opendkim\nleftovers restart opendmarc\nleftovers disable opendmarc\n"
	  "consumers reload postfix:/p\nconsumers probe smtp 127.0.0.1:10025\n" },
	/* what verifies goes after main.cf, and comes before it */
	{ { { "/p/main.cf", "a = b\n", "a = b\n" BLOCK, &main_cf_format },
	    { POLICYD_CONF, VERIFIES, "version: 1\nhostname: mx.example\n", NULL } },
	  "consumers /p/main.cf\nleftovers " POLICYD_CONF "\n" LEFT
	  "consumers reload postfix:/p\nconsumers probe smtp 127.0.0.1:25\n" },
	{ { { "/p/master.cf", SMTPD, SMTPD SPF_LINE, &master_cf_format },
	    { POLICYD_CONF, NULL, VERIFIES, NULL } },
	  "providers /p/master.cf\ntables " POLICYD_CONF "\n"
	  "providers reload postfix:/p\nproviders probe policy unix:/q/private/mailauth-spf\n"
	  "providers probe milter-guard unix:/q/private/mailauth-spf mx.example -\n"
	  "leftovers reload opendkim\nleftovers disable opendkim\nleftovers restart opendmarc\nleftovers disable opendmarc\n" },
	/* a filter comes back with one name, and signs for another no more */
	{ { { "/etc/opendkim.conf", "", INCLUDE, &opendkim_conf_format },
	    { "/etc/mailauthctl/opendkim.conf", NULL, FILTER, NULL },
	    { "/etc/mailauthctl/opendkim/KeyTable", KEY_LINE("b.example"),
	      KEY_LINE("a.example"), NULL } },
	  "providers /etc/opendkim.conf\nproviders /etc/mailauthctl/opendkim.conf\n"
	  "tables /etc/mailauthctl/opendkim/KeyTable\nproviders reload postfix:/p\n"
	  "providers restart opendkim\nproviders enable opendkim\n"
	  "providers probe milter inet:8891@127.0.0.1\n"
	  "providers probe milter-sign inet:8891@127.0.0.1 a.example s\n"
	  "providers probe milter-sign inet:8891@127.0.0.1 b.example -\n"
	  "providers probe milter-verify inet:8891@127.0.0.1 mx.example.com -\n"
	  "leftovers restart opendmarc\nleftovers disable opendmarc\n" },
	/* it goes: its own configuration comes back */
	{ { { "/etc/opendkim.conf", INCLUDE, "", &opendkim_conf_format },
	    { "/etc/mailauthctl/opendkim.conf", FILTER, NULL, NULL } },
	  "leftovers /etc/opendkim.conf\nleftovers /etc/mailauthctl/opendkim.conf\n"
	  "providers reload postfix:/p\nleftovers reload opendkim\n"
	  "leftovers disable opendkim\nleftovers restart opendmarc\nleftovers disable opendmarc\n" },
	/* SRS: main.cf as it will stand names the tables, and postsrsd is asked for its domain */
	{ { { "/p/main.cf", "a = b\n",
	      "sender_canonical_maps = $mailauth_sender_canonical_maps\n", NULL },
	    { "/etc/default/postsrsd", "", SRS("new.example"), &postsrsd_conf_format },
	    { "/etc/mailauthctl/srs-keep.regexp", NULL, "/x/ x\n", NULL } },
	  "consumers /p/main.cf\nproviders /etc/default/postsrsd\n"
	  "tables /etc/mailauthctl/srs-keep.regexp\n" LEFT
	  "providers enable postsrsd\nproviders restart postsrsd\n"
	  "providers probe map tcp:127.0.0.1:10001 new.example -\n"
	  "consumers reload postfix:/p\nconsumers probe smtp 127.0.0.1:25\n",
	  true },
	/* ... main.cf is not touched and names them already */
	{ { { "/etc/default/postsrsd", SRS("old.example"), SRS("new.example"),
	      &postsrsd_conf_format } },
	  "providers /etc/default/postsrsd\n" LEFT
	  "providers enable postsrsd\nproviders restart postsrsd\n"
	  "providers probe map tcp:127.0.0.1:10001 new.example -\n",
	  true,
	  true },
	/* ... or names them no more: postsrsd goes back to what it was */
	{ { { "/p/main.cf", "sender_canonical_maps = $mailauth_sender_canonical_maps\n",
	      "a = b\n", NULL },
	    { "/etc/default/postsrsd", SRS("old.example"), "", &postsrsd_conf_format } },
	  "consumers /p/main.cf\nleftovers /etc/default/postsrsd\n" LEFT
	  "leftovers restart postsrsd\nleftovers disable postsrsd\n"
	  "consumers reload postfix:/p\nconsumers probe smtp 127.0.0.1:25\n",
	  true,
	  true },
	/* ... its configuration stays as it is: its own domain is asked for */
	{ { { "/p/main.cf", "a = b\n",
	      "sender_canonical_maps = $mailauth_sender_canonical_maps\n", NULL } },
	  "consumers /p/main.cf\n" LEFT
	  "providers enable postsrsd\nproviders restart postsrsd\n"
	  "providers probe map tcp:127.0.0.1:10001 own.example -\n"
	  "consumers reload postfix:/p\nconsumers probe smtp 127.0.0.1:25\n",
	  true },
	/* DMARC: OpenDMARC fails each reload, so it is restarted */
	{ { { "/etc/opendmarc.conf", "", DMARC, &opendmarc_conf_format },
	    { "/etc/mailauthctl/opendmarc/ignore.hosts", NULL, "127.0.0.1\n", NULL } },
	  "providers /etc/opendmarc.conf\ntables /etc/mailauthctl/opendmarc/ignore.hosts\n"
	  "providers reload postfix:/p\nleftovers reload opendkim\n"
	  "leftovers disable opendkim\nproviders restart opendmarc\n"
	  "providers enable opendmarc\nproviders probe milter unix:/q/opendmarc/x.sock\n"
	  "providers probe milter-dmarc unix:/q/opendmarc/x.sock mx.example.com -\n" },
};

static void test_restore(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(restore_rows); i++) {
		char folder[] = "/p", queue[] = "/q", main_path[] = "/p/main.cf";
		char master_path[] = "/p/master.cf", conf_path[] = "/etc/opendkim.conf";
		char dmarc_path[] = "/etc/opendmarc.conf",
		     srs[] = "/etc/default/postsrsd";
		char srs_domain[] = "own.example";
		struct postfix_observed observed = {
			.host = { .is_running = true,
			          .config_dir = folder,
			          .queue_dir = queue },
			.main_path = main_path,
			.master_path = master_path,
			.dkim = { .is_installed = true,
			          .is_running = true,
			          .conf_path = conf_path },
			.earlier = { .is_running = true, .conf_path = dmarc_path },
			.srs = { .is_in_place = restore_rows[i].is_srs_named,
			         .daemon = { .is_installed = restore_rows[i].has_srs,
			                     .is_running = restore_rows[i].has_srs,
			                     .conf_path = srs,
			                     .our_domain = srs_domain } },
		};
		auto_plan plan = PLAN_INIT;
		auto_buf steps = BUF_INIT;
		struct err err = ERR_INIT;

		buf_puts(&observed.master_cf, SMTPD);
		for (size_t f = 0; f < 4 && restore_rows[i].file[f].path; f++)
			add_file(&plan, restore_rows[i].file[f].path,
			         restore_rows[i].file[f].old,
			         restore_rows[i].file[f].text,
			         restore_rows[i].file[f].shared);
		assert_int_equal(postfix_restore(&observed, &plan, &err), 0);
		write_steps(&plan, &steps);
		assert_string_equal(buf_text(&steps), restore_rows[i].steps);
		buf_done(&observed.master_cf);
	}
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_back_and_forth),       ROW(test_default), ROW(test_refused),
		ROW(test_admin_edits),          ROW(test_drift),   ROW(test_settled),
		cmocka_unit_test(test_restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
