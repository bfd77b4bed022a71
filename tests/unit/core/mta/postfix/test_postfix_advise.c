/* postfix_advise: whose rights Postfix and its SPF service require. */
#include "tests/unit/push_host.h"

#include "core/mta/check/path_check.h"
#include "core/mta/host/account.h"
#include "core/mta/postfix/postfix_advise.h"

#define ROOT "root:x:0:0::/root:/bin/sh\n"
#define NOBODY "nobody:x:65534:65534::/:/bin/false\n"
#define MAILAUTH "mailauth:x:108:112::/:/bin/false\n"
#define POSTFIX "postfix:x:107:111::/:/bin/false\n"
#define SPF(who) who " " POLICYD_CONF " 4;" who " " POLICYD_PATH " 5;"

/* Of the accounts that the rows know. */
static void note(void *arg, const struct mta_access *access)
{
	static const struct {
		uid_t uid;
		const char *name;
	} names[] = { { 65534, "nobody" }, { 108, "mailauth" }, { 107, "postfix" } };
	unsigned need =
		(access->need & PATH_READ ? 4 : 0) + (access->need & PATH_SEARCH ? 1 : 0);
	assert_false(access->is_key);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (access->who->uid == names[i].uid)
			buf_printf(arg, "%s %s %u;", names[i].name, access->path, need);
}

static void test_access(void **state)
{
	static const struct {
		const char *passwd, *want;
	} rows[] = {
		{ ROOT, "" },
		{ ROOT NOBODY, SPF("nobody") },
		{ ROOT NOBODY MAILAUTH, SPF("mailauth") },
		{ ROOT MAILAUTH POSTFIX,
		  SPF("mailauth") "postfix /run/filter 1;postfix /q/private 1;" },
		{ ROOT POSTFIX, "postfix /run/filter 1;postfix /q/private 1;" },
	};
	struct host *host = *state;
	auto_store store = store_at(host, "a.db");
	auto_plan probes = PLAN_INIT;
	plan_probe(&probes, RANK_PROVIDERS, &milter_probe, NULL, "unix:/run/filter/s", 0);
	plan_probe(&probes, RANK_PROVIDERS, &milter_probe, NULL, "inet:8891@127.0.0.1",
	           0);
	plan_probe(&probes, RANK_CONSUMERS, &smtp_probe, NULL, "127.0.0.1:25", 0);
	plan_probe(&probes, RANK_PROVIDERS, &milter_probe, NULL, "unix:/q/private/s", 0);
	host->ctx.is_rooted = true; /* the accounts of the folder, not of this machine */
	put(host->root, "/etc/group", "root:x:0:\n", 0644);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf found = BUF_INIT;
		struct err err = ERR_INIT;
		put(host->root, "/etc/passwd", rows[i].passwd, 0644);
		if (postfix_each_access(&host->ctx, store, &probes, note, &found, &err) <
		    0)
			fail_msg("row %zu: %s", i, err.text);
		if (strcmp(buf_text(&found), rows[i].want) != 0)
			fail_msg("row %zu: %s", i, buf_text(&found));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_access, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
