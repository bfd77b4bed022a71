/*
 * The policy around check_host(): which text is evaluated, which result counts, and the
 * explanation.
 *
 * (a) is the sender's record with the local rules inserted; (b) is the guess.  A guess never makes
 * a result worse: after an error or a fail of the guess, (a) counts.  The explanation of a sender
 * is used only for a fail of its own record.
 */
#include "dnszone/spf/spf_check.h"

#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "dnszone/spf/spf_edit.h"
#include "dnszone/spf/spf_macro.h"

struct check {
	const struct spf_context *context;
	const struct spf_settings *settings;
	struct spf_question question;
	struct spf_answer answer; /* the present result */
};

static bool has_text(const char *text)
{
	return text && text[strspn(text, " ")] != '\0';
}

static bool has_local(const struct check *c)
{
	return !c->settings->is_plain && has_text(c->settings->local_rules);
}

static bool has_guess(const struct check *c)
{
	return !c->settings->is_plain && has_text(c->settings->guess_rules);
}

/* ---- evaluations ------------------------------------------------------------------- */

/* A text, with the local rules inserted if `is_edited`. */
static struct spf_answer evaluate(const struct check *c, struct octets text,
                                  enum spf_origin origin, bool is_edited)
{
	struct spf_policy policy = { .text = text };
	const struct spf_record *record;
	struct spf_answer answer;
	struct err err;
	/* Nothing is inserted into an invalid text: its evaluation reports the fault. */
	if (is_edited && has_local(c) &&
	    spf_record_parse_in(c->context->mem, text.at, text.len, &record, &err) == 0 &&
	    !spf_edit_insert_local(record, c->settings->local_rules, c->context->mem,
	                           &policy))
		return (struct spf_answer){
			.result = SPF_PERMERROR,
			.record = text,
			.problem = "there is no room for the local rules",
		};
	policy.origin = origin;
	spf_eval(c->context, &c->question, &policy, &answer);
	return answer;
}

/* No record: the local rules are the whole policy; if none matches, the result is none. */
static struct spf_answer evaluate_local(const struct check *c)
{
	struct spf_answer answer =
		evaluate(c, octets_of("v=spf1"), SPF_FROM_RECORD, true);
	if (answer.mechanism.len == 0)
		answer.result = SPF_NONE;
	return answer;
}

static struct spf_answer evaluate_guess(const struct check *c, bool is_edited)
{
	return evaluate(c, octets_of(c->settings->guess_rules), SPF_FROM_GUESS,
	                is_edited);
}

/* ---- which result counts ----------------------------------------------------------- */

/* pass > neutral > softfail > fail; 0: not on that scale. */
static unsigned permissiveness(enum spf_result result)
{
	switch (result) {
	case SPF_PASS:
		return 4;
	case SPF_NEUTRAL:
		return 3;
	case SPF_SOFTFAIL:
		return 2;
	case SPF_FAIL:
		return 1;
	default:
		return 0;
	}
}

/* Whether a guess may replace none or an error, which are not on the scale. */
static bool is_hopeful(enum spf_result result)
{
	return permissiveness(result) >= 2;
}

static void prefer_guess(struct check *c, bool is_edited)
{
	if (c->answer.result == SPF_PASS || !has_guess(c))
		return;
	struct spf_answer guess = evaluate_guess(c, is_edited);
	unsigned a = permissiveness(c->answer.result), b = permissiveness(guess.result);
	if (a > 0 ? b > a : is_hopeful(guess.result))
		c->answer = guess;
}

/* The sender publishes no record. */
static void check_without_record(struct check *c)
{
	bool is_permissive = c->settings->guess_scope == SPF_GUESS_MOST_PERMISSIVE;
	if (has_local(c) && (is_permissive || !has_guess(c)))
		c->answer = evaluate_local(c);
	if (!has_guess(c))
		return;
	if (is_permissive) {
		prefer_guess(c, false);
		return;
	}
	struct spf_answer guess = evaluate_guess(c, true);
	if (permissiveness(guess.result) > 0)
		c->answer = guess;
}

/* Whether a temperror is final before it is compared with a guess. */
static bool is_final_temperror(const struct check *c)
{
	return c->answer.result == SPF_TEMPERROR &&
	       !c->settings->does_continue_on_dns_error &&
	       c->settings->mode >= SPF_DEFER_DNS_ERRORS;
}

static void check_all(struct check *c)
{
	struct spf_policy policy;
	const char *problem;
	enum spf_result fetched = spf_fetch(c->context, &c->question, &policy, &problem);
	c->answer = (struct spf_answer){ .result = fetched, .problem = problem };
	if (fetched == SPF_NONE) {
		char domain[NAME_SIZE];
		c->answer.problem = NULL;
		if (spf_question_domain(&c->question, domain))
			check_without_record(c);
		return;
	}
	if (fetched == SPF_NEUTRAL)
		c->answer = evaluate(c, policy.text, SPF_FROM_RECORD, true);
	if (is_final_temperror(c))
		return;
	if (c->settings->guess_scope == SPF_GUESS_MOST_PERMISSIVE)
		prefer_guess(c, false);
	else if (c->answer.result == SPF_TEMPERROR &&
	         c->settings->does_continue_on_dns_error)
		prefer_guess(c, true);
}

/* ---- explanation ------------------------------------------------------------------- */

static const char *built_in_text(enum spf_result result)
{
	switch (result) {
	case SPF_NONE:
		return "%{o} publishes no SPF record, which is required here";
	case SPF_NEUTRAL:
		return "the SPF record of %{o} does not say that %{c} may send its mail";
	case SPF_FAIL:
	case SPF_SOFTFAIL:
		return "%{c} is not allowed to send mail from %{o}";
	case SPF_TEMPERROR:
		return "the SPF record of %{o} cannot be checked now, please try again "
		       "later";
	default:
		return "the SPF record of %{o} is not valid";
	}
}

static void say_problem(const struct spf_answer *answer, struct spf_verdict *verdict)
{
	size_t len = strlen(verdict->explanation);
	size_t room = sizeof(verdict->explanation) - len;
	if (!answer->problem)
		return;
	snprintf(verdict->explanation + len, room, ": %s", answer->problem);
	for (char *c = verdict->explanation + len; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
}

static void explain(const struct check *c, struct spf_verdict *verdict)
{
	const struct spf_answer *answer = &c->answer;
	size_t room = sizeof(verdict->explanation);
	char domain[NAME_SIZE];
	bool is_final = answer->result != SPF_TEMPERROR;
	if (answer->explanation.len > 0 && spf_question_domain(&c->question, domain)) {
		snprintf(verdict->explanation, room, "%s%s%.*s",
		         c->settings->is_plain ? "" : domain,
		         c->settings->is_plain ? "" : " explains: ",
		         (int)answer->explanation.len, answer->explanation.at);
		for (char *at = verdict->explanation; *at; at++)
			if (*at < 0x20 || *at > 0x7e)
				*at = '?';
		return;
	}
	bool is_needed =
		verdict->ruling.action != SPF_ACCEPT || answer->result == SPF_FAIL;
	if (!is_needed || c->settings->is_plain)
		return;
	bool is_ours = is_final && has_text(c->settings->explanation);
	spf_eval_explain(c->context, &c->question,
	                 is_ours ? c->settings->explanation
	                         : built_in_text(answer->result),
	                 verdict->explanation, room);
	if (!is_ours)
		say_problem(answer, verdict);
}

/* ---- a message --------------------------------------------------------------------- */

enum spf_identity spf_message_question(const struct spf_message *message,
                                       struct spf_question *ret_question)
{
	struct spf_question q = { .helo = message->helo,
		                  .receiver = message->receiver,
		                  .now = message->now };
	memcpy(q.client, message->client, sizeof(q.client));
	if (message->sender.len == 0) {
		q.local_part = octets_of("postmaster");
		q.domain = message->helo;
		*ret_question = q;
		return SPF_HELO;
	}
	struct octets sender = message->sender;
	const char *at = memrchr(sender.at, '@', sender.len);
	size_t local = at ? (size_t)(at - sender.at) : 0;
	q.local_part = (struct octets){ sender.at, local };
	size_t skip = at ? local + 1 : 0;
	q.domain = (struct octets){ sender.at + skip, sender.len - skip };
	*ret_question = q;
	return SPF_MAILFROM;
}

void spf_check(const struct spf_context *context, const struct spf_settings *settings,
               const struct spf_message *message, struct spf_verdict *ret_verdict)
{
	struct spf_leniency leniency = {
		.is_null_sender = message->sender.len == 0,
		.is_postmaster = message->is_to_postmaster,
		.does_continue_on_dns_error = settings->does_continue_on_dns_error,
	};
	struct spf_context quiet = *context;
	quiet.is_unexplained =
		!settings->is_explained &&
		spf_mode_rule(settings->mode, SPF_FAIL, leniency).action == SPF_ACCEPT;
	struct check c = { .context = &quiet, .settings = settings };
	*ret_verdict = (struct spf_verdict){
		.identity = spf_message_question(message, &c.question),
	};
	check_all(&c);
	ret_verdict->result = c.answer.result;
	ret_verdict->decided_by = c.answer.decided_by;
	ret_verdict->ruling = spf_mode_rule(settings->mode, c.answer.result, leniency);
	ret_verdict->mechanism = c.answer.mechanism;
	ret_verdict->record = c.answer.record;
	ret_verdict->problem = c.answer.problem;
	ret_verdict->lookups = c.answer.lookups;
	ret_verdict->voids = c.answer.voids;
	ret_verdict->local_errors = c.answer.local_errors;
	explain(&c, ret_verdict);
}
