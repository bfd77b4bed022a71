/*
 * Key files and other files that a daemon must be able to read: the rights along their paths, and
 * whether each key matches its published record.
 */
#include "core/mta/doctor/doctor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/key/key.h"
#include "core/model/key/key_crypto.h"
#include "core/model/key/signing.h"
#include "core/model/setting/setting.h"
#include "core/mta/check/path_check.h"

#define DAY 86400
#define PENDING_LONG ((int64_t)2 * DAY)
#define KEY_LIMIT ((size_t)64 * 1024)
#define WEAK_BITS 2048

static bool is_enough(const struct doctor *d, size_t count)
{
	return count >= DOCTOR_KEYS && !d->is_all;
}

/* ---- rights ---------------------------------------------------------------------------------- */

struct rights {
	struct doctor *d;
	struct path_check *paths;
	size_t keys;
};

/* A push restores the rights of a pushed file; after a chmod alone the file would count as edited.
 */
static void add_wrong(struct doctor *d, const char *path, const struct err *err)
{
	struct err fault = *err;
	bool is_ours = false;
	for (size_t i = 0; i < d->host.drifts.count; i++)
		is_ours |= strcmp(d->host.drifts.row[i].path, path) == 0;
	if (is_ours)
		err_set_remedy(&fault, PUSH_FORCE);
	doctor_add_err(d, DOCTOR_PROBLEM, path, &fault, NULL);
}

static void check_access(struct rights *r, const struct account *who, const char *path,
                         unsigned need)
{
	struct err err = ERR_INIT;
	int rc = path_check_access(r->paths, who, "/", path, need, &err);
	if (rc < 0 && rc != ERR_MISSING)
		add_wrong(r->d, path, &err);
}

static void check_key(struct rights *r, const struct mta_access *access)
{
	struct err err = ERR_INIT;
	if (is_enough(r->d, r->keys))
		return;
	int rc = path_check_key(r->paths, access->who, access->path, &err);
	if (rc < 0 && rc != ERR_MISSING)
		add_wrong(r->d, access->path, &err);
	r->keys++;
}

static void check_one(void *arg, const struct mta_access *access)
{
	struct rights *r = arg;
	if (access->is_key)
		check_key(r, access);
	else
		check_access(r, access->who, access->path, access->need);
}

/* Files that the mail server and its filters read as an account other than root. */
static void check_server_rights(struct rights *r)
{
	const struct doctor_host *host = &r->d->host;
	struct err err = ERR_INIT;
	if (host->backend && host->backend->each_access &&
	    host->backend->each_access(r->d->ctx, r->d->store, &host->probes, check_one,
	                               r, &err) < 0)
		doctor_add_failure(r->d, NULL, &err);
}

/* Name servers that are installed here; none: any account. */
static void check_zone_rights(struct rights *r)
{
	static const char *const users[] = { "nsd", "bind", "named", "knot", "nobody" };
	auto_free char *folder = NULL;
	struct err ignored = ERR_INIT;
	size_t checked = 0;
	if (setting_text(r->d->store, SET_ZONE_DIRECTORY, 0, &folder, &ignored) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		auto_account who = { 0 };
		if ((checked && strcmp(users[i], "nobody") == 0) ||
		    !account_read(r->d->ctx, users[i], &who))
			continue;
		check_access(r, &who, folder, PATH_SEARCH);
		checked++;
	}
}

void doctor_permissions(struct doctor *d)
{
	const struct plan nothing = PLAN_INIT;
	struct rights r = { .d = d };
	if (geteuid() != 0 && !d->ctx->is_rooted) {
		doctor_add(d, DOCTOR_SKIPPED, NULL, _("run it as root"),
		           _("the key folders can be read by root only"));
		return;
	}
	if (!doctor_read_host(d))
		return;
	r.paths = path_check_new(d->ctx, &nothing);
	if (d->host.state.is_ours)
		check_server_rights(&r);
	check_zone_rights(&r);
	path_check_free(r.paths);
	if (is_enough(d, r.keys))
		doctor_add(d, DOCTOR_NOTE, NULL, "mailauthctl doctor --all permissions",
		           _("only the first %d key files were checked"), DOCTOR_KEYS);
	if (!doctor_has_trouble(d))
		doctor_add(d, DOCTOR_OK, NULL, NULL,
		           _("the accounts that must read or run a file can do so (%zu "
		             "key files)"),
		           r.keys);
}

/* ---- what stands in the files ---------------------------------------------------------------- */

struct keys {
	struct doctor *d;
	size_t files, weak;
	char *first_weak;
	int64_t now;
};

static void look_at_key_file(struct doctor *d, const char *path,
                             const struct signing_row *row)
{
	auto_buf text = BUF_INIT;
	struct key_sight sight;
	struct err err = ERR_INIT;
	int r = file_read(d->ctx, path, KEY_LIMIT, &text, NULL, &err);
	if (r == ERR_MISSING) {
		doctor_add(d, DOCTOR_PROBLEM, path, "mailauthctl mta push",
		           _("%s signs with a key that does not exist (%s): its mail "
		             "is deferred"),
		           row->name, path);
		return;
	}
	if (r == 0) {
		r = key_look_private(buf_text(&text), text.len, &sight, &err);
		if (r < 0)
			err_prefix(&err, "%s", path);
	}
	if (text.at)
		explicit_bzero(text.at, text.room);
	if (r < 0) {
		doctor_add_err(d, DOCTOR_PROBLEM, path, &err, PUSH_FORCE);
		return;
	}
	if (memcmp(sight.fingerprint.at, row->fingerprint.at, DIGEST_LEN) == 0)
		return;
	doctor_add(d, DOCTOR_PROBLEM, path, PUSH_FORCE,
	           _("the key in %s does not match the record of %s, selector %s: its "
	             "signatures do not verify"),
	           path, row->name, row->selector);
}

static void look_at_row(void *arg, const struct signing_row *row, const char *path)
{
	struct keys *k = arg;
	struct err err = ERR_INIT;
	if (is_enough(k->d, k->files))
		return;
	look_at_key_file(k->d, path, row);
	int r = signing_is_published(k->d->store, row->name, row->selector, &err);
	if (r < 0)
		doctor_add_err(k->d, DOCTOR_PROBLEM, row->name, &err, NULL);
	else if (r == 0)
		doctor_add(
			k->d, DOCTOR_PROBLEM, row->name, "mailauthctl zone export --all",
			_("%s signs with selector %s, whose record is not among its own"),
			row->name, row->selector);
	k->files++;
}

/* Changes that are due by now. */
static void look_at_age(struct keys *k, const struct key *key)
{
	bool is_waiting = strcmp(key->state, "pending") == 0;
	if (is_waiting && k->now - key->since > PENDING_LONG) {
		bool is_hosted = false;
		auto_free char *check =
			xasprintf("mailauthctl key check %s", key->domain);
		struct err ignored = ERR_INIT;
		if (setting_is(k->d->store, SET_DNS_SERVICE, key->domain_id, "hosted",
		               &is_hosted, &ignored))
			err_clear(&ignored);
		doctor_add(k->d, DOCTOR_WARNING, key->domain,
		           is_hosted ? "mailauthctl zone export --all" : check,
		           _("the key of %s, selector %s, has waited for its record "
		             "for %" PRId64 " days and does not sign"),
		           key->domain, key->selector, (k->now - key->since) / DAY);
	}
	if (key->due && k->now - key->due > DAY)
		doctor_add(k->d, DOCTOR_WARNING, key->domain,
		           "mailauthctl zone export --all",
		           _("the %s key of %s, selector %s, has been due for removal "
		             "for %" PRId64 " days"),
		           key->state, key->domain, key->selector,
		           (k->now - key->due) / DAY);
}

static void look_at_key(struct keys *k, const struct key *key)
{
	look_at_age(k, key);
	if (strcmp(key->state, "active") == 0 && strcmp(key->algorithm, "rsa") == 0 &&
	    key->bits < WEAK_BITS && k->weak++ == 0)
		k->first_weak = xasprintf(_("%s, selector %s, %" PRId64 " bits"),
		                          key->domain, key->selector, key->bits);
}

void doctor_keys(struct doctor *d)
{
	struct keys k = { .d = d, .now = ctx_now(d->ctx) };
	struct err err = ERR_INIT;
	if (!d->store) {
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("there is no database to read"));
		return;
	}
	if (!doctor_read_host(d))
		return;
	auto_stmt keys = NULL;
	struct key key;
	int r = key_query(d->store, 0, &keys, &err);
	while (r >= 0 && (r = key_next(keys, &key, &err)) > 0)
		look_at_key(&k, &key);
	bool can_read = geteuid() == 0 || d->ctx->is_rooted;
	bool has_files =
		d->host.state.is_ours && d->host.backend && d->host.backend->each_key;
	if (r >= 0 && has_files && can_read)
		r = d->host.backend->each_key(d->store, look_at_row, &k, &err);
	if (r < 0)
		doctor_add_failure(d, NULL, &err);
	if (has_files && !can_read)
		doctor_add(d, DOCTOR_SKIPPED, NULL, _("run it as root"),
		           _("key files can be read by root only"));
	if (k.weak)
		doctor_add(
			d, DOCTOR_NOTE, NULL, "mailauthctl server set dkim.rsa-bits 2048",
			ngettext("%zu active key has fewer than %d bits (%s); new keys "
		                 "have the length that dkim.rsa-bits sets",
		                 "%zu active keys have fewer than %d bits (%s); new "
		                 "keys have the length that dkim.rsa-bits sets",
		                 k.weak),
			k.weak, WEAK_BITS, k.first_weak);
	if (is_enough(d, k.files))
		doctor_add(d, DOCTOR_NOTE, NULL, "mailauthctl doctor --all keys",
		           _("only the first %d key files were checked"), DOCTOR_KEYS);
	if (!doctor_has_trouble(d) && !has_files)
		doctor_add(d, DOCTOR_OK, NULL, NULL,
		           _("no key is overdue; no mail server of this host reads key "
		             "files of this database"));
	else if (!doctor_has_trouble(d))
		doctor_add(d, DOCTOR_OK, NULL, NULL,
		           ngettext("%zu key file matches the key of its record",
		                    "%zu key files match the keys of the records",
		                    k.files),
		           k.files);
	free(k.first_weak);
}
