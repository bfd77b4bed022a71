/*
 * Types of settings: one row for each with its check.  The argument of a check is clean text (no
 * control characters, valid UTF-8); the result is the canonical form in a buffer.
 */
#include "core/model/setting/setting_type.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/ascii.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/network.h"
#include "core/base/text.h"
#include "core/base/words.h"
#include "core/model/setting/selector_pattern.h"
#include "dnszone/name/name.h"
#include "dnszone/spf/spf_record.h"

static int check_bool(const struct setting_row *row, const char *text, struct buf *out,
                      struct err *err)
{
	bool value;
	if (!text_to_bool(text, &value))
		return err_set(err, ERR_USAGE, _("%s must be on or off, not \"%s\""),
		               row->key, text);
	buf_puts(out, value ? "on" : "off");
	return 0;
}

static int check_int(const struct setting_row *row, const char *text, struct buf *out,
                     struct err *err)
{
	int64_t value;
	if (!text_to_int(text, row->min, row->max, &value))
		return err_set(err, ERR_USAGE,
		               _("%s must be a number from %" PRId64 " to %" PRId64 ", "
		                 "not \"%s\""),
		               row->key, row->min, row->max, text);
	buf_printf(out, "%" PRId64, value);
	return 0;
}

static int check_enum(const struct setting_row *row, const char *text, struct buf *out,
                      struct err *err)
{
	int64_t number = 0;
	int64_t count = 0;
	while (row->words[count])
		count++;
	struct suggestion near;
	suggestion_init(&near, text);
	for (int64_t i = 0; i < count; i++) {
		if (strcmp(row->words[i], text) == 0)
			number = i + 1;
		suggestion_offer(&near, row->words[i]);
	}
	if (number == 0 && row->flags & SETTING_NUMBERED &&
	    !text_to_int(text, 1, count, &number))
		number = 0;
	if (number == 0) {
		char values[256];
		setting_describe_values(row, values, sizeof(values));
		return near.best ? err_set(err, ERR_USAGE,
		                           _("%s cannot be \"%s\"; did you mean "
		                             "\"%s\"?"),
		                           row->key, text, near.best)
		                 : err_set(err, ERR_USAGE, _("%s must be %s, not \"%s\""),
		                           row->key, values, text);
	}
	buf_puts(out, row->words[number - 1]);
	return 0;
}

static int check_duration(const struct setting_row *row, const char *text,
                          struct buf *out, struct err *err)
{
	int64_t seconds;
	char least[32], canonical[32];
	if (!text_to_duration(text, &seconds))
		return err_set(
			err, ERR_USAGE,
			_("%s must be a duration such as 90s, 15m, 12h, 7d or 2w, not "
		          "\"%s\""),
			row->key, text);
	text_from_duration(row->min, least);
	if (seconds < row->min)
		return err_set(err, ERR_USAGE,
		               _("%s must be at least %s: signed mail can be in "
		                 "transit that long"),
		               row->key, least);
	text_from_duration(seconds, canonical);
	buf_puts(out, canonical);
	return 0;
}

static int check_host(const struct setting_row *row, const char *text, struct buf *out,
                      struct err *err)
{
	char name[NAME_SIZE];
	int r = name_parse_host(text, name, err);
	if (r < 0)
		return err_prefix(err, "%s", row->key);
	buf_puts(out, name);
	return 0;
}

static bool has_host_bits(const unsigned char *octets, size_t len, int64_t prefix)
{
	for (size_t bit = (size_t)prefix; bit < len * 8; bit++)
		if (octets[bit / 8] & 0x80 >> bit % 8)
			return true;
	return false;
}

/* One address or block, canonical ("10.0.0.0/8"; a single address without its length). */
static int check_network(const char *key, const char *text, struct buf *out,
                         struct err *err)
{
	char address[INET6_ADDRSTRLEN + 4];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned char octets[16];
	bool is_v4 = memchr(text, ':', len) == NULL;
	if (len >= sizeof(address))
		len = 0;
	memcpy(address, text, len);
	address[len] = '\0';
	size_t width = is_v4 ? 4 : 16;
	int64_t prefix = (int64_t)width * 8;
	if (inet_pton(is_v4 ? AF_INET : AF_INET6, address, octets) != 1 ||
	    (slash && !text_to_int(slash + 1, 0, (int64_t)width * 8, &prefix)))
		return err_set(err, ERR_USAGE,
		               _("%s must be a list of addresses and networks such as "
		                 "192.0.2.0/24 or 2001:db8::/32, not \"%s\""),
		               key, text);
	if (has_host_bits(octets, width, prefix)) {
		for (size_t bit = (size_t)prefix; bit < width * 8; bit++)
			octets[bit / 8] &= (unsigned char)~(0x80 >> bit % 8);
		inet_ntop(is_v4 ? AF_INET : AF_INET6, octets, address, sizeof(address));
		return err_set(err, ERR_USAGE,
		               _("%s: \"%s\" has bits set after its prefix length; the "
		                 "network is %s/%" PRId64),
		               key, text, address, prefix);
	}
	inet_ntop(is_v4 ? AF_INET : AF_INET6, octets, address, sizeof(address));
	buf_puts(out, address);
	if (prefix < (int64_t)width * 8)
		buf_printf(out, "/%" PRId64, prefix);
	return 0;
}

static int check_list(const struct setting_row *row, const char *text, struct buf *out,
                      int (*check)(const char *key, const char *item, struct buf *out,
                                   struct err *err),
                      struct err *err)
{
	auto_free char **items = NULL;
	size_t count;
	text_split_list(text, &items, &count);
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_putc(out, ' ');
		int r = check(row->key, items[i], out, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_networks(const struct setting_row *row, const char *text,
                          struct buf *out, struct err *err)
{
	auto_free char **items = NULL;
	size_t count = 0;
	int r = check_list(row, text, out, check_network, err);
	if (r < 0 || !(row->flags & (SETTING_OWN | SETTING_TRUSTED)))
		return r;
	text_split_list(text, &items, &count);
	for (size_t i = 0; i < count; i++) {
		struct network net;
		if (!network_parse(items[i], &net) || !network_is_world(&net))
			continue;
		return err_set(err, ERR_USAGE,
		               row->flags & SETTING_OWN
		                       ? _("%s: %s is too large for a network of one "
		                           "organization; list only the networks whose "
		                           "mail is yours")
		                       : _("%s: %s is too large to be trusted: mail of "
		                           "strangers would not be checked; list only "
		                           "the servers that relay mail to this one"),
		               row->key, items[i]);
	}
	return 0;
}

static int check_excluded(const char *key, const char *text, struct buf *out,
                          struct err *err)
{
	char name[NAME_SIZE];
	bool is_below = *text == '.';
	if (name_parse_owner(text + is_below, name, err) < 0)
		return err_prefix(err, "%s", key);
	buf_printf(out, "%s%s", is_below ? "." : "", name);
	return 0;
}

static int check_domains(const struct setting_row *row, const char *text, struct buf *out,
                         struct err *err)
{
	return check_list(row, text, out, check_excluded, err);
}

/* As the reader of mailauth-policyd's file: what is no name is a network. */
static int check_sender(const char *key, const char *text, struct buf *out,
                        struct err *err)
{
	char name[NAME_SIZE];
	struct network net;
	if (strpbrk(text, "/:!") || network_parse(text, &net))
		return check_network(key, text, out, err);
	if (name_parse_domain(text, name, err) < 0)
		return err_prefix(err, "%s", key);
	buf_puts(out, name);
	return 0;
}

static int check_senders(const struct setting_row *row, const char *text, struct buf *out,
                         struct err *err)
{
	return check_list(row, text, out, check_sender, err);
}

static int check_selector(const struct setting_row *row, const char *text,
                          struct buf *out, struct err *err)
{
	static const struct selector_values sample = {
		.now = 1798718400, /* 2026-12-31 */
		.algorithm = "ed25519",
		.serial = "1",
	};
	auto_buf expanded = BUF_INIT;
	char name[NAME_SIZE];
	int r = selector_pattern_expand(text, &sample, &expanded, err);
	if (r >= 0)
		r = name_parse_selector(buf_text(&expanded), name, err);
	if (r < 0)
		return err_prefix(err, "%s", row->key);
	buf_puts(out, strpbrk(text, "%{") ? text : name);
	return 0;
}

static int check_policy(const struct setting_row *row, const char *text, struct buf *out,
                        struct err *err)
{
	if (strlen(text) > 255)
		return err_set(err, ERR_USAGE, _("%s must have at most 255 octets"),
		               row->key);
	if (!*text)
		return err_set(err, ERR_USAGE,
		               _("%s must be the text of the record, or none"), row->key);
	buf_puts(out, text);
	return 0;
}

static int check_address(const struct setting_row *row, const char *text, struct buf *out,
                         struct err *err)
{
	bool is_v4 = row->type == SETTING_IPV4;
	unsigned char octets[16];
	char canonical[INET6_ADDRSTRLEN];
	if (inet_pton(is_v4 ? AF_INET : AF_INET6, text, octets) != 1)
		return err_set(err, ERR_USAGE, _("%s must be an %s address, not \"%s\""),
		               row->key, is_v4 ? "IPv4" : "IPv6", text);
	if (network_use(is_v4 ? AF_INET : AF_INET6, octets, is_v4 ? 32 : 128) ==
	    NETWORK_PRIVATE)
		return err_set(err, ERR_USAGE, _("%s: %s is not a public address"),
		               row->key, text);
	buf_puts(out, inet_ntop(is_v4 ? AF_INET : AF_INET6, octets, canonical,
	                        sizeof(canonical)));
	return 0;
}

static int check_path(const struct setting_row *row, const char *text, struct buf *out,
                      struct err *err)
{
	size_t len = strlen(text);
	while (len > 1 && text[len - 1] == '/')
		len--;
	auto_free char *path = xmemdup(text, len);
	if (!path_is_plain(path) || len < 2 || len > 4000)
		return err_set(
			err, ERR_USAGE,
			_("%s must be an absolute path without . and .., not \"%s\""),
			row->key, text);
	buf_puts(out, path);
	return 0;
}

static int check_command(const struct setting_row *row, const char *text, struct buf *out,
                         struct err *err)
{
	auto_free char **words = NULL;
	size_t count;
	if (!text_split_words(text, &words, &count))
		return err_set(err, ERR_USAGE, _("%s: a double quote is not closed"),
		               row->key);
	buf_puts(out, text);
	return 0;
}

static int check_url(const struct setting_row *row, const char *text, struct buf *out,
                     struct err *err)
{
	const char *host = text_starts(text, "https://")  ? text + 8
	                   : text_starts(text, "http://") ? text + 7
	                                                  : "";
	if (!*host || *host == '/' || strpbrk(text, " \"<>") || strchr(host, '@'))
		return err_set(
			err, ERR_USAGE,
			_("%s must be a URL such as https://mail.example.com:9998/ "
		          "without an account, not \"%s\""),
			row->key, text);
	buf_puts(out, text);
	return 0;
}

static int check_account(const struct setting_row *row, const char *text, struct buf *out,
                         struct err *err)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz_";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_.-";
	size_t len = strlen(text);
	if (len > 32 || !strchr(first, text[0]) || strspn(text, rest) != len ||
	    strcmp(text, "root") == 0)
		return err_set(
			err, ERR_USAGE,
			_("%s must be the name of a system account other than root, "
		          "not \"%s\""),
			row->key, text);
	buf_puts(out, text);
	return 0;
}

static int check_local_rules(const struct setting_row *row, const char *text,
                             struct buf *out, struct err *err)
{
	if (spf_check_local_rules(text, err) < 0)
		return err_prefix(err, "%s", row->key);
	buf_puts(out, text);
	return 0;
}

static int check_guess_rules(const struct setting_row *row, const char *text,
                             struct buf *out, struct err *err)
{
	auto_free char *whole = NULL;
	if (spf_check_guess_rules(text, &whole, err) < 0)
		return err_prefix(err, "%s", row->key);
	buf_puts(out, whole);
	return 0;
}

/* A reply of SMTP is ASCII (RFC 5321 4.2).  Adds the command that sets the same text without its
 * accents, if that is accepted. */
static int propose_ascii(const struct setting_row *row, const char *text, struct err *err)
{
	auto_buf ascii = BUF_INIT, quoted = BUF_INIT;
	struct err refused = ERR_INIT;
	if (!ascii_spell(text, &ascii) || strcmp(buf_text(&ascii), text) == 0 ||
	    spf_check_explanation(buf_text(&ascii), &refused) < 0)
		return err->code;
	for (const char *c = buf_text(&ascii); *c; c++)
		if (*c == '\'')
			buf_puts(&quoted, "'\\''");
		else
			buf_putc(&quoted, *c);
	return err_add_remedy(err, "mailauthctl server set %s '%s'", row->key,
	                      buf_text(&quoted));
}

static int check_explanation(const struct setting_row *row, const char *text,
                             struct buf *out, struct err *err)
{
	if (spf_check_explanation(text, err) < 0) {
		err_prefix(err, "%s", row->key);
		return propose_ascii(row, text, err);
	}
	buf_puts(out, text);
	return 0;
}

static int check_secret(const struct setting_row *row, const char *text, struct buf *out,
                        struct err *err)
{
	if (strcmp(text, "generate") != 0 && strcmp(text, "-") != 0)
		return err_set(
			err, ERR_USAGE,
			_("%s must be generate for a new random secret, or - to read "
		          "one from standard input: other users can see a command "
		          "line"),
			row->key);
	buf_puts(out, text);
	return 0;
}

static const struct type_row {
	const char *name;
	bool may_be_empty;
	int (*check)(const struct setting_row *row, const char *text, struct buf *out,
	             struct err *err);
} types[SETTING_TYPE_COUNT] = {
	[SETTING_BOOL] = { N_("boolean"), false, check_bool },
	[SETTING_INT] = { N_("number"), false, check_int },
	[SETTING_ENUM] = { N_("word"), false, check_enum },
	[SETTING_DURATION] = { N_("duration"), false, check_duration },
	[SETTING_HOST] = { N_("host name"), true, check_host },
	[SETTING_NETWORKS] = { N_("list of networks"), true, check_networks },
	[SETTING_DOMAINS] = { N_("list of domains"), true, check_domains },
	[SETTING_SENDERS] = { N_("list of domains and networks"), true, check_senders },
	[SETTING_SELECTOR] = { N_("selector"), false, check_selector },
	[SETTING_POLICY] = { N_("text, or none"), false, check_policy },
	[SETTING_IPV4] = { N_("IPv4 address"), true, check_address },
	[SETTING_IPV6] = { N_("IPv6 address"), true, check_address },
	[SETTING_PATH] = { N_("absolute path"), true, check_path },
	[SETTING_COMMAND] = { N_("command"), true, check_command },
	[SETTING_URL] = { N_("URL"), true, check_url },
	[SETTING_ACCOUNT] = { N_("system account"), true, check_account },
	[SETTING_LOCAL_RULES] = { N_("SPF mechanisms"), true, check_local_rules },
	[SETTING_GUESS_RULES] = { N_("SPF policy"), true, check_guess_rules },
	[SETTING_EXPLANATION] = { N_("text with SPF macros"), true, check_explanation },
	[SETTING_SECRET] = { N_("generate, or - for standard input"), false,
	                     check_secret },
};

const char *setting_type_name(enum setting_type type)
{
	return _(types[type].name);
}

int setting_parse(const struct setting_row *row, const char *text, char **ret_canonical,
                  struct err *err)
{
	const struct type_row *type = &types[row->type];
	if (!text_is_clean(text))
		return err_set(
			err, ERR_USAGE,
			_("%s: the value contains a control character, a line break or "
		          "octets that are not UTF-8"),
			row->key);
	text += strspn(text, " ");
	size_t len = strlen(text);
	while (len && text[len - 1] == ' ')
		len--;
	auto_free char *trimmed = xmemdup(text, len);
	auto_buf canonical = BUF_INIT;
	if (*trimmed || !type->may_be_empty) {
		int r = type->check(row, trimmed, &canonical, err);
		if (r < 0)
			return r;
	} else if (row->type == SETTING_PATH && *row->default_text) {
		return err_set(err, ERR_USAGE, _("%s must be an absolute path"),
		               row->key);
	}
	*ret_canonical = buf_take(&canonical);
	return 0;
}

void setting_describe_values(const struct setting_row *row, char *out, unsigned size)
{
	char least[32];
	auto_buf text = BUF_INIT;
	switch (row->type) {
	case SETTING_BOOL:
		buf_puts(&text, "on, off");
		break;
	case SETTING_INT:
		buf_printf(&text, "%" PRId64 "..%" PRId64, row->min, row->max);
		break;
	case SETTING_ENUM:
		for (int i = 0; row->words[i]; i++) {
			buf_printf(&text, "%s%s", i ? ", " : "", row->words[i]);
			if (row->flags & SETTING_NUMBERED)
				buf_printf(&text, " (%d)", i + 1);
		}
		break;
	case SETTING_DURATION:
		text_from_duration(row->min, least);
		buf_printf(&text,
		           row->min ? _("duration, at least %s") : _("duration, or %s"),
		           least);
		break;
	default:
		buf_puts(&text, setting_type_name(row->type));
		if (types[row->type].may_be_empty)
			buf_puts(&text, _(", or empty"));
	}
	snprintf(out, size, "%s", buf_text(&text));
}
