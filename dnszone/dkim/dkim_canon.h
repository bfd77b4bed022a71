/*
 * dnszone/dkim/dkim_canon.h: canonicalization (RFC 6376 3.4) as a stream.
 */
#ifndef DNSZONE_DKIM_DKIM_CANON_H
#define DNSZONE_DKIM_DKIM_CANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/octets.h"

enum dkim_canon { DKIM_SIMPLE, DKIM_RELAXED };

/* Receives a piece of canonical text; pieces have any size. */
typedef void dkim_sink(void *arg, const char *octets, size_t len);

struct dkim_canon_field {
	struct octets name; /* before the colon, white space there too */
	struct octets
		value; /* after it, without the final line break; LF alone is CRLF */
	size_t cut_at, cut_end; /* what is left out of the value: the value of b=, 3.5 */
	bool is_last;           /* without the final CRLF, 3.7 */
};
void dkim_canon_field(enum dkim_canon canon, const struct dkim_canon_field *field,
                      dkim_sink *sink, void *arg);

/* A body; init, feed with pieces of any size, end.  A CR or LF alone is an ordinary octet.  A last
 * line without CRLF gets one. */
struct dkim_body {
	enum dkim_canon canon;
	dkim_sink *sink;
	void *arg;
	uint64_t total;    /* canonical octets so far */
	uint64_t newlines; /* CRLFs that count only if text follows */
	bool has_cr;       /* a CR is the last octet */
	bool has_blank;    /* relaxed: white space that counts only if text follows */
};
void dkim_body_init(struct dkim_body *body, enum dkim_canon canon, dkim_sink *sink,
                    void *arg);
void dkim_body_feed(struct dkim_body *body, const char *octets, size_t len);
void dkim_body_end(struct dkim_body *body);

#endif
