/*
 * core/job/key_import.h: private keys that another program signed with become keys of ours
 * (core/model/life/import_tree.h).
 *
 * Files are read and DNS is asked first, without a lock; then one change that is pushed makes the keys.
 * The zones are named for the export that follows (session->exports), whose lock the session holds then.
 */
#ifndef CORE_JOB_KEY_IMPORT_H
#define CORE_JOB_KEY_IMPORT_H

#include "core/base/buf.h"
#include "core/job/session.h"
#include "core/model/life/import_tree.h"

struct key_import_one {
	const char *domain, *selector; /* as typed */
	const struct buf *text;        /* PEM or DER */
	bool is_sign_now;              /* its record is taken for public */
};
int key_import_one(struct session *session, const struct key_import_one *one,
                   struct err *err) must_check;

struct key_import_many {
	struct import_request files;
	const char *
		resolver; /* to ask which of several keys DNS shows; NULL: the system's */
	bool is_sign_now;
};
/* Items that cannot be taken over are no failure: *ret_import says what became of each.  A dry run
 * finds out and changes nothing. */
int key_import_many(struct session *session, const struct key_import_many *many,
                    struct import *ret_import, struct err *err) must_check;

#endif
