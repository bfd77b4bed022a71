/*
 * Canonicalization of a body and of a header field against a second implementation, which does it
 * all at once.  The first octet is the size of the pieces in which the body is fed; a field is the
 * same octets after "A:".
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dnszone/dkim/dkim_canon.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/dkim_slow.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

static void collect(void *arg, const char *octets, size_t len)
{
	CHECK(len > 0);
	buf_add(arg, octets, len);
}

static void check_body(enum dkim_canon canon, const char *octets, size_t len, size_t step)
{
	auto_buf fast = BUF_INIT, slow = BUF_INIT;
	struct dkim_body body;
	dkim_body_init(&body, canon, collect, &fast);
	for (size_t at = 0; at < len; at += step)
		dkim_body_feed(&body, octets + at, len - at < step ? len - at : step);
	dkim_body_end(&body);
	slow_body(canon == DKIM_RELAXED, octets, len, &slow);
	CHECK(fast.len == slow.len && body.total == fast.len);
	CHECK(memcmp(buf_text(&fast), buf_text(&slow), fast.len) == 0);
}

static void check_field(enum dkim_canon canon, const char *octets, size_t len)
{
	auto_buf fast = BUF_INIT, slow = BUF_INIT, whole = BUF_INIT;
	const struct dkim_canon_field field = {
		.name = octets_of("Ab \t"),
		.value = { octets, len },
		.is_last = true,
	};
	dkim_canon_field(canon, &field, collect, &fast);
	buf_puts(&whole, "Ab \t:");
	buf_add(&whole, octets, len);
	slow_field(canon == DKIM_RELAXED, whole.at, whole.len, &slow);
	CHECK(fast.len == slow.len);
	CHECK(memcmp(fast.at, slow.at, fast.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	const char *octets = (const char *)data + 1;
	size_t step = (size_t)data[0] % 16 + 1;
	for (enum dkim_canon canon = DKIM_SIMPLE; canon <= DKIM_RELAXED; canon++) {
		check_body(canon, octets, len - 1, step);
		check_field(canon, octets, len - 1);
	}
	return 0;
}
