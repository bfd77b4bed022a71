/*
 * Tag=value lists.  RFC 6376 3.2 is the wider form: folding white space is allowed around names
 * and values; values hold printable ASCII but ';', and white space inside is kept.
 */
#include "dnszone/name/tags.h"

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

static bool has_bad_octet(const char *text, struct tags_place *ret_place)
{
	for (const char *c = text; *c; c++)
		if ((*c < 0x20 && !strchr(blanks, *c)) || *c > 0x7e) {
			*ret_place = (struct tags_place){ (size_t)(c - text), 1 };
			return true;
		}
	return false;
}

static bool is_name(const char *text, size_t len)
{
	bool is_good = is_letter(text[0]);
	for (size_t i = 0; i < len; i++)
		is_good = is_good && is_name_octet(text[i]);
	return is_good;
}

/* Reads the tag in the `len` octets at text + at (between two ';'). */
static enum tags_fault read_tag(const char *text, size_t at, size_t len,
                                const struct tags *so_far, struct tag *ret_tag,
                                struct tags_place *ret_place)
{
	size_t lead = strspn(text + at, blanks);
	lead = lead > len ? len : lead;
	at += lead;
	len = trimmed(text + at, len - lead);
	const char *equals = memchr(text + at, '=', len);
	*ret_place = (struct tags_place){ at, len };
	if (len == 0 || equals == text + at)
		return TAGS_NO_NAME;
	if (!equals)
		return TAGS_NO_EQUALS;
	size_t name_len = trimmed(text + at, (size_t)(equals - text) - at);
	ret_place->len = name_len;
	if (!is_name(text + at, name_len))
		return TAGS_NAME;
	for (size_t i = 0; i < so_far->count; i++)
		if (strlen(so_far->tag[i].name) == name_len &&
		    memcmp(so_far->tag[i].name, text + at, name_len) == 0)
			return TAGS_TWICE;
	const char *value = equals + 1, *end = text + at + len;
	while (value < end && strchr(blanks, *value))
		value++;
	ret_tag->name = xmemdup(text + at, name_len);
	ret_tag->value = xmemdup(value, (size_t)(end - value));
	ret_tag->at = at;
	return TAGS_FINE;
}

enum tags_fault tags_read(const char *text, struct tags *ret_tags,
                          struct tags_place *ret_place)
{
	struct tags tags = { 0 };
	struct tags_place place;
	size_t room = 0, at = 0;
	if (has_bad_octet(text, ret_place))
		return TAGS_OCTET;
	do {
		size_t len = strcspn(text + at, ";");
		bool is_last = !text[at + len];
		/* one ';' may stand behind the last tag */
		if (is_last && tags.count > 0 && strspn(text + at, blanks) == len)
			break;
		GROW(tags.tag, tags.count, room);
		enum tags_fault fault =
			read_tag(text, at, len, &tags, &tags.tag[tags.count], &place);
		if (fault != TAGS_FINE) {
			tags_done(&tags);
			*ret_place = place;
			return fault;
		}
		tags.count++;
		at += len + !is_last;
		if (is_last)
			break;
	} while (true);
	*ret_tags = tags;
	return TAGS_FINE;
}

int tags_parse(const char *text, struct tags *ret_tags, struct err *err)
{
	struct tags_place place;
	enum tags_fault fault = tags_read(text, ret_tags, &place);
	if (fault == TAGS_FINE)
		return 0;
	const char *at = text + place.at;
	size_t column = place.at + 1;
	int len = (int)place.len;
	switch (fault) {
	case TAGS_OCTET:
		return err_set(
			err, ERR_USAGE,
			_("column %zu contains the octet %d; a tag list is printable "
		          "ASCII"),
			column, (unsigned char)*at);
	case TAGS_NO_EQUALS:
		return err_set(err, ERR_USAGE, _("column %zu: \"%.*s\" has no '='"),
		               column, len, at);
	case TAGS_NAME:
		return err_set(
			err, ERR_USAGE,
			_("column %zu: \"%.*s\" is not a tag name (letters, digits, "
		          "'_'); is a ';' missing?"),
			column, len, at);
	case TAGS_TWICE:
		return err_set(err, ERR_USAGE, _("column %zu: duplicate tag %.*s"),
		               column, len, at);
	default:
		return err_set(err, ERR_USAGE, _("column %zu: a tag without a name"),
		               column);
	}
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

const struct tag *tags_find(const struct tags *tags, const char *name)
{
	for (size_t i = 0; i < tags->count; i++)
		if (strcmp(tags->tag[i].name, name) == 0)
			return &tags->tag[i];
	return NULL;
}

const char *tags_get(const struct tags *tags, const char *name)
{
	const struct tag *tag = tags_find(tags, name);
	return tag ? tag->value : NULL;
}

bool tags_list_has(const char *list, const char *word)
{
	for (const char *at = list;; at++) {
		at += strspn(at, blanks);
		size_t len = strcspn(at, ":");
		if (trimmed(at, len) == strlen(word) &&
		    memcmp(at, word, strlen(word)) == 0)
			return true;
		at += len;
		if (!*at)
			return false;
	}
}
