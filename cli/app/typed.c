/* Records as people type them: questions, refusals and messages, for every command that accepts
 * one. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/app/app.h"
#include "core/base/alloc.h"
#include "core/model/record/record_place.h"
#include "core/model/record/record_policy.h"
#include "core/model/record/record_text.h"
#include "core/model/setting/setting.h"
#include "dnszone/dmarc/dmarc_record.h"
#include "dnszone/name/name.h"
#include "dnszone/name/rr.h"

char *app_typed_data(struct app *app, const char *type, const char *data)
{
	char *joined = strcasecmp(type, "TXT") == 0 ? rr_txt_unquote(data) : NULL;
	if (!joined)
		return xstrdup(data);
	app_say(app, REPORT_NOTE,
	        _("the quotes of a zone file were removed; the text is: %s"), joined);
	return joined;
}

/* ---- names without a final dot ---------------------------------------------------------------- */

static bool is_refused(enum rr_doubt doubt)
{
	return doubt == RR_ADDRESS || doubt == RR_OWN;
}

int app_refuse_doubt(const char *type, const char *data, const char *domain,
                     struct err *err)
{
	char name[NAME_SIZE];
	enum rr_doubt doubt = record_text_doubt(type, data, domain, name, sizeof(name));
	if (!is_refused(doubt))
		return 0;
	auto_free char *why = record_text_say_doubt(doubt, type, name, domain);
	return err_set(err, ERR_USAGE, "%s", why);
}

int app_ask_doubt(struct app *app, const char *type, const char *data, const char *domain,
                  char **ret_data, struct err *err)
{
	char name[NAME_SIZE], known_type[16];
	bool is_meant = false;
	int r = rr_parse_type(type, known_type, err);
	if (r < 0)
		return r;
	if (record_text_doubt(known_type, data, domain, name, sizeof(name)) != RR_OWN ||
	    !isatty(STDIN_FILENO))
		return app_refuse_doubt(known_type, data, domain, err);
	auto_free char *question =
		xasprintf(_("\"%s\" has no final dot and is read as %s.%s.; did you "
	                    "mean \"%s.\"?"),
	                  name, name, domain, name);
	r = app_confirm(app, question, "--", &is_meant, err);
	if (r >= 0 && !is_meant)
		r = app_refuse_doubt(known_type, data, domain, err);
	if (r >= 0)
		*ret_data = rr_with_dot(data, name);
	return r;
}

/* ---- what was probably not meant -------------------------------------------------------------- */

static void lint_text(struct app *app, const char *owner, const char *rdata,
                      const char *domain)
{
	auto_lint_list list = LINT_LIST_INIT;
	record_text_lint(owner, "TXT", rdata, domain, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct lint_finding *finding = &list.finding[i];
		if (finding->code->severity == LINT_NOTE)
			continue;
		app_say(app, REPORT_WARNING, "%s%s%s (%s)",
		        finding->detail ? finding->detail : "",
		        finding->detail ? ": " : "", _(finding->code->message),
		        finding->code->code);
	}
}

void app_lint_typed(struct app *app, const char *owner, const char *type,
                    const char *rdata, const struct domain *domain)
{
	char name[NAME_SIZE];
	const char *below = domain ? domain->name : NULL;
	if (strcasecmp(type, "TXT") == 0) {
		lint_text(app, owner, rdata, below);
		return;
	}
	enum rr_doubt doubt = record_text_doubt(type, rdata, below, name, sizeof(name));
	if (doubt == RR_CLEAR)
		return;
	auto_free char *why = record_text_say_doubt(doubt, type, name, below);
	app_say(app, REPORT_WARNING, "%s", why);
}

/* dkim.sign off is correct for a domain that sends no mail. */
static int is_silent(struct app *app, const struct domain *domain, bool *ret_is_silent,
                     struct err *err)
{
	bool has_mail = true, is_signed = false;
	int r = setting_bool(app->session.store, SET_MAIL, domain->id, &has_mail, err);
	if (r >= 0)
		r = record_is_signed(app->session.store, domain, &is_signed, err);
	if (r >= 0)
		*ret_is_silent = !has_mail || is_signed;
	return r;
}

int app_warn_unsigned(struct app *app, const struct domain *domain, struct err *err)
{
	auto_free char *text = NULL;
	struct dmarc_record record;
	struct err ignored = ERR_INIT;
	bool is_right = true;
	int r = record_policy_get(app->session.store, domain, POLICY_DMARC, &text, err);
	if (r < 0 || !text || dmarc_record_parse(octets_of(text), &record, &ignored) < 0)
		return r < 0 ? r : 0;
	enum dmarc_policy policy = dmarc_record_policy(&record, DMARC_OF_DOMAIN);
	if (policy <= DMARC_POLICY_NONE)
		return 0;
	r = is_silent(app, domain, &is_right, err);
	if (r >= 0 && !is_right)
		app_say(app, REPORT_WARNING,
		        _("%s publishes p=%s and does not sign with DKIM: its mail "
		          "fails DMARC after forwarding and on mailing lists; run "
		          "\"mailauthctl domain enable-dkim %s\""),
		        domain->name, dmarc_policy_word(policy), domain->name);
	return r < 0 ? r : 0;
}
