/* core/mta/engine/owned_remote.c: settings of servers that are ours: rows "remote:URL NAME" of table
 * owned. */
#include "core/mta/engine/owned_remote.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/mta/engine/journal.h"
#include "core/mta/engine/target.h"

#define COLUMNS \
	"SELECT object, value, secret, remote, server, credentials FROM owned WHERE "

int owned_settings(struct store *target, struct stmt **ret_settings, struct err *err)
{
	return store_query(target, ret_settings, err,
	                   COLUMNS "object GLOB 'remote:*' ORDER BY object", "");
}

int owned_next_setting(struct stmt *settings, struct owned_setting *ret_setting,
                       struct err *err)
{
	int rc = stmt_next(settings, err);

	if (rc != 1)
		return rc;
	const char *title = stmt_text(settings, 0) + strlen("remote:");
	const char *url = stmt_text(settings, 4);
	*ret_setting = (struct owned_setting){
		.title = title,
		.name = title + strlen(url) + 1,
		.is_secret = stmt_int(settings, 2) != 0,
		.server = { target_remote_type(stmt_text(settings, 3)), url,
		            stmt_text(settings, 5) },
	};
	(void)stmt_octets(settings, 1, ret_setting->value.at, DIGEST_LEN);
	return 1;
}

int owned_setting_at(struct store *target, const char *title, struct stmt **ret_settings,
                     struct owned_setting *ret_setting, struct err *err)
{
	int rc =
		store_query(target, ret_settings, err, COLUMNS OWNED_SETTING, "t", title);

	return rc ? rc : owned_next_setting(*ret_settings, ret_setting, err);
}

int owned_setting_base(struct store *target, const char *url, const char *name,
                       bool *ret_owns, struct remote_value *ret_base, struct err *err)
{
	auto_free char *title = xasprintf("%s %s", url, name);
	auto_stmt stmt = NULL;
	auto_buf text = BUF_INIT;
	struct digest digest;
	int rc;

	*ret_owns = false;
	if (!target)
		return 0;
	rc = store_query(target, &stmt, err,
	                 "SELECT base, secret FROM owned WHERE " OWNED_SETTING, "t",
	                 title);
	if (!rc)
		rc = stmt_next(stmt, err);
	if (rc <= 0)
		return rc;
	*ret_owns = true;
	if (stmt_int(stmt, 1) || !stmt_octets(stmt, 0, digest.at, DIGEST_LEN))
		return 0;
	rc = target_blob(target, &digest, &text, err);
	if (!rc) {
		ret_base->is_set = true;
		secret_set(&ret_base->text, buf_text(&text), text.len);
	}
	return rc;
}

int owned_read_setting(struct ctx *ctx, const struct row_server *server, const char *name,
                       struct remote_value *ret_value, struct err *err)
{
	const struct remote_server where = { server->url, server->credentials };

	if (!server->type)
		return err_set(err, ERR_FAILED,
		               _("the setting %s of %s cannot be read: this version does "
		                 "not know how that server is asked"),
		               name, server->url);
	return server->type->get(ctx, &where, name,
	                         monotonic_ns() + server->type->limit_ns, ret_value, err);
}

int owned_accept_setting(struct store *target, const char *title,
                         const struct remote_value *value, struct err *err)
{
	auto_buf text = BUF_INIT;
	struct digest digest;
	int64_t is_secret = 0;
	int rc;

	if (!value->is_set)
		return store_exec(target, err, "DELETE FROM owned WHERE " OWNED_SETTING,
		                  "t", title);
	digest_of(value->text.at, value->text.len, &digest);
	rc = store_get_int(target, &is_secret, err,
	                   "SELECT secret FROM owned WHERE " OWNED_SETTING, "t", title);
	if (rc > 0 && !is_secret) {
		buf_add(&text, value->text.at, value->text.len);
		rc = target_put_blob(target, &digest, &text, err);
	}
	return rc < 0 ? rc
	              : store_exec(target, err,
	                           "UPDATE owned SET value = ? WHERE " OWNED_SETTING,
	                           "ot", digest.at, (size_t)DIGEST_LEN, title);
}
