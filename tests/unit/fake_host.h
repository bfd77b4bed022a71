/*
 * tests/unit/fake_host.h: a mail host in a temporary folder: its file tree, its services (a recorder
 * in place of every process) and its probes.  Included by the tests of the push, once each.
 */
#ifndef TESTS_UNIT_FAKE_HOST_H
#define TESTS_UNIT_FAKE_HOST_H

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
#include "core/mta/engine/engine.h"
#include "core/mta/engine/owned.h"
#include "core/mta/engine/owned_file.h"
#include "core/mta/engine/recover.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/desired.h"
#include "core/mta/plan/diff.h"
#include "core/mta/plan/step.h"
#include "core/mta/probe/milter.h"
#include "core/mta/probe/policy_probe.h"
#include "core/mta/probe/smtp_probe.h"
#include "core/mta/push/drift.h"
#include "tests/unit/leaks.h"

#define MAIN_CF "/etc/postfix/main.cf"
#define TABLE "/etc/mailauthctl/opendkim/KeyTable"
#define KEY "/etc/dkimkeys/example.com/s1.private"
#define OLD_KEY "/etc/dkimkeys/example.org/s0.private"

/* ---- what stands in for the world outside ----------------------------------------------------- */

static struct {
	struct buf runs;   /* "postfix -c /etc/postfix reload;" ... */
	struct buf probes; /* "smtp:127.0.0.1:25;" ... */
	struct buf reports;
	struct buf
		actions; /* what mta.reload is told: "MAILAUTHCTL_ACTIONS=reload=postfix;" */
	struct buf filter;   /* whether it finds its table and its key when told: "11;" */
	const char *fail_on; /* a command that holds this text exits 1 */
	const char *exit_on; /* ... ends this process, as a kill would */
	const char *edit_on; /* ... changes /etc/postfix/main.cf */
	const char *down;    /* this service does not run: "postfix" */
	int bad_probes;      /* so many probes fail first; -1: all */
} world;

static int ask_milter(struct ctx *ctx, const struct step *step, int64_t deadline,
                      struct err *err)
{
	(void)ctx, (void)deadline;
	buf_printf(&world.probes, "milter:%s;", step->object);
	if (world.bad_probes == 0)
		return 0;
	world.bad_probes -= world.bad_probes > 0;
	return err_set(err, ERR_FAILED, "nobody answers at %s", step->object);
}

static int ask_smtp(struct ctx *ctx, const struct step *step, int64_t deadline,
                    struct err *err)
{
	(void)ctx, (void)deadline, (void)err;
	buf_printf(&world.probes, "smtp:%s;", step->object);
	return 0;
}

__attribute__((unused)) static int ask_policy(struct ctx *ctx, const struct step *step,
                                              int64_t deadline, struct err *err)
{
	(void)ctx, (void)deadline, (void)err;
	buf_printf(&world.probes, "policy:%s;", step->object);
	return 0;
}

static void show_none(const struct step *step, struct buf *out)
{
	(void)step, (void)out;
}

/* In place of the rows of the same names: the linker takes these. */
const struct probe_type milter_probe = { .name = "milter",
	                                 .ask = ask_milter,
	                                 .show = show_none,
	                                 .asks_on_undo = true,
	                                 .is_filters = true };
const struct probe_type milter_sign_probe = {
	.name = "milter-sign",
	.question = QUESTION_TEXTS(struct milter_sign_question),
	.ask = ask_milter,
	.show = show_none,
	.is_filters = true,
};
const struct probe_type milter_verify_probe = {
	.name = "milter-verify",
	.question = QUESTION_TEXTS(struct milter_verify_question),
	.ask = ask_milter,
	.show = show_none,
	.is_filters = true,
};
const struct probe_type milter_dmarc_probe = {
	.name = "milter-dmarc",
	.question = QUESTION_TEXTS(struct milter_verify_question),
	.ask = ask_milter,
	.show = show_none,
	.is_filters = true,
};
const struct probe_type milter_guard_probe = {
	.name = "milter-guard",
	.question = QUESTION(struct milter_guard_question, has_dmarc),
	.ask = ask_milter,
	.show = show_none,
	.is_filters = true,
};
const struct probe_type smtp_probe = {
	.name = "smtp",
	.question = QUESTION(struct smtp_question, depth),
	.ask = ask_smtp,
	.show = show_none,
	.asks_on_undo = true,
};
const struct probe_type smtp_proxy_probe = {
	.name = "smtp-proxy",
	.question = QUESTION(struct smtp_question, depth),
	.ask = ask_smtp,
	.show = show_none,
	.asks_on_undo = true,
};
#ifndef REAL_POLICY_PROBE /* its file has what doctor asks, too */
const struct probe_type policy_probe = { .name = "policy",
	                                 .ask = ask_policy,
	                                 .show = show_none };
#endif
__attribute__((unused)) static void put(const char *root, const char *path,
                                        const char *text, mode_t mode)
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

static bool stands(const char *root, const char *path)
{
	auto_free char *full = xasprintf("%s%s", root, path);

	return access(full, F_OK) == 0;
}

__attribute__((unused)) static int fake_run(struct ctx *ctx, const struct run_spec *spec,
                                            struct run_result *ret, struct err *err)
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
	if (spec->env && spec->env[0])
		buf_printf(&world.actions, "%s;", spec->env[0]);
	if (strstr(buf_text(&line), "/etc/filter"))
		buf_printf(&world.filter, "%d%d;", stands(ctx->root, TABLE),
		           stands(ctx->root, KEY));
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

__attribute__((unused)) static void take_report(void *arg, enum report_level level,
                                                const char *text)
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

__attribute__((unused)) static void host_open(struct host *host)
{
	struct err err = ERR_INIT;

	assert_int_equal(ctx_init(&host->ctx, host->root, &err), 0);
	host->ctx.is_rooted = false; /* services and probes are ours */
	host->ctx.run = fake_run;
	host->ctx.report = take_report;
	assert_int_equal(target_open(&host->ctx, true, true, &host->target, &err), 0);
}

__attribute__((unused)) static void host_close(struct host *host)
{
	store_close(host->target);
	host->target = NULL;
	ctx_done(&host->ctx);
}

__attribute__((unused)) static int setup(void **state)
{
	struct host *host = xcalloc(1, sizeof(*host));

	umask(077);
	leaks_note();
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

__attribute__((unused)) static int remove_one(const char *path, const struct stat *st,
                                              int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

__attribute__((unused)) static int teardown(void **state)
{
	struct host *host = *state;

	host_close(host);
	nftw(host->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	buf_done(&world.runs);
	buf_done(&world.probes);
	buf_done(&world.reports);
	buf_done(&world.filter);
	buf_done(&world.actions);
	free(host);
	return leaks_check();
}

static struct buf tree;
__attribute__((unused)) static size_t tree_root;

__attribute__((unused)) static int show_one(const char *path, const struct stat *st,
                                            int type, struct FTW *ftw)
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

__attribute__((unused)) static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every path with mode, owner and content, but for the journal's folder.  Caller frees. */
__attribute__((unused)) static char *snapshot(struct host *host)
{
	struct buf sorted = BUF_INIT;
	char *line[512], *save = NULL;
	size_t count = 0;

	tree = BUF_INIT;
	tree_root = strlen(host->root);
	assert_int_equal(nftw(host->root, show_one, 16, FTW_PHYS), 0);
	for (char *at = strtok_r(tree.at, "\n", &save); at;
	     at = strtok_r(NULL, "\n", &save))
		line[count++] = at;
	qsort(line, count, sizeof(*line), by_line);
	for (size_t i = 0; i < count; i++)
		if (strncmp(line[i], "/var ", 5) != 0)
			buf_printf(&sorted, "%s\n", line[i]);
	buf_done(&tree);
	return buf_take(&sorted);
}

static const struct file_meta meta_640 = { 0640, FILE_KEEP_UID, FILE_KEEP_GID };
static const struct file_meta meta_600 = { 0600, FILE_KEEP_UID, FILE_KEEP_GID };

/* One of everything. */
__attribute__((unused)) static void plan_all(struct plan *plan)
{
	struct step *step;

	*plan = PLAN_INIT;
	plan_file(plan, RANK_CONSUMERS, MAIN_CF, "milter\n", 7, FILE_META_KEEP, 1);
	plan_service(plan, RANK_CONSUMERS, "postfix", SERVICE_RELOAD, 1);
	plan_probe(plan, RANK_CONSUMERS, &smtp_probe, NULL, "127.0.0.1:25", 1);
	plan_mkdir(plan, RANK_DATA, "/etc/dkimkeys/example.com",
	           (struct file_meta){ 0700, FILE_KEEP_UID, FILE_KEEP_GID });
	step = plan_file(plan, RANK_DATA, KEY, "NEW SECRET\n", 11, meta_600, 0);
	step->is_secret = true;
	step->domain = xstrdup("example.com");
	step = plan_file(plan, RANK_DATA, OLD_KEY, "OTHER SECRET\n", 13, meta_600, 0);
	step->is_secret = true;
	plan_file(plan, RANK_TABLES, TABLE, "s1 example.com\n", 15, meta_640, 2);
	plan_service(plan, RANK_PROVIDERS, "postfix:/etc/filter", SERVICE_RELOAD, 2);
	plan_probe(plan, RANK_PROVIDERS, &milter_probe, NULL, "unix:/run/filter", 2);
	plan_remove(plan, RANK_LEFTOVERS, "/etc/leaving", 0);
	plan_probe(plan, RANK_CONSUMERS, &smtp_probe, NULL, "127.0.0.1:587", 0);
}

__attribute__((unused)) static void prune(struct host *host, struct plan *plan)
{
	struct err err = ERR_INIT;

	assert_int_equal(plan_prune(&host->ctx, plan, &err), 0);
}

__attribute__((unused)) static int note_owned(void *arg, int64_t push_id, struct err *err)
{
	struct host *host = arg;

	return owned_update(
		&(struct step_run){ .ctx = &host->ctx, .target = host->target }, push_id,
		err);
}

/* Plans, prepares and switches; the error's text is left in `text`. */
__attribute__((unused)) static int push_plan_of(struct host *host,
                                                void (*make)(struct plan *), char *text)
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
		rc = engine_switch(&engine, note_owned, host, &err);
	engine_done(&engine);
	if (text)
		strcpy(text, err.text);
	return rc;
}

__attribute__((unused)) static char *last_state(struct host *host)
{
	struct err err = ERR_INIT;
	char *state = NULL;

	assert_int_equal(store_get_text(host->target, &state, &err,
	                                "SELECT state FROM push ORDER BY id DESC LIMIT 1",
	                                ""),
	                 1);
	return state;
}

__attribute__((unused)) static void assert_state(struct host *host, const char *expected)
{
	auto_free char *state = last_state(host);

	assert_string_equal(state, expected);
}

__attribute__((unused)) static void assert_same_tree(struct host *host,
                                                     const char *before)
{
	auto_free char *after = snapshot(host);

	assert_string_equal(after, before);
}

#endif
