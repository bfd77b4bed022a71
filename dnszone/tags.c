/*
 * Tag=value lists.  RFC 6376 3.2 is the wider form: folding white space is allowed around names
 * and values; values hold printable ASCII but ';', and white space inside is kept.
 */
#include "dnszone/tags.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

static const char blanks[] = " \t\r\n";

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name_octet(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

/* Drops white space behind the `len` octets at `text`. */
static size_t trimmed(const char *text, size_t len)
{
	while (len > 0 && strchr(blanks, text[len - 1]))
		len--;
	return len;
}

static int check_octets(const char *text, struct err *err)
{
	for (const char *c = text; *c; c++)
		if ((*c < 0x20 && !strchr(blanks, *c)) || *c > 0x7e)
			return err_set(
				err, ERR_USAGE,
				_("column %zu holds the octet %d; a tag list is printable "
			          "ASCII"),
				(size_t)(c - text) + 1, (unsigned char)*c);
	return 0;
}

/* Reads the tag in the `len` octets at text + at (between two ';'). */
static int read_tag(const char *text, size_t at, size_t len, const struct tags *so_far,
                    struct tag *ret_tag, struct err *err)
{
	size_t lead = strspn(text + at, blanks);
	lead = lead > len ? len : lead;
	at += lead;
	len = trimmed(text + at, len - lead);
	const char *equals = memchr(text + at, '=', len);
	if (len == 0 || equals == text + at)
		return err_set(err, ERR_USAGE, _("column %zu: a tag without a name"),
		               at + 1);
	if (!equals)
		return err_set(err, ERR_USAGE, _("column %zu: \"%.*s\" has no '='"),
		               at + 1, (int)len, text + at);
	size_t name_len = trimmed(text + at, (size_t)(equals - text) - at);
	bool is_good = is_letter(text[at]);
	for (size_t i = 0; i < name_len; i++)
		is_good = is_good && is_name_octet(text[at + i]);
	if (!is_good)
		return err_set(
			err, ERR_USAGE,
			_("column %zu: \"%.*s\" is not a tag's name (letters, digits, "
		          "'_'); is a ';' missing?"),
			at + 1, (int)name_len, text + at);
	for (size_t i = 0; i < so_far->count; i++)
		if (strlen(so_far->tag[i].name) == name_len &&
		    memcmp(so_far->tag[i].name, text + at, name_len) == 0)
			return err_set(err, ERR_USAGE,
			               _("column %zu: the tag %s is there twice"), at + 1,
			               so_far->tag[i].name);
	const char *value = equals + 1, *end = text + at + len;
	while (value < end && strchr(blanks, *value))
		value++;
	ret_tag->name = xmemdup(text + at, name_len);
	ret_tag->value = xmemdup(value, (size_t)(end - value));
	ret_tag->at = at;
	return 0;
}

int tags_parse(const char *text, struct tags *ret_tags, struct err *err)
{
	struct tags tags = { 0 };
	size_t room = 0, at = 0;
	int r = check_octets(text, err);
	if (r < 0)
		return r;
	do {
		size_t len = strcspn(text + at, ";");
		bool is_last = !text[at + len];
		/* one ';' may stand behind the last tag */
		if (is_last && tags.count > 0 && strspn(text + at, blanks) == len)
			break;
		GROW(tags.tag, tags.count, room);
		r = read_tag(text, at, len, &tags, &tags.tag[tags.count], err);
		if (r < 0) {
			tags_done(&tags);
			return r;
		}
		tags.count++;
		at += len + !is_last;
		if (is_last)
			break;
	} while (true);
	*ret_tags = tags;
	return 0;
}

void tags_done(struct tags *tags)
{
	for (size_t i = 0; i < tags->count; i++) {
		free(tags->tag[i].name);
		free(tags->tag[i].value);
	}
	free(tags->tag);
	*tags = (struct tags){ 0 };
}

const char *tags_get(const struct tags *tags, const char *name)
{
	for (size_t i = 0; i < tags->count; i++)
		if (strcmp(tags->tag[i].name, name) == 0)
			return tags->tag[i].value;
	return NULL;
}
