/*
 * cli/cmd/dmarc_input.h: what `dmarc check` and `dmarc explain` evaluate: identifiers that were
 * typed, or a message.  Only cmd_dmarc_check.c includes it.
 */
#ifndef CLI_CMD_DMARC_INPUT_H
#define CLI_CMD_DMARC_INPUT_H

#include "cli/app/app.h"
#include "core/base/arena.h"
#include "core/base/macro.h"
#include "dnszone/dkim/dkim_verify.h"
#include "dnszone/dmarc/dmarc_verdict.h"

struct dmarc_signature { /* texts may be NULL */
	const char *result, *reason, *domain, *selector, *algorithm;
	size_t identifier; /* its number in the question */
};

struct dmarc_input {
	struct arena mem;
	struct resolver *dns;
	struct deadline until;
	struct dmarc_trace *trace; /* NULL: none */
	struct dkim_verifier *verifier;
	enum from_fault fault; /* FROM_GOOD: the question has an author domain */
	char author[NAME_SIZE];
	struct dmarc_identifier identifier[DMARC_IDENTIFIERS_MAX];
	struct dmarc_question question;
	const char *spf;        /* its result; NULL: not checked */
	const char *spf_domain; /* NULL: none */
	struct dmarc_signature signature[DKIM_SIGNATURES_MAX];
	size_t signatures;
};

/* `is_traced`: with room for a trace.  dmarc_input_done() in every case. */
int dmarc_input_load(struct app *app, struct dmarc_input *input, bool is_traced,
                     struct err *err) must_check;
void dmarc_input_done(struct dmarc_input *input);

/* In dmarc_message.c: reads --message and checks its SPF and its signatures. */
int dmarc_message_load(struct app *app, struct dmarc_input *input,
                       struct err *err) must_check;
/* Of result words such as "pass". */
enum dmarc_check dmarc_check_of(const char *result) must_check;

#endif
