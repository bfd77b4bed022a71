/* postfix_observe: what a Postfix and its files hold before anything is planned. */
#include "tests/unit/push_host.h"

#include "core/mta/postfix/postfix_observed.h"

#define MASTER "/etc/postfix/master.cf"

static struct postfix_observed *observe(struct host *host)
{
	auto_store store = store_at(host, "a.db");
	struct postfix_observed *observed = NULL;
	struct err err = ERR_INIT;
	host->ctx.is_rooted = true;
	if (postfix_observe(&host->ctx, store, &observed, &err) < 0)
		fail_msg("%s", err.text);
	return observed;
}

/* Items of mynetworks and of its files; the first that takes in the world is set apart. */
static void test_networks(void **state)
{
	static const struct {
		const char *value, *file; /* file NULL: it is not there */
		const char *networks, *world;
	} rows[] = {
		{ "127.0.0.0/8 192.0.2.0/24", NULL, "127.0.0.0/8;192.0.2.0/24;", NULL },
		{ "127.0.0.0/8, /etc/postfix/networks, 192.0.2.1",
		  "# 203.0.113.0/24\n192.0.2.7 192.0.2.8, 192.0.2.9\n  # x\n\n\t10.0.0.0/8",
		  "127.0.0.0/8;192.0.2.7;192.0.2.8;192.0.2.9;10.0.0.0/8;192.0.2.1;",
		  NULL },
		{ "/etc/postfix/networks 127.0.0.1", NULL, "127.0.0.1;", NULL },
		{ "0.0.0.0/0 ::/0 127.0.0.1", NULL, "127.0.0.1;", "0.0.0.0/0" },
		{ "[::]/0 127.0.0.1", NULL, "127.0.0.1;", "[::]/0" },
		{ "!0.0.0.0/0 127.0.0.1", NULL, "!0.0.0.0/0;127.0.0.1;", NULL },
		{ "cidr:/etc/x example.com", NULL, "cidr:/etc/x;example.com;", NULL },
		{ "/etc/postfix/networks", "0.0.0.0/0\n", "", "0.0.0.0/0" },
		{ "", NULL, "", NULL },
	};
	struct host *host = *state;
	postfix_at(host);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *text = xasprintf("mynetworks = %s\n", rows[i].value);
		auto_free char *file = xasprintf("%s/etc/postfix/networks", host->root);
		auto_buf got = BUF_INIT;
		put(host->root, MAIN_CF, text, 0644);
		(void)unlink(file);
		if (rows[i].file)
			put(host->root, "/etc/postfix/networks", rows[i].file, 0644);
		struct postfix_observed *observed = observe(host);
		for (size_t k = 0; k < observed->networks; k++)
			buf_printf(&got, "%s;", observed->network[k]);
		assert_string_equal(buf_text(&got), rows[i].networks);
		if (rows[i].world)
			assert_string_equal(observed->world, rows[i].world);
		else
			assert_null(observed->world);
		postfix_observed_free(observed);
	}
}

/* FILTER actions of tables that main.cf and master.cf name. */
static void test_filters(void **state)
{
	static const struct {
		const char *main, *options; /* of the smtpd service */
		const char *uses, *unreadable;
	} rows[] = {
		{ "", "", "", NULL },
		{ "header_checks = regexp:/etc/postfix/a\n", "",
		  "scan:[127.0.0.1]:10025 header_checks - regexp:/etc/postfix/a;", NULL },
		{ "x = regexp:/etc/postfix/a\nbody_checks = $x, pcre:/etc/postfix/gone\n",
		  "", "scan:[127.0.0.1]:10025 body_checks - regexp:/etc/postfix/a;",
		  "pcre:/etc/postfix/gone" },
		{ "",
		  " -o smtpd_client_restrictions=check_client_access,cidr:/etc/postfix/b\n",
		  "b: smtpd_client_restrictions smtp cidr:/etc/postfix/b;", NULL },
		{ "smtpd_restriction_classes = own\nown = check_sender_access "
		  "proxy:texthash:/etc/postfix/b\n",
		  "", "b: own - proxy:texthash:/etc/postfix/b;", NULL },
		{ "smtpd_recipient_restrictions = check_policy_service unix:private/x, "
		  "check_recipient_access unionmap:{inline:{a=FILTER,f:},cidr:/etc/postfix/b}\n",
		  "",
		  "b: smtpd_recipient_restrictions - unionmap:{inline:{a=FILTER,f:},cidr:/etc/postfix/b};",
		  NULL },
		{ "header_checks = hash:/etc/postfix/b\n", "",
		  "b: header_checks - hash:/etc/postfix/b;", NULL },
		{ "header_checks = mysql:/etc/postfix/b static:{FILTER c:} fail:x\n", "",
		  "c: header_checks - static:{FILTER c:};", "mysql:/etc/postfix/b" },
		{ "header_checks = /etc/postfix/b\n", "",
		  "b: header_checks - /etc/postfix/b;", NULL },
	};
	struct host *host = *state;
	postfix_at(host);
	put(host->root, "/etc/postfix/a",
	    "# /x/ FILTER no:\n/x/ FILTER scan:[127.0.0.1]:10025\n/y/ NOFILTER no:\n"
	    "/z/ FILTER\n",
	    0644);
	put(host->root, "/etc/postfix/b", "192.0.2.1 filter b:\n", 0644);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *master =
			xasprintf("smtp inet n - y - - smtpd\n%s", rows[i].options);
		auto_buf got = BUF_INIT;
		put(host->root, MAIN_CF, rows[i].main, 0644);
		put(host->root, MASTER, master, 0644);
		struct postfix_observed *observed = observe(host);
		for (size_t k = 0; k < observed->filters.count; k++) {
			const struct filter_use *use = &observed->filters.use[k];
			buf_printf(&got, "%s %s %s %s;", use->target, use->parameter,
			           use->service ? use->service : "-",
			           use->table ? use->table : "-");
		}
		if (strcmp(buf_text(&got), rows[i].uses) != 0)
			fail_msg("row %zu: \"%s\"", i, buf_text(&got));
		if (rows[i].unreadable)
			assert_string_equal(observed->filters.unreadable,
			                    rows[i].unreadable);
		else if (observed->filters.unreadable)
			fail_msg("row %zu: %s", i, observed->filters.unreadable);
		postfix_observed_free(observed);
	}
}

/* Real files behind links, Postfix's group, and a file that cannot be read. */
static void test_files(void **state)
{
	struct host *host = *state;
	auto_free char *link = xasprintf("%s" MAIN_CF, host->root);
	auto_free char *group = xasprintf("%s/etc/group", host->root);
	auto_free char *master = xasprintf("%s" MASTER, host->root);
	auto_store store = store_at(host, "b.db");
	struct postfix_observed *observed;
	struct err err = ERR_INIT;
	postfix_at(host);
	put(host->root, "/etc/real.cf", "myhostname = mx.example.com\n", 0644);
	assert_int_equal(unlink(link) | symlink("../real.cf", link), 0);
	observed = observe(host);
	assert_string_equal(observed->main_path, "/etc/real.cf");
	assert_string_equal(observed->master_path, MASTER);
	assert_int_equal(observed->postfix_gid, 101);
	assert_null(observed->store);
	assert_true(observed->is_rooted);
	postfix_observed_free(observed);
	put(host->root, "/etc/group", "root:x:0:\n", 0644);
	assert_int_equal(unlink(master), 0);
	observed = observe(host);
	assert_null(observed->master_path);
	assert_int_equal(observed->postfix_gid, FILE_KEEP_GID);
	postfix_observed_free(observed);
	/* accounts that cannot be read are not accounts that do not exist */
	assert_int_equal(unlink(group) | mkdir(group, 0755), 0);
	assert_true(postfix_observe(&host->ctx, store, &observed, &err) < 0);
	assert_non_null(strstr(err.text, "/etc/group"));
	/* no Postfix */
	assert_int_equal(rmdir(group), 0);
	put(host->root, "/etc/group", "", 0644);
	assert_int_equal(unlink(link), 0);
	err_clear(&err);
	assert_int_equal(postfix_observe(&host->ctx, store, &observed, &err), 0);
	assert_null(observed->main_path);
	postfix_observed_free(observed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_networks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
