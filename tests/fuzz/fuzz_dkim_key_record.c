/*
 * A key record as a verifier reads it and as lint does: a verifier has a key where lint finds no
 * error, and has none where it does.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dnszone/dkim/dkim_key_record.h"
#include "dnszone/lint/lint_dkim.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

/* Errors, but for what a verifier tells by the key's size alone. */
static bool has_error(const struct lint_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct lint_code *code = list->finding[i].code;
		if (code->severity == LINT_ERROR &&
		    strcmp(code->code, "dkim-key-too-short") != 0)
			return true;
	}
	return false;
}

/* Limits that lint does not have. */
static bool is_limit(const char *problem)
{
	return problem && strstr(problem, "too ");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct octets text = { (const char *)data, len };
	struct dkim_public_key key;
	auto_lint_list list = LINT_LIST_INIT;
	const char *problem = dkim_key_record_read(text, &key);
	lint_dkim_record(text, &list);
	bool is_revoked = problem && strstr(problem, "revoked");
	if (!is_limit(problem) && !is_revoked)
		CHECK(!problem == !has_error(&list));
	if (is_revoked)
		CHECK(!has_error(&list));
	if (!problem) {
		CHECK(dkim_key_record_is(text));
		CHECK(key.len <= sizeof(key.octets));
		CHECK(key.form == DKIM_KEY_ED25519 ? key.len == DKIM_ED25519_LEN
		                                   : key.bits <= 8 * key.len);
	}
	return 0;
}
