/*
 * What completes each placeholder: one row in complete_sources[], and the function that lists
 * candidates.
 *
 * Names are read from the store by a range of an index, up to a limit.  A truncated list would
 * mislead, because the shell inserts the common prefix of all candidates; the last name of the
 * range is therefore always included.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/complete/complete.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/export/export_kept.h"
#include "core/model/key/key.h"
#include "core/model/record/records_syntax.h"
#include "core/model/record/stored.h"
#include "core/model/record/template.h"
#include "core/model/setting/setting.h"
#include "core/mta/doctor/doctor.h"
#include "core/mta/engine/history.h"
#include "core/mta/engine/target.h"
#include "core/mta/host/account.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/registry.h"
#include "core/store/change.h"
#include "dnszone/name/name.h"

#define NAMES_MOST 1000
#define IDN_LOOKED_AT 5000 /* names that are converted to Unicode for one answer */
#define CHANGES_MOST 100   /* the newest ones */
#define ACE "xn--"

/* Whether the row has a domain among its words, whose settings and records are then listed. */
static bool is_of_domain(const struct complete *c)
{
	return c->row && c->row->args && strstr(c->row->args, "<domain>");
}

/* ---- domains ---------------------------------------------------------------------------------- */

static void add_part(struct buf *into, const char *part)
{
	buf_printf(into, "%s%s", into->len ? ", " : "", part);
}

static void put_domain(struct complete *c, const struct domain *domain)
{
	auto_buf help = BUF_INIT;
	auto_free char *unicode = name_to_unicode(domain->name);
	if (strcmp(unicode, domain->name) != 0)
		add_part(&help, unicode);
	if (domain->main_name) {
		auto_free char *alias = xasprintf(_("alias of %s"), domain->main_name);
		add_part(&help, alias);
	}
	if (domain->is_suspended)
		add_part(&help, _("suspended"));
	complete_put(c, domain->name, buf_text(&help));
}

/* At most `limit` names with the prefix; in Unicode, those that the typed word begins.  False: there
 * are more. */
static bool offer_names(struct complete *c, const char *prefix, size_t limit,
                        bool is_unicode)
{
	struct err ignored = ERR_INIT; /* the names read so far are offered */
	auto_stmt domains = NULL;
	struct domain domain;
	int r = domain_query(complete_store(c), 0, prefix, &domains, &ignored);
	while (r >= 0 && (r = domain_next(domains, &domain, &ignored)) > 0) {
		if (!limit--)
			return false;
		if (is_unicode) {
			auto_free char *unicode = name_to_unicode(domain.name);
			complete_offer(c, unicode, domain.name);
		} else {
			put_domain(c, &domain);
		}
	}
	return true;
}

/* The typed word is in Unicode: of the names with the same labels before it and an A-label next,
 * those whose Unicode form begins with it. */
static void offer_unicode(struct complete *c, size_t ascii)
{
	while (ascii && c->typed[ascii - 1] != '.')
		ascii--;
	auto_free char *prefix = xasprintf("%.*s" ACE, (int)ascii, c->typed);
	offer_names(c, prefix, IDN_LOOKED_AT, true);
}

static void offer_domains(struct complete *c)
{
	struct err ignored = ERR_INIT;
	struct store *store = complete_store(c);
	auto_free char *prefix = xstrdup(c->typed);
	for (char *at = prefix; *at; at++) {
		if (*at & 0x80) {
			offer_unicode(c, (size_t)(at - prefix));
			return;
		}
		if (*at >= 'A' && *at <= 'Z')
			*at += 'a' - 'A';
	}
	if (offer_names(c, prefix, NAMES_MOST - 1, false))
		return;
	auto_free char *last = NULL;
	struct domain domain = DOMAIN_INIT;
	if (domain_last(store, prefix, &last, &ignored) >= 0 && last) {
		domain.name = last;
		put_domain(c, &domain);
	}
}

static int add_kept(void *arg, const struct export_kept *kept, struct err *err)
{
	struct complete *c = arg;
	(void)err;
	complete_offer(c, kept->name, kept->is_elsewhere ? kept->folder : NULL);
	return c->found_count >= NAMES_MOST;
}

/* Names whose zone files `zone forget` can remove. */
static void offer_kept(struct complete *c)
{
	struct err ignored = ERR_INIT;
	struct store *store = complete_store(c);
	if (complete_ctx(c) && store &&
	    export_kept_each(complete_ctx(c), store, add_kept, c, &ignored) < 0)
		return;
}

/* The domain on the line; false: none, or not in the database. */
static bool find_domain(struct complete *c, struct domain *ret_domain)
{
	struct err ignored = ERR_INIT;
	char name[NAME_SIZE];
	const char *typed = complete_word_at(c, "<domain>");
	struct store *store = complete_store(c);
	return store && typed && name_parse_domain(typed, name, &ignored) >= 0 &&
	       domain_look(store, name, ret_domain, &ignored) > 0;
}

static void offer_selectors(struct complete *c)
{
	auto_domain domain = DOMAIN_INIT;
	auto_stmt keys = NULL;
	struct key key;
	struct err ignored = ERR_INIT;
	if (!find_domain(c, &domain))
		return;
	/* an alias uses its main domain's keys */
	int r = key_query(c->store, domain.main_id ? domain.main_id : domain.id, &keys,
	                  &ignored);
	while (r >= 0 && (r = key_next(keys, &key, &ignored)) > 0) {
		auto_free char *help = xasprintf("%s %" PRId64 ", %s", key.algorithm,
		                                 key.bits, key.state);
		complete_offer(c, key.selector, help);
	}
}

/* ---- records ---------------------------------------------------------------------------------- */

static void offer_rows(struct complete *c, const struct stored_records *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct stored_record *row = &rows->row[i];
		auto_free char *id = stored_id(row);
		auto_free char *help = row->rdata ? xasprintf("%s %s %s", row->owner,
		                                              row->type, row->rdata)
		                                  : xasprintf(_("%s %s, removed for this "
		                                                "domain"),
		                                              row->owner, row->type);
		complete_offer(c, id, help);
	}
}

/* Of the domain on the line, or of the template if the command edits that. */
static void offer_record_ids(struct complete *c)
{
	auto_domain domain = DOMAIN_INIT;
	auto_stored_records rows = { 0 };
	struct err ignored = ERR_INIT;
	int r = 0;
	if (!is_of_domain(c))
		r = template_load(complete_store(c), 0, &rows, &ignored);
	else if (find_domain(c, &domain)) {
		/* an edit of a template record comes first; the later of the two is dropped */
		r = stored_records_load(c->store, domain.id, &rows, &ignored);
		if (r >= 0)
			r = template_load(c->store, domain.template_rev, &rows, &ignored);
	}
	(void)r; /* the records read so far are offered */
	offer_rows(c, &rows);
}

static void offer_owners(struct complete *c)
{
	complete_offer(c, "@", _("the domain itself"));
	complete_offer(c, "_dmarc", _("the domain that publishes its DMARC policy"));
}

static void offer_types(struct complete *c)
{
	static const char *const types[] = { "A",  "AAAA", "CAA", "CNAME", "MX",
		                             "NS", "SOA",  "SRV", "TLSA",  "TXT" };
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		complete_offer(c, types[i], NULL);
}

/* ---- settings --------------------------------------------------------------------------------- */

static void offer_settings(struct complete *c)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (setting_table[i].flags & SETTING_AT_DOMAIN || !is_of_domain(c))
			complete_offer(c, setting_table[i].key, _(setting_table[i].help));
}

/* "the default", "as it is now" */
static const char *remark_on(struct complete *c, enum setting_key key, const char *value)
{
	const struct setting_row *row = &setting_table[key];
	struct setting_value now = { 0 };
	struct err ignored = ERR_INIT;
	auto_domain domain = DOMAIN_INIT;
	bool is_now = false;
	const char *usual = row->default_text;
	if (complete_store(c) && (!is_of_domain(c) || find_domain(c, &domain)) &&
	    setting_get(c->store, key, domain.id, &now, &ignored) >= 0)
		is_now = strcmp(now.text, value) == 0;
	setting_value_done(&now);
	if (is_of_domain(c) && row->domain_default)
		usual = row->domain_default;
	return is_now                      ? _("as it is now")
	       : strcmp(usual, value) == 0 ? _("the default")
	                                   : NULL;
}

static void offer_word(struct complete *c, enum setting_key key, const char *value,
                       const char *help)
{
	const char *remark = remark_on(c, key, value);
	auto_free char *both = help && *help && remark
	                               ? xasprintf("%s (%s)", help, remark)
	                               : xstrdup(help && *help ? help : remark);
	complete_offer(c, value, both);
}

static void offer_enum(struct complete *c, enum setting_key key)
{
	const struct setting_row *row = &setting_table[key];
	c->is_in_order = true;
	for (size_t i = 0; row->words[i]; i++) {
		const char *help = row->word_help ? row->word_help[i] : NULL;
		const struct mta_backend *backend =
			key == SET_MTA_BACKEND ? registry_find(row->words[i]) : NULL;
		offer_word(c, key, row->words[i],
		           help      ? _(help)
		           : backend ? _(backend->title)
		                     : NULL);
	}
}

static void add_account(void *arg, const char *name, const char *full_name)
{
	complete_offer(arg, name, full_name);
}

static void offer_accounts(struct complete *c)
{
	if (complete_ctx(c))
		account_each(c->ctx, add_account, c);
}

/* The last item of a list is completed; items that it already contains are not offered. */
static void offer_domain_list(struct complete *c)
{
	const char *comma = strrchr(c->typed, ',');
	size_t len = comma ? (size_t)(comma - c->typed) + 1 : 0, count;
	auto_free char *there = xmemdup(c->typed, len);
	auto_free char **item = NULL;
	text_split_list(there, &item, &count);
	c->lead += len;
	c->typed += len;
	c->how = COMPLETE_OPEN;
	free(c->taken);
	c->taken = xcalloc(count + 1, sizeof(*c->taken));
	for (c->taken_count = 0; c->taken_count < count; c->taken_count++)
		c->taken[c->taken_count] = item[c->taken_count];
	offer_domains(c);
	c->taken_count = 0; /* freed with `item` */
}

static void offer_values(struct complete *c)
{
	const char *name = complete_word_at(c, "<setting>");
	enum setting_key key;
	struct err ignored = ERR_INIT;
	if (!name || setting_find(name, &key, &ignored) < 0)
		return;
	const struct setting_row *row = &setting_table[key];
	char takes[256];
	setting_describe_values(row, takes, sizeof(takes));
	c->expected = xstrdup(takes);
	switch (row->type) {
	case SETTING_BOOL:
		offer_word(c, key, "off", NULL);
		offer_word(c, key, "on", NULL);
		break;
	case SETTING_ENUM:
		offer_enum(c, key);
		break;
	case SETTING_DOMAINS:
		offer_domain_list(c);
		break;
	case SETTING_PATH:
		c->how = row->flags & SETTING_FOLDER ? COMPLETE_FOLDERS : COMPLETE_FILES;
		break;
	case SETTING_COMMAND:
		c->how = COMPLETE_FILES;
		break;
	case SETTING_ACCOUNT:
		offer_accounts(c);
		break;
	case SETTING_POLICY:
		complete_offer(c, "none", _("no such record"));
		break;
	case SETTING_SECRET:
		complete_offer(c, "-", _("read a secret from standard input"));
		complete_offer(c, "generate", _("generate a new random secret"));
		break;
	default:
		break;
	}
}

/* ---- numbers of changes and pushes ------------------------------------------------------------ */

static void offer_number(struct complete *c, int64_t id, int64_t at, const char *actor,
                         const char *command)
{
	time_t seconds = (time_t)at;
	struct tm parts;
	char when[32] = "";
	if (localtime_r(&seconds, &parts) &&
	    !strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &parts))
		*when = '\0';
	auto_free char *text = xasprintf("%" PRId64, id);
	auto_free char *help = xasprintf("%s %s %s", when, actor, command);
	complete_offer(c, text, help);
}

static int add_change(void *arg, const struct change_row *row, struct err *err)
{
	(void)err;
	offer_number(arg, row->id, row->at, row->actor, row->command);
	return 0;
}

static void offer_changes(struct complete *c)
{
	static const struct change_filter newest = { .limit = CHANGES_MOST };
	struct err ignored = ERR_INIT;
	c->is_in_order = true; /* newest first */
	int r = complete_store(c)
	                ? change_each(c->store, &newest, add_change, c, &ignored)
	                : 0;
	(void)r;
}

static int add_push(void *arg, const struct history_row *row, struct err *err)
{
	(void)err;
	offer_number(arg, row->id, row->at, row->actor, row->command);
	return 0;
}

static void offer_pushes(struct complete *c)
{
	struct err ignored = ERR_INIT;
	auto_store target = NULL;
	c->is_in_order = true;
	if (!complete_ctx(c) || target_glance(c->ctx, &target, &ignored) < 0)
		return;
	int r = history_each(target, 0, add_push, c, &ignored);
	(void)r;
}

/* ---- the rest --------------------------------------------------------------------------------- */

static void offer_files(struct complete *c)
{
	c->how = COMPLETE_FILES;
}

static void offer_folders(struct complete *c)
{
	c->how = COMPLETE_FOLDERS;
}

static void offer_formats(struct complete *c)
{
	for (const struct format_row *row = format_table; row->name; row++)
		complete_offer(c, row->name, _(row->help));
}

static void offer_syntaxes(struct complete *c)
{
	for (const struct records_syntax *row = records_syntaxes; row->name; row++)
		complete_offer(c, row->name, _(row->help));
}

static void offer_checks(struct complete *c)
{
	for (const struct doctor_check *check = doctor_checks; check->name; check++)
		complete_offer(c, check->name, _(check->title));
}

static void offer_dmarc_tags(struct complete *c)
{
	static const struct {
		const char *tag, *help;
	} tags[] = {
		{ "adkim=r", NULL },
		{ "adkim=s", NULL },
		{ "aspf=r", NULL },
		{ "aspf=s", NULL },
		{ "p=none", N_("no action on mail that fails; receivers send reports") },
		{ "p=quarantine", N_("treat mail that fails as suspicious") },
		{ "p=reject", N_("reject mail that fails") },
		{ "sp=none", NULL },
		{ "sp=quarantine", NULL },
		{ "sp=reject", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		complete_offer(c, tags[i].tag, tags[i].help ? _(tags[i].help) : NULL);
}

const struct complete_source complete_sources[] = {
	{ "<account>", offer_accounts, false },
	{ "<address>", NULL, false },
	{ "<change>", offer_changes, true },
	{ "<check>", offer_checks, true },
	{ "<data>", NULL, false },
	{ "<dir>", offer_folders, false },
	{ "<domain-or-network>", NULL, false },
	{ "<domain>", offer_domains, true },
	{ "<file>", offer_files, false },
	{ "<folder>", offer_folders, false },
	{ "<format>", offer_formats, false },
	{ "<former-domain>", offer_kept, true },
	{ "<id>", offer_record_ids, true },
	{ "<name>", NULL, false },
	{ "<new-domain>", NULL, false },
	{ "<new-selector>", NULL, false },
	{ "<number>", NULL, false },
	{ "<owner>", offer_owners, false },
	{ "<prefix>", offer_domains, false },
	{ "<push>", offer_pushes, true },
	{ "<recipient>", NULL, false },
	{ "<record>", NULL, false },
	{ "<result:domain>", NULL, false },
	{ "<seconds>", NULL, false },
	{ "<selector>", offer_selectors, true },
	{ "<sender>", NULL, false },
	{ "<setting>", offer_settings, true },
	{ "<syntax>", offer_syntaxes, false },
	{ "<tag=value>", offer_dmarc_tags, false },
	{ "<term>", NULL, false },
	{ "<text>", NULL, false },
	{ "<time>", NULL, false },
	{ "<type>", offer_types, false },
	{ "<value>", offer_values, false },
	{ 0 },
};

const struct complete_source *complete_source_find(const char *placeholder)
{
	for (const struct complete_source *row = complete_sources; row->placeholder;
	     row++)
		if (strcmp(row->placeholder, placeholder) == 0)
			return row;
	return NULL;
}
