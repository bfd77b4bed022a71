/*
 * An SMTP session that delivers nothing.  postscreen greets with several lines and a pause between
 * them; a line has at most 2,000 octets.
 */
#include "core/mta/probe/smtp_probe.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/peer.h"
#include "core/base/text.h"
#include "core/mta/host/service_master.h"

#define LINE_LIMIT 2000
#define LINES_LIMIT 100

struct smtp {
	struct ctx *ctx; /* NULL: any process may answer */
	struct peer peer;
	struct buf line; /* of a reply, the last one */
};

static const struct peer_words words = {
	.absent = N_("no mail server answers at %s"),
	.broken = N_("the mail server at %s"),
	.late = N_("the mail server at %s did not answer in time"),
	.closed = N_("the mail server at %s closed the connection"),
};

/* Reads a whole reply; its last line remains in s->line. */
static int read_reply(struct smtp *s, struct err *err)
{
	for (unsigned lines = 0; lines < LINES_LIMIT; lines++) {
		int r = peer_receive_line(&s->peer, LINE_LIMIT, &s->line, err);
		if (r < 0)
			return r;
		if (r == 0 || strspn(buf_text(&s->line), "0123456789") != 3)
			break;
		if (s->line.at[3] != '-')
			return 0;
	}
	return err_set(err, ERR_FAILED, _("the server at %s is not a mail server"),
	               s->peer.name);
}

static int say(struct smtp *s, const char *command, struct err *err)
{
	int r = peer_send(&s->peer, command, strlen(command), err);
	return r ? r : read_reply(s, err);
}

static bool is_ready(const struct smtp *s)
{
	return buf_text(&s->line)[0] == '2';
}

/* The address literal of one end of the connection: of the peer with `is_peer`. */
static char *literal(const struct smtp *s, bool is_peer)
{
	struct peer_address end = { .len = sizeof(end.at) };
	char text[INET6_ADDRSTRLEN] = "127.0.0.1";
	int r = is_peer ? getpeername(s->peer.fd, &end.at.any, &end.len)
	                : getsockname(s->peer.fd, &end.at.any, &end.len);
	bool is_v6 = r == 0 && end.at.any.sa_family == AF_INET6;
	if (is_v6)
		inet_ntop(AF_INET6, &end.at.v6.sin6_addr, text, sizeof(text));
	else if (r == 0 && end.at.any.sa_family == AF_INET)
		inet_ntop(AF_INET, &end.at.v4.sin_addr, text, sizeof(text));
	return xasprintf("[%s%s]", is_v6 ? "IPv6:" : "", text);
}

/* "220 mx.example.com ESMTP": the name, or the server's address if that is not a full name. */
static char *server_name(const struct smtp *s)
{
	const char *name = s->line.at[3] ? s->line.at + 4 : "";
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
	                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
	bool is_full =
		len < 256 && memchr(name, '.', len) && (!name[len] || name[len] == ' ');
	return is_full ? xmemdup(name, len) : literal(s, true);
}

/* A literal is a full name, which no restriction on HELO refuses. */
static int say_ehlo(struct smtp *s, struct err *err)
{
	auto_free char *own = literal(s, false);
	auto_free char *command = xasprintf("EHLO %s\r\n", own);
	return say(s, command, err);
}

/* The first line of a proxy: https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt, version
 * 1. */
static int say_proxy(struct smtp *s, struct err *err)
{
	bool is_v6 = s->peer.name[0] == '[';
	const char *address = is_v6 ? "::1" : "127.0.0.1";
	auto_free char *line = xasprintf("PROXY %s %s %s 40000 25\r\n",
	                                 is_v6 ? "TCP6" : "TCP4", address, address);
	return peer_send(&s->peer, line, strlen(line), err);
}

static void say_goodbye(struct smtp *s, bool has_transaction)
{
	struct err ignored = ERR_INIT;
	if (text_starts(buf_text(&s->line), "421"))
		return;
	if (has_transaction && say(s, "RSET\r\n", &ignored) < 0)
		return;
	if (say(s, "QUIT\r\n", &ignored) < 0)
		err_clear(&ignored);
}

/* A process that read an older configuration proves nothing about this one: the probe is repeated.
 */
static int refuse_left(struct smtp *s, struct err *err)
{
	if (!s->ctx || !master_is_left(s->ctx, s->peer.fd))
		return 0;
	return err_set(
		err, ERR_FAILED,
		_("a process of the mail server that was started before the reload "
	          "still answers at %s"),
		s->peer.name);
}

/* The last answer, or the first one that ends the session. */
static int converse(struct smtp *s, enum smtp_depth depth, char **ret_answer,
                    struct err *err)
{
	auto_free char *name = NULL, *command = NULL;
	bool has_transaction = false;
	int r = read_reply(s, err);
	if (r == 0)
		r = refuse_left(s, err);
	if (r == 0) {
		name = server_name(s);
		command = xasprintf("RCPT TO:<postmaster@%s>\r\n", name);
	}
	if (r == 0 && is_ready(s))
		r = say_ehlo(s, err);
	if (r == 0 && is_ready(s) && depth >= SMTP_TO_MAIL) {
		has_transaction = true;
		r = say(s, "MAIL FROM:<>\r\n", err);
	}
	if (r == 0 && is_ready(s) && depth >= SMTP_TO_RCPT)
		r = say(s, command, err);
	/* postscreen passes the connection to another process after its greeting */
	if (r == 0)
		r = refuse_left(s, err);
	if (r < 0)
		return r;
	*ret_answer = xstrdup(buf_text(&s->line));
	for (char *c = *ret_answer; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	say_goodbye(s, has_transaction);
	return 0;
}

/* `ctx` NULL: any process may answer. */
static int ask(struct ctx *ctx, const struct step *step, int64_t deadline,
               char **ret_answer, struct err *err)
{
	struct smtp s = { .ctx = ctx, .peer = PEER(&words, step->object, deadline) };
	struct peer_address address;
	int r = peer_address_inet(step->object, &address)
	                ? peer_connect(&s.peer, &address, err)
	                : err_set(err, ERR_FAILED,
	                          _("%s is not an address of a mail server"),
	                          step->object);
	if (r == 0 && step->probe == &smtp_proxy_probe)
		r = say_proxy(&s, err);
	if (r == 0)
		r = converse(&s, smtp_question(step)->depth, ret_answer, err);
	peer_done(&s.peer);
	buf_done(&s.line);
	return r;
}

static char *ask_before(const struct step *step, int64_t deadline)
{
	struct err why = ERR_INIT;
	char *answer = NULL;
	return ask(NULL, step, deadline, &answer, &why) < 0
	               ? xasprintf(SMTP_SILENT "%s", why.text)
	               : answer;
}

/* Code and enhanced status are compared; texts may contain seconds. */
static bool is_same_status(const char *a, const char *b)
{
	size_t status = a[3] ? strspn(a + 4, "0123456789.") : 0;
	size_t len = 3 + (status ? 1 + status : 0);
	return strncmp(a, b, len) == 0 && (!b[len] || strchr(" \t", b[len]));
}

bool smtp_is_worse(const char *before, const char *after)
{
	switch (after[0]) {
	case '2':
		return false;
	case '4':
		return !before || !is_same_status(after, before);
	case '5':
		return before && before[0] == '2';
	default:
		return true;
	}
}

/* The usual texts if a filter does not answer: "451 4.7.1 ..." in the transaction, or "421
 * mx.example.com ..." instead of a greeting. */
static bool is_of_filter(const char *answer)
{
	return text_starts(answer, "451 4.7.1 Service unavailable") ||
	       (text_starts(answer, "421 ") &&
	        strstr(answer, " Service unavailable - try"));
}

static int fail(const struct step *step, const char *answer, struct err *err)
{
	if (is_of_filter(answer))
		return err_set(err, ERR_FAILED,
		               _("the mail server at %s cannot reach its filter: %s"),
		               step->object, answer);
	if (smtp_question(step)->depth == SMTP_TO_EHLO)
		return err_set(err, ERR_FAILED, _("the mail server at %s answered: %s"),
		               step->object, answer);
	return err_set(err, ERR_FAILED,
	               _("the mail server at %s refuses mail for its postmaster: %s"),
	               step->object, answer);
}

static int ask_server(struct ctx *ctx, const struct step *step, int64_t deadline,
                      struct err *err)
{
	const char *before = step->before;
	auto_free char *answer = NULL;
	if (before && text_starts(before, SMTP_SILENT)) {
		ctx_report(
			ctx, REPORT_WARNING,
			_("not probed after the push because it did not answer before: "
		          "%s"),
			before + strlen(SMTP_SILENT));
		return 0;
	}
	int r = ask(ctx, step, deadline, &answer, err);
	if (r < 0)
		return r;
	if (smtp_is_worse(before, answer))
		return fail(step, answer, err);
	if (answer[0] == '4')
		ctx_report(ctx, REPORT_WARNING,
		           _("the mail server at %s refuses mail for its postmaster, "
		             "as it did before the push: %s"),
		           step->object, answer);
	return 0;
}

/* ---- the rows ---------------------------------------------------------------------------------- */

static void show(const struct step *step, struct buf *out)
{
	buf_printf(out, _("# then the mail server must answer at %s\n"), step->object);
}

const struct probe_type smtp_probe = {
	.name = "smtp",
	.question = QUESTION(struct smtp_question, depth),
	.ask = ask_server,
	.show = show,
	.before = ask_before,
	.asks_on_undo = true,
};
const struct probe_type smtp_proxy_probe = {
	.name = "smtp-proxy",
	.question = QUESTION(struct smtp_question, depth),
	.ask = ask_server,
	.show = show,
	.before = ask_before,
	.asks_on_undo = true,
};
