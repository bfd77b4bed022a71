/*
 * manref: the manual from its sources; runs while the program is built and is not installed.
 *
 *     manref page PAGE.in [SECTIONS.mdoc] [CATALOGUE.mo]...
 *                          the page: lines "@name word@" of PAGE.in are replaced by what the tables
 *                          say, "@name@" inside lines by a value; catalogues translate all of it
 *     manref messages FILE...
 *                          what a translator of these sources translates, as a template for gettext
 *     manref embed TEXT    the text of a rendered page as a C string
 *
 * SECTIONS.mdoc holds hand-written text for rows of a table; `.\" = KEY` begins the section of KEY.
 * Every setting needs one, a command may have one; a section that no row asked for is a fault,
 * and so is a row of a table that the page shows twice or never.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/line/commands.h"
#include "cli/line/manref_text.h"
#include "cli/line/panel_manual.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/setting/setting.h"
#include "core/model/setting/setting_label.h"
#include "core/mta/doctor/doctor.h"
#include "core/mta/push/registry.h"
#include "dnszone/lint/lint_dkim.h"
#include "dnszone/lint/lint_dmarc.h"
#include "dnszone/lint/lint_spf.h"
#include "dnszone/lint/lint_table.h"
#include "dnszone/lint/lint_txt.h"
#include "dnszone/name/placeholder.h"

/* Begins a section of hand-written text. */
#define MARK ".\\\" = "
#define LINE_WIDTH 78
#define EXAMPLE_WIDTH 66
/* The manual's and the program's. */
#define MAX_CATALOGUES 2

struct section {
	const char *key; /* borrowed from the text of the file */
	size_t key_len;
	const char *text;
	size_t len;
	bool is_used;
};

struct page {
	const char *name; /* of the source, for messages */
	struct section *section;
	size_t count, room;
	bool is_shown[SETTING_COUNT];
	bool has_settings;
	bool is_synopsis,
		has_name; /* of a translated page: in that section, behind a name */
	bool has_failed;
};

static void complain(struct page *page, const char *what, const char *which, size_t len)
{
	fprintf(stderr, "manref: %s: %s \"%.*s\"\n", page->name, what, (int)len, which);
	page->has_failed = true;
}

/* ---- octets ---------------------------------------------------------------------------------- */

static int read_file(const char *name, struct buf *into)
{
	FILE *file = fopen(name, "r");
	char octets[8192];
	size_t len;
	if (!file) {
		perror(name);
		return -1;
	}
	while ((len = fread(octets, 1, sizeof(octets), file)) > 0)
		buf_add(into, octets, len);
	bool is_bad = ferror(file);
	fclose(file);
	return is_bad ? -1 : 0;
}

/* One character of text, escaped if roff would interpret it. */
static void put_char(char c)
{
	if (c == '\\')
		fputs("\\e", stdout);
	else
		putchar(c);
}

/* A line of a literal block. */
static void put_literal(const char *line, size_t len)
{
	if (len && (*line == '.' || *line == '\''))
		fputs("\\&", stdout);
	for (size_t i = 0; i < len; i++)
		put_char(line[i]);
	putchar('\n');
}

/* Words of a table in lines of at most LINE_WIDTH; a new sentence begins a new line. */
static void put_words(const char *text)
{
	size_t column = 0;
	char last = ' ';
	while (*text) {
		size_t len = strcspn(text, " ");
		bool breaks = column + 1 + len > LINE_WIDTH || strchr(".?!", last);
		if (column)
			putchar(breaks ? '\n' : ' ');
		column = column && !breaks ? column + 1 : 0;
		if (!column && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		for (size_t i = 0; i < len; i++)
			put_char(text[i]);
		column += len;
		last = text[len - 1];
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

/* A phrase of a table as a sentence: with a capital letter and a full stop. */
static void put_sentence(const char *phrase)
{
	size_t len = strlen(phrase), word = strcspn(phrase, " ");
	auto_buf text = BUF_INIT;
	buf_puts(&text, phrase);
	/* names are not changed: "dkim.sign", "_domainkey" */
	if (!memchr(phrase, '.', word) && *phrase >= 'a' && *phrase <= 'z')
		text.at[0] = (char)(*phrase - 'a' + 'A');
	else if (text_starts(phrase, "\xc3") && (unsigned char)phrase[1] >= 0xa0)
		text.at[1] = (char)(phrase[1] - 0x20); /* U+00E0 to U+00FE */
	if (len && !strchr(".?!", phrase[len - 1]))
		buf_putc(&text, '.');
	put_words(buf_text(&text));
}

/* ---- hand-written sections ------------------------------------------------------------------- */

static void cut_sections(struct page *page, const char *text)
{
	struct section *open = NULL;
	while (*text) {
		size_t len = strcspn(text, "\n");
		if (text_starts(text, MARK)) {
			GROW(page->section, page->count, page->room);
			open = &page->section[page->count++];
			*open = (struct section){ .key = text + strlen(MARK),
				                  .key_len = len - strlen(MARK),
				                  .text = text + len +
				                          (text[len] == '\n') };
		} else if (open) {
			open->len += len + (text[len] == '\n');
		}
		text += len + (text[len] == '\n');
	}
}

static struct section *find_section(struct page *page, const char *key)
{
	for (size_t i = 0; i < page->count; i++)
		if (strlen(key) == page->section[i].key_len &&
		    strncmp(key, page->section[i].key, page->section[i].key_len) == 0)
			return &page->section[i];
	return NULL;
}

/* False: there is none. */
static bool put_section(struct page *page, const char *key)
{
	struct section *section = find_section(page, key);
	if (!section)
		return false;
	if (section->is_used)
		complain(page, "shown twice:", key, strlen(key));
	section->is_used = true;
	fwrite(section->text, 1, section->len, stdout);
	return true;
}

/* ---- commands and options -------------------------------------------------------------------- */

/* The grammar of args.h as arguments of a macro. */
static void put_grammar(const char *at)
{
	while (*at) {
		size_t len = strcspn(at, "<>[]|=. ");
		if (*at == '<') {
			len = strcspn(at, ">");
			printf(" Ar %.*s", (int)len - 1, at + 1);
			len++;
		} else if (*at == '[' || *at == ']') {
			printf(*at == '[' ? " Oo" : " Oc");
			len = 1;
		} else if (*at == '|') {
			fputs(" |", stdout);
			len = 1;
		} else if (*at == '=') {
			fputs(" Ns = Ns", stdout);
			len = 1;
		} else if (*at == '.') {
			fputs(" ...", stdout);
			len = 3;
		} else if (*at == ' ') {
			len = 1;
		} else if (*at == '-') {
			printf(" Fl %.*s", (int)len - 1, at + 1);
		} else {
			printf(" Cm %.*s", (int)len, at);
		}
		at += len;
	}
}

/* `tells_access`: adds which options are closed to customers. */
static void put_options(const struct option_row *options, bool tells_access)
{
	for (const struct option_row *row = options; row->name; row++) {
		fputs(".It", stdout);
		if (row->letter)
			printf(" Fl %c ,", row->letter);
		printf(" Fl %s", row->name + 1);
		if (row->value)
			put_grammar(row->value);
		putchar('\n');
		put_sentence(_(row->help));
		if (tells_access && (row->access == OPTION_FOR_ADMINS ||
		                     row->access == OPTION_STDIN_FOR_ADMINS))
			puts(_("Not for customers."));
		if (tells_access && row->access == OPTION_STDIN_FOR_ALL)
			puts(_("Customers: standard input only."));
	}
}

/* Where a line is cut so that it is no longer than EXAMPLE_WIDTH: after the last blank outside
 * quotes. */
static size_t cut_example(const char *line, size_t len)
{
	size_t cut = len;
	char quote = '\0';
	if (len <= EXAMPLE_WIDTH)
		return len;
	for (size_t i = 0; i < len && i < EXAMPLE_WIDTH - 2; i++) {
		if (line[i] == quote)
			quote = '\0';
		else if (!quote && strchr("'\"", line[i]))
			quote = line[i];
		else if (!quote && line[i] == ' ')
			cut = i;
	}
	return cut;
}

static void put_example(const char *text)
{
	puts(".\\\" Each line is a command.\n.Bd -literal -offset 2n");
	while (*text) {
		size_t len = strcspn(text, "\n"), cut = cut_example(text, len);
		auto_buf line = BUF_INIT;
		buf_add(&line, text, cut);
		if (cut < len)
			buf_printf(&line, " \\\n    %.*s", (int)(len - cut - 1),
			           text + cut + 1);
		const char *rest = strchr(buf_text(&line), '\n');
		put_literal(buf_text(&line), rest ? (size_t)(rest - line.at) : line.len);
		if (rest)
			put_literal(rest + 1, strlen(rest + 1));
		text += len + (text[len] == '\n');
	}
	puts(".Ed");
}

static void put_command(struct page *page, const struct command *row)
{
	printf(".It Ic %s", row->words);
	put_grammar(row->args ? row->args : "");
	putchar('\n');
	put_sentence(_(row->help));
	put_section(page, row->words);
	if (row->needs & NEED_OWN_ACCESS)
		puts(_("Open to customers, for domains of their own."));
	if (row->options && row->options->name) {
		puts(".Bl -tag -width Ds");
		put_options(row->options, row->needs & NEED_OWN_ACCESS);
		puts(".El");
	}
	if (row->example)
		put_example(row->example);
}

static void put_commands(struct page *page, const char *noun)
{
	bool has_others = false;
	for (const struct command_group *group = command_groups; group->rows; group++) {
		if (*noun && !(group->noun && strcmp(group->noun, noun) == 0))
			continue;
		if (group->noun && !*noun) {
			printf(".Ss %s\n", group->noun);
			put_sentence(_(group->help));
		} else if (!group->noun && !has_others) {
			printf(".Ss %s\n", _("Other commands"));
			has_others = true;
		}
		puts(".Bl -tag -width Ds");
		for (const struct command *row = group->rows; row->words; row++)
			if (!row->is_hidden)
				put_command(page, row);
		puts(".El");
	}
}

static void put_globals(struct page *page, const char *word)
{
	(void)page, (void)word;
	put_options(global_options, true);
}

/* ---- settings -------------------------------------------------------------------------------- */

/* A label, in quotes; characters outside ASCII as roff names them. */
static void put_label(const char *text)
{
	fputs(".Dq ", stdout);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (*c >= 0xc0 && *c < 0xe0 && c[1]) {
			printf("\\[u%04X]", (unsigned)(*c & 0x1f) << 6 | (c[1] & 0x3fu));
			c++;
		} else {
			put_char((char)*c);
		}
	putchar('\n');
}

/* How a hosting panel's page calls the setting and its values. */
static void put_labels(enum setting_key key)
{
	const char *value = NULL;
	bool has_begun = false;
	for (unsigned i = 0; i < setting_label_count; i++) {
		const struct setting_label *row = &setting_labels[i];
		if (row->key != key)
			continue;
		if (!has_begun)
			puts(".Pp\nLabels of hosting panels, which\n.Ic server set\naccepts as "
			     "values, and the names of their fields:\n.Bl -tag -width on");
		if (!has_begun || !text_same(value, row->value)) {
			if (row->value)
				printf(".It Cm %s\n", row->value);
			else
				puts(".It field");
		} else {
			puts(".br");
		}
		put_label(row->text);
		printf(".Pq %s, %s\n", row->source, row->language);
		value = row->value;
		has_begun = true;
	}
	if (has_begun)
		puts(".El");
}

static void put_setting(struct page *page, enum setting_key key)
{
	const struct setting_row *row = &setting_table[key];
	char values[512];
	setting_describe_values(row, values, sizeof(values));
	if (page->is_shown[key])
		complain(page, "shown twice:", row->key, strlen(row->key));
	page->is_shown[key] = true;
	printf(".Ss %s\n", row->key);
	put_sentence(_(row->help));
	printf(".Pp\n.Bl -tag -width %s -compact\n", _("Default:"));
	printf(".It %s\n", _("Values:"));
	put_words(values);
	printf(".It %s\n", _("Default:"));
	if (*row->default_text)
		put_words(row->default_text);
	else
		puts(row->flags & SETTING_COMPUTED ? _("empty: found out from the system")
		                                   : _("empty"));
	if (row->domain_default) {
		printf(_("(a domain that does not set it: %s)"), row->domain_default);
		putchar('\n');
	}
	printf(".It %s\n%s\n.El\n", _("Scope:"),
	       row->flags & SETTING_AT_DOMAIN ? _("server and domain") : _("server"));
	const struct section *section = find_section(page, row->key);
	if (section &&
	    !text_starts(section->text, ".Bl")) /* the macro adds its own space */
		puts(".Pp");
	if (!put_section(page, row->key))
		complain(page, "no section for the setting", row->key, strlen(row->key));
	put_labels(key);
}

/* Those whose key begins with "<prefix>."; "-": those without a dot. */
static void put_settings(struct page *page, const char *prefix)
{
	size_t len = strlen(prefix);
	page->has_settings = true;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *key = setting_table[i].key;
		bool is_wanted =
			strcmp(prefix, "-") == 0
				? !strchr(key, '.')
				: strncmp(key, prefix, len) == 0 && key[len] == '.';
		if (is_wanted)
			put_setting(page, (enum setting_key)i);
	}
}

/* ---- the other tables ------------------------------------------------------------------------ */

static void put_placeholders(struct page *page, const char *word)
{
	(void)page, (void)word;
	for (unsigned i = 0; i < placeholder_count; i++) {
		printf(".It Li < Ns %s Ns >\n", placeholder_table[i].name);
		put_sentence(_(placeholder_table[i].help));
	}
}

static void put_lint(struct page *page, const char *word)
{
	static const struct lint_table *const tables[] = {
		&lint_dkim_table, &lint_dmarc_table, &lint_spf_table, &lint_txt_table
	};
	(void)page, (void)word;
	for (size_t k = 0; k < ARRAY_LEN(tables); k++)
		for (size_t i = 0; i < tables[k]->count; i++) {
			const struct lint_code *code = &tables[k]->row[i].code;
			printf(".It Li %s Pq %s\n", code->code,
			       lint_severity_name(code->severity));
			put_sentence(_(code->message));
		}
}

/* The description of each check of `doctor` is written by hand, as "check NAME". */
static void put_checks(struct page *page, const char *word)
{
	(void)word;
	for (const struct doctor_check *row = doctor_checks; row->name; row++) {
		auto_free char *key = xasprintf("check %s", row->name);
		printf(".It Cm %s\n", row->name);
		if (!put_section(page, key))
			complain(page, "no section for the check", row->name,
			         strlen(row->name));
	}
}

static const char *support_word(enum mta_support support)
{
	static const char *const words[] = {
		[SUPPORT_NO] = N_("no"),
		[SUPPORT_PENDING] = N_("not yet"),
		[SUPPORT_YES] = N_("yes"),
	};
	return _(words[support]);
}

static void put_backends(struct page *page, const char *word)
{
	(void)page, (void)word;
	fputs(".Bl -column mailenable-standard", stdout);
	for (unsigned k = 0; k < FEATURE_COUNT; k++)
		printf(" \"%s\"", support_word(SUPPORT_PENDING));
	/* TRANSLATORS: columns, in mdoc(7) */
	printf("\n.It %s\n",
	       _("Em backend Ta Em sign Ta Em verify Ta Em SPF Ta Em DMARC Ta Em SRS"));
	for (unsigned i = 0; i < registry_count; i++) {
		const struct mta_backend *backend = registry[i];
		printf(".It %s", backend->name);
		for (unsigned k = 0; k < FEATURE_COUNT; k++)
			printf(" Ta %s", support_word(backend->support[k].level));
		putchar('\n');
	}
	puts(".El");
}

/* The manual's own table, in its order. */
static void put_manual(struct page *page, const char *word)
{
	(void)page, (void)word;
	puts(".Bl -column \"MailEnable Professional\" \"from 9.16\" yes yes DMARC \"DKIM, SPF, "
	     "DMARC\"");
	/* TRANSLATORS: columns, in mdoc(7) */
	printf(".It %s\n", _("Em server Ta Em DKIM Ta Em SPF Ta Em SRS Ta Em DMARC Ta Em "
	                     "incoming"));
	for (unsigned i = 0; i < panel_manual_count; i++) {
		const struct panel_manual *row = &panel_manual[i];
		const struct mta_backend *backend = registry_find(row->backend);
		if (!backend)
			complain(page, "no mail server", row->backend,
			         strlen(row->backend));
		else
			printf(".It %s Ta %s Ta %s Ta %s Ta %s Ta %s\n",
			       _(backend->title), _(row->dkim), _(row->spf), _(row->srs),
			       _(row->dmarc), _(row->incoming));
	}
	puts(".El");
}

static const struct directive {
	const char *name;
	void (*put)(struct page *page, const char *word);
} directives[] = {
	{ "backends", put_backends },
	{ "checks", put_checks },
	{ "commands", put_commands },
	{ "lint", put_lint },
	{ "manual", put_manual },
	{ "options", put_globals },
	{ "placeholders", put_placeholders },
	{ "settings", put_settings },
};

/* Values inside lines. */
static const struct value {
	const char *name, *text;
} values[] = {
	{ "policyd", POLICYD_PATH },
	{ "queue", QMAIL_QUEUE_PATH },
	{ "version", MAILAUTHCTL_VERSION },
};

/* ---- a page ---------------------------------------------------------------------------------- */

/* A whole line "@name word@".  False: it is another line. */
static bool put_directive(struct page *page, const char *line, size_t len)
{
	if (len < 3 || *line != '@' || line[len - 1] != '@')
		return false;
	auto_free char *inside = xmemdup(line + 1, len - 2);
	char *word = strchr(inside, ' ');
	if (word)
		*word++ = '\0';
	for (size_t i = 0; i < ARRAY_LEN(directives); i++)
		if (strcmp(directives[i].name, inside) == 0) {
			directives[i].put(page, word ? word : "");
			return true;
		}
	complain(page, "there is no table", inside, strlen(inside));
	return true;
}

static void put_line(const char *line, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t skip = 0;
		for (size_t k = 0; line[i] == '@' && k < ARRAY_LEN(values); k++) {
			size_t name = strlen(values[k].name);
			if (len - i > name + 1 && line[i + 1 + name] == '@' &&
			    strncmp(line + i + 1, values[k].name, name) == 0) {
				fputs(values[k].text, stdout);
				skip = name + 2;
			}
		}
		if (!skip)
			putchar(line[i++]);
		i += skip;
	}
	putchar('\n');
}

static const char *translated(void *arg, const char *message)
{
	const char *translation = manref_translation(message);
	(void)arg;
	return translation ? translation : message;
}

/* In the section SYNOPSIS, and only there, mdoc(7) begins a line with each name. */
static void put_page_line(struct page *page, const char *line, size_t len)
{
	const char *synopsis = _("SYNOPSIS");
	if (text_starts(line, ".Sh ")) {
		page->is_synopsis = len == 4 + strlen(synopsis) &&
		                    strncmp(line + 4, synopsis, len - 4) == 0 &&
		                    strcmp(synopsis, "SYNOPSIS") != 0;
		page->has_name = false;
	} else if (page->is_synopsis && text_starts(line, ".Nm")) {
		if (page->has_name)
			puts(".Pp");
		page->has_name = true;
	}
	put_line(line, len);
}

static int make_page(const char *source, const char *sections)
{
	auto_buf text = BUF_INIT, section_text = BUF_INIT;
	auto_buf source_text = BUF_INIT, source_sections = BUF_INIT;
	struct page page = { .name = source };
	if (read_file(source, &source_text) < 0 ||
	    (sections && read_file(sections, &source_sections) < 0))
		return 1;
	manref_replace(buf_text(&source_text), translated, NULL, &text);
	manref_replace(buf_text(&source_sections), translated, NULL, &section_text);
	cut_sections(&page, buf_text(&section_text));
	printf(".\\\" Made from %s and the program's tables.\n", source);
	for (const char *at = buf_text(&text); *at;) {
		size_t len = strcspn(at, "\n");
		if (!put_directive(&page, at, len))
			put_page_line(&page, at, len);
		at += len + (at[len] == '\n');
	}
	page.name = sections;
	for (size_t i = 0; i < page.count; i++)
		if (!page.section[i].is_used)
			complain(&page, "nothing has the name", page.section[i].key,
			         page.section[i].key_len);
	page.name = source;
	for (size_t i = 0; page.has_settings && i < SETTING_COUNT; i++)
		if (!page.is_shown[i])
			complain(&page, "does not show the setting", setting_table[i].key,
			         strlen(setting_table[i].key));
	free(page.section);
	return page.has_failed;
}

/* ---- a text as a C string -------------------------------------------------------------------- */

/* Removes what a backspace overstrikes: a character of up to four octets. */
static void strike(struct buf *line)
{
	while (line->len && ((unsigned char)line->at[line->len - 1] & 0xc0) == 0x80)
		line->len--;
	if (line->len)
		line->len--;
}

static int embed(const char *source)
{
	auto_buf text = BUF_INIT, line = BUF_INIT;
	if (read_file(source, &text) < 0)
		return 1;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (c == '\b') {
			strike(&line);
		} else if (c != '\n') {
			buf_putc(&line, c);
		} else {
			putchar('"');
			for (size_t k = 0; k < line.len; k++) {
				if (line.at[k] == '"' || line.at[k] == '\\')
					putchar('\\');
				putchar(line.at[k]);
			}
			puts("\\n\"");
			buf_clear(&line);
		}
	}
	return 0;
}

/* ---- messages for translators ---------------------------------------------------------------- */

static const char *put_message(void *arg, const char *message)
{
	const char *file = arg;
	printf("\n#: %s\nmsgid \"", file);
	for (const char *at = message; *at; at++) {
		if (*at == '"' || *at == '\\')
			putchar('\\');
		if (*at == '\n')
			fputs("\\n\"\n\"", stdout);
		else
			putchar(*at);
	}
	puts("\"\nmsgstr \"\"");
	return message;
}

static int put_messages(char **files)
{
	puts("msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"");
	for (; *files; files++) {
		auto_buf text = BUF_INIT, unused = BUF_INIT;
		if (read_file(*files, &text) < 0)
			return 1;
		manref_replace(buf_text(&text), put_message, *files, &unused);
	}
	return 0;
}

/* Reads the catalogues behind the other arguments, whose number it returns; 0: a fault. */
static int take_catalogues(int argc, char **argv, struct buf catalogue[MAX_CATALOGUES])
{
	int others = argc;
	while (others > 2 && text_ends(argv[others - 1], ".mo"))
		others--;
	for (int i = others; i < argc && i - others < MAX_CATALOGUES; i++) {
		struct buf *octets = &catalogue[i - others];
		if (read_file(argv[i], octets) < 0 ||
		    manref_catalogue_add(octets->at, octets->len) < 0) {
			fprintf(stderr, "manref: %s is no catalogue\n", argv[i]);
			return 0;
		}
	}
	return others;
}

int main(int argc, char **argv)
{
	int status = 2;
	struct buf catalogue[MAX_CATALOGUES] = { BUF_INIT, BUF_INIT };
	argc = take_catalogues(argc, argv, catalogue);
	if ((argc == 3 || argc == 4) && strcmp(argv[1], "page") == 0)
		status = make_page(argv[2], argc == 4 ? argv[3] : NULL);
	else if (argc > 2 && strcmp(argv[1], "messages") == 0)
		status = put_messages(argv + 2);
	else if (argc == 3 && strcmp(argv[1], "embed") == 0)
		status = embed(argv[2]);
	else if (argc)
		fputs("usage: manref page PAGE.in [SECTIONS.mdoc] [CATALOGUE.mo]... | "
		      "manref messages FILE... | manref embed TEXT\n",
		      stderr);
	for (size_t i = 0; i < ARRAY_LEN(catalogue); i++)
		buf_done(&catalogue[i]);
	if (fflush(stdout) != 0 || ferror(stdout))
		status = 1;
	return status;
}
