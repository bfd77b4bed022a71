/* core/model/key/key_secret.h: the only reader and writer of private halves in the store. */
#ifndef CORE_MODEL_KEY_KEY_SECRET_H
#define CORE_MODEL_KEY_KEY_SECRET_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/base/secret.h"
#include "core/store/store.h"

/* Stores PKCS#8 DER; returns the dkim_private id. */
int key_secret_put(struct store *store, const struct secret *pkcs8, int64_t *ret_id,
                   struct err *err) must_check;
/* The private half of the key with dkim_key.id `key_id` as a PEM file's text ("BEGIN PRIVATE
 * KEY"), which OpenDKIM, Exim and rspamd read.  ERR_MISSING: it has none. */
int key_secret_pem(struct store *store, int64_t key_id, struct secret *ret_pem,
                   struct err *err) must_check;
/* The same as PKCS#8 DER. */
int key_secret_der(struct store *store, int64_t key_id, struct secret *ret_der,
                   struct err *err) must_check;

#endif
