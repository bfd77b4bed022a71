/*
 * The text of a DKIM key record: lint ends, and finds fault with what is no tag list; its octets as
 * base64 and as DER.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "dnszone/dkim/dkim_key.h"
#include "dnszone/lint/lint_dkim.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct octets text = { (const char *)data, len };
	auto_lint_list list = LINT_LIST_INIT, policy = LINT_LIST_INIT;
	auto_buf key = BUF_INIT;
	unsigned bits;
	lint_dkim_record(text, &list);
	lint_dkim_policy(text, &policy);
	/* without a p= there is no key */
	CHECK(lint_worst(&list) == LINT_ERROR || (len && memchr(data, 'p', len)));
	enum dkim_key_form form = dkim_key_look(data, len, &bits);
	CHECK(form == DKIM_KEY_RSA || form == DKIM_KEY_PKCS1 || bits == 0 ||
	      form == DKIM_KEY_OTHER);
	CHECK(bits <= len * 8);
	if (dkim_base64_decode(text.at, len, &key)) {
		CHECK(key.len <= len / 4 * 3);
		form = dkim_key_look((const unsigned char *)buf_text(&key), key.len,
		                     &bits);
		CHECK(form <= DKIM_KEY_OTHER && bits <= key.len * 8);
	}
	return 0;
}
