/*
 * Words and options of a command line.
 *
 * args_parse() runs twice for a line: first with the options of all commands, because options may
 * precede the words that name the command; then with the options of the row that was found.
 */
#include "cli/line/args.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/base/words.h"

#define WAIT_SECONDS 60
#define WAIT_SECONDS_MAX 86400

const struct option_row global_options[] = {
	{ "--db", "<file>",
	  N_("use this database, not /var/lib/mailauthctl/mailauthctl.db") },
	{ "--root", "<dir>",
	  N_("use the file system below this folder; start no programs") },
	{ "--format", "<format>", N_("output format: table, json or tsv"),
	  .access = OPTION_FOR_ALL },
	{ "--json", NULL, N_("the same as --format json"), .access = OPTION_FOR_ALL },
	{ "--dry-run", NULL, N_("show the changes without making them"),
	  .access = OPTION_FOR_ALL },
	{ "--no-push", NULL, N_("save the change without a push to the mail server") },
	{ "--wait", "<seconds>",
	  N_("seconds to wait for another mailauthctl (default: 60)") },
	{ "--quiet", NULL, N_("only warnings and errors, no notes"), .letter = 'q',
	  .access = OPTION_FOR_ALL },
	{ "--verbose", NULL, N_("print more details"), .letter = 'v' },
	{ "--no-color", NULL, N_("no colours, even on a terminal"),
	  .access = OPTION_FOR_ALL },
	{ "--help", NULL, N_("print help for the command, and exit"), .letter = 'h',
	  .access = OPTION_FOR_ALL },
	{ "--version", NULL, N_("print the version, and exit"),
	  .access = OPTION_FOR_ALL },
	{ 0 },
};

void args_done(struct args *args)
{
	free(args->words);
	free(args->options);
	*args = ARGS_INIT;
}

const char *args_get_nth(const struct args *args, const char *name, size_t i)
{
	for (size_t k = 0; k < args->option_count; k++)
		if (strcmp(args->options[k].row->name, name) == 0 && i-- == 0)
			return args->options[k].value;
	return NULL;
}

const char *args_get(const struct args *args, const char *name)
{
	for (size_t k = args->option_count; k > 0; k--)
		if (strcmp(args->options[k - 1].row->name, name) == 0)
			return args->options[k - 1].value;
	return NULL;
}

bool args_has(const struct args *args, const char *name)
{
	return args_get(args, name) != NULL;
}

size_t args_count(const struct args *args)
{
	return args->word_count;
}

const char *args_word(const struct args *args, size_t i)
{
	return i < args->word_count ? args->words[i] : NULL;
}

void args_drop_words(struct args *args, size_t count)
{
	memmove(args->words, args->words + count,
	        (args->word_count - count) * sizeof(*args->words));
	args->word_count -= count;
}

/* The state of args_parse(). */
struct parser {
	const struct option_row *const *tables;
	size_t table_count;
	bool is_lenient;
	struct args *args;
	struct err *err;
};

static const struct option_row *find_name(const struct parser *p, const char *name,
                                          size_t len)
{
	for (size_t t = 0; t < p->table_count; t++)
		for (const struct option_row *row = p->tables[t]; row->name; row++)
			if (strncmp(row->name, name, len) == 0 && !row->name[len])
				return row;
	return NULL;
}

static const struct option_row *find_letter(const struct parser *p, char letter)
{
	for (size_t t = 0; t < p->table_count; t++)
		for (const struct option_row *row = p->tables[t]; row->name; row++)
			if (row->letter == letter)
				return row;
	return NULL;
}

static int unknown_option(const struct parser *p, const char *typed, size_t len)
{
	if (p->is_lenient)
		return 0;
	auto_free char *name = xmemdup(typed, len);
	struct suggestion near;
	suggestion_init(&near, name);
	for (size_t t = 0; name[1] == '-' && t < p->table_count; t++)
		for (const struct option_row *row = p->tables[t]; row->name; row++)
			suggestion_offer(&near, row->name);
	if (near.best)
		return err_set(p->err, ERR_USAGE,
		               _("unknown option \"%s\"; did you mean \"%s\"?"), name,
		               near.best);
	if (name[1] != '-')
		return err_set(
			p->err, ERR_USAGE,
			_("unknown option \"%s\"; put \"--\" before a word that begins "
		          "with \"-\""),
			name);
	return err_set(p->err, ERR_USAGE, _("unknown option \"%s\""), name);
}

static void keep_option(struct args *args, const struct option_row *row,
                        const char *value)
{
	args->options[args->option_count++] = (struct args_option){ row, value };
}

/* "-q", "-qv": letters of options without a value. */
static int parse_letters(const struct parser *p, const char *item)
{
	for (const char *at = item + 1; *at; at++)
		if (!find_letter(p, *at))
			return unknown_option(p, item, strlen(item));
	for (const char *at = item + 1; *at; at++)
		keep_option(p->args, find_letter(p, *at), "");
	return 0;
}

/* "--name", "--name=value", "--name value"; `next` is the item after it, or NULL. */
static int parse_long(const struct parser *p, const char *item, const char *next,
                      bool *ret_is_next_taken)
{
	size_t len = strcspn(item, "=");
	const char *value = item[len] ? item + len + 1 : NULL;
	const struct option_row *row = find_name(p, item, len);
	if (!row)
		return unknown_option(p, item, len);
	if (!row->value && value && !p->is_lenient)
		return err_set(p->err, ERR_USAGE, _("option %s does not accept a value"),
		               row->name);
	if (row->value && !value) {
		value = next;
		*ret_is_next_taken = next != NULL;
	}
	if (row->value && !value) {
		if (p->is_lenient)
			return 0;
		return err_set(p->err, ERR_USAGE, _("option %s requires %s"), row->name,
		               row->value);
	}
	if (row->value && !row->is_multiple && !p->is_lenient &&
	    args_has(p->args, row->name))
		return err_set(p->err, ERR_USAGE, _("option %s may be given only once"),
		               row->name);
	keep_option(p->args, row, row->value ? value : "");
	return 0;
}

int args_parse(int argc, char **argv, const struct option_row *const *tables,
               size_t table_count, bool is_lenient, struct args *args, struct err *err)
{
	size_t room = 1;
	for (int i = 0; i < argc; i++)
		room += strlen(argv[i]) +
		        1; /* a cluster has one option for each letter */
	args_done(args);
	args->words = xcalloc((size_t)argc + 1, sizeof(*args->words));
	args->options = xcalloc(room, sizeof(*args->options));

	const struct parser p = { tables, table_count, is_lenient, args, err };
	bool is_open = true; /* no "--" so far */
	for (int i = 0; i < argc; i++) {
		const char *item = argv[i];
		bool is_next_taken = false;
		int r = 0;
		if (!is_open || item[0] != '-' || !item[1])
			args->words[args->word_count++] = item;
		else if (strcmp(item, "--") == 0)
			is_open = false;
		else if (item[1] == '-')
			r = parse_long(&p, item, i + 1 < argc ? argv[i + 1] : NULL,
			               &is_next_taken);
		else
			r = parse_letters(&p, item);
		if (r)
			return r;
		if (is_next_taken)
			i++;
	}
	return 0;
}

const struct format_row format_table[] = {
	{ "json", OUT_FORMAT_JSON, N_("for programs") },
	{ "table", OUT_FORMAT_TABLE, N_("for people") },
	{ "tsv", OUT_FORMAT_TSV, N_("lines for awk and similar tools") },
	{ 0 },
};

static int format_from_name(const char *name, enum out_format *ret_format,
                            struct err *err)
{
	for (const struct format_row *row = format_table; row->name; row++)
		if (strcmp(row->name, name) == 0) {
			*ret_format = row->format;
			return 0;
		}
	return err_set(err, ERR_USAGE,
	               _("\"%s\" is not a format: use table, json or tsv"), name);
}

int args_globals(const struct args *args, struct global_values *ret_values,
                 struct err *err)
{
	struct global_values values = {
		.db = args_get(args, "--db"),
		.root = args_get(args, "--root"),
		.format = OUT_FORMAT_TABLE,
		.wait_seconds = WAIT_SECONDS,
		.is_dry_run = args_has(args, "--dry-run"),
		.is_push_off = args_has(args, "--no-push"),
		.is_quiet = args_has(args, "--quiet"),
		.is_verbose = args_has(args, "--verbose"),
		.is_colour_off = args_has(args, "--no-color"),
	};
	for (size_t i = 0; i < args->option_count; i++) {
		const struct args_option *option = &args->options[i];
		if (strcmp(option->row->name, "--json") == 0)
			values.format = OUT_FORMAT_JSON;
		if (strcmp(option->row->name, "--format") == 0) {
			int r = format_from_name(option->value, &values.format, err);
			if (r)
				return r;
		}
	}
	const char *wait = args_get(args, "--wait");
	int64_t seconds = WAIT_SECONDS;
	if (wait && !text_to_int(wait, 0, WAIT_SECONDS_MAX, &seconds))
		return err_set(err, ERR_USAGE,
		               _("--wait must be a number of seconds from 0 to %d, not "
		                 "\"%s\""),
		               WAIT_SECONDS_MAX, wait);
	values.wait_seconds = (unsigned)seconds;
	*ret_values = values;
	return 0;
}
