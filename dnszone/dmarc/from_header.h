/*
 * dnszone/dmarc/from_header.h: the author domain of a message: From fields to one domain (RFC 9989
 * 5.3.1 and 11.5).
 *
 * RFC 5322 with its obsolete forms (comments, blanks around dots, source routes, empty elements),
 * groups (RFC 6854), UTF-8 (RFC 6532).  Beyond that, only dots where no word is between them are
 * allowed in a local part.  Everything else has no author domain, so a From that cannot be parsed
 * never lets a message pass as one to which DMARC does not apply.  Nothing is allocated; any octet
 * may occur.
 */
#ifndef DNSZONE_DMARC_FROM_HEADER_H
#define DNSZONE_DMARC_FROM_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/name/name.h"

#define FROM_FIELD_MAX \
	((size_t)64 * 1024)   /* octets of the value; RFC 5322 has no limit */
#define FROM_COMMENT_DEPTH 64 /* comments in comments */

enum from_fault {
	FROM_GOOD,
	FROM_NO_FIELD,
	FROM_SEVERAL_FIELDS,
	FROM_NO_DOMAIN, /* no address, or only one in brackets: "<>", "group:;", "a@[192.0.2.1]" */
	FROM_SEVERAL_DOMAINS,
	FROM_UNPARSABLE,
	FROM_TOO_LONG,
};

struct from_header {
	enum from_fault fault;
	char domain
		[NAME_SIZE]; /* FROM_GOOD: lower-case A-labels, no final dot; may contain any
	                           printable ASCII (RFC 5322 atext) and a label over 63 octets */
	size_t at;           /* FROM_UNPARSABLE: where in the value */
};

/* Whether a header field's name is "From", in any case, with blanks before the colon (RFC 5322
 * 4.5). */
bool from_header_is_name(struct octets name) must_check;

/* `values`: what follows the colon in each From field of the message, folded with CRLF or LF,
 * without the line end of the last line. */
void from_header_parse(const struct octets *values, size_t count,
                       struct from_header *ret_from);

/* "good", "no-field", "several-fields", "no-domain", "several-domains", "unparsable", "too-long".
 */
const char *from_fault_name(enum from_fault fault) must_check;
/* A clause: "the message has no From field"; translated. */
const char *from_fault_text(enum from_fault fault) must_check;

#endif
