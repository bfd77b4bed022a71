/* The deadline of a message begins with its end: a client may send the body slowly. */
#include "cli/policyd/policyd_incoming.h"

#include <time.h>

#include "core/base/ctx.h"
#include "dnszone/dkim/dkim_crypto.h"

bool policyd_incoming_init(struct policyd_incoming *incoming, struct policyd_conf *conf)
{
	*incoming = (struct policyd_incoming){ .conf = conf };
	incoming->verifier = message_verifier_new();
	return incoming->verifier && arena_open(&incoming->mem, MESSAGE_MEMORY);
}

void policyd_incoming_done(struct policyd_incoming *incoming)
{
	message_verifier_free(incoming->verifier);
	incoming->verifier = NULL;
	policyd_dns_done(&incoming->dns);
	arena_done(&incoming->mem);
}

void policyd_incoming_reset(struct policyd_incoming *incoming)
{
	message_verifier_reset(incoming->verifier);
	policyd_dns_limit(&incoming->dns);
}

struct message_context policyd_context(const struct policyd_conf *conf,
                                       struct resolver *dns, struct arena *mem)
{
	const struct policyd_settings *settings = &conf->settings;
	return (struct message_context){
		.dns = dns,
		.until = deadline_in_ms(settings->time_limit * INT64_C(1000)),
		.mem = mem,
		.receiver = settings->hostname,
		.now = time(NULL),
		.void_limit = settings->void_limit,
		/* without SPF the verdict would be another one */
		.checks_spf = settings->is_checked || settings->checks_dmarc,
		.checks_dmarc = settings->checks_dmarc,
	};
}

bool policyd_incoming_finish(struct policyd_incoming *incoming,
                             const struct message_envelope *envelope,
                             struct message_results *ret_results)
{
	struct resolver *dns = policyd_dns_renew(&incoming->dns, incoming->conf);
	if (!dns)
		return false;
	policyd_dns_limit(&incoming->dns);
	arena_reset(&incoming->mem);
	const struct message_context context =
		policyd_context(incoming->conf, dns, &incoming->mem);
	message_verifier_finish(incoming->verifier, &context, envelope, ret_results);
	return true;
}

void policyd_incoming_prepare(void)
{
	unsigned char hash[DKIM_HASH_LEN];
	struct dkim_hash *first = dkim_hash_new();
	if (first)
		(void)!dkim_hash_end(first, hash);
}
