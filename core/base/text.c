/* Numbers, durations, booleans and lists: text to value and back, independent of the locale. */
#include "core/base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/base/alloc.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool text_to_int(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
	bool negative = *text == '-';
	const char *c = text + negative;
	if (!is_digit(*c))
		return false;
	int64_t value = 0;
	for (; is_digit(*c); c++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *c - '0', &value))
			return false;
	if (*c)
		return false;
	if (negative)
		value = -value;
	if (value < min || value > max)
		return false;
	*ret_value = value;
	return true;
}

bool text_to_bool(const char *text, bool *ret_value)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "on", true },   { "yes", true }, { "true", true },   { "1", true },
		{ "off", false }, { "no", false }, { "false", false }, { "0", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(text, words[i].word) == 0) {
			*ret_value = words[i].value;
			return true;
		}
	return false;
}

static const struct {
	char unit;
	int64_t seconds;
} units[] = { { 'w', 604800 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

bool text_to_duration(const char *text, int64_t *ret_seconds)
{
	if (strcmp(text, "0") == 0) {
		*ret_seconds = 0;
		return true;
	}
	int64_t total = 0;
	size_t next_unit = 0;
	if (!*text)
		return false;
	for (const char *c = text; *c; c++) {
		int64_t number = 0;
		if (!is_digit(*c))
			return false;
		for (; is_digit(*c); c++) {
			number = number * 10 + (*c - '0');
			if (number > INT32_MAX)
				return false;
		}
		while (next_unit < ARRAY_LEN(units) && units[next_unit].unit != *c)
			next_unit++;
		if (next_unit == ARRAY_LEN(units))
			return false;
		total += number * units[next_unit++].seconds;
		if (total > INT32_MAX)
			return false;
	}
	*ret_seconds = total;
	return true;
}

void text_from_duration(int64_t seconds, char out[32])
{
	if (seconds == 0) {
		strcpy(out, "0");
		return;
	}
	/* "7d" is more common than "1w" and as short */
	size_t i = seconds == 604800;
	while (seconds % units[i].seconds != 0)
		i++;
	snprintf(out, 32, "%lld%c", (long long)(seconds / units[i].seconds),
	         units[i].unit);
}

/* The length of the valid UTF-8 sequence at c (RFC 3629), 0 if there is none. */
static size_t utf8_sequence(const unsigned char *c)
{
	if (c[0] < 0x80)
		return 1;
	size_t len = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
	if (c[0] < 0xc2 || c[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
	    (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return len;
}

bool text_is_clean(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c;) {
		size_t len = utf8_sequence(c);
		if (len == 0 || c[0] < 0x20 || c[0] == 0x7f ||
		    (c[0] == 0xc2 && c[1] < 0xa0))
			return false;
		c += len;
	}
	return true;
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t len = strlen(text), tail = strlen(suffix);
	return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

bool text_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* One allocation: the pointers, a NULL, then the characters. */
static char **word_array(size_t words, size_t len, char **ret_chars)
{
	char **array = xcalloc(1, (words + 1) * sizeof(char *) + len + 1);
	*ret_chars = (char *)(array + words + 1);
	return array;
}

void text_split_list(const char *text, char ***ret_items, size_t *ret_count)
{
	static const char separators[] = ", \t";
	size_t len = strlen(text), count = 0;
	char *chars;
	char **items = word_array(len / 2 + 1, len, &chars);
	memcpy(chars, text, len + 1);
	char *rest = chars, *item;
	while ((item = strsep(&rest, separators)))
		if (*item)
			items[count++] = item;
	items[count] = NULL;
	*ret_items = items;
	*ret_count = count;
}

bool text_split_words(const char *text, char ***ret_words, size_t *ret_count)
{
	size_t len = strlen(text), count = 0;
	char *to;
	char **words = word_array(len / 2 + 1, len, &to);
	const char *c = text;
	for (;;) {
		c += strspn(c, " \t");
		if (!*c)
			break;
		words[count++] = to;
		bool quoted = false;
		for (; *c && (quoted || !strchr(" \t", *c)); c++) {
			if (*c == '"')
				quoted = !quoted;
			else
				*to++ = *c;
		}
		*to++ = '\0';
		if (quoted) {
			free_ptr(&words);
			return false;
		}
	}
	words[count] = NULL;
	*ret_words = words;
	*ret_count = count;
	return true;
}

size_t text_columns(const char *text, size_t len)
{
	size_t columns = 0;
	for (size_t i = 0; i < len; i++)
		columns += ((unsigned char)text[i] & 0xC0) != 0x80;
	return columns;
}

void text_from_time(int64_t unix_seconds, char out[32])
{
	time_t at = (time_t)unix_seconds;
	struct tm tm;
	gmtime_r(&at, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
