/*
 * core/job/enable_dkim.h: DKIM is switched on and off for many domains.
 *
 * Keys are made on all cores outside of every lock and stored in batches meanwhile, each a change of
 * its own; the last batch and the export share one hold of the export lock.  A signal ends it with
 * everything finished saved, and the same call completes it.  A domain that fails is reported and
 * passed over.
 */
#ifndef CORE_JOB_ENABLE_DKIM_H
#define CORE_JOB_ENABLE_DKIM_H

#include "core/job/session.h"
#include "core/model/key/keyring.h"
#include "dnszone/name/name.h"

/* Up to so many domains each gets a sentence of its own. */
enum { DKIM_SINGLE_REPORTS = 20 };

struct enable_dkim_item {
	char name[NAME_SIZE];
	bool is_new; /* was not in the store */
	bool is_failed, is_done;
	bool is_elsewhere; /* others serve its zone: somebody has to copy its records */
	size_t missing;    /* keys that are made, or would be */
	struct key_pair pair[2]; /* not stored yet */
	size_t pairs;
};

struct enable_dkim {
	struct enable_dkim_item *item; /* one for each name, in their order */
	size_t count;
	size_t done, added, failed;
	struct names elsewhere; /* the items that are done and elsewhere */
};
void enable_dkim_done(struct enable_dkim *work);

/* Switches DKIM on for `names` (as typed); one that is not in the store is added, unless it looks like
 * a slip of one that is.  Then exports.  `is_sign_now`: the records are taken for public.  A dry run
 * finds out and changes nothing.
 * ERR_CANCELLED: err says how far it came.  `work` is filled as far as it came in any case; its
 * domains that failed are no failure of the call. */
int enable_dkim_run(struct session *session, const struct names *names, bool is_sign_now,
                    struct enable_dkim *work, struct err *err) must_check;
/* The same for one domain with its key of that selector, in place of whichever it has. */
int enable_dkim_choose(struct session *session, const char *typed, const char *selector,
                       bool is_sign_now, struct enable_dkim *work,
                       struct err *err) must_check;

/* Switches it off in batches.  `is_now`: the records leave their zones, which are named for the export
 * that follows; its lock is held then.  ERR_REPORTED: some domains failed. */
int disable_dkim_run(struct session *session, const struct names *names, bool is_now,
                     struct err *err) must_check;

/* Exports the zones that were named for later, in which new keys are to become public; warns where no
 * name server is reloaded. */
int enable_dkim_export(struct session *session, struct err *err) must_check;

#endif
