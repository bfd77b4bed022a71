/*
 * cli/policyd/policyd_request.h: requests of the Postfix policy delegation protocol, octet by
 * octet.
 *
 * "name=value" lines up to an empty line.  Memory is limited to the struct, whatever is sent:
 * unknown names are ignored, long values are truncated, and control characters are replaced.
 */
#ifndef CLI_POLICYD_POLICYD_REQUEST_H
#define CLI_POLICYD_POLICYD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

/* The attributes that matter; sorted by name. */
enum policyd_attribute {
	POLICYD_CLIENT_ADDRESS,
	POLICYD_DKIM,
	POLICYD_FROM,
	POLICYD_HELO_NAME,
	POLICYD_INSTANCE,
	POLICYD_PROTOCOL_STATE,
	POLICYD_RECIPIENT,
	POLICYD_REQUEST,
	POLICYD_SASL_USERNAME,
	POLICYD_SENDER,
};
#define POLICYD_ATTRIBUTE_COUNT 10

#define POLICYD_NAME_MAX 64
#define POLICYD_VALUE_MAX 2048 /* Postfix accepts no longer line from its client */
#define POLICYD_REQUEST_MAX (1024 * 1024)

struct policyd_value {
	char text[POLICYD_VALUE_MAX + 1]; /* control characters (NUL, CR) are '?' */
	size_t len;
	bool is_given;
	bool is_cut; /* it was longer: the text is its beginning */
};

struct policyd_request {
	struct policyd_value value[POLICYD_ATTRIBUTE_COUNT];
};

struct policyd_parser {
	struct policyd_request
		request; /* whole after POLICYD_READY, until the next feed */
	char name[POLICYD_NAME_MAX];
	size_t name_len;
	size_t total; /* octets of this request so far */
	struct policyd_value
		*value; /* being read; NULL: a name is, or the value is skipped */
	bool is_in_value;
	bool is_ready;
};

enum policyd_parse {
	POLICYD_MORE,      /* all octets were read, the request continues */
	POLICYD_READY,     /* a request is whole; what follows was not used yet */
	POLICYD_TOO_LARGE, /* over POLICYD_REQUEST_MAX: no client of ours */
};

void policyd_parser_init(struct policyd_parser *parser);

/* Reads octets up to the end of one request; *ret_used: how many. */
enum policyd_parse policyd_parser_feed(struct policyd_parser *parser, const char *octets,
                                       size_t len, size_t *ret_used) must_check;

/* Whether a request has begun and is incomplete. */
bool policyd_parser_is_within(const struct policyd_parser *parser) must_check;

/* "" if it was not given. */
const char *policyd_text(const struct policyd_request *request,
                         enum policyd_attribute which) must_check;

#endif
