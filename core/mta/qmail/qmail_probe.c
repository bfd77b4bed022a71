/*
 * qmail-smtpd as tcpserver starts it: a client on its standard input and output, which are pipes here, and
 * what is known of the connection in its environment.
 *
 * The account is that of qmail-smtpd, because a control file that root can read proves nothing.  Without a
 * network every DNS query fails, which a mode from 2 on answers with 451: the mode is in effect.
 */
#include "core/mta/qmail/qmail_probe.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/mta/provider/policyd_conf.h"

#define CLIENT "192.0.2.1" /* of the documentation: it is no relay of anybody */
#define SENDER "probe@mailauthctl-probe.invalid"
#define DIALOGUE "EHLO mailauthctl-probe.invalid\r\nMAIL FROM:<" SENDER ">\r\nQUIT\r\n"
#define MOST_MS 8000

/* The reply number `at` (from 0) of the server, without its line break; caller frees.  NULL: none. */
static char *reply(const char *text, unsigned at)
{
	while (*text) {
		size_t len = strcspn(text, "\r\n");
		bool is_last = len > 3 && text[3] != '-';
		if (is_last && at-- == 0)
			return xmemdup(text, len);
		text += len;
		text += strspn(text, "\r\n");
	}
	return NULL;
}

/* The words before the program: no network, and its account. */
static void add_wrapper(struct ctx *ctx, const char *uid, const char *gid,
                        const char **argv, size_t *count)
{
	static const char *const apart[] = { "unshare", "--net", "true", NULL };
	struct run_spec spec = { .argv = apart };
	struct run_result result = { 0 };
	struct err ignored = ERR_INIT;
	if (run(ctx, &spec, &result, &ignored) == 0 && result.exit_status == 0) {
		argv[(*count)++] = "unshare";
		argv[(*count)++] = "--net";
	}
	run_result_done(&result);
	argv[(*count)++] = "setpriv";
	argv[(*count)++] = uid;
	argv[(*count)++] = gid;
	argv[(*count)++] = "--clear-groups";
}

struct smtpd_question {
	char *account; /* that runs the program */
	bool defers;   /* a sender whose SPF record cannot be looked up */
};

static int judge(const struct step *step, bool is_apart, const char *talk,
                 struct err *err)
{
	auto_free char *greeting = reply(talk, 0), *sender = reply(talk, 2);
	const struct smtpd_question *question = step->question;
	bool defers = question->defers;
	if (!greeting || !text_starts(greeting, "220"))
		return err_set(err, ERR_FAILED,
		               _("%s does not accept connections: it answers \"%s\""),
		               step->object, greeting ? greeting : _("nothing"));
	if (!sender)
		return err_set(err, ERR_FAILED,
		               _("%s ended before it answered MAIL FROM"), step->object);
	bool is_deferred = text_starts(sender, "4"),
	     names_spf = strstr(sender, "SPF") != NULL;
	if (is_apart && defers && !is_deferred)
		return err_set(
			err, ERR_FAILED,
			_("%s accepts a sender whose SPF record cannot be looked up (\"%s\"): "
		          "it does not use the pushed SPF mode"),
			step->object, sender);
	if (!defers && is_deferred && names_spf)
		return err_set(err, ERR_FAILED,
		               _("%s defers a sender because of SPF: \"%s\""),
		               step->object, sender);
	return 0;
}

/* Runs `words` (NULL at the end) as `account`, apart from the network where that is possible. */
static int run_apart(struct ctx *ctx, const struct step *step, const char *account,
                     int64_t deadline, const char *const *words, const char *const *env,
                     const char *input, struct run_result *ret_result, bool *ret_is_apart,
                     struct err *err)
{
	const char *argv[16];
	size_t count = 0;
	uid_t uid;
	gid_t gid;
	int64_t left = (deadline - monotonic_ns()) / NS_PER_MS;
	if (!file_user_id(ctx, account, &uid, &gid))
		return err_set(err, ERR_FAILED,
		               _("there is no account %s, which runs %s"), account,
		               step->object);
	auto_free char *uid_word = xasprintf("--reuid=%u", (unsigned)uid);
	auto_free char *gid_word = xasprintf("--regid=%u", (unsigned)gid);
	add_wrapper(ctx, uid_word, gid_word, argv, &count);
	*ret_is_apart = strcmp(argv[0], "unshare") == 0;
	while (*words)
		argv[count++] = *words++;
	argv[count] = NULL;
	struct run_spec spec = { .argv = argv,
		                 .input = input,
		                 .input_len = strlen(input),
		                 .env = env,
		                 .timeout_ms = left < 1         ? 1
		                               : left > MOST_MS ? MOST_MS
		                                                : (unsigned)left };
	int r = run(ctx, &spec, ret_result, err);
	if (r == 0 && ret_result->is_timed_out)
		r = err_set(err, ERR_FAILED, _("%s did not answer in time"),
		            step->object);
	return r;
}

static int ask_smtpd(struct ctx *ctx, const struct step *step, int64_t deadline,
                     struct err *err)
{
	static const char *const env[] = { "TCPREMOTEIP=" CLIENT,
		                           "TCPREMOTEHOST=unknown",
		                           "TCPLOCALIP=127.0.0.1",
		                           "TCPLOCALHOST=localhost",
		                           "TCPLOCALPORT=25",
		                           "TCPREMOTEPORT=1025",
		                           "PROTO=TCP",
		                           "QMAILQUEUE=/bin/false",
		                           NULL };
	const struct smtpd_question *question = step->question;
	const char *const words[] = { step->object, NULL };
	cleanup(run_result_done) struct run_result result = { 0 };
	bool is_apart;
	int r = run_apart(ctx, step, question->account, deadline, words, env, DIALOGUE,
	                  &result, &is_apart, err);
	return r < 0 ? r : judge(step, is_apart, buf_text(&result.out), err);
}

static void show_smtpd(const struct step *step, struct buf *out)
{
	const struct smtpd_question *question = step->question;
	buf_printf(
		out,
		question->defers
			? _("# then %s must accept connections, and defer a sender whose SPF record "
	                    "cannot be looked up\n")
			: _("# then %s must accept connections\n"),
		step->object);
}

const struct probe_type qmail_smtpd_probe = {
	.name = "qmail-smtpd",
	.question = QUESTION(struct smtpd_question, defers),
	.ask = ask_smtpd,
	.show = show_smtpd,
};

void qmail_plan_smtpd_probe(const struct qmail_observed *observed, int mode,
                            unsigned when, struct plan *plan)
{
	auto_free char *program = path_join(observed->host.bin, "qmail-smtpd");
	if (!observed->has_smtpd_account)
		return;
	struct step *step =
		plan_probe(plan, RANK_CONSUMERS, &qmail_smtpd_probe, NULL, program, when);
	struct smtpd_question *question = step->question;
	question->account = xstrdup(QMAIL_SMTPD_ACCOUNT);
	question->defers = mode >= 2;
}

/* ---- the verifier ----------------------------------------------------------------------------- */

#define FORGED "dkim=pass header.d=mailauthctl-probe.invalid"

struct verify_question {
	char *account; /* that runs the program */
	char *name;    /* of the server in its results; NULL: unknown */
};

static int ask_verify(struct ctx *ctx, const struct step *step, int64_t deadline,
                      struct err *err)
{
	static const char *const env[] = { "TCPREMOTEIP=" CLIENT, "SMTPMAILFROM=" SENDER,
		                           "SMTPHELOHOST=mailauthctl-probe.invalid",
		                           NULL };
	const char *const words[] = { step->object, "--message", NULL };
	const struct verify_question *question = step->question;
	const char *name = question->name;
	auto_free char *field = xasprintf("Authentication-Results: %s%s",
	                                  name ? name : "", name ? ";" : "");
	auto_free char *message =
		xasprintf("%s%sFrom: <" SENDER ">\n\nprobe\n", name ? field : "",
	                  name ? " " FORGED "\n" : "");
	cleanup(run_result_done) struct run_result result = { 0 };
	bool is_apart;
	int r = run_apart(ctx, step, question->account, deadline, words, env, message,
	                  &result, &is_apart, err);
	if (r < 0)
		return r;
	const char *out = buf_text(&result.out);
	if (!text_starts(out, field) || strstr(out, FORGED))
		return err_set(
			err, ERR_FAILED,
			_("%s does not replace a forged result by its own (exit status %d)"),
			step->object, result.exit_status);
	return 0;
}

static void show_verify(const struct step *step, struct buf *out)
{
	buf_printf(out, _("# then %s must verify a message\n"), step->object);
}

const struct probe_type qmail_verify_probe = {
	.name = "qmail-verify",
	.question = QUESTION_TEXTS(struct verify_question),
	.ask = ask_verify,
	.show = show_verify,
	.is_filters = true,
};

void qmail_plan_verify_probe(const struct qmail_observed *observed, const char *name,
                             unsigned when, struct plan *plan)
{
	if (!observed->has_smtpd_account)
		return;
	struct step *step = plan_probe(plan, RANK_CONSUMERS, &qmail_verify_probe, NULL,
	                               POLICYD_PATH, when);
	struct verify_question *question = step->question;
	question->account = xstrdup(QMAIL_SMTPD_ACCOUNT);
	question->name = xstrdup(name);
}

/* ---- the signer ------------------------------------------------------------------------------- */

struct sign_question {
	char *account; /* that runs the program */
	char *domain;
	char *key_pattern; /* of the paths of the keys: "/.../domainkeys/%/default" */
};

static int ask_sign(struct ctx *ctx, const struct step *step, int64_t deadline,
                    struct err *err)
{
	const struct sign_question *question = step->question;
	auto_free char *sign = xasprintf("DKIMSIGN=%s", question->key_pattern);
	const char *const env[] = { "DKIMQUEUE=/bin/cat", "RELAYCLIENT=", sign, NULL };
	const char *const words[] = { step->object, NULL };
	auto_free char *message = xasprintf("From: <probe@%s>\nSubject: probe\n\nprobe\n",
	                                    question->domain);
	auto_free char *tag = xasprintf("d=%s;", question->domain);
	cleanup(run_result_done) struct run_result result = { 0 };
	bool is_apart;
	int r = run_apart(ctx, step, question->account, deadline, words, env, message,
	                  &result, &is_apart, err);
	if (r < 0)
		return r;
	const char *out = buf_text(&result.out), *end = strstr(out, "\nFrom: ");
	const char *domain = strstr(out, tag);
	if (!text_starts(out, "DKIM-Signature:") || !end || !domain || domain > end)
		return err_set(err, ERR_FAILED,
		               _("%s does not sign a message of %s (exit status %d)"),
		               step->object, question->domain, result.exit_status);
	return 0;
}

static void show_sign(const struct step *step, struct buf *out)
{
	const struct sign_question *question = step->question;
	buf_printf(out, _("# then %s must sign a message of %s\n"), step->object,
	           question->domain);
}

const struct probe_type qmail_sign_probe = {
	.name = "qmail-sign",
	.question = QUESTION_TEXTS(struct sign_question),
	.ask = ask_sign,
	.show = show_sign,
	.is_filters = true,
};

void qmail_plan_sign_probe(const struct qmail_observed *observed, const char *domain,
                           unsigned when, struct plan *plan)
{
	auto_free char *program = path_join(observed->host.bin, "qmail-dkim");
	if (!observed->dkim_account)
		return;
	struct step *step =
		plan_probe(plan, RANK_TABLES, &qmail_sign_probe, NULL, program, when);
	struct sign_question *question = step->question;
	question->account = xstrdup(observed->dkim_account);
	question->domain = xstrdup(domain);
	question->key_pattern =
		xasprintf("%s/domainkeys/%%/default", observed->host.control);
}
