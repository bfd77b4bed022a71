/*
 * core/mta/probe/map_probe.c: a client of tcp_table(5) and socketmap_table(5).
 *
 * tcp: "get KEY\n" with %XX for unprintable octets; "200 value", "500 reason", "400 failure".
 * socketmap: netstrings, "NAME KEY"; "OK value", "NOTFOUND ", "TEMP", "TIMEOUT", "PERM" and the
 * reason.  An answer has at most 4,096 octets.
 */
#include "core/mta/probe/map_probe.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/peer.h"
#include "core/base/text.h"

#define ANSWER_LIMIT 4096

struct asking {
	const char *table;
	struct peer peer;
	bool is_socketmap;
	char *name; /* of the map of a socketmap; owned */
	struct peer_address address;
};

static const struct peer_words words = {
	.absent = N_("no server answers for the table %s"),
	.broken = N_("the table %s"),
	.late = N_("the table %s did not answer in time"),
	.closed = N_("the table %s closed the connection without an answer"),
};

/* ---- where --------------------------------------------------------------------------------- */

static bool read_unix(const struct ctx *ctx, const char *path, struct asking *a)
{
	struct err ignored = ERR_INIT;

	return peer_address_unix(ctx, path, &a->address, &ignored) == 0;
}

static int read_table(const struct ctx *ctx, struct asking *a, struct err *err)
{
	const char *rest = a->table;
	bool is_known = false;

	if (text_starts(rest, "tcp:")) {
		is_known = peer_address_inet(rest + strlen("tcp:"), &a->address);
	} else if (text_starts(rest, "socketmap:") && strrchr(rest, ':') > rest + 10) {
		const char *colon = strrchr(rest, ':');
		auto_free char *place = NULL;

		rest += strlen("socketmap:");
		place = xmemdup(rest, (size_t)(colon - rest));
		a->is_socketmap = true;
		a->name = xstrdup(colon + 1);
		if (text_starts(place, "unix:/"))
			is_known = read_unix(ctx, place + strlen("unix:"), a);
		else if (text_starts(place, "inet:"))
			is_known =
				peer_address_inet(place + strlen("inet:"), &a->address);
	}
	return is_known ? 0
	                : err_set(err, ERR_FAILED,
	                          _("%s is not a table that can be queried: it must be "
	                            "of the type tcp or socketmap"),
	                          a->table);
}

/* ---- answers ---------------------------------------------------------------------------------- */

static int is_no_table(const struct asking *a, struct err *err)
{
	return err_set(err, ERR_FAILED,
	               _("the server at %s does not use the protocol of that table"),
	               a->table);
}

/* The octets of a complete netstring: 1; incomplete: 0; negative: not a netstring. */
static int open_netstring(const struct buf *in, struct buf *ret)
{
	char *end;
	size_t digits = strspn(buf_text(in), "0123456789"), len;

	if (digits > 5 || (digits < in->len && (!digits || in->at[digits] != ':')))
		return -1;
	if (digits == in->len)
		return 0;
	len = strtoul(in->at, &end, 10);
	if (len > ANSWER_LIMIT)
		return -1;
	if (in->len < digits + 1 + len + 1)
		return 0;
	if (in->at[digits + 1 + len] != ',')
		return -1;
	buf_add(ret, in->at + digits + 1, len);
	return 1;
}

static int open_answer(const struct asking *a, const struct buf *in, struct buf *ret)
{
	const char *feed;

	if (a->is_socketmap)
		return open_netstring(in, ret);
	feed = in->len ? memchr(in->at, '\n', in->len) : NULL;
	if (feed)
		buf_add(ret, in->at, (size_t)(feed - in->at));
	return feed != NULL;
}

static int hear(struct asking *a, struct buf *answer, struct err *err)
{
	for (;;) {
		int rc = open_answer(a, &a->peer.in, answer);

		if (rc)
			return rc > 0 ? 0 : is_no_table(a, err);
		if (a->peer.in.len > ANSWER_LIMIT)
			return is_no_table(a, err);
		rc = peer_receive_more(&a->peer, err);
		if (rc)
			return rc;
	}
}

/* ---- messages --------------------------------------------------------------------------------- */

static void encode(const char *text, struct buf *into)
{
	for (; *text; text++) {
		if (isgraph((unsigned char)*text) && *text != '%')
			buf_putc(into, *text);
		else
			buf_printf(into, "%%%02x", (unsigned char)*text);
	}
}

static void decode(const char *text, struct buf *into)
{
	for (; *text && *text != '\r'; text++) {
		char hex[3] = { text[0] == '%' ? text[1] : '\0', 0, 0 };

		hex[1] = hex[0] ? text[2] : '\0';
		if (isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1])) {
			buf_putc(into, (char)strtoul(hex, NULL, 16));
			text += 2;
		} else {
			buf_putc(into, *text);
		}
	}
}

/* Text of the other side in a message: without control characters, and truncated. */
static void make_harmless(char *text)
{
	size_t len = strlen(text);

	text[len < 200 ? len : 200] = '\0';
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static int read_verdict(const struct asking *a, struct buf *answer, struct buf *value,
                        struct err *err)
{
	char *text = answer->len ? answer->at : NULL;

	if (!text || strlen(text) != answer->len)
		return is_no_table(a, err);
	if (a->is_socketmap && text_starts(text, "OK ")) {
		buf_puts(value, text + 3);
		return 1;
	}
	if (!a->is_socketmap && text_starts(text, "200 ")) {
		decode(text + 4, value);
		return 1;
	}
	if (text_starts(text, a->is_socketmap ? "NOTFOUND" : "500"))
		return 0;
	make_harmless(text);
	return err_set(err, ERR_FAILED, _("the table %s answers: %s"), a->table, text);
}

int map_look_up(struct ctx *ctx, const char *table, const char *key, int64_t deadline,
                struct buf *value, struct err *err)
{
	struct asking a = { .table = table, .peer = PEER(&words, table, deadline) };
	auto_buf request = BUF_INIT, answer = BUF_INIT;
	int rc = read_table(ctx, &a, err);

	if (!rc)
		rc = peer_connect(&a.peer, &a.address, err);
	if (a.is_socketmap) {
		buf_printf(&request, "%zu:%s %s,", strlen(a.name) + 1 + strlen(key),
		           a.name, key);
	} else {
		buf_puts(&request, "get ");
		encode(key, &request);
		buf_putc(&request, '\n');
	}
	if (!rc)
		rc = peer_send(&a.peer, request.at, request.len, err);
	if (!rc)
		rc = hear(&a, &answer, err);
	if (!rc)
		rc = read_verdict(&a, &answer, value, err);
	peer_done(&a.peer);
	free(a.name);
	return rc;
}

/* ---- the probe -------------------------------------------------------------------------------- */

bool map_is_srs_address(const char *address, const char *domain)
{
	const char *at = strrchr(address, '@');

	return at && strncasecmp(address, "SRS", 3) == 0 &&
	       (address[3] == '0' || address[3] == '1') && address[4] &&
	       strchr("=-+", address[4]) && strcasecmp(at + 1, domain) == 0;
}

static int check_reverse(struct ctx *ctx, const struct step *step, const char *given,
                         int64_t deadline, struct err *err)
{
	const struct map_question *question = map_question(step);
	auto_buf back = BUF_INIT;
	int rc = map_look_up(ctx, question->reverse, given, deadline, &back, err);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(err, ERR_FAILED,
		               _("the table %s does not accept the address that %s "
		                 "returned"),
		               question->reverse, step->object);
	if (strcasecmp(buf_text(&back), question->key) == 0)
		return 0;
	if (back.len)
		make_harmless(back.at);
	return err_set(err, ERR_FAILED, _("the table %s returns %s for an address of %s"),
	               question->reverse, buf_text(&back), question->key);
}

static int ask_table(struct ctx *ctx, const struct step *step, int64_t deadline,
                     struct err *err)
{
	const struct map_question *question = map_question(step);
	auto_buf value = BUF_INIT;
	int rc = map_look_up(ctx, step->object, question->key, deadline, &value, err);

	if (rc < 0)
		return rc;
	if (value.len)
		make_harmless(value.at);
	if (!question->domain && rc == 0)
		return 0;
	if (!question->domain)
		return err_set(err, ERR_FAILED,
		               _("the table %s returns %s for %s, which must not be "
		                 "rewritten"),
		               step->object, buf_text(&value), question->key);
	if (rc == 0)
		return err_set(err, ERR_FAILED, _("the table %s does not rewrite %s"),
		               step->object, question->key);
	if (!map_is_srs_address(buf_text(&value), question->domain))
		return err_set(
			err, ERR_FAILED,
			_("the table %s returns %s for %s, which is not an SRS address "
		          "of %s"),
			step->object, buf_text(&value), question->key, question->domain);
	return question->reverse
	               ? check_reverse(ctx, step, buf_text(&value), deadline, err)
	               : 0;
}

static void show(const struct step *step, struct buf *out)
{
	const struct map_question *question = map_question(step);

	if (question->domain)
		buf_printf(out, _("# then %s must become an address of %s at %s\n"),
		           question->key, question->domain, step->object);
	else
		buf_printf(out, _("# then %s must be left as it is at %s\n"),
		           question->key, step->object);
}

static const char *second_endpoint(const struct step *step)
{
	return map_question(step)->reverse;
}

const struct probe_type map_probe = {
	.name = "map",
	.question = QUESTION_TEXTS(struct map_question),
	.ask = ask_table,
	.show = show,
	.second_endpoint = second_endpoint,
	.is_filters = true,
};
