/*
 * cli/line/manref_page.h: a page of the manual while it is written to standard output: text as
 * roff(7) requires it, and the sections that are written by hand.
 */
#ifndef CLI_LINE_MANREF_PAGE_H
#define CLI_LINE_MANREF_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/model/setting/setting.h"

/* A hand-written section; its text is borrowed from that of the file. */
struct section {
	const char *key;
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
		has_name; /* of a translated page: in that section, after a name */
	bool has_failed;
};

/* A fault of the source, on standard error; the page fails. */
void page_complain(struct page *page, const char *what, const char *which, size_t len);

/* Adds the sections of `text`, which must remain: each begins with a line `.\" = KEY`. */
void page_cut_sections(struct page *page, const char *text);
/* NULL: there is none. */
const struct section *page_find_section(const struct page *page,
                                        const char *key) must_check;
/* Writes the section of that key, which must be shown once.  False: there is none. */
bool page_put_section(struct page *page, const char *key);

/* One character of text, escaped if roff would interpret it. */
void roff_char(char c);
/* A line of a literal block. */
void roff_literal(const char *line, size_t len);
/* Words of a table in lines of at most 78 columns; a new sentence begins a new line. */
void roff_words(const char *text);
/* A phrase of a table as a sentence: with a capital letter and a full stop. */
void roff_sentence(const char *phrase);

#endif
