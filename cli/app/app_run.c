/* One run: command line -> session -> handler -> commit, push, export -> exit status. */
#include "cli/app/app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/app/dry_run.h"
#include "cli/app/spf_targets.h"
#include "core/base/alloc.h"
#include "core/base/library.h"
#include "core/base/signals.h"
#include "core/job/change_push.h"
#include "core/job/export_activate.h"

/* ---- what the session reports ---------------------------------------------------------------- */

static void print_message(void *arg, enum report_level level, const char *text)
{
	const struct app *app = arg;
	if ((level == REPORT_NOTE && app->opt.is_quiet) ||
	    (level == REPORT_VERBOSE && !app->opt.is_verbose))
		return;
	fprintf(stderr, "mailauthctl: %s%s\n",
	        level == REPORT_WARNING ? _("warning: ") : "", text);
}

static void log_message(void *arg, const char *text)
{
	const struct app *app = arg;
	openlog("mailauthctl", LOG_PID, LOG_MAIL);
	syslog(LOG_WARNING, "%s: %s: %s", app->session.customer, app->row->words, text);
	closelog();
}

static void show_progress(void *arg, const char *label, size_t done, size_t total)
{
	struct app *app = arg;
	if (!label) {
		if (app->bar)
			progress_clear(app->bar);
		return;
	}
	if (app->bar && strcmp(label, app->bar_label) != 0) {
		progress_free(app->bar);
		app->bar = NULL;
	}
	if (!app->bar)
		app->bar = progress_new(stderr, label, total, app->opt.is_quiet);
	app->bar_label = label;
	progress_set(app->bar, done);
	if (done >= total) {
		progress_free(app->bar);
		app->bar = NULL;
	}
}

/* ---- a command ------------------------------------------------------------------------------- */

static int run_row(struct session *session, void *arg, struct err *err)
{
	struct app *app = arg;
	(void)session;
	return app->row->run(app, err);
}

/* Otherwise a missing library would end the program after the change was saved: during its export,
 * or when the result is printed. */
static void check_libraries(const struct app *app)
{
	library_check(LIBRARY_CRYPTO);
	library_check(LIBRARY_LDNS);
	if (app->opt.format == OUT_FORMAT_JSON)
		library_check(LIBRARY_JANSSON);
}

static int run_command(struct app *app, struct err *err)
{
	struct session *session = &app->session;
	unsigned needs = app->row->needs;
	if (needs & (NEED_CHANGE | NEED_STORE_WRITE))
		check_libraries(app);
	int r = caller_takes_input(app->args) ? caller_read_input(app->caller, err) : 0;
	if (r >= 0 && app->row->check)
		r = app->row->check(app, err);
	if (r >= 0 && needs & NEED_EXPORT && needs & NEED_CHANGE)
		r = session_take_export_lock(session, err);
	if (r < 0)
		return r;
	if (needs & NEED_CHANGE) {
		r = change_push_run(session,
		                    needs & NEED_PUSH ? CHANGE_PUSHED : CHANGE_SAVED,
		                    run_row, app, err);
	} else {
		if (needs & NEED_STORE_WRITE)
			r = session_open_to_read(session, err);
		else if (needs & NEED_STORE_READ)
			r = session_read_store(session, err);
		if (r >= 0)
			r = app->row->run(app, err);
	}
	/* only the zones of this change: cron exports the others */
	if (r >= 0 || r == ERR_REPORTED) {
		int exported = export_activate_later(session, err);
		r = exported < 0 ? exported : r;
	}
	session_drop_export_lock(session);
	/* no lock is held while DNS is queried */
	if (r >= 0 && session->begins_to_refuse)
		spf_targets_warn_of_silence(app);
	return r;
}

static int set_up(struct app *app, struct err *err)
{
	struct session *session = &app->session;
	int r = session_init(session, app->opt.root, err);
	if (r < 0)
		return r;
	session->observer = (struct session_observer){
		.arg = app,
		.message = print_message,
		.log = log_message,
		.progress = show_progress,
		.preview = dry_run_show,
		.export_preview = dry_run_show_export,
	};
	session->is_dry_run = app->opt.is_dry_run;
	session->is_push_off = app->opt.is_push_off;
	session->is_quiet = app->opt.is_quiet;
	session->is_interactive = isatty(STDERR_FILENO);
	session->ctx.wait_seconds = app->opt.wait_seconds;
	if (app->caller->account) {
		free(session->ctx.actor);
		session->ctx.actor = xstrdup(app->caller->account);
	}
	if (app->caller->is_customer) {
		session->customer = app->caller->account;
		session->ctx.uid = app->caller->uid;
	}
	free(session->ctx.command);
	session->ctx.command = xstrdup(app->row->words);
	r = app_db_path(&session->ctx, app->opt.db, &session->db_path, err);
	if (r < 0)
		return r;
	bool is_coloured = !app->opt.is_colour_off && out_can_colour(stdout);
	app->out =
		out_new(app->opt.format, stdout, is_coloured, caller_width(app->caller));
	return 0;
}

static void tear_down(struct app *app)
{
	progress_free(app->bar);
	out_free(app->out);
	for (size_t i = 0; i < app->pair_count; i++)
		free(app->pair[i].text);
	free(app->pair);
	secret_done(&app->typed_secret);
	free(app->typed_data);
	session_done(&app->session);
}

/* One table from results to exit statuses. */
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
	struct app app = { .session = SESSION_INIT, .caller = caller, .topics = topics };
	int status = 1;
	if (caller->refusal.code)
		fprintf(stderr, "mailauthctl: %s\n", caller->refusal.text);
	else
		status = run_line(&app, groups, argc, argv);
	/* every lock has been released */
	if (!caller_done(caller) && status == 0)
		status = 1;
	return status;
}
