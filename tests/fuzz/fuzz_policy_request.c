/*
 * Fuzz target: the parser of policy requests.  The first octet is how the rest is cut into pieces;
 * whatever the pieces, the requests must be the same, bounded, and without control characters.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/policyd/policyd_request.h"
#include "tests/fuzz/fuzz.h"

static void check_values(const struct policyd_request *request)
{
	for (size_t i = 0; i < POLICYD_ATTRIBUTE_COUNT; i++) {
		const struct policyd_value *value = &request->value[i];
		if (value->len > POLICYD_VALUE_MAX || strlen(value->text) != value->len)
			abort();
		for (const char *c = value->text; *c; c++)
			if ((uint8_t)*c < 0x20 || *c == 0x7f)
				abort();
	}
}

static uint64_t add_values(uint64_t sum, const struct policyd_request *request)
{
	for (size_t i = 0; i < POLICYD_ATTRIBUTE_COUNT; i++)
		for (const char *c = request->value[i].text;; c++) {
			sum = (sum ^ (uint8_t)*c) * UINT64_C(1099511628211);
			if (*c == '\0')
				break;
		}
	return sum;
}

static uint64_t parse(const char *octets, size_t len, size_t step)
{
	struct policyd_parser *parser = malloc(sizeof(*parser));
	if (!parser)
		return 0;
	policyd_parser_init(parser);
	uint64_t sum = 0;
	while (len > 0) {
		size_t used = 0;
		enum policyd_parse parsed = policyd_parser_feed(
			parser, octets, len < step ? len : step, &used);
		if (used == 0 || used > len)
			abort();
		octets += used;
		len -= used;
		check_values(&parser->request);
		if (parsed == POLICYD_READY)
			sum = add_values(sum, &parser->request);
	}
	free(parser);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	/* Over the limit the place where parsing stops depends on the pieces. */
	if (len < 1 || len > POLICYD_REQUEST_MAX)
		return 0;
	const char *text = (const char *)octets + 1;
	if (parse(text, len - 1, octets[0] + 1u) != parse(text, len - 1, len))
		abort();
	return 0;
}
