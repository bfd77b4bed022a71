/*
 * Each method's result is written on its own, whole or not at all.  Values are tokens or quoted
 * strings (RFC 2045 5.1, RFC 8601 2.2), so that no octet of a stranger can end one; comments have
 * nothing that opens, closes or escapes.
 */
#include "dnszone/verify/auth_results.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/address.h"

#define VALUE_MAX 320   /* octets of a foreign value */
#define COMMENT_MAX 160 /* of a comment */
#define RESULT_SIZE 2048
#define LINE_MAX_SOFT 78

struct result { /* one "method=result ..." */
	char at[RESULT_SIZE];
	size_t len;
	size_t line; /* where its line begins */
	const char *folding;
};

static void put(struct result *r, const char *text)
{
	size_t len = strlen(text);
	if (len >= sizeof(r->at) - r->len)
		len = sizeof(r->at) - r->len - 1;
	memcpy(r->at + r->len, text, len);
	r->len += len;
	r->at[r->len] = '\0';
}

/* Between two words: a blank, or a fold where the next one would make the line too long. */
static void put_space(struct result *r, size_t next)
{
	bool folds = strcmp(r->folding, " ") != 0 &&
	             r->len - r->line + 1 + next > LINE_MAX_SOFT;
	put(r, folds ? r->folding : " ");
	if (folds)
		r->line = r->len - 1;
}

static bool is_token(struct octets value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];
		if (c <= ' ' || c > '~' || strchr("()<>@,;:\\\"/[]?=", c))
			return false;
	}
	return value.len > 0;
}

static void put_comment(struct result *r, const char *text)
{
	char comment[COMMENT_MAX + 3];
	size_t len = 0;
	comment[len++] = '(';
	for (; *text && len <= COMMENT_MAX; text++) {
		bool is_plain = *text >= ' ' && *text <= '~' && !strchr("()\\", *text);
		comment[len++] = is_plain ? *text : '?';
	}
	comment[len++] = ')';
	comment[len] = '\0';
	put_space(r, len);
	put(r, comment);
}

/* "property=value"; nothing for an empty value. */
static void put_property(struct result *r, const char *property, struct octets value)
{
	char pair[2 * VALUE_MAX + 40];
	if (value.len == 0)
		return;
	size_t len = (size_t)snprintf(pair, sizeof(pair), "%s=", property);
	if (value.len > VALUE_MAX)
		value.len = VALUE_MAX;
	const bool is_quoted = !is_token(value);
	if (is_quoted)
		pair[len++] = '"';
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i] < ' ' || value.at[i] > '~' ? '?' : value.at[i];
		if (c == '"' || c == '\\')
			pair[len++] = '\\';
		pair[len++] = c;
	}
	if (is_quoted)
		pair[len++] = '"';
	pair[len] = '\0';
	put_space(r, len);
	put(r, pair);
}

static void begin(struct result *r, const struct auth_results *field, const char *method,
                  const char *result)
{
	r->len = 0;
	r->folding = field->folding;
	put(r, ";");
	put(r, field->folding);
	r->line = r->len - 1;
	put(r, method);
	put(r, "=");
	put(r, result);
}

/* ---- methods --------------------------------------------------------------------------------- */

static void write_dkim(struct result *r, const struct auth_results *field,
                       const struct message_signature *signature)
{
	begin(r, field, "dkim", signature->result);
	if (signature->comment)
		put_comment(r, signature->comment);
	put_property(r, "header.d", octets_of(signature->domain));
	put_property(r, "header.s", octets_of(signature->selector));
	put_property(r, "header.a", octets_of(signature->algorithm));
	put_property(r, "header.b", octets_of(signature->b));
}

static void write_spf(struct result *r, const struct auth_results *field)
{
	const struct message_results *results = field->results;
	char address[ADDRESS_SIZE];
	address_to_text(field->client, address);
	begin(r, field, "spf", spf_result_name(results->spf.result));
	put_comment(r, results->spf.problem ? results->spf.problem : address);
	put_property(r, results->identity == SPF_HELO ? "smtp.helo" : "smtp.mailfrom",
	             results->spf_domain);
}

static void write_dmarc(struct result *r, const struct auth_results *field)
{
	const struct dmarc_verdict *dmarc = &field->results->dmarc;
	const char *policy = dmarc_verdict_policy(dmarc);
	char comment[COMMENT_MAX + 1];
	if (policy)
		snprintf(comment, sizeof(comment), "p=%s dis=%s", policy,
		         field->disposition);
	else
		snprintf(comment, sizeof(comment), "dis=%s", field->disposition);
	begin(r, field, "dmarc", dmarc_result_name(dmarc->result));
	put_comment(r, comment);
	if (dmarc->result == DMARC_TEMPERROR || dmarc->result == DMARC_PERMERROR)
		put_comment(r, dmarc->reason);
	put_property(r, "header.from", octets_of(dmarc->from_domain));
	put_property(r, "policy.dmarc", octets_of(policy));
}

/* ---- the field ------------------------------------------------------------------------------- */

struct whole {
	char *at;
	size_t len, room;
};

static bool add(struct whole *whole, const char *text, size_t len)
{
	if (len >= whole->room - whole->len)
		return false;
	memcpy(whole->at + whole->len, text, len);
	whole->len += len;
	whole->at[whole->len] = '\0';
	return true;
}

/* The signatures in their order; if they do not fit, valid ones before the others. */
static void add_signatures(struct whole *whole, const struct auth_results *field)
{
	const struct message_results *results = field->results;
	struct result r;
	const size_t start = whole->len;
	bool is_whole = true;
	if (results->count == 0) {
		begin(&r, field, "dkim", "none");
		(void)add(whole, r.at, r.len);
	}
	for (size_t i = 0; i < results->count && is_whole; i++) {
		write_dkim(&r, field, &results->signature[i]);
		is_whole = add(whole, r.at, r.len);
	}
	if (is_whole)
		return;
	whole->len = start;
	for (int valid = 1; valid >= 0; valid--)
		for (size_t i = 0; i < results->count; i++) {
			if ((results->signature[i].check == DMARC_PASSED) != (valid == 1))
				continue;
			write_dkim(&r, field, &results->signature[i]);
			if (!add(whole, r.at, r.len))
				return;
		}
}

size_t auth_results_write(const struct auth_results *field, char *out, size_t room)
{
	struct result spf = { .len = 0 }, dmarc = { .len = 0 };
	struct whole whole = { out, 0, room };
	if (room == 0)
		return 0;
	*out = '\0';
	if (field->results->has_spf)
		write_spf(&spf, field);
	if (field->results->has_dmarc)
		write_dmarc(&dmarc, field);
	const size_t tail = spf.len + dmarc.len;
	if (!add(&whole, field->authserv_id, strlen(field->authserv_id)) ||
	    tail >= room - whole.len)
		return whole.len;
	whole.room -= tail;
	add_signatures(&whole, field);
	whole.room += tail;
	(void)add(&whole, spf.at, spf.len);
	(void)add(&whole, dmarc.at, dmarc.len);
	return whole.len;
}
