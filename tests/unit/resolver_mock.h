/* tests/unit/resolver_mock.h: answers queries from a literal table. */
#ifndef TESTS_UNIT_RESOLVER_MOCK_H
#define TESTS_UNIT_RESOLVER_MOCK_H

#include "core/base/err.h"
#include "dnszone/query/resolver.h"

struct mock_row {
	const char *name; /* presentation form */
	/* "A" "AAAA" "MX" "TXT" "PTR" "NS" "CNAME", or "TIMEOUT" or "SERVFAIL": then `data` is the
	 * type that fails, NULL: every type that has no row here. */
	const char *what;
	const char *data; /* "192.0.2.1", "10 mail.example.org"; TXT: the text itself */
};

enum mock_mode {
	MOCK_OPEN,   /* a query without a row is DNS_NODATA or DNS_NXDOMAIN */
	MOCK_STRICT, /* it is DNS_TEMPFAIL and counted as unexpected */
};

/* The lowest layer of a stack; never NULL. */
struct resolver *resolver_mock_new(enum mock_mode mode) must_check;
/* ERR_USAGE: an invalid name, type or address. */
int resolver_mock_add(struct resolver *mock, const struct mock_row *row,
                      struct err *err) must_check;
/* TXT data, which may contain any octet. */
int resolver_mock_add_txt(struct resolver *mock, const char *name, const void *octets,
                          size_t len, struct err *err) must_check;

struct mock_count {
	unsigned asked;      /* queries, without those in advance */
	unsigned ahead;      /* queries in advance */
	unsigned unexpected; /* MOCK_STRICT: questions without a row */
};
struct mock_count resolver_mock_count(const struct resolver *mock);

#endif
