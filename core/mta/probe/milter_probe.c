/*
 * Probes of a filter: a message is passed to it, and the headers that it adds are read.
 *
 * The signing probe is sent as from an authenticated client on another host, described by the
 * macros that the mail server will send, and then as from one that is not authenticated, whose
 * message must not be signed.  The verification probe has a From domain of RFC 2606, whose names do
 * not exist, and nothing is delivered.
 */
#include "core/mta/probe/milter.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/base/alloc.h"

/* RFC 5737: one of the three is in none of the administrator's lists. */
static const char *const elsewhere[] = { "192.0.2.213", "198.51.100.213",
	                                 "203.0.113.213" };

/* `forged`: the value of an Authentication-Results field; NULL: none. */
static int ask_about(struct ctx *ctx, const struct step *step, const char *client,
                     const char *domain, bool is_authenticated, const char *forged,
                     int64_t deadline, struct milter_answer *ret_answer, struct err *err)
{
	char date[64];
	time_t now = (time_t)ctx_now(ctx);
	struct tm tm;
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	auto_free char *from = xasprintf("postmaster@%s", domain);
	auto_free char *id = xasprintf("<probe.%lld@%s>", (long long)now, domain);
	const struct milter_header headers[] = {
		{ "From", from },       { "To", "postmaster@probe.invalid" },
		{ "Subject", "probe" }, { "Date", date },
		{ "Message-ID", id },   { "Authentication-Results", forged },
	};
	struct milter_message message = {
		.client = client,
		.is_authenticated = is_authenticated,
		.sender = from,
		.recipient = "postmaster@probe.invalid",
		.header = headers,
		.headers = ARRAY_LEN(headers) - !forged,
		.body = "probe\r\n",
	};
	const struct milter_macros *macros = milter_probe_macros(step);
	for (int stage = 0; macros && stage < MACRO_STAGES; stage++)
		message.macros[stage] = macros->list[stage];
	return milter_ask(ctx, step->object, &message, deadline, ret_answer, err);
}

static const char *verdict_name(enum milter_verdict verdict)
{
	static const char *const names[] = {
		[MILTER_ACCEPT] = N_("accepted"),
		[MILTER_REJECT] = N_("rejected"),
		[MILTER_TEMPFAIL] = N_("deferred"),
		[MILTER_DISCARD] = N_("discarded"),
	};
	return _(names[verdict]);
}

static bool find_signature(const struct step *step, const struct milter_answer *answer,
                           char *selector, size_t size)
{
	*selector = '\0';
	return milter_find_signature(buf_text(&answer->headers),
	                             milter_sign_question(step)->domain, selector, size);
}

static int check_customer(const struct step *step, const struct milter_answer *answer,
                          struct err *err)
{
	char selector[256];
	const char *domain = milter_sign_question(step)->domain;
	const char *wanted = milter_sign_question(step)->selector;
	bool is_signed = find_signature(step, answer, selector, sizeof(selector));
	if (answer->verdict != MILTER_ACCEPT)
		return err_set(
			err, ERR_FAILED,
			_("the filter at %s %s a test message from %s, but must pass "
		          "it; its log gives the reason"),
			step->object, verdict_name(answer->verdict), domain);
	if (!wanted && is_signed)
		return err_set(err, ERR_FAILED,
		               _("the filter at %s still signs for %s, with selector %s"),
		               step->object, domain, selector);
	if (!wanted)
		return 0;
	if (!is_signed)
		return err_set(err, ERR_FAILED,
		               _("the filter at %s did not sign a test message that a "
		                 "customer of %s sent after logging in"),
		               step->object, domain);
	if (strcasecmp(selector, wanted) != 0)
		return err_set(
			err, ERR_FAILED,
			_("the filter at %s signs for %s with selector %s instead of %s"),
			step->object, domain, selector, wanted);
	return 0;
}

/* A client that is not authenticated; one of the addresses may be in a signing network, but not
 * all. */
static int check_stranger(struct ctx *ctx, const struct step *step, int64_t deadline,
                          struct err *err)
{
	const char *domain = milter_sign_question(step)->domain;
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
		struct milter_answer answer;
		char selector[256];
		int r = ask_about(ctx, step, elsewhere[i], domain, false, NULL, deadline,
		                  &answer, err);
		if (r < 0)
			return r;
		bool is_signed =
			find_signature(step, &answer, selector, sizeof(selector));
		milter_answer_done(&answer);
		if (!is_signed)
			return 0;
	}
	return err_set(err, ERR_FAILED,
	               _("the filter at %s signs mail from outside for %s: check MTA, "
	                 "MacroList and InternalHosts in its configuration"),
	               step->object, domain);
}

static int check_signing(struct ctx *ctx, const struct step *step, int64_t deadline,
                         struct err *err)
{
	const struct milter_sign_question *question = milter_sign_question(step);
	struct milter_answer answer;
	int r = ask_about(ctx, step, elsewhere[0], question->domain, true, NULL, deadline,
	                  &answer, err);
	if (r < 0)
		return r;
	r = check_customer(step, &answer, err);
	milter_answer_done(&answer);
	return r == 0 && question->selector ? check_stranger(ctx, step, deadline, err)
	                                    : r;
}

#define RESULTS "Authentication-Results"

static bool has_any_results(const char *headers)
{
	static const char name[] = RESULTS ":";
	for (const char *line = headers; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncasecmp(line, name, strlen(name)) == 0)
			return true;
	}
	return false;
}

static int check_verifying(struct ctx *ctx, const struct step *step, int64_t deadline,
                           struct err *err)
{
	const char *id = milter_verify_question(step)->authserv_id;
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
		struct milter_answer answer;
		int r = ask_about(ctx, step, elsewhere[i], "probe.invalid", false, NULL,
		                  deadline, &answer, err);
		if (r < 0)
			return r;
		bool has = id ? milter_has_results(buf_text(&answer.headers), id)
		              : has_any_results(buf_text(&answer.headers));
		bool says = step->probe != &milter_dmarc_probe ||
		            milter_has_result(buf_text(&answer.headers), id, "dmarc");
		enum milter_verdict verdict = answer.verdict;
		milter_answer_done(&answer);
		if (has && !id)
			return err_set(
				err, ERR_FAILED,
				_("the filter at %s still verifies: it added an "
			          "Authentication-Results header to a test message"),
				step->object);
		if (has && says)
			return 0;
		if (verdict == MILTER_TEMPFAIL)
			return err_set(err, ERR_FAILED,
			               _("the filter at %s defers a test message from "
			                 "outside: it may be unable to look up names"),
			               step->object);
	}
	if (!id)
		return 0;
	if (step->probe == &milter_dmarc_probe)
		return err_set(err, ERR_FAILED,
		               _("the filter at %s added no DMARC result of %s to a "
		                 "test message from outside"),
		               step->object, id);
	return err_set(
		err, ERR_FAILED,
		_("the filter at %s added no Authentication-Results header of %s to a test "
	          "message from outside"),
		step->object, id);
}

/* ---- what verifies, and takes forged results out ---------------------------------------------- */

/* One attempt; *ret_is_checked: the client is one whose mail is verified. */
static int check_guarded(const struct step *step, const struct milter_answer *answer,
                         bool *ret_is_checked, struct err *err)
{
	const char *id = milter_guard_question(step)->authserv_id,
		   *headers = buf_text(&answer->headers);
	*ret_is_checked = milter_has_results(headers, id);
	if (answer->verdict == MILTER_TEMPFAIL)
		return err_set(err, ERR_FAILED,
		               _("the filter at %s defers a test message from outside: "
		                 "it may be unable to look up names"),
		               step->object);
	if (answer->verdict != MILTER_ACCEPT)
		return err_set(err, ERR_FAILED,
		               _("the filter at %s %s a test message from outside; its "
		                 "log gives the reason"),
		               step->object, verdict_name(answer->verdict));
	if (strncasecmp(buf_text(&answer->removed), RESULTS "\n", strlen(RESULTS "\n")) !=
	    0)
		return err_set(err, ERR_FAILED,
		               _("the filter at %s did not remove a forged "
		                 "Authentication-Results header of %s from a test "
		                 "message"),
		               step->object, id);
	if (*ret_is_checked && milter_guard_question(step)->has_dmarc &&
	    !milter_has_result(headers, id, "dmarc"))
		return err_set(err, ERR_FAILED,
		               _("the filter at %s added no DMARC result of %s to a "
		                 "test message from outside"),
		               step->object, id);
	return 0;
}

static int check_guard(struct ctx *ctx, const struct step *step, int64_t deadline,
                       struct err *err)
{
	const char *id = milter_guard_question(step)->authserv_id;
	auto_free char *forged = xasprintf("%s; dkim=pass header.d=probe.invalid", id);
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
		struct milter_answer answer;
		bool is_checked = false;
		int r = ask_about(ctx, step, elsewhere[i], "probe.invalid", false, forged,
		                  deadline, &answer, err);
		if (r < 0)
			return r;
		r = check_guarded(step, &answer, &is_checked, err);
		milter_answer_done(&answer);
		if (r < 0 || is_checked)
			return r;
	}
	return err_set(err, ERR_FAILED,
	               _("the filter at %s added no Authentication-Results header of %s "
	                 "to a test message from outside"),
	               step->object, id);
}

/* A filter that is ending still listens for up to five seconds without answering: the attempt must
 * leave time for another one. */
#define ATTEMPT_NS (2 * NS_PER_SEC)

static int64_t until(int64_t deadline)
{
	int64_t attempt = monotonic_ns() + ATTEMPT_NS;
	return attempt < deadline ? attempt : deadline;
}

static int ask_filter(struct ctx *ctx, const struct step *step, int64_t deadline,
                      struct err *err)
{
	struct milter_answer answer = { 0 };
	int r = milter_ask(ctx, step->object, NULL, until(deadline), &answer, err);
	milter_answer_done(&answer);
	return r;
}

static int ask_signing(struct ctx *ctx, const struct step *step, int64_t deadline,
                       struct err *err)
{
	return check_signing(ctx, step, until(deadline), err);
}

static int ask_verifying(struct ctx *ctx, const struct step *step, int64_t deadline,
                         struct err *err)
{
	return check_verifying(ctx, step, until(deadline), err);
}

static int ask_guard(struct ctx *ctx, const struct step *step, int64_t deadline,
                     struct err *err)
{
	return check_guard(ctx, step, until(deadline), err);
}

/* ---- the rows ---------------------------------------------------------------------------------- */

static void show_filter(const struct step *step, struct buf *out)
{
	buf_printf(out, _("# then the filter must answer at %s\n"), step->object);
}

static void show_signing(const struct step *step, struct buf *out)
{
	const struct milter_sign_question *question = milter_sign_question(step);
	if (question->selector)
		buf_printf(out,
		           _("# then a message of %s must be signed with %s at %s\n"),
		           question->domain, question->selector, step->object);
	else
		buf_printf(out, _("# then a message of %s must not be signed at %s\n"),
		           question->domain, step->object);
}

static void show_verifying(const struct step *step, struct buf *out)
{
	buf_printf(out, _("# then a message from outside must be verified at %s\n"),
	           step->object);
}

static void show_dmarc(const struct step *step, struct buf *out)
{
	buf_printf(out,
	           _("# then DMARC of a message from outside must be checked at %s\n"),
	           step->object);
}

static void show_guard(const struct step *step, struct buf *out)
{
	buf_printf(out,
	           _("# then a message from outside must be verified, and lose forged "
	             "results, at %s\n"),
	           step->object);
}

const struct probe_type milter_probe = {
	.name = "milter",
	.ask = ask_filter,
	.show = show_filter,
	.asks_on_undo = true,
	.is_filters = true,
};
const struct probe_type milter_sign_probe = {
	.name = "milter-sign",
	.question = QUESTION_TEXTS(struct milter_sign_question),
	.ask = ask_signing,
	.show = show_signing,
	.is_filters = true,
};
const struct probe_type milter_verify_probe = {
	.name = "milter-verify",
	.question = QUESTION_TEXTS(struct milter_verify_question),
	.ask = ask_verifying,
	.show = show_verifying,
	.is_filters = true,
};
const struct probe_type milter_dmarc_probe = {
	.name = "milter-dmarc",
	.question = QUESTION_TEXTS(struct milter_verify_question),
	.ask = ask_verifying,
	.show = show_dmarc,
	.is_filters = true,
};
const struct probe_type milter_guard_probe = {
	.name = "milter-guard",
	.question = QUESTION(struct milter_guard_question, has_dmarc),
	.ask = ask_guard,
	.show = show_guard,
	.is_filters = true,
};
