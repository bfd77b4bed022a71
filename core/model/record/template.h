/*
 * core/model/record/template.h: the server-wide template records, with placeholders.
 *
 * Copy on write: the first edit in a change creates a new revision from the newest; further edits
 * in the same change are made in it.  A domain uses the revision that was last applied to it, until
 * template_apply().  A record keeps its uid in all revisions; its id for people is "t<uid>".
 * Changes run inside an open change (change.h).
 *
 * Owners are stored as absolute names, ending in "<domain>."; data as it was typed, with
 * placeholders.
 */
#ifndef CORE_MODEL_RECORD_TEMPLATE_H
#define CORE_MODEL_RECORD_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/model/record/stored.h"
#include "core/store/store.h"

/* Appends the records of a revision (0: the newest) in the order of their uids.  store NULL: the
 * built-in ones. */
int template_load(struct store *store, int64_t rev, struct stored_records *rows,
                  struct err *err) must_check;

/* Applies the newest revision to a domain, or to all (0).  Domains with records of their own are
 * checked as a whole: ERR_FAILED names the first one whose records would contradict each other. */
int template_apply(struct store *store, int64_t domain_id, struct err *err) must_check;

/* How many domains use a revision other than the newest. */
int template_behind(struct store *store, int64_t *ret_count, struct err *err) must_check;

/* Replaces the rows of the newest revision by exactly these; a row with template_uid 0 gets a
 * number.  The texts must have passed record_text_check().  Differences are recorded.  On failure
 * *ret_at is the row with the fault; `count`: none. */
int template_replace(struct store *store, struct stored_records *rows, size_t *ret_at,
                     struct err *err) must_check;
/* The revision that contains exactly these rows; without one, it is created as the oldest. */
int template_find_or_make(struct store *store, const struct stored_records *rows,
                          int64_t *ret_rev, struct err *err) must_check;
/* Applies a revision (0: the newest) to a domain, or to all (domain_id 0), unless they use one with
 * the same content.  The caller checks their records, and calls template_drop_unused() once.  1:
 * changed. */
int template_give(struct store *store, int64_t domain_id, int64_t rev,
                  struct err *err) must_check;
/* Appends the numbers (int64_t) of the revisions that domains use. */
int template_followed(struct store *store, struct buf *revs, struct err *err) must_check;
/* Deletes older revisions that no domain uses. */
int template_drop_unused(struct store *store, struct err *err) must_check;
int template_newest(struct store *store, int64_t *ret_rev, struct err *err) must_check;
/* Whether two revisions have the same content. */
int template_is_same(struct store *store, int64_t one, int64_t other, bool *ret_is_same,
                     struct err *err) must_check;
/* Finds a record that is not consistent: a domain's edit, or another revision in use, has its
 * number with another owner or type.  1: *ret_uid is its number. */
int template_torn(struct store *store, int64_t *ret_uid, struct err *err) must_check;
/* The numbers of built-in records that the newest revision lacks, in their order. */
#define TEMPLATE_BUILT_IN 2
int template_missing(struct store *store, int64_t ret_uids[TEMPLATE_BUILT_IN],
                     size_t *ret_count, struct err *err) must_check;

/* "revision 5", as in the audit trail. */
bool template_parse_revision(const char *audit, int64_t *ret_rev) must_check;
/* Applies an earlier revision to a domain.  ERR_FAILED: it is no longer kept. */
int template_follow(struct store *store, const struct domain *domain, int64_t rev,
                    struct err *err) must_check;
/* Applies `rev` to the domains that use `from` and existed before the change `since`.
 * *ret_differs: some of those use a third one; then nothing is done unless `is_forced`. */
int template_follow_all(struct store *store, int64_t from, int64_t rev, int64_t since,
                        bool is_forced, bool *ret_differs, struct err *err) must_check;

#endif
