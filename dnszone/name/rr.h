/*
 * dnszone/name/rr.h: one resource record as text, of any type that ldns supports.
 *
 * TXT data is kept joined, as a person typed it (octets except NUL), and is never read by a
 * zone-file parser, which would drop what follows an unquoted ';'.  Other data is in
 * presentation form, made canonical by ldns (names lower-case and absolute, numbers plain).
 */
#ifndef DNSZONE_NAME_RR_H
#define DNSZONE_NAME_RR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/macro.h"

#define RR_TTL_MAX 2147483647 /* RFC 2181 8 */
#define RR_STRING_MAX 255     /* octets of a character-string, RFC 1035 3.3 */

/* "txt" -> "TXT" into ret_type (at least 16).  ERR_USAGE: unknown type, a meta type, a type of
 * DNSSEC that a signer generates (ANY, AXFR, OPT, RRSIG, NSEC...), or SPF (99), which is obsolete.
 */
int rr_parse_type(const char *text, char ret_type[16], struct err *err) must_check;

/* Checks `rdata` of `type` (as rr_parse_type() gave it) and makes it canonical.  TXT (and SPF): any
 * clean text of at most 65,535 octets in a zone file is used as it is.  Other types: presentation
 * form on one line, relative names are below `origin` (A-labels, no final dot), international ones
 * become A-labels.  Round brackets are dropped; an unquoted ';', numbers out of range, and anything
 * else that ldns would silently ignore are refused.  The result is a fixed point.  ERR_USAGE.
 * Caller frees *ret_rdata. */
int rr_canonical(const char *type, const char *rdata, const char *origin,
                 char **ret_rdata, struct err *err) must_check;

/* A name in data of a type other than TXT that probably does not mean what was intended. */
enum rr_doubt {
	RR_CLEAR,
	RR_ADDRESS, /* "192.0.2.1": names are not addresses */
	RR_OWN,     /* "mail.example.com" below example.com: without a final dot it is
	               mail.example.com.example.com */
	RR_FAR,     /* "mx.example.net" below example.com: likewise, but less surely */
};
/* The first such name, as it was typed, into ret_name (at least `size`). */
enum rr_doubt rr_find_doubt(const char *type, const char *rdata, const char *origin,
                            char *ret_name, size_t size) must_check;
/* `rdata` with a final dot after every word `name`.  Caller frees. */
char *rr_with_dot(const char *rdata, const char *name) must_check;

/* The octets of TXT data in presentation form: `text` consists of quoted strings only
 * ("\"v=spf1\" \" -all\"").  NULL: it does not.  Caller frees. */
char *rr_txt_unquote(const char *text) must_check;

/* TXT text to presentation form: "..." strings of at most 255 octets each, one blank between them;
 * '"' and '\' escaped by '\', other octets outside 0x20..0x7e as \DDD.  Empty text is `""`. */
void rr_put_txt(struct buf *out, const char *text, size_t len);

/* One line of a zone file: "<owner>. <ttl> IN <type> <rdata>\n".  `owner` has no final dot. */
void rr_put_line(struct buf *out, const char *owner, uint32_t ttl, const char *type,
                 const char *rdata);

/* Puts `serial` into the third field of SOA presentation data.  Caller frees. */
char *rr_soa_with_serial(const char *rdata, uint32_t serial) must_check;

/* Reads a zone text (lines of rr_put_line(), blank lines, lines that begin with ';') back with ldns
 * and counts its records.  It proves for each line: ldns reads exactly one record from it, with the
 * TTL of the line; the owner is absolute, lower-case, and at or below `origin`; TXT data is
 * unchanged octet for octet; nothing is lost as a comment; the names in the data are absolute.
 * With `must_be_zone`, exactly one SOA and at least one NS at the origin are required, and a name
 * with a CNAME must have no other data.  Fails (ERR_FAILED) with the line number and what is wrong.
 */
int zone_read_back(const char *text, size_t len, const char *origin, bool must_be_zone,
                   size_t *ret_records, struct err *err) must_check;

#endif
