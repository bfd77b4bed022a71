/*
 * A text that is no plain word is always written in double quotes, which needs no knowledge of
 * YAML's many exceptions.
 */
#include "core/base/yaml_write.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

static void put_indent(struct buf *into, unsigned level)
{
	for (unsigned i = 0; i < level; i++)
		buf_puts(into, "  ");
}

/* Words that need no quotes in any version of YAML: letters, digits, '-', '.', from a letter. */
static bool is_plain_word(const char *text)
{
	static const char *const special[] = { "y",    "n",   "yes",  "no",
		                               "on",   "off", "true", "false",
		                               "null", "nan", "inf" };
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-.";
	if (text[0] == '\0' || !strchr(letters, text[0]) ||
	    text[strspn(text, more)] != '\0')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (strcasecmp(text, special[i]) == 0)
			return false;
	return true;
}

size_t yaml_special_at(const char *text, unsigned *ret_code)
{
	static const struct {
		char octets[4];
		unsigned code;
	} special[] = {
		{ "\xe2\x80\xa8", 0x2028 }, { "\xe2\x80\xa9", 0x2029 },
		{ "\xef\xbb\xbf", 0xfeff }, { "\xef\xbf\xbe", 0xfffe },
		{ "\xef\xbf\xbf", 0xffff },
	};
	const unsigned char *octets = (const unsigned char *)text;
	if (octets[0] == 0xc2 && octets[1] >= 0x80 && octets[1] < 0xa0) {
		*ret_code = octets[1];
		return 2;
	}
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (strncmp(text, special[i].octets, 3) == 0) {
			*ret_code = special[i].code;
			return 3;
		}
	return 0;
}

void yaml_put_value(struct buf *into, const char *text)
{
	if (is_plain_word(text)) {
		buf_puts(into, text);
		return;
	}
	buf_putc(into, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		unsigned code = 0;
		size_t len = c >= 0x80 ? yaml_special_at(text, &code) : 0;
		if (len) {
			buf_printf(into, "\\u%04X", code);
			text += len - 1;
		} else if (c == '"' || c == '\\')
			buf_printf(into, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(into, "\\x%02x", c);
		else
			buf_putc(into, *text);
	}
	buf_putc(into, '"');
}

void yaml_put_comment(struct buf *into, unsigned level, const char *text)
{
	put_indent(into, level);
	buf_printf(into, "# %s\n", text);
}

void yaml_put_key(struct buf *into, unsigned level, const char *key)
{
	put_indent(into, level);
	yaml_put_value(into, key);
	buf_puts(into, ":\n");
}

void yaml_put_text(struct buf *into, unsigned level, const char *key, const char *text)
{
	put_indent(into, level);
	yaml_put_value(into, key);
	buf_puts(into, ": ");
	yaml_put_value(into, text);
	buf_putc(into, '\n');
}

void yaml_put_bool(struct buf *into, unsigned level, const char *key, bool value)
{
	put_indent(into, level);
	yaml_put_value(into, key);
	buf_puts(into, value ? ": on\n" : ": off\n");
}

void yaml_put_int(struct buf *into, unsigned level, const char *key, int64_t value)
{
	put_indent(into, level);
	yaml_put_value(into, key);
	buf_printf(into, ": %" PRId64 "\n", value);
}

void yaml_put_item(struct buf *into, unsigned level, const char *text)
{
	put_indent(into, level);
	buf_puts(into, "- ");
	yaml_put_value(into, text);
	buf_putc(into, '\n');
}
