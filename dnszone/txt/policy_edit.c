/*
 * Edits of SPF and DMARC text.  Other terms and tags keep their order and text; blanks between them
 * become one.
 */
#include "dnszone/txt/policy_edit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "dnszone/dmarc/dmarc_record.h"
#include "dnszone/name/tags.h"

/* ---- SPF: terms between blanks ---------------------------------------------------------------- */

struct terms {
	char *text; /* cut at the blanks */
	char **term;
	size_t count, room;
};

static void terms_done(struct terms *terms)
{
	free(terms->text);
	free(terms->term);
}

static void terms_cut(const char *text, struct terms *terms)
{
	terms->text = xstrdup(text);
	for (char *rest = terms->text, *term; (term = strsep(&rest, " "));) {
		if (!*term)
			continue;
		GROW(terms->term, terms->count, terms->room);
		terms->term[terms->count++] = term;
	}
}

static const char *without_qualifier(const char *term)
{
	return term + (*term && strchr("+-~?", *term) != NULL);
}

/* The length of a modifier's name, which ends in a '=' before any ':' or '/'; 0: a mechanism. */
static size_t modifier_len(const char *term)
{
	size_t len = strcspn(term, "=:/");
	return term[len] == '=' ? len : 0;
}

static bool is_all(const char *term)
{
	return strcasecmp(without_qualifier(term), "all") == 0;
}

/* Whether both are the same term except for the qualifier, or set the same modifier. */
static bool is_same_thing(const char *a, const char *b)
{
	size_t len = modifier_len(a);
	if (len || modifier_len(b))
		return len == modifier_len(b) && strncasecmp(a, b, len) == 0;
	return strcasecmp(without_qualifier(a), without_qualifier(b)) == 0;
}

/* The text with `term` inserted before number `at`. */
static char *terms_join(const struct terms *terms, const char *term, size_t at)
{
	auto_buf text = BUF_INIT;
	for (size_t i = 0; i <= terms->count; i++) {
		if (i == at && term)
			buf_printf(&text, "%s%s", text.len ? " " : "", term);
		if (i < terms->count && terms->term[i])
			buf_printf(&text, "%s%s", text.len ? " " : "", terms->term[i]);
	}
	return buf_take(&text);
}

/* The position of a new term: always after the version. */
static size_t place_of(const struct terms *terms, const char *term)
{
	size_t at = terms->count ? 1 : 0;
	if (modifier_len(term))
		return terms->count;
	for (size_t i = 1; i < terms->count; i++) {
		if (is_all(terms->term[i]))
			return i;
		if (!modifier_len(terms->term[i]))
			at = i + 1;
	}
	return at;
}

static int check_term(const char *term, struct err *err)
{
	if (*term && !strpbrk(term, " \t") && strncasecmp(term, "v=", 2) != 0)
		return 0;
	return err_set(err, ERR_USAGE,
	               _("\"%s\" is not a single term of an SPF record, such as "
	                 "include:spf.example.net"),
	               term);
}

int policy_edit_spf_add(const char *text, const char *term, char **ret_text,
                        struct err *err)
{
	cleanup(terms_done) struct terms terms = { 0 };
	int r = check_term(term, err);
	if (r < 0)
		return r;
	terms_cut(text, &terms);
	for (size_t i = 1; i < terms.count; i++) {
		if (!is_same_thing(terms.term[i], term))
			continue;
		terms.term[i] = NULL;
		*ret_text = terms_join(&terms, term, i);
		return 0;
	}
	*ret_text = terms_join(&terms, term, place_of(&terms, term));
	return 0;
}

int policy_edit_spf_remove(const char *text, const char *term, char **ret_text,
                           struct err *err)
{
	cleanup(terms_done) struct terms terms = { 0 };
	int r = check_term(term, err);
	if (r < 0)
		return r;
	terms_cut(text, &terms);
	for (size_t i = 1; i < terms.count; i++) {
		const char *there = terms.term[i];
		if (strcasecmp(there + (*there == '+'), term + (*term == '+')) != 0)
			continue;
		terms.term[i] = NULL;
		*ret_text = terms_join(&terms, NULL, 0);
		return 0;
	}
	return err_set(err, ERR_MISSING,
	               _("the term \"%s\" is not in the SPF record \"%s\""), term, text);
}

/* ---- DMARC: tags between semicolons ----------------------------------------------------------- */

/* Names of tags are case-insensitive in DMARC (RFC 9989 4.7). */
static struct tag *find_tag(struct tags *tags, const char *name)
{
	for (size_t i = 0; i < tags->count; i++)
		if (strcasecmp(tags->tag[i].name, name) == 0)
			return &tags->tag[i];
	return NULL;
}

static void set_tag(struct tags *tags, const struct tag *from)
{
	struct tag *there = find_tag(tags, from->name);
	if (!there) {
		tags->tag = xreallocarray(tags->tag, tags->count + 1, sizeof(*tags->tag));
		there = &tags->tag[tags->count++];
		*there = (struct tag){ .name = xstrdup(from->name) };
	}
	free(there->value);
	there->value = xstrdup(from->value);
}

static int apply_change(struct tags *tags, const char *text, struct err *err)
{
	struct tags change;
	int r = tags_parse(text, &change, err);
	if (r < 0)
		return err_prefix(err, "\"%s\"", text);
	for (size_t i = 0; i < change.count; i++)
		set_tag(tags, &change.tag[i]);
	tags_done(&change);
	return 0;
}

/* Known names in lower case: a few receivers accept no other. */
static const char *name_of(const struct tag *tag)
{
	for (enum dmarc_tag known = DMARC_V; known < DMARC_TAG_COUNT; known++)
		if (strcasecmp(dmarc_tag_name(known), tag->name) == 0)
			return dmarc_tag_name(known);
	return tag->name;
}

static void put_tag(struct buf *text, const struct tag *tag)
{
	if (tag && *tag->value)
		buf_printf(text, "%s%s=%s", text->len ? "; " : "", name_of(tag),
		           tag->value);
}

int policy_edit_dmarc(const char *text, const char *const *change, size_t count,
                      char **ret_text, struct err *err)
{
	struct tags tags;
	auto_buf edited = BUF_INIT;
	int r = tags_parse(text ? text : "v=DMARC1", &tags, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = apply_change(&tags, change[i], err);
	put_tag(&edited, find_tag(&tags, "v"));
	put_tag(&edited, find_tag(&tags, "p"));
	for (size_t i = 0; i < tags.count; i++)
		if (strcasecmp(tags.tag[i].name, "v") != 0 &&
		    strcasecmp(tags.tag[i].name, "p") != 0)
			put_tag(&edited, &tags.tag[i]);
	tags_done(&tags);
	if (r >= 0)
		*ret_text = buf_take(&edited);
	return r;
}
