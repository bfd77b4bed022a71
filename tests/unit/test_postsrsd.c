/* postsrsd: its configuration as text, an administrator's part and ours; the list of what it leaves
 * alone; the steps.  Version 2 stands here as text only: it was not tried on a real server. */
#include "tests/unit/fake_host.h"

#include "core/base/text.h"
#include "core/model/domain.h"
#include "core/model/setting.h"
#include "core/model/srs_secret.h"
#include "core/mta/postsrsd.h"
#include "core/store/schema.h"

/* ---- reading ---------------------------------------------------------------------------------- */

static void test_shell(void **state)
{
	static const struct {
		const char *text;
		const char *secret, *forward, *reverse, *listen, *excluded;
	} rows[] = {
		{ "", NULL, NULL, NULL, NULL, NULL },
		{ "SRS_FORWARD_PORT=10001\nSRS_REVERSE_PORT=10002\n", NULL, "10001",
		  "10002", NULL, NULL },
		{ "#SRS_FORWARD_PORT=1\nSRS_FORWARD_PORT=2 # not 3\n", NULL, "2", NULL,
		  NULL, NULL },
		{ "SRS_FORWARD_PORT=2\nSRS_FORWARD_PORT=3;SRS_REVERSE_PORT='4'", NULL,
		  "3", "4", NULL, NULL },
		{ "export SRS_SECRET=\"/etc/srs secret\" SRS_LISTEN_ADDR=::1\n", NULL,
		  NULL, NULL, "::1", NULL },
		{ "SRS_SECRET=/etc/\"x\"'.secret'\n", "/etc/x.secret", NULL, NULL, NULL,
		  NULL },
		{ "SRS_EXCLUDE_DOMAINS='a.example,\n.b.example'\n", NULL, NULL, NULL,
		  NULL, "a.example,\n.b.example" },
		/* what only a shell could tell is not told, and hides what stood before */
		{ "SRS_FORWARD_PORT=1\nSRS_FORWARD_PORT=$PORT\n", NULL, NULL, NULL, NULL,
		  NULL },
		{ "SRS_FORWARD_PORT=`cat /etc/port`\n", NULL, NULL, NULL, NULL, NULL },
		{ "SRS_FORWARD_PORT=\"\\$1\"\n", NULL, NULL, NULL, NULL, NULL },
		{ "SRS_FORWARD_PORT=70000\nSRS_REVERSE_PORT=srs\n", NULL, NULL, NULL,
		  NULL, NULL },
		{ "echo SRS_FORWARD_PORT=1\nMY_SRS_FORWARD_PORT=1\n", NULL, NULL, NULL,
		  NULL, NULL },
		{ "SRS_FORWARD_\\\nPORT=1\nSRS_REVERSE_PORT=\\\n12\n", NULL, NULL, "12",
		  NULL, NULL },
		{ "SRS_SEPARATOR==\nSRS_FORWARD_PORT=5\n", NULL, "5", NULL, NULL, NULL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_postsrsd_conf conf = { 0 };
		struct err err = ERR_INIT;
		assert_int_equal(postsrsd_conf_parse(&conf, false, rows[i].text,
		                                     strlen(rows[i].text), &err),
		                 0);
		const struct {
			const char *got, *want;
		} fields[] = {
			{ conf.secret_path, rows[i].secret },
			{ conf.forward_port, rows[i].forward },
			{ conf.reverse_port, rows[i].reverse },
			{ conf.listen, rows[i].listen },
			{ conf.excluded, rows[i].excluded },
		};
		for (size_t f = 0; f < ARRAY_LEN(fields); f++)
			if (!text_same(fields[f].got, fields[f].want))
				fail_msg("row %zu field %zu: %s", i, f, fields[f].got);
	}
}

static void test_options(void **state)
{
	static const struct {
		const char *text;
		const char *secret, *socketmap, *domains_file;
	} rows[] = {
		{ "domains = {}\nsecrets-file = \"/etc/postsrsd.secret\"\n",
		  "/etc/postsrsd.secret", NULL, NULL },
		{ "# socketmap = x\n// socketmap = y\n/* socketmap = z */\nsocketmap = "
		  "unix:/var/spool/postfix/srs\n",
		  NULL, "unix:/var/spool/postfix/srs", NULL },
		{ "socketmap=inet:localhost:10003", NULL, "inet:localhost:10003", NULL },
		{ "domains = { \"a.example\", 'domains-file', \"b\" }\n"
		  "domains-file = '/etc/postsrsd.domains'\n",
		  NULL, NULL, "/etc/postsrsd.domains" },
		{ "domains-file = \"/a\"\ndomains-file = \"\"\n", NULL, NULL, NULL },
		{ "secrets-file = \"/etc/a b\"\n", NULL, NULL, NULL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_postsrsd_conf conf = { 0 };
		struct err err = ERR_INIT;
		assert_int_equal(postsrsd_conf_parse(&conf, true, rows[i].text,
		                                     strlen(rows[i].text), &err),
		                 0);
		if (!text_same(conf.secret_path, rows[i].secret) ||
		    !text_same(conf.socketmap, rows[i].socketmap) ||
		    !text_same(conf.domains_file, rows[i].domains_file))
			fail_msg("row %zu: %s %s %s", i, conf.secret_path, conf.socketmap,
			         conf.domains_file);
	}
}

/* A text behind which nothing would hold. */
static void test_open_end(void **state)
{
	static const struct {
		bool is_v2;
		const char *text;
	} rows[] = {
		{ false, "A='b\n" },       { false, "A=\"b\n" }, { false, "A=b\\" },
		{ false, "A=b\\\n" },      { false, "\\\n" },    { false, "A=\"b\\\"\n" },
		{ true, "a = \"b\n" },     { true, "a = 'b\n" }, { true, "/* a = b\n" },
		{ true, "a = \"b\\\"\n" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_postsrsd_conf conf = { 0 };
		struct err err = ERR_INIT;
		if (postsrsd_conf_parse(&conf, rows[i].is_v2, rows[i].text,
		                        strlen(rows[i].text), &err) != ERR_FAILED)
			fail_msg("row %zu: taken", i);
	}
}

/* ---- our block -------------------------------------------------------------------------------- */

static const char block_v1[] = "# mailauthctl: begin\n"
			       "# Changes between these lines are overwritten.\n"
			       "SRS_DOMAIN='srs.example.com'\n"
			       "SRS_SECRET='/etc/postsrsd.secret'\n"
			       "SRS_FORWARD_PORT='10001'\n"
			       "SRS_REVERSE_PORT='10002'\n"
			       "SRS_LISTEN_ADDR='127.0.0.1'\n"
			       "SRS_EXCLUDE_DOMAINS=\"${SRS_EXCLUDE_DOMAINS-}\"'\n"
			       "example.com\n"
			       ".example.org\n"
			       "'\n"
			       "# mailauthctl: end\n";
static const char block_v2[] = "# mailauthctl: begin\n"
			       "# Changes between these lines are overwritten.\n"
			       "srs-domain = \"srs.example.com\"\n"
			       "domains-file = \"/etc/mailauthctl/postsrsd.domains\"\n"
			       "secrets-file = \"/etc/postsrsd.secret\"\n"
			       "socketmap = \"unix:/var/spool/postfix/srs\"\n"
			       "# mailauthctl: end\n";

static struct postsrsd_wish wish_with(const struct buf *excluded)
{
	return (struct postsrsd_wish){
		.srs_domain = "srs.example.com",
		.secret_path = "/etc/postsrsd.secret",
		.forward_port = "10001",
		.reverse_port = "10002",
		.excluded = excluded,
		.socketmap = "unix:/var/spool/postfix/srs",
	};
}

static void test_block(void **state)
{
	static const char *const admins[] = {
		"",
		"RUN_AS=postsrsd\n",
		"RUN_AS=postsrsd",
		"\n\n",
		"# mailauthctl is used here\nA=b\n",
	};
	auto_buf excluded = BUF_INIT;
	(void)state;
	buf_puts(&excluded, "example.com\n.example.org\n");
	const struct postsrsd_wish wish = wish_with(&excluded);
	for (int v = 1; v <= 2; v++)
		for (size_t i = 0; i < ARRAY_LEN(admins); i++) {
			auto_buf text = BUF_INIT, back = BUF_INIT;
			size_t len = strlen(admins[i]);
			buf_puts(&text, admins[i]);
			postsrsd_conf_block(&wish, v == 2, admins[i], len, &text);
			assert_true(
				postsrsd_conf_strip(buf_text(&text), text.len, &back));
			assert_string_equal(buf_text(&back), admins[i]);
			auto_free char *domain =
				postsrsd_conf_domain(buf_text(&text), text.len, v == 2);
			assert_string_equal(domain, "srs.example.com");
			if (!len)
				assert_string_equal(buf_text(&text),
				                    v == 2 ? block_v2 : block_v1);
			/* what an administrator adds behind it stays, and no line joins */
			buf_puts(&text, "B=c\n");
			buf_clear(&back);
			assert_true(
				postsrsd_conf_strip(buf_text(&text), text.len, &back));
			assert_non_null(strstr(buf_text(&back), "B=c\n"));
			assert_int_equal(strncmp(buf_text(&back), admins[i], len), 0);
		}
	assert_null(postsrsd_conf_domain("A=b\n", 4, false));
}

static void test_damaged(void **state)
{
	auto_buf back = BUF_INIT;
	(void)state;
	assert_false(postsrsd_conf_strip(
		block_v1, sizeof(block_v1) - 2 - strlen("# mailauthctl: end"), &back));
}

static void test_wish(void **state)
{
	struct buf excluded = BUF_INIT;
	const struct postsrsd_conf none = { 0 };
	struct postsrsd_wish wish;
	struct err err = ERR_INIT;
	(void)state;
	/* "-X", an administrator's part and ours, a line break before ours, a NUL */
	while (excluded.len + 4 < POSTSRSD_ARGUMENT_MAX - 10)
		buf_puts(&excluded, "x.example\n");
	while (excluded.len + 4 < POSTSRSD_ARGUMENT_MAX)
		buf_putc(&excluded, 'x');
	wish = wish_with(&excluded);
	assert_int_equal(postsrsd_check_wish(&wish, false, &none, 7, &err), 0);
	buf_putc(&excluded, 'x');
	assert_int_equal(postsrsd_check_wish(&wish, false, &none, 7, &err), ERR_FAILED);
	assert_non_null(
		strstr(err.text, "at most 131072 octets, and 7 domains make 131073"));
	assert_int_equal(postsrsd_check_wish(&wish, true, &none, 7, &err), 0);
	excluded.at[excluded.len -= 2] = '\0';
	const struct postsrsd_conf some = { .excluded = (char[]){ "ab" } };
	assert_int_equal(postsrsd_check_wish(&wish, false, &some, 7, &err), ERR_FAILED);
	buf_done(&excluded);
}

/* What is sourced by root's shell is made of harmless letters. */
static void test_hostile(void **state)
{
	static const struct {
		const char *domain, *path, *map;
	} rows[] = {
		{ "a'$(id)'.example", "/etc/x", "unix:/x" },
		{ "a b", "/etc/x", "unix:/x" },
		{ "", "/etc/x", "unix:/x" },
		{ "a.example", "/etc/x'y", "unix:/x" },
		{ "a.example", "relative", "unix:/x" },
		{ "a.example", "/etc/x", "unix:/x\" y" },
	};
	auto_buf excluded = BUF_INIT;
	const struct postsrsd_conf none = { 0 };
	(void)state;
	buf_puts(&excluded, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		const struct postsrsd_wish wish = { .srs_domain = rows[i].domain,
			                            .secret_path = rows[i].path,
			                            .excluded = &excluded,
			                            .socketmap = rows[i].map };
		assert_int_equal(postsrsd_check_wish(&wish, true, &none, 0, &err),
		                 ERR_FAILED);
	}
	assert_true(postsrsd_is_name("_x.example", false));
	assert_false(postsrsd_is_name("_x.example", true));
	assert_false(postsrsd_is_name("x;y", false));
	assert_false(postsrsd_is_name("", false));
}

/* ---- secrets ---------------------------------------------------------------------------------- */

static struct secret secret_of(const char *text)
{
	struct secret secret = SECRET_INIT;
	secret_set(&secret, text, strlen(text));
	return secret;
}

static void test_secrets(void **state)
{
	static const char *const admins[] = { "",           "theirs", "theirs\n",
		                              "a\n\n\nb\n", "one\n",  "one\n\nx" };
	auto_secret ours = secret_of("two\none\n"), older = secret_of("one\n"),
		    others = secret_of("three\n");
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(admins); i++) {
		auto_secret admin = secret_of(admins[i]), text = SECRET_INIT,
			    back = SECRET_INIT;
		auto_free char *want = xasprintf("two\none\n\n\n%s", admins[i]);
		postsrsd_secrets_put(&ours, &admin, &text);
		assert_int_equal(text.len, strlen(want));
		assert_memory_equal(text.at, want, text.len);
		postsrsd_secrets_strip(&ours, &text, &back);
		assert_int_equal(back.len, admin.len);
		assert_memory_equal(back.at, admin.at, back.len);
		/* what the store does not know is an administrator's: it goes on verifying */
		postsrsd_secrets_strip(&others, &text, &back);
		assert_int_equal(back.len, text.len);
		/* a file that is his alone, also when its first line came to the store */
		postsrsd_secrets_strip(&older, &admin, &back);
		assert_int_equal(back.len, admin.len);
	}
}

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

static void observe(struct host *host, struct store *store, struct postsrsd_seen *seen)
{
	struct err err = ERR_INIT;
	*seen = (struct postsrsd_seen){ 0 };
	assert_int_equal(postsrsd_observe(&host->ctx, store, seen, &err), 0);
}

/* The steps as lines: "rank object", "- rank object", "rank object: action", "probe ...". */
static char *steps_of(const struct plan *plan)
{
	struct buf out = BUF_INIT;
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->step[i];
		if (step->kind == STEP_PROBE)
			buf_printf(&out, "%d %s %s %s %s\n", step->rank, step->object,
			           step->probe_key,
			           step->probe_domain ? step->probe_domain : "-",
			           step->probe_reverse ? step->probe_reverse : "-");
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
	assert_int_equal(step->content.len, strlen(want));
	assert_memory_equal(buf_text(&step->content), want, step->content.len);
}

/* What the plan says, onto the host. */
static void carry_out(struct host *host, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->step[i].kind == STEP_FILE && plan->step[i].is_present)
			put(host->root, plan->step[i].object,
			    buf_text(&plan->step[i].content), 0600);
}

#define ADMIN_V1 "RUN_AS=postsrsd\nSRS_FORWARD_PORT=20001\n"

static void test_version_1(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	auto_store store = store_with_srs(host);
	struct postsrsd_seen seen;
	struct desired desired;
	auto_postsrsd_tables tables = { 0 };
	auto_plan plan = PLAN_INIT, out = PLAN_INIT;
	put(host->root, POSTSRSD_DEFAULT, ADMIN_V1, 0644);
	put(host->root, POSTSRSD_SECRET, "theirs", 0600);
	observe(host, store, &seen);
	assert_true(seen.is_installed && !seen.is_v2 && !seen.has_block);
	assert_int_equal(desired_read(store, NULL, NULL, 0, &desired, &err), 0);
	postsrsd_tables_of(&seen, "/var/spool/postfix", &tables);
	assert_string_equal(tables.forward, "tcp:127.0.0.1:20001");
	assert_string_equal(tables.reverse, "tcp:127.0.0.1:10002");
	const struct postsrsd_place place = { .prefix = "" };
	assert_int_equal(postsrsd_plan(&desired, &seen, &place, &tables, &plan, &err), 0);
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
	postsrsd_seen_done(&seen);
	/* and out again */
	observe(host, store, &seen);
	assert_true(seen.has_block && seen.has_our_secret);
	assert_string_equal(seen.our_domain, "srs.example.com");
	postsrsd_plan_out(NULL, &seen, &out);
	assert_content(&out, POSTSRSD_DEFAULT, ADMIN_V1);
	assert_content(&out, POSTSRSD_SECRET, "theirs");
	postsrsd_seen_done(&seen);
	desired_done(&desired);
}

static void test_version_2(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	auto_store store = store_with_srs(host);
	struct postsrsd_seen seen;
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
	observe(host, store, &seen);
	assert_true(seen.is_installed && seen.is_v2);
	assert_int_equal(desired_read(store, NULL, NULL, 0, &desired, &err), 0);
	postsrsd_tables_of(&seen, "/var/spool/postfix", &tables);
	assert_string_equal(tables.forward, "socketmap:unix:srs:forward");
	assert_string_equal(tables.probe_reverse,
	                    "socketmap:unix:/var/spool/postfix/srs:reverse");
	const struct postsrsd_place place = { .prefix = "" };
	assert_int_equal(postsrsd_plan(&desired, &seen, &place, &tables, &plan, &err), 0);
	auto_free char *steps = steps_of(&plan);
	assert_string_equal(steps, "0 /etc/postsrsd.secret (secret)\n"
	                           "1 /etc/mailauthctl/postsrsd.domains\n"
	                           "2 /etc/postsrsd.conf\n"
	                           "1 /etc/mailauthctl/srs-keep.regexp\n");
	assert_int_equal(plan.notes, 1);
	assert_non_null(
		strstr(plan.note[0].text, "no domain name with an underscore: 1 of"));
	assert_content(&plan, POSTSRSD_DOMAINS,
	               "a.example\nmx.example.com\n.example.org\n");
	auto_free char *conf = xasprintf("domains = {}\n%s", block_v2);
	assert_content(&plan, POSTSRSD_CONF, conf);
	carry_out(host, &plan);
	postsrsd_seen_done(&seen);
	/* the file of secrets was not there: an empty one would be worse than none */
	observe(host, store, &seen);
	postsrsd_plan_out(&desired, &seen, &out);
	auto_free char *left = steps_of(&out);
	assert_string_equal(
		left, "4 /etc/postsrsd.conf\n- 4 /etc/postsrsd.secret (secret)\n"
		      "- 4 /etc/systemd/system/postsrsd.service.d/mailauthctl.conf\n"
		      "- 4 /etc/mailauthctl/postsrsd.domains\n"
		      "- 4 /etc/mailauthctl/srs-keep.regexp\n"
		      "4 postsrsd: action 5 when 0\n");
	postsrsd_seen_done(&seen);
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
		  "2 postsrsd: action 1 when 128\n"
		  "2 tcp:127.0.0.1:10001 mailauth-probe@forwarded.invalid srs.example.com "
		  "tcp:127.0.0.1:10002\n"
		  "2 tcp:127.0.0.1:10001 mailauth-probe@a.example - -\n" },
	};
	struct host *host = *state;
	auto_store store = store_with_srs(host);
	put(host->root, POSTSRSD_DEFAULT, "", 0644);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct postsrsd_seen seen;
		struct desired desired;
		auto_postsrsd_tables tables = { 0 };
		auto_plan plan = PLAN_INIT;
		observe(host, store, &seen);
		seen.is_running = rows[i].is_running;
		seen.has_systemd = rows[i].has_systemd;
		assert_int_equal(desired_read(store, NULL, NULL, 0, &desired, &err), 0);
		postsrsd_tables_of(&seen, "/var/spool/postfix", &tables);
		const struct postsrsd_place place = {
			.prefix = "",
			.is_live = true,
			.is_server_there = rows[i].is_server_there,
		};
		assert_int_equal(
			postsrsd_plan(&desired, &seen, &place, &tables, &plan, &err), 0);
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
				buf_text(&step_of(&plan, POSTSRSD_DROP_IN)->content),
				"StartLimitIntervalSec=0\n\n[Service]\nRestart=always\n"));
		else
			assert_non_null(
				strstr(plan.note[0].text, "no systemd runs here"));
		desired_done(&desired);
		postsrsd_seen_done(&seen);
	}
}

/* After a domain was added it is the one that is asked about. */
static void test_probe_of_moved(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	auto_store store = store_with_srs(host);
	struct postsrsd_seen seen;
	struct desired desired;
	struct generation now;
	auto_postsrsd_tables tables = { 0 };
	auto_plan plan = PLAN_INIT;
	put(host->root, POSTSRSD_DEFAULT, "", 0644);
	assert_int_equal(generation_now(store, &now, &err), 0);
	change(host, store, SETTING_COUNT, "m.example");
	observe(host, store, &seen);
	seen.is_running = true;
	assert_int_equal(desired_read(store, NULL, NULL, now.id, &desired, &err), 0);
	postsrsd_tables_of(&seen, "/var/spool/postfix", &tables);
	const struct postsrsd_place place = { .prefix = "", .is_live = true };
	assert_int_equal(postsrsd_plan(&desired, &seen, &place, &tables, &plan, &err), 0);
	auto_free char *steps = steps_of(&plan);
	assert_non_null(strstr(steps, "mailauth-probe@m.example - -\n"));
	desired_done(&desired);
	postsrsd_seen_done(&seen);
}

/* What is refused, and that an administrator's files are left alone then. */
static void test_refused(void **state)
{
	static const struct {
		bool is_v2;
		const char *conf, *why;
	} rows[] = {
		{ false, "A='b\n", "ends inside a quotation" },
		{ false, "# mailauthctl: begin\nA=b\n", "and not the last" },
		{ true, "domains-file = \"/x\"\n", "has a domains-file of its own (/x)" },
	};
	struct host *host = *state;
	auto_store store = store_with_srs(host);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct postsrsd_seen seen;
		auto_plan plan = PLAN_INIT;
		put(host->root, rows[i].is_v2 ? POSTSRSD_CONF : POSTSRSD_DEFAULT,
		    rows[i].conf, 0644);
		observe(host, store, &seen);
		if (!seen.why_not || !strstr(seen.why_not, rows[i].why))
			fail_msg("row %zu: %s", i, seen.why_not);
		postsrsd_plan_out(NULL, &seen, &plan);
		for (size_t s = 0; s < plan.count; s++)
			if (plan.step[s].kind == STEP_FILE)
				assert_string_equal(buf_text(&plan.step[s].content),
				                    rows[i].conf);
		postsrsd_seen_done(&seen);
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
	assert_int_equal(desired_read(store, NULL, NULL, 0, &desired, &err), 0);
	assert_int_equal(postsrsd_plan_parts(&desired, "/r", &plan, &err), 0);
	auto_free char *steps = steps_of(&plan);
	assert_string_equal(steps, "0 /r/etc/postsrsd.secret (secret)\n"
	                           "1 /r/etc/mailauthctl/postsrsd.default\n"
	                           "1 /r/etc/mailauthctl/srs-keep.regexp\n");
	assert_content(&plan, "/r/etc/postsrsd.secret", "our-own-secret-1\n\n\n");
	assert_non_null(strstr(
		buf_text(&step_of(&plan, "/r/etc/mailauthctl/postsrsd.default")->content),
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
		cmocka_unit_test(test_shell),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_open_end),
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_wish),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_secrets),
		ROW(test_version_1),
		ROW(test_version_2),
		ROW(test_live),
		ROW(test_probe_of_moved),
		ROW(test_refused),
		ROW(test_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
