/*
 * One run: command line -> context -> locks and store -> handler -> commit, push, export -> exit
 * status.  Locks are taken in the order export, target, store; messages wait for the commit.
 */
#include "cli/app/app_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/app/spf_targets.h"
#include "core/base/alloc.h"
#include "core/base/library.h"
#include "core/base/signals.h"

static int run_row(struct app *app, void *arg, struct err *err)
{
	(void)arg;
	return app->row->run(app, err);
}

/* Without one of them a change would fail after it was saved: at its export, or when it is shown. */
static void check_libraries(const struct app *app)
{
	library_check(LIBRARY_CRYPTO);
	library_check(LIBRARY_LDNS);
	if (app->opt.format == OUT_FORMAT_JSON)
		library_check(LIBRARY_JANSSON);
	if (app->opt.format == OUT_FORMAT_TABLE)
		library_check(LIBRARY_SMARTCOLS);
}

static int run_command(struct app *app, struct err *err)
{
	unsigned needs = app->row->needs;
	if (needs & (NEED_CHANGE | NEED_STORE_WRITE))
		check_libraries(app);
	int r = caller_takes_input(app->args) ? caller_read_input(app->caller, err) : 0;
	if (r >= 0 && app->row->check)
		r = app->row->check(app, err);
	if (r >= 0 && needs & NEED_EXPORT && needs & NEED_CHANGE)
		r = app_take_export_lock(app, err);
	if (r < 0)
		return r;
	if (needs & NEED_CHANGE) {
		r = app_change(app, needs, run_row, NULL, err);
	} else {
		if (needs & NEED_STORE_WRITE)
			r = app_open_to_read(app, err);
		else if (needs & NEED_STORE_READ)
			r = app_read_store(app, err);
		if (r >= 0)
			r = app->row->run(app, err);
	}
	/* with the names of this change only: the rest is cron's */
	if (r >= 0)
		r = app_export_now(app, err);
	lock_free(app->export_lock);
	app->export_lock = NULL;
	/* DNS is asked when no lock is held any more */
	if (r >= 0 && app->begins_to_refuse)
		spf_targets_warn_of_silence(app);
	return r;
}

static int set_up(struct app *app, struct err *err)
{
	int r = ctx_init(&app->ctx, app->opt.root, err);
	if (r < 0)
		return r;
	app->ctx.report = app_report;
	app->ctx.report_arg = app;
	app->ctx.wait_seconds = app->opt.wait_seconds;
	if (app->caller->account) {
		free(app->ctx.actor);
		app->ctx.actor = xstrdup(app->caller->account);
	}
	if (app_is_customer(app))
		app->ctx.uid = app->caller->uid;
	free(app->ctx.command);
	app->ctx.command = xstrdup(app->row->words);
	r = app_db_path(&app->ctx, app->opt.db, &app->db_path, err);
	if (r < 0)
		return r;
	bool is_coloured = !app->opt.is_colour_off && out_can_colour(stdout);
	app->out =
		out_new(app->opt.format, stdout, is_coloured, caller_width(app->caller));
	return 0;
}

static void tear_down(struct app *app)
{
	out_free(app->out);
	store_close(app->store);
	env_done(&app->env);
	secret_done(&app->typed_secret);
	free(app->typed_data);
	lock_free(app->export_lock);
	names_done(&app->exports);
	free(app->message);
	for (size_t i = 0; i < app->said_count; i++)
		free(app->said[i]);
	free(app->db_path);
	ctx_done(&app->ctx);
}

/* One table from results to exit statuses (design 3). */
static int exit_status(int result, bool has_failed, bool has_found)
{
	if (result == ERR_USAGE)
		return 2;
	if (result < 0 || has_failed)
		return 1;
	return has_found ? 3 : 0;
}

static int print_answer(const struct command_call *call)
{
	fputs(buf_text(&call->text), stdout);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "mailauthctl: %s: %s\n",
		        _("cannot write to standard output"), strerror(errno));
		return 1;
	}
	return 0;
}

static int run_line(struct app *app, const struct command_group *groups, int argc,
                    char **argv)
{
	cleanup(command_call_done) struct command_call call = COMMAND_CALL_INIT;
	struct err err = ERR_INIT;
	signals_init();
	call.topics = app->topics;
	int r = command_dispatch(groups, argc, argv, &call, &err);
	if (r >= 0 && call.kind == COMMAND_ANSWER)
		return print_answer(&call);
	if (r >= 0)
		r = caller_check(app->caller, call.row, &call.args, &err);
	if (r >= 0)
		r = args_globals(&call.args, &app->opt, &err);
	app->row = call.row;
	app->args = &call.args;
	if (r >= 0)
		r = set_up(app, &err);
	if (r >= 0)
		r = run_command(app, &err);
	if (app->out) {
		struct err write_error = ERR_INIT;
		if (out_finish(app->out, &write_error) < 0 && r >= 0) {
			err = write_error;
			r = err.code;
		}
	}
	if (r < 0 && r != ERR_REPORTED && *err.text)
		fprintf(stderr, "mailauthctl: %s\n", err.text);
	if (r == ERR_USAGE)
		fputs(buf_text(&call.text), stderr);
	tear_down(app);
	return exit_status(r, app->has_failed, app->has_found);
}

int app_main(struct caller *caller, const struct command_group *groups,
             const struct help_topic *topics, int argc, char **argv)
{
	struct app app = { .ctx = { .root_fd = -1 }, .caller = caller, .topics = topics };
	int status = 1;
	if (caller->refusal.code)
		fprintf(stderr, "mailauthctl: %s\n", caller->refusal.text);
	else
		status = run_line(&app, groups, argc, argv);
	/* every lock is free by now */
	if (!caller_done(caller) && status == 0)
		status = 1;
	return status;
}
