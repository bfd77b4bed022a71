/* Rights along a path, as a plan will leave them. */
#include "tests/unit/file_root.h"

#include "core/base/alloc.h"
#include "core/mta/check/path_check.h"

/* The filter has the tester's own id, since the root folder is the tester's, but never root's. */
#define FILTER (geteuid() ? geteuid() : 1000)
enum { OTHER = 2000, GROUP = 3000, SHARED = 3001, ALONE = 3002 };

struct row {
	const char *path; /* ending in '/': a folder */
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

static void write_accounts(void)
{
	auto_free char *users =
		xasprintf("root:x:0:0::/:/bin/sh\nfilter:x:%u:%d::/:/bin/sh\n"
	                  "postfix:x:%d:%d::/:/bin/sh\n",
	                  (unsigned)FILTER, GROUP, OTHER, OTHER);
	auto_free char *groups = xasprintf(
		"root:x:0:\nfilter:x:%d:\npostfix:x:%d:\nshared:x:%d:postfix,filter\n"
		"alone:x:%d:root,filter\n",
		GROUP, OTHER, SHARED, ALONE);
	make_dir("/etc", 0755);
	make_file("/etc/passwd", users, 0644);
	make_file("/etc/group", groups, 0644);
	ctx.is_rooted = true;
	assert_int_equal(chmod(host("/"), 0755), 0);
}

static void add_row(struct plan *plan, const struct row *row)
{
	const struct file_meta meta = { row->mode, row->uid, row->gid };
	size_t len = strlen(row->path);
	if (row->path[len - 1] != '/') {
		plan_file(plan, RANK_DATA, row->path, "", 0, meta, 0);
		return;
	}
	auto_free char *path = xmemdup(row->path, len - 1);
	plan_mkdir(plan, RANK_DATA, path, meta);
}

static void test_accounts(void **state)
{
	(void)state;
	write_accounts();
	auto_account filter, none;
	assert_true(account_read(&ctx, "filter", &filter));
	assert_false(account_read(&ctx, "nobody-here", &none));
	assert_int_equal(filter.uid, FILTER);
	assert_int_equal(filter.groups, 3);
	assert_true(account_is_in(&filter, GROUP));
	assert_true(account_is_in(&filter, SHARED));
	assert_false(account_is_in(&filter, OTHER));
	auto_free char *own = account_other_in(&ctx, &filter, GROUP);
	auto_free char *shared = account_other_in(&ctx, &filter, SHARED);
	auto_free char *primary = account_other_in(&ctx, &filter, OTHER);
	auto_free char *alone = account_other_in(&ctx, &filter, ALONE);
	assert_null(own);
	assert_string_equal(shared, "postfix");
	assert_string_equal(primary, "postfix");
	assert_null(alone);
}

static void test_access(void **state)
{
	(void)state;
	static const struct {
		struct row rows[3];
		unsigned need;
		const char *want; /* NULL: may */
	} rows[] = {
		{ { { "/a/", 0755, 0, 0 }, { "/a/f", 0644, 0, 0 } }, PATH_READ, NULL },
		{ { { "/a/", 0755, 0, 0 }, { "/a/f", 0640, 0, 0 } },
		  PATH_READ,
		  "postfix cannot use /a/f: it is not allowed to read /a/f (owner "
		  "root, group 0, mode 0640); run \"chmod o+r /a/f\"" },
		{ { { "/a/", 0755, 0, 0 }, { "/a/f", 0640, 0, OTHER } },
		  PATH_READ,
		  NULL },
		{ { { "/a/", 0755, 0, 0 }, { "/a/f", 0604, 0, SHARED } },
		  PATH_READ,
		  "\"chmod g+r /a/f\"" },
		{ { { "/a/", 0755, 0, 0 }, { "/a/f", 0044, OTHER, 0 } },
		  PATH_READ,
		  "(owner postfix, group 0, mode 0044); run \"chmod u+r /a/f\"" },
		/* the first wrong one is named */
		{ { { "/a/", 0750, 0, 0 },
		    { "/a/b/", 0700, 0, 0 },
		    { "/a/b/f", 0600, 0, 0 } },
		  PATH_READ,
		  "postfix cannot use /a/b/f: it is not allowed to search /a (owner "
		  "root, group 0, mode 0750); run \"chmod o+x /a\"" },
		{ { { "/a/", 0710, 0, SHARED }, { "/a/b/", 0700, 0, 0 } },
		  PATH_SEARCH,
		  "not allowed to search /a/b " },
		{ { { "/a/", 02750, 0, OTHER }, { "/a/s", 0770, 0, OTHER } },
		  PATH_WRITE,
		  NULL },
		{ { { "/a/", 02750, 0, OTHER }, { "/a/s", 0755, 0, OTHER } },
		  PATH_WRITE,
		  "not allowed to write to /a/s" },
		{ { { "/a/", 0755, 0, 0 } }, PATH_READ | PATH_SEARCH, NULL },
	};
	write_accounts();
	auto_account who;
	assert_true(account_read(&ctx, "postfix", &who));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_plan plan = PLAN_INIT;
		for (size_t k = 0; k < 3 && rows[i].rows[k].path; k++)
			add_row(&plan, &rows[i].rows[k]);
		struct path_check *check = path_check_new(&ctx, &plan);
		const char *goal = plan.step[plan.count - 1].object;
		err_clear(&err);
		int r = path_check_access(check, &who, "/", goal, rows[i].need, &err);
		if (r != (rows[i].want ? ERR_FAILED : 0) ||
		    (rows[i].want && !strstr(err.text, rows[i].want)))
			fail_msg("row %zu: %d %s", i, r, err.text);
		path_check_free(check);
	}
	auto_plan plan = PLAN_INIT;
	struct path_check *check = path_check_new(&ctx, &plan);
	assert_int_equal(path_check_access(check, &who, "/", "/no/file", PATH_READ, &err),
	                 ERR_MISSING);
	path_check_free(check);
}

/* Files as they stand; a chroot begins further down; links lead elsewhere. */
static void test_present(void **state)
{
	(void)state;
	auto_plan plan = PLAN_INIT;
	auto_account who;
	write_accounts();
	make_dir("/closed", 0700);
	make_dir("/closed/queue", 0755);
	make_file("/closed/queue/f", "", 0644);
	make_link("/link", "/closed/queue/f");
	assert_true(account_read(&ctx, "postfix", &who));
	struct path_check *check = path_check_new(&ctx, &plan);
	for (int again = 0; again < 2; again++) {
		err_clear(&err);
		assert_int_equal(path_check_access(check, &who, "/", "/closed/queue/f",
		                                   PATH_READ, &err),
		                 ERR_FAILED);
		assert_non_null(strstr(err.text, "not allowed to search /closed "));
	}
	err_clear(&err);
	assert_int_equal(path_check_access(check, &who, "/closed/queue",
	                                   "/closed/queue/f", PATH_READ, &err),
	                 0);
	assert_int_equal(path_check_access(check, &who, "/", "/link", PATH_READ, &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "cannot use /link: it is not allowed to "
	                                 "search /closed "));
	path_check_free(check);
}

static void test_keys(void **state)
{
	(void)state;
	const uid_t own = FILTER;
	const struct {
		struct row rows[3];
		const char *want; /* NULL: safe */
	} rows[] = {
		{ { { "/k/", 0700, own, GROUP }, { "/k/a", 0600, own, GROUP } }, NULL },
		{ { { "/k/", 0755, 0, 0 }, { "/k/a", 0640, 0, GROUP } }, NULL },
		{ { { "/k/", 0755, 0, 0 }, { "/k/a", 0640, 0, ALONE } }, NULL },
		{ { { "/k/", 0755, 0, 0 }, { "/k/a", 0640, 0, SHARED } },
		  "/k/a can be read or changed by its group, and postfix is a member "
		  "(owner "
		  "root, group 3001, mode 0640); run \"chmod g-rw /k/a\"" },
		{ { { "/k/", 0755, 0, 0 }, { "/k/a", 0640, 0, OTHER } },
		  "and postfix is a member" },
		{ { { "/k/", 0755, 0, 0 }, { "/k/a", 0644, own, GROUP } },
		  "/k/a can be read or changed by all accounts" },
		{ { { "/k/", 0777, own, GROUP }, { "/k/a", 0600, own, GROUP } },
		  "filter would refuse the key /k/a: /k can be changed by all accounts "
		  "(owner filter, group 3000, mode 0777); run \"chmod o-w /k\"" },
		{ { { "/k/", 01777, 0, 0 }, { "/k/a", 0600, own, GROUP } },
		  "\"chmod o-w /k\"" },
		{ { { "/k/", 0775, 0, SHARED }, { "/k/a", 0600, own, GROUP } },
		  "\"chmod g-w /k\"" },
		{ { { "/k/", 0775, 0, GROUP }, { "/k/a", 0600, own, GROUP } }, NULL },
		{ { { "/k/", 0755, OTHER, 0 }, { "/k/a", 0600, own, GROUP } },
		  "/k belongs to another account" },
		{ { { "/k/", 0755, 0, 0 }, { "/k/a", 0600, OTHER, GROUP } },
		  "\"chown root /k/a\"" },
		/* safe, and of no use */
		{ { { "/k/", 0700, 0, 0 }, { "/k/a", 0600, own, GROUP } },
		  "filter cannot use /k/a: it is not allowed to search /k" },
		{ { { "/k/", 0755, 0, 0 }, { "/k/a", 0600, 0, 0 } },
		  "filter cannot use /k/a: it is not allowed to read /k/a" },
	};
	write_accounts();
	auto_account who;
	assert_true(account_read(&ctx, "filter", &who));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_plan plan = PLAN_INIT;
		for (size_t k = 0; k < 3 && rows[i].rows[k].path; k++)
			add_row(&plan, &rows[i].rows[k]);
		struct path_check *check = path_check_new(&ctx, &plan);
		err_clear(&err);
		int r = path_check_key(check, &who, "/k/a", &err);
		if (r != (rows[i].want ? ERR_FAILED : 0) ||
		    (rows[i].want && !strstr(err.text, rows[i].want)))
			fail_msg("row %zu: %d %s", i, r, err.text);
		path_check_free(check);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_accounts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_access, setup, teardown),
		cmocka_unit_test_setup_teardown(test_present, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
