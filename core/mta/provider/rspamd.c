/* The part of rspamd's configuration (UCL) that determines which header fields it writes. */
#include "core/mta/provider/rspamd.h"

#include <stddef.h>
#include <string.h>

#include "core/base/buf.h"

bool rspamd_is_item(const char *item)
{
	return strstr(item, "11332") || strstr(item, "rspamd");
}

/* The text without its comments. */
static void strip_comments(const char *text, struct buf *into)
{
	while (*text) {
		if (*text == '#') {
			text += strcspn(text, "\n");
		} else if (strncmp(text, "/*", 2) == 0) {
			const char *end = strstr(text, "*/");
			text = end ? end + 2 : text + strlen(text);
		} else {
			buf_add(into, text++, 1);
		}
	}
}

/* The length of the value of `use` at `text`, from its key on; 0: another key. */
static size_t value_of_use(const char *text)
{
	size_t at = *text == '"' ? 1 : 0;
	if (strncmp(text + at, "use", 3) != 0)
		return 0;
	at += 3;
	at += at == 4 && text[at] == '"';
	at += strspn(text + at, " \t\r\n");
	at += text[at] == '=' || text[at] == ':';
	at += strspn(text + at, " \t\r\n");
	if (text[at] != '[' && text[at] != '"')
		return 0;
	return at + strcspn(text + at, text[at] == '[' ? "]" : ";\n}");
}

bool rspamd_writes_results(const char *text)
{
	static const char routine[] = "authentication-results";
	auto_buf plain = BUF_INIT;
	strip_comments(text, &plain);
	const char *at = buf_text(&plain);
	for (char before = '\n'; *at; before = *at++) {
		size_t len = strchr(" \t\r\n;{,", before) ? value_of_use(at) : 0;
		if (len && memmem(at, len, routine, strlen(routine)))
			return true;
	}
	return false;
}
