/*
 * Usage and help: loops over the rows of commands and options, 80 columns wide.
 */
#include <string.h>

#include "cli/line/command.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define LINE_WIDTH 80
#define LABEL_INDENT 2
#define LABEL_WIDTH 24 /* a longer label has its text on the next line */

static void pad(struct buf *into, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_putc(into, ' ');
}

/* `text` from column `at` on, broken at blanks; further lines begin at column `indent`. */
static void add_wrapped(struct buf *into, const char *text, size_t at, size_t indent)
{
	while (*text) {
		size_t len = strcspn(text, " "), width = text_columns(text, len);
		if (at > indent && at + 1 + width > LINE_WIDTH) {
			buf_putc(into, '\n');
			pad(into, indent);
			at = indent;
		} else if (at > indent) {
			buf_putc(into, ' ');
			at++;
		}
		buf_add(into, text, len);
		at += width;
		text += len;
		text += strspn(text, " ");
	}
	buf_putc(into, '\n');
}

/* "  label                   text" */
static void add_entry(struct buf *into, const char *label, const char *text)
{
	size_t column = LABEL_INDENT + LABEL_WIDTH + 2;
	pad(into, LABEL_INDENT);
	buf_puts(into, label);
	if (strlen(label) > LABEL_WIDTH) {
		buf_putc(into, '\n');
		pad(into, column);
	} else {
		pad(into, column - LABEL_INDENT - strlen(label));
	}
	add_wrapped(into, _(text), column, column);
}

static void add_options(struct buf *into, const struct option_row *options)
{
	for (const struct option_row *row = options; row->name; row++) {
		auto_buf label = BUF_INIT;
		if (row->letter)
			buf_printf(&label, "-%c, ", row->letter);
		buf_puts(&label, row->name);
		if (row->value)
			buf_printf(&label, " %s", row->value);
		add_entry(into, buf_text(&label), row->help);
	}
}

/* Every line of `text`, indented. */
static void add_lines(struct buf *into, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		pad(into, LABEL_INDENT);
		buf_add(into, text, len);
		buf_putc(into, '\n');
		text += len + (text[len] == '\n');
	}
}

void command_usage(const struct command *row, struct buf *into)
{
	buf_printf(into, _("usage: mailauthctl %s%s%s\n"), row->words,
	           row->args && *row->args ? " " : "", row->args ? row->args : "");
}

void command_usage_options(const struct command *row, struct buf *into)
{
	auto_buf words = BUF_INIT;
	size_t indent = strlen("       mailauthctl ") + strlen(row->words) + 1;
	for (const struct option_row *o = row->options; o && o->name; o++)
		buf_printf(&words, "%s[%s%s%s]", words.len ? " " : "", o->name,
		           o->value ? " " : "", o->value ? o->value : "");
	if (!words.len)
		return;
	pad(into, indent);
	add_wrapped(into, buf_text(&words), indent, indent);
}

void command_help(const struct command *row, struct buf *into)
{
	command_usage(row, into);
	buf_putc(into, '\n');
	add_wrapped(into, _(row->help), 0, 0);
	if (row->options && row->options->name) {
		buf_puts(into, _("\nOptions:\n"));
		add_options(into, row->options);
	}
	if (row->example) {
		buf_puts(into, _("\nExample:\n"));
		add_lines(into, row->example);
	}
	buf_puts(into, _("\nRun \"mailauthctl help\" for the options of all "
	                 "commands.\n"));
}

static void add_row(struct buf *into, const struct command *row)
{
	bool has_args = row->args && *row->args;
	auto_free char *label = xasprintf("%s%s%s", row->words, has_args ? " " : "",
	                                  has_args ? row->args : "");
	add_entry(into, label, row->help);
}

void command_help_group(const struct command_group *group, struct buf *into)
{
	if (group->noun) {
		buf_printf(into, _("usage: mailauthctl %s <command> ...\n\n"),
		           group->noun);
		add_wrapped(into, _(group->help), 0, 0);
		buf_puts(into, _("\nCommands:\n"));
	}
	for (const struct command *row = group->rows; row->words; row++)
		if (!row->is_hidden)
			add_row(into, row);
	if (group->noun)
		buf_printf(
			into,
			_("\nRun \"mailauthctl help %s <command>\" for the options of a "
		          "command.\n"),
			group->noun);
}

void command_help_all(const struct command_group *groups, const struct help_topic *topics,
                      struct buf *into)
{
	buf_puts(into,
	         _("usage: mailauthctl [<option>]... <command> [<argument>]...\n\n"
	           "DKIM, SPF, DMARC and SRS of this mail server and its domains.\n\n"
	           "Commands:\n"));
	for (const struct command_group *group = groups; group->rows; group++) {
		if (group->noun)
			add_entry(into, group->noun, group->help);
		else
			command_help_group(group, into);
	}
	add_row(into, &command_help_row);
	if (topics && topics->name)
		buf_puts(into, _("\nHelp topics:\n"));
	for (; topics && topics->name; topics++)
		add_entry(into, topics->name, topics->help);
	buf_puts(into, _("\nOptions of all commands:\n"));
	add_options(into, global_options);
	buf_puts(into,
	         _("\nRun \"mailauthctl help server\" for the commands of \"server\", "
	           "\"mailauthctl help\n"
	           "server set\" for one command, \"mailauthctl help spf.mode\" for a "
	           "setting.\n"));
}
