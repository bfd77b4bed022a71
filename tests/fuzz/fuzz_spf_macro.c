/*
 * SPF macros: a local part, a HELO name and a text, cut at the first two zero octets.  What passes
 * the check expands, to names and texts of bounded length and harmless octets.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "dnszone/spf/spf_macro.h"
#include "dnszone/spf/spf_record.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

static struct octets cut(struct octets *rest)
{
	const char *end = rest->len > 0 ? memchr(rest->at, '\0', rest->len) : NULL;
	struct octets part = { rest->at, end ? (size_t)(end - rest->at) : 0 };
	if (end) {
		rest->at += part.len + 1;
		rest->len -= part.len + 1;
	}
	return part;
}

static void check_domain(struct octets text, const struct spf_macro_values *values)
{
	char name[NAME_SIZE];
	size_t wrong_at, len;
	const char *why = spf_domain_spec_fault(text.at, text.len, &wrong_at);
	CHECK(!why || wrong_at <= text.len);
	if (why || !spf_macro_expand_domain(text.at, text.len, values, name, &len))
		return;
	CHECK(len <= NAME_MAX_LEN && name[len] == '\0');
}

static void check_text(struct octets text, const struct spf_macro_values *values,
                       size_t room)
{
	char out[SPF_EXPLANATION_MAX + 1];
	size_t wrong_at;
	if (spf_macro_string_fault(text.at, text.len, SPF_IN_EXPLANATION, &wrong_at))
		return;
	size_t len = spf_macro_expand_text(text.at, text.len, values, out, room);
	CHECK(len < room && out[len] == '\0');
	for (size_t i = 0; i < len; i++)
		CHECK(out[i] >= 0x20 && out[i] <= 0x7e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct octets text = { len > 0 ? (const char *)data : "", len };
	struct spf_macro_values values = {
		.local_part = cut(&text),
		.helo = cut(&text),
		.sender_domain = octets_of("email.example.com"),
		.domain = octets_of("example.com"),
		.receiver = octets_of("mx.example.org"),
		.client = { 0x20, 1, 0x0d, 0xb8, [15] = 1 },
	};
	for (unsigned i = 0; i < 2; i++) {
		check_domain(text, &values);
		check_text(text, &values, SPF_EXPLANATION_MAX + 1);
		check_text(text, &values, 2);
		memcpy(values.client,
		       (const uint8_t[16]){ [10] = 0xff, 0xff, 192, 0, 2, 1 },
		       sizeof(values.client));
	}
	return 0;
}
