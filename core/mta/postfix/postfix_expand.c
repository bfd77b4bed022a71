/*
 * Values of main.cf: parameter expansion as in Postfix, and lists.
 *
 * The text is not hostile, but the expansion must end: depth, output and the number of parameters
 * are bounded ("a = $a$a" doubles at each level); parts beyond the bounds expand to nothing.
 */
#include "core/mta/postfix/postfix_main.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/mta/postfix/postfix_master.h"

#define MAX_DEPTH 16
#define MAX_LEN ((size_t)64 * 1024)
#define MAX_NAMES 4096

/* Built-in values of the parameters that this program reads (Postfix 3.7 on Debian). */
static const struct default_row {
	const char *name, *value;
} defaults[] = {
	{ "canonical_classes",
	  "envelope_sender, envelope_recipient, header_sender, header_recipient" },
	{ "cleanup_service_name", "cleanup" },
	{ "compatibility_level", "0" },
	{ "config_directory", "/etc/postfix" },
	{ "content_filter", "" },
	{ "daemon_directory", "/usr/lib/postfix/sbin" },
	{ "data_directory", "/var/lib/postfix" },
	{ "default_database_type", "hash" },
	{ "inet_interfaces", "all" },
	{ "inet_protocols", "all" },
	{ "local_transport", "local" },
	{ "milter_connect_macros", "j {daemon_name} {daemon_addr} v _" },
	{ "milter_helo_macros",
	  "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}" },
	{ "milter_mail_macros", "i {auth_type} {auth_authen} {auth_author} {mail_addr} "
	                        "{mail_host} {mail_mailer}" },
	{ "milter_rcpt_macros", "i {rcpt_addr} {rcpt_host} {rcpt_mailer}" },
	{ "mydestination", "$myhostname, localhost.$mydomain, localhost" },
	{ "mynetworks", "127.0.0.0/8 [::1]/128" },
	{ "queue_directory", "/var/spool/postfix" },
	{ "receive_override_options", "" },
	{ "recipient_canonical_classes", "envelope_recipient, header_recipient" },
	{ "relay_domains",
	  "${{$compatibility_level} <level {2} ? {$mydestination} : {}}" },
	{ "sender_canonical_classes", "envelope_sender, header_sender" },
	{ "smtpd_proxy_filter", "" },
	{ "smtpd_relay_restrictions",
	  "${{$compatibility_level} <level {1} ? {} : {permit_mynetworks, "
	  "permit_sasl_authenticated, defer_unauth_destination}}" },
	{ "virtual_alias_domains", "$virtual_alias_maps" },
	{ "virtual_alias_maps", "$virtual_maps" },
	{ "virtual_mailbox_domains", "$virtual_mailbox_maps" },
	{ "virtual_transport", "virtual" },
};

struct expansion {
	const struct main_cf *cf;
	const char *service;
	const struct master_service *own; /* whose options precede main.cf; or NULL */
	unsigned depth;
	unsigned *names_left; /* of the whole value */
	struct buf *into;
};

static void expand(struct expansion *x, const char *text, size_t len);

static void expand_name(struct expansion *x, const char *name, size_t len)
{
	char key[256];
	if (len >= sizeof(key) || *x->names_left == 0)
		return;
	(*x->names_left)--;
	memcpy(key, name, len);
	key[len] = '\0';
	if (strcmp(key, "service_name") == 0) {
		buf_puts(x->into, x->service ? x->service : "");
		return;
	}
	auto_buf raw = BUF_INIT;
	const char *option = x->own ? master_override(x->own, key) : NULL;
	if (option) {
		expand(x, option, strlen(option));
		return;
	}
	if (main_cf_raw(x->cf, key, &raw)) {
		expand(x, buf_text(&raw), raw.len);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
		if (strcmp(key, defaults[i].name) == 0)
			expand(x, defaults[i].value, strlen(defaults[i].value));
}

/* The end of the group that opens at text[0] (after its closing letter); len: it is not closed. */
static size_t group_end(const char *text, size_t len)
{
	char open = text[0], close = open == '(' ? ')' : '}';
	size_t level = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == open)
			level++;
		else if (text[i] == close && --level == 0)
			return i + 1;
	}
	return len;
}

static size_t skip_space(const char *text, size_t at, size_t len)
{
	while (at < len && isspace((unsigned char)text[at]))
		at++;
	return at;
}

/* "{text}" at *at: its span, and *at after it.  False: something else. */
static bool take_group(const char *text, size_t len, size_t *at, const char **ret_text,
                       size_t *ret_len)
{
	size_t i = skip_space(text, *at, len);
	if (i >= len || text[i] != '{')
		return false;
	size_t end = i + group_end(text + i, len - i);
	if (end < i + 2 || text[end - 1] != '}')
		return false;
	*ret_text = text + i + 1;
	*ret_len = end - i - 2;
	*at = skip_space(text, end, len);
	return true;
}

/* "? {a} : {b}", "?text" or ":text" after the condition. */
static void expand_choice(struct expansion *x, bool holds, const char *text, size_t len)
{
	size_t at = skip_space(text, 0, len), group_len;
	const char *group;
	if (at >= len)
		return;
	char operator= text[at++];
	size_t plain = at;
	if (!take_group(text, len, &at, &group, &group_len)) {
		if (holds == (operator== '?'))
			expand(x, text + plain, len - plain);
		return;
	}
	if (holds == (operator== '?')) {
		expand(x, group, group_len);
	} else if (operator== '?' && at<len && text[at] == ':') {
		at++;
		if (take_group(text, len, &at, &group, &group_len))
			expand(x, group, group_len);
		else
			expand(x, text + at, len - at);
	}
}

static void expand_apart(const struct expansion *x, const char *text, size_t len,
                         struct buf *into)
{
	struct expansion apart = *x;
	apart.into = into;
	expand(&apart, text, len);
}

static int compare_values(const char *a, const char *b)
{
	bool numbers = *a && *b && strspn(a, "0123456789") == strlen(a) &&
	               strspn(b, "0123456789") == strlen(b);
	if (!numbers)
		return strcmp(a, b);
	long long x = strtoll(a, NULL, 10), y = strtoll(b, NULL, 10);
	return x < y ? -1 : x > y;
}

/* "3.6.1" against "3.10": number by number, a missing one counts as 0. */
static int compare_levels(const char *a, const char *b)
{
	for (unsigned i = 0; i < 3; i++) {
		char *a_end, *b_end;
		long x = strtol(a, &a_end, 10), y = strtol(b, &b_end, 10);
		if (x != y)
			return x < y ? -1 : 1;
		a = a_end + (*a_end == '.');
		b = b_end + (*b_end == '.');
	}
	return 0;
}

/* "{a} == {b} ? {x} : {y}"; "<=level" and the like compare versions. */
static void expand_relation(struct expansion *x, const char *text, size_t len)
{
	static const char *const operators[] = { "==", "!=", "<=", ">=", "<", ">" };
	const char *left, *right;
	size_t at = 0, left_len, right_len, op = 0;
	if (!take_group(text, len, &at, &left, &left_len))
		return;
	while (op < ARRAY_LEN(operators) && (len - at < strlen(operators[op]) ||
	                                     !text_starts(text + at, operators[op])))
		op++;
	if (op == ARRAY_LEN(operators))
		return;
	at += strlen(operators[op]);
	bool is_level = len - at > strlen("level") && text_starts(text + at, "level");
	at += is_level ? strlen("level") : 0;
	if (!take_group(text, len, &at, &right, &right_len))
		return;
	auto_buf a = BUF_INIT, b = BUF_INIT;
	expand_apart(x, left, left_len, &a);
	expand_apart(x, right, right_len, &b);
	int order =
		(is_level ? compare_levels : compare_values)(buf_text(&a), buf_text(&b));
	const bool answers[] = { order == 0, order != 0, order <= 0, order >= 0,
		                 order<0, order> 0 };
	expand_choice(x, answers[op], text + at, len - at);
}

/* The part between "${" and "}". */
static void expand_group(struct expansion *x, const char *text, size_t len)
{
	size_t at = skip_space(text, 0, len);
	if (at < len && text[at] == '{') {
		expand_relation(x, text, len);
		return;
	}
	size_t name = at;
	while (at < len && (isalnum((unsigned char)text[at]) || text[at] == '_'))
		at++;
	size_t name_len = at - name;
	at = skip_space(text, at, len);
	if (at == len) {
		expand_name(x, text + name, name_len);
		return;
	}
	auto_buf value = BUF_INIT;
	struct expansion apart = *x;
	apart.into = &value;
	expand_name(&apart, text + name, name_len);
	if (text[at] == '?' || text[at] == ':')
		expand_choice(x, value.len > 0, text + at, len - at);
}

static void expand(struct expansion *x, const char *text, size_t len)
{
	if (x->depth == MAX_DEPTH)
		return;
	x->depth++;
	for (size_t at = 0; at < len && x->into->len < MAX_LEN;) {
		const char *dollar = memchr(text + at, '$', len - at);
		size_t plain = dollar ? (size_t)(dollar - text) - at : len - at;
		buf_add(x->into, text + at, plain);
		at += plain;
		if (at + 1 >= len) {
			at = len;
		} else if (text[at + 1] == '$') {
			buf_putc(x->into, '$');
			at += 2;
		} else if (text[at + 1] == '{' || text[at + 1] == '(') {
			size_t end = group_end(text + at + 1, len - at - 1);
			if (end >= 2)
				expand_group(x, text + at + 2, end - 2);
			at += 1 + end;
		} else {
			size_t end = ++at;
			while (end < len &&
			       (isalnum((unsigned char)text[end]) || text[end] == '_'))
				end++;
			expand_name(x, text + at, end - at);
			at = end;
		}
	}
	x->depth--;
}

void main_cf_expand(const struct main_cf *cf, const char *service, const char *text,
                    struct buf *into)
{
	unsigned names_left = MAX_NAMES;
	struct expansion x = {
		.cf = cf, .service = service, .names_left = &names_left, .into = into
	};
	expand(&x, text, strlen(text));
}

void main_cf_value(const struct main_cf *cf, const char *service, const char *name,
                   struct buf *into)
{
	unsigned names_left = MAX_NAMES;
	struct expansion x = {
		.cf = cf, .service = service, .names_left = &names_left, .into = into
	};
	expand_name(&x, name, strlen(name));
}

void main_cf_value_of(const struct main_cf *cf, const struct master_service *service,
                      const char *name, struct buf *into)
{
	unsigned names_left = MAX_NAMES;
	struct expansion x = { .cf = cf,
		               .service = service->name,
		               .own = service,
		               .names_left = &names_left,
		               .into = into };
	expand_name(&x, name, strlen(name));
}

bool main_cf_is_own(const struct main_cf *cf, const struct master_service *service,
                    const char *name)
{
	auto_buf own = BUF_INIT, common = BUF_INIT;
	if (service->options == 0 || master_override(service, name))
		return service->options > 0;
	main_cf_value_of(cf, service, name, &own);
	main_cf_value(cf, service->name, name, &common);
	return strcmp(buf_text(&own), buf_text(&common)) != 0;
}
