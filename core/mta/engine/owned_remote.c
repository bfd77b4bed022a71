/* core/mta/engine/owned_remote.c: settings of servers that are ours: rows "remote:URL NAME" of table owned. */
#include "core/mta/engine/owned_remote.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/mta/engine/journal.h"
#include "core/mta/engine/target.h"

#define OBJECT "'remote:' || ? || ' ' || ?"
#define SETTING \
	"SELECT object, value, secret, remote, server, credentials FROM owned WHERE "

static int hand_out(struct stmt *stmt,
                    int (*each)(void *arg, const struct owned_setting *setting,
                                struct err *err),
                    void *arg, struct err *err)
{
	int rc = 0;

	while (!rc && (rc = stmt_next(stmt, err)) == 1) {
		const char *url = stmt_text(stmt, 4);
		struct owned_setting setting = {
			.name = stmt_text(stmt, 0) + strlen("remote:") + strlen(url) + 1,
			.is_secret = stmt_int(stmt, 2) != 0,
			.server = { target_remote_type(stmt_text(stmt, 3)), url,
			            stmt_text(stmt, 5) },
		};

		(void)stmt_octets(stmt, 1, setting.value.at, DIGEST_LEN);
		rc = each(arg, &setting, err);
	}
	return rc;
}

int owned_each_setting(struct store *target,
                       int (*each)(void *arg, const struct owned_setting *setting,
                                   struct err *err),
                       void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int rc = store_query(target, &stmt, err,
	                     SETTING "object GLOB 'remote:*' ORDER BY object", "");

	return rc ? rc : hand_out(stmt, each, arg, err);
}

int owned_with_setting(struct store *target, const char *url, const char *name,
                       int (*each)(void *arg, const struct owned_setting *setting,
                                   struct err *err),
                       void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int rc = store_query(target, &stmt, err, SETTING "object = " OBJECT, "tt", url,
	                     name);

	return rc ? rc : hand_out(stmt, each, arg, err);
}

int owned_ask_setting(struct ctx *ctx, const struct owned_setting *setting,
                      struct remote_value *ret_value, struct err *err)
{
	const struct remote_type *type = setting->server.type;
	const struct remote_server where = { setting->server.url,
		                             setting->server.credentials };

	if (!type)
		return err_set(err, ERR_FAILED,
		               _("the setting %s of %s cannot be read: this version does "
		                 "not know how that server is asked"),
		               setting->name, setting->server.url);
	return type->get(ctx, &where, setting->name, monotonic_ns() + type->limit_ns,
	                 ret_value, err);
}

int owned_accept_setting(struct store *target, const char *url, const char *name,
                         const struct remote_value *value, struct err *err)
{
	struct buf text = BUF_INIT;
	struct digest digest;
	int64_t is_secret = 0;
	int rc;

	if (!value->is_set)
		return store_exec(target, err, "DELETE FROM owned WHERE object = " OBJECT,
		                  "tt", url, name);
	digest_of(value->text.at, value->text.len, &digest);
	rc = store_get_int(target, &is_secret, err,
	                   "SELECT secret FROM owned WHERE object = " OBJECT, "tt", url,
	                   name);
	if (rc > 0 && !is_secret) {
		buf_add(&text, value->text.at, value->text.len);
		rc = target_put_blob(target, &digest, &text, err);
		buf_done(&text);
	}
	return rc < 0 ? rc
	              : store_exec(target, err,
	                           "UPDATE owned SET value = ? WHERE object = " OBJECT,
	                           "ott", digest.at, (size_t)DIGEST_LEN, url, name);
}
