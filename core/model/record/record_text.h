/*
 * core/model/record/record_text.h: owners and data of records as people type them, for templates
 * and for a domain's own records alike.
 */
#ifndef CORE_MODEL_RECORD_RECORD_TEXT_H
#define CORE_MODEL_RECORD_RECORD_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "dnszone/lint/lint.h"
#include "dnszone/name/placeholder.h"
#include "dnszone/name/rr.h"
#include "dnszone/txt/policy.h"

enum {
	TTL_UNSAID = -1,  /* a new record: <ttl>; an existing one: unchanged */
	TTL_DEFAULT = -2, /* <ttl> */
};

/* Values for checks if the real ones are not known; .domain is "domain.example". */
extern const struct placeholder_values record_sample_values;

/* "@", "www", "www.<domain>.", and below `domain` (NULL: the template) also "www.example.com" and
 * "www.example.com." to the stored form: "www.<domain>.".  ERR_USAGE: not an owner, or one
 * outside the domain.  The caller frees *ret_owner. */
int record_text_owner(const char *typed, const char *domain, char **ret_owner,
                      struct err *err) must_check;

#define RECORD_DATA_MAX 4096 /* octets of a record's data, as typed and in the zone */

/* Checks data of a canonical type at a stored owner with sample values; *ret_kind: its kind.
 * ERR_USAGE: an unknown placeholder, data that is not of that type or too long, an invalid policy,
 * a TXT record at a mail owner (lint_txt.h) that is not of the kind for this owner. */
int record_text_check(const char *owner, const char *type, const char *rdata,
                      const char *domain, enum policy_kind *ret_kind,
                      struct err *err) must_check;

/* Lints a TXT record according to its owner, with sample values; other types: nothing.  `domain` as
 * above. */
void record_text_lint(const char *owner, const char *type, const char *rdata,
                      const char *domain, struct lint_list *list);

/* rr_find_doubt() with sample values; without a domain nothing is RR_OWN. */
enum rr_doubt record_text_doubt(const char *type, const char *rdata, const char *domain,
                                char *ret_name, size_t size) must_check;
/* The fault of a doubtful name, for a refusal or a warning.  Caller frees. */
char *record_text_say_doubt(enum rr_doubt doubt, const char *type, const char *name,
                            const char *domain) must_check;

/* 0..RR_TTL_MAX, TTL_UNSAID or TTL_DEFAULT; ERR_USAGE otherwise. */
int record_text_check_ttl(int64_t ttl, struct err *err) must_check;

/* Appends `rdata` with its placeholders replaced, as placeholder_expand() does.  In other data
 * than text, a word that ends in <domain> or <hostname> is a full name and gets its final dot. */
bool record_text_expand(const char *type, const char *rdata,
                        const struct placeholder_values *values, struct buf *out,
                        const char **ret_lacking);

/* "SPF", "DMARC": for sentences. */
const char *record_text_policy(enum policy_kind kind);
/* From the `kind` columns of the database. */
enum policy_kind record_text_kind(const char *stored);
/* Data and TTL for the audit trail: "300 v=spf1 -all", without a number if the TTL is <ttl>; data
 * that begins with a number is then preceded by "<ttl> ". */
char *record_text_audit(const char *rdata, int64_t ttl) must_check;
/* The reverse of record_text_audit(); *ret_rdata borrows from `audit`. */
void record_text_parse_audit(const char *audit, const char **ret_rdata, int64_t *ret_ttl);

#endif
