/*
 * Files that OpenDKIM must be able to read: its configuration and tables, and the keys that it
 * signs with, as the account that it runs as.
 */
#include "core/mta/provider/opendkim.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/check/path_check.h"
#include "core/mta/host/account.h"
#include "core/mta/provider/opendkim_conf.h"

/* ---- keys that sign -------------------------------------------------------------------------- */

struct key_look {
	void (*each)(void *arg, const struct signing_row *row, const char *path);
	void *arg;
};

static void hand_out(void *arg, const struct signing_row *row)
{
	const struct key_look *look = arg;
	auto_free char *path = opendkim_key_path(row->main_name, row->selector);
	look->each(look->arg, row, path);
}

static int choose(void *arg, const struct signing_row *row, struct err *err)
{
	return opendkim_tables_add(arg, row, err);
}

/* It uses one of two algorithms. */
int opendkim_each_key(struct store *store,
                      void (*each)(void *arg, const struct signing_row *row,
                                   const char *path),
                      void *arg, struct err *err)
{
	struct key_look look = { each, arg };
	struct opendkim_tables tables = { .chosen = hand_out, .arg = &look };
	int r = signing_each(store, choose, &tables, err);
	if (r >= 0)
		r = opendkim_tables_end(&tables, err);
	opendkim_tables_done(&tables);
	return r;
}

/* ---- rights ---------------------------------------------------------------------------------- */

struct rights {
	void (*each)(void *arg, const struct mta_access *access);
	void *arg;
	struct account filter;
};

/* False: no OpenDKIM, or no account for it. */
static bool read_account(struct ctx *ctx, struct account *ret_account)
{
	auto_opendkim_conf conf = OPENDKIM_CONF_INIT;
	struct err ignored = ERR_INIT;
	if (opendkim_conf_read(ctx, OPENDKIM_CONF, &conf, &ignored) < 0)
		return false;
	const char *user = opendkim_conf_get(&conf, "UserID");
	auto_free char *name =
		xmemdup(user ? user : "opendkim", strcspn(user ? user : "opendkim", ":"));
	return account_read(ctx, name, ret_account);
}

static void hand_out_key(void *arg, const struct signing_row *row, const char *path)
{
	const struct rights *r = arg;
	const struct mta_access access = { &r->filter, path, PATH_READ, true };
	(void)row;
	r->each(r->arg, &access);
}

int opendkim_each_access(struct ctx *ctx, struct store *store,
                         void (*each)(void *arg, const struct mta_access *access),
                         void *arg, struct err *err)
{
	static const char *const files[] = {
		OPENDKIM_CONF,          OPENDKIM_OURS,           OPENDKIM_KEY_TABLE,
		OPENDKIM_SIGNING_TABLE, OPENDKIM_INTERNAL_HOSTS, OPENDKIM_FINAL
	};
	struct rights r = { .each = each, .arg = arg };
	if (!read_account(ctx, &r.filter))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		const struct mta_access access = { &r.filter, files[i], PATH_READ,
			                           false };
		each(arg, &access);
	}
	int rc = store ? opendkim_each_key(store, hand_out_key, &r, err) : 0;
	account_done(&r.filter);
	return rc;
}
