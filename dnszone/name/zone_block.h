/*
 * dnszone/name/zone_block.h: a block of ours in a zone file that an administrator edits, between two
 * comment lines.  Pure.
 */
#ifndef DNSZONE_NAME_ZONE_BLOCK_H
#define DNSZONE_NAME_ZONE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/octets.h"

struct zone_block_record {
	const char *owner; /* lower-case, no final dot */
	uint32_t ttl;
	const char *type;
	const char *rdata; /* as in rr.h */
};

/* Appends `text`, the zone file of `origin` (A-labels, no final dot), with the records as its block,
 * and with the next serial (serial.h) in its SOA record.  A present block stays in its place, a new
 * one is at the end; every other octet is kept.  A record that the file has outside of the block is
 * not repeated.  *ret_is_changed false: the block is right, and `out` is unchanged.
 *
 * ERR_FAILED with the line: an entry that cannot be read; none or several SOA records, or one of
 * another name; a serial that is not a number; one mark without the other; a block with records of another domain; another value of a
 * record, or of a type other than TXT any record, outside of the block.  $INCLUDE and $GENERATE are
 * not followed.  The result was read back: the entries outside of the block are what they were. */
int zone_block_put(struct octets text, const char *origin,
                   const struct zone_block_record *records, size_t count, int64_t now,
                   struct buf *out, bool *ret_is_changed, struct err *err) must_check;

#endif
