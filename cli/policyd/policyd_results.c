/*
 * Parses the beginning of a field up to its first ';' in the most lenient way: text that some
 * filter could read as our name counts as our name.  If a stranger's field is wrongly treated as
 * ours, that field is lost; the opposite error would defeat the check.
 */
#include "cli/policyd/policyd_results.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define FIELD "Authentication-Results"

bool results_is_field(const char *name)
{
	size_t len = strlen(FIELD);
	return strncasecmp(name, FIELD, len) == 0 &&
	       name[len + strspn(name + len, " \t\r\n")] == '\0';
}

struct reading {
	const char *id;
	char word[RESULTS_ID_MAX + 2]; /* a longer word is not ours */
	size_t len;
	bool is_blank; /* since the last octet of the word */
	bool is_claimed;
};

static void end_word(struct reading *reading)
{
	size_t len = reading->len < sizeof(reading->word) ? reading->len
	                                                  : sizeof(reading->word);
	const char *slash = memchr(reading->word, '/', len);
	if (slash)
		len = (size_t)(slash - reading->word);
	while (len && reading->word[len - 1] == '.')
		len--;
	if (len && len == strlen(reading->id) &&
	    strncasecmp(reading->word, reading->id, len) == 0)
		reading->is_claimed = true;
	reading->len = 0;
}

/* Blanks separate words, except next to a dot. */
static void add(struct reading *reading, char c)
{
	if (reading->is_blank && reading->len && c != '.' &&
	    !(reading->len <= sizeof(reading->word) &&
	      reading->word[reading->len - 1] == '.'))
		end_word(reading);
	reading->is_blank = false;
	if (reading->len < sizeof(reading->word))
		reading->word[reading->len] = c;
	reading->len++;
}

bool results_claim(const char *value, size_t len, const char *authserv_id)
{
	struct reading reading = { .id = authserv_id };
	bool is_quoted = false;
	size_t depth = 0; /* of comments */
	for (size_t i = 0; i < len; i++) {
		char c = value[i];
		bool is_escaped = c == '\\' && i + 1 < len;
		if (is_escaped)
			c = value[++i];
		if (depth) {
			depth += !is_escaped && c == '(';
			depth -= !is_escaped && c == ')';
		} else if (!is_escaped && c == '"') {
			is_quoted = !is_quoted;
		} else if (isspace((unsigned char)c)) {
			reading.is_blank = reading.is_blank || !is_quoted;
		} else if (is_escaped || is_quoted) {
			add(&reading, c);
		} else if (c == '(') {
			depth = 1;
			reading.is_blank = true;
		} else if (c == ';') {
			break;
		} else if (c != ')') {
			add(&reading, c);
		}
	}
	end_word(&reading);
	return reading.is_claimed;
}
