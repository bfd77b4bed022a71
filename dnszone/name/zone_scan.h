/*
 * dnszone/name/zone_scan.h: reads a zone file of any origin, and keeps what a parser hides.
 *
 * The text is cut into entries (RFC 1035 5.1: brackets, quotes, comments, $ORIGIN, $TTL), and ldns
 * reads each.  An entry that cannot be read does not end the scan.  $INCLUDE and $GENERATE are not
 * followed.
 */
#ifndef DNSZONE_NAME_ZONE_SCAN_H
#define DNSZONE_NAME_ZONE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/octets.h"

enum {
	ZONE_ENTRY_MAX =
		65536, /* octets of an entry without comments; a longer one is a fault */
};

struct zone_entry {           /* borrowed for the call */
	size_t line;          /* where it begins, from 1 */
	const char *fault;    /* why it was not read; NULL: it is a record */
	bool is_not_followed; /* $INCLUDE or $GENERATE, which is a fault, too */
	/* a record: presentation form, lower-case, no final dot ("." for the root) */
	const char *owner;
	const char *origin; /* the current one, in the same form */
	const char *type;   /* "TXT" */
	const char *target; /* the last name in the data; NULL: none */
	bool is_relative; /* the target was typed with a dot inside and none at the end */
	/* TXT and SPF: the strings joined, and joined with spaces */
	struct octets text, spaced;
	size_t strings, quoted; /* all strings; those in quotes */
	/* the first ';' outside of quotes after the owner, as it was typed; column 0: none */
	size_t comment_line, comment_column; /* from 1 */
	bool is_glued;         /* it follows a word outside of quotes without a space */
	struct octets comment; /* what follows it on the line */
};

typedef void zone_scan_each(void *arg, const struct zone_entry *entry);

/* `origin`: for relative names before the first $ORIGIN (A-labels); NULL: the root. */
void zone_scan(struct octets text, const char *origin, zone_scan_each *each, void *arg);

#endif
