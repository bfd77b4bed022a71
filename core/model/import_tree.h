/*
 * core/model/import_tree.h: taking over a DomainKeys tree, <dir>/<domain>/<selector> (semantics 1).
 */
#ifndef CORE_MODEL_IMPORT_TREE_H
#define CORE_MODEL_IMPORT_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/store/store.h"

struct import_result {
	size_t imported, failed;
};

/* Inside an open change: every private key (PKCS#1 or PKCS#8) under `host_dir` becomes a key of
 * its domain under the file's name as selector; the domain is added where it is not there, and
 * its DKIM is enabled.  A file that is no key or does not fit is reported and passed over.
 * `imported` is called for each domain that got a key. */
int import_tree(struct ctx *ctx, struct store *store, const char *host_dir,
                bool is_sign_now, void (*imported)(void *arg, const char *domain),
                void *arg, struct import_result *ret_result, struct err *err) must_check;

/* One key, for import_tree() and `key import`: `octets` is the private key's file.  With
 * `is_enabling` DKIM is switched on first. */
int import_key(struct ctx *ctx, struct store *store, const char *domain,
               const char *selector, const void *octets, size_t len, bool is_enabling,
               bool is_sign_now, struct err *err) must_check;

#endif
