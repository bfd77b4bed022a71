/*
 * core/model/record/template.h: the server-wide template records, with placeholders (design 5).
 *
 * Copy on write: the first edit in a change makes a new revision from the newest, further edits in
 * the same change go into it.  A domain follows the revision that it was last given, until
 * template_apply().  A record keeps its uid from revision to revision: people call it "t<uid>".
 * Changes run inside an open change (change.h).
 *
 * Owners are kept absolute, ending in "<domain>."; data as it was typed, placeholders included.
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

/* Gives the newest revision to a domain, or to all (0).  Domains with records of their own are
 * checked as a whole: ERR_FAILED names the first one that would contradict itself. */
int template_apply(struct store *store, int64_t domain_id, struct err *err) must_check;

/* How many domains follow a revision other than the newest. */
int template_behind(struct store *store, int64_t *ret_count, struct err *err) must_check;

/* Makes the newest revision hold exactly these rows, all at once; a row with template_uid 0 gets a number.
 * Texts are taken as they are (record_text_check).  What differs is noted.  On failure *ret_at
 * says which row is to blame; `count`: none. */
int template_replace(struct store *store, struct stored_records *rows, size_t *ret_at,
                     struct err *err) must_check;
/* The revision that holds exactly these rows, made as one older than all others where there is
 * none. */
int template_find_or_make(struct store *store, const struct stored_records *rows,
                          int64_t *ret_rev, struct err *err) must_check;
/* Gives a revision (0: the newest) to a domain, or to all (domain_id 0), unless they follow one of the
 * same content.  The caller checks their records, and calls template_drop_unused() once.  1: moved. */
int template_give(struct store *store, int64_t domain_id, int64_t rev,
                  struct err *err) must_check;
/* Appends the numbers (int64_t) of the revisions that domains follow. */
int template_followed(struct store *store, struct buf *revs, struct err *err) must_check;
/* Older ones go once no domain follows them. */
int template_drop_unused(struct store *store, struct err *err) must_check;
int template_newest(struct store *store, int64_t *ret_rev, struct err *err) must_check;
/* Whether two revisions hold the same. */
int template_is_same(struct store *store, int64_t one, int64_t other, bool *ret_is_same,
                     struct err *err) must_check;
/* A record that is not the same everywhere: a domain's edit, or another revision that is followed,
 * has its number under another owner or type.  1: *ret_uid is its number. */
int template_torn(struct store *store, int64_t *ret_uid, struct err *err) must_check;
/* The numbers of built-in records that the newest revision lacks, in their order. */
#define TEMPLATE_BUILT_IN 2
int template_missing(struct store *store, int64_t ret_uids[TEMPLATE_BUILT_IN],
                     size_t *ret_count, struct err *err) must_check;

/* "revision 5", as the trail notes it. */
bool template_parse_revision(const char *audit, int64_t *ret_rev) must_check;
/* Gives an earlier revision to a domain.  ERR_FAILED: it is not kept any more. */
int template_follow(struct store *store, const struct domain *domain, int64_t rev,
                    struct err *err) must_check;
/* Gives `rev` to the domains that follow `from` and were there before the change `since` was.
 * *ret_differs: some of those follow a third one; then nothing is done unless `is_forced`. */
int template_follow_all(struct store *store, int64_t from, int64_t rev, int64_t since,
                        bool is_forced, bool *ret_differs, struct err *err) must_check;

#endif
