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

#include "cli/line/manref_page.h"
#include "cli/line/manref_tables.h"
#include "cli/line/manref_text.h"
#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/mta/provider/policyd_conf.h"

/* The manual's and the program's. */
#define MAX_CATALOGUES 2

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

/* ---- a page ---------------------------------------------------------------------------------- */

/* Values inside lines. */
static const struct value {
	const char *name, *text;
} values[] = {
	{ "policyd", POLICYD_PATH },
	{ "queue", QMAIL_QUEUE_PATH },
	{ "version", MAILAUTHCTL_VERSION },
};

/* A whole line "@name word@".  False: it is another line. */
static bool put_directive(struct page *page, const char *line, size_t len)
{
	if (len < 3 || *line != '@' || line[len - 1] != '@')
		return false;
	auto_free char *inside = xmemdup(line + 1, len - 2);
	char *word = strchr(inside, ' ');
	if (word)
		*word++ = '\0';
	if (!manref_put_table(page, inside, word ? word : ""))
		page_complain(page, "there is no table", inside, strlen(inside));
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
	page_cut_sections(&page, buf_text(&section_text));
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
			page_complain(&page, "nothing has the name", page.section[i].key,
			              page.section[i].key_len);
	page.name = source;
	for (size_t i = 0; page.has_settings && i < SETTING_COUNT; i++)
		if (!page.is_shown[i])
			page_complain(&page, "does not show the setting",
			              setting_table[i].key, strlen(setting_table[i].key));
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
