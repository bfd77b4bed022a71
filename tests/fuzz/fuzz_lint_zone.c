/*
 * A zone file: its scan and its lint end, lines are those of the text, and the rows are bounded by
 * its octets.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dnszone/lint/lint_zone.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	auto_lint_zone zone = LINT_ZONE_INIT;
	size_t lines = 1, last = 0;
	for (size_t i = 0; i < len; i++)
		lines += data[i] == '\n';
	lint_zone((struct octets){ (const char *)data, len }, "example.com", &zone);
	CHECK(zone.count <= len + 1);
	for (size_t i = 0; i < zone.count; i++) {
		const struct lint_zone_row *row = &zone.row[i];
		CHECK(row->line >= last && row->line <= lines);
		last = row->line;
		CHECK(row->len <= len);
		CHECK(row->owner || row->list.count);
	}
	return 0;
}
