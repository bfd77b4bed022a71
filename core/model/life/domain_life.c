/*
 * Removing or renaming a domain keeps the public halves of its keys under the old name
 * (former_key): mail that they signed may not be delivered yet.
 */
#include "core/model/life/domain_life.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/model/export/export.h"
#include "core/model/key/keyring.h"
#include "core/model/record/stored.h"
#include "core/store/change.h"
#include "dnszone/name/name.h"

/* Keeps the public halves of keys that may have signed under `name` until signed mail was
 * delivered.  Aliases that are removed with the name have their own rows. */
static int keep_former_keys(struct store *store, const struct ctx *ctx,
                            const struct domain *domain, bool is_now, struct err *err)
{
	int64_t wait = 0;
	int r = setting_number(store, SET_DKIM_RETIRE_AFTER, domain->id, &wait, err);
	if (r < 0)
		return r;
	return store_exec(
		store, err,
		"INSERT INTO former_key (name, selector, algorithm, public, until)"
		" SELECT ?1, k.selector, k.algorithm, k.public, ?2 FROM dkim_key k"
		" JOIN key_public p ON p.key_id = k.id AND p.name = ?1"
		" WHERE k.domain_id = ?3 AND p.ready IS NOT NULL"
		" AND k.state IN ('active', 'retiring', 'resting')"
		" ON CONFLICT (name, selector) DO UPDATE SET"
		" algorithm = excluded.algorithm, public = excluded.public,"
		" until = excluded.until",
		"tii", domain->name, ctx_now(ctx) + (is_now ? 0 : wait),
		domain->main_id ? domain->main_id : domain->id);
}

/* The first aliases are named. */
static int refuse_aliases(struct store *store, const struct domain *domain,
                          struct err *err)
{
	auto_stmt aliases = NULL;
	auto_buf names = BUF_INIT;
	struct domain alias;
	size_t count = 0;
	int r = domain_query(store, domain->id, NULL, &aliases, err);
	while (r >= 0 && (r = domain_next(aliases, &alias, err)) > 0)
		if (count++ < 10)
			buf_printf(&names, "%s%s", names.len ? ", " : "", alias.name);
	if (r >= 0 && count)
		r = err_set(err, ERR_FAILED,
		            _("%s has aliases, which must be removed first: %s%s"),
		            domain->name, buf_text(&names), count > 10 ? ", ..." : "");
	return r;
}

/* Its edits of template records, or its own records.  A removed template record has no data before
 * and none after. */
static int note_records(struct store *store, const struct domain *domain,
                        const struct stored_records *rows, bool is_own, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < rows->count; i++) {
		const struct stored_record *row = &rows->row[i];
		auto_free char *field = stored_field(row);
		auto_free char *id = stored_id(row);
		auto_free char *audit = stored_audit(row);
		if ((row->template_uid == 0) == is_own)
			r = change_note_ref(store, "record", domain->name, field, id,
			                    audit, NULL, err);
	}
	return r;
}

static int note_rows(struct store *store, const struct domain *domain, const char *object,
                     struct stmt *stmt, struct err *err)
{
	int r;
	while ((r = stmt_next(stmt, err)) > 0) {
		r = change_note(store, object, domain->name, stmt_text(stmt, 0),
		                stmt_text(stmt, 1), NULL, err);
		if (r < 0)
			return r;
	}
	return r;
}

/* The rows that are removed with the domain, so that undo_change() can restore them. */
static int note_contents(struct store *store, const struct domain *domain,
                         struct err *err)
{
	/* restored in reverse order: own records then find their ids unused */
	auto_stored_records records = { 0 };
	auto_stmt settings = NULL;
	auto_stmt keys = NULL;
	int64_t newest = 0;
	int r = store_query(
		store, &settings, err,
		"SELECT key, value FROM domain_setting WHERE domain_id = ? ORDER BY key",
		"i", domain->id);
	if (r >= 0)
		r = note_rows(store, domain, "setting", settings, err);
	if (r >= 0)
		r = stored_records_load(store, domain->id, &records, err);
	if (r >= 0)
		r = note_records(store, domain, &records, false, err);
	if (r >= 0)
		r = note_records(store, domain, &records, true, err);
	if (r >= 0)
		r = store_query(store, &keys, err,
		                "SELECT selector, state FROM dkim_key WHERE domain_id = ?"
		                " ORDER BY selector",
		                "i", domain->id);
	if (r >= 0)
		r = note_rows(store, domain, "key", keys, err);
	if (r >= 0)
		r = store_get_int(store, &newest, err, "SELECT max(rev) FROM template",
		                  "");
	if (r >= 0 && domain->template_rev != newest) {
		auto_free char *rev =
			xasprintf("revision %" PRId64, domain->template_rev);
		r = change_note(store, "template", domain->name, "applied", rev, NULL,
		                err);
	}
	if (r >= 0 && domain->is_suspended)
		r = change_note(store, "domain", domain->name, "suspended", "on", NULL,
		                err);
	if (r >= 0 && domain->main_id)
		r = change_note(store, "domain", domain->name, "alias-of",
		                domain->main_name, NULL, err);
	return r < 0 ? r : 0;
}

int domain_life_remove(struct store *store, const struct ctx *ctx,
                       const struct domain *domain, bool is_now, struct err *err)
{
	int r = refuse_aliases(store, domain, err);
	if (r >= 0)
		r = keep_former_keys(store, ctx, domain, is_now, err);
	if (r >= 0)
		r = note_contents(store, domain, err);
	if (r >= 0)
		r = store_exec(store, err, "DELETE FROM key_public WHERE name = ?", "t",
		               domain->name);
	if (r >= 0)
		r = store_exec(store, err, "DELETE FROM domain WHERE id = ?", "i",
		               domain->id);
	if (r < 0)
		return r;
	store_note_secret_gone(store);
	return change_note(store, "domain", domain->name, "domain", domain->name, NULL,
	                   err);
}

int domain_life_rename(struct store *store, const struct ctx *ctx,
                       const struct domain *domain, const char *typed, struct err *err)
{
	char name[NAME_SIZE];
	auto_domain there = DOMAIN_INIT;
	int r = name_parse_domain(typed, name, err);
	if (r < 0)
		return r;
	if (strcmp(name, domain->name) == 0)
		return 0;
	r = domain_look(store, name, &there, err);
	if (r > 0)
		return err_set(err, ERR_FAILED, _("%s already exists"), name);
	if (r >= 0)
		r = domain_check_former_keys(
			store, name, domain->main_id ? domain->main_id : domain->id, err);
	if (r >= 0)
		r = keep_former_keys(store, ctx, domain, false, err);
	if (r >= 0)
		r = store_exec(store, err, "DELETE FROM key_public WHERE name = ?", "t",
		               domain->name);
	if (r >= 0)
		r = store_exec(store, err, "UPDATE domain SET name = ? WHERE id = ?",
		               "ti", name, domain->id);
	if (r >= 0)
		r = change_note(store, "domain", name, "name", domain->name, name, err);
	return r;
}

int domain_life_set_suspended(struct store *store, const struct ctx *ctx,
                              const struct domain *domain, bool is_suspended, bool is_now,
                              struct err *err)
{
	if (domain->is_suspended == is_suspended)
		return 0;
	int r = store_exec(store, err, "UPDATE domain SET suspended = ? WHERE id = ?",
	                   "ii", (int64_t)is_suspended, domain->id);
	if (r >= 0)
		r = change_note(store, "domain", domain->name, "suspended",
		                domain->is_suspended ? "on" : "off",
		                is_suspended ? "on" : "off", err);
	/* an alias has no keys of its own: the main domain's continue to sign for other names */
	if (r >= 0 && !domain->main_id)
		r = is_suspended ? keyring_rest(store, ctx, domain, is_now, err)
		                 : keyring_wake(store, ctx, domain, err);
	return r;
}

/* Their zones are queried again before the next export. */
static int forget_looks(struct store *store, const struct domain *domain, struct err *err)
{
	if (!domain)
		return store_exec(store, err, "DELETE FROM zone_look", "");
	return store_exec(store, err,
	                  "DELETE FROM zone_look WHERE name IN (SELECT name FROM domain"
	                  " WHERE id = ?1 OR alias_of = ?1)",
	                  "i", domain->id);
}

static int keep_inherited(struct store *store, const struct ctx *ctx, struct err *err)
{
	int64_t wait = 0;
	int r = setting_number(store, SET_DKIM_RETIRE_AFTER, 0, &wait, err);
	if (r < 0)
		return r;
	return store_exec(
		store, err,
		"INSERT INTO former_key (name, selector, algorithm, public, until)"
		" SELECT p.name, k.selector, k.algorithm, k.public, ?1"
		" FROM key_public p JOIN dkim_key k ON k.id = p.key_id"
		" JOIN domain d ON d.name = p.name"
		" WHERE p.ready IS NOT NULL AND p.exported IS NOT NULL"
		" AND NOT EXISTS (SELECT 1 FROM domain_setting s WHERE s.key ="
		" 'dns.service' AND s.domain_id IN (d.id, d.alias_of))"
		" ON CONFLICT (name, selector) DO UPDATE SET"
		" algorithm = excluded.algorithm, public = excluded.public,"
		" until = excluded.until",
		"i", ctx_now(ctx) + wait);
}

/* Changes that zones which include our files, or name servers, require by hand. */
static int warn_of_files(struct store *store, struct ctx *ctx, enum setting_key key,
                         const char *before, const char *after, struct err *err)
{
	int64_t any;
	enum zone_format format;
	int r = store_get_int(store, &any, err, "SELECT 1 FROM export_file LIMIT 1", "");
	if (r <= 0)
		return r;
	r = zone_format_now(store, &format, err);
	if (r >= 0 && key == SET_ZONE_FORMAT && strcmp(after, "full") == 0)
		ctx_report(ctx, REPORT_WARNING,
		           _("the next export writes whole zones: first remove the "
		             "$INCLUDE lines that name the zone files"));
	else if (r >= 0 && key == SET_ZONE_DIRECTORY && format == ZONE_INCLUDE)
		ctx_report(ctx, REPORT_WARNING,
		           _("the zone files in %s are not changed: run \"mailauthctl "
		             "zone export --all\", then name the new files in the "
		             "$INCLUDE lines; run \"mailauthctl doctor zones\" to list "
		             "the old files"),
		           before);
	return r;
}

int domain_life_set_inherited(struct store *store, struct ctx *ctx, enum setting_key key,
                              const char *canonical, struct err *err)
{
	auto_free char *before = NULL;
	auto_free char *after = NULL;
	int r = setting_text(store, key, 0, &before, err);
	if (r >= 0)
		r = setting_put(store, key, 0, NULL, canonical, err);
	if (r >= 0)
		r = setting_text(store, key, 0, &after, err);
	if (r >= 0 && key == SET_ZONE_RELOAD && strcmp(before, after) != 0)
		r = export_check_reload(ctx, after, err);
	if (r >= 0 && strcmp(before, after) != 0)
		r = warn_of_files(store, ctx, key, before, after, err);
	if (r >= 0 && key == SET_DNS_SERVICE && strcmp(before, "hosted") == 0 &&
	    strcmp(after, "hosted") != 0)
		r = keep_inherited(store, ctx, err);
	bool is_elsewhere = key == SET_DNS_SERVICE || key == SET_ZONE_FORMAT;
	if (r >= 0 && is_elsewhere && strcmp(before, after) != 0)
		r = forget_looks(store, NULL, err);
	return r;
}

static int check_switch_off(struct store *store, const struct domain *domain,
                            enum setting_key key, struct err *err)
{
	bool signs, has_mail;
	bool is_off;
	if (key != SET_MAIL && key != SET_DNS_SERVICE)
		return 0;
	int r = setting_bool(store, SET_DKIM_SIGN, domain->id, &signs, err);
	if (r >= 0)
		r = setting_bool(store, SET_MAIL, domain->id, &has_mail, err);
	if (r >= 0)
		r = setting_is(store, SET_DNS_SERVICE, domain->id, "off", &is_off, err);
	if (r < 0 || !signs)
		return r;
	if ((key == SET_MAIL && !has_mail) || (key == SET_DNS_SERVICE && is_off))
		return err_set(
			err, ERR_FAILED,
			_("%s cannot be off for %s while it signs; run \"mailauthctl "
		          "domain disable-dkim %s\" first"),
			setting_table[key].key, domain->name, domain->name);
	return 0;
}

int domain_life_set(struct store *store, struct ctx *ctx, const struct domain *domain,
                    enum setting_key key, const char *text, struct err *err)
{
	auto_free char *before = NULL;
	auto_free char *after = NULL;
	bool is_service = key == SET_DNS_SERVICE;
	int r = is_service ? setting_text(store, key, domain->id, &before, err) : 0;
	if (r >= 0)
		r = setting_set(store, key, domain->id, domain->name, text, err);
	if (r >= 0)
		r = check_switch_off(store, domain, key, err);
	if (r >= 0 && is_service)
		r = setting_text(store, key, domain->id, &after, err);
	if (r < 0 || !is_service || strcmp(before, "hosted") != 0 ||
	    strcmp(after, "hosted") == 0)
		return r;
	bool signs = false;
	r = keep_former_keys(store, ctx, domain, false, err);
	if (r >= 0)
		r = forget_looks(store, domain, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain->id, &signs, err);
	if (r >= 0 && signs)
		ctx_report(ctx, REPORT_WARNING,
		           _("%s is still signed: copy its DKIM records to the other "
		             "DNS server (run \"mailauthctl record list %s\") before "
		             "that server serves the zone"),
		           domain->name, domain->name);
	return r;
}
