/* Files DKIM-<domain>.SYS of a copied configuration: what is read is a selector and printable text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/mta/mailenable/mailenable_config.h"
#include "dnszone/name/name.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct mailenable_dkim dkim = { 0 };
	char name[NAME_SIZE];
	struct err ignored = ERR_INIT;
	if (!mailenable_dkim_read((const char *)data, len, &dkim)) {
		CHECK(!dkim.selector && !dkim.record);
		return 0;
	}
	if (dkim.selector)
		CHECK(name_parse_selector(dkim.selector, name, &ignored) == 0 &&
		      strcmp(name, dkim.selector) == 0);
	if (dkim.record)
		CHECK(*dkim.record && text_is_clean(dkim.record));
	mailenable_dkim_done(&dkim);
	return 0;
}
