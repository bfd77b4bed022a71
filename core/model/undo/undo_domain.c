/*
 * Undoing changes of domains and keys.  An undo never removes a key that may have signed: its
 * record would be removed before mail is delivered.  DKIM that was enabled is disabled, and its
 * keys rest.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/key/key.h"
#include "core/model/key/keyring.h"
#include "core/model/life/domain_life.h"
#include "core/model/setting/setting.h"
#include "core/model/undo/undo_inner.h"

/* ---- there or not ---------------------------------------------------------------------------- */

/* Whether data was added to the domain since the change that added it. */
static int has_own(struct undo *undo, const struct domain *domain, struct err *err)
{
	int64_t one;
	return store_get_int(
		undo->store, &one, err,
		"SELECT 1 FROM domain d WHERE d.id = ?1 AND (d.suspended = 1"
		" OR EXISTS (SELECT 1 FROM domain_setting WHERE domain_id = ?1)"
		" OR EXISTS (SELECT 1 FROM record WHERE domain_id = ?1)"
		" OR EXISTS (SELECT 1 FROM dkim_key k WHERE k.domain_id = ?1"
		"  AND NOT EXISTS (SELECT 1 FROM change_item i WHERE i.change_id = ?2"
		"   AND i.object = 'key' AND i.domain = d.name AND i.field = k.selector)))",
		"ii", domain->id, undo->id);
}

/* The newest change since then that added data. */
static int refuse_own(struct undo *undo, const struct domain *domain, struct err *err)
{
	int64_t later = 0;
	int r = store_get_int(undo->store, &later, err,
	                      "SELECT max(change_id) FROM change_item WHERE domain = ?"
	                      " AND change_id > ? AND change_id <"
	                      " (SELECT max(id) FROM change)",
	                      "ti", domain->name, undo->id);
	if (r < 0)
		return r;
	if (!later) /* data that the same change added, and that is not undone */
		return err_set(err, ERR_FAILED,
		               _("%s has settings, records or keys of its own; to "
		                 "remove them too, use --force"),
		               domain->name);
	return err_set(err, ERR_FAILED,
	               _("%s has been changed since it was added, last by change %" PRId64
	                 ": undo that change first, or use --force"),
	               domain->name, later);
}

static int remove_again(struct undo *undo, const struct change_item *item,
                        struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	int64_t keys = 0;
	int r = domain_look(undo->store, item->domain, &domain, err);
	if (r == 0)
		undo->unchanged++;
	if (r <= 0)
		return r;
	r = undo->is_forced ? 0 : has_own(undo, &domain, err);
	if (r > 0)
		return refuse_own(undo, &domain, err);
	if (r >= 0)
		r = store_get_int(undo->store, &keys, err,
		                  "SELECT count(*) FROM dkim_key WHERE domain_id = ?",
		                  "i", domain.id);
	if (r >= 0)
		r = domain_life_remove(undo->store, undo->ctx, &domain, false, err);
	if (r >= 0 && keys)
		undo_warn(undo,
		          _("the keys of %s are deleted with it and cannot be "
		            "restored"),
		          domain.name);
	return r;
}

static int add_again(struct undo *undo, const struct change_item *item, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_domain main = DOMAIN_INIT;
	const struct change_item *alias =
		undo_find(undo, "domain", item->domain, "alias-of");
	/* an import may have turned a main domain into an alias */
	if (alias && !alias->old)
		alias = NULL;
	int r = domain_look(undo->store, item->domain, &domain, err);
	if (r > 0)
		undo->unchanged++;
	if (r != 0)
		return r < 0 ? r : 0;
	if (alias)
		r = domain_find(undo->store, alias->old, &main, err);
	if (r >= 0)
		r = domain_add(undo->store, undo->ctx, item->domain, alias ? &main : NULL,
		               &domain, err);
	if (r >= 0 && undo_find(undo, "key", item->domain, NULL))
		undo_warn(undo,
		          _("%s is restored without its keys, which were deleted with "
		            "it: to generate new keys, run \"mailauthctl domain "
		            "enable-dkim %s\""),
		          item->domain, item->domain);
	if (r >= 0)
		undo->touched(undo->arg, item->domain);
	return r;
}

int undo_domain(struct undo *undo, const struct change_item *item, struct err *err)
{
	return item->new_value ? remove_again(undo, item, err)
	                       : add_again(undo, item, err);
}

int undo_alias(struct undo *undo, const struct change_item *item, struct err *err)
{
	if (item->new_value)
		return remove_again(undo, item, err);
	undo->follows++; /* add_again() has made it an alias */
	return 0;
}

/* ---- names and suspension -------------------------------------------------------------------- */

int undo_rename(struct undo *undo, const struct change_item *item, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_domain before = DOMAIN_INIT;
	int r = domain_look(undo->store, item->new_value, &domain, err);
	if (r == 0)
		r = domain_look(undo->store, item->old, &before, err);
	if (r < 0)
		return r;
	if (before.id) {
		undo->unchanged++;
		return 0;
	}
	if (!domain.id)
		return err_set(err, ERR_FAILED, _("the domain %s no longer exists"),
		               item->new_value);
	r = domain_life_rename(undo->store, undo->ctx, &domain, item->old, err);
	if (r >= 0)
		undo->touched(undo->arg, item->old);
	return r;
}

int undo_suspension(struct undo *undo, const struct change_item *item, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	bool is_suspended = strcmp(item->old, "on") == 0;
	int r = domain_look(undo->store, item->domain, &domain, err);
	if (r == 0)
		return err_set(err, ERR_FAILED, _("the domain %s no longer exists"),
		               item->domain);
	if (r > 0 && domain.is_suspended == is_suspended)
		undo->unchanged++;
	if (r >= 0)
		r = domain_life_set_suspended(undo->store, undo->ctx, &domain,
		                              is_suspended, false, err);
	if (r >= 0 && !is_suspended)
		undo->touched(undo->arg, domain.name);
	return r;
}

/* ---- DKIM ------------------------------------------------------------------------------------ */

static int switch_on(struct undo *undo, const struct domain *domain, struct err *err)
{
	struct keygen_job jobs[2];
	enum keyring_outcome outcome;
	size_t missing = 0;
	int r = keyring_missing(undo->store, domain, jobs, &missing, err);
	if (r >= 0 && missing)
		return err_set(err, ERR_FAILED,
		               _("the keys of %s are deleted, so DKIM cannot be "
		                 "restored: to generate new keys, run \"mailauthctl "
		                 "domain enable-dkim %s\""),
		               domain->name, domain->name);
	if (r >= 0)
		r = keyring_enable(undo->store, undo->ctx, domain, KEYS_OURS, NULL, 0,
		                   false, &outcome, err);
	if (r >= 0)
		undo->touched(undo->arg, domain->name);
	return r;
}

/* dkim.sign of a domain: its keys change with it. */
int undo_sign(struct undo *undo, const struct change_item *item, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	bool is_on = item->old && strcmp(item->old, "on") == 0;
	int r = domain_look(undo->store, item->domain, &domain, err);
	if (r <= 0)
		return r;
	if (!is_on)
		return keyring_disable(undo->store, undo->ctx, &domain, false, err);
	if (undo_has_removed(undo, item->domain)) {
		undo->follows++; /* add_again() has warned */
		return 0;
	}
	return switch_on(undo, &domain, err);
}

/* 1: that selector has the key that the change added; its state and whether it ever signed. */
static int look_at_key(struct undo *undo, const struct change_item *item,
                       struct key *ret_key, bool *ret_is_used, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	char hex[2 * DIGEST_LEN + 1];
	int64_t used = 0;
	int r = domain_look(undo->store, item->domain, &domain, err);
	if (r > 0)
		r = key_find(undo->store, domain.id, domain.name, item->field, ret_key,
		             err);
	if (r == ERR_MISSING)
		err_clear(err);
	if (r < 0 || !domain.id)
		return r == ERR_MISSING ? 0 : r;
	digest_hex(&ret_key->fingerprint, hex);
	hex[16] = '\0';
	if (!strstr(item->new_value, hex))
		return 0;
	r = store_get_int(undo->store, &used, err,
	                  "SELECT 1 FROM key_public WHERE key_id = ?"
	                  " AND ready IS NOT NULL LIMIT 1",
	                  "i", ret_key->id);
	*ret_is_used = used || (strcmp(ret_key->state, "pending") != 0 &&
	                        strcmp(ret_key->state, "parked") != 0);
	return r < 0 ? r : 1;
}

int undo_key(struct undo *undo, const struct change_item *item, struct err *err)
{
	auto_key key = { 0 };
	bool is_used = false;
	bool is_deleted = item->old && !item->new_value;
	bool is_new = !item->old && item->new_value &&
	              strstr(item->new_value, " SHA256:") != NULL;
	if (is_deleted && strcmp(item->field, "former keys") != 0 &&
	    !undo_has_removed(undo, item->domain))
		return err_set(err, ERR_FAILED,
		               _("the key %s of %s was deleted by change %" PRId64 " "
		                 "together with its private key"),
		               item->field, item->domain, undo->id);
	/* DKIM that was enabled with it is disabled, and the key is kept */
	if (!is_new || undo_find(undo, "setting", item->domain, "dkim.sign")) {
		undo->follows++;
		return 0;
	}
	int r = look_at_key(undo, item, &key, &is_used, err);
	if (r == 0)
		undo->unchanged++;
	if (r > 0 && is_used)
		return err_set(
			err, ERR_FAILED,
			_("the key %s of %s has become active since, and mail that it "
		          "signed may be in transit; to stop signing, run "
		          "\"mailauthctl domain disable-dkim %s\""),
			item->field, item->domain, item->domain);
	return r <= 0 ? r : key_delete(undo->store, &key, err);
}
