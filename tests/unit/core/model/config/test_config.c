/* Configuration files: what is read, what they make of a store, and what is written of it.  (Broken
 * ones and generated ones: tests/config.) */
#include "core/model/config/config.h"

#include "core/model/key/key.h"
#include "core/model/key/key_secret.h"
#include "core/model/key/publish.h"
#include "core/model/record/record.h"
#include "core/model/record/template.h"
#include "core/model/setting/srs_secret.h"
#include "tests/unit/model_store.h"

static struct buf faults; /* all but the last, a line each */

static void hear_fault(void *arg, const char *sentence)
{
	(void)arg;
	buf_printf(&faults, "%s\n", sentence);
}

static int read_text(const char *text, struct config **ret_config)
{
	buf_clear(&faults);
	return config_read(text, strlen(text), "f", hear_fault, NULL, ret_config, &err);
}

/* ---- applying -------------------------------------------------------------------------------- */

static struct buf told; /* what the hooks were called for */

/* As the command does without its keys. */
static int enable(void *arg, const struct domain *domain, struct err *e)
{
	(void)arg;
	buf_printf(&told, "enable %s\n", domain->name);
	return setting_set(store, SET_DKIM_SIGN, domain->id, domain->name, "on", e);
}

static int publish(void *arg, const struct domain *domain, struct err *e)
{
	(void)arg;
	(void)e;
	buf_printf(&told, "publish %s\n", domain->name);
	return 0;
}

/* 1: something changed, 0: nothing, negative: refused, and nothing is. */
static int import(const char *text, bool is_pruning)
{
	const struct config_hooks hooks = { .is_pruning = is_pruning,
		                            .enable = enable,
		                            .publish = publish };
	auto_config config = NULL;
	bool is_changed = false;
	buf_clear(&told);
	err_clear(&err);
	int r = read_text(text, &config);
	if (r < 0)
		return r;
	begin();
	r = config_apply(store, &ctx, config, &hooks, &err);
	if (r < 0) {
		store_rollback(store);
		return r;
	}
	ok(change_end(store, &is_changed, &err));
	ok(store_commit(store, &err));
	return is_changed;
}

static int collect(void *arg, const char *text, size_t len, struct err *e)
{
	(void)e;
	buf_add(arg, text, len);
	return 0;
}

/* The document without its heading; the caller frees. */
static char *export(bool has_keys)
{
	struct buf text = BUF_INIT;
	const struct config_output output = { .has_keys = has_keys,
		                              .put = collect,
		                              .arg = &text };
	ok(config_write(store, &output, &err));
	char *from = xstrdup(strstr(text.at, "format:"));
	buf_done(&text);
	return from;
}

#define TEMPLATE                                           \
	"template:\n"                                      \
	"  - id: t1\n"                                     \
	"    owner: \"<domain>.\"\n"                       \
	"    type: TXT\n"                                  \
	"    data: \"v=spf1 +a +mx +a:<hostname> -all\"\n" \
	"  - id: t2\n"                                     \
	"    owner: \"_dmarc.<domain>.\"\n"                \
	"    type: TXT\n"                                  \
	"    data: \"v=DMARC1; p=none\"\n"

static void test_defaults(void **state)
{
	(void)state;
	auto_free char *text = export(false);
	assert_string_equal(text, "format: 1\nserver: {}\n" TEMPLATE "domains: {}\n");
	struct store *there = store;
	store = NULL;
	auto_free char *without = export(true);
	store = there;
	assert_string_equal(text, without);
	assert_int_equal(import(text, true), 0);
}

static void test_whole(void **state)
{
	(void)state;
	static const char text[] =
		"format: 1\n"
		"server:\n"
		"  dkim.sign: off\n"
		"  dns.service: \"off\"\n"
		"  mail: off\n"
		"  spf.mode: reject-fail\n" TEMPLATE "older-templates:\n"
		"  old-1:\n"
		"    - id: t1\n"
		"      owner: \"<domain>.\"\n"
		"      type: TXT\n"
		"      data: \"v=spf1 -all\"\n"
		"domains:\n"
		"  a.example:\n"
		"    alias-of: z.example\n"
		"    settings:\n"
		"      mail: off\n"
		"  m.example:\n"
		"    suspended: on\n"
		"    settings:\n"
		"      dkim.sign: on\n"
		"  z.example:\n"
		"    template: old-1\n"
		"    settings:\n"
		"      dkim.retire-after: \"10d\"\n"
		"      dkim.sign: on\n"
		"      dns.ttl: 60\n"
		"    records:\n"
		"      - id: t1\n"
		"        owner: \"@\"\n"
		"        type: TXT\n"
		"        data: \"v=spf1 mx -all\"\n"
		"      - owner: www\n"
		"        type: A\n"
		"        ttl: 5\n"
		"        data: \"192.0.2.1\"\n";
	/* what forbids comes last: every line of it is allowed together */
	if (import(text, false) != 1)
		fail_msg("%s", err.text);
	assert_string_equal(told.at, "enable m.example\nenable z.example\n"
	                             "publish a.example\n");
	auto_free char *first = export(false);
	assert_string_equal(first, text);
	assert_int_equal(import(text, false), 0);
	assert_int_equal(import(text, true), 0);
	assert_int_equal(number("SELECT count(*) FROM template"), 2);
	/* a part leaves the rest alone, and takes it away where that is wanted */
	assert_int_equal(import("format: 1\ndomains:\n  z.example: {}\n", false), 0);
	assert_int_equal(import("format: 1\ndomains:\n  z.example: {}\n", true), 1);
	assert_int_equal(number("SELECT count(*) FROM domain"), 1);
	assert_int_equal(number("SELECT count(*) FROM domain_setting"), 0);
	assert_int_equal(number("SELECT count(*) FROM record"), 0);
	assert_int_equal(number("SELECT count(*) FROM setting"), 4);
	/* without the section no domain goes */
	assert_int_equal(import("format: 1\nserver: {}\n", true), 1);
	assert_int_equal(number("SELECT count(*) FROM domain"), 1);
	assert_int_equal(number("SELECT count(*) FROM setting"), 0);
	assert_int_equal(import("format: 1\ndomains: {}\n", true), 1);
	assert_int_equal(number("SELECT count(*) FROM domain"), 0);
}

static void test_nothing_halfway(void **state)
{
	(void)state;
	assert_int_equal(
		import("format: 1\nserver: {spf.mode: 3}\ndomains:\n"
	               "  a.example: {}\n  b.example: {alias-of: nowhere.test}\n",
	               false),
		ERR_FAILED);
	assert_string_equal(err.text,
	                    "f:5:25: domain nowhere.test not found; to add it, run "
	                    "\"mailauthctl domain add nowhere.test\"");
	assert_int_equal(number("SELECT count(*) FROM setting"), 0);
	assert_int_equal(number("SELECT count(*) FROM domain"), 0);
	assert_int_equal(number("SELECT count(*) FROM change"), 0);
}

static void test_records(void **state)
{
	(void)state;
	static const char first[] =
		"format: 1\ndomains:\n  a.example:\n    records:\n"
		"      - {owner: www, type: CNAME, data: x}\n"
		"      - {id: t1, removed: on}\n"
		"      - {owner: a.example, type: TXT, data: v=spf1 mx -all}\n"
		"      - {owner: '*', type: A, data: 192.0.2.1}\n";
	assert_int_equal(import(first, false), 1);
	/* a policy and a CNAME are changed, others are more */
	assert_int_equal(import("format: 1\ndomains:\n  a.example:\n    records:\n"
	                        "      - {owner: www, type: CNAME, data: y}\n"
	                        "      - {owner: '@', type: TXT, data: v=spf1 -all}\n"
	                        "      - {owner: '*', type: A, data: 192.0.2.2}\n",
	                        false),
	                 1);
	assert_int_equal(number("SELECT count(*) FROM record"), 5);
	assert_int_equal(number("SELECT count(*) FROM record WHERE rdata = 'y'"), 1);
	assert_int_equal(number("SELECT count(*) FROM record WHERE type = 'A'"), 2);
	/* what stood in the way goes in the same step; one record keeps its number */
	int64_t kept = number("SELECT id FROM record WHERE rdata = '192.0.2.1'");
	assert_int_equal(
		import("format: 1\ndomains:\n  a.example:\n    records:\n"
	               "      - {owner: www, type: A, data: 192.0.2.3}\n"
	               "      - {owner: '*', type: A, ttl: 7, data: 192.0.2.1}\n",
	               true),
		1);
	assert_int_equal(number("SELECT count(*) FROM record"), 2);
	assert_int_equal(number("SELECT id FROM record WHERE ttl = 7"), kept);
	/* two that a setting makes the same are no fault; the single command saw none either */
	assert_int_equal(import("format: 1\nserver: {dns.ipv4: 192.0.2.1}\ndomains:\n"
	                        "  a.example:\n    records:\n"
	                        "      - {owner: '*', type: A, data: <ip>}\n",
	                        false),
	                 1);
	/* two edits that change places */
	assert_int_equal(import("format: 1\ntemplate:\n"
	                        "  - {id: t5, owner: m, type: A, data: 192.0.2.5}\n"
	                        "  - {id: t6, owner: m, type: A, data: 192.0.2.6}\n"
	                        "domains:\n  a.example:\n    records:\n"
	                        "      - {id: t5, data: 192.0.2.15}\n"
	                        "      - {id: t6, data: 192.0.2.16}\n",
	                        false),
	                 1);
	assert_int_equal(import("format: 1\ndomains:\n  a.example:\n    records:\n"
	                        "      - {id: t5, data: 192.0.2.16}\n"
	                        "      - {id: t6, data: 192.0.2.15}\n",
	                        false),
	                 1);
}

static void test_template(void **state)
{
	(void)state;
	add_domain("a.example", NULL);
	add_domain("b.example", NULL);
	/* named: it follows; not named: it stays where it is */
	assert_int_equal(import("format: 1\ntemplate:\n  - {id: t1, removed: on}\n"
	                        "  - {owner: www, type: A, data: <ip>}\n"
	                        "domains:\n  a.example: {}\n",
	                        false),
	                 1);
	auto_free char *text = export(false);
	assert_non_null(strstr(text, "template:\n  - id: t1\n    removed: on\n"));
	assert_non_null(
		strstr(text, "  a.example: {}\n  b.example:\n    template: old-1\n"));
	assert_int_equal(import(text, true), 0);
	/* without an id: the one that is there */
	assert_int_equal(
		import("format: 1\ntemplate:\n  - {owner: www, type: A, data: <ip>}\n"
	               "  - {owner: _dmarc, type: TXT, data: v=DMARC1; p=reject}\n",
	               false),
		1);
	assert_int_equal(
		number("SELECT count(*) FROM template_record WHERE rev = (SELECT "
	               "max(rev) FROM template)"),
		2);
	/* every domain: one step */
	assert_int_equal(
		import("format: 1\ntemplate: []\ndomains: {a.example: {}, b.example: {}}\n",
	               false),
		1);
	assert_int_equal(number("SELECT count(DISTINCT template_rev) FROM domain"), 1);
	assert_int_equal(
		number("SELECT count(*) FROM change_item WHERE change_id = (SELECT "
	               "max(id) FROM change) AND field = 'applied to all'"),
		1);
}

static void test_aliases(void **state)
{
	(void)state;
	static const char one[] = "format: 1\ndomains:\n  a.example: {}\n"
				  "  b.example: {alias-of: a.example}\n"
				  "  c.example: {alias-of: a.example}\n";
	static const char other[] = "format: 1\ndomains:\n  b.example: {}\n"
				    "  a.example: {alias-of: b.example}\n"
				    "  c.example: {alias-of: b.example}\n";
	assert_int_equal(import(one, false), 1);
	refused(import(other, false), ERR_FAILED, "f:4:25: a.example is not an alias");
	assert_int_equal(import(other, true), 1);
	assert_int_equal(import(other, true), 0);
	assert_int_equal(
		number("SELECT count(*) FROM domain a JOIN domain b ON a.alias_of"
	               " = b.id WHERE b.name = 'b.example'"),
		2);
	assert_int_equal(import(one, true), 1);
	assert_int_equal(import(one, true), 0);
}

/* ---- keys and secrets ------------------------------------------------------------------------ */

#define PEM(body)                                                     \
	"        private: |\n          -----BEGIN PRIVATE KEY-----\n" \
	"          " body "\n          -----END PRIVATE KEY-----\n"
#define ONE "MC4CAQAwBQYDK2VwBCIEIEYWvPOeAR/CxyiCRGRYnFkQ0QJm2YgINO6GJNOyzwdX"
#define TWO "MC4CAQAwBQYDK2VwBCIEIDyGVG4LLGj2kKbCQsZVmbn6YHZ4e2HPIdN7eTWXIdg5"

static void test_keys(void **state)
{
	(void)state;
	static const char text[] =
		"format: 1\nserver: {}\n" TEMPLATE "domains:\n"
		"  a.example:\n"
		"    settings:\n"
		"      dkim.sign: on\n"
		"    keys:\n"
		"      - selector: one\n"
		"        state: active\n" PEM(
			ONE) "      - selector: two\n"
			     "        state: retiring\n" PEM(
				     TWO) "  b.example:\n"
					  "    keys:\n"
					  "      - selector: one\n"
					  "        state: active\n" PEM(ONE);
	assert_int_equal(import(text, false), 1);
	assert_int_equal(import(text, false), 0);
	/* not pending needlessly, and yet nothing signs: no record is public from here */
	assert_int_equal(number("SELECT count(*) FROM dkim_key WHERE state = 'active'"),
	                 1);
	assert_int_equal(number("SELECT count(*) FROM key_public"), 0);
	assert_int_equal(number("SELECT due FROM dkim_key WHERE state = 'retiring'"),
	                 NOON + 7 * 86400);
	/* a domain that does not sign keeps the key as one that rests */
	assert_int_equal(number("SELECT count(*) FROM dkim_key k JOIN domain d ON d.id ="
	                        " k.domain_id WHERE d.name = 'b.example' AND"
	                        " k.state = 'resting'"),
	                 1);
	auto_free char *with = export(true);
	assert_non_null(strstr(with, "        private: |\n          -----BEGIN PRIVATE"));
	auto_free char *without = export(false);
	assert_null(strstr(without, "PRIVATE"));
	/* keys never go */
	assert_int_equal(import(without, true), 0);
	assert_int_equal(number("SELECT count(*) FROM dkim_key"), 3);
	assert_string_equal(buf_text(&told), "");
	/* another key where there are keys: as key import takes it */
	assert_int_equal(import("format: 1\ndomains:\n  b.example:\n    keys:\n"
	                        "      - selector: two\n"
	                        "        state: active\n" PEM(TWO),
	                        false),
	                 1);
	assert_int_equal(number("SELECT count(*) FROM dkim_key WHERE state = 'parked'"),
	                 1);
	refused(import("format: 1\ndomains:\n  a.example:\n    keys:\n"
	               "      - selector: three\n" PEM(ONE),
	               false),
	        ERR_FAILED,
	        "f:5:9: a.example already has this key with the selector one");
}

static void test_secrets(void **state)
{
	(void)state;
	static const char text[] =
		"format: 1\nserver:\n  srs.enabled: on\n  srs.secret:\n"
		"    - new-secret-of-many-letters\n    - old-secret-of-many-letters\n";
	assert_int_equal(import(text, false), 1);
	auto_secret lines = SECRET_INIT;
	ok(srs_secret_lines(store, &lines, &err));
	assert_int_equal(lines.len, 54);
	assert_memory_equal(
		lines.at, "new-secret-of-many-letters\nold-secret-of-many-letters\n", 54);
	assert_int_equal(import(text, true), 0);
	auto_free char *without = export(false);
	assert_null(strstr(without, "secret"));
	auto_free char *with = export(true);
	assert_non_null(strstr(with, "  srs.secret:\n    - new-secret-of-many-letters\n"
	                             "    - old-secret-of-many-letters\n"));
	assert_int_equal(import(with, true), 0);
	/* the audit trail has fingerprints alone */
	assert_int_equal(
		number("SELECT count(*) FROM change_item WHERE new LIKE '%letters%'"), 0);
	refused(import("format: 1\nserver: {srs.secret: too-short}\n", false), ERR_USAGE,
	        "f:2:22: srs.secret must be one line of 16");
	assert_null(strstr(err.text, "too-short"));
}

/* ---- reading --------------------------------------------------------------------------------- */

static void test_faults(void **state)
{
	(void)state;
	auto_config config = NULL;
	/* all of them, in their order, the last one as the error */
	assert_int_equal(
		read_text("format: 1\ndomains:\n  b: {}\n  a.example:\n"
	                  "    settings: {dns.ttl: x}\nserver: {spf.mode: \"\x1b[1m\"}\n",
	                  &config),
		ERR_USAGE);
	/* the reader of YAML takes no control characters */
	assert_non_null(strstr(err.text, "f:6:21: not valid YAML"));
	assert_int_equal(read_text("format: 1\ndomains:\n  b: {}\n  a.example:\n"
	                           "    settings: {dns.ttl: x}\n"
	                           "server: {mail: \"\\e[1m\", no: 1}\n",
	                           &config),
	                 ERR_USAGE);
	assert_non_null(strstr(faults.at, "f:3:3: \"b\" is not a domain name"));
	assert_non_null(strstr(faults.at, "\nf:5:25: dns.ttl must"));
	assert_non_null(strstr(faults.at, "\nf:6:16: mail: the value contains a "
	                                  "control"));
	assert_non_null(strstr(err.text, "f:6:25: unknown setting \"no\""));
	assert_null(strchr(faults.at, '\x1b'));
	/* so many and no more */
	auto_buf many = BUF_INIT;
	buf_puts(&many, "format: 1\ndomains:\n");
	for (int i = 0; i < 50; i++)
		buf_printf(&many, "  x%d: {}\n", i);
	assert_int_equal(read_text(many.at, &config), ERR_USAGE);
	size_t lines = 1;
	for (const char *c = faults.at; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, CONFIG_FAULTS_MAX);
}

static void test_bounds(void **state)
{
	(void)state;
	auto_config config = NULL;
	auto_buf dense = BUF_INIT;
	buf_puts(&dense, "format: 1\ntemplate: [");
	for (int i = 0; i < 1000000; i++)
		buf_puts(&dense, "x,");
	buf_puts(&dense, "]\n");
	refused(read_text(dense.at, &config), ERR_USAGE, "the text is too large");
	auto_buf list = BUF_INIT;
	buf_puts(&list, "format: 1\ndomains:\n  a.example:\n    records:\n");
	for (int i = 0; i < 10001; i++)
		buf_printf(&list, "      - {owner: x%d, type: A, data: 192.0.2.1}\n", i);
	refused(read_text(list.at, &config), ERR_USAGE,
	        "f:5:7: the list has more than 10000 items");
	refused(read_text("format: 1\nx: \xff\n", &config), ERR_USAGE,
	        "f:2:4: not valid");
}

/* JSON is YAML; line ends and a mark of the byte order do not matter. */
static void test_other_forms(void **state)
{
	(void)state;
	assert_int_equal(
		import("{\"format\": 1, \"domains\": {\"a.example\": {\"records\":"
	               " [{\"owner\": \"@\", \"type\": \"TXT\", \"data\": \"a \\\"b\\\"\"}]}}}",
	               false),
		1);
	assert_int_equal(number("SELECT count(*) FROM record WHERE rdata = 'a \"b\"'"),
	                 1);
	assert_int_equal(import("\xef\xbb\xbf"
	                        "format: 1\r\ndomains:\r\n  b.example: {}\r\n",
	                        false),
	                 1);
	/* values are what was typed */
	assert_int_equal(
		import("format: 1\nserver: {dmarc.reject: no, dns.ttl: \"010\"}\n",
	               false),
		1);
	assert_int_equal(number("SELECT value = 'off' FROM setting WHERE key ="
	                        " 'dmarc.reject'"),
	                 1);
	assert_int_equal(number("SELECT value = '10' FROM setting WHERE key = 'dns.ttl'"),
	                 1);
}

/* Each setting is in the schema, where it may stand. */
static void test_schema(void **state)
{
	(void)state;
	auto_buf out = BUF_INIT;
	config_put_schema(&out);
	const char *domains = strstr(out.at, "\"domainSettings\": {");
	assert_non_null(domains);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		auto_free char *key = xasprintf("\"%s\": {\n", setting_table[i].key);
		const char *first = strstr(out.at, key);
		assert_true(first && first < domains);
		assert_int_equal(strstr(domains, key) != NULL,
		                 (setting_table[i].flags & SETTING_AT_DOMAIN) != 0);
	}
}

#define case_of(f) cmocka_unit_test_setup_teardown(f, setup_store, teardown_store)

static int forget(void **state)
{
	(void)state;
	buf_done(&faults);
	buf_done(&told);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(test_defaults),
		case_of(test_whole),
		case_of(test_nothing_halfway),
		case_of(test_records),
		case_of(test_template),
		case_of(test_aliases),
		case_of(test_keys),
		case_of(test_secrets),
		case_of(test_faults),
		case_of(test_bounds),
		case_of(test_other_forms),
		case_of(test_schema),
	};
	return cmocka_run_group_tests(tests, NULL, forget);
}
