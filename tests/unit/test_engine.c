/* plan, step_file, engine, recover, held and diff, on a root in a temporary folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/mta/diff.h"
#include "core/mta/engine.h"
#include "core/mta/held.h"
#include "core/mta/milter.h"
#include "core/mta/recover.h"
#include "core/mta/smtp_probe.h"
#include "core/mta/step.h"
#include "core/mta/target.h"

/* ---- what stands in for the world outside ----------------------------------------------------- */

static struct {
	struct buf runs;   /* "postfix -c /etc/postfix reload;" ... */
	struct buf probes; /* "smtp:127.0.0.1:25;" ... */
	struct buf reports;
	const char *fail_on; /* a command that holds this text exits 1 */
	const char *exit_on; /* ... ends this process, as a kill would */
	const char *edit_on; /* ... changes /etc/postfix/main.cf */
	const char *down;    /* this service does not run: "postfix" */
	int bad_probes;      /* so many probes fail first; -1: all */
} world;

int milter_probe(struct ctx *ctx, const struct step *step, int64_t deadline,
                 struct err *err)
{
	(void)ctx, (void)deadline;
	buf_printf(&world.probes, "milter:%s;", step->object);
	if (world.bad_probes == 0)
		return 0;
	world.bad_probes -= world.bad_probes > 0;
	return err_set(err, ERR_FAILED, "nobody answers at %s", step->object);
}

int smtp_probe(struct ctx *ctx, const struct step *step, int64_t deadline,
               struct err *err)
{
	(void)ctx, (void)deadline, (void)err;
	buf_printf(&world.probes, "smtp:%s;", step->object);
	return 0;
}

static void put(const char *root, const char *path, const char *text, mode_t mode)
{
	auto_free char *full = xasprintf("%s%s", root, path);
	FILE *file;

	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(full, mode), 0);
}

static int fake_run(struct ctx *ctx, const struct run_spec *spec, struct run_result *ret,
                    struct err *err)
{
	auto_buf line = BUF_INIT;

	(void)err;
	for (size_t i = 0; spec->argv[i]; i++)
		buf_printf(&line, "%s%s", i ? " " : "", spec->argv[i]);
	*ret = (struct run_result){ 0 };
	if (strstr(buf_text(&line), " status")) {
		ret->exit_status =
			world.down && strstr(buf_text(&line), world.down) ? 1 : 0;
		return 0;
	}
	buf_printf(&world.runs, "%s;", buf_text(&line));
	if (world.exit_on && strstr(buf_text(&line), world.exit_on))
		_exit(7);
	if (world.edit_on && strstr(buf_text(&line), world.edit_on)) {
		put(ctx->root, "/etc/postfix/main.cf", "edited by hand\n", 0644);
		world.edit_on = NULL;
	}
	if (world.fail_on && strstr(buf_text(&line), world.fail_on)) {
		ret->exit_status = 1;
		buf_puts(&ret->errors, "it does not want to\n");
		world.fail_on = NULL; /* once: the undo may tell it again */
	}
	return 0;
}

static void take_report(void *arg, enum report_level level, const char *text)
{
	(void)arg, (void)level;
	buf_printf(&world.reports, "%s\n", text);
}

/* ---- a host ----------------------------------------------------------------------------------- */

struct host {
	char root[64];
	struct ctx ctx;
	struct store *target;
};

#define MAIN_CF "/etc/postfix/main.cf"
#define TABLE "/etc/mailauthctl/opendkim/KeyTable"
#define KEY "/etc/dkimkeys/example.com/s1.private"
#define OLD_KEY "/etc/dkimkeys/example.org/s0.private"

static void host_open(struct host *host)
{
	struct err err = ERR_INIT;

	assert_int_equal(ctx_init(&host->ctx, host->root, &err), 0);
	host->ctx.is_rooted = false; /* services and probes are ours */
	host->ctx.run = fake_run;
	host->ctx.report = take_report;
	assert_int_equal(target_open(&host->ctx, true, true, &host->target, &err), 0);
}

static void host_close(struct host *host)
{
	store_close(host->target);
	host->target = NULL;
	ctx_done(&host->ctx);
}

static int setup(void **state)
{
	struct host *host = xcalloc(1, sizeof(*host));

	umask(077);
	world = (__typeof__(world)){ 0 };
	strcpy(host->root, "/tmp/test_engine.XXXXXX");
	assert_non_null(mkdtemp(host->root));
	put(host->root, MAIN_CF, "myhostname = mx.example.com\n# by hand\n", 0640);
	put(host->root, "/etc/dkimkeys/example.org/s0.private", "OLD SECRET\n", 0600);
	put(host->root, "/etc/leaving", "goes away\n", 0604);
	host_open(host);
	*state = host;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct host *host = *state;

	host_close(host);
	nftw(host->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	buf_done(&world.runs);
	buf_done(&world.probes);
	buf_done(&world.reports);
	free(host);
	return 0;
}

static struct buf tree;
static size_t tree_root;

static int show_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char text[4096] = "";

	(void)ftw;
	if (strstr(path, "/var/lib"))
		return 0;
	if (type == FTW_F) {
		FILE *file = fopen(path, "r");

		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	buf_printf(&tree, "%s %o %u:%u %s\n", path + tree_root, st->st_mode, st->st_uid,
	           st->st_gid, text);
	return 0;
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every path with mode, owner and content, but for the journal's folder.  Caller frees. */
static char *snapshot(struct host *host)
{
	struct buf sorted = BUF_INIT;
	char *line[64], *save = NULL;
	size_t count = 0;

	tree = BUF_INIT;
	tree_root = strlen(host->root);
	assert_int_equal(nftw(host->root, show_one, 16, FTW_PHYS), 0);
	for (char *at = strtok_r(tree.at, "\n", &save); at;
	     at = strtok_r(NULL, "\n", &save))
		line[count++] = at;
	qsort(line, count, sizeof(*line), by_line);
	for (size_t i = 0; i < count; i++)
		if (strncmp(line[i], "/var", 4) != 0)
			buf_printf(&sorted, "%s\n", line[i]);
	buf_done(&tree);
	return buf_take(&sorted);
}

static const struct file_meta meta_640 = { 0640, FILE_KEEP_UID, FILE_KEEP_GID };
static const struct file_meta meta_600 = { 0600, FILE_KEEP_UID, FILE_KEEP_GID };

/* One of everything. */
static void plan_all(struct plan *plan)
{
	struct step *step;

	*plan = PLAN_INIT;
	plan_file(plan, RANK_CONSUMERS, MAIN_CF, "milter\n", 7, FILE_META_KEEP, 1);
	plan_service(plan, RANK_CONSUMERS, "postfix", SERVICE_RELOAD, 1);
	plan_probe(plan, RANK_CONSUMERS, PROBE_SMTP, "127.0.0.1:25", 1);
	plan_mkdir(plan, RANK_DATA, "/etc/dkimkeys/example.com",
	           (struct file_meta){ 0700, FILE_KEEP_UID, FILE_KEEP_GID });
	step = plan_file(plan, RANK_DATA, KEY, "NEW SECRET\n", 11, meta_600, 0);
	step->is_secret = true;
	step->domain = xstrdup("example.com");
	step = plan_file(plan, RANK_DATA, OLD_KEY, "OTHER SECRET\n", 13, meta_600, 0);
	step->is_secret = true;
	plan_file(plan, RANK_TABLES, TABLE, "s1 example.com\n", 15, meta_640, 2);
	plan_service(plan, RANK_PROVIDERS, "postfix:/etc/filter", SERVICE_RELOAD, 2);
	plan_probe(plan, RANK_PROVIDERS, PROBE_MILTER, "unix:/run/filter", 2);
	plan_remove(plan, RANK_LEFTOVERS, "/etc/leaving", 0);
	plan_probe(plan, RANK_CONSUMERS, PROBE_SMTP, "127.0.0.1:587", 0);
}

static void prune(struct host *host, struct plan *plan)
{
	struct err err = ERR_INIT;

	assert_int_equal(plan_prune(&host->ctx, plan, &err), 0);
}

static int note_held(void *arg, int64_t push_id, struct err *err)
{
	return held_update(((struct host *)arg)->target, push_id, err);
}

/* Plans, prepares and switches; the error's text is left in `text`. */
static int push_plan_of(struct host *host, void (*make)(struct plan *), char *text)
{
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };
	int rc;

	make(&plan);
	prune(host, &plan);
	rc = engine_prepare(&engine, (struct generation){ 1, 2 }, &err);
	if (!rc)
		rc = engine_switch(&engine, note_held, host, &err);
	engine_done(&engine);
	if (text)
		strcpy(text, err.text);
	return rc;
}

static char *last_state(struct host *host)
{
	struct err err = ERR_INIT;
	char *state = NULL;

	assert_int_equal(store_get_text(host->target, &state, &err,
	                                "SELECT state FROM push ORDER BY id DESC LIMIT 1",
	                                ""),
	                 1);
	return state;
}

static void assert_state(struct host *host, const char *expected)
{
	auto_free char *state = last_state(host);

	assert_string_equal(state, expected);
}

static void assert_same_tree(struct host *host, const char *before)
{
	auto_free char *after = snapshot(host);

	assert_string_equal(after, before);
}

/* ---- plan --------------------------------------------------------------------------------------- */

static void describe(const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->count; i++)
		buf_printf(out, "%d %s %s%s\n", (int)plan->step[i].rank,
		           step_types[plan->step[i].kind]->name, plan->step[i].object,
		           plan->step[i].is_present ? "" : " goes");
}

static void test_prune(void **state)
{
	static const char expected[] = "1 mkdir /etc/dkimkeys/example.com\n"
				       "1 file " KEY "\n"
				       "1 file " OLD_KEY "\n"
				       "2 mkdir /etc/mailauthctl\n"
				       "2 mkdir /etc/mailauthctl/opendkim\n"
				       "2 file " TABLE "\n"
				       "3 service postfix:/etc/filter\n"
				       "3 probe unix:/run/filter\n"
				       "4 file " MAIN_CF "\n"
				       "4 service postfix\n"
				       "4 probe 127.0.0.1:25\n"
				       "4 probe 127.0.0.1:587\n"
				       "5 file /etc/leaving goes\n";
	auto_buf first = BUF_INIT, second = BUF_INIT;
	auto_plan a = PLAN_INIT, b = PLAN_INIT;

	plan_all(&a);
	prune(*state, &a);
	describe(&a, &first);
	assert_string_equal(buf_text(&first), expected);
	plan_all(&b);
	prune(*state, &b);
	describe(&b, &second);
	assert_string_equal(buf_text(&second), expected);
}

static void plan_start(struct plan *plan)
{
	*plan = PLAN_INIT;
	plan_service(plan, RANK_PROVIDERS, "opendkim", SERVICE_RELOAD, 0);
	plan_service(plan, RANK_PROVIDERS, "opendkim", SERVICE_START, 0);
	plan_service(plan, RANK_PROVIDERS, "opendkim", SERVICE_RESTART, 0);
}

static void test_prune_services(void **state)
{
	auto_plan start = PLAN_INIT, probe = PLAN_INIT, due = PLAN_INIT;

	plan_start(&start);
	prune(*state, &start);
	assert_int_equal(start.count, 1);
	assert_int_equal(start.step[0].action, SERVICE_START);
	plan_probe(&probe, RANK_CONSUMERS, PROBE_SMTP, "127.0.0.1:25", 0);
	prune(*state, &probe);
	assert_int_equal(probe.count, 0);
	plan_service(&due, RANK_CONSUMERS, "postfix", SERVICE_RELOAD, 4);
	plan_file(&due, RANK_TABLES, "/etc/x", "x", 1, FILE_META_KEEP, 3);
	prune(*state, &due);
	assert_int_equal(due.count, 1);
}

static void test_prune_folders(void **state)
{
	struct host *host = *state;
	auto_plan full = PLAN_INIT, empty = PLAN_INIT;

	plan_mkdir(&full, RANK_LEFTOVERS, "/etc/dkimkeys/example.org", FILE_META_KEEP)
		->is_present = false;
	prune(host, &full);
	assert_int_equal(full.count, 0); /* a file is in it */
	plan_mkdir(&empty, RANK_LEFTOVERS, "/etc/dkimkeys", FILE_META_KEEP)->is_present =
		false;
	plan_mkdir(&empty, RANK_LEFTOVERS, "/etc/dkimkeys/example.org", FILE_META_KEEP)
		->is_present = false;
	plan_remove(&empty, RANK_LEFTOVERS, OLD_KEY, 0);
	prune(host, &empty);
	assert_int_equal(empty.count, 3);
}

static void test_prune_refuses(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	auto_plan twice = PLAN_INIT, link = PLAN_INIT;
	auto_free char *path = xasprintf("%s/etc/link", host->root);

	plan_file(&twice, RANK_DATA, "/etc/x", "1", 1, FILE_META_KEEP, 0);
	plan_remove(&twice, RANK_DATA, "/etc/x", 0);
	assert_int_equal(plan_prune(&host->ctx, &twice, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "planned twice"));
	assert_int_equal(symlink("leaving", path), 0);
	plan_file(&link, RANK_DATA, "/etc/link", "1", 1, FILE_META_KEEP, 0);
	assert_int_equal(plan_prune(&host->ctx, &link, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "not a regular file"));
}

static void test_show(void **state)
{
	auto_plan plan = PLAN_INIT;
	auto_buf out = BUF_INIT;

	plan_all(&plan);
	prune(*state, &plan);
	plan_note(&plan, "take care of %s", "this");
	plan_show(&plan, false, &out);
	assert_non_null(strstr(buf_text(&out), "-# by hand\n+milter\n"));
	assert_non_null(strstr(buf_text(&out), "# " OLD_KEY ": private key, replaced\n"));
	assert_non_null(strstr(buf_text(&out),
	                       "--- /etc/leaving\n+++ /dev/null\n@@ -1,1 +0,0 @@"));
	assert_non_null(strstr(buf_text(&out), "# postfix: reload\n"));
	assert_non_null(strstr(buf_text(&out), "note: take care of this\n"));
	assert_null(strstr(buf_text(&out), "SECRET"));
}

static void test_diff(void **state)
{
	static const struct {
		const char *old, *new_text, *expected;
	} rows[] = {
		{ "a\n", "a\n", "" },
		{ "", "a\n", "@@ -0,0 +1,1 @@\n+a\n" },
		{ "a\n", "", "@@ -1,1 +0,0 @@\n-a\n" },
		{ "a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n" },
		{ "a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n" },
		{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\nx\n9\n",
		  "@@ -6,4 +6,5 @@\n 6\n 7\n 8\n+x\n 9\n" },
		{ "a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\n8\nB\n",
		  "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
		  "@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-b\n+B\n" },
		{ "a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
		  "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;

		diff_unified(rows[i].old, strlen(rows[i].old), rows[i].new_text,
		             strlen(rows[i].new_text), false, &out);
		assert_string_equal(buf_text(&out), rows[i].expected);
	}
}

/* ---- engine -------------------------------------------------------------------------------------- */

static void test_apply(void **state)
{
	struct host *host = *state;
	auto_plan again = PLAN_INIT;
	auto_free char *after = NULL;
	struct file_info info;
	struct err err = ERR_INIT;
	int64_t secrets;

	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
	assert_state(host, "done");
	assert_string_equal(
		buf_text(&world.runs),
		"postfix -c /etc/filter reload;postfix -c /etc/postfix reload;");
	assert_string_equal(
		buf_text(&world.probes),
		"milter:unix:/run/filter;smtp:127.0.0.1:25;smtp:127.0.0.1:587;");
	plan_all(&again);
	prune(host, &again);
	assert_int_equal(again.count, 0);
	after = snapshot(host);
	assert_null(strstr(after, "mailauthctl-"));
	assert_null(strstr(after, "/etc/leaving"));
	assert_non_null(strstr(after, "OTHER SECRET"));
	assert_int_equal(file_look(&host->ctx, MAIN_CF, false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0640);
	assert_int_equal(
		store_get_int(host->target, &secrets, &err,
	                      "SELECT count(*) FROM blob WHERE octets LIKE '%SECRET%'",
	                      ""),
		1);
	assert_int_equal(secrets, 0);
}

static void test_not_running(void **state)
{
	world.down = "/etc/postfix";
	assert_int_equal(push_plan_of(*state, plan_all, NULL), 0);
	assert_string_equal(buf_text(&world.runs), "postfix -c /etc/filter reload;");
	assert_string_equal(buf_text(&world.probes), "milter:unix:/run/filter;");
	assert_non_null(strstr(buf_text(&world.reports), "postfix does not run"));
}

static void test_probe_is_repeated(void **state)
{
	world.bad_probes = 2;
	assert_int_equal(push_plan_of(*state, plan_all, NULL), 0);
	assert_string_equal(
		buf_text(&world.probes),
		"milter:unix:/run/filter;milter:unix:/run/filter;"
		"milter:unix:/run/filter;smtp:127.0.0.1:25;smtp:127.0.0.1:587;");
}

static void test_undo(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	char text[2048];

	world.fail_on = "/etc/postfix reload";
	assert_int_equal(push_plan_of(host, plan_all, text), ERR_FAILED);
	assert_non_null(strstr(text, "it does not want to"));
	assert_non_null(strstr(text, "old configuration is in force"));
	assert_same_tree(host, before);
	assert_state(host, "undone");
	assert_string_equal(
		buf_text(&world.runs),
		"postfix -c /etc/filter reload;postfix -c /etc/postfix reload;"
		"postfix -c /etc/postfix reload;postfix -c /etc/filter reload;");
}

static void test_edited_before_switch(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	auto_free char *before = NULL;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	plan_all(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	put(host->root, MAIN_CF, "edited by hand\n", 0640);
	before = snapshot(host);
	assert_int_equal(engine_switch(&engine, note_held, host, &err), ERR_FAILED);
	engine_done(&engine);
	assert_non_null(strstr(err.text, MAIN_CF " was changed by somebody else"));
	/* what was staged and the new folders are gone; the edit stays */
	assert_non_null(strstr(before, "mailauthctl-"));
	assert_state(host, "undone");
	free(before);
	before = snapshot(host);
	assert_null(strstr(before, "mailauthctl"));
	assert_null(strstr(before, "example.com/"));
	assert_non_null(strstr(before, "edited by hand"));
	assert_non_null(strstr(before, "OLD SECRET"));
}

static void test_abandon(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	plan_all(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	engine_abandon(&engine, "the change was not saved");
	engine_done(&engine);
	assert_same_tree(host, before);
	assert_state(host, "undone");
	assert_string_equal(buf_text(&world.runs), "");
}

static void test_stage_fails(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	auto_free char *before = NULL, *full = xasprintf("%s/etc/frozen", host->root);
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	put(host->root, "/etc/frozen", "old\n", 0644);
	plan_all(&plan);
	plan_file(&plan, RANK_LEFTOVERS, "/etc/frozen", "new\n", 4, FILE_META_KEEP, 0);
	prune(host, &plan);
	assert_int_equal(remove(full), 0);
	assert_int_equal(mkdir(full, 0755), 0); /* a folder cannot be replaced */
	before = snapshot(host);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err),
	                 ERR_FAILED);
	engine_done(&engine);
	assert_same_tree(host, before);
	assert_state(host, "undone");
}

/* ---- recovery ------------------------------------------------------------------------------------ */

enum crash { AT_PREPARED, AT_COMMAND };

/* A child does it and dies where `world.exit_on` says. */
static void crash(struct host *host, enum crash where)
{
	pid_t pid;
	int status;

	host_close(host);
	pid = fork();
	if (pid == 0) {
		auto_plan plan = PLAN_INIT;
		struct err err = ERR_INIT;
		struct engine engine = { 0 };

		host_open(host);
		engine = (struct engine){ .ctx = &host->ctx,
			                  .target = host->target,
			                  .plan = &plan };
		plan_all(&plan);
		prune(host, &plan);
		if (engine_prepare(&engine, (struct generation){ 1, 2 }, &err))
			_exit(1);
		if (where == AT_PREPARED)
			_exit(7);
		_exit(engine_switch(&engine, note_held, host, &err) ? 3 : 2);
	}
	assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	host_open(host);
}

static void test_recover(void **state)
{
	static const struct {
		const char *name;
		enum crash where;
		const char *exit_on, *fail_on, *state;
	} rows[] = {
		{ "prepared", AT_PREPARED, NULL, NULL, "prepared" },
		{ "providers", AT_COMMAND, "/etc/filter reload", NULL, "switching" },
		{ "consumers", AT_COMMAND, "/etc/postfix reload", NULL, "switching" },
		{ "probes", AT_COMMAND, "/etc/postfix reload", NULL, "switching" },
	};
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		world.exit_on = rows[i].exit_on;
		crash(host, rows[i].where);
		world.exit_on = NULL;
		assert_state(host, rows[i].state);
		assert_int_equal(recover_open_push(&host->ctx, host->target, false, &err),
		                 0);
		assert_state(host, "undone");
		assert_same_tree(host, before);
		/* idempotent, and nothing is open any more */
		assert_int_equal(recover_open_push(&host->ctx, host->target, false, &err),
		                 0);
		assert_same_tree(host, before);
	}
	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
}

/* Dies in the switch and again in the recovery's own service action. */
static void test_recover_twice(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	struct err err = ERR_INIT;
	pid_t pid;
	int status;

	world.exit_on = "/etc/postfix reload";
	crash(host, AT_COMMAND);
	host_close(host);
	pid = fork();
	if (pid == 0) {
		host_open(host);
		_exit(recover_open_push(&host->ctx, host->target, false, &err) ? 3 : 2);
	}
	assert_true(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
	host_open(host);
	assert_state(host, "undoing");
	world.exit_on = NULL;
	assert_int_equal(recover_open_push(&host->ctx, host->target, false, &err), 0);
	assert_same_tree(host, before);
	assert_string_equal(
		buf_text(&world.runs),
		"postfix -c /etc/postfix reload;postfix -c /etc/filter reload;");
}

static void test_recover_drift(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host), *after = NULL;
	struct err err = ERR_INIT;

	world.exit_on = "/etc/postfix reload";
	crash(host, AT_COMMAND);
	world.exit_on = NULL;
	put(host->root, MAIN_CF, "edited by hand\n", 0640);
	assert_int_equal(recover_open_push(&host->ctx, host->target, false, &err),
	                 ERR_FAILED);
	assert_non_null(strstr(buf_text(&world.reports), MAIN_CF));
	after = snapshot(host);
	assert_non_null(strstr(after, "edited by hand"));
	assert_non_null(strstr(after, "OLD SECRET"));
	assert_null(strstr(after, "mailauthctl"));
	assert_state(host, "undone");
	put(host->root, MAIN_CF, "myhostname = mx.example.com\n# by hand\n", 0640);
	assert_same_tree(host, before);
}

static void test_recover_force(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	struct err err = ERR_INIT;

	world.exit_on = "/etc/postfix reload";
	crash(host, AT_COMMAND);
	world.exit_on = NULL;
	put(host->root, MAIN_CF, "edited by hand\n", 0640);
	assert_int_equal(recover_open_push(&host->ctx, host->target, true, &err), 0);
	assert_same_tree(host, before);
}

static void test_recover_ending(void **state)
{
	struct host *host = *state;
	auto_free char *after = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
	after = snapshot(host);
	put(host->root, "/etc/leaving.mailauthctl-old", "goes away\n", 0604);
	put(host->root, OLD_KEY ".mailauthctl-old", "OLD SECRET\n", 0600);
	assert_int_equal(journal_move(host->target, 1, PUSH_ENDING, -1, NULL, &err), 0);
	assert_int_equal(recover_open_push(&host->ctx, host->target, false, &err), 0);
	assert_state(host, "done");
	assert_same_tree(host, after);
}

static void test_reload_command(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	engine.reload = xstrdup("docker kill -s HUP \"my mail\"");
	plan_all(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	assert_int_equal(engine_switch(&engine, note_held, host, &err), 0);
	engine_done(&engine);
	assert_string_equal(buf_text(&world.runs),
	                    "docker kill -s HUP my mail;docker kill -s HUP my mail;");
}

/* ---- what is ours ------------------------------------------------------------------------------- */

static void test_removal(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	auto_free char *after = NULL;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
	put(host->root, TABLE, "edited\n", 0640);
	assert_int_equal(held_plan_removal(&host->ctx, host->target, false, &plan, &err),
	                 0);
	assert_int_equal(plan.notes, 1);
	assert_non_null(strstr(plan.note[0], TABLE " was edited"));
	plan_done(&plan);
	assert_int_equal(held_plan_removal(&host->ctx, host->target, true, &plan, &err),
	                 0);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	assert_int_equal(engine_switch(&engine, note_held, host, &err), 0);
	engine_done(&engine);
	after = snapshot(host);
	assert_null(strstr(after, "mailauthctl"));
	assert_null(strstr(after, "example.com "));
	assert_non_null(strstr(after, MAIN_CF " 100640 0:0 myhostname"));
}

static void test_notes_edits(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
	put(host->root, TABLE, "edited\n", 0640);
	put(host->root, MAIN_CF, "edited, as is an admin's right\n", 0640);
	plan_all(&plan);
	prune(host, &plan);
	assert_int_equal(held_note_edits(host->target, &plan, &err), 0);
	assert_int_equal(plan.notes, 1);
	assert_non_null(strstr(plan.note[0], TABLE));
}

static int pushes;

static void plan_counter(struct plan *plan)
{
	auto_free char *text = xasprintf("push %d\n", pushes);

	*plan = PLAN_INIT;
	plan_file(plan, RANK_TABLES, MAIN_CF, text, strlen(text), FILE_META_KEEP, 0);
}

static void test_history(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	int64_t count = 0;

	for (pushes = 0; pushes < 13; pushes++)
		assert_int_equal(push_plan_of(host, plan_counter, NULL), 0);
	assert_int_equal(store_get_int(host->target, &count, &err,
	                               "SELECT count(*) FROM push", ""),
	                 1);
	assert_int_equal(count, 10);
	/* ten new contents, the oldest one's old content, and the base */
	assert_int_equal(store_get_int(host->target, &count, &err,
	                               "SELECT count(*) FROM blob", ""),
	                 1);
	assert_int_equal(count, 12);
}

static void plan_many(struct plan *plan)
{
	*plan = PLAN_INIT;
	for (int i = 0; i < 40; i++) {
		auto_free char *path = xasprintf("/etc/many/%d/key", i);

		plan_file(plan, RANK_DATA, path, "SECRET", 6, meta_600, 0)->is_secret =
			true;
	}
}

static void test_many(void **state)
{
	struct host *host = *state;
	auto_plan again = PLAN_INIT;

	assert_int_equal(push_plan_of(host, plan_many, NULL), 0);
	plan_many(&again);
	prune(host, &again);
	assert_int_equal(again.count, 0);
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_prune),
		ROW(test_prune_services),
		ROW(test_prune_folders),
		ROW(test_prune_refuses),
		ROW(test_show),
		cmocka_unit_test(test_diff),
		ROW(test_apply),
		ROW(test_not_running),
		ROW(test_probe_is_repeated),
		ROW(test_undo),
		ROW(test_edited_before_switch),
		ROW(test_abandon),
		ROW(test_stage_fails),
		ROW(test_recover),
		ROW(test_recover_twice),
		ROW(test_recover_drift),
		ROW(test_recover_force),
		ROW(test_recover_ending),
		ROW(test_reload_command),
		ROW(test_removal),
		ROW(test_notes_edits),
		ROW(test_history),
		ROW(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
