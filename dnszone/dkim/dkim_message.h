/*
 * dnszone/dkim/dkim_message.h: a whole message (RFC 5322) from a file or a stream, as header fields
 * and body, in the form that a verifier requires (dkim_verify.h).
 *
 * Lines end in CRLF or LF, as the first one does: a message of LF lines gets CRLF in its body, in
 * one of CRLF lines a LF alone is unchanged.  A first line "From " (of an mbox) is left out.  A
 * line that is not a header field begins the body, like the empty line, which is left out; so does a
 * first line that begins with a blank, because there is no field that it could continue.
 */
#ifndef DNSZONE_DKIM_DKIM_MESSAGE_H
#define DNSZONE_DKIM_DKIM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/macro.h"
#include "core/base/octets.h"

struct dkim_message {
	/* Set by the caller; called in the order of the message.  `field`: name and value as in
	 * dkim_verifier_field(), borrowed.  `end_fields`: once.  `body`: in pieces. */
	void (*field)(void *arg, struct octets name, struct octets value);
	void (*end_fields)(void *arg);
	void (*body)(void *arg, const char *octets, size_t len);
	void *arg;
	/* Places in the message, in octets from its beginning.  During `field`: the field, from its name
	 * to the line end after it. */
	uint64_t field_at, field_end;
	/* From `end_fields` on: where header fields begin, after the line of an mbox, and where the line
	 * is that ended them.  `is_unseparated`: that line is the first one of the body. */
	uint64_t header_at, header_end;
	bool is_unseparated;
	bool is_crlf; /* lines end in CRLF, as the first one does */
	/* The reader's own; zeroed at first. */
	struct buf held;  /* the field that is being read, and the line after it */
	size_t line_at;   /* where that line begins */
	uint64_t held_at; /* where `held` begins in the message */
	bool has_first;   /* the first line was read */
	bool is_in_body, has_cr;
	bool is_too_large;
};

#define DKIM_MESSAGE_FIELD_MAX ((size_t)1024 * 1024) /* octets of one field */

/* A piece of any size.  Memory is limited by one field; false: a field is larger than
 * DKIM_MESSAGE_FIELD_MAX, and nothing more is read. */
bool dkim_message_feed(struct dkim_message *message, const char *octets,
                       size_t len) must_check;
/* The end: makes the calls that are missing, and frees the reader's memory. */
void dkim_message_end(struct dkim_message *message);

#endif
