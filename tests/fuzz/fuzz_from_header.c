/*
 * From fields: the input is one value, or several between NULs.  A domain that is found is one that
 * name_from_mail() leaves as it is; no field, several fields and a NUL in a field never have one; an
 * empty element more changes nothing, and an address elsewhere takes the domain away.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dnszone/dmarc/from_header.h"
#include "tests/fuzz/fuzz.h"

#define FIELDS_MAX 4
#define ELSEWHERE "other.fuzz.invalid"
#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

static void check_domain(const char *domain)
{
	char again[NAME_SIZE];
	size_t len = strnlen(domain, NAME_SIZE);
	CHECK(len > 0 && len <= NAME_MAX_LEN && domain[0] != '.' &&
	      domain[len - 1] != '.');
	CHECK(!strstr(domain, ".."));
	for (size_t i = 0; i < len; i++)
		CHECK(domain[i] > 0x20 && domain[i] < 0x7f &&
		      !strchr("@<>()[],;:\\\"", domain[i]) &&
		      !(domain[i] >= 'A' && domain[i] <= 'Z'));
	CHECK(name_from_mail(octets_of(domain), again) && strcmp(domain, again) == 0);
}

/* The value with something behind it. */
static enum from_fault parse_with(struct octets value, const char *more)
{
	size_t len = strlen(more);
	char *text = malloc(value.len + len);
	struct from_header from;
	if (!text)
		return FROM_GOOD;
	memcpy(text, value.at, value.len);
	memcpy(text + value.len, more, len);
	struct octets longer = { text, value.len + len };
	from_header_parse(&longer, 1, &from);
	free(text);
	return from.fault;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct octets value[FIELDS_MAX], whole = { (const char *)data, len };
	struct from_header from;
	size_t count = 0;
	for (size_t at = 0; at <= len && count < FIELDS_MAX;) {
		const uint8_t *end = memchr(data + at, '\0', len - at);
		size_t next = end ? (size_t)(end - data) : len;
		value[count++] = (struct octets){ (const char *)data + at, next - at };
		at = next + 1;
	}
	from_header_parse(value, count, &from);
	CHECK(count == 1 || from.fault == FROM_SEVERAL_FIELDS);
	CHECK((from.fault == FROM_GOOD) == (*from.domain != '\0'));
	CHECK(*from_fault_name(from.fault) && *from_fault_text(from.fault));
	CHECK(from.at <= value[0].len);
	if (count > 1) {
		from_header_parse(&whole, 1, &from);
		CHECK(from.fault != FROM_GOOD);
		return 0;
	}
	if (from.fault != FROM_GOOD)
		return 0;
	check_domain(from.domain);
	if (len + 40 > FROM_FIELD_MAX)
		return 0;
	CHECK(parse_with(value[0], ",") == FROM_GOOD);
	CHECK(parse_with(value[0], ",x@" ELSEWHERE) ==
	      (strcmp(from.domain, ELSEWHERE) == 0 ? FROM_GOOD : FROM_SEVERAL_DOMAINS));
	CHECK(parse_with(value[0], ",x") == FROM_UNPARSABLE);
	CHECK(parse_with(value[0], "@x") == FROM_UNPARSABLE);
	return 0;
}
