/*
 * core/model/record/records.h: the effective records of a name: derived, never stored.
 *
 * The domain's revision of the template, overlaid with its own rows, plus the records of its keys
 * and of former keys that must remain public.  A domain's own SPF or DMARC policy replaces that of
 * the template at the same owner.  Records whose <hostname>, <ip> or <ipv6> is not known are left
 * out and named.  mail off: the template's policies declare that no mail is sent.
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

/* Caches template revisions and the server's settings, for many domains: create a new one after any
 * change.  `env` is borrowed; NULL: sample values for values that are not set, so that every record
 * is checked. */
struct records;
/* Sample values as an environment: like NULL, but records that are equal because of their values
 * are one.  A change of a setting can cause this, which is not a fault. */
extern const struct env records_sample_env;
int records_new(struct store *store, const struct env *env, struct records **ret_records,
                struct err *err) must_check;
void records_free(struct records *records);
void records_freep(struct records **records);
#define auto_records cleanup(records_freep) struct records *

/* For any dns.service: for an external zone these are the records to paste. */
int records_of_domain(struct records *records, const struct domain *domain,
                      struct record_list *ret_list, struct err *err) must_check;
/* The records of a name that is no longer served here: the DKIM records that must remain public
 * (none: an empty list).  `is_full`: also SOA and NS of the newest template, if it has any. */
int records_of_former(struct records *records, const char *name, bool is_full,
                      struct record_list *ret_list, struct err *err) must_check;

/* dns.service of a domain, from the same cache: "hosted", "external", "off".  Borrowed from a const
 * or until the next call. */
int records_service_of(struct records *records, const struct domain *domain,
                       const char **ret_service, struct err *err) must_check;

/* Whether the records are consistent: owners at or below `name`, at most one SPF and one DMARC
 * policy at an owner, one key record for a selector, a CNAME alone at its owner and not at `name`,
 * no duplicates, valid policies.  ERR_FAILED, or ERR_USAGE for a policy's text. */
int records_check(const struct record_list *list, const char *name,
                  struct err *err) must_check;
/* The same; on failure *ret_one and *ret_other are the rows that contradict each other (the same
 * row twice: it is invalid by itself). */
int records_check_rows(const struct record_list *list, const char *name,
                       const struct record_row **ret_one,
                       const struct record_row **ret_other, struct err *err) must_check;
/* The same for a domain, with the state in the transaction. */
int records_check_domain(struct store *store, const struct domain *domain,
                         struct err *err) must_check;

enum zone_format {
	ZONE_INCLUDE, /* the records alone, without SOA: for $INCLUDE */
	ZONE_FULL,    /* a whole zone; SOA and NS are required */
};

/* Appends the zone's text: absolute names, one line for each record.  In the full format the serial
 * is "0", and *ret_serial_at is its place in `out`.  ERR_FAILED with the remedy: no SOA or NS
 * record for a whole zone. */
int records_put_zone(const struct record_list *list, const char *name,
                     enum zone_format format, struct buf *out, size_t *ret_serial_at,
                     struct err *err) must_check;

#endif
