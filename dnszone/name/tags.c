/*
 * Tag=value lists.  RFC 6376 3.2 is the more general form: folding white space is allowed around
 * names and values; values are printable ASCII except ';', and white space inside is kept.
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

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Drops white space after the `len` octets at `text`. */
static size_t trimmed(const char *text, size_t len)
{
	while (len > 0 && is_blank(text[len - 1]))
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
                                struct tag_span *ret_span, struct tags_place *ret_place)
{
	struct tag_span span = { .end = at + len };
	while (len > 0 && is_blank(text[at])) {
		at++;
		len--;
	}
	len = trimmed(text + at, len);
	const char *equals = len > 0 ? memchr(text + at, '=', len) : NULL;
	*ret_place = (struct tags_place){ at, len };
	if (len == 0 || equals == text + at)
		return TAGS_NO_NAME;
	if (!equals)
		return TAGS_NO_EQUALS;
	span.name_at = at;
	span.equals = (size_t)(equals - text);
	span.name_len = trimmed(text + at, span.equals - at);
	ret_place->len = span.name_len;
	if (!is_name(text + at, span.name_len))
		return TAGS_NAME;
	span.value_at = span.equals + 1;
	while (span.value_at < at + len && is_blank(text[span.value_at]))
		span.value_at++;
	span.value_len = at + len - span.value_at;
	*ret_span = span;
	return TAGS_FINE;
}

/* Reads the tag at *at, 0 at first, and moves *at to the octet after it.  False: no more. */
static bool next_tag(struct octets text, size_t *at, enum tags_fault *ret_fault,
                     struct tag_span *ret_span, struct tags_place *ret_place)
{
	if (*at > text.len)
		return false;
	size_t start = *at, len = text.len - start;
	const char *end = len > 0 ? memchr(text.at + start, ';', len) : NULL;
	if (end)
		len = (size_t)(end - text.at) - start;
	/* one ';' may follow the last tag */
	if (!end && start > 0 && trimmed(text.at + start, len) == 0)
		return false;
	*at = start + len + 1;
	*ret_fault = read_tag(text.at, start, len, ret_span, ret_place);
	return true;
}

static bool has_span(struct octets text, const struct tag_span *spans, size_t count,
                     const struct tag_span *span)
{
	for (size_t i = 0; i < count; i++)
		if (spans[i].name_len == span->name_len &&
		    memcmp(text.at + spans[i].name_at, text.at + span->name_at,
		           span->name_len) == 0)
			return true;
	return false;
}

enum tags_fault tags_read_spans(struct octets text, struct tag_span *ret_spans,
                                size_t room, size_t *ret_count)
{
	struct tag_span span;
	struct tags_place ignored;
	enum tags_fault fault = TAGS_FINE;
	size_t at = 0, count = 0;
	if (text.len == 0)
		text = octets_of(""); /* NULL has no offsets */
	while (next_tag(text, &at, &fault, &span, &ignored)) {
		if (fault != TAGS_FINE)
			return fault;
		if (has_span(text, ret_spans, count, &span))
			return TAGS_TWICE;
		if (count == room)
			return TAGS_MANY;
		ret_spans[count++] = span;
	}
	*ret_count = count;
	return TAGS_FINE;
}

static bool has_tag(const struct tags *tags, const char *name, size_t len)
{
	for (size_t i = 0; i < tags->count; i++)
		if (strlen(tags->tag[i].name) == len &&
		    memcmp(tags->tag[i].name, name, len) == 0)
			return true;
	return false;
}

enum tags_fault tags_read(const char *text, struct tags *ret_tags,
                          struct tags_place *ret_place)
{
	struct tags tags = { 0 };
	struct tags_place place = { 0, 0 };
	struct tag_span span;
	enum tags_fault fault = TAGS_FINE;
	size_t room = 0, at = 0;
	if (has_bad_octet(text, ret_place))
		return TAGS_OCTET;
	while (next_tag(octets_of(text), &at, &fault, &span, &place)) {
		if (fault == TAGS_FINE &&
		    has_tag(&tags, text + span.name_at, span.name_len))
			fault = TAGS_TWICE;
		if (fault != TAGS_FINE) {
			tags_done(&tags);
			*ret_place = place;
			return fault;
		}
		GROW(tags.tag, tags.count, room);
		tags.tag[tags.count++] = (struct tag){
			.name = xmemdup(text + span.name_at, span.name_len),
			.value = xmemdup(text + span.value_at, span.value_len),
			.at = span.name_at,
		};
	}
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

bool tags_list_has_in(struct octets list, const char *word)
{
	for (size_t at = 0; at < list.len;) {
		while (at < list.len && is_blank(list.at[at]))
			at++;
		const char *colon =
			at < list.len ? memchr(list.at + at, ':', list.len - at) : NULL;
		size_t end = colon ? (size_t)(colon - list.at) : list.len;
		size_t len = trimmed(list.at + at, end - at);
		if (len == strlen(word) && memcmp(list.at + at, word, len) == 0)
			return true;
		at = end + 1;
	}
	return false;
}

bool tags_list_has(const char *list, const char *word)
{
	return tags_list_has_in(octets_of(list), word);
}
