/* `completion`: the script that a shell reads, and the hidden command that the script runs at each
 * press of the tab key. */
#include <string.h>

#include "cli/app/app.h"
#include "cli/complete/complete.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

/* The files of completions/, embedded in the program. */
static const struct {
	const char *shell, *text;
} shims[] = {
	{
		"bash",
#include "mailauthctl.bash.inc"
	},
	{
		"fish",
#include "mailauthctl.fish.inc"
	},
	{
		"zsh",
#include "_mailauthctl.inc"
	},
};

static int run_completion(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "shell", N_("Shell"), OUT_TEXT, 0 },
		{ "script", N_("Script"), OUT_TEXT, 0 },
	};
	const char *shell = args_word(app->args, 0);
	(void)err;
	for (size_t i = 0; i < ARRAY_LEN(shims); i++) {
		if (strcmp(shims[i].shell, shell) != 0)
			continue;
		if (out_get_format(app->out) == OUT_FORMAT_JSON) {
			out_object_begin(app->out, columns, ARRAY_LEN(columns));
			out_text(app->out, shell);
			out_text(app->out, shims[i].text);
			out_end(app->out);
		} else {
			out_plain(app->out, shims[i].text, strlen(shims[i].text));
		}
	}
	return 0;
}

/* bash <before the cursor> <after it> <word breaks>: split here; the other shells pass their words
 * and the index of the one at the cursor. */
static int read_line(const struct args *args, struct complete_line *ret_line,
                     struct err *err)
{
	int64_t at = 0;
	size_t count = args_count(args);
	if (strcmp(args_word(args, 0), "bash") == 0) {
		if (count != 4)
			return err_set(err, ERR_USAGE,
			               _("bash passes the two halves of the line and "
			                 "its word breaks"));
		complete_line_split(args_word(args, 1), args_word(args, 2),
		                    args_word(args, 3), ret_line);
		return 0;
	}
	if (count < 4 || !text_to_int(args_word(args, 1), 1, (int64_t)count - 3, &at))
		return err_set(err, ERR_USAGE,
		               _("a shell passes the number of the word at the cursor, "
		                 "then all words"));
	*ret_line = (struct complete_line){ .count = count - 2, .at = (size_t)at };
	ret_line->word = xcalloc(ret_line->count, sizeof(*ret_line->word));
	for (size_t i = 0; i < ret_line->count; i++)
		ret_line->word[i] = args_word(args, i + 2);
	return 0;
}

static int run_complete(struct app *app, struct err *err)
{
	cleanup(complete_line_done) struct complete_line line = COMPLETE_LINE_INIT;
	auto_buf answer = BUF_INIT;
	int r = read_line(app->args, &line, err);
	if (r < 0)
		return r;
	complete(command_groups, app, &line, &answer);
	out_plain(app->out, buf_text(&answer), answer.len);
	return 0;
}

const struct command commands_completion[] = {
	{ .words = "completion",
	  .args = "bash|fish|zsh",
	  .help = N_("complete command lines in a shell"),
	  .example = "mailauthctl completion bash",
	  .run = run_completion },
	{ .words = "__complete",
	  .args = "bash|fish|zsh <word>...",
	  .help = N_("for shells: list the words that are possible at the cursor"),
	  .example = "mailauthctl __complete zsh 1 mailauthctl dom",
	  .run = run_complete,
	  .is_hidden = true },
	{ 0 },
};
