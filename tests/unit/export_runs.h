/* tests/unit/export_runs.h: runs of the zone export on a store of the test's own.  Included once by a test. */
#ifndef TESTS_UNIT_EXPORT_RUNS_H
#define TESTS_UNIT_EXPORT_RUNS_H

#include "tests/unit/model_store.h"

#include "core/model/export/export.h"
#include "core/model/life/domain_life.h"
#include "core/model/record/record.h"
#include "core/model/record/record_text.h"
#include "core/model/record/template.h"
#include "core/model/record/template_edit.h"

#define ZONES "/var/lib/mailauthctl/zones"
#define FILE_OF(name) ZONES "/" name ".zone"

static struct env env;
static int64_t host_gen;

static inline void put_item(struct buf *out, const char *name, enum export_action action)
{
	static const char *const words[] = { "unchanged", "written", "removed",
		                             "failed" };
	buf_printf(out, "%s%s %s", out->len ? ", " : "", name, words[action]);
}

static inline int note_item(void *arg, const char *name, enum export_action action,
                            struct err *e)
{
	(void)e;
	put_item(arg, name, action);
	return 0;
}

/* One run as the command does it; *ret_result is what it ends with. */
static inline int export_run(const char *const *names, size_t count, bool is_dry_run,
                             struct buf *items)
{
	auto_export export = NULL;
	const struct export_request request = {
		.names = names,
		.count = count,
		.host_gen = host_gen,
		.env = &env,
		.is_dry_run = is_dry_run,
	};
	err_clear(&err);
	begin();
	int r = export_prepare(&ctx, store, &request, &export, &err);
	if (r < 0 || is_dry_run)
		store_rollback(store);
	if (r < 0)
		return r;
	ok(export_each(export, note_item, items, &err));
	if (is_dry_run)
		return export_result(export, false, &err);
	commit();
	ok(export_switch(&ctx, export, &err));
	begin();
	ok(export_finish(&ctx, store, export, &err));
	commit();
	return export_result(export, false, &err);
}

/* Runs it for all and compares which zones were looked at, and the exit. */
static inline void exports(const char *want, int code)
{
	auto_buf items = BUF_INIT;
	int r = export_run(NULL, 0, false, &items);
	if (r != code)
		fail_msg("%d instead of %d: %s", r, code, err.text);
	assert_string_equal(buf_text(&items), want);
}

static inline void ran_now(const char *want)
{
	assert_string_equal(buf_text(&ran), want);
	buf_clear(&ran);
}

static inline struct file_info look(const char *path)
{
	struct file_info info = { 0 };
	ok(file_look(&ctx, path, false, &info, &err));
	return info;
}

static inline void edit(const char *name, const char *rdata)
{
	auto_domain domain = DOMAIN_INIT;
	begin();
	ok(domain_find(store, name, &domain, &err));
	ok(record_set(store, &domain, "t2", rdata, TTL_UNSAID, &err));
	commit();
}

static inline void remove_domain(const char *name)
{
	auto_domain domain = DOMAIN_INIT;
	begin();
	ok(domain_find(store, name, &domain, &err));
	ok(domain_life_remove(store, &ctx, &domain, false, &err));
	commit();
}

static inline int setup_export(void **state)
{
	env = (struct env){ .hostname = (char *)(uintptr_t) "mail.example.net" };
	host_gen = INT64_MAX;
	return setup_store(state);
}

/* What a zone may include, when nothing is left to be included. */
#define KEPT(name)                                                          \
	"; " name " has no records here any more.  This file stays for a "  \
	"zone that\n; includes it; when no $INCLUDE line names it, remove " \
	"it with\n; mailauthctl zone forget " name "\n"

static inline void full_zones(void)
{
	int64_t uid;
	begin();
	ok(template_add(store, "@", "NS", "ns1.example.net.", -1, &uid, &err));
	ok(template_add(store, "@", "SOA",
	                "ns1.example.net. hostmaster 0 3600 900 604800 300", -1, &uid,
	                &err));
	ok(template_apply(store, 0, &err));
	commit();
	set(SET_ZONE_FORMAT, NULL, "full");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_export, teardown_store)

#endif
