/*
 * Finding topics, and sections in rendered pages.
 *
 * The heading of a subsection is a line of its own, indented by HEADING_INDENT blanks; its content
 * is indented further.
 */
#include "cli/line/help_topic.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

#include "core/base/text.h"

#define HEADING_INDENT 3

const struct help_topic *help_topic_find(const struct help_topic *topics,
                                         const char *name)
{
	for (const struct help_topic *topic = topics; topic && topic->name; topic++) {
		size_t len = strlen(topic->page);
		if (strcmp(topic->name, name) == 0 || strcmp(topic->page, name) == 0 ||
		    (text_starts(name, topic->page) && name[len] == '('))
			return topic;
	}
	return NULL;
}

const char *help_topic_text(const struct help_topic *topic)
{
	/* not the current locale: main() replaces one that does not support UTF-8 */
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	/* TRANSLATORS: the code of your language, which selects the manual's text: "es" */
	const char *language = _("en");
	bool is_utf8 = false;
	if (locale) {
		is_utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
		freelocale(locale);
	}
	for (const struct help_text *text = topic->translations; text && text->language;
	     text++)
		if (strcmp(text->language, language) == 0)
			return is_utf8 ? text->utf8 : text->ascii;
	return is_utf8 ? topic->utf8 : topic->ascii;
}

static size_t indent_of(const char *line)
{
	return strspn(line, " ");
}

/* The line after the heading; NULL: there is no such heading. */
static const char *find_heading(const char *text, const char *heading)
{
	size_t len = strlen(heading);
	while (*text) {
		size_t line = strcspn(text, "\n");
		if (indent_of(text) == HEADING_INDENT && line == HEADING_INDENT + len &&
		    strncmp(text + HEADING_INDENT, heading, len) == 0)
			return text + line + (text[line] == '\n');
		text += line + (text[line] == '\n');
	}
	return NULL;
}

bool help_topic_section(const struct help_topic *topic, const char *heading,
                        struct buf *into)
{
	const char *text = find_heading(help_topic_text(topic), heading);
	size_t end;
	if (!text)
		return false;
	buf_printf(into, "%s\n", heading);
	end = into->len;
	while (*text) {
		size_t line = strcspn(text, "\n");
		if (line && indent_of(text) <= HEADING_INDENT)
			break;
		size_t skip = line ? HEADING_INDENT : 0;
		buf_add(into, text + skip, line - skip);
		buf_putc(into, '\n');
		if (line)
			end = into->len;
		text += line + (text[line] == '\n');
	}
	into->len = end; /* without empty lines at the end */
	into->at[end] = '\0';
	return true;
}
