/*
 * core/job/key_import.h: imports private keys with which another program signed
 * (core/model/life/import_tree.h).
 *
 * Files are read and DNS is queried first, without a lock; then one change creates the keys and is
 * pushed.  The zones are added to the export that follows (session->exports); the session then
 * holds its lock.
 */
#ifndef CORE_JOB_KEY_IMPORT_H
#define CORE_JOB_KEY_IMPORT_H

#include "core/base/buf.h"
#include "core/job/session.h"
#include "core/model/life/import_tree.h"

struct key_import_one {
	const char *domain, *selector; /* as typed */
	const struct buf *text;        /* PEM or DER */
	bool is_sign_now;              /* its record is treated as public */
};
int key_import_one(struct session *session, const struct key_import_one *one,
                   struct err *err) must_check;

struct key_import_many {
	struct import_request files;
	/* Name servers that determine which of several keys is published; NULL: the system's. */
	const char *resolver;
	bool is_sign_now;
};
/* Items that cannot be imported are not a failure: *ret_import has the result of each.  A dry run
 * changes nothing. */
int key_import_many(struct session *session, const struct key_import_many *many,
                    struct import *ret_import, struct err *err) must_check;

#endif
