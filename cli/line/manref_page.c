/* cli/line/manref_page.c: text in roff, and hand-written sections. */
#include "cli/line/manref_page.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/text.h"

/* Begins a section of hand-written text. */
#define MARK ".\\\" = "
#define LINE_WIDTH 78

void page_complain(struct page *page, const char *what, const char *which, size_t len)
{
	fprintf(stderr, "manref: %s: %s \"%.*s\"\n", page->name, what, (int)len, which);
	page->has_failed = true;
}

/* ---- octets ---------------------------------------------------------------------------------- */

void roff_char(char c)
{
	if (c == '\\')
		fputs("\\e", stdout);
	else
		putchar(c);
}

void roff_literal(const char *line, size_t len)
{
	if (len && (*line == '.' || *line == '\''))
		fputs("\\&", stdout);
	for (size_t i = 0; i < len; i++)
		roff_char(line[i]);
	putchar('\n');
}

void roff_words(const char *text)
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
			roff_char(text[i]);
		column += len;
		last = text[len - 1];
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

void roff_sentence(const char *phrase)
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
	roff_words(buf_text(&text));
}

/* ---- hand-written sections ------------------------------------------------------------------- */

void page_cut_sections(struct page *page, const char *text)
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

static struct section *section_of(const struct page *page, const char *key)
{
	for (size_t i = 0; i < page->count; i++)
		if (strlen(key) == page->section[i].key_len &&
		    strncmp(key, page->section[i].key, page->section[i].key_len) == 0)
			return &page->section[i];
	return NULL;
}

const struct section *page_find_section(const struct page *page, const char *key)
{
	return section_of(page, key);
}

bool page_put_section(struct page *page, const char *key)
{
	struct section *section = section_of(page, key);
	if (!section)
		return false;
	if (section->is_used)
		page_complain(page, "shown twice:", key, strlen(key));
	section->is_used = true;
	fwrite(section->text, 1, section->len, stdout);
	return true;
}
