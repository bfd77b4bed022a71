/* The table dkim_private; no other file accesses it. */
#include "core/model/key/key_secret.h"

#include <inttypes.h>

#include "core/model/key/key_crypto.h"

int key_secret_put(struct store *store, const struct secret *pkcs8, int64_t *ret_id,
                   struct err *err)
{
	int r = store_exec(store, err, "INSERT INTO dkim_private (pkcs8) VALUES (?)", "o",
	                   (const void *)pkcs8->at, pkcs8->len);
	if (r < 0)
		return r;
	*ret_id = store_last_id(store);
	return 0;
}

int key_secret_der(struct store *store, int64_t key_id, struct secret *ret_der,
                   struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT p.pkcs8 FROM dkim_key k JOIN dkim_private p"
	                    " ON p.id = k.private_id WHERE k.id = ?",
	                    "i", key_id);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_MISSING,
		               _("the database has no private key for key %" PRId64),
		               key_id);
	size_t len;
	const void *der = stmt_blob(stmt, 0, &len);
	secret_set(ret_der, der, len);
	return 0;
}

int key_secret_pem(struct store *store, int64_t key_id, struct secret *ret_pem,
                   struct err *err)
{
	auto_secret der = SECRET_INIT;
	int r = key_secret_der(store, key_id, &der, err);
	if (r < 0)
		return r;
	return key_der_to_pem(&der, ret_pem, err);
}
