/* `dmarc`: the rows; lint of DMARC records, and the policy of a domain. */
#include <stdlib.h>
#include <strings.h>

#include "cli/app/app.h"
#include "cli/app/findings.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/alloc.h"
#include "core/model/record/record.h"
#include "core/model/record/record_policy.h"
#include "dnszone/lint/lint_dmarc.h"
#include "dnszone/name/name.h"
#include "dnszone/txt/policy_edit.h"

#define LINT_MS 20000 /* for all look-ups of one lint */

/* ---- lint ------------------------------------------------------------------------------------ */

static void lint_line(void *arg, struct octets text, struct lint_list *list)
{
	(void)arg;
	lint_dmarc_record(&(struct lint_dmarc_input){ .text = text }, list);
}

static int run_lint(struct app *app, struct err *err)
{
	if (args_has(app->args, "--records-from"))
		return findings_of_lines(app, lint_line, NULL, err);
	const char *record = args_get(app->args, "--record");
	const char *typed = args_word(app->args, 0);
	char name[NAME_SIZE];
	struct resolver *dns = NULL;
	cleanup(lint_list_done) struct lint_list list = { 0 };
	int r = 0;
	if (typed)
		r = name_parse_owner(typed, name, err);
	if (r >= 0 && typed)
		r = app_resolver(app, &dns, err);
	if (r < 0)
		return r;
	if (record)
		lint_dmarc_record(&(struct lint_dmarc_input){ .text = octets_of(record) },
		                  &list);
	else
		lint_dmarc_domain(name, dns, deadline_in_ms(LINT_MS), &list);
	resolver_free(dns);
	findings_show(app, &list);
	return 0;
}

/* ---- the policy of a domain ------------------------------------------------------------------- */

/* The text may have the quotes of a zone file. */
static bool is_whole(const char *word)
{
	return strncasecmp(word + (*word == '"'), "v=", 2) == 0;
}

/* Either tags, a whole record, or --reset. */
static int check_set(struct app *app, struct err *err)
{
	size_t count = args_count(app->args) - 1;
	bool is_reset = args_has(app->args, "--reset");
	if (is_reset ? count == 0 && !args_has(app->args, "--ttl") : count > 0) {
		bool has_whole = false;
		for (size_t i = 1; i <= count; i++)
			has_whole |= is_whole(args_word(app->args, i));
		if (!has_whole || count == 1)
			return 0;
	}
	return err_set(
		err, ERR_USAGE,
		_("\"dmarc set\" requires tags such as p=reject, a whole record in one "
	          "word, or --reset alone"));
}

static int edit_policy(struct app *app, const struct domain *domain, char **ret_text,
                       struct err *err)
{
	auto_free char *now = NULL;
	int r = record_policy_get(app->session.store, domain, POLICY_DMARC, &now, err);
	if (r >= 0)
		r = policy_edit_dmarc(now, app->args->words + 1,
		                      args_count(app->args) - 1, ret_text, err);
	return r;
}

static int run_set(struct app *app, struct err *err)
{
	const char *word = args_word(app->args, 1);
	return cmd_set_policy(app, POLICY_DMARC, word && is_whole(word) ? word : NULL,
	                      edit_policy, err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct option_row check_options[] = {
	{ "--from-domain", "<name>", N_("author domain, instead of a message"), 0, 0, 0 },
	{ "--spf", "<result:domain>",
	  N_("result of SPF and the domain of MAIL FROM, as in pass:example.com"), 0, 0,
	  0 },
	{ "--dkim", "<result:domain>",
	  N_("result of a DKIM signature and its domain (d=)"), true, 0, 0 },
	{ "--exception", "<domain-or-network>",
	  N_("domain or network whose mail is never refused, instead of "
	     "dmarc.exceptions"),
	  true, 0, 0 },
	{ "--exists", "<name>", N_("treat this name as existing in DNS"), true, 0, 0 },
	{ "--message", "<file>",
	  N_("check this message: From, SPF and DKIM; -: standard input"), 0, 0,
	  OPTION_STDIN_FOR_ADMINS },
	{ "--ip", "<address>", N_("with --message: address of the client"), 0, 0, 0 },
	{ "--mail-from", "<sender>",
	  N_("with --message: envelope sender; <> or empty: the null sender"), 0, 0, 0 },
	{ "--helo", "<name>", N_("with --message: host name in HELO or EHLO"), 0, 0, 0 },
	{ "--plain", NULL, N_("use only RFC 9989, without the settings of the server"), 0,
	  0, 0 },
	OPTION_RESOLVER,
	OPTION_ZONE,
	{ 0 },
};
static const struct option_row lint_options[] = {
	OPTION_RECORD, OPTION_RECORDS_FROM, OPTION_RESOLVER, OPTION_ZONE, { 0 },
};
static const struct option_row set_options[] = {
	OPTION_POLICY_RESET,
	OPTION_TTL,
	{ 0 },
};

const struct command commands_dmarc[] = {
	{ .words = "dmarc check",
	  .options = check_options,
	  .help = N_(
		  "give the DMARC verdict on a message; exit 3: not delivered as usual"),
	  .example = "mailauthctl dmarc check --from-domain example.com "
	             "--spf pass:mail.example.com\n"
	             "mailauthctl dmarc check --message mail.eml --ip 192.0.2.1 "
	             "--mail-from a@b.test",
	  .needs = NEED_STORE_READ,
	  .check = cmd_dmarc_input,
	  .run = cmd_dmarc_check },
	{ .words = "dmarc explain",
	  .options = check_options,
	  .help = N_("give the DMARC verdict, and show every query and rule"),
	  .example = "mailauthctl dmarc explain --from-domain example.com "
	             "--dkim pass:example.net",
	  .needs = NEED_STORE_READ,
	  .check = cmd_dmarc_input,
	  .run = cmd_dmarc_explain },
	{ .words = "dmarc lint",
	  .args = "<domain>|--record|--records-from",
	  .options = lint_options,
	  .help = N_("find faults in a DMARC record; exit 3: warnings or errors"),
	  .example = "mailauthctl dmarc lint --record 'v=DMARC1; p=reject'",
	  .needs = NEED_OWN_ACCESS,
	  .run = run_lint },
	{ .words = "dmarc set",
	  .args = "<domain> [<tag=value>]...",
	  .options = set_options,
	  .help = N_("change tags of a domain's DMARC record, or replace the record"),
	  .example = "mailauthctl dmarc set example.com p=quarantine "
	             "rua=mailto:reports@example.com",
	  .needs = NEED_OWN_ACCESS | NEED_CHANGE,
	  .check = check_set,
	  .run = run_set },
	{ 0 },
};
