/*
 * core/job/enable_dkim.h: enables and disables DKIM for many domains, and rotates their keys.
 *
 * Keys are generated on all cores without any lock and meanwhile stored in batches, each a change
 * of its own; the last batch and the export are made under one export lock.  After a signal
 * everything that was finished is saved, and the same call completes the rest.  A domain that fails
 * is reported and skipped.
 */
#ifndef CORE_JOB_ENABLE_DKIM_H
#define CORE_JOB_ENABLE_DKIM_H

#include "core/job/session.h"
#include "core/model/key/keyring.h"
#include "dnszone/name/name.h"

/* Up to this number of domains, each is reported in its own sentence. */
enum { DKIM_SINGLE_REPORTS = 20 };

struct enable_dkim_item {
	char name[NAME_SIZE];
	bool is_new; /* was not in the database */
	bool is_failed, is_done;
	bool is_elsewhere; /* its zone is served elsewhere: its records have to be copied */
	size_t missing;    /* number of keys that are, or would be, generated */
	struct key_pair pair[2]; /* not stored yet */
	size_t pairs;
};

struct enable_dkim {
	struct enable_dkim_item *item; /* one for each name, in their order */
	size_t count;
	size_t done, added, failed;
	struct names elsewhere; /* the items that are done and is_elsewhere */
};
void enable_dkim_done(struct enable_dkim *work);

/* Enables DKIM for `names` (as typed); one that is not in the database is added, unless it looks
 * like a typing error of one that is.  Then exports.  `is_sign_now`: the records are treated as
 * public.  A dry run changes nothing.  ERR_CANCELLED: err contains the progress.  `work` is filled
 * up to that point in any case; the failure of some domains is not a failure of the call. */
int enable_dkim_run(struct session *session, const struct names *names, bool is_sign_now,
                    struct enable_dkim *work, struct err *err) must_check;
/* Rotates the keys of `names` (as typed), in the same way.  An item whose `missing` is 0 has a new
 * key that is pending already.  work->elsewhere also has the aliases whose zones are served
 * elsewhere. */
int enable_dkim_rotate(struct session *session, const struct names *names,
                       enum keyring_scope scope, struct enable_dkim *work,
                       struct err *err) must_check;
/* The same as enable_dkim_run() for one domain with its key of that selector, which replaces its present key. */
int enable_dkim_choose(struct session *session, const char *typed, const char *selector,
                       bool is_sign_now, struct enable_dkim *work,
                       struct err *err) must_check;

/* Disables it in batches.  `is_now`: the records are removed from their zones, which are added to
 * the export that follows; its lock is then held.  ERR_REPORTED: some domains failed; the changes
 * of the others are saved and have to be exported. */
int disable_dkim_run(struct session *session, const struct names *names, bool is_now,
                     struct err *err) must_check;

/* Inside a change: adds the zones of a domain and its aliases to the export that follows, or to
 * `elsewhere` if they are served elsewhere. */
int enable_dkim_note_family(struct session *session, const struct domain *domain,
                            struct names *elsewhere, struct err *err) must_check;

/* Exports the zones of session->exports, which publishes new keys; warns if no name server is
 * reloaded. */
int enable_dkim_export(struct session *session, struct err *err) must_check;

#endif
