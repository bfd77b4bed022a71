/*
 * core/model/record/template_edit.h: edits of the template's newest revision, inside an open
 * change; each is checked as for a domain without records of its own.
 */
#ifndef CORE_MODEL_RECORD_TEMPLATE_EDIT_H
#define CORE_MODEL_RECORD_TEMPLATE_EDIT_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/store/store.h"

/* Adds a record.  `owner` as people type it: "@", "www", "_dmarc", "<domain>.", "www.<domain>.".
 * Data is checked with sample values for the placeholders.  ERR_USAGE: not an owner, a type or
 * data of that type; ERR_FAILED: it exists, or is a second SPF or DMARC policy at that owner. */
int template_add(struct store *store, const char *owner, const char *type,
                 const char *rdata, int64_t ttl, int64_t *ret_uid,
                 struct err *err) must_check;
/* Changes the data (NULL: not) or the TTL of a record.  A policy must remain one of its
 * kind.  ERR_MISSING: no such record. */
int template_set(struct store *store, int64_t uid, const char *rdata, int64_t ttl,
                 struct err *err) must_check;
int template_remove(struct store *store, int64_t uid, struct err *err) must_check;
/* Restores the two built-in records. */
int template_reset(struct store *store, struct err *err) must_check;

/* A record of the newest revision in the words of the audit trail ("300 v=spf1 -all"); `ref`: "t3",
 * `field`: "_dmarc.<domain>. TXT".  *ret_audit NULL: none with that id, owner and type.
 * Caller frees. */
int template_look(struct store *store, const char *ref, const char *field,
                  char **ret_audit, struct err *err) must_check;
/* Sets data and TTL from such words; NULL: deletes it.  A record that does not exist is created,
 * with its number if that is free. */
int template_restore(struct store *store, const char *ref, const char *field,
                     const char *audit, struct err *err) must_check;
/* If the newest revision equals an earlier one and no domain uses a later one, the earlier one
 * becomes the newest again. */
int template_drop_same(struct store *store, struct err *err) must_check;

#endif
