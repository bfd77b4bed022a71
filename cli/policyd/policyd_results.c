/*
 * Parses the beginning of a field up to its first ';' in the most lenient way: text that some
 * filter could read as our name counts as our name.  If a stranger's field is wrongly treated as
 * ours, that field is lost; the opposite error would defeat the check.
 */
#include "cli/policyd/policyd_results.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "dnszone/name/name.h"
#include "dnszone/verify/hidden_field.h"

#define WORD_MAX 1024 /* U-labels take more octets than the name that they stand for */
#define CONVERSIONS_MAX \
	16 /* words with U-labels; a field with more of them is no honest one */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool results_is_field(struct octets name)
{
	while (name.len > 0 && is_blank(name.at[name.len - 1]))
		name.len--;
	return name.len == strlen(RESULTS_FIELD) &&
	       strncasecmp(name.at, RESULTS_FIELD, name.len) == 0;
}

struct reading {
	const char *id;
	char word[WORD_MAX + 1]; /* a longer word is not ours */
	size_t len;
	bool is_blank;        /* since the last octet of the word */
	unsigned conversions; /* of U-labels */
	bool is_claimed;
};

static bool is_ascii(struct octets word)
{
	for (size_t i = 0; i < word.len; i++)
		if ((unsigned char)word.at[i] & 0x80)
			return false;
	return true;
}

/* Whether the word so far is ours. */
static void look_at_word(struct reading *reading)
{
	struct octets word = { reading->word, reading->len };
	char name[NAME_SIZE];
	if (word.len == 0 || word.len > WORD_MAX)
		return;
	const char *slash = memchr(word.at, '/', word.len);
	if (slash)
		word.len = (size_t)(slash - word.at);
	while (word.len && word.at[word.len - 1] == '.')
		word.len--;
	if (word.len == strlen(reading->id) &&
	    strncasecmp(word.at, reading->id, word.len) == 0)
		reading->is_claimed = true;
	else if (memmem(word.at, word.len, "=?", 2))
		reading->is_claimed = true;
	else if (!is_ascii(word) && !reading->is_claimed)
		reading->is_claimed =
			reading->conversions++ == CONVERSIONS_MAX ||
			(name_from_mail(word, name) && strcmp(name, reading->id) == 0);
}

static void end_word(struct reading *reading)
{
	look_at_word(reading);
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

/* RFC 5322 2.2 has no control characters here: some programs end the text at a NUL, others go over it. */
static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* What precedes the first ';', as a program finds it that reads comments, quotes and escapes; false: one
 * of them does not end. */
static bool read_well(struct reading *reading, struct octets value)
{
	bool is_quoted = false;
	size_t depth = 0; /* of comments */
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];
		bool is_escaped = c == '\\' && i + 1 < value.len;
		if (is_escaped)
			c = value.at[++i];
		if (depth) {
			depth += !is_escaped && c == '(';
			depth -= !is_escaped && c == ')';
		} else if (!is_escaped && c == '"') {
			is_quoted = !is_quoted;
		} else if (isspace((unsigned char)c)) {
			reading->is_blank = reading->is_blank || !is_quoted;
		} else if (is_control(c)) {
			look_at_word(reading);
		} else if (is_escaped || is_quoted) {
			add(reading, c);
		} else if (c == '(') {
			depth = 1;
			reading->is_blank = true;
		} else if (c == ';') {
			break;
		} else if (c != ')') {
			add(reading, c);
		}
	}
	end_word(reading);
	return !depth && !is_quoted;
}

/* The same as a program finds it that only splits the text. */
static void read_badly(struct reading *reading, struct octets value)
{
	reading->is_blank = false;
	for (size_t i = 0; i < value.len && value.at[i] != ';'; i++) {
		char c = value.at[i];
		if (isspace((unsigned char)c) || (c && strchr("()\"\\", c)))
			reading->is_blank = true;
		else if (!is_control(c))
			add(reading, c);
	}
	end_word(reading);
}

bool results_claim(struct octets value, const char *authserv_id)
{
	struct reading reading = { .id = authserv_id };
	if (!read_well(&reading, value))
		read_badly(&reading, value);
	return reading.is_claimed;
}

bool results_hide_claim(struct octets value, const char *authserv_id)
{
	size_t at = 0;
	struct octets name, hidden;
	while (hidden_field_next(value, &at, &name, &hidden))
		if (results_is_field(name) && results_claim(hidden, authserv_id))
			return true;
	return false;
}
