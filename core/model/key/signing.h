/*
 * core/model/key/signing.h: which name signs with which key, now.
 *
 * A name (a domain or an alias) signs when dkim.sign is on for the server and for its domain, the
 * domain is not suspended, has mail and an active key, and the key's record is public under that
 * very name as dkim.activate requires.
 */
#ifndef CORE_MODEL_KEY_SIGNING_H
#define CORE_MODEL_KEY_SIGNING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/store/store.h"

struct signing_row {
	const char *name; /* the domain in d= */
	const char *
		main_name; /* the domain that owns the key: the same, or its main domain */
	const char *selector;
	const char *algorithm; /* "rsa", "ed25519" */
	int64_t key_id;
	struct digest
		fingerprint;  /* of the public half: names the content of the key file */
	bool is_server_owned; /* the mail server made it: there is no private half here */
};

/* A name, for a mail server that makes its keys itself. */
struct signing_wish {
	bool is_wanted; /* DKIM is on for it and for the server, and it is neither suspended nor an alias */
	bool has_key; /* the store has a key of it that the server made */
	int64_t bits; /* dkim.rsa-bits */
};

/* Every name that signs, sorted by name, then algorithm ("rsa" last); rows are borrowed until the
 * callback returns.  A domain with both algorithms has two rows.  Uses the open transaction, or its
 * own snapshot. */
int signing_each(struct store *store,
                 int (*each)(void *arg, const struct signing_row *row, struct err *err),
                 void *arg, struct err *err) must_check;

/* The same for one name only. */
int signing_of(struct store *store, const char *name,
               int (*each)(void *arg, const struct signing_row *row, struct err *err),
               void *arg, struct err *err) must_check;

/* All false: a name that is not in the store. */
int signing_wish_of(struct store *store, const char *name, struct signing_wish *ret_wish,
                    struct err *err) must_check;

/* Whether the record of the key `selector` is published under `name` (a domain or an alias), so
 * that a receiver finds it: 1 yes, 0 no, negative: failed. */
int signing_is_published(struct store *store, const char *name, const char *selector,
                         struct err *err) must_check;

/* A name that would stop signing if the key `from` were replaced by the key `to`: it signs with
 * `from`, and `to` is not public under it.  1: *ret_name, which the caller frees; 0: none. */
int signing_blocker(struct store *store, int64_t from, int64_t to, char **ret_name,
                    struct err *err) must_check;

/* Names (domains, aliases and former names) that changed after generation `since`; 0: all. */
int signing_moved(struct store *store, int64_t since,
                  int (*each)(void *arg, const char *name, struct err *err), void *arg,
                  struct err *err) must_check;

#endif
