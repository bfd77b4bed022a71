/*
 * core/mta/probe/milter.h: the part of the milter protocol (version 6) that tests a filter with a
 * message: whether it runs, signs, verifies.
 *
 * Every octet that the filter sends is checked: a packet has at most 1 MiB, an answer at most 1,000
 * packets, and there is no wait beyond the deadline.
 */
#ifndef CORE_MTA_PROBE_MILTER_H
#define CORE_MTA_PROBE_MILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/probe_type.h"

/* The events at which a mail server sends macros to a filter. */
enum macro_stage { MACROS_CONNECT, MACROS_HELO, MACROS_MAIL, MACROS_RCPT, MACRO_STAGES };

struct milter_header {
	const char *name,
		*value; /* value without the blank after the colon and without CRLF */
};

struct milter_message {
	const char *client;    /* IPv4 address text of the SMTP client */
	bool is_authenticated; /* the client is: {auth_type}, {auth_authen} have values */
	/* The macros that are sent, with or without a value: "i {auth_type} {j=mx.example.com}";
	 * NULL: the usual ones. */
	const char *macros[MACRO_STAGES];
	const char *sender; /* envelope sender, without angle brackets */
	const char *recipient;
	const struct milter_header *header;
	size_t headers;
	const char *body; /* CRLF lines */
};

enum milter_verdict { MILTER_ACCEPT, MILTER_REJECT, MILTER_TEMPFAIL, MILTER_DISCARD };

/* Headers that the filter added, as one text of "Name: value\n" lines (folded ones unfolded). */
struct milter_answer {
	enum milter_verdict verdict;
	struct buf headers;
	struct buf removed; /* the names of those that it removed, as "Name\n" lines */
};

/* Negotiates, and sends `message` if it is not NULL.  `endpoint` is "unix:/path" (inside the
 * context's root) or "inet:port@host" with a numeric host or localhost.  `deadline` is monotonic
 * nanoseconds.  Fails: no listener, not a milter, too late. */
int milter_ask(struct ctx *ctx, const char *endpoint,
               const struct milter_message *message, int64_t deadline,
               struct milter_answer *ret_answer, struct err *err) must_check;
void milter_answer_done(struct milter_answer *answer);

/* A tag of the first DKIM-Signature in `headers` whose d= is `domain`: true and its s=. */
bool milter_find_signature(const char *headers, const char *domain, char *selector,
                           size_t selector_size) must_check;
/* Whether an Authentication-Results line of that authserv-id is among them. */
bool milter_has_results(const char *headers, const char *authserv_id) must_check;
/* Whether one of those lines contains a result of that method ("dmarc"). */
bool milter_has_result(const char *headers, const char *authserv_id,
                       const char *method) must_check;

/* Probes (milter_probe.c). */
/* Negotiates on the socket: forces a lazy reload. */
extern const struct probe_type milter_probe;

/* The lists of macros that a probe is sent with: "i {auth_type} {j=mx.example.com}"; NULL: the usual
 * ones. */
struct milter_macros {
	char *list[MACRO_STAGES];
};

struct milter_sign_question {
	struct milter_macros macros;
	char *domain;   /* of the sender */
	char *selector; /* NULL: the message must not be signed */
};
/* A message of `domain` gets a DKIM-Signature with s=`selector`. */
extern const struct probe_type milter_sign_probe;

struct milter_verify_question {
	struct milter_macros macros;
	char *authserv_id; /* NULL: the message must not be verified */
};
/* An unsigned message from outside gets Authentication-Results of that authserv-id. */
extern const struct probe_type milter_verify_probe;
/* ... with dmarc= in it. */
extern const struct probe_type milter_dmarc_probe;

struct milter_guard_question {
	char *authserv_id;
	bool has_dmarc;
};
/* A message from outside with a forged field of that authserv-id loses that field, and gets a true
 * one; with dmarc= in it if has_dmarc.  It is sent with the usual macros. */
extern const struct probe_type milter_guard_probe;

/* Of a step of milter_sign_probe. */
static inline struct milter_sign_question *milter_sign_question(const struct step *step)
{
	return step->question;
}
/* Of milter_verify_probe and milter_dmarc_probe. */
static inline struct milter_verify_question *
milter_verify_question(const struct step *step)
{
	return step->question;
}
/* Of milter_guard_probe. */
static inline struct milter_guard_question *milter_guard_question(const struct step *step)
{
	return step->question;
}
/* Of any step; NULL: it is no probe that is sent with lists of macros. */
static inline struct milter_macros *milter_probe_macros(const struct step *step)
{
	if (!step_is_probe(step))
		return NULL;
	if (step->probe == &milter_sign_probe)
		return &milter_sign_question(step)->macros;
	return step->probe == &milter_verify_probe || step->probe == &milter_dmarc_probe
	               ? &milter_verify_question(step)->macros
	               : NULL;
}

#endif
