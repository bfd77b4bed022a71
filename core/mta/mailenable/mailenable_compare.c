/* What a copy of the server's configuration says, beside what is desired: a sentence for each kind. */
#include "core/mta/mailenable/mailenable_files.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/setting/setting.h"
#include "core/mta/mailenable/mailenable_config.h"
#include "dnszone/dkim/dkim_record.h"

#define SET_FOLDER "mailauthctl server set mta.mailenable.config-dir <path>"
#define NAMED 3 /* names in a sentence */

struct observed {
	char *folder;
	struct err failure;
	struct mailenable_config config;
};

void mailenable_observed_free(void *arg)
{
	struct observed *o = arg;
	if (!o)
		return;
	free(o->folder);
	mailenable_config_done(&o->config);
	free(o);
}

int mailenable_observe(struct ctx *ctx, struct store *store, void **ret_observed,
                       struct err *err)
{
	auto_free char *folder = NULL;
	int r = setting_text(store, SET_MTA_MAILENABLE_CONFIG_DIR, 0, &folder, err);
	*ret_observed = NULL;
	if (r != 0 || !folder || !*folder)
		return r;
	struct observed *o = xcalloc(1, sizeof(*o));
	o->folder = xstrdup(folder);
	(void)!mailenable_config_read(ctx, folder, &o->config, &o->failure);
	*ret_observed = o;
	return 0;
}

/* ---- names of one kind ------------------------------------------------------------------------ */

struct names {
	size_t count;
	struct buf text; /* the first ones */
};

static void names_put(struct names *names, const char *name, const char *detail)
{
	if (names->count++ >= NAMED)
		return;
	buf_printf(&names->text, "%s%s%s%s%s", names->text.len ? ", " : "", name,
	           detail ? " (" : "", detail ? detail : "", detail ? ")" : "");
}

/* "a.example, b.example, c.example, ..."; borrowed. */
static const char *names_text(struct names *names)
{
	if (names->count > NAMED)
		buf_puts(&names->text, ", ...");
	return buf_text(&names->text);
}

struct comparison {
	const struct desired *desired;
	struct names strange, unread, other_selector, other_key, silent, unwanted;
};

static void comparison_done(struct comparison *c)
{
	buf_done(&c->strange.text);
	buf_done(&c->unread.text);
	buf_done(&c->other_selector.text);
	buf_done(&c->other_key.text);
	buf_done(&c->silent.text);
	buf_done(&c->unwanted.text);
}

/* ---- one name --------------------------------------------------------------------------------- */

static int end_at_first(void *arg, const struct signing_row *row, struct err *err)
{
	(void)arg, (void)row, (void)err;
	return 1;
}

/* Our record of the selector; NULL: none. */
static const struct record_row *find_record(const struct record_list *records,
                                            const char *name, const char *selector)
{
	auto_free char *owner = xasprintf("%s._domainkey.%s", selector, name);
	for (size_t i = 0; i < records->count; i++)
		if (strcmp(records->row[i].owner, owner) == 0)
			return &records->row[i];
	return NULL;
}

/* Whether the record that the server keeps has another key.  It may be incomplete. */
static bool is_other_key(const char *theirs, const struct record_row *ours)
{
	struct dkim_verdict verdict;
	if (!theirs || strcmp(ours->source, "dkim") != 0)
		return false;
	dkim_record_judge(theirs, strlen(theirs), ours->rdata, &verdict);
	return verdict.fault == DKIM_OTHER_KEY;
}

static void compare_key(struct comparison *c, const struct mailenable_domain *domain,
                        const struct record_list *records)
{
	const struct mailenable_dkim *dkim = &domain->dkim;
	const struct record_row *ours =
		dkim->selector ? find_record(records, domain->name, dkim->selector)
			       : NULL;
	if (!ours)
		names_put(&c->other_selector, domain->name, dkim->selector);
	else if (is_other_key(dkim->record, ours))
		names_put(&c->other_key, domain->name, dkim->selector);
}

static int compare_domain(struct comparison *c, const struct mailenable_domain *domain,
                          struct err *err)
{
	auto_record_list records = RECORD_LIST_INIT;
	bool is_there;
	int r = desired_records(c->desired, domain->name, &is_there, &records, err);
	if (r < 0)
		return r;
	if (!is_there)
		names_put(&c->strange, domain->name, NULL);
	else if (domain->fault)
		names_put(&c->unread, domain->name, _(domain->fault));
	if (!is_there || domain->fault)
		return 0;
	r = desired_each_signing_of(c->desired, domain->name, end_at_first, NULL, err);
	if (r < 0)
		return r;
	if (domain->dkim.signs)
		compare_key(c, domain, &records);
	else if (r > 0)
		names_put(&c->silent, domain->name, NULL);
	if (domain->dkim.signs && r == 0)
		names_put(&c->unwanted, domain->name, NULL);
	return 0;
}

/* ---- the sentences ---------------------------------------------------------------------------- */

static void say(struct comparison *c, struct plan *plan)
{
	if (c->strange.count)
		plan_note(plan,
		          ngettext("MailEnable has %zu domain that is not in this "
		                   "database: %s",
		                   "MailEnable has %zu domains that are not in this "
		                   "database: %s",
		                   c->strange.count),
		          c->strange.count, names_text(&c->strange));
	if (c->unread.count)
		plan_note(plan,
		          ngettext("the DKIM settings of %zu domain in the copy of "
		                   "MailEnable's configuration were not read: %s",
		                   "the DKIM settings of %zu domains in the copy of "
		                   "MailEnable's configuration were not read: %s",
		                   c->unread.count),
		          c->unread.count, names_text(&c->unread));
	if (c->silent.count)
		plan_note(
			plan,
			ngettext("MailEnable does not sign mail of %zu domain that is "
		                 "to be signed: %s",
		                 "MailEnable does not sign mail of %zu domains that are "
		                 "to be signed: %s",
		                 c->silent.count),
			c->silent.count, names_text(&c->silent));
	if (c->unwanted.count)
		plan_note(plan,
		          ngettext("MailEnable signs mail of %zu domain that does not "
		                   "sign in this database: %s",
		                   "MailEnable signs mail of %zu domains that do not "
		                   "sign in this database: %s",
		                   c->unwanted.count),
		          c->unwanted.count, names_text(&c->unwanted));
	if (c->other_selector.count)
		plan_warn(plan, "mailauthctl record add <domain> <owner> TXT <data>",
		          ngettext("MailEnable signs mail of %zu domain with a selector "
		                   "that has no record in this database: %s",
		                   "MailEnable signs mail of %zu domains with selectors "
		                   "that have no record in this database: %s",
		                   c->other_selector.count),
		          c->other_selector.count, names_text(&c->other_selector));
	if (c->other_key.count)
		plan_warn(plan, "mailauthctl key list",
		          ngettext("MailEnable signs mail of %zu domain with another key "
		                   "than that of the record in this database: %s",
		                   "MailEnable signs mail of %zu domains with other keys "
		                   "than those of the records in this database: %s",
		                   c->other_key.count),
		          c->other_key.count, names_text(&c->other_key));
}

int mailenable_compare(const struct desired *desired, const void *observed,
                       struct plan *plan, struct err *err)
{
	const struct observed *o = observed;
	cleanup(comparison_done) struct comparison c = { .desired = desired };
	if (!o)
		return 0;
	if (o->failure.code) {
		plan_warn(plan, SET_FOLDER,
		          _("the copy of MailEnable's configuration was not read: %s"),
		          o->failure.text);
		return 0;
	}
	for (size_t i = 0; i < o->config.count; i++) {
		int r = compare_domain(&c, &o->config.domain[i], err);
		if (r < 0)
			return r;
	}
	if (!o->config.count)
		plan_note(plan,
		          _("%s has no file DKIM-<domain>.SYS: no domain was compared"),
		          o->folder);
	if (o->config.invalid)
		plan_note(
			plan,
			ngettext(
				"%s has %zu file DKIM-<domain>.SYS whose name contains no "
				"domain",
				"%s has %zu files DKIM-<domain>.SYS whose names contain no "
				"domain",
				o->config.invalid),
			o->folder, o->config.invalid);
	if (o->config.is_cut)
		plan_note(plan, _("only the first %zu files of %s were read"),
		          MAILENABLE_FILES, o->folder);
	say(&c, plan);
	return 0;
}
