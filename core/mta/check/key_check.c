/*
 * Key files against the records of the store.  OpenDKIM signs with any key that it finds under the
 * name: a key of another domain makes signatures that do not verify, and no program reports that.
 * A key is compared, not tested by signing, so that an explicit push of 100,000 takes seconds.
 */
#include "core/mta/check/key_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/secret.h"
#include "core/model/key/key_crypto.h"
#include "core/mta/check/validate.h"
#include "core/mta/plan/step.h"

#define KEY_LIMIT ((size_t)64 * 1024)
#define SAMPLE 2000    /* keys after which the total time can be estimated */
#define TOLD_SECONDS 2 /* a longer time is announced */

struct key_check {
	struct ctx *ctx;
	const struct plan *plan;
	const struct step **step; /* of files and folders, sorted by path */
	size_t steps;
};

static bool is_digest(const struct digest *a, const struct digest *b)
{
	return memcmp(a->at, b->at, DIGEST_LEN) == 0;
}

/* `is_ours`: it comes from the store, and is not at its path yet. */
static int compare(const struct key_check *check, const struct plan_key *key,
                   const struct key_sight *sight, bool is_ours, struct err *err)
{
	const struct plan_key *owner = NULL;
	if (is_digest(&sight->fingerprint, &key->fingerprint))
		return 0;
	for (size_t i = 0; i < check->plan->keys && !owner; i++)
		if (is_digest(&sight->fingerprint, &check->plan->key[i].fingerprint))
			owner = &check->plan->key[i];
	auto_free char *whose =
		owner ? xasprintf(_("it is the key of %s, selector %s"), owner->domain,
	                          owner->selector)
		      : xasprintf(_("it is a different %s key of %" PRId64 " bits"),
	                          sight->algorithm, sight->bits);
	if (is_ours)
		return err_set(
			err, ERR_FAILED,
			_("the private key of %s, selector %s, in the database does "
		          "not match its record: %s; its signatures would not verify; "
		          "restore a backup of the database, or import the key of the "
		          "domain again"),
			key->domain, key->selector, whose);
	err_set(err, ERR_FAILED,
	        _("the key in %s does not match the record of %s, selector %s (%s): "
	          "%s; its signatures would not verify"),
	        key->path, key->domain, key->selector, key->algorithm, whose);
	return err_add_remedy(err, PUSH_FORCE);
}

/* A file that was found to equal the key in the database is not read again.  False: not known to be
 * the key of the record. */
static bool is_held(const struct key_check *check, const struct plan_key *key)
{
	const struct key_source *source = &check->plan->key_source;
	struct key_sight sight;
	struct err ignored = ERR_INIT;
	auto_secret der = SECRET_INIT;
	if (!key->held_id || !source->der)
		return false;
	int r = source->der(source->arg, key->held_id, &der, &ignored);
	if (r >= 0)
		r = key_look_private(der.at, der.len, &sight, &ignored);
	if (r < 0)
		err_clear(&ignored);
	return r >= 0 && is_digest(&sight.fingerprint, &key->fingerprint);
}

static int check_key(const struct key_check *check, const struct plan_key *key,
                     struct err *err)
{
	const struct step *step = plan_find(check->step, check->steps, key->path);
	struct key_sight sight;
	auto_buf present = BUF_INIT;
	int r = 0;
	if (!step && is_held(check, key))
		return 0;
	if (step && !step->is_present)
		r = err_set(err, ERR_FAILED,
		            _("%s is to be removed, but the KeyTable still names it"),
		            key->path);
	else if (!step)
		r = file_read(check->ctx, key->path, KEY_LIMIT, &present, NULL, err);
	if (r == ERR_MISSING) {
		err_set(err, ERR_FAILED,
		        _("the KeyTable names %s, and that file does not exist"),
		        key->path);
		r = err_add_remedy(err, "mailauthctl mta push");
	}
	if (r < 0)
		return r;
	auto_secret room = SECRET_INIT;
	const char *text = buf_text(&present);
	size_t len = present.len;
	if (step)
		r = step_content(step, &check->plan->key_source, &room, &text, &len, err);
	if (r < 0)
		return r;
	r = key_look_private(text, len, &sight, err);
	if (r < 0)
		r = err_prefix(err,
		               _("OpenDKIM could not sign for %s with the key in %s"),
		               key->domain, key->path);
	if (present.at)
		explicit_bzero(present.at, present.room);
	return r < 0 ? r : compare(check, key, &sight, step != NULL, err);
}

static void tell_time(struct ctx *ctx, size_t done, size_t all, int64_t began)
{
	int64_t seconds =
		(monotonic_ns() - began) / (int64_t)done * (int64_t)all / NS_PER_SEC;
	if (seconds >= TOLD_SECONDS)
		ctx_report(
			ctx, REPORT_NOTE,
			_("%zu key files are compared with their records, which takes about "
		          "%" PRId64 " s"),
			all, seconds);
}

int key_check_files(struct ctx *ctx, const struct plan *plan, struct err *err)
{
	size_t count;
	auto_free const struct step **index = plan_index(plan, &count);
	struct key_check check = {
		.ctx = ctx, .plan = plan, .step = index, .steps = count
	};
	int64_t began = monotonic_ns();
	int r = 0;
	for (size_t i = 0; r == 0 && i < plan->keys; i++) {
		if (i == SAMPLE)
			tell_time(ctx, i, plan->keys, began);
		r = check_key(&check, &plan->key[i], err);
	}
	return r;
}
