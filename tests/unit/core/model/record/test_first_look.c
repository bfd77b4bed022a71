/* What a zone already has is not doubled: from answers to what is published. */
#include "tests/unit/model_store.h"

#include "core/model/export/export.h"
#include "core/model/key/key.h"
#include "core/model/key/publish.h"
#include "core/model/life/domain_life.h"
#include "core/model/record/first_look.h"
#include "core/model/record/record.h"
#include "core/model/record/record_text.h"
#include "core/model/record/records.h"
#include "core/model/undo/undo.h"

static struct env env;

static int setup_look(void **state)
{
	env = (struct env){ .hostname = (char *)(uintptr_t) "mail.example.net" };
	return setup_store(state);
}

static void list_of(const char *name, struct record_list *list)
{
	auto_domain domain = DOMAIN_INIT;
	auto_records records = NULL;
	ok(records_new(store, &env, &records, &err));
	ok(domain_find(store, name, &domain, &err));
	ok(records_of_domain(records, &domain, list, &err));
}

/* "t1 template, _domainkey policy; had t2": what is published, and what is not. */
static void check_list(const char *name, const char *want)
{
	auto_record_list list = RECORD_LIST_INIT;
	auto_buf text = BUF_INIT;
	list_of(name, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct record_row *row = &list.row[i];
		size_t len = strlen(row->owner) - strlen(name);
		if (*row->id)
			buf_printf(&text, "%s %s, ", row->id, row->source);
		else
			buf_printf(&text, "%.*s, ", (int)len - 1, row->owner);
	}
	for (size_t i = 0; i < list.had_count; i++)
		buf_printf(&text, "had %s %s %s, ", list.had[i].id, list.had[i].type,
		           list.had[i].rdata);
	assert_string_equal(buf_text(&text), want);
}

static void check_due(const char *name, bool want)
{
	auto_record_list list = RECORD_LIST_INIT;
	bool is_due = !want;
	list_of(name, &list);
	ok(first_look_is_due(store, name, &list, &is_due, &err));
	assert_int_equal(is_due, want);
}

struct shown {
	const char *owner; /* below the name; "" the name itself */
	const char *text;  /* TXT; "=target": CNAME; NULL: no answer */
};

static void show(struct first_look *look, const struct shown *shown)
{
	auto_free char *owner = *shown->owner
	                                ? xasprintf("%s.%s", shown->owner, look->name)
	                                : xstrdup(look->name);
	for (size_t i = 0; i < look->zone.count; i++) {
		struct zone_owner *at = &look->zone.owner[i];
		if (strcmp(at->owner, owner) != 0)
			continue;
		at->state = shown->text ? ZONE_FOUND : ZONE_SILENT;
		if (!shown->text)
			continue;
		if (shown->text[0] == '=') {
			at->alias = xstrdup(shown->text + 1);
			continue;
		}
		at->text = xreallocarray(at->text, at->count + 1, sizeof(*at->text));
		at->text[at->count++] = xstrdup(shown->text);
	}
}

/* Answers, and what follows: "t1 left out, default._domainkey default-2". */
static void looks(const char *name, enum look_way way, const char *exported,
                  const struct shown *shown, size_t count, const char *want)
{
	cleanup(first_look_done) struct first_look look = { 0 };
	auto_record_list list = RECORD_LIST_INIT;
	auto_buf text = BUF_INIT;
	list_of(name, &list);
	ok(first_look_collect(store, name, &list, way == LOOK_EXTERNAL, &look, &err));
	for (size_t i = 0; i < look.zone.count; i++)
		look.zone.owner[i].state = ZONE_EMPTY;
	for (size_t i = 0; i < count; i++)
		show(&look, &shown[i]);
	first_look_judge(&look, way, exported);
	begin();
	ok(first_look_save(store, &ctx, &look, way, &err));
	commit();
	for (size_t i = 0; i < look.count; i++) {
		static const char *const outcomes[] = { "free", "ours", "silent",
			                                "taken" };
		const struct look_item *item = &look.item[i];
		buf_printf(&text, "%s %s", item->ref, outcomes[item->outcome]);
		if (item->result == LOOK_LEFT_OUT)
			buf_puts(&text, " left out");
		if (item->result == LOOK_RESELECTED)
			buf_printf(&text, " %s", item->selector);
		buf_puts(&text, ", ");
	}
	assert_string_equal(buf_text(&text), want);
}

#define SHOWN(...)                             \
	(const struct shown[]){ __VA_ARGS__ }, \
		ARRAY_LEN(((const struct shown[]){ __VA_ARGS__ }))
#define NOTHING NULL, 0

static void test_nothing_there(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	check_due("example.com", true);
	looks("example.com", LOOK_INCLUDE, NULL, NOTHING, "t1 free, t2 free, ");
	check_due("example.com", false);
	looks("example.com", LOOK_INCLUDE, NULL, NOTHING, "");
	check_list("example.com", "t1 template, t2 template, ");
	/* later: a key and its policy */
	add_key("example.com", "default", "pending", 0x11);
	check_due("example.com", true);
	looks("example.com", LOOK_INCLUDE, NULL, NOTHING,
	      "_domainkey free, default._domainkey free, ");
	check_due("example.com", false);
}

static void test_policies(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	looks("example.com", LOOK_INCLUDE, NULL,
	      SHOWN({ "", "V=SPF1 mx -all" }, { "", "verification" },
	            { "_dmarc", "v=DMARC1; p=reject" }),
	      "t1 taken left out, t2 taken left out, ");
	check_list("example.com",
	           "had t1 TXT V=SPF1 mx -all, had t2 TXT v=DMARC1; p=reject, ");
	check_due("example.com", false);
	/* other texts at the same owners are nobody's rivals */
	add_domain("example.net", NULL);
	looks("example.net", LOOK_INCLUDE, NULL,
	      SHOWN({ "", "v=spf10 x" }, { "", "spf" }, { "_dmarc", "hello" }),
	      "t1 free, t2 free, ");
	/* ours, also with other blanks; next to another one it is not enough */
	add_domain("example.org", NULL);
	looks("example.org", LOOK_INCLUDE, NULL,
	      SHOWN({ "", "v=spf1 +a +mx +a:mail.example.net -all" },
	            { "_dmarc", "v=DMARC1;p=none" }),
	      "t1 ours, t2 ours, ");
	add_domain("example.edu", NULL);
	looks("example.edu", LOOK_INCLUDE, NULL,
	      SHOWN({ "", "v=spf1 +a +mx +a:mail.example.net -all" },
	            { "", "v=spf1 -all" }, { "_dmarc", NULL }),
	      "t1 taken left out, t2 silent, ");
	check_list("example.edu", "t2 template, had t1 TXT v=spf1 -all, ");
}

static void test_foreign_octets(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	looks("example.com", LOOK_INCLUDE, NULL,
	      SHOWN({ "", "v=spf1 \033[2J\xc3\xa9 -all" }),
	      "t1 taken left out, t2 free, ");
	check_list("example.com",
	           "t2 template, had t1 TXT v=spf1 \\027[2J\\195\\169 -all, ");
}

/* A long text is kept in part, and says so. */
static void test_long_text(void **state)
{
	static const char *const names[] = { "example.com", "example.net" };
	char text[2][420];
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t len = 396 + i; /* with "TXT " 400: all of it */
		memset(text[i], 'x', len);
		memcpy(text[i], "v=spf1 ", 7);
		text[i][len] = '\0';
		auto_free char *want = xasprintf("t2 template, had t1 TXT %.396s%s, ",
		                                 text[i], i ? FIRST_LOOK_CUT : "");
		add_domain(names[i], NULL);
		looks(names[i], LOOK_INCLUDE, NULL, SHOWN({ "", text[i] }),
		      "t1 taken left out, t2 free, ");
		check_list(names[i], want);
	}
}

static void test_aliases(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_key("example.com", "default", "pending", 0x11);
	looks("example.com", LOOK_INCLUDE, NULL,
	      SHOWN({ "_dmarc", "=_dmarc.example.net" },
	            { "_domainkey", "=nowhere.example" },
	            { "default._domainkey", "=keys.example" }),
	      "t1 free, t2 taken left out, _domainkey taken left out, "
	      "default._domainkey taken default-2, ");
	check_list("example.com",
	           "t1 template, default-2._domainkey, had t2 CNAME _dmarc.example.net., "
	           "had _domainkey CNAME nowhere.example., ");
}

/* What an earlier export wrote is ours, though it is another text now. */
static void test_exported_before(void **state)
{
	static const char exported[] =
		"example.com. 3600 IN TXT \"v=spf1 a -all\"\n"
		"_dmarc.example.com. 60 IN TXT \"v=DMARC1; p=quarantine\"\n";
	(void)state;
	add_domain("example.com", NULL);
	looks("example.com", LOOK_INCLUDE, exported,
	      SHOWN({ "", "v=spf1 a -all" }, { "_dmarc", "v=DMARC1; p=reject" }),
	      "t1 ours, t2 taken left out, ");
}

static int64_t key_of(const char *selector)
{
	int64_t there = 0;
	return store_get_int(store, &there, &err,
	                     "SELECT 1 FROM dkim_key WHERE selector = ?", "t", selector);
}

static void test_keys(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_domain("alias.example", "example.com");
	add_key("example.com", "default", "pending", 0x11);
	looks("example.com", LOOK_INCLUDE, NULL, NOTHING,
	      "t1 free, t2 free, _domainkey free, default._domainkey free, ");
	/* taken at an alias: never public, so it moves, and is asked for at both again */
	looks("alias.example", LOOK_INCLUDE, NULL,
	      SHOWN({ "default._domainkey", "v=DKIM1; p=AAAA" }),
	      "t1 free, t2 free, _domainkey free, default._domainkey taken default-2, ");
	assert_int_equal(key_of("default"), 0);
	assert_int_equal(key_of("default-2"), 1);
	looks("example.com", LOOK_INCLUDE, NULL,
	      SHOWN({ "default-2._domainkey", "anything" }),
	      "default-2._domainkey taken default-3, ");
	looks("example.com", LOOK_INCLUDE, NULL,
	      SHOWN({ "default-3._domainkey",
	              "v=DKIM1; k=ed25519; p=ERERERERERERERERERERERERERERERERERERERERERE=" }),
	      "default-3._domainkey ours, ");
	/* and no later key takes those names */
	auto_free char *selector = NULL;
	ok(key_choose_selector(store, &ctx, 1, "example.com", "rsa", false, &selector,
	                       &err));
	assert_string_equal(selector, "default-4");
	/* public by now: it stays, and out of that zone */
	sql("INSERT INTO key_public (key_id, name, exported) VALUES (1, 'example.com', 1)");
	looks("alias.example", LOOK_INCLUDE, NULL,
	      SHOWN({ "default-3._domainkey", "v=DKIM1; p=AAAA" }),
	      "default-3._domainkey taken left out, ");
	check_list("alias.example", "t1 template, t2 template, _domainkey, "
	                            "had default-3._domainkey TXT v=DKIM1; p=AAAA, ");
	check_list("example.com", "t1 template, t2 template, _domainkey, "
	                          "default-3._domainkey, ");
}

/* A selector with a date in it is not counted on. */
static void test_next_selector(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "default", "default-2" },
		{ "default-2", "default-3" },
		{ "default-9", "default-10" },
		{ "s2026-11", "s2026-11-2" },
		{ "s-1", "s-1-2" },
		{ "-2", NULL },
		{ "a.b-2", "a.b-3" },
	};
	(void)state;
	add_domain("example.com", NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *next = NULL;
		if (!rows[i].to)
			continue;
		ok(key_next_selector(store, 1, rows[i].from, &next, &err));
		assert_string_equal(next, rows[i].to);
	}
}

/* A parked key's record has left the zone, and somebody may have put another one there. */
static void test_parked(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_key("example.com", "default", "pending", 0x11);
	looks("example.com", LOOK_INCLUDE, NULL, NOTHING,
	      "t1 free, t2 free, _domainkey free, default._domainkey free, ");
	check_due("example.com", false);
	sql("UPDATE dkim_key SET state = 'parked'");
	sql("UPDATE dkim_key SET state = 'pending'");
	check_due("example.com", true);
}

static int set_record(const char *id, const char *rdata)
{
	auto_domain domain = DOMAIN_INIT;
	begin();
	ok(domain_find(store, "example.com", &domain, &err));
	int r = rdata ? record_set(store, &domain, id, rdata, TTL_UNSAID, &err)
	              : record_reset(store, &domain, id, &err);
	if (r < 0)
		store_rollback(store);
	else
		commit();
	return r;
}

static void test_explicit(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	ok(set_record("t1", "v=spf1 a -all"));
	looks("example.com", LOOK_INCLUDE, NULL,
	      SHOWN({ "", "v=spf1 mx -all" }, { "_dmarc", "v=DMARC1; p=reject" }),
	      "t1 taken, t2 taken left out, ");
	check_list("example.com", "t1 edited, had t2 TXT v=DMARC1; p=reject, ");
	/* what stays out comes in by somebody's word */
	ok(set_record("t2", "v=DMARC1; p=none"));
	check_list("example.com", "t1 edited, t2 edited, ");
	ok(set_record("t2", NULL));
	check_list("example.com", "t1 edited, t2 template, ");
	check_due("example.com", false);
	refused(set_record("default._domainkey", NULL), ERR_MISSING, "is not left out");
}

static void test_reset_and_undo(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_key("example.com", "default", "active", 0x11);
	sql("INSERT INTO key_public (key_id, name, exported) VALUES (1, 'example.com', 1)");
	looks("example.com", LOOK_INCLUDE, NULL,
	      SHOWN({ "", "v=spf1 mx -all" }, { "_domainkey", "o=~" },
	            { "default._domainkey", "v=DKIM1; p=AAAA" }),
	      "t1 taken left out, t2 free, _domainkey taken left out, "
	      "default._domainkey taken left out, ");
	int64_t change = number("SELECT max(id) FROM change");
	check_list("example.com",
	           "t2 template, had t1 TXT v=spf1 mx -all, had _domainkey TXT o=~, had "
	           "default._domainkey TXT v=DKIM1; p=AAAA, ");
	ok(set_record("_domainkey", NULL));
	ok(set_record("default._domainkey", NULL));
	check_list("example.com",
	           "t2 template, _domainkey, default._domainkey, had t1 TXT "
	           "v=spf1 mx -all, ");
	begin();
	ok(undo_change(store, &ctx, change, true, NULL, NULL, &err));
	commit();
	check_list("example.com", "t1 template, t2 template, _domainkey, "
	                          "default._domainkey, ");
	assert_int_equal(number("SELECT count(*) FROM record"), 0);
}

static void test_ways(void **state)
{
	(void)state;
	add_domain("whole.example", NULL);
	add_key("whole.example", "default", "pending", 0x11);
	looks("whole.example", LOOK_REPLACE, NULL,
	      SHOWN({ "", "v=spf1 mx -all" },
	            { "default._domainkey", "v=DKIM1; p=AAAA" }),
	      "t1 taken, t2 free, _domainkey free, default._domainkey taken default-2, ");
	check_list("whole.example",
	           "t1 template, t2 template, _domainkey, default-2._domainkey, ");
	add_domain("external.example", NULL);
	add_key("external.example", "s1", "pending", 0x22);
	looks("external.example", LOOK_EXTERNAL, NULL,
	      SHOWN({ "_domainkey", "o=~" }, { "s1._domainkey", "v=DKIM1; p=AAAA" }),
	      "t1 free, t2 free, _domainkey taken, s1._domainkey taken s1-2, ");
	assert_int_equal(number("SELECT count(*) FROM zone_look"
	                        " WHERE name = 'external.example'"),
	                 1);
	looks("external.example", LOOK_EXTERNAL, NULL, NOTHING,
	      "t1 free, t2 free, _domainkey free, s1-2._domainkey free, ");
	/* a CNAME that waits for the key, and one that leads to another's */
	looks("external.example", LOOK_EXTERNAL, NULL,
	      SHOWN({ "s1-2._domainkey", "=keys.example.net" }),
	      "t1 free, t2 free, _domainkey free, s1-2._domainkey free, ");
	looks("external.example", LOOK_EXTERNAL, NULL,
	      SHOWN({ "s1-2._domainkey", "=keys.example.net" },
	            { "s1-2._domainkey", "v=DKIM1; p=AAAA" }),
	      "t1 free, t2 free, _domainkey free, s1-2._domainkey taken s1-3, ");
}

/* What moves a name elsewhere makes it a new one. */
static void test_forgotten(void **state)
{
	auto_domain domain = DOMAIN_INIT;
	(void)state;
	add_domain("example.com", NULL);
	looks("example.com", LOOK_INCLUDE, NULL, NOTHING, "t1 free, t2 free, ");
	begin();
	ok(domain_find(store, "example.com", &domain, &err));
	ok(domain_life_set(store, &ctx, &domain, SET_DNS_SERVICE, "external", &err));
	commit();
	check_due("example.com", true);
	looks("example.com", LOOK_INCLUDE, NULL, NOTHING, "t1 free, t2 free, ");
	begin();
	ok(domain_life_set_inherited(store, &ctx, SET_ZONE_FORMAT, "full", &err));
	commit();
	check_due("example.com", true);
	looks("example.com", LOOK_INCLUDE, NULL, SHOWN({ "", "v=spf1 -all" }),
	      "t1 taken left out, t2 free, ");
	begin();
	ok(domain_life_rename(store, &ctx, &domain, "example.net", &err));
	commit();
	check_due("example.net", true);
	check_list("example.net", "t1 template, t2 template, ");
	assert_int_equal(number("SELECT count(*) FROM zone_look"), 0);
}

/* Only what is to be exported and was not asked for holds an export up. */
static void test_export_asks(void **state)
{
	auto_export export = NULL;
	auto_export again = NULL;
	auto_names names = { 0 };
	struct export_request request = { .host_gen = INT64_MAX,
		                          .env = &env,
		                          .is_asking = true };
	(void)state;
	add_domain("a.example", NULL);
	add_domain("b.example", NULL);
	add_domain("c.example", NULL);
	set(SET_DNS_SERVICE, "c.example", "external");
	looks("a.example", LOOK_INCLUDE, NULL, NOTHING, "t1 free, t2 free, ");
	begin();
	ok(export_prepare(&ctx, store, &request, &export, &err));
	commit();
	assert_int_equal(export_count_unasked(export), 1);
	names = export_take_unasked(export);
	assert_int_equal(names.count, 1);
	assert_string_equal(names.name[0], "b.example");
	assert_int_equal(export_count_unasked(export), 0);
	looks("b.example", LOOK_INCLUDE, NULL, SHOWN({ "", "v=spf1 -all" }),
	      "t1 taken left out, t2 free, ");
	begin();
	ok(export_prepare(&ctx, store, &request, &again, &err));
	commit();
	assert_int_equal(export_count_unasked(again), 0);
	ok(export_switch(&ctx, again, &err));
	assert_content("/var/lib/mailauthctl/zones/b.example.zone",
	               "_dmarc.b.example. 3600 IN TXT \"v=DMARC1; p=none\"\n");
}

/* A key whose record stays out of a zone is not public by an export of that zone. */
static void test_export_marks(void **state)
{
	auto_export export = NULL;
	auto_domain alias = DOMAIN_INIT;
	const struct export_request request = { .host_gen = INT64_MAX, .env = &env };
	(void)state;
	add_domain("example.com", NULL);
	add_domain("alias.example", "example.com");
	add_key("example.com", "default", "active", 0x11);
	sql("INSERT INTO key_public (key_id, name, exported) VALUES (1, 'example.com', 1)");
	looks("alias.example", LOOK_INCLUDE, NULL,
	      SHOWN({ "default._domainkey", "v=DKIM1; p=AAAA" }),
	      "t1 free, t2 free, _domainkey free, default._domainkey taken left out, ");
	begin();
	ok(export_prepare(&ctx, store, &request, &export, &err));
	commit();
	ok(export_switch(&ctx, export, &err));
	begin();
	ok(export_finish(&ctx, store, export, &err));
	commit();
	assert_int_equal(number("SELECT count(*) FROM key_public"
	                        " WHERE name = 'alias.example'"),
	                 0);
	assert_int_equal(number("SELECT count(*) FROM key_public"
	                        " WHERE name = 'example.com' AND exported > 1"),
	                 1);
	begin();
	ok(domain_find(store, "alias.example", &alias, &err));
	ok(publish_mark(store, &ctx, &alias, 0, KEY_EXPORTED, &err));
	commit();
	assert_int_equal(number("SELECT count(*) FROM key_public"
	                        " WHERE name = 'alias.example'"),
	                 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_look, teardown_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_nothing_there), T(test_policies),       T(test_foreign_octets),
		T(test_long_text),     T(test_aliases),        T(test_exported_before),
		T(test_keys),          T(test_next_selector),  T(test_parked),
		T(test_explicit),      T(test_reset_and_undo), T(test_ways),
		T(test_forgotten),     T(test_export_asks),    T(test_export_marks),
	};
	return cmocka_run_group_tests_name("first_look", tests, NULL, NULL);
}
