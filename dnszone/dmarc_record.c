/* DMARC policy records: one table of the tags that are known and of what they may hold. */
#include "dnszone/dmarc_record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "dnszone/name.h"
#include "dnszone/tags.h"

static const char blanks[] = " \t\r\n";

struct tag_row {
	const char *name;
	/* what is allowed, for the sentence; words are between '|' */
	const char *allowed;
	bool (*is_good)(const struct tag_row *row, const char *value);
	char list_separator; /* '\0': one word */
};

/* Whether the `len` octets at `word` are one of row->allowed. */
static bool is_word(const struct tag_row *row, const char *word, size_t len)
{
	for (const char *known = row->allowed; *known;) {
		size_t known_len = strcspn(known, "|");
		if (known_len == len && strncasecmp(known, word, len) == 0)
			return true;
		known += known_len + (known[known_len] == '|');
	}
	return false;
}

static bool is_words(const struct tag_row *row, const char *value)
{
	auto_free char *copy = xstrdup(value);
	if (!row->list_separator)
		return is_word(row, value, strlen(value));
	const char separators[] = { row->list_separator, '\0' };
	for (char *rest = copy, *item; (item = strsep(&rest, separators));) {
		item += strspn(item, blanks);
		size_t len = strlen(item);
		while (len > 0 && strchr(blanks, item[len - 1]))
			len--;
		if (!is_word(row, item, len))
			return false;
	}
	return true;
}

static bool is_percentage(const struct tag_row *row, const char *value)
{
	(void)row;
	int64_t number;
	return *value != '-' && text_to_int(value, 0, 100, &number);
}

static bool is_interval(const struct tag_row *row, const char *value)
{
	(void)row;
	int64_t number;
	return *value != '-' && text_to_int(value, 0, UINT32_MAX, &number);
}

/* RFC 7489 6.4: "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] behind a URI; cut off where it is right. */
static bool cut_size(char *uri)
{
	char *mark = strchr(uri, '!');
	if (!mark)
		return true;
	size_t digits = strspn(mark + 1, "0123456789");
	const char *unit = mark + 1 + digits;
	if (digits == 0 || (*unit && (unit[1] || !strchr("kmgtKMGT", *unit))))
		return false;
	*mark = '\0';
	return true;
}

static bool is_host(const char *text)
{
	char name[NAME_SIZE];
	struct err err;
	return name_parse_host(text, name, &err) == 0;
}

static bool is_mail_uri(char *rest)
{
	rest[strcspn(rest, "?")] = '\0'; /* header fields, RFC 6068 2 */
	char *at = strrchr(rest, '@');
	return at && at != rest && is_host(at + 1);
}

static bool is_web_uri(char *rest)
{
	rest[strcspn(rest, "/?#")] = '\0';
	char *port = strchr(rest, ':');
	if (port) {
		int64_t number;
		*port = '\0';
		if (!text_to_int(port + 1, 1, 65535, &number))
			return false;
	}
	return is_host(rest);
}

static bool is_uri(char *uri)
{
	uri += strspn(uri, blanks);
	size_t len = strlen(uri);
	while (len > 0 && strchr(blanks, uri[len - 1]))
		uri[--len] = '\0';
	if (strpbrk(uri, blanks) || !cut_size(uri))
		return false;
	if (strncasecmp(uri, "mailto:", 7) == 0)
		return is_mail_uri(uri + 7);
	return strncasecmp(uri, "https://", 8) == 0 && is_web_uri(uri + 8);
}

static bool is_uris(const struct tag_row *row, const char *value)
{
	(void)row;
	auto_free char *copy = xstrdup(value);
	for (char *rest = copy, *uri; (uri = strsep(&rest, ","));)
		if (!is_uri(uri))
			return false;
	return true;
}

#define POLICIES "none|quarantine|reject"
#define URIS N_("mailto: or https: addresses, separated by commas")

static const struct tag_row tag_table[] = {
	{ "adkim", "r|s", is_words },
	{ "aspf", "r|s", is_words },
	{ "fo", "0|1|d|s", is_words, ':' },
	{ "np", POLICIES, is_words },
	{ "p", POLICIES, is_words },
	{ "pct", N_("a number from 0 to 100"), is_percentage },
	{ "psd", "y|n|u", is_words },
	{ "rf", "afrf|iodef", is_words, ':' },
	{ "ri", N_("a number of seconds"), is_interval },
	{ "rua", URIS, is_uris },
	{ "ruf", URIS, is_uris },
	{ "sp", POLICIES, is_words },
	{ "t", "y|n", is_words },
};

bool dmarc_record_is(const char *text)
{
	static const char *const parts[] = { "v", "=", "DMARC1" };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		size_t len = strlen(parts[i]);
		text += strspn(text, blanks);
		if (strncasecmp(text, parts[i], len) != 0)
			return false;
		text += len;
	}
	return !*text || strchr("; \t\r\n", *text);
}

static int check_tag(const struct tag *tag, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(tag_table); i++) {
		const struct tag_row *row = &tag_table[i];
		if (strcmp(row->name, tag->name) != 0 || row->is_good(row, tag->value))
			continue;
		return err_set(
			err, ERR_USAGE,
			_("the DMARC record is wrong at column %zu: %s=%s, but %s takes %s"),
			tag->at + 1, tag->name, tag->value, tag->name, _(row->allowed));
	}
	return 0;
}

static int check_tags(const struct tags *tags, struct err *err)
{
	const struct tag *first = &tags->tag[0];
	if (strcmp(first->name, "v") != 0 || strcmp(first->value, "DMARC1") != 0)
		return err_set(
			err, ERR_USAGE,
			_("the DMARC record does not begin with v=DMARC1; but with %s=%s"),
			first->name, first->value);
	for (size_t i = 1; i < tags->count; i++) {
		int r = check_tag(&tags->tag[i], err);
		if (r < 0)
			return r;
	}
	if (!tags_get(tags, "p") && !tags_get(tags, "rua"))
		return err_set(
			err, ERR_USAGE,
			_("the DMARC record says neither p= (none, quarantine or reject) nor "
		          "rua=; write \"v=DMARC1; p=none\" for no policy"));
	return 0;
}

int dmarc_record_check(const char *text, struct err *err)
{
	struct tags tags;
	int r = tags_parse(text, &tags, err);
	if (r < 0)
		return err_prefix(err, _("the DMARC record is wrong"));
	r = check_tags(&tags, err);
	tags_done(&tags);
	return r;
}
