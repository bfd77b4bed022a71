/*
 * dnszone/spf/spf_check.h: the SPF check of one message under an administrator's settings: local
 * rules, guess rules, explanation, mode.
 */
#ifndef DNSZONE_SPF_SPF_CHECK_H
#define DNSZONE_SPF_SPF_CHECK_H

#include <stdbool.h>

#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/spf/spf_eval.h"
#include "dnszone/spf/spf_mode.h"

enum spf_guess_scope { SPF_GUESS_NO_RECORD, SPF_GUESS_MOST_PERMISSIVE };

struct spf_settings { /* texts are borrowed and have passed their checks in spf_record.h */
	enum spf_mode mode;
	bool does_continue_on_dns_error;
	enum spf_guess_scope guess_scope;
	const char *local_rules; /* NULL or "": none */
	const char *guess_rules; /* with v=spf1; NULL or "": none */
	const char *explanation; /* NULL or "": the built-in one */
	bool is_plain;     /* RFC 7208 only: no rules of ours, no explanation of ours */
	bool is_explained; /* fetch a fail's exp= even where the mode rejects nothing */
};

struct spf_message {
	uint8_t client[16];   /* IPv4 as ::ffff:a.b.c.d */
	struct octets sender; /* envelope sender without <>; none: the null sender */
	struct octets helo;
	bool is_to_postmaster; /* the recipient is postmaster here */
	const char *receiver;  /* this host; NULL: "unknown" */
	int64_t now;           /* Unix seconds */
};

enum spf_identity { SPF_MAILFROM, SPF_HELO };

struct spf_verdict { /* octets are in the arena of the check, or in message and settings */
	enum spf_result result;
	enum spf_origin decided_by;
	enum spf_identity identity;
	struct spf_ruling ruling;
	struct octets mechanism; /* what matched; none: no term did */
	struct octets
		record; /* the text that decided, local rules included; none: no policy */
	char explanation[SPF_EXPLANATION_MAX +
	                 1];     /* printable ASCII; "": nothing to explain */
	const char *problem;     /* temperror, permerror: a phrase; else NULL */
	unsigned lookups, voids; /* of the evaluation that decided */
	unsigned local_errors;   /* local rules that ended in an error and were ignored */
};

/* Always answers.  `context` as for spf_eval(). */
void spf_check(const struct spf_context *context, const struct spf_settings *settings,
               const struct spf_message *message, struct spf_verdict *ret_verdict);

/* The question of a message for spf_eval(): MAIL FROM, or postmaster at the HELO name. */
enum spf_identity spf_message_question(const struct spf_message *message,
                                       struct spf_question *ret_question);

#endif
