/* dnszone/dmarc_record.h: the text of a DMARC policy record (RFC 9989, RFC 7489 6.3, 6.4). */
#ifndef DNSZONE_DMARC_RECORD_H
#define DNSZONE_DMARC_RECORD_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/macro.h"

/* Whether the text begins like a DMARC record: the tag v with DMARC1 in any case.
 * Whether the rest holds is for dmarc_record_check() to say. */
bool dmarc_record_is(const char *text) must_check;

/* v=DMARC1 must be first and exact; p is needed unless there is a rua; the values of known tags
 * (p sp np t psd adkim aspf fo rua ruf, and the historic pct rf ri) are checked without regard to
 * case, unknown tags are allowed.  ERR_USAGE with a whole sentence. */
int dmarc_record_check(const char *text, struct err *err) must_check;

#endif
