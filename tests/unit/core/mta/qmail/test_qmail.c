/* qmail as a mail server: what it is told apart by, and what a push leaves in its control folder. */
#include "tests/unit/push_host.h"

#include "core/mta/push/backend_choose.h"
#include "core/mta/push/registry.h"
#include "core/mta/qmail/qmail_observed.h"
#include "core/mta/qmail/qmail_probe.h"

#define CONTROL "/var/qmail/control"
#define PATCHED_SMTPD \
	"\x7f"        \
	"ELF control/spfbehavior\1QMAILQUEUE\1ERROR_FD\1"
#define PLAIN_SMTPD \
	"\x7f"      \
	"ELF control/rcpthosts\1QMAILQUEUE\1"

static struct store *qmail_at(struct host *host, const char *smtpd)
{
	auto_free char *main_cf = xasprintf("%s" MAIN_CF, host->root);
	struct store *store = store_at(host, "var/lib/a.db");

	(void)unlink(main_cf);
	put(host->root, "/var/qmail/bin/qmail-smtpd", smtpd, 0755);
	put(host->root, CONTROL "/me", "mx.example.com\n", 0644);
	host->ctx.is_rooted = true;
	return store;
}

static void assert_text(struct host *host, const char *path, const char *want)
{
	struct err err = ERR_INIT;
	auto_buf text = BUF_INIT;
	int r = file_read(&host->ctx, path, 4096, &text, NULL, &err);

	if (want)
		assert_int_equal(r, 0);
	else
		assert_int_equal(r, ERR_MISSING);
	assert_string_equal(buf_text(&text), want ? want : "");
}

/* ---- what it is ------------------------------------------------------------------------------- */

static void test_flavours(void **state)
{
	static const struct {
		const char *bin, *control, *smtpd, *more;
		enum qmail_flavour flavour;
		bool has_spf;
	} rows[] = {
		{ "/var/qmail/bin", CONTROL, PLAIN_SMTPD, NULL, QMAIL_PLAIN, false },
		{ "/var/qmail/bin", CONTROL, PATCHED_SMTPD, NULL, QMAIL_PATCHED, true },
		{ "/var/qmail/bin", CONTROL, PLAIN_SMTPD, "/var/qmail/bin/qmail-dkim",
		  QMAIL_PATCHED, false },
		{ "/var/qmail/bin", CONTROL, PLAIN_SMTPD, "/var/qmail/bin/qmail-dksign",
		  QMAIL_SQMAIL, false },
		{ "/var/lib/qmail/bin", "/var/lib/qmail/control", PLAIN_SMTPD, NULL,
		  QMAIL_PLAIN, false },
		{ "/usr/sbin", "/etc/indimail/control", "spfbehavior\1QMAILQUEUE\1", NULL,
		  QMAIL_INDIMAIL, true },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct host *host = *state;
		struct qmail_host found;
		struct err err = ERR_INIT;
		auto_free char *smtpd = xasprintf("%s/qmail-smtpd", rows[i].bin);
		auto_free char *me = xasprintf("%s/me", rows[i].control);

		host->ctx.is_rooted = true;
		put(host->root, smtpd, rows[i].smtpd, 0755);
		put(host->root, me, "mx.example.com  \nother\n", 0644);
		if (rows[i].more)
			put(host->root, rows[i].more, "DKIMSIGNEXTRA ed25519", 0755);
		assert_int_equal(qmail_host_read(&host->ctx, &found, &err), 0);
		assert_true(found.is_installed);
		assert_string_equal(found.bin, rows[i].bin);
		assert_string_equal(found.hostname, "mx.example.com");
		assert_int_equal(found.flavour, rows[i].flavour);
		assert_int_equal(found.has_spf, rows[i].has_spf);
		assert_true(found.has_queue);
		qmail_host_done(&found);
		if (i + 1 < ARRAY_LEN(rows)) {
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup(state), 0);
		}
	}
}

static void test_absent(void **state)
{
	struct host *host = *state;
	struct qmail_host found;
	struct err err = ERR_INIT;

	host->ctx.is_rooted = true;
	put(host->root, "/var/qmail/bin/qmail-smtpd", PLAIN_SMTPD, 0755);
	assert_int_equal(qmail_host_read(&host->ctx, &found, &err), 0);
	assert_false(found.is_installed); /* no control/me */
	assert_non_null(strstr(found.why_not, "control/me"));
	qmail_host_done(&found);
}

static void test_hooks(void **state)
{
	static const char text[] =
		"# QMAILQUEUE=no\n"
		"127.:allow,RELAYCLIENT=\"\",QMAILQUEUE=\"/var/qmail/bin/simscan\"\n"
		"  export SPFBEHAVIOR=3; exec\n"
		"*:remote:/var/qmail/bin/qmail-dkim:ERROR_FD=2,DKIMSIGN=/k/%/default\n"
		"NOTQMAILQUEUE=x QMAILQUEUEX=y\n";
	struct qmail_hooks hooks = QMAIL_HOOKS_INIT;

	(void)state;
	qmail_hooks_parse(text, "/etc/tcp.smtp", &hooks);
	assert_int_equal(hooks.count, 3);
	assert_string_equal(qmail_hook_find(&hooks, "QMAILQUEUE", NULL)->value,
	                    "/var/qmail/bin/simscan");
	assert_int_equal(qmail_hook_find(&hooks, "QMAILQUEUE", NULL)->line, 2);
	assert_string_equal(qmail_hook_find(&hooks, "SPFBEHAVIOR", NULL)->value, "3");
	assert_string_equal(qmail_hook_find(&hooks, "DKIMSIGN", "%")->value,
	                    "/k/%/default");
	assert_null(qmail_hook_find(&hooks, "QMAILQUEUE", "dkim"));
	qmail_hooks_done(&hooks);
}

/* ---- SPF -------------------------------------------------------------------------------------- */

static void test_spf_files(void **state)
{
	struct host *host = *state;
	struct store *store = qmail_at(host, PATCHED_SMTPD);
	char text[2048];

	set(host, store, SET_SPF_MODE, "reject-softfail");
	set(host, store, SET_SPF_LOCAL_RULES, "ip4:192.0.2.7");
	set(host, store, SET_SPF_GUESS_RULES, "v=spf1 a mx ~all");
	set(host, store, SET_SPF_EXPLANATION, "see %{S}");
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_text(host, CONTROL "/spfbehavior", "4\n");
	assert_text(host, CONTROL "/spfrules", "ip4:192.0.2.7\n");
	assert_text(host, CONTROL "/spfguess", "v=spf1 a mx ~all\n");
	assert_text(host, CONTROL "/spfexp", "see %{S}\n");
	set(host, store, SET_SPF_CHECK, "off");
	set(host, store, SET_SPF_LOCAL_RULES, "");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_text(host, CONTROL "/spfbehavior", "0\n");
	assert_text(host, CONTROL "/spfrules", "");
	assert_int_equal(go(host, store, removal, text), PUSHED);
	assert_text(host, CONTROL "/spfbehavior", NULL);
	assert_text(host, CONTROL "/spfrules", NULL);
	assert_text(host, CONTROL "/spfexp", NULL);
	store_close(store);
}

/* What an administrator had is replaced, and restored to the octet. */
static void test_spf_base(void **state)
{
	struct host *host = *state;
	struct store *store = qmail_at(host, PATCHED_SMTPD);
	auto_free char *before = NULL;
	char text[2048];

	put(host->root, CONTROL "/spfbehavior", "3 # ours\n", 0640);
	put(host->root, CONTROL "/spfrules", "include:spf.example.net", 0644);
	put(host->root, CONTROL "/spfexp", "mine\nmore\n", 0644);
	before = snapshot(host);
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_text(host, CONTROL "/spfbehavior", "1\n");
	assert_text(host, CONTROL "/spfrules", "");
	assert_text(host, CONTROL "/spfguess", NULL);
	assert_text(host, CONTROL "/spfexp",
	            "%{c} is not allowed to send mail from %{o}\n");
	assert_int_equal(go(host, store, removal, text), PUSHED);
	assert_same_tree(host, before);
	store_close(store);
}

/* The verifier's settings come with dkim.verify; the program that runs it is the administrator's to add. */
static void test_verify(void **state)
{
	static const struct {
		const char *smtpd, *rules, *remedy; /* NULL: none */
	} rows[] = {
		{ PATCHED_SMTPD, NULL,
		  "/mailauth-qmail-queue\",ERROR_FD=\"4\" to the rule" },
		{ PLAIN_SMTPD, NULL, "/mailauth-qmail-queue\" to the rule" },
		{ PLAIN_SMTPD, ":allow,QMAILQUEUE=\"/var/qmail/bin/simscan\"\n",
		  "/mailauth-qmail-queue\",MAILAUTH_QUEUE=\"/var/qmail/bin/simscan\"" },
		{ PLAIN_SMTPD,
		  ":allow,QMAILQUEUE=\"/usr/libexec/mailauthctl/mailauth-qmail-queue\"\n",
		  NULL },
	};
	struct host *host = *state;
	struct store *store = qmail_at(host, PLAIN_SMTPD);
	char text[2048];

	set(host, store, SET_SPF_CHECK, "on");
	set(host, store, SET_DMARC_CHECK, "on");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct desired desired = { .spf = { .mode = SPF_HEADERS_ONLY,
			                            .local_rules = "",
			                            .guess_rules = "",
			                            .explanation = "" },
			                   .verifies = true,
			                   .checks_dmarc = true,
			                   .rejects_dmarc = true };
		auto_plan plan = PLAN_INIT;
		struct qmail_observed *observed;
		struct err err = ERR_INIT;
		const char *remedy = NULL;

		put(host->root, "/var/qmail/bin/qmail-smtpd", rows[i].smtpd, 0755);
		if (rows[i].rules)
			put(host->root, "/etc/tcp.smtp", rows[i].rules, 0644);
		assert_int_equal(qmail_observe(&host->ctx, &observed, &err), 0);
		assert_int_equal(qmail_queue_plan(&desired, observed, &plan, &err), 0);
		for (size_t k = 0; k < plan.notes; k++)
			if (plan.note[k].remedy)
				remedy = plan.note[k].remedy;
		if ((remedy != NULL) != (rows[i].remedy != NULL) ||
		    (remedy && !strstr(remedy, rows[i].remedy)))
			fail_msg("row %zu: %s", i, remedy ? remedy : "no remedy");
		qmail_observed_free(observed);
	}
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_file(host, POLICYD_CONF, "dkim-verify: on\n", true);
	assert_file(host, POLICYD_CONF, "dmarc-reject: on\n", true);
	assert_file(host, POLICYD_CONF, "hostname: mx.example.com\n", true);
	set(host, store, SET_DMARC_CHECK, "off");
	set(host, store, SET_DKIM_VERIFY, "off");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_text(host, POLICYD_CONF, NULL);
	store_close(store);
}

/* A qmail without the patch gets no file that it would not read. */
static void test_plain(void **state)
{
	struct host *host = *state;
	struct store *store = qmail_at(host, PLAIN_SMTPD);
	struct err err = ERR_INIT;
	char text[2048];

	(void)go(host, store, adopt, text);
	assert_text(host, CONTROL "/spfbehavior", NULL);
	set(host, store, SET_MTA_BACKEND, "qmail");
	assert_int_equal(
		backend_check_setting(&host->ctx, store, "spf.check", "on", &err),
		ERR_FAILED);
	assert_non_null(strstr(err.text, "without the SPF patch"));
	store_close(store);
}

static void test_limits(void **state)
{
	static const char heads[] =
		"  sl  local_address                         remote_address                        st\n";
	static const char ipv6[] =
		"   0: 00000000000000000000000000000000:0019 00000000000000000000000000000000:0000 0A 0\n";
	static const char client[] =
		"   1: 00000000000000000000000000000000:0019 00000000000000000000000000000001:A0B0 01 0\n";
	const struct {
		const char *setting, *value, *sockets, *nearest;
	} rows[] = {
		{ "spf.mode", "reject-not-pass", ipv6, "spf.mode reject-neutral" },
		{ "spf.mode", "reject-not-pass", client, NULL },
		{ "spf.mode", "reject-neutral", ipv6, NULL },
		{ "spf.guess-scope", "most-permissive", "", "spf.guess-scope no-record" },
		{ "spf.continue-on-dns-error", "on", "",
		  "spf.continue-on-dns-error off" },
		{ "spf.continue-on-dns-error", "off", "", NULL },
	};
	struct host *host = *state;
	struct store *store = qmail_at(host, PATCHED_SMTPD);

	set(host, store, SET_MTA_BACKEND, "qmail");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		auto_free char *sockets = xasprintf("%s%s", heads, rows[i].sockets);
		int r;

		put(host->root, "/proc/net/tcp6", sockets, 0644);
		r = backend_check_setting(&host->ctx, store, rows[i].setting,
		                          rows[i].value, &err);
		if ((r != 0) != (rows[i].nearest != NULL))
			fail_msg("row %zu: %s", i, err.text);
		if (rows[i].nearest && !strstr(err.text, rows[i].nearest))
			fail_msg("row %zu: %s", i, err.text);
	}
	store_close(store);
}

/* Values that were saved before: no push rejects all mail over IPv6. */
static void test_before(void **state)
{
	struct host *host = *state;
	struct store *store = qmail_at(host, PATCHED_SMTPD);
	char text[2048];

	set(host, store, SET_SPF_MODE, "reject-not-pass");
	put(host->root, "/proc/net/tcp6",
	    "   0: 00000000000000000000000000000000:0019 00000000000000000000000000000000:0000 "
	    "0A 0\n",
	    0644);
	assert_int_equal(go(host, store, adopt, text), FAILED);
	assert_non_null(strstr(text, "server set spf.mode reject-neutral"));
	put(host->root, "/proc/net/tcp6", "", 0644);
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_text(host, CONTROL "/spfbehavior", "6\n");
	store_close(store);
}

/* ---- signing ---------------------------------------------------------------------------------- */

/* Where nothing can sign, that is said; with the patch it is something else that is missing. */
static void test_unsigned(void **state)
{
	static const struct {
		const char *more, *warning;
	} rows[] = {
		{ NULL, "built without the DKIM patch" },
		{ "/var/qmail/bin/qmail-dksign", "control/dkimdomains of s/qmail" },
		{ "/var/qmail/bin/qmail-dkim", "nothing calls qmail-dkim" },
	};
	struct host *host = *state;
	struct store *store = qmail_at(host, PLAIN_SMTPD);

	set(host, store, SET_MTA_BACKEND, "qmail");
	add_signing(host, store, "example.com");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct push_options options = adopt;
		struct err err = ERR_INIT;
		struct push *push = NULL;
		const char *why = NULL;
		bool is_said = false;

		if (rows[i].more)
			put(host->root, rows[i].more, "", 0755);
		assert_int_equal(store_begin(store, true, &err), 0);
		assert_int_equal(push_prepare(&host->ctx, store, &options, NULL, true,
		                              &push, &why, &err),
		                 0);
		assert_non_null(push);
		for (size_t k = 0; k < push_plan(push)->notes; k++)
			is_said |= strstr(push_plan(push)->note[k].text,
			                  rows[i].warning) != NULL;
		if (!is_said)
			fail_msg("row %zu", i);
		push_free(push);
		store_rollback(store);
	}
	store_close(store);
}

/* ---- SRS -------------------------------------------------------------------------------------- */

/* The warnings of a plan with SRS on; the caller frees. */
static char *srs_warnings(struct host *host, size_t excluded)
{
	struct desired desired = { .has_srs = true,
		                   .srs_domain = xstrdup("srs.example.com"),
		                   .srs_excluded_count = excluded };
	auto_plan plan = PLAN_INIT;
	struct qmail_observed *observed;
	struct err err = ERR_INIT;
	auto_buf text = BUF_INIT;

	assert_int_equal(qmail_observe(&host->ctx, &observed, &err), 0);
	assert_int_equal(qmail_srs_plan(&desired, observed, &plan, &err), 0);
	for (size_t i = 0; i < plan.notes; i++)
		if (plan.note[i].remedy)
			buf_printf(&text, "%s\n", plan.note[i].remedy);
	qmail_observed_free(observed);
	free(desired.srs_domain);
	return buf_take(&text);
}

static void test_srs(void **state)
{
	struct host *host = *state;
	struct store *store = qmail_at(host, PATCHED_SMTPD);
	auto_free char *before = NULL, *all = NULL, *none = NULL;
	struct err err = ERR_INIT;
	struct file_info info;
	char text[2048];

	set(host, store, SET_MTA_BACKEND, "qmail");
	assert_int_equal(
		backend_check_setting(&host->ctx, store, "srs.enabled", "on", &err),
		ERR_FAILED);
	assert_non_null(strstr(err.text, "with the SRS patch"));
	err_clear(&err);
	put(host->root, "/var/qmail/bin/srsfilter", "control/srs_domain", 0755);
	if (backend_check_setting(&host->ctx, store, "srs.enabled", "on", &err))
		fail_msg("%s", err.text);
	put(host->root, CONTROL "/rcpthosts", "example.com\n", 0644);
	before = snapshot(host);
	set(host, store, SET_SRS_DOMAIN, "srs.example.com");
	set(host, store, SET_SRS_ENABLED, "on");
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_text(host, CONTROL "/srs_domain", "srs.example.com\n");
	assert_int_equal(file_look(&host->ctx, CONTROL "/srs_secrets", true, &info, &err),
	                 0);
	assert_int_equal(info.meta.mode, 0644); /* qmail-local is the recipient's */
	all = srs_warnings(host, 0);
	assert_string_equal(all, "echo srs.example.com >> /var/qmail/control/rcpthosts; "
	                         "echo srs.example.com:srs >> "
	                         "/var/qmail/control/virtualdomains; echo '| "
	                         "/var/qmail/bin/srsfilter' > "
	                         "/var/qmail/alias/.qmail-srs-default\n");
	assert_int_equal(go(host, store, removal, text), PUSHED);
	assert_same_tree(host, before);
	/* nothing is missing */
	put(host->root, CONTROL "/rcpthosts", "example.com\nSRS.example.com \n", 0644);
	put(host->root, CONTROL "/virtualdomains", "srs.example.com:srs", 0644);
	put(host->root, "/var/qmail/alias/.qmail-srs-default",
	    "| /var/qmail/bin/srsfilter\n", 0644);
	none = srs_warnings(host, 1);
	assert_string_equal(none, "restart qmail-send\n");
	/* the domain that an administrator had comes back, and his secrets stay */
	put(host->root, CONTROL "/srs_domain", "old.example.com\n", 0644);
	put(host->root, CONTROL "/srs_secrets", "theirs\n", 0640);
	free(before);
	before = snapshot(host);
	assert_int_equal(go(host, store, adopt, text), PUSHED);
	assert_int_equal(file_look(&host->ctx, CONTROL "/srs_secrets", true, &info, &err),
	                 0);
	assert_int_equal(info.meta.mode, 0640);
	assert_text(host, CONTROL "/srs_domain", "srs.example.com\n");
	assert_text(host, CONTROL "/srs_secrets", "theirs\n");
	set(host, store, SET_SRS_ENABLED, "off");
	assert_int_equal(go(host, store, ordinary, text), PUSHED);
	assert_text(host, CONTROL "/srs_domain", "");
	assert_int_equal(go(host, store, removal, text), PUSHED);
	assert_same_tree(host, before);
	store_close(store);
}

/* Two builds. */
static void test_showctl(void **state)
{
	static const struct {
		const char *smtpd, *showctl;
		bool is_mixed;
	} rows[] = { { PATCHED_SMTPD, "spfbehavior", false },
		     { PATCHED_SMTPD, "rcpthosts", true },
		     { PLAIN_SMTPD, "spfbehavior", true },
		     { PLAIN_SMTPD, "rcpthosts", false } };
	struct host *host = *state;
	struct store *store = qmail_at(host, PLAIN_SMTPD);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct qmail_host found;
		struct err err = ERR_INIT;

		put(host->root, "/var/qmail/bin/qmail-smtpd", rows[i].smtpd, 0755);
		put(host->root, "/var/qmail/bin/qmail-showctl", rows[i].showctl, 0755);
		assert_int_equal(qmail_host_read(&host->ctx, &found, &err), 0);
		assert_int_equal(found.is_mixed, rows[i].is_mixed);
		qmail_host_done(&found);
	}
	store_close(store);
}

/* ---- the probe of qmail-smtpd ------------------------------------------------------------------ */

static struct {
	bool is_denied; /* unshare(1) does not work */
	const char *talk;
	struct buf argv, input;
} smtpd;

static int run_smtpd(struct ctx *ctx, const struct run_spec *spec, struct run_result *ret,
                     struct err *err)
{
	(void)ctx, (void)err;
	*ret = (struct run_result){ 0 };
	if (strcmp(spec->argv[2], "true") == 0) {
		ret->exit_status = smtpd.is_denied;
		return 0;
	}
	buf_clear(&smtpd.argv);
	buf_clear(&smtpd.input);
	for (size_t i = 0; spec->argv[i]; i++)
		buf_printf(&smtpd.argv, "%s%s", i ? " " : "", spec->argv[i]);
	buf_add(&smtpd.input, spec->input, spec->input_len);
	buf_puts(&ret->out, smtpd.talk);
	return 0;
}

#define GREETING "220 mx ESMTP\r\n250-mx\r\n250 8BITMIME\r\n"

static void test_probe(void **state)
{
	static const struct {
		int mode;
		const char *talk;
		bool is_denied;
		const char *fault; /* NULL: it succeeds */
	} rows[] = {
		{ 0, GREETING "250 ok\r\n221 mx\r\n", false, NULL },
		{ 1, GREETING "250 ok\r\n221 mx\r\n", false, NULL },
		{ 3, GREETING "451 SPF lookup failure (#4.3.0)\r\n221 mx\r\n", false,
		  NULL },
		{ 3, GREETING "250 ok\r\n221 mx\r\n", true, NULL },
		{ 3, GREETING "250 ok\r\n221 mx\r\n", false,
		  "does not use the pushed SPF mode" },
		{ 1, GREETING "451 SPF lookup failure (#4.3.0)\r\n221 mx\r\n", false,
		  "because of SPF" },
		{ 1, GREETING "451 DNS temporary failure (#4.3.0)\r\n221 mx\r\n", false,
		  NULL },
		{ 3, "421 unable to read controls (#4.3.0)\r\n", false,
		  "421 unable to read" },
		{ 3, "", false, "nothing" },
		{ 3, GREETING, false, "ended before" },
	};
	struct host *host = *state;
	struct qmail_observed observed = { .host.bin = xstrdup("/var/qmail/bin"),
		                           .has_smtpd_account = true };

	/* the account's numbers are those of the machine: under a root, of that root */
	put(host->root, "/etc/passwd", "qmaild:x:501:502::/:/bin/false\n", 0644);
	host->ctx.is_rooted = true;
	host->ctx.run = run_smtpd;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_plan plan = PLAN_INIT;
		struct err err = ERR_INIT;

		smtpd.talk = rows[i].talk;
		smtpd.is_denied = rows[i].is_denied;
		qmail_plan_smtpd_probe(&observed, rows[i].mode, 1, &plan);
		assert_int_equal(plan.count, 1);
		int r = plan.step[0].probe->ask(&host->ctx, &plan.step[0],
		                                monotonic_ns() + 5 * NS_PER_SEC, &err);
		if ((r != 0) != (rows[i].fault != NULL) ||
		    (rows[i].fault && !strstr(err.text, rows[i].fault)))
			fail_msg("row %zu: %s", i, err.text);
		auto_free char *argv =
			xasprintf("%ssetpriv --reuid=501 --regid=502 --clear-groups "
		                  "/var/qmail/bin/qmail-smtpd",
		                  rows[i].is_denied ? "" : "unshare --net ");
		assert_string_equal(buf_text(&smtpd.argv), argv);
	}
	assert_non_null(strstr(buf_text(&smtpd.input), "MAIL FROM:<"));
	buf_done(&smtpd.argv);
	buf_done(&smtpd.input);
	free(observed.host.bin);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_flavours),  ROW(test_absent),   ROW(test_hooks),
		ROW(test_spf_files), ROW(test_spf_base), ROW(test_verify),
		ROW(test_plain),     ROW(test_limits),   ROW(test_before),
		ROW(test_probe),     ROW(test_srs),      ROW(test_showctl),
		ROW(test_unsigned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
