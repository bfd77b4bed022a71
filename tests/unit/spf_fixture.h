/* tests/unit/spf_fixture.h: spf_check() of a message from 192.0.2.1 with a zone of its own.  Included once by
 * a test. */
#ifndef TESTS_UNIT_SPF_FIXTURE_H
#define TESTS_UNIT_SPF_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "dnszone/query/resolver_cache.h"
#include "dnszone/spf/spf_check.h"
#include "tests/unit/resolver_mock.h"

static const struct mock_row zone[] = {
	{ "pass.test", "TXT", "v=spf1 ip4:192.0.2.1 -all" },
	{ "fail.test", "TXT", "v=spf1 -ip4:192.0.2.0/24 ?all" },
	{ "soft.test", "TXT", "v=spf1 ~all exp=why.test" },
	{ "neutral.test", "TXT", "v=spf1 ?all" },
	{ "denies.test", "TXT", "v=spf1 a:none.test -all exp=why.test" },
	{ "why.test", "TXT", "see %{i} at\thome" },
	{ "explains.test", "TXT", "v=spf1 -all exp=because.test" },
	{ "mixed.test", "TXT", "v=spf1 ip4:203.0.113.1 -all exp=because.test" },
	{ "because.test", "TXT", "%{l} may not use %{c}" },
	{ "broken.test", "TXT", "v=spf1 frobnicate -all" },
	{ "twice.test", "TXT", "v=spf1 -all" },
	{ "twice.test", "TXT", "v=spf1 ?all" },
	{ "slow.test", "TIMEOUT", NULL },
	{ "inner.test", "TXT", "v=spf1 include:slow.test -all" },
	{ "bare.test", "TXT", "v=spf1 -all" },
	{ "redirect.test", "TXT", "v=spf1 redirect=bare.test" },
	{ "all.test", "TXT", "v=spf1 +a +mx -all" },
	{ "all.test", "A", "203.0.113.9" },
	{ "all.test", "MX", "10 all.test" },
	{ "norecord.test", "A", "192.0.2.1" },
	{ "norecord.test", "TXT", "something else" },
	{ "test.example.com", "A", "192.0.2.1" },
	{ "loop.test", "TXT", "v=spf1 include:loop.test -all" },
	{ "ten.test", "TXT",
	  "v=spf1 a:n.test a:all.test a:all.test a:all.test a:all.test a:all.test "
	  "a:all.test a:all.test a:all.test a:all.test -all" },
	{ "minus.test", "TXT",
	  "v=spf1 -a:n.test -a:n2.test -a:all.test -a:all.test -a:all.test -a:all.test "
	  "-a:all.test -a:all.test -a:all.test -a:all.test -all" },
	{ "helo.test", "TXT", "v=spf1 ~all" },
	{ "helofail.test", "TXT", "v=spf1 -all" },
};

struct fixture {
	struct resolver *dns;
	struct arena mem;
	struct spf_verdict verdict;
	struct spf_message message;
};

static inline void open_fixture(struct fixture *f)
{
	struct resolver *mock = resolver_mock_new(MOCK_OPEN);
	struct err err;
	for (size_t i = 0; i < ARRAY_LEN(zone); i++)
		if (resolver_mock_add(mock, &zone[i], &err) != 0)
			fail_msg("%s", err.text);
	f->dns = resolver_cache_new(mock, 1 << 16);
	assert_true(arena_open(&f->mem, SPF_MEMORY));
	f->message = (struct spf_message){
		.client = { [10] = 0xff, 0xff, 192, 0, 2, 1 },
		.helo = octets_of("helo.test"),
		.receiver = "mx.here.test",
	};
}

static inline void close_fixture(struct fixture *f)
{
	resolver_free(f->dns);
	arena_done(&f->mem);
}

static inline void check(struct fixture *f, const struct spf_settings *settings,
                         const char *sender)
{
	const struct spf_context context = {
		.dns = f->dns,
		.limits = SPF_LIMITS_DEFAULT,
		.until = { INT64_MAX },
		.mem = &f->mem,
	};
	f->message.sender = octets_of(sender);
	spf_check(&context, settings, &f->message, &f->verdict);
}

#endif
