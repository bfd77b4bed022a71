/* dnszone/dmarc_value.h: for dmarc_record.c: the table of tags and what each may hold. */
#ifndef DNSZONE_DMARC_VALUE_H
#define DNSZONE_DMARC_VALUE_H

#include "dnszone/dmarc_record.h"

/* Whether the `len` octets are a value that the tag may have; an unknown one: any that is printable
 * ASCII, at least one octet.  A list of URIs is good with one valid URI in it. */
bool dmarc_value_is_good(enum dmarc_tag tag, const char *value, size_t len) must_check;

/* ERR_FAILED: why the text is not selected as a DMARC record. */
int dmarc_version_fault(struct octets text, struct err *err) must_check;

#endif
