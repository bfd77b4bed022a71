/* Placeholders of template records: the table, and their replacement in a text. */
#include "dnszone/name/placeholder.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/words.h"

enum { DOMAIN, HOSTNAME, IP, IPV6, TTL };

const struct placeholder_row placeholder_table[] = {
	[DOMAIN] = { "domain", N_("the domain that the record belongs to") },
	[HOSTNAME] = { "hostname", N_("the mail server's host name, mta.hostname") },
	[IP] = { "ip", N_("the IPv4 address, dns.ipv4") },
	[IPV6] = { "ipv6", N_("the IPv6 address, dns.ipv6") },
	[TTL] = { "ttl", N_("the time to live in seconds, dns.ttl") },
};
const unsigned placeholder_count = ARRAY_LEN(placeholder_table);

/* The length of the word in "<word>" at `text`, 0 if the text has another form. */
static size_t word_length(const char *text)
{
	size_t len = 0;
	if (*text != '<')
		return 0;
	for (const char *c = text + 1; *c != '>'; c++, len++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9')))
			return 0;
	return len;
}

/* The number of backslashes directly before a "<word>" at `text`; 0 if the text has another form.
 * Each pair stands for one; a remaining one makes the word plain text. */
static size_t escape_length(const char *text)
{
	size_t len = strspn(text, "\\");
	return len && word_length(text + len) ? len : 0;
}

/* The row of the placeholder at `text`, placeholder_count if none. */
static unsigned row_at(const char *text, size_t word_len)
{
	unsigned i = 0;
	while (i < placeholder_count &&
	       !(word_len == strlen(placeholder_table[i].name) &&
	         strncmp(text + 1, placeholder_table[i].name, word_len) == 0))
		i++;
	return i;
}

bool placeholder_expand(const char *text, const struct placeholder_values *values,
                        struct buf *out, const char **ret_lacking)
{
	char ttl[16];
	snprintf(ttl, sizeof(ttl), "%u", (unsigned)values->ttl);
	const char *const value[] = {
		[DOMAIN] = values->domain,
		[HOSTNAME] = values->hostname,
		[IP] = values->ip,
		[IPV6] = values->ipv6,
		[TTL] = ttl,
	};
	size_t len_before = out->len;
	while (*text) {
		size_t plain = strcspn(text, "<\\"), escape;
		buf_add(out, text, plain);
		text += plain;
		escape = escape_length(text);
		if (escape) {
			buf_add(out, text, escape / 2);
			text += escape;
			if (escape % 2)
				buf_putc(out, *text++);
			continue;
		}
		unsigned row = row_at(text, word_length(text));
		if (row == placeholder_count) {
			if (*text)
				buf_putc(out, *text++);
			continue;
		}
		if (!value[row]) {
			out->len = len_before;
			out->at[len_before] = '\0';
			if (ret_lacking)
				*ret_lacking = placeholder_table[row].name;
			return false;
		}
		buf_puts(out, value[row]);
		text += word_length(text) + 2;
	}
	return true;
}

static int unknown_word(const char *word, struct err *err)
{
	struct suggestion near;
	suggestion_init(&near, word);
	for (unsigned i = 0; i < placeholder_count; i++)
		suggestion_offer(&near, placeholder_table[i].name);
	if (near.best)
		return err_set(err, ERR_USAGE,
		               _("<%s> is not a placeholder; did you mean <%s>?  For "
		                 "the literal text <%s>, write \\<%s>"),
		               word, near.best, word, word);
	return err_set(
		err, ERR_USAGE,
		_("<%s> is not a placeholder; the placeholders are <domain>, "
	          "<hostname>, <ip>, <ipv6> and <ttl>.  For the literal text <%s>, "
	          "write \\<%s>"),
		word, word, word);
}

int placeholder_check(const char *text, struct err *err)
{
	while (*(text += strcspn(text, "<\\"))) {
		size_t escape = escape_length(text),
		       word_len = word_length(text + escape);
		if (escape % 2 == 0 && word_len &&
		    row_at(text + escape, word_len) == placeholder_count) {
			auto_free char *word = xmemdup(text + escape + 1, word_len);
			return unknown_word(word, err);
		}
		text += escape + 1;
	}
	return 0;
}
