/*
 * core/model/life/import_tree.h: imports keys of another signer: from a folder of key files, from
 * the tables that name them, or both.
 *
 * Everything is read first (import_scan(), no lock, no change); each item then has a fate;
 * import_run() carries it out inside an open change.
 */
#ifndef CORE_MODEL_LIFE_IMPORT_TREE_H
#define CORE_MODEL_LIFE_IMPORT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/store/store.h"

struct import_request {
	const char *tree;          /* a folder on the machine; NULL: none */
	const char *const *tables; /* files on the machine */
	size_t table_count;
	const char *
		selector; /* of keys whose name has none, and of the key that signs if a domain has
	                       * several.  NULL: not given */
};

enum import_fate {
	IMPORT_KEY,     /* becomes a key */
	IMPORT_THERE,   /* a key of the database already */
	IMPORT_PASSED,  /* not a key, or imported from another file */
	IMPORT_REFUSED, /* a key that cannot be imported */
};

struct import_item {
	char *file;           /* to show: its path in the tree, else the whole path */
	const struct ctx *at; /* the root of `path`: the tree's, or the host's */
	char *path;
	char *domain, *selector; /* A-labels; NULL: not known */
	const char *algorithm;   /* NULL: it could not be read */
	int64_t bits;
	struct digest fingerprint;
	enum import_fate fate;
	bool signs;      /* DKIM of the domain is enabled with it */
	bool is_named;   /* a table signs with it */
	size_t rank;     /* ... the lowest one of several */
	bool has_record; /* a record of it is next to it, under its selector */
	bool is_public;  /* it is in DNS; set by the caller before import_decide() */
	bool is_rival;   /* one of several keys of its algorithm of which one may sign */
	char *detail;    /* why, or what should be known; NULL: nothing */
};

struct import {
	struct import_item *item;
	size_t count, room;
	struct ctx tree; /* rooted at the folder */
	bool has_tree;
	bool says_who_signs; /* tables were read that contain every domain that signs */
	bool may_lead_out; /* tables are root's own: they may name files outside of the tree */
	const char *selector; /* of the request */
};
void import_done(struct import *import);
#define auto_import cleanup(import_done) struct import

/* Reads folder and tables.  `store` may be NULL.  Fails: the folder or a table cannot be read, or
 * others may write to it; there are too many files.  Single files with faults are items. */
int import_scan(struct ctx *ctx, struct store *store,
                const struct import_request *request, struct import *ret_import,
                struct err *err) must_check;

/* The DNS record of the key of an item.  Caller frees. */
int import_record(const struct import *import, const struct import_item *item,
                  char **ret_record, struct err *err) must_check;
/* Decides which keys sign: after import_scan(), and again once `is_public` of rivals is set. */
void import_decide(struct import *import);

struct import_counts {
	size_t imported, active, there, passed, refused;
};
/* Inside an open change: each IMPORT_KEY becomes a key of its domain, which is added if it does not
 * exist; DKIM is enabled if the key signs.  An item that fails becomes IMPORT_REFUSED; the others
 * are processed. */
int import_run(struct import *import, struct ctx *ctx, struct store *store,
               bool is_sign_now, struct err *err) must_check;
struct import_counts import_count(const struct import *import) must_check;

/* One key, for import_run() and `key import`: `octets` is the private key's file.  With
 * `is_enabling`, DKIM is enabled first; with `is_parked`, the key is kept and does not sign. */
int import_key(struct ctx *ctx, struct store *store, const char *domain,
               const char *selector, const void *octets, size_t len, bool is_enabling,
               bool is_parked, bool is_sign_now, struct err *err) must_check;

#endif
