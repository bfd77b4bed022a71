/*
 * The openspf test suite for RFC 7208, from $TESTDATA/spf/rfc7208-tests.yml: each test twice, with
 * and without asking ahead, with the same result, counts and trace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/text.h"
#include "core/base/yaml.h"
#include "dnszone/spf/spf_eval.h"
#include "dnszone/spf/spf_trace.h"
#include "tests/unit/late_resolver.h"
#include "tests/unit/resolver_mock.h"

#define MEMORY (4 << 20)

static void add(struct resolver *mock, const char *name, const char *what,
                const char *data)
{
	struct err err;
	const struct mock_row row = { name, what, data };
	if (resolver_mock_add(mock, &row, &err) != 0)
		fail_msg("%s", err.text);
}

/* One string, or several that are joined, or none at all. */
static void add_txt(struct resolver *mock, const char *name,
                    const struct yaml_node *value)
{
	auto_buf text = BUF_INIT;
	const struct yaml_node *item = value->kind == YAML_LIST ? value->first : value;
	for (; item; item = value->kind == YAML_LIST ? item->next : NULL)
		buf_add(&text, item->text, item->len);
	struct err err;
	if (resolver_mock_add_txt(mock, name, buf_text(&text), text.len, &err) != 0)
		fail_msg("%s", err.text);
}

static void add_mx(struct resolver *mock, const char *name, const struct yaml_node *value)
{
	const char *host = value->first->next->text;
	auto_free char *data = xasprintf("%s %s", value->first->text, *host ? host : ".");
	add(mock, name, "MX", data);
}

/* Type-99 entries count as TXT where the name has no TXT entry at all. */
static bool has_txt(const struct yaml_node *entries)
{
	for (const struct yaml_node *e = entries->first; e; e = e->next)
		if (e->kind == YAML_MAP && strcmp(e->first->key, "TXT") == 0)
			return true;
	return false;
}

static void add_name(struct resolver *mock, const struct yaml_node *entries)
{
	const char *name = entries->key;
	for (const struct yaml_node *e = entries->first; e; e = e->next) {
		if (e->kind == YAML_SCALAR) {
			assert_string_equal(e->text, "TIMEOUT");
			add(mock, name, "TIMEOUT", NULL);
			continue;
		}
		const struct yaml_node *value = e->first;
		const char *type = value->key;
		bool is_none = value->kind == YAML_SCALAR && value->is_plain &&
		               strcmp(value->text, "NONE") == 0;
		if (is_none)
			continue;
		if (strcmp(type, "TXT") == 0 ||
		    (strcmp(type, "SPF") == 0 && !has_txt(entries)))
			add_txt(mock, name, value);
		else if (strcmp(type, "MX") == 0)
			add_mx(mock, name, value);
		else if (strcmp(type, "SPF") != 0)
			add(mock, name, type, value->text);
	}
}

struct question {
	struct spf_question q;
	char local[300], domain[300];
};

static void read_question(const struct yaml_node *test, struct question *ret)
{
	const struct yaml_node *from = yaml_get(test, "mailfrom");
	const struct yaml_node *helo = yaml_get(test, "helo");
	const char *host = yaml_get(test, "host")->text;
	memset(ret, 0, sizeof(*ret));
	ret->q.receiver = "receiver.example";
	ret->q.helo = (struct octets){ helo->text, helo->len };
	const char *at = memrchr(from->text, '@', from->len);
	if (from->len == 0) {
		ret->q.local_part = octets_of("postmaster");
		ret->q.domain = ret->q.helo;
	} else {
		size_t local = at ? (size_t)(at - from->text) : 0;
		ret->q.local_part = (struct octets){ from->text, local };
		size_t skip = at ? local + 1 : 0;
		ret->q.domain = (struct octets){ from->text + skip, from->len - skip };
	}
	if (strchr(host, ':')) {
		assert_int_equal(inet_pton(AF_INET6, host, ret->q.client), 1);
	} else {
		ret->q.client[10] = ret->q.client[11] = 0xff;
		assert_int_equal(inet_pton(AF_INET, host, ret->q.client + 12), 1);
	}
}

static bool is_expected(const struct yaml_node *expected, const char *result)
{
	const struct yaml_node *item =
		expected->kind == YAML_LIST ? expected->first : expected;
	for (; item; item = expected->kind == YAML_LIST ? item->next : NULL)
		if (strcmp(item->text, result) == 0)
			return true;
	return false;
}

/* Everything that asking ahead must not change, as one text. */
static void run(struct resolver *mock, const struct question *question, bool is_serial,
                struct buf *out, const struct yaml_node *test)
{
	static struct late late;
	struct arena mem;
	assert_true(arena_open(&mem, MEMORY));
	struct spf_trace trace;
	assert_true(spf_trace_init(&trace, &mem));
	late_init(&late, mock);
	const struct spf_context context = {
		.dns = &late.resolver,
		.limits = SPF_LIMITS_DEFAULT,
		.until = { INT64_MAX },
		.mem = &mem,
		.trace = &trace,
		.is_serial = is_serial,
	};
	struct spf_answer a;
	spf_eval(&context, &question->q, NULL, &a);
	buf_printf(out, "%s %u %u %zu \"%.*s\" \"%.*s\" %s\n", spf_result_name(a.result),
	           a.lookups, a.voids, mem.used > 0 ? trace.count : 0,
	           (int)a.explanation.len, a.explanation.at ? a.explanation.at : "",
	           (int)a.mechanism.len, a.mechanism.at ? a.mechanism.at : "",
	           a.problem ? a.problem : "");
	for (size_t i = 0; i < trace.count; i++) {
		char line[2000];
		spf_trace_print(&trace.event[i], line, sizeof(line));
		buf_printf(out, "%u %s\n", trace.event[i].depth, line);
	}
	assert_false(trace.is_cut);
	assert_int_equal(is_serial ? late.ahead : 0, 0);
	if (!is_expected(yaml_get(test, "result"), spf_result_name(a.result)))
		fail_msg("%s: %s", test->key, buf_text(out));
	const struct yaml_node *explanation = yaml_get(test, "explanation");
	if (explanation && strcmp(explanation->text, "DEFAULT") == 0)
		assert_int_equal(a.explanation.len, 0);
	else if (explanation &&
	         (explanation->len != a.explanation.len ||
	          memcmp(explanation->text, a.explanation.at, explanation->len) != 0))
		fail_msg("%s: %s", test->key, buf_text(out));
	arena_done(&mem);
}

static unsigned run_scenario(const struct yaml_node *scenario)
{
	auto_resolver *mock = resolver_mock_new(MOCK_OPEN);
	const struct yaml_node *zone = yaml_get(scenario, "zonedata");
	const struct yaml_node *tests = yaml_get(scenario, "tests");
	for (const struct yaml_node *name = zone->first; name; name = name->next)
		add_name(mock, name);
	unsigned count = 0;
	for (const struct yaml_node *test = tests->first; test; test = test->next) {
		struct question question;
		auto_buf serial = BUF_INIT, ahead = BUF_INIT;
		read_question(test, &question);
		run(mock, &question, true, &serial, test);
		run(mock, &question, false, &ahead, test);
		assert_string_equal(buf_text(&serial), buf_text(&ahead));
		count++;
	}
	return count;
}

static char *read_whole(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "r");
	if (!file)
		return NULL;
	auto_buf text = BUF_INIT;
	char piece[4096];
	size_t len;
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(&text, piece, len);
	fclose(file);
	*ret_len = text.len;
	return buf_take(&text);
}

static void test_suite(void **state)
{
	(void)state;
	const char *folder = getenv("TESTDATA");
	auto_free char *path =
		xasprintf("%s/spf/rfc7208-tests.yml", folder ? folder : "");
	size_t len = 0;
	auto_free char *text = folder && *folder ? read_whole(path, &len) : NULL;
	if (!text) {
		printf("skipped: the openspf suite is not in TESTDATA (%s)\n", path);
		free(path); /* skip() does not come back */
		skip();
	}
	auto_arena mem = { 0 };
	assert_true(arena_open(&mem, MEMORY));
	const struct yaml_node *scenario;
	struct err err;
	if (yaml_read(text, len, path, &mem, &scenario, &err) != 0)
		fail_msg("%s", err.text);
	unsigned count = 0, scenarios = 0;
	for (; scenario; scenario = scenario->next, scenarios++)
		count += run_scenario(scenario);
	printf("%u scenarios, %u tests\n", scenarios, count);
	assert_int_equal(scenarios, 16);
	assert_int_equal(count, 203);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_suite) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
