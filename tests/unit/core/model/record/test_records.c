/* Template, a domain's own records, and what follows from them. */
#include "tests/unit/model_store.h"

#include "core/model/life/domain_life.h"
#include "core/model/record/record.h"
#include "core/model/record/record_text.h"
#include "core/model/record/records.h"
#include "core/model/record/template.h"
#include "core/model/record/template_edit.h"

#define SPF "v=spf1 +a +mx +a:mail.example.net -all"
#define KEY_11 "v=DKIM1; k=ed25519; p=ERERERERERERERERERERERERERERERERERERERERERE="
#define KEY_22 "v=DKIM1; k=ed25519; p=IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI="

static struct env env = { .hostname = (char *)(uintptr_t) "mail.example.net" };

static struct domain found(const char *name)
{
	struct domain domain = DOMAIN_INIT;
	ok(domain_find(store, name, &domain, &err));
	return domain;
}

static void put_rows(const struct record_list *list, struct buf *out)
{
	for (size_t i = 0; i < list->count; i++)
		buf_printf(out, "%s|%s %u %s|%s|%s\n", list->row[i].id,
		           list->row[i].owner, (unsigned)list->row[i].ttl,
		           list->row[i].type, list->row[i].rdata, list->row[i].source);
	for (size_t i = 0; i < list->lacking_count; i++)
		buf_printf(out, "lacks %s\n", list->lacking[i]);
}

static void assert_records(const char *name, const struct env *with, const char *want)
{
	auto_domain domain = found(name);
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	auto_buf got = BUF_INIT;
	ok(records_new(store, with, &records, &err));
	ok(records_of_domain(records, &domain, &list, &err));
	put_rows(&list, &got);
	assert_string_equal(buf_text(&got), want);
}

static void assert_former(const char *name, bool is_full, const char *want)
{
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	auto_buf got = BUF_INIT;
	ok(records_new(store, &env, &records, &err));
	ok(records_of_former(records, name, is_full, &list, &err));
	put_rows(&list, &got);
	assert_string_equal(buf_text(&got), want);
}

static int64_t template_plus(const char *owner, const char *type, const char *rdata,
                             int64_t ttl)
{
	int64_t uid = 0;
	begin();
	ok(template_add(store, owner, type, rdata, ttl, &uid, &err));
	commit();
	return uid;
}

static void apply_all(void)
{
	begin();
	ok(template_apply(store, 0, &err));
	commit();
}

static void record_plus(const char *name, const char *owner, const char *type,
                        const char *rdata)
{
	auto_domain domain = found(name);
	int64_t id;
	begin();
	ok(record_add(store, &domain, owner, type, rdata, TTL_UNSAID, &id, &err));
	commit();
}

static void record_to(const char *name, const char *id, const char *rdata, int64_t ttl)
{
	auto_domain domain = found(name);
	begin();
	ok(record_set(store, &domain, id, rdata, ttl, &err));
	commit();
}

/* ---- what a domain has ---- */

static void test_four_records(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	assert_records("example.com", &env,
	               "t1|example.com 3600 TXT|" SPF "|template\n"
	               "t2|_dmarc.example.com 3600 TXT|v=DMARC1; p=none|template\n");
	add_key("example.com", "default", "pending", 0x11);
	add_key("example.com", "old", "parked", 0x22);
	assert_records("example.com", &env,
	               "t1|example.com 3600 TXT|" SPF "|template\n"
	               "t2|_dmarc.example.com 3600 TXT|v=DMARC1; p=none|template\n"
	               "|_domainkey.example.com 3600 TXT|o=-|policy\n"
	               "|default._domainkey.example.com 3600 TXT|" KEY_11 "|dkim\n");
	set(SET_DKIM_POLICY, "example.com", "none");
	set(SET_DNS_TTL, NULL, "600");
	assert_records("example.com", &env,
	               "t1|example.com 600 TXT|" SPF "|template\n"
	               "t2|_dmarc.example.com 600 TXT|v=DMARC1; p=none|template\n"
	               "|default._domainkey.example.com 600 TXT|" KEY_11 "|dkim\n");
}

static void test_built_in_is_schema(void **state)
{
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	struct domain domain = { .name = (char *)(uintptr_t) "example.com" };
	auto_buf got = BUF_INIT;
	(void)state;
	ok(records_new(NULL, &env, &records, &err));
	ok(records_of_domain(records, &domain, &list, &err));
	put_rows(&list, &got);
	add_domain("example.com", NULL);
	assert_records("example.com", &env, buf_text(&got));
	assert_int_equal(list.count, 2);
}

static void test_alias_and_mail(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_domain("example.org", "example.com");
	add_key("example.com", "default", "active", 0x11);
	set(SET_MAIL, "example.com", "off");
	set(SET_DNS_TTL, "example.com", "60");
	set(SET_DNS_TTL, "example.org", "30");
	assert_records("example.org", &env,
	               "t1|example.org 30 TXT|v=spf1 -all|template\n"
	               "t2|_dmarc.example.org 30 TXT|v=DMARC1; p=reject|template\n"
	               "|_domainkey.example.org 30 TXT|o=-|policy\n"
	               "|default._domainkey.example.org 30 TXT|" KEY_11 "|dkim\n");
	record_to("example.com", "t2", "v=DMARC1; p=quarantine", TTL_UNSAID);
	assert_records("example.com", &env,
	               "t1|example.com 60 TXT|v=spf1 -all|template\n"
	               "t2|_dmarc.example.com 60 TXT|v=DMARC1; p=quarantine|edited\n"
	               "|_domainkey.example.com 60 TXT|o=-|policy\n"
	               "|default._domainkey.example.com 60 TXT|" KEY_11 "|dkim\n");
}

static void test_lacking(void **state)
{
	const struct env none = { 0 };
	(void)state;
	template_plus("www", "A", "<ip>", TTL_UNSAID);
	template_plus("www", "AAAA", "<ipv6>", 300);
	add_domain("example.com", NULL);
	assert_records("example.com", &none,
	               "t2|_dmarc.example.com 3600 TXT|v=DMARC1; p=none|template\n"
	               "lacks hostname\nlacks ip\nlacks ipv6\n");
	set(SET_DNS_IPV4, "example.com", "11.22.33.44");
	assert_records("example.com", &none,
	               "t2|_dmarc.example.com 3600 TXT|v=DMARC1; p=none|template\n"
	               "t3|www.example.com 3600 A|11.22.33.44|template\n"
	               "lacks hostname\nlacks ipv6\n");
}

static void test_former_keys(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_key("example.com", "default", "active", 0x11);
	sql("INSERT INTO former_key VALUES"
	    " ('example.com', 'default', 'ed25519', zeroblob(32), 9),"
	    " ('example.com', 'gone', 'ed25519',"
	    " X'2222222222222222222222222222222222222222222222222222222222222222', 9),"
	    " ('old.example', 'gone', 'ed25519',"
	    " X'2222222222222222222222222222222222222222222222222222222222222222', 9)");
	assert_records("example.com", &env,
	               "t1|example.com 3600 TXT|" SPF "|template\n"
	               "t2|_dmarc.example.com 3600 TXT|v=DMARC1; p=none|template\n"
	               "|_domainkey.example.com 3600 TXT|o=-|policy\n"
	               "|default._domainkey.example.com 3600 TXT|" KEY_11 "|dkim\n"
	               "|gone._domainkey.example.com 3600 TXT|" KEY_22 "|former\n");
	template_plus("@", "NS", "ns1.example.net.", TTL_UNSAID);
	template_plus("@", "SOA", "ns1.example.net. hostmaster 0 3600 900 604800 300",
	              TTL_UNSAID);
	assert_former("old.example", false,
	              "|gone._domainkey.old.example 3600 TXT|" KEY_22 "|former\n");
	assert_former(
		"old.example", true,
		"t4|old.example 3600 SOA|ns1.example.net. hostmaster.old.example. 0 3600 900 "
		"604800 300|template\n"
		"t3|old.example 3600 NS|ns1.example.net.|template\n"
		"|gone._domainkey.old.example 3600 TXT|" KEY_22 "|former\n");
	assert_former("never.example", true, "");
}

/* ---- template ---- */

static void test_revisions(void **state)
{
	int64_t uid;
	(void)state;
	add_domain("example.com", NULL);
	begin();
	ok(template_add(store, "www", "cname", "<domain>.", TTL_UNSAID, &uid, &err));
	ok(template_set(store, 2, "v=DMARC1; p=reject", 60, &err));
	commit();
	assert_int_equal(uid, 3);
	assert_int_equal(number("SELECT count(*) FROM template"), 2);
	assert_records("example.com", &env,
	               "t1|example.com 3600 TXT|" SPF "|template\n"
	               "t2|_dmarc.example.com 3600 TXT|v=DMARC1; p=none|template\n");
	int64_t behind;
	ok(template_behind(store, &behind, &err));
	assert_int_equal(behind, 1);
	apply_all();
	assert_int_equal(number("SELECT count(*) FROM template"), 2);
	assert_records("example.com", &env,
	               "t1|example.com 3600 TXT|" SPF "|template\n"
	               "t2|_dmarc.example.com 60 TXT|v=DMARC1; p=reject|template\n"
	               "t3|www.example.com 3600 CNAME|example.com.|template\n");
	begin();
	ok(template_apply(store, 0, &err));
	ok(template_set(store, 2, NULL, TTL_UNSAID, &err));
	assert_false(commit());
	begin();
	ok(template_remove(store, 3, &err));
	ok(template_reset(store, &err));
	ok(template_apply(store, 0, &err));
	assert_true(commit());
	assert_records("example.com", &env,
	               "t1|example.com 3600 TXT|" SPF "|template\n"
	               "t2|_dmarc.example.com 3600 TXT|v=DMARC1; p=none|template\n");
	begin();
	ok(template_reset(store, &err));
	assert_false(commit());
	/* the revisions that are kept have a t3 */
	assert_int_equal(template_plus("www", "A", "192.0.2.7", 0), 4);
}

static void test_template_refusals(void **state)
{
	static const struct {
		const char *owner, *type, *rdata;
		int64_t ttl;
		int code;
		const char *words;
	} rows[] = {
		{ "@", "TXT", "v=spf1 -all", -1, ERR_FAILED,
		  "already has its SPF record at <domain>." },
		{ "_dmarc", "TXT", "v=DMARC1; p=reject", -1, ERR_FAILED,
		  "template set t2" },
		{ "_dmarc", "TXT", "hello", -1, ERR_USAGE, "DMARC" },
		{ "@", "TXT", "v=spf1 +a +mx +a:<hostname> -all", -1, ERR_FAILED,
		  "already has that record: t1" },
		{ "sub", "TXT", "v=spf1 wrong -all", -1, ERR_USAGE, "wrong" },
		{ "@", "CNAME", "example.net.", -1, ERR_FAILED, "CNAME" },
		{ "_dmarc", "CNAME", "example.net.", -1, ERR_FAILED, "CNAME" },
		{ "www", "A", "300.1.1.1", -1, ERR_USAGE, "A" },
		{ "www", "A", "<ipv4>", -1, ERR_USAGE, "<ipv4>" },
		{ "www.<doman>.", "A", "<ip>", -1, ERR_USAGE, "<domain>" },
		{ "www.example.com.", "A", "<ip>", -1, ERR_USAGE, "not at or below" },
		{ "<domain>.www", "A", "<ip>", -1, ERR_USAGE, "at its end" },
		{ "w w", "A", "<ip>", -1, ERR_USAGE, "space" },
		{ "www", "NONE", "<ip>", -1, ERR_USAGE, "NONE" },
		{ "www", "A", "<ip>", 2147483648, ERR_USAGE, "TTL" },
	};
	int64_t uid;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		begin();
		refused(template_add(store, rows[i].owner, rows[i].type, rows[i].rdata,
		                     rows[i].ttl, &uid, &err),
		        rows[i].code, rows[i].words);
		store_rollback(store);
	}
	begin();
	refused(template_set(store, 9, "x", -1, &err), ERR_MISSING, "t9");
	refused(template_remove(store, 9, &err), ERR_MISSING, "t9");
	refused(template_set(store, 1, "hello", -1, &err), ERR_USAGE, "the SPF record");
	store_rollback(store);
}

static void test_owners(void **state)
{
	static const struct {
		const char *typed, *kept;
	} rows[] = {
		{ "@", "<domain>." },
		{ "", "<domain>." },
		{ "<domain>", "<domain>." },
		{ "<domain>.", "<domain>." },
		{ "WWW", "www.<domain>." },
		{ "a.b", "a.b.<domain>." },
		{ "*", "*.<domain>." },
		{ "_sip._tcp.<domain>.", "_sip._tcp.<domain>." },
		{ "example.com", "<domain>." },
		{ "Example.com.", "<domain>." },
		{ "www.example.com", "www.<domain>." },
		{ "www.example.com.", "www.<domain>." },
		{ "wwwexample.com", "wwwexample.com.<domain>." },
	};
	(void)state;
	add_domain("example.com", NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *kept = NULL;
		record_plus("example.com", rows[i].typed, "A", "192.0.2.1");
		ok(store_get_text(store, &kept, &err, "SELECT owner FROM record", ""));
		assert_string_equal(kept, rows[i].kept);
		sql("DELETE FROM record");
	}
}

/* ---- own records ---- */

static void test_own_records(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	record_plus("example.com", "@", "mx", "10 <hostname>");
	record_plus("example.com", "www", "CNAME", "<domain>");
	record_plus("example.com", "@", "NS", "ns2");
	record_to("example.com", "t1", "v=spf1 mx -all", 120);
	assert_records("example.com", &env,
	               "3|example.com 3600 NS|ns2.example.com.|own\n"
	               "1|example.com 3600 MX|10 mail.example.net.|own\n"
	               "t1|example.com 120 TXT|v=spf1 mx -all|edited\n"
	               "t2|_dmarc.example.com 3600 TXT|v=DMARC1; p=none|template\n"
	               "2|www.example.com 3600 CNAME|example.com.|own\n");
	auto_domain domain = found("example.com");
	begin();
	ok(domain_life_rename(store, &ctx, &domain, "example.net", &err));
	commit();
	auto_domain renamed = found("example.net");
	begin();
	ok(record_remove(store, &renamed, "t2", &err));
	ok(record_remove(store, &renamed, "1", &err));
	ok(record_set(store, &renamed, "2", NULL, 5, &err));
	commit();
	assert_records("example.net", &env,
	               "3|example.net 3600 NS|ns2.example.net.|own\n"
	               "t1|example.net 120 TXT|v=spf1 mx -all|edited\n"
	               "2|www.example.net 5 CNAME|example.net.|own\n");
	begin();
	ok(record_reset(store, &renamed, "t2", &err));
	ok(record_reset(store, &renamed, "t2", &err));
	refused(record_reset(store, &renamed, "2", &err), ERR_USAGE, "record remove");
	commit();
	begin();
	ok(record_reset(store, &renamed, NULL, &err));
	commit();
	assert_records("example.net", &env,
	               "t1|example.net 3600 TXT|" SPF "|template\n"
	               "t2|_dmarc.example.net 3600 TXT|v=DMARC1; p=none|template\n");
	assert_int_equal(number("SELECT count(*) FROM record"), 0);
}

static void test_record_refusals(void **state)
{
	static const struct {
		const char *owner, *type, *rdata;
		int code;
		const char *words;
	} rows[] = {
		{ "@", "TXT", "v=spf1 -all", ERR_FAILED, "record set example.com t1" },
		{ "_dmarc", "TXT", "v=DMARC1; p=reject", ERR_FAILED,
		  "record set example.com t2" },
		{ "_dmarc", "TXT", "text", ERR_USAGE, "DMARC" },
		{ "www", "A", "192.0.2.1", ERR_FAILED, "already" },
		{ "www", "CNAME", "example.net.", ERR_FAILED, "CNAME" },
		{ "@", "CNAME", "example.net.", ERR_FAILED, "CNAME" },
		{ "default._domainkey", "TXT", "v=DKIM1; p=", ERR_FAILED,
		  "two key records" },
		{ "www.example.net.", "A", "192.0.2.1", ERR_USAGE,
		  "not at or below example.com" },
		{ "a", "SOA", "a. b. 1 2 3 4 5", ERR_FAILED, "must be at example.com" },
	};
	int64_t id;
	(void)state;
	add_domain("example.com", NULL);
	add_key("example.com", "default", "active", 0x11);
	record_plus("example.com", "www", "A", "192.0.2.1");
	auto_domain domain = found("example.com");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		begin();
		refused(record_add(store, &domain, rows[i].owner, rows[i].type,
		                   rows[i].rdata, -1, &id, &err),
		        rows[i].code, rows[i].words);
		store_rollback(store);
	}
	begin();
	refused(record_set(store, &domain, "t1", "no policy", -1, &err), ERR_USAGE,
	        "SPF");
	refused(record_set(store, &domain, "x1", "y", -1, &err), ERR_USAGE, "x1");
	refused(record_set(store, &domain, "t9", "y", -1, &err), ERR_MISSING, "t9");
	refused(record_remove(store, &domain, "9", &err), ERR_MISSING, "no record 9");
	store_rollback(store);
}

/* Its own policy stands in the place of a new template's; other contradictions are refused. */
static void test_apply_over_edits(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	record_to("example.com", "t1", "v=spf1 mx -all", TTL_UNSAID);
	begin();
	ok(template_remove(store, 1, &err));
	commit();
	template_plus("@", "TXT", "v=spf1 a -all", TTL_UNSAID);
	apply_all();
	assert_records("example.com", &env,
	               "t1|example.com 3600 TXT|v=spf1 mx -all|edited\n"
	               "t2|_dmarc.example.com 3600 TXT|v=DMARC1; p=none|template\n");
	record_plus("example.com", "www", "A", "192.0.2.1");
	template_plus("www", "CNAME", "<domain>.", TTL_UNSAID);
	begin();
	refused(template_apply(store, 0, &err), ERR_FAILED, "www.example.com");
	store_rollback(store);
}

/* What no edit lets through may still meet in a list: the last line before a commit and a file. */
static void test_check(void **state)
{
	static const struct {
		const char *owner, *type, *rdata;
		enum policy_kind kind;
		const char *words; /* beside "v=spf1 -all" at example.com */
	} rows[] = {
		{ "example.com", "TXT", "v=spf1 mx -all", POLICY_SPF, "two SPF records" },
		{ "example.com", "TXT", "v=spf1 -all", POLICY_OTHER, "already" },
		{ "notexample.com", "TXT", "x", POLICY_OTHER,
		  "not at or below example.com" },
		{ "_dmarc.example.com", "TXT", "v=DMARC1; p=x", POLICY_DMARC, "p" },
		{ "example.com", "TXT", "x", POLICY_OTHER, NULL },
		{ "example.com", "SPF", "v=spf1 -all", POLICY_OTHER, NULL },
		{ "www.example.com", "TXT", "v=spf1 mx -all", POLICY_SPF, NULL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct record_row pair[] = {
			{ .id = (char *)(uintptr_t) "t1",
			  .owner = (char *)(uintptr_t) "example.com",
			  .type = (char *)(uintptr_t) "TXT",
			  .rdata = (char *)(uintptr_t) "v=spf1 -all",
			  .kind = POLICY_SPF },
			{ .id = (char *)(uintptr_t) "7",
			  .owner = (char *)(uintptr_t)rows[i].owner,
			  .type = (char *)(uintptr_t)rows[i].type,
			  .rdata = (char *)(uintptr_t)rows[i].rdata,
			  .kind = rows[i].kind },
		};
		const struct record_list list = { .row = pair, .count = 2 };
		err_clear(&err);
		int r = records_check(&list, "example.com", &err);
		if ((r < 0) != (rows[i].words != NULL) ||
		    (rows[i].words && !strstr(err.text, rows[i].words)))
			fail_msg("row %zu: %d %s", i, r, err.text);
	}
}

/* ---- bounds ---- */

static void test_bounds(void **state)
{
	char data[RECORD_DATA_MAX + 2];
	int64_t id;
	(void)state;
	memset(data, 'x', sizeof(data));
	data[RECORD_DATA_MAX + 1] = '\0';
	add_domain("example.com", NULL);
	auto_domain domain = found("example.com");
	begin();
	refused(record_add(store, &domain, "x", "TXT", data, TTL_DEFAULT, &id, &err),
	        ERR_USAGE, "for a record is 4096");
	data[RECORD_DATA_MAX] = '\0';
	ok(record_add(store, &domain, "x", "TXT", data, TTL_DEFAULT, &id, &err));
	/* short as typed, long in the zone */
	auto_buf marks = BUF_INIT;
	while (marks.len < RECORD_DATA_MAX - 8)
		buf_puts(&marks, "<domain>");
	refused(record_add(store, &domain, "y", "TXT", buf_text(&marks), TTL_DEFAULT, &id,
	                   &err),
	        ERR_USAGE, "for a record is 4096");
	ok(store_exec(store, &err,
	              "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n"
	              " WHERE i < ?) INSERT INTO record (domain_id, owner, type, rdata,"
	              " kind) SELECT ?, 'h' || i || '.<domain>.', 'A', '192.0.2.1',"
	              " 'other' FROM n",
	              "ii", (int64_t)RECORD_COUNT_MAX - 1, domain.id));
	ok(record_add(store, &domain, "y", "TXT", "y", TTL_DEFAULT, &id, &err));
	refused(record_add(store, &domain, "z", "TXT", "z", TTL_DEFAULT, &id, &err),
	        ERR_FAILED, "which is the limit");
	refused(record_remove(store, &domain, "t1", &err), ERR_FAILED,
	        "which is the "
	        "limit");
}

/* ---- zone text ---- */

static void test_zone_text(void **state)
{
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	auto_record_list bare = RECORD_LIST_INIT;
	auto_buf text = BUF_INIT;
	size_t at = 0;
	char longer[301];
	auto_buf want = BUF_INIT;
	(void)state;
	memset(longer, 'x', 300);
	longer[300] = '\0';
	add_domain("example.com", NULL);
	auto_domain domain = found("example.com");
	ok(records_new(store, &env, &records, &err));
	ok(records_of_domain(records, &domain, &bare, &err));
	refused(records_put_zone(&bare, "example.com", ZONE_FULL, &text, &at, &err),
	        ERR_FAILED,
	        "run \"mailauthctl template add '<domain>.' SOA ...\", then "
	        "\"mailauthctl template apply --all\"");
	record_plus("example.com", "@", "NS", "ns1.example.net.");
	record_plus("example.com", "@", "SOA",
	            "ns1.example.net. hostmaster.example.com. 0 3600 900 604800 300");
	record_plus("example.com", "x", "TXT", longer);
	record_plus("example.com", "y", "TXT", "a \"b\" \\ ;");
	ok(records_of_domain(records, &domain, &list, &err));
	buf_printf(&want,
	           "example.com. 3600 IN NS ns1.example.net.\n"
	           "example.com. 3600 IN TXT \"" SPF "\"\n"
	           "_dmarc.example.com. 3600 IN TXT \"v=DMARC1; p=none\"\n"
	           "x.example.com. 3600 IN TXT \"%.255s\" \"%.45s\"\n"
	           "y.example.com. 3600 IN TXT \"a \\\"b\\\" \\\\ ;\"\n",
	           longer, longer);
	ok(records_put_zone(&list, "example.com", ZONE_INCLUDE, &text, &at, &err));
	assert_string_equal(buf_text(&text), buf_text(&want));
	buf_clear(&text);
	ok(records_put_zone(&list, "example.com", ZONE_FULL, &text, &at, &err));
	static const char soa[] = "example.com. 3600 IN SOA ns1.example.net. "
				  "hostmaster.example.com. 0 3600 900 604800 300\n";
	assert_memory_equal(buf_text(&text), soa, strlen(soa));
	assert_int_equal(at, strstr(soa, " 0 ") + 1 - soa);
	assert_string_equal(buf_text(&text) + strlen(soa), buf_text(&want));
}

/* The TTLs of a set are one; a doubled record counts once where values made it so. */
static void test_sets(void **state)
{
	struct env with = { .hostname = env.hostname,
		            .ip = (char *)(uintptr_t) "192.0.2.9" };
	(void)state;
	add_domain("example.com", NULL);
	record_plus("example.com", "www", "A", "<ip>");
	record_plus("example.com", "www", "A", "192.0.2.9");
	record_plus("example.com", "www", "A", "192.0.2.8");
	record_to("example.com", "3", NULL, 60);
	assert_records("example.com", &with,
	               "t1|example.com 3600 TXT|" SPF "|template\n"
	               "t2|_dmarc.example.com 3600 TXT|v=DMARC1; p=none|template\n"
	               "3|www.example.com 60 A|192.0.2.8|own\n"
	               "1|www.example.com 60 A|192.0.2.9|own\n");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_store, teardown_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_four_records),
		T(test_built_in_is_schema),
		T(test_alias_and_mail),
		T(test_lacking),
		T(test_former_keys),
		T(test_revisions),
		T(test_template_refusals),
		T(test_owners),
		T(test_own_records),
		T(test_record_refusals),
		T(test_apply_over_edits),
		T(test_bounds),
		T(test_zone_text),
		T(test_check),
		T(test_sets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
