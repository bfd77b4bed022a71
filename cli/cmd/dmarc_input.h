/*
 * cli/cmd/dmarc_input.h: what `dmarc check` and `dmarc explain` evaluate: identifiers that were
 * typed, or a message.  Only cmd_dmarc_check.c includes it.
 */
#ifndef CLI_CMD_DMARC_INPUT_H
#define CLI_CMD_DMARC_INPUT_H

#include "cli/app/app.h"
#include "core/base/arena.h"
#include "core/base/macro.h"
#include "core/base/network.h"
#include "dnszone/verify/exceptions.h"
#include "dnszone/verify/message_verify.h"

struct dmarc_input {
	struct arena mem;
	struct resolver *dns;
	struct message_context context; /* its trace: NULL: none */
	struct message_verifier *verifier;
	struct from_header from; /* of identifiers that were typed */
	struct message_signature signature[DKIM_SIGNATURES_MAX]; /* likewise */
	bool has_client;
	struct network client;          /* of --ip */
	struct message_results results; /* with the verdict */
	struct exceptions exceptions;   /* of --exception or the server */
};

/* Reads what was typed, and checks it.  `is_traced`: with a trace.  dmarc_input_done() in every case. */
int dmarc_input_load(struct app *app, struct dmarc_input *input, bool is_traced,
                     struct err *err) must_check;
void dmarc_input_done(struct dmarc_input *input);

/* In dmarc_message.c: reads --message and verifies it. */
int dmarc_message_load(struct app *app, struct dmarc_input *input,
                       struct err *err) must_check;

#endif
