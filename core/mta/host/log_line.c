/* Foreign text: every part has a length. */
#include "core/mta/host/log_line.h"

#include <string.h>

bool log_line_read(const char *line, size_t len, struct log_line *ret)
{
	const char *colon = memmem(line, len, "]: ", 3);
	const char *bracket = colon ? memrchr(line, '[', (size_t)(colon - line)) : NULL;
	const char *blank = bracket ? memrchr(line, ' ', (size_t)(bracket - line)) : NULL;

	if (!bracket)
		return false;
	ret->tag = blank ? blank + 1 : line;
	ret->tag_len = (size_t)(bracket - ret->tag);
	ret->message = colon + 3;
	ret->message_len = len - (size_t)(ret->message - line);
	return ret->tag_len > 0;
}

bool log_line_is_of(const struct log_line *line, const char *tag)
{
	return line->tag_len == strlen(tag) && memcmp(line->tag, tag, line->tag_len) == 0;
}

bool log_line_begins(const struct log_line *line, const char *words)
{
	size_t len = strlen(words);

	return line->message_len > len && memcmp(line->message, words, len) == 0;
}

bool log_line_has(const struct log_line *line, const char *words)
{
	return memmem(line->message, line->message_len, words, strlen(words)) != NULL;
}
