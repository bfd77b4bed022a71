/*
 * core/model/template.h: the server-wide template records, with placeholders (design 5).
 *
 * Copy on write: the first edit in a change makes a new revision from the newest, further edits in
 * the same change go into it.  A domain follows the revision that it was last given, until
 * template_apply().  A record keeps its uid from revision to revision: people call it "t<uid>".
 * Changes run inside an open change (change.h).
 *
 * Owners are kept absolute, ending in "<domain>."; data as it was typed, placeholders included.
 */
#ifndef CORE_MODEL_TEMPLATE_H
#define CORE_MODEL_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/store/store.h"
#include "dnszone/policy.h"

enum {
	TTL_UNSAID = -1,  /* a new record: <ttl>; a record that is there: as it was */
	TTL_DEFAULT = -2, /* <ttl> */
};

struct template_row {
	int64_t uid;
	const char *owner; /* "_dmarc.<domain>." */
	const char *type;
	const char *rdata; /* presentation form with placeholders; TXT: joined */
	int64_t ttl;       /* seconds, or TTL_DEFAULT */
	enum policy_kind kind;
};

/* The records of a revision in the order of their uids; 0: the newest.  store NULL: the built-in
 * ones.  Rows borrow until the callback returns; it stops with non-zero, which is given back. */
int template_each(struct store *store, int64_t rev,
                  int (*each)(void *arg, const struct template_row *row, struct err *err),
                  void *arg, struct err *err) must_check;

/* Adds a record.  `owner` as people type it: "@", "www", "_dmarc", "<domain>.", "www.<domain>.".
 * Data is checked with sample values for the placeholders.  ERR_USAGE: not an owner, a type or
 * data of that type; ERR_FAILED: there already, a second SPF or DMARC policy at that owner. */
int template_add(struct store *store, const char *owner, const char *type,
                 const char *rdata, int64_t ttl, int64_t *ret_uid,
                 struct err *err) must_check;
/* Gives a record other data (NULL: as it was) or another TTL.  A policy stays a policy of its
 * kind.  ERR_MISSING: no such record. */
int template_set(struct store *store, int64_t uid, const char *rdata, int64_t ttl,
                 struct err *err) must_check;
int template_remove(struct store *store, int64_t uid, struct err *err) must_check;
/* Back to the two built-in records. */
int template_reset(struct store *store, struct err *err) must_check;

/* Gives the newest revision to a domain, or to all (0).  Domains with records of their own are
 * checked as a whole: ERR_FAILED names the first one that would contradict itself. */
int template_apply(struct store *store, int64_t domain_id, struct err *err) must_check;

/* Makes the newest revision hold exactly these rows, all at once; a row with uid 0 gets a number.
 * Texts are taken as they are (record_text_check).  What differs is noted.  On failure *ret_at
 * says which row is to blame; `count`: none. */
int template_replace(struct store *store, struct template_row *rows, size_t count,
                     size_t *ret_at, struct err *err) must_check;
/* The revision that holds exactly these rows, made as one older than all others where there is
 * none. */
int template_find_or_make(struct store *store, const struct template_row *rows,
                          size_t count, int64_t *ret_rev, struct err *err) must_check;
/* Gives a revision (0: the newest) to a domain, or to all (domain_id 0), unless they follow one of the
 * same content.  The caller checks their records, and calls template_drop_unused() once.  1: moved. */
int template_follow(struct store *store, int64_t domain_id, const char *name, int64_t rev,
                    struct err *err) must_check;
/* Appends the numbers (int64_t) of the revisions that domains follow. */
int template_followed(struct store *store, struct buf *revs, struct err *err) must_check;
/* Revisions that no domain follows go, but the newest. */
int template_drop_unused(struct store *store, struct err *err) must_check;
/* The newest revision, and whether two hold the same. */
int template_newest(struct store *store, int64_t *ret_rev, struct err *err) must_check;
int template_is_same(struct store *store, int64_t one, int64_t other, bool *ret_is_same,
                     struct err *err) must_check;
/* A record that is not the same everywhere: a domain's edit, or another revision, has its number
 * under another owner or type.  1: *ret_uid is its number. */
int template_torn(struct store *store, int64_t *ret_uid, struct err *err) must_check;

/* The numbers of built-in records that the newest revision lacks, in their order. */
#define TEMPLATE_BUILT_IN 2
int template_missing(struct store *store, int64_t ret_uids[TEMPLATE_BUILT_IN],
                     size_t *ret_count, struct err *err) must_check;

/* How many domains follow a revision other than the newest. */
int template_behind(struct store *store, int64_t *ret_count, struct err *err) must_check;

#endif
