/*
 * Messages of the manual's sources, and catalogues for them.
 *
 * The C library reads a catalogue only if a locale other than C is installed, which nothing promises
 * where the program is built.  gettext() as it is defined here takes its place in manref, so that
 * the tables and what describes them speak the language of the page.
 */
#include "cli/line/manref_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

/* ---- messages of a source ---------------------------------------------------------------------- */

/* Macros for blocks: they end a paragraph. */
static bool is_block(const char *line)
{
	static const char *const macros[] = { ".\\\"", ".Dd", ".Dt", ".Os", ".Sh", ".Ss",
		                              ".Pp",   ".Bl", ".El", ".It", ".Bd", ".Ed",
		                              ".Rs",   ".Re", ".%",  ".Nd", "@" };
	for (size_t i = 0; i < ARRAY_LEN(macros); i++)
		if (text_starts(line, macros[i]))
			return true;
	return false;
}

/* Whether the arguments of ".It" are words, a quoted message, or a row of a table with words. */
static bool is_term(const char *text)
{
	return (*text >= 'a' && *text <= 'z') || text_starts(text, "Sy ") ||
	       strstr(text, " Ta ");
}

/* The part of a line for a block that is a message; NULL: none. */
static const char *heading_of(const char *line)
{
	if (text_starts(line, ".Sh ") || text_starts(line, ".Ss ") ||
	    text_starts(line, ".Nd ") || (text_starts(line, ".It ") && is_term(line + 4)))
		return line + 4;
	return NULL;
}

struct paragraph {
	struct buf text;
	bool has_words; /* a line that begins with a word */
};

static void end_paragraph(struct paragraph *paragraph, manref_message_fn *replace,
                          void *arg, struct buf *into)
{
	if (paragraph->text.len)
		buf_printf(into, "%s\n",
		           paragraph->has_words ? replace(arg, buf_text(&paragraph->text))
		                                : buf_text(&paragraph->text));
	buf_clear(&paragraph->text);
	paragraph->has_words = false;
}

void manref_replace(const char *text, manref_message_fn *replace, void *arg,
                    struct buf *into)
{
	struct paragraph paragraph = { .text = BUF_INIT };
	bool is_literal = false;
	while (*text) {
		size_t len = strcspn(text, "\n");
		auto_free char *line = xmemdup(text, len);
		const char *heading = heading_of(line);
		text += len + (text[len] == '\n');
		if (!is_literal && !is_block(line)) {
			buf_printf(&paragraph.text, "%s%s",
			           paragraph.text.len ? "\n" : "", line);
			paragraph.has_words =
				paragraph.has_words || !strchr(".\\", *line);
			continue;
		}
		end_paragraph(&paragraph, replace, arg, into);
		if (!is_literal && heading)
			buf_printf(into, "%.4s%s\n", line, replace(arg, heading));
		else
			buf_printf(into, "%s\n", line);
		if (text_starts(line, ".Bd -literal"))
			is_literal = true;
		else if (text_starts(line, ".Ed"))
			is_literal = false;
	}
	end_paragraph(&paragraph, replace, arg, into);
	buf_done(&paragraph.text);
}

/* ---- catalogues --------------------------------------------------------------------------------
 *
 * GNU gettext, "The Format of GNU MO Files": magic, revision, the number of messages, where the rows
 * of messages and those of translations begin; a row is a length and an offset.
 */

#define MO_MAGIC 0x950412deU

static struct catalogue {
	const char *octets;
	size_t len;
} catalogues[2];
static size_t catalogue_count;

static uint32_t word_at(const struct catalogue *catalogue, size_t offset)
{
	uint32_t word = 0;
	if (offset <= catalogue->len - sizeof(word))
		memcpy(&word, catalogue->octets + offset, sizeof(word));
	return word;
}

/* The text of row `i` of the rows whose offset is in word `rows`. */
static const char *text_at(const struct catalogue *catalogue, unsigned rows, uint32_t i)
{
	size_t row = word_at(catalogue, rows * sizeof(uint32_t)) +
	             (size_t)i * 2 * sizeof(uint32_t);
	uint32_t offset = word_at(catalogue, row + sizeof(uint32_t));
	return offset < catalogue->len ? catalogue->octets + offset : "";
}

int manref_catalogue_add(const char *octets, size_t len)
{
	struct catalogue catalogue = { octets, len };
	if (catalogue_count == ARRAY_LEN(catalogues) || len < 7 * sizeof(uint32_t) ||
	    word_at(&catalogue, 0) != MO_MAGIC)
		return -1;
	catalogues[catalogue_count++] = catalogue;
	return 0;
}

const char *manref_translation(const char *message)
{
	if (!*message) /* the catalogue's head */
		return NULL;
	for (size_t k = 0; k < catalogue_count; k++) {
		uint32_t count = word_at(&catalogues[k], 2 * sizeof(uint32_t));
		for (uint32_t i = 0; i < count; i++)
			if (strcmp(text_at(&catalogues[k], 3, i), message) == 0)
				return text_at(&catalogues[k], 4, i);
	}
	return NULL;
}

/* libintl.h makes one a macro for the other, by the options of the compiler. */
#undef gettext
#undef dcgettext
char *gettext(const char *message)
{
	const char *translation = manref_translation(message);
	union {
		const char *in;
		char *out;
	} text = { translation ? translation : message };
	return text.out;
}

char *dcgettext(const char *domain, const char *message, int category)
{
	(void)domain, (void)category;
	return gettext(message);
}
