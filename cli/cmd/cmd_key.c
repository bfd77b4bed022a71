/* `key`: DKIM keys. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/app/app.h"
#include "cli/app/findings.h"
#include "cli/app/key_step.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/job/key_lookup.h"
#include "core/model/key/key.h"
#include "core/model/key/key_secret.h"
#include "core/model/key/publish.h"
#include "core/model/setting/setting.h"
#include "dnszone/name/name.h"
#include "dnszone/name/rr.h"

enum {
	CHECK_KEY_MS = 15 * 1000, /* for all name servers of one key */
};

/* ---- looking --------------------------------------------------------------------------------- */

/* `name`: printed instead of the main domain's name if the caller does not manage that domain; NULL:
 * its keys are not listed. */
static int list_one(struct app *app, const struct key *key, const char *name,
                    struct err *err)
{
	struct out *out = app->out;
	struct key_step step;
	bool owns = false;
	int r = session_owns(&app->session, key->domain_id, &owns, err);
	if (r < 0 || (!owns && !name))
		return r;
	r = key_step_load(app, key, &step, err);
	if (r < 0)
		return r;
	out_text(out, owns ? key->domain : name);
	out_text(out, key->selector);
	out_text(out, key->algorithm);
	out_int(out, key->bits);
	out_text(out, key->state);
	out_time(out, key->since);
	key_step_put(app, &step);
	out_row_end(out);
	return 0;
}

/* The keys that a name signs with; for an alias, its main domain's. */
static int find_owner(struct app *app, const char *typed, struct domain *ret_domain,
                      int64_t *ret_owner, struct err *err)
{
	int r = session_domain(&app->session, typed, ret_domain, err);
	if (r >= 0)
		*ret_owner = ret_domain->main_id ? ret_domain->main_id : ret_domain->id;
	return r;
}

static int run_list(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "selector", N_("Selector"), OUT_TEXT, 0 },
		{ "algorithm", N_("Algorithm"), OUT_TEXT, 0 },
		{ "bits", N_("Bits"), OUT_INT, 0 },
		{ "state", N_("State"), OUT_TEXT, 0 },
		{ "since", N_("Since"), OUT_TIME, 0 },
		KEY_STEP_COLUMNS,
	};
	auto_domain domain = DOMAIN_INIT;
	auto_stmt keys = NULL;
	struct key key;
	int64_t owner = 0;
	const char *typed = args_word(app->args, 0);
	int r = typed ? find_owner(app, typed, &domain, &owner, err) : 0;
	if (r < 0)
		return r;
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	r = key_query(app->session.store, owner, &keys, err);
	while (r >= 0 && (r = key_next(keys, &key, err)) > 0)
		r = list_one(app, &key, domain.name, err);
	out_end(app->out);
	return r;
}

static int pick_rank(const char *state)
{
	static const char *const best_last[] = { "revoked", "parked",  "retiring",
		                                 "resting", "pending", "active" };
	for (size_t i = 0; i < ARRAY_LEN(best_last); i++)
		if (strcmp(best_last[i], state) == 0)
			return (int)i + 1;
	return 0;
}

/* The selector of the most relevant key, owned by the caller; NULL: there is none. */
static int pick_selector(struct store *store, int64_t owner, char **ret_selector,
                         struct err *err)
{
	auto_stmt keys = NULL;
	auto_free char *picked = NULL;
	struct key key;
	int rank = 0, r = key_query(store, owner, &keys, err);
	while (r >= 0 && (r = key_next(keys, &key, err)) > 0) {
		if (pick_rank(key.state) <= rank)
			continue;
		rank = pick_rank(key.state);
		free(picked);
		picked = xstrdup(key.selector);
	}
	if (r < 0)
		return r;
	*ret_selector = picked;
	picked = NULL;
	return 0;
}

/* The key of that selector, or the most relevant one by pick_rank(). */
static int find_key(struct app *app, const char *typed, const char *selector,
                    struct key *ret_key, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_free char *picked = NULL;
	char name[NAME_SIZE];
	int64_t owner;
	int r = selector ? name_parse_selector(selector, name, err) : 0;
	if (r >= 0)
		r = find_owner(app, typed, &domain, &owner, err);
	if (r >= 0 && !selector)
		r = pick_selector(app->session.store, owner, &picked, err);
	if (r >= 0 && !selector && !picked)
		r = err_set(err, ERR_MISSING,
		            _("%s has no key; run \"mailauthctl domain enable-dkim "
		              "%s\""),
		            domain.name, domain.name);
	if (r >= 0)
		r = key_find(app->session.store, owner, domain.name,
		             selector ? name : picked, ret_key, err);
	return r;
}

static int show_publication(void *arg, const struct publish_row *row, struct err *err)
{
	struct app *app = arg;
	struct out *out = app->out;
	auto_domain domain = DOMAIN_INIT;
	bool owns = !session_is_customer(
		&app->session); /* also of a name whose domain was removed */
	int r = owns ? 0 : domain_look(app->session.store, row->name, &domain, err);
	if (r > 0)
		r = session_owns(&app->session, domain.id, &owns, err);
	if (r < 0 || !owns)
		return r;
	out_text(out, row->name);
	out_time(out, row->exported);
	out_time(out, row->seen);
	out_time(out, row->said);
	out_bool(out, row->ready != 0);
	out_row_end(out);
	return 0;
}

static int run_show(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "selector", N_("Selector"), OUT_TEXT, 0 },
		{ "algorithm", N_("Algorithm"), OUT_TEXT, 0 },
		{ "bits", N_("Bits"), OUT_INT, 0 },
		{ "state", N_("State"), OUT_TEXT, 0 },
		{ "since", N_("Since"), OUT_TIME, 0 },
		{ "due", N_("Due"), OUT_TIME, 0 },
		{ "created", N_("Created"), OUT_TIME, 0 },
		{ "fingerprint", N_("Fingerprint"), OUT_TEXT, 0 },
		{ "private", N_("Private key"), OUT_BOOL, 0 },
		{ "record", N_("Record"), OUT_TEXT, OUT_WRAP },
	};
	static const struct out_column public_columns[] = {
		{ "name", N_("Name"), OUT_TEXT, 0 },
		{ "exported", N_("Exported"), OUT_TIME, 0 },
		{ "seen", N_("Seen"), OUT_TIME, 0 },
		{ "said", N_("Confirmed"), OUT_TIME, 0 },
		{ "ready", N_("May sign"), OUT_BOOL, 0 },
	};
	auto_key key = { 0 };
	char hex[2 * DIGEST_LEN + 1];
	auto_domain domain = DOMAIN_INIT;
	bool owns = false;
	int r = session_domain(&app->session, args_word(app->args, 0), &domain, err);
	if (r >= 0)
		r = find_key(app, domain.name, args_word(app->args, 1), &key, err);
	if (r >= 0)
		r = session_owns(&app->session, key.domain_id, &owns, err);
	if (r < 0)
		return r;
	digest_hex(&key.fingerprint, hex);
	auto_free char *fingerprint = xasprintf("SHA256:%s", hex);
	auto_free char *record = key_record_text(&key);
	out_object_begin(app->out, columns, ARRAY_LEN(columns));
	out_text(app->out, owns ? key.domain : domain.name);
	out_text(app->out, key.selector);
	out_text(app->out, key.algorithm);
	out_int(app->out, key.bits);
	out_text(app->out, key.state);
	out_time(app->out, key.since);
	out_time(app->out, key.due);
	out_time(app->out, key.created);
	out_text(app->out, fingerprint);
	out_bool(app->out, key.has_private);
	out_text(app->out, record);
	out_nested_begin(app->out, "publication", N_("Publication"), public_columns,
	                 ARRAY_LEN(public_columns));
	r = publish_each(app->session.store, key.id, show_publication, app, err);
	out_nested_end(app->out);
	out_end(app->out);
	return r;
}

/* ---- export ---------------------------------------------------------------------------------- */

/* A new file of mode 0600; an existing file is not overwritten. */
static int write_private(const char *path, const struct secret *pem, struct err *err)
{
	struct ctx host = { .root_fd = -1 };
	cleanup(staged_file_done) struct staged_file staged = { 0 };
	auto_close int fd = -1;
	size_t done = 0;
	int r = ctx_init(&host, NULL, err);
	if (r >= 0)
		r = file_stage_new(&host, path, &staged, &fd, err);
	while (r >= 0 && done < pem->len) {
		ssize_t wrote = write(fd, pem->at + done, pem->len - done);
		if (wrote < 0 && errno != EINTR)
			r = err_errno(err, errno, _("cannot write %s"), path);
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	if (r >= 0)
		r = file_publish(&host, &staged, fd, err);
	if (r < 0)
		file_unstage(&host, &staged);
	ctx_done(&host);
	return r;
}

static int export_private(const struct app *app, const char *name,
                          const struct secret *pem, struct err *err)
{
	auto_free char *path = NULL;
	if (strcmp(name, "-") == 0) {
		out_plain(app->out, (const char *)pem->at, pem->len);
		return 0;
	}
	int r = app_output_path(name, true, &path, err);
	if (r < 0 || app->session.is_dry_run)
		return r;
	return write_private(path, pem, err);
}

static int run_export(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "owner", N_("Owner"), OUT_TEXT, 0 },
		{ "type", N_("Type"), OUT_TEXT, 0 },
		{ "data", N_("Data"), OUT_TEXT, 0 },
	};
	auto_key key = { 0 };
	auto_domain domain = DOMAIN_INIT;
	int64_t owner_id, ttl;
	const char *file = args_get(app->args, "--private");
	int r = find_owner(app, args_word(app->args, 0), &domain, &owner_id, err);
	if (r >= 0)
		r = find_key(app, domain.name, args_word(app->args, 1), &key, err);
	if (r >= 0)
		r = setting_number(app->session.store, SET_DNS_TTL, domain.id, &ttl, err);
	if (r < 0)
		return r;
	if (file) {
		auto_secret pem = SECRET_INIT;
		r = key_secret_pem(app->session.store, key.id, &pem, err);
		return r < 0 ? r : export_private(app, file, &pem, err);
	}
	auto_free char *record = key_record_text(&key);
	auto_free char *owner = xasprintf("%s._domainkey.%s", key.selector, domain.name);
	if (out_get_format(app->out) == OUT_FORMAT_JSON) {
		auto_free char *absolute = xasprintf("%s.", owner);
		out_object_begin(app->out, columns, ARRAY_LEN(columns));
		out_text(app->out, absolute);
		out_text(app->out, "TXT");
		out_text(app->out, record);
		out_end(app->out);
		return 0;
	}
	auto_buf line = BUF_INIT;
	rr_put_line(&line, owner, (uint32_t)ttl, "TXT", record);
	out_plain(app->out, line.at, line.len);
	return 0;
}

/* ---- check ----------------------------------------------------------------------------------- */

static void show_lookup(struct app *app, const struct key_lookup *list)
{
	static const struct out_column columns[] = {
		{ "name", N_("Name"), OUT_TEXT, 0 },
		{ "selector", N_("Selector"), OUT_TEXT, 0 },
		{ "state", N_("In DNS"), OUT_TEXT, 0 },
		{ "detail", N_("Detail"), OUT_TEXT, OUT_WRAP },
		{ "fault", NULL, OUT_TEXT, OUT_HIDE_TABLE },
	};
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < list->count; i++) {
		const struct live_answer *answer = &list->row[i].answer;
		const char *detail = *answer->detail ? answer->detail : NULL;
		if (answer->state == LIVE_SEEN && answer->is_testing)
			detail = _("t=y: a verifier may treat the message as unsigned");
		out_text(app->out, list->row[i].name);
		out_text(app->out, list->row[i].selector);
		out_text(app->out, live_state_name(answer->state));
		out_text(app->out, detail);
		out_text(app->out, answer->fault);
		out_row_end(app->out);
		app->has_found |= answer->state != LIVE_SEEN;
	}
	out_end(app->out);
}

/* Queries every authoritative server; keys that all of them publish may sign from then on. */
static int check_dns(struct app *app, const struct names *names, struct err *err)
{
	struct query_servers servers;
	cleanup(key_lookup_done) struct key_lookup list = { 0 };
	const char *typed = args_get(app->args, "--resolver");
	int r = typed ? query_servers_parse(typed, &servers, err)
	              : query_servers_system(&servers, err);
	for (size_t i = 0; r >= 0 && i < names->count; i++) {
		auto_domain domain = DOMAIN_INIT;
		r = session_domain(&app->session, names->name[i], &domain, err);
		if (r >= 0)
			r = key_lookup_add(&app->session, domain.name, 0, &list, err);
	}
	if (r < 0)
		return r;
	key_lookup_ask(&servers, &list, CHECK_KEY_MS, deadline_in_ms(INT32_MAX));
	show_lookup(app, &list);
	return key_lookup_save(&app->session, &list, err);
}

static int run_check(struct app *app, struct err *err)
{
	auto_names names = { 0 };
	int r = app_names(app, 0, &names, err);
	if (r < 0)
		return r;
	r = args_has(app->args, "--published")
	            ? key_lookup_publish(&app->session, &names, err)
	            : check_dns(app, &names, err);
	return r;
}

static const struct option_row export_options[] = {
	{ "--private", "<file>", N_("write the private key to a new file (0600) or -"), 0,
	  0 },
	{ 0 },
};
static const struct option_row check_options[] = {
	{ "--published", NULL, N_("do not query DNS: treat the records as published"), 0,
	  0 },
	OPTION_RESOLVER,
	OPTION_ALL,
	OPTION_DOMAINS_FROM,
	{ 0 },
};

static const struct option_row rotate_options[] = {
	{ "--all", NULL, N_("all domains that sign"), 0, 0 },
	{ "--due", NULL, N_("keys that are older than dkim.rotate-after"), 0, 0 },
	OPTION_DOMAINS_FROM,
	{ 0 },
};
static const struct option_row revoke_options[] = {
	OPTION_YES,
	{ 0 },
};

static const struct option_row lint_options[] = {
	OPTION_RECORD,
	OPTION_RECORDS_FROM,
	{ "--selector", "<selector>",
	  N_("use this selector instead of the keys of the domain"), true, 0,
	  OPTION_FOR_ALL },
	OPTION_RESOLVER,
	OPTION_ZONE,
	{ 0 },
};

const struct command commands_key[] = {
	{ .words = "key list",
	  .args = "[<domain>]",
	  .help = N_("list keys and their states"),
	  .example = "mailauthctl key list example.com",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_READ,
	  .run = run_list },
	{ .words = "key show",
	  .args = "<domain> [<selector>]",
	  .help = N_("show a key, its record, and where it is published"),
	  .example = "mailauthctl key show example.com",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_READ,
	  .run = run_show },
	{ .words = "key export",
	  .args = "<domain> [<selector>]",
	  .options = export_options,
	  .help = N_("print the public record, or write the private key"),
	  .example = "mailauthctl key export example.com",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_READ,
	  .run = run_export },
	{ .words = "key import",
	  .args = "[<domain> <new-selector>]",
	  .options = cmd_key_import_options,
	  .help = N_("import private keys"),
	  .example = "mailauthctl key import example.com s2024 --private key.pem",
	  .needs = NEED_STORE_WRITE | NEED_EXPORT,
	  .run = cmd_key_import },
	{ .words = "key rotate",
	  .args = "<domain>...|--all|--due|--domains-from=<file>",
	  .options = rotate_options,
	  .help = N_("replace keys without a gap in signing"),
	  .example = "mailauthctl key rotate example.com",
	  .needs = NEED_STORE_WRITE | NEED_EXPORT,
	  .run = cmd_key_rotate },
	{ .words = "key revoke",
	  .args = "<domain> <selector>",
	  .options = revoke_options,
	  .help = N_("revoke a key at once, and replace it if it signs"),
	  .example = "mailauthctl key revoke example.com default --yes",
	  .needs = NEED_STORE_WRITE | NEED_EXPORT,
	  .run = cmd_key_revoke },
	{ .words = "key check",
	  .args = "<domain>...|--all|--domains-from=<file>",
	  .options = check_options,
	  .help = N_("look for the records in DNS; exit 3: not all servers have them"),
	  .example = "mailauthctl key check example.com",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_WRITE,
	  .run = run_check },
	{ .words = "key lint",
	  .args = "<domain>|--record|--records-from",
	  .options = lint_options,
	  .help = N_("find faults in DKIM key records; exit 3: warnings or errors"),
	  .example = "mailauthctl key lint example.com --selector s2024",
	  .needs = NEED_OWN_ACCESS,
	  .run = cmd_key_lint },
	{ 0 },
};
