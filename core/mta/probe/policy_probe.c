/*
 * One request of the policy delegation protocol.
 *
 * The mail server may create the socket itself, so that a connection proves nothing: a program that
 * cannot be started closes it without an answer.
 */
#include "core/mta/probe/policy_probe.h"

#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/peer.h"
#include "core/base/text.h"

#define ANSWER_LIMIT 4096

static char *compose(const char *client, const char *domain, const char *sender)
{
	return xasprintf("request=smtpd_access_policy\n"
	                 "protocol_state=RCPT\n"
	                 "protocol_name=ESMTP\n"
	                 "client_address=%s\n"
	                 "client_name=%s\n"
	                 "helo_name=%s\n"
	                 "sender=%s\n"
	                 "recipient=postmaster@localhost\n"
	                 "instance=mailauthctl.probe\n"
	                 "\n",
	                 client, domain, domain, sender);
}

static const struct peer_words words = {
	.absent = N_("no policy service answers at %s"),
	.broken = N_("the policy service at %s"),
	.late = N_("the policy service at %s did not answer in time"),
	.closed = N_("the policy service at %s returned no answer: see the messages of "
	             "spawn and mailauth-policyd in the mail log"),
};

static int hear(struct peer *peer, struct err *err)
{
	while (!strstr(buf_text(&peer->in), "\n\n")) {
		int r = peer_receive_more(peer, err);
		if (r < 0)
			return r;
		if (peer->in.len > ANSWER_LIMIT)
			return err_set(err, ERR_FAILED, _(words.closed), peer->name);
	}
	return 0;
}

/* *answer: the action, without its terminator. */
static int converse(struct ctx *ctx, const char *endpoint, const char *request,
                    int64_t deadline, struct buf *answer, struct err *err)
{
	const char *path = text_starts(endpoint, "unix:") ? endpoint + 5 : "";
	struct peer peer = PEER(&words, endpoint, deadline);
	struct peer_address address;
	int r = peer_address_unix(ctx, path, &address, err);
	if (r == 0)
		r = peer_connect(&peer, &address, err);
	if (r == 0)
		r = peer_send(&peer, request, strlen(request), err);
	if (r == 0)
		r = hear(&peer, err);
	const char *text = buf_text(&peer.in);
	if (r == 0 && strncasecmp(text, "action=", 7) != 0)
		r = err_set(err, ERR_FAILED,
		            _("the policy service at %s returned an answer without "
		              "action"),
		            endpoint);
	else if (r == 0)
		buf_add(answer, text + 7, strcspn(text + 7, "\n"));
	peer_done(&peer);
	return r;
}

static int ask_service(struct ctx *ctx, const struct step *step, int64_t deadline,
                       struct err *err)
{
	auto_buf answer = BUF_INIT;
	auto_free char *request = compose("127.0.0.1", "localhost", "");
	int r = converse(ctx, step->object, request, deadline, &answer, err);
	if (r == 0 && strcasecmp(buf_text(&answer), "DUNNO") != 0)
		r = err_set(err, ERR_FAILED,
		            _("the policy service at %s answered \"%s\" for mail from "
		              "this host, which must not be checked"),
		            step->object, buf_text(&answer));
	return r;
}

int policy_ask(struct ctx *ctx, const char *endpoint, const char *domain,
               int64_t deadline, struct buf *answer, struct err *err)
{
	auto_free char *sender = xasprintf("postmaster@%s", domain);
	auto_free char *request = compose("192.0.2.1", domain, sender);
	return converse(ctx, endpoint, request, deadline, answer, err);
}

static void show(const struct step *step, struct buf *out)
{
	buf_printf(out, _("# then the SPF service must answer at %s\n"), step->object);
}

const struct probe_type policy_probe = {
	.name = "policy",
	.ask = ask_service,
	.show = show,
};
