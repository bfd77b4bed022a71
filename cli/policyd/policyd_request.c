/*
 * A state machine over octets as they arrive: a line's name is collected up to POLICYD_NAME_MAX,
 * then its value is written to its place or dropped.  The first of repeated attributes counts: text
 * that a client could inject comes after Postfix's own attributes.
 */
#include "cli/policyd/policyd_request.h"

#include <string.h>

static const char *const names[] = {
	[POLICYD_CLIENT_ADDRESS] = "client_address",
	[POLICYD_DKIM] = "dkim",
	[POLICYD_FROM] = "from",
	[POLICYD_HELO_NAME] = "helo_name",
	[POLICYD_INSTANCE] = "instance",
	[POLICYD_PROTOCOL_STATE] = "protocol_state",
	[POLICYD_RECIPIENT] = "recipient",
	[POLICYD_REQUEST] = "request",
	[POLICYD_SASL_USERNAME] = "sasl_username",
	[POLICYD_SENDER] = "sender",
};

static void begin_line(struct policyd_parser *parser)
{
	parser->name_len = 0;
	parser->value = NULL;
	parser->is_in_value = false;
}

static void begin_request(struct policyd_parser *parser)
{
	for (size_t i = 0; i < POLICYD_ATTRIBUTE_COUNT; i++) {
		struct policyd_value *value = &parser->request.value[i];
		value->text[0] = '\0';
		value->len = 0;
		value->is_given = value->is_cut = false;
	}
	parser->total = 0;
	parser->is_ready = false;
	begin_line(parser);
}

void policyd_parser_init(struct policyd_parser *parser)
{
	begin_request(parser);
}

static void begin_value(struct policyd_parser *parser)
{
	parser->is_in_value = true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct policyd_value *value = &parser->request.value[i];
		if (strlen(names[i]) != parser->name_len ||
		    memcmp(names[i], parser->name, parser->name_len) != 0 ||
		    value->is_given)
			continue;
		value->is_given = true;
		parser->value = value;
	}
}

static void take_name(struct policyd_parser *parser, const char *octets, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		/* Full, and longer than any known name: it cannot match. */
		if (parser->name_len == POLICYD_NAME_MAX)
			return;
		parser->name[parser->name_len++] = octets[i];
	}
}

static void take_value(struct policyd_value *value, const char *octets, size_t len)
{
	size_t room = POLICYD_VALUE_MAX - value->len;
	if (len > room) {
		value->is_cut = true;
		len = room;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)octets[i];
		bool is_control = c < 0x20 || c == 0x7f;
		value->text[value->len++] = is_control ? '?' : octets[i];
	}
	value->text[value->len] = '\0';
}

/* One run of octets without a line end. */
static void take(struct policyd_parser *parser, const char *octets, size_t len)
{
	if (!parser->is_in_value) {
		const char *equals = memchr(octets, '=', len);
		size_t name_len = equals ? (size_t)(equals - octets) : len;
		take_name(parser, octets, name_len);
		if (!equals)
			return;
		begin_value(parser);
		octets += name_len + 1;
		len -= name_len + 1;
	}
	if (parser->value)
		take_value(parser->value, octets, len);
}

enum policyd_parse policyd_parser_feed(struct policyd_parser *parser, const char *octets,
                                       size_t len, size_t *ret_used)
{
	if (parser->is_ready)
		begin_request(parser);
	size_t used = 0;
	while (used < len) {
		const char *at = octets + used, *end = memchr(at, '\n', len - used);
		size_t part = end ? (size_t)(end - at) : len - used;
		take(parser, at, part);
		used += part + (end ? 1 : 0);
		parser->total += part + (end ? 1 : 0);
		*ret_used = used;
		if (parser->total > POLICYD_REQUEST_MAX)
			return POLICYD_TOO_LARGE;
		if (!end)
			break;
		if (!parser->is_in_value && parser->name_len == 0) {
			parser->is_ready = true;
			return POLICYD_READY;
		}
		begin_line(parser);
	}
	*ret_used = used;
	return POLICYD_MORE;
}

bool policyd_parser_is_within(const struct policyd_parser *parser)
{
	return parser->total > 0 && !parser->is_ready;
}

const char *policyd_text(const struct policyd_request *request,
                         enum policyd_attribute which)
{
	return request->value[which].text;
}
