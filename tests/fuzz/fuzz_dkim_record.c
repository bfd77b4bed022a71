/*
 * The data of a TXT record at a key's name: judged against a key, the sentence printable; and read as
 * tags, each of which is where it says.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "dnszone/dkim/dkim_record.h"
#include "dnszone/name/tags.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

static void check_tags(const char *text)
{
	struct tags tags = { 0 };
	struct tags_place place = { 0, 0 };
	struct err err = ERR_INIT;
	enum tags_fault fault = tags_read(text, &tags, &place);
	if (fault != TAGS_FINE)
		CHECK(place.at + place.len <= strlen(text));
	for (size_t i = 0; i < tags.count; i++) {
		const struct tag *tag = &tags.tag[i];
		CHECK(strncmp(text + tag->at, tag->name, strlen(tag->name)) == 0);
		CHECK(tags_get(&tags, tag->name) == tag->value);
	}
	tags_done(&tags);
	CHECK((tags_parse(text, &tags, &err) == 0) == (fault == TAGS_FINE));
	tags_done(&tags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = {
		"v=DKIM1; k=rsa; p=MCAwDQYJKoZIhvcNAQEBBQADDwAwCgIEfxEiMwIDAQAB",
		"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"v=DKIM1; k=rsa; p=",
	};
	auto_free char *text = xmemdup(data, size);
	unsigned fits = 0;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct dkim_verdict verdict;
		char said[256];
		dkim_record_judge(data, size, keys[i], &verdict);
		dkim_verdict_say(&verdict, said, sizeof(said));
		CHECK(verdict.fault < DKIM_FAULTS);
		CHECK((verdict.fault == DKIM_FITS) == !*said);
		CHECK((verdict.fault == DKIM_FITS) == !dkim_fault_key(verdict.fault));
		for (const char *c = said; *c; c++)
			CHECK(*c >= 0x20 && *c < 0x7f);
		fits += verdict.fault == DKIM_FITS;
	}
	CHECK(fits <= 1); /* one record is not two keys' */
	check_tags(text);
	return 0;
}
