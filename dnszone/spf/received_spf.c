/*
 * The Received-SPF header field.
 *
 * Every value is truncated to VALUE_MAX octets before it is quoted, so the field has a maximum
 * length (seven values, each at most doubled by escapes, fit RECEIVED_SPF_SIZE unless they consist
 * of quotes only; then it is truncated at a whole attribute).
 */
#include "dnszone/spf/received_spf.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/address.h"
#include "dnszone/spf/spf_macro.h"

#define VALUE_MAX 320 /* octets of a foreign value: one address (RFC 5321 4.5.3.1) */

struct field {
	char *at;
	size_t len;
};

static void put(struct field *f, const char *text)
{
	for (; *text && f->len + 1 < RECEIVED_SPF_SIZE; text++)
		f->at[f->len++] = *text;
	f->at[f->len] = '\0';
}

static char printable(char c)
{
	return c < 0x20 || c > 0x7e ? '?' : c;
}

/* Text inside a comment: without characters that open, close or escape. */
static void put_comment(struct field *f, struct octets text)
{
	for (size_t i = 0; i < text.len && i < VALUE_MAX / 2; i++) {
		char c = printable(text.at[i]);
		const char one[] = { c == '(' || c == ')' || c == '\\' ? '?' : c, '\0' };
		put(f, one);
	}
}

/* RFC 5322 3.2.3 */
static bool is_dot_atom(struct octets text)
{
	bool is_start = true;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		                (c >= '0' && c <= '9');
		if (c == '.' ? is_start
		             : c == '\0' ||
		                       (!is_alnum && !strchr("!#$%&'*+-/=?^_`{|}~", c)))
			return false;
		is_start = c == '.';
	}
	return !is_start;
}

/* "; key=value", complete or not at all. */
static void put_pair(struct field *f, const char *key, struct octets value)
{
	char pair[2 * VALUE_MAX + 40];
	size_t len = (size_t)snprintf(pair, sizeof(pair), " %s=", key);
	bool is_cut = value.len > VALUE_MAX;
	value.len = is_cut ? VALUE_MAX : value.len;
	if (!is_cut && is_dot_atom(value)) {
		memcpy(pair + len, value.at, value.len);
		len += value.len;
	} else {
		pair[len++] = '"';
		for (size_t i = 0; i < value.len; i++) {
			char c = printable(value.at[i]);
			if (c == '"' || c == '\\')
				pair[len++] = '\\';
			pair[len++] = c;
		}
		for (unsigned i = 0; is_cut && i < 3; i++)
			pair[len++] = '.';
		pair[len++] = '"';
	}
	pair[len++] = ';';
	pair[len] = '\0';
	if (f->len + len < RECEIVED_SPF_SIZE)
		put(f, pair);
}

static const char *phrase(const struct spf_verdict *v)
{
	static const char *const phrases[] = {
		[SPF_NONE] = "no SPF record for",
		[SPF_NEUTRAL] = "client is neither permitted nor denied by",
		[SPF_PASS] = "client is permitted by",
		[SPF_FAIL] = "client is not permitted by",
		[SPF_SOFTFAIL] = "client is probably not permitted by",
		[SPF_TEMPERROR] = "temporary failure while checking",
		[SPF_PERMERROR] = "error in the SPF record of",
	};
	return phrases[v->result];
}

static void put_head(struct field *f, const struct spf_verdict *v, struct octets receiver,
                     struct octets domain)
{
	put(f, spf_result_name(v->result));
	put(f, " (");
	put_comment(f, receiver);
	put(f, ": ");
	if (v->decided_by != SPF_FROM_RECORD) {
		put(f, spf_origin_name(v->decided_by));
		put(f, ": ");
	}
	put(f, phrase(v));
	put(f, v->decided_by == SPF_FROM_LOCAL   ? " a local rule for "
	       : v->decided_by == SPF_FROM_GUESS ? " the guess rules for "
	                                         : " ");
	put_comment(f, domain);
	put(f, ")");
}

size_t received_spf(const struct spf_verdict *v, const struct spf_message *message,
                    char out[RECEIVED_SPF_SIZE])
{
	struct field f = { out, 0 };
	struct spf_question q;
	char address[ADDRESS_SIZE], whole[VALUE_MAX + 20];
	struct octets receiver =
		octets_of(message->receiver ? message->receiver : "unknown");
	address_to_text(message->client, address);
	spf_message_question(message, &q);
	put_head(&f, v, receiver, q.domain);
	put_pair(&f, "client-ip", octets_of(address));
	struct octets sender = message->sender;
	if (v->identity == SPF_HELO) {
		int len = snprintf(whole, sizeof(whole), "postmaster@%.*s",
		                   (int)(q.helo.len < VALUE_MAX ? q.helo.len : VALUE_MAX),
		                   q.helo.at ? q.helo.at : "");
		sender = (struct octets){ whole, (size_t)len };
	}
	put_pair(&f, "envelope-from", sender);
	put_pair(&f, "helo", message->helo);
	put_pair(&f, "receiver", receiver);
	put_pair(&f, "identity",
	         octets_of(v->identity == SPF_HELO ? "helo" : "mailfrom"));
	if (v->mechanism.len > 0)
		put_pair(&f, "mechanism", v->mechanism);
	else if (v->record.len > 0 && !v->problem)
		put_pair(&f, "mechanism", octets_of("default"));
	if (v->problem)
		put_pair(&f, "problem", octets_of(v->problem));
	return f.len;
}
