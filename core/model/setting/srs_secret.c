/*
 * The table `secret`, which no other file accesses.
 *
 * A serial is never used twice, so the highest one is the newest.  A secret stops signing when its
 * successor is created, so secrets older than one that was created SRS_SECRET_KEPT_DAYS ago have
 * not signed since then and are deleted.
 */
#include "core/model/setting/srs_secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/model/setting/setting.h"
#include "core/store/change.h"

#define KEY "srs.secret"
#define MADE_OCTETS 24 /* a multiple of three: base64 without '=' */
#define DAY_SECONDS 86400

static char *fingerprint(const void *octets, size_t len)
{
	struct digest digest;
	char hex[2 * DIGEST_LEN + 1];
	digest_of(octets, len, &digest);
	digest_hex(&digest, hex);
	return xasprintf("SHA256:%.16s", hex);
}

/* 1: there is one. */
static int newest(struct store *store, struct secret *ret_value, struct err *err)
{
	auto_stmt stmt = NULL;
	if (!store)
		return 0;
	int r = store_query(
		store, &stmt, err,
		"SELECT value FROM secret WHERE key = ? ORDER BY serial DESC LIMIT 1",
		"t", KEY);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r > 0) {
		size_t len;
		const void *octets = stmt_blob(stmt, 0, &len);
		secret_set(ret_value, octets, len);
	}
	return r;
}

static int forget_old(struct store *store, const struct ctx *ctx, struct err *err)
{
	int64_t before = ctx_now(ctx) - (int64_t)SRS_SECRET_KEPT_DAYS * DAY_SECONDS;
	int r = store_exec(store, err,
	                   "DELETE FROM secret WHERE key = ?1 AND serial < (SELECT "
	                   "max(serial) FROM secret WHERE key = ?1 AND created < ?2)",
	                   "ti", KEY, before);
	if (r >= 0 && store_changes(store) > 0)
		store_note_secret_gone(store);
	return r;
}

/* `value` signs; if it is an older one, it is moved from its old position. */
static int add(struct store *store, const struct ctx *ctx, const struct secret *value,
               struct err *err)
{
	auto_secret old = SECRET_INIT;
	int r = newest(store, &old, err);
	if (r < 0)
		return r;
	if (r > 0 && old.len == value->len && memcmp(old.at, value->at, old.len) == 0)
		return 0;
	auto_free char *before = r > 0 ? fingerprint(old.at, old.len) : NULL;
	auto_free char *after = fingerprint(value->at, value->len);
	r = store_exec(store, err,
	               "INSERT INTO secret (key, serial, value, created) SELECT ?1, "
	               "coalesce(max(serial), 0) + 1, ?2, ?3 FROM secret WHERE key = ?1",
	               "toi", KEY, (const void *)value->at, value->len, ctx_now(ctx));
	if (r >= 0)
		r = store_exec(store, err,
		               "DELETE FROM secret WHERE key = ?1 AND value = ?2 AND "
		               "serial < (SELECT max(serial) FROM secret WHERE key = ?1)",
		               "to", KEY, (const void *)value->at, value->len);
	if (r >= 0)
		r = forget_old(store, ctx, err);
	return r < 0 ? r : change_note(store, "secret", NULL, KEY, before, after, err);
}

int srs_secret_make(struct store *store, const struct ctx *ctx, struct err *err)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	unsigned char random[MADE_OCTETS];
	char text[MADE_OCTETS / 3 * 4];
	ctx_random(ctx, random, sizeof(random));
	for (size_t i = 0; i < sizeof(random) / 3; i++) {
		unsigned bits = (unsigned)random[3 * i] << 16 |
		                (unsigned)random[3 * i + 1] << 8 | random[3 * i + 2];
		for (size_t c = 0; c < 4; c++)
			text[4 * i + c] = letters[bits >> (18 - 6 * c) & 63];
	}
	auto_secret value = SECRET_INIT;
	secret_set(&value, text, sizeof(text));
	explicit_bzero(random, sizeof(random));
	explicit_bzero(text, sizeof(text));
	return add(store, ctx, &value, err);
}

int srs_secret_ensure(struct store *store, const struct ctx *ctx, struct err *err)
{
	auto_secret value = SECRET_INIT;
	bool is_on;
	int r = setting_bool(store, SET_SRS_ENABLED, 0, &is_on, err);
	if (r >= 0 && is_on)
		r = newest(store, &value, err);
	if (r < 0 || !is_on || value.at)
		return r < 0 ? r : 0;
	return srs_secret_make(store, ctx, err);
}

/* Without the line break at its end. */
static size_t text_len(const struct secret *text)
{
	size_t len = text->len;
	if (len && text->at[len - 1] == '\n')
		len--;
	if (len && len < text->len && text->at[len - 1] == '\r')
		len--;
	return len;
}

int srs_secret_check(const struct secret *text, struct err *err)
{
	size_t len = text_len(text);
	bool is_good = len >= SRS_SECRET_MIN && len <= SRS_SECRET_MAX;
	for (size_t i = 0; i < len; i++)
		is_good = is_good && text->at[i] > ' ' && text->at[i] < 0x7f;
	if (is_good)
		return 0;
	return err_set(
		err, ERR_USAGE,
		_("%s must be one line of %d to %d printable ASCII characters without "
	          "spaces"),
		KEY, SRS_SECRET_MIN, SRS_SECRET_MAX);
}

int srs_secret_put(struct store *store, const struct ctx *ctx, const struct secret *text,
                   struct err *err)
{
	auto_secret value = SECRET_INIT;
	int r = srs_secret_check(text, err);
	if (r < 0)
		return r;
	secret_set(&value, text->at, text_len(text));
	return add(store, ctx, &value, err);
}

int srs_secret_forget(struct store *store, struct err *err)
{
	auto_free char *before = NULL;
	bool is_on;
	int r = setting_bool(store, SET_SRS_ENABLED, 0, &is_on, err);
	if (r >= 0 && is_on)
		return err_set(
			err, ERR_FAILED,
			_("%s is in use while srs.enabled is on: to generate a new "
		          "one, run \"mailauthctl server set %s generate\"; the old "
		          "one verifies for %d more days"),
			KEY, KEY, SRS_SECRET_KEPT_DAYS);
	if (r >= 0)
		r = srs_secret_fingerprint(store, &before, err);
	if (r < 0 || !before)
		return r;
	r = store_exec(store, err, "DELETE FROM secret WHERE key = ?", "t", KEY);
	if (r < 0)
		return r;
	store_note_secret_gone(store);
	return change_note(store, "secret", NULL, KEY, before, NULL, err);
}

int srs_secret_lines(struct store *store, struct secret *ret_lines, struct err *err)
{
	auto_stmt stmt = NULL;
	if (!store)
		return 0;
	int r = store_query(store, &stmt, err,
	                    "SELECT value FROM secret WHERE key = ? ORDER BY serial DESC",
	                    "t", KEY);
	auto_secret lines = SECRET_INIT;
	while (r >= 0 && (r = stmt_next(stmt, err)) == 1) {
		size_t len;
		const void *octets = stmt_blob(stmt, 0, &len);
		struct secret longer = { xcalloc(lines.len + len + 1, 1),
			                 lines.len + len + 1 };
		if (lines.len)
			memcpy(longer.at, lines.at, lines.len);
		memcpy(longer.at + lines.len, octets, len);
		longer.at[longer.len - 1] = '\n';
		secret_done(&lines);
		lines = longer;
	}
	if (r < 0)
		return r;
	secret_done(ret_lines);
	*ret_lines = lines;
	lines = SECRET_INIT;
	return 0;
}

int srs_secret_fingerprint(struct store *store, char **ret_text, struct err *err)
{
	auto_secret value = SECRET_INIT;
	int r = newest(store, &value, err);
	if (r < 0)
		return r;
	*ret_text = r > 0 ? fingerprint(value.at, value.len) : NULL;
	return 0;
}
