/*
 * The mock: an rr_table and a list of names that fail.  Aliases are followed as a recursive
 * server does it; what the end of the chain lacks is "no data" or "no such name" like anywhere.
 */
#include "tests/unit/resolver_mock.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "dnszone/query/rr_table.h"

#define MOCK_TTL 3600

struct fault {
	struct dns_name name;
	enum dns_type type; /* 0: every type that has no row */
	const char *why;
};

struct mock {
	struct resolver resolver;
	enum mock_mode mode;
	struct rr_table table;
	struct fault *fault;
	size_t faults, room;
	struct mock_count count;
};

static struct mock *mock_of(struct resolver *r)
{
	return (struct mock *)r;
}

static const struct fault *find_fault(const struct mock *mock,
                                      const struct dns_name *name, enum dns_type type)
{
	for (size_t i = 0; i < mock->faults; i++)
		if (mock->fault[i].type == type &&
		    dns_name_equal(&mock->fault[i].name, name))
			return &mock->fault[i];
	return NULL;
}

static void answer_absent(struct mock *mock, const struct dns_name *name,
                          enum dns_type type, struct dns_answer *ret_answer)
{
	const struct fault *fault = find_fault(mock, name, 0);
	if (fault) {
		*ret_answer = dns_answer_empty(DNS_TEMPFAIL, fault->why);
		return;
	}
	bool exists = rr_table_has(&mock->table, name);
	*ret_answer = dns_answer_empty(exists ? DNS_NODATA : DNS_NXDOMAIN, NULL);
	if (mock->mode == MOCK_STRICT) {
		mock->count.unexpected++;
		*ret_answer = dns_answer_empty(DNS_TEMPFAIL, "the mock has no such row");
	}
	(void)type;
}

static void look_up(struct mock *mock, const struct dns_name *name, enum dns_type type,
                    struct arena *mem, struct dns_answer *ret_answer)
{
	struct dns_name at = *name;
	rr_table_sort(&mock->table);
	for (unsigned links = 0; links <= DNS_CNAME_MAX; links++) {
		size_t count;
		const struct fault *fault = find_fault(mock, &at, type);
		const struct rr_row *rows =
			rr_table_find(&mock->table, &at, DNS_CNAME, &count);
		if (fault) {
			*ret_answer = dns_answer_empty(DNS_TEMPFAIL, fault->why);
			return;
		}
		if (rows && type != DNS_CNAME && rr_row_target(rows, &at))
			continue;
		rows = rr_table_find(&mock->table, &at, type, &count);
		if (rows)
			rr_table_answer(rows, count, MOCK_TTL, mem, ret_answer);
		else
			answer_absent(mock, &at, type, ret_answer);
		return;
	}
	*ret_answer = dns_answer_empty(DNS_TEMPFAIL, "a loop of CNAME records");
}

static void ask(struct resolver *r, const struct dns_name *name, enum dns_type type,
                struct deadline until, struct arena *mem, struct dns_answer *ret_answer)
{
	struct mock *mock = mock_of(r);
	(void)until;
	mock->count.asked++;
	look_up(mock, name, type, mem, ret_answer);
}

static void ask_ahead(struct resolver *r, const struct dns_name *name, enum dns_type type,
                      struct deadline until)
{
	(void)name, (void)type, (void)until;
	mock_of(r)->count.ahead++;
}

static void mock_free(struct resolver *r)
{
	struct mock *mock = mock_of(r);
	rr_table_done(&mock->table);
	free(mock->fault);
	free(mock);
}

static const struct resolver_ops mock_ops = {
	.ask = ask,
	.ask_ahead = ask_ahead,
	.free = mock_free,
};

struct resolver *resolver_mock_new(enum mock_mode mode)
{
	struct mock *mock = xcalloc(1, sizeof(*mock));
	mock->resolver.ops = &mock_ops;
	mock->mode = mode;
	return &mock->resolver;
}

static int parse_name(const char *text, struct dns_name *ret_name, struct err *err)
{
	if (dns_name_from_text(text, strlen(text), ret_name))
		return 0;
	return err_set(err, ERR_USAGE, "\"%s\" is not a name in DNS", text);
}

static int add_fault(struct mock *mock, const struct mock_row *row,
                     const struct dns_name *name, const char *why, struct err *err)
{
	struct fault fault = { .name = *name, .why = why };
	if (row->data && !dns_type_from_text(row->data, &fault.type))
		return err_set(err, ERR_USAGE, "\"%s\" is not a record type", row->data);
	GROW(mock->fault, mock->faults, mock->room);
	mock->fault[mock->faults++] = fault;
	return 0;
}

static int add_name(struct mock *mock, struct rr_row *row, const char *text,
                    struct err *err)
{
	struct dns_name target;
	int r = parse_name(text, &target, err);
	if (r < 0)
		return r;
	row->octets = target.wire;
	row->len = target.len;
	rr_table_add(&mock->table, row);
	return 0;
}

static int add_address(struct mock *mock, struct rr_row *row, const char *text,
                       struct err *err)
{
	uint8_t octets[16];
	int family = row->type == DNS_A ? AF_INET : AF_INET6;
	if (inet_pton(family, text, octets) != 1)
		return err_set(err, ERR_USAGE, "\"%s\" is not an address for %s", text,
		               dns_type_name(row->type));
	row->octets = octets;
	row->len = row->type == DNS_A ? 4 : 16;
	rr_table_add(&mock->table, row);
	return 0;
}

static int add_mx(struct mock *mock, struct rr_row *row, const char *text,
                  struct err *err)
{
	char *end;
	unsigned long preference = strtoul(text, &end, 10);
	if (end == text || *end != ' ' || preference > UINT16_MAX)
		return err_set(err, ERR_USAGE, "\"%s\" is not the data of an MX record",
		               text);
	row->preference = (uint16_t)preference;
	return add_name(mock, row, end + 1, err);
}

int resolver_mock_add(struct resolver *r, const struct mock_row *text, struct err *err)
{
	struct mock *mock = mock_of(r);
	struct rr_row row = { .ttl = MOCK_TTL };
	int status = parse_name(text->name, &row.owner, err);
	if (status < 0)
		return status;
	if (text_same(text->what, "TIMEOUT"))
		return add_fault(mock, text, &row.owner, "no answer from the mock", err);
	if (text_same(text->what, "SERVFAIL"))
		return add_fault(mock, text, &row.owner, "SERVFAIL from the mock", err);
	if (!dns_type_from_text(text->what, &row.type) || row.type == DNS_SOA)
		return err_set(err, ERR_USAGE, "the mock knows no \"%s\"", text->what);
	if (row.type == DNS_TXT)
		return resolver_mock_add_txt(r, text->name, text->data,
		                             strlen(text->data), err);
	if (row.type == DNS_A || row.type == DNS_AAAA)
		return add_address(mock, &row, text->data, err);
	if (row.type == DNS_MX)
		return add_mx(mock, &row, text->data, err);
	return add_name(mock, &row, text->data, err);
}

int resolver_mock_add_txt(struct resolver *r, const char *name, const void *octets,
                          size_t len, struct err *err)
{
	struct rr_row row = { .type = DNS_TXT, .ttl = MOCK_TTL, .len = len };
	int status = parse_name(name, &row.owner, err);
	if (status < 0)
		return status;
	row.octets = (uint8_t *)xmemdup(octets, len);
	rr_table_add(&mock_of(r)->table, &row);
	free(row.octets);
	return 0;
}

struct mock_count resolver_mock_count(const struct resolver *mock)
{
	return ((const struct mock *)mock)->count;
}
