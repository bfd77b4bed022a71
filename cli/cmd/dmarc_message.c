/*
 * `dmarc check --message`: a message is verified as mailauth-policyd verifies one that a client
 * delivers.
 */
#include <string.h>

#include "cli/cmd/dmarc_input.h"
#include "core/base/address.h"
#include "core/base/buf.h"
#include "dnszone/dkim/dkim_message.h"

#define MESSAGE_LIMIT ((size_t)256 << 20)

static void read_field(void *arg, struct octets name, struct octets value)
{
	const struct dmarc_input *input = arg;
	message_verifier_field(input->verifier, name, value);
}

static void read_end_fields(void *arg)
{
	const struct dmarc_input *input = arg;
	/* the body is passed whether it is needed or not */
	(void)!message_verifier_end_fields(input->verifier, input->context.now);
}

static void read_body(void *arg, const char *octets, size_t len)
{
	const struct dmarc_input *input = arg;
	(void)message_verifier_body(input->verifier, octets, len);
}

static int read_message(struct app *app, struct dmarc_input *input, struct err *err)
{
	const char *name = args_get(app->args, "--message");
	auto_buf text = BUF_INIT;
	struct dkim_message message = {
		.field = read_field,
		.end_fields = read_end_fields,
		.body = read_body,
		.arg = input,
	};
	int r = app_read_input(app, name, MESSAGE_LIMIT, &text, err);
	if (r < 0)
		return r;
	bool is_read = dkim_message_feed(&message, buf_text(&text), text.len);
	dkim_message_end(&message);
	return is_read ? 0
	               : err_set(err, ERR_USAGE, _("%s: a header field is too large"),
	                         name);
}

static int read_envelope(struct app *app, struct message_envelope *ret_envelope,
                         struct network *ret_client, struct err *err)
{
	const char *from = args_get(app->args, "--mail-from");
	const char *helo = args_get(app->args, "--helo");
	const char *ip = args_get(app->args, "--ip");
	struct message_envelope envelope = { .helo = octets_of(helo) };
	if (strcmp(from, "<>") == 0)
		from = "";
	if (!*from && !helo)
		return err_set(err, ERR_USAGE,
		               _("the null sender is checked by its --helo name"));
	if (!address_parse(ip, envelope.client) || !network_parse(ip, ret_client))
		return err_set(err, ERR_USAGE,
		               _("--ip must be an IPv4 or IPv6 address, not \"%s\""), ip);
	network_unmap(ret_client);
	envelope.sender = octets_of(from);
	*ret_envelope = envelope;
	return 0;
}

int dmarc_message_load(struct app *app, struct dmarc_input *input, struct err *err)
{
	struct message_envelope envelope;
	int r = read_envelope(app, &envelope, &input->client, err);
	if (r < 0)
		return r;
	input->has_client = true;
	input->verifier = message_verifier_new();
	if (!input->verifier)
		return err_set(err, ERR_FAILED, _("not enough memory for the check"));
	r = read_message(app, input, err);
	if (r >= 0)
		message_verifier_finish(input->verifier, &input->context, &envelope,
		                        &input->results);
	return r;
}
