/* `mta history`: the recorded pushes, and what each changed. */
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/engine/history.h"
#include "core/mta/engine/journal.h"
#include "core/mta/host/service.h"
#include "core/mta/plan/diff.h"
#include "core/mta/plan/step.h"

/* ---- one push in a few words ------------------------------------------------------------------ */

struct words {
	char **text;
	size_t count, room;
};

static void words_done(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->text[i]);
	free(words->text);
}

static void words_take(struct words *words, char *text)
{
	GROW(words->text, words->count, words->room);
	words->text[words->count++] = text;
}

/* A table has room for a few names, and their folder is the usual one. */
static void put_some_words(struct out *out, const struct words *words)
{
	enum { SOME = 3 };
	const char *texts[SOME + 1];
	size_t count = words->count <= SOME + 1 ? words->count : SOME;
	auto_free char *more = NULL;
	for (size_t i = 0; i < count; i++)
		texts[i] = text_starts(words->text[i], "/etc/") ? words->text[i] + 5
		                                                : words->text[i];
	if (count < words->count) {
		more = xasprintf(_("%zu more"), words->count - count);
		texts[count++] = more;
	}
	out_list(out, texts, count);
}

static void put_words(struct out *out, const struct words *words)
{
	auto_free const char **texts = xcalloc(words->count + 1, sizeof(*texts));
	for (size_t i = 0; i < words->count; i++)
		texts[i] = words->text[i];
	out_list(out, texts, words->count);
}

struct summary {
	struct words files, services;
	size_t secrets_added, secrets_removed; /* a replaced line counts for both */
};

#define auto_summary cleanup(summary_done) struct summary
static void summary_done(struct summary *summary)
{
	words_done(&summary->files);
	words_done(&summary->services);
}

static void count_lines(const struct step *step, size_t *ret_removed, size_t *ret_added)
{
	diff_count(buf_text(&step_old(step)->content), step_old(step)->content.len,
	           buf_text(step_text(step)), step_text(step)->len, ret_removed,
	           ret_added);
}

/* "/etc/postfix/main.cf +4 -1" */
static void take_counts(struct words *words, const char *what, size_t added,
                        size_t removed)
{
	auto_free char *plus = added ? xasprintf(" +%zu", added) : xstrdup("");
	auto_free char *minus = removed ? xasprintf(" -%zu", removed) : xstrdup("");
	words_take(words, xasprintf("%s%s%s", what, plus, minus));
}

/* A file, or a setting of a remote server. */
static bool has_content(const struct step *step)
{
	return step_is_file(step) || step->server;
}

static void sum_up_content(struct summary *summary, const struct step *step)
{
	auto_buf room = BUF_INIT;
	size_t removed, added;
	if (step->is_secret && step->server) {
		words_take(&summary->files, xstrdup(step_title(step, &room)));
		return;
	}
	if (step->is_secret) {
		summary->secrets_added += step->is_present;
		summary->secrets_removed += step->had_old;
		return;
	}
	count_lines(step, &removed, &added);
	if (step_is_file(step) && step->had_old && step->is_present && !added && !removed)
		words_take(&summary->files,
		           xasprintf(_("%s (mode or owner)"), step->object));
	else
		take_counts(&summary->files, step_title(step, &room), added, removed);
}

static int sum_up_step(void *arg, const struct step *step, struct err *err)
{
	struct summary *summary = arg;
	(void)err;
	if (has_content(step))
		sum_up_content(summary, step);
	else if (step_types[step->kind]->phase == PHASE_TELL)
		words_take(&summary->services,
		           xasprintf("%s %s", service_action_name(step->action),
		                     step->object));
	return 0;
}

static int sum_up(struct store *target, int64_t id, struct summary *summary,
                  struct err *err)
{
	int r = history_steps(target, id, sum_up_step, summary, err);
	if (r == 0 && (summary->secrets_added || summary->secrets_removed))
		take_counts(&summary->files, _("secret files"), summary->secrets_added,
		            summary->secrets_removed);
	return r;
}

static char *outcome_of(const struct history_row *row)
{
	if (row->state == PUSH_UNDONE)
		return xstrdup(_("undone"));
	if (row->state != PUSH_DONE && row->state != PUSH_ENDING)
		return xstrdup(_("interrupted"));
	if (row->kind == PUSH_KIND_REMOVE)
		return xstrdup(_("all removed"));
	if (row->result_of)
		return xasprintf(_("rolled back to %lld"), (long long)row->result_of);
	return xstrdup(_("done"));
}

static const struct out_column columns[] = {
	{ "id", N_("Push"), OUT_INT, 0 },
	{ "at", N_("When"), OUT_TIME, 0 },
	{ "actor", N_("Who"), OUT_TEXT, 0 },
	{ "command", N_("Command"), OUT_TEXT, 0 },
	{ "outcome", N_("Outcome"), OUT_TEXT, 0 },
	{ "result_of", NULL, OUT_INT, OUT_HIDE_TABLE },
	{ "changed", N_("Changed"), OUT_LIST, OUT_WRAP },
	{ "services", N_("Services"), OUT_LIST, OUT_WRAP },
	{ "why", N_("Reason"), OUT_TEXT, OUT_WRAP },
};

struct showing {
	struct app *app;
	struct store *target;
	struct buf diffs;
};

static void put_row(struct out *out, const struct history_row *row,
                    const struct summary *summary, bool is_short)
{
	auto_free char *outcome = outcome_of(row);
	out_int(out, row->id);
	out_time(out, row->at);
	out_text(out, row->actor);
	out_text(out, row->command);
	out_text(out, outcome);
	if (row->result_of)
		out_int(out, row->result_of);
	else
		out_null(out);
	if (is_short)
		put_some_words(out, &summary->files);
	else
		put_words(out, &summary->files);
	put_words(out, &summary->services);
	out_text(out, row->why && *row->why ? _(row->why) : row->why);
}

/* ---- the list --------------------------------------------------------------------------------- */

static int list_one(void *arg, const struct history_row *row, struct err *err)
{
	struct showing *showing = arg;
	auto_summary summary = { 0 };
	int r = sum_up(showing->target, row->id, &summary, err);
	if (r < 0)
		return r;
	struct out *out = showing->app->out;
	put_row(out, row, &summary, out_get_format(out) == OUT_FORMAT_TABLE);
	out_row_end(out);
	return 0;
}

/* ---- one push --------------------------------------------------------------------------------- */

static const char *change_of(const struct step *step)
{
	if (!step->is_present)
		return "removed";
	return step->had_old ? "changed" : "new";
}

static int show_file(void *arg, const struct step *step, struct err *err)
{
	struct showing *showing = arg;
	struct app *app = showing->app;
	struct out *out = app->out;
	bool is_plain = out_get_format(out) == OUT_FORMAT_TABLE;
	auto_buf diff = BUF_INIT, room = BUF_INIT;
	size_t removed, added;
	(void)err;
	if (step_types[step->kind]->phase == PHASE_PROBE)
		return 0;
	step_types[step->kind]->show(
		step, is_plain && !app->opt.is_colour_off && out_can_colour(stdout),
		&diff);
	if (is_plain)
		buf_add(&showing->diffs, buf_text(&diff), diff.len);
	if (!has_content(step))
		return 0;
	out_text(out, step_title(step, &room));
	out_text(out, change_of(step));
	if (step->is_secret) {
		out_null(out);
		out_null(out);
	} else {
		count_lines(step, &removed, &added);
		out_int(out, (int64_t)added);
		out_int(out, (int64_t)removed);
	}
	out_text(out, step->is_secret ? NULL : buf_text(&diff));
	out_row_end(out);
	return 0;
}

static int show_one(void *arg, const struct history_row *row, struct err *err)
{
	static const struct out_column file_columns[] = {
		{ "path", N_("File"), OUT_TEXT, 0 },
		{ "change", N_("Change"), OUT_TEXT, 0 },
		{ "added", N_("Added"), OUT_INT, 0 },
		{ "removed", N_("Removed"), OUT_INT, 0 },
		{ "diff", NULL, OUT_TEXT, OUT_HIDE_TABLE },
	};
	struct showing *showing = arg;
	struct out *out = showing->app->out;
	auto_summary summary = { 0 };
	int r = sum_up(showing->target, row->id, &summary, err);
	if (r < 0)
		return r;
	out_object_begin(out, columns, ARRAY_LEN(columns));
	put_row(out, row, &summary, false);
	out_nested_begin(out, "files", N_("Files"), file_columns,
	                 ARRAY_LEN(file_columns));
	r = history_steps(showing->target, row->id, show_file, showing, err);
	out_nested_end(out);
	out_end(out);
	return r;
}

int cmd_mta_history(struct app *app, struct err *err)
{
	const char *text = args_word(app->args, 0);
	auto_store target = NULL;
	struct showing showing = { .app = app };
	int64_t id = 0;
	if (text && !text_to_int(text, 1, INT64_MAX, &id))
		return err_set(err, ERR_USAGE, _("\"%s\" is not the number of a push"),
		               text);
	int r = target_open(&app->session.ctx, false, false, &target, err);
	showing.target = target;
	if (r < 0)
		return r;
	if (id) {
		r = history_each(target, id, show_one, &showing, err);
	} else {
		out_list_begin(app->out, columns, ARRAY_LEN(columns));
		r = history_each(target, 0, list_one, &showing, err);
		out_end(app->out);
	}
	if (r == 0 && showing.diffs.len) {
		out_plain(app->out, "\n", 1);
		out_plain(app->out, showing.diffs.at, showing.diffs.len);
	}
	buf_done(&showing.diffs);
	return r;
}
