/*
 * core/model/record/records.h: the effective records of a name: derived, never stored.
 *
 * Template of the domain's revision, overlaid with its own rows, plus what its keys say and what
 * must stay public of keys that it had.  A domain's own SPF or DMARC policy takes the place of
 * the template's at the same owner.  Records whose <hostname>, <ip> or <ipv6> is not known are
 * left out and named.  mail off: the template's policies say that no mail is sent.
 */
#ifndef CORE_MODEL_RECORD_RECORDS_H
#define CORE_MODEL_RECORD_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/model/record/records_list.h"
#include "core/model/setting/env.h"
#include "core/store/store.h"

/* Keeps template revisions and the server's settings, so that many domains cost little: make a
 * new one after anything changed.  `env` is borrowed; NULL: sample values for what the settings
 * do not say, so that checks see every record. */
struct records;
/* Sample values as an environment: as NULL, but records that became the same by their values are
 * one.  A setting that is changed can make them so, and that is no fault. */
extern const struct env records_sample_env;
int records_new(struct store *store, const struct env *env, struct records **ret_records,
                struct err *err) must_check;
void records_free(struct records *records);
void records_freep(struct records **records);
#define auto_records cleanup(records_freep) struct records *

/* Whatever its dns.service is: for an external zone these are the records to paste. */
int records_of_domain(struct records *records, const struct domain *domain,
                      struct record_list *ret_list, struct err *err) must_check;
/* What is left of a name that is not served here any more: the DKIM records that must stay public
 * (none: an empty list).  `is_full`: SOA and NS of the newest template too, if there are any. */
int records_of_former(struct records *records, const char *name, bool is_full,
                      struct record_list *ret_list, struct err *err) must_check;

/* dns.service of a domain, from the same cache: "hosted", "external", "off".  Borrowed from a const
 * or until the next call. */
int records_service_of(struct records *records, const struct domain *domain,
                       const char **ret_service, struct err *err) must_check;

/* Whether they go together: owners at or below `name`, at most one SPF and one DMARC policy at an
 * owner, one key record a selector, a CNAME alone at its owner and not at `name`, nothing doubled,
 * policies whose text holds.  ERR_FAILED, or ERR_USAGE for a policy's text. */
int records_check(const struct record_list *list, const char *name,
                  struct err *err) must_check;
/* The same; on failure *ret_one and *ret_other are the rows that do not go together (the same one
 * twice: it fails by itself). */
int records_check_rows(const struct record_list *list, const char *name,
                       const struct record_row **ret_one,
                       const struct record_row **ret_other, struct err *err) must_check;
/* The same for a domain as it stands in the transaction. */
int records_check_domain(struct store *store, const struct domain *domain,
                         struct err *err) must_check;

enum zone_format {
	ZONE_INCLUDE, /* the records alone, without SOA: for $INCLUDE */
	ZONE_FULL,    /* a whole zone; SOA and NS are required */
};

/* Appends the zone's text: absolute names, one line for each record.  `serial` counts in the full
 * format only.  ERR_FAILED with the remedy: no SOA or NS record for a whole zone. */
int records_put_zone(const struct record_list *list, const char *name,
                     enum zone_format format, uint32_t serial, struct buf *out,
                     struct err *err) must_check;

#endif
