/* Zone export: what is written, what is left alone, what is owed. */
#include "tests/unit/export_runs.h"

#define SPF "example.com. 3600 IN TXT \"v=spf1 +a +mx +a:mail.example.net -all\"\n"
#define DMARC "_dmarc.example.com. 3600 IN TXT \"v=DMARC1; p=none\"\n"

/* ---- writing ---- */

/* An administrator closes the folder to others: that stays. */
static void test_closed_folder(void **state)
{
	(void)state;
	gid_t gid = geteuid() == 0 ? 7 : getegid();
	add_domain("example.com", NULL);
	exports("example.com written", 0);
	assert_int_equal(chown(host(ZONES), (uid_t)-1, gid), 0);
	assert_int_equal(chmod(host(ZONES), 0750), 0);
	add_domain("example.org", NULL);
	set(SET_DNS_TTL, "example.com", "60");
	exports("example.com written, example.org written", 0);
	assert_int_equal(look(ZONES).meta.mode, 0750);
	assert_int_equal(look(ZONES).meta.gid, gid);
	assert_int_equal(look("/var/lib/mailauthctl").meta.mode & 0011, 0011);
}

static void test_first_and_again(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_domain("example.org", NULL);
	set(SET_ZONE_RELOAD, NULL, "rndc reload");
	exports("example.com written, example.org written", 0);
	ran_now("rndc reload\n");
	assert_content(FILE_OF("example.com"), SPF DMARC);
	assert_content(ZONES "/zones.list", "example.com\nexample.org\n");
	assert_int_equal(look(FILE_OF("example.com")).meta.mode, 0644);
	assert_int_equal(look(ZONES).meta.mode, 0755);
	assert_int_equal(look("/var/lib/mailauthctl").meta.mode, 0711);
	assert_int_equal(names_in(ZONES),
	                 4); /* the list, two zones, the spare files' folder */
	struct file_info before = look(FILE_OF("example.com"));
	struct file_info list = look(ZONES "/zones.list");
	int64_t rows =
		number("SELECT count(*) + (SELECT sum(at) FROM export_dir) FROM change");
	clock_now += 100;
	exports("", 0);
	ran_now("");
	assert_int_equal(
		number("SELECT count(*) + (SELECT sum(at) FROM export_dir) FROM change"),
		rows);
	edit("example.org", "v=DMARC1; p=reject");
	exports("example.org written", 0);
	ran_now("rndc reload\n");
	exports("", 0);
	struct file_info after = look(FILE_OF("example.com"));
	assert_true(after.inode == before.inode && after.mtime_ns == before.mtime_ns);
	after = look(ZONES "/zones.list");
	assert_true(after.inode == list.inode && after.mtime_ns == list.mtime_ns);
	assert_int_equal(said.len, 0);
}

/* A setting that shows in every zone, with no effect on some of them. */
static void test_inputs(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_domain("example.org", NULL);
	set(SET_DNS_TTL, "example.org", "3600");
	exports("example.com written, example.org written", 0);
	struct file_info before = look(FILE_OF("example.org"));
	set(SET_DNS_TTL, NULL, "60");
	exports("example.com written, example.org unchanged", 0);
	struct file_info after = look(FILE_OF("example.org"));
	assert_true(after.inode == before.inode && after.mtime_ns == before.mtime_ns);
	exports("", 0);
	env.hostname = (char *)(uintptr_t) "mx.example.net";
	exports("example.com written, example.org written", 0);
	exports("", 0);
}

/* The host's addresses stand in zones where no setting does: a new one reaches them. */
static void test_addresses(void **state)
{
	(void)state;
	auto_domain domain = DOMAIN_INIT;
	int64_t id;
	add_domain("example.com", NULL);
	begin();
	ok(domain_find(store, "example.com", &domain, &err));
	ok(record_add(store, &domain, "four", "A", "<ip>", TTL_UNSAID, &id, &err));
	ok(record_add(store, &domain, "six", "AAAA", "<ipv6>", TTL_UNSAID, &id, &err));
	commit();
	env.ip = (char *)(uintptr_t) "192.0.2.1";
	env.ipv6 = (char *)(uintptr_t) "2001:db8::1";
	exports("example.com written", 0);
	exports("", 0);
	env.ip = (char *)(uintptr_t) "192.0.2.2";
	exports("example.com written", 0);
	exports("", 0);
	env.ipv6 = (char *)(uintptr_t) "2001:db8::2";
	exports("example.com written", 0);
	exports("", 0);
	env.ip = NULL;
	exports("example.com written", 0);
	exports("", 0);
}

static void test_files_gone_or_edited(void **state)
{
	(void)state;
	add_domain("a.example", NULL);
	add_domain("b.example", NULL);
	add_domain("c.example", NULL);
	exports("a.example written, b.example written, c.example written", 0);
	auto_buf c = BUF_INIT;
	ok(file_read(&ctx, FILE_OF("c.example"), 4096, &c, NULL, &err));
	assert_int_equal(unlink(host(FILE_OF("a.example"))), 0);
	make_file(FILE_OF("b.example"), "edited\n", 0644);
	make_file(FILE_OF("c.example"), buf_text(&c), 0644);
	make_file(ZONES "/zones.list", "edited\n", 0644);
	make_file(ZONES "/.a.example.zone.mailauthctl-0123456789abcdef", "left over",
	          0600);
	make_file(ZONES "/foreign", "foreign", 0600);
	set(SET_ZONE_RELOAD, NULL, "reload <domain> \"of <domain>\"");
	exports("a.example written, b.example written, c.example unchanged", 0);
	ran_now("reload a.example of a.example\nreload b.example of b.example\n"
	        "reload c.example of c.example\n");
	assert_content(ZONES "/zones.list", "a.example\nb.example\nc.example\n");
	assert_content(FILE_OF("c.example"), buf_text(&c));
	assert_int_equal(names_in(ZONES), 6); /* the spare files are a folder */
	exports("", 0);
	ran_now("");
}

static void test_named(void **state)
{
	static const char *const names[] = { "b.example" };
	static const char *const unknown[] = { "d.example" };
	auto_buf items = BUF_INIT;
	(void)state;
	add_domain("a.example", NULL);
	add_domain("b.example", NULL);
	add_domain("c.example", NULL);
	assert_int_equal(export_run(names, 1, true, &items), 0);
	assert_string_equal(buf_text(&items), "b.example written");
	assert_int_equal(look(ZONES).kind, FILE_ABSENT);
	assert_int_equal(number("SELECT count(*) FROM export_dir"), 0);
	assert_int_equal(export_run(names, 1, false, &items), 0);
	assert_string_equal(buf_text(&items), "b.example written, b.example written");
	assert_content(ZONES "/zones.list", "b.example\n");
	exports("a.example written, b.example unchanged, c.example written", 0);
	assert_content(ZONES "/zones.list", "a.example\nb.example\nc.example\n");
	assert_int_equal(export_run(unknown, 1, false, &items), ERR_MISSING);
	set(SET_DNS_SERVICE, "b.example", "external");
	buf_clear(&items);
	assert_int_equal(export_run(names, 1, false, &items), 0);
	assert_string_equal(buf_text(&items), "b.example written");
	assert_content(ZONES "/zones.list", "a.example\nc.example\n");
	exports("b.example unchanged", 0);
	exports("", 0);
}

/* ---- reload ---- */

static void test_reload_owed(void **state)
{
	(void)state;
	add_domain("a.example", NULL);
	add_domain("b.example", NULL);
	set(SET_ZONE_RELOAD, NULL, "rndc reload");
	exit_status = 1;
	exports("a.example written, b.example written", ERR_FAILED);
	assert_non_null(
		strstr(err.text,
	               "zone.reload: \"rndc reload\" failed with status 1: cannot talk"));
	assert_int_equal(number("SELECT reloaded FROM export_dir"), 0);
	assert_int_equal(number("SELECT sum(owed) FROM export_file"), 2);
	exports("a.example unchanged, b.example unchanged", ERR_REPORTED);
	exit_status = 2;
	exports("a.example unchanged, b.example unchanged", ERR_FAILED);
	exports("a.example unchanged, b.example unchanged", ERR_REPORTED);
	ran_now("rndc reload\nrndc reload\nrndc reload\nrndc reload\n");
	exit_status = 0;
	exports("a.example unchanged, b.example unchanged", 0);
	ran_now("rndc reload\n");
	assert_int_equal(
		number("SELECT reloaded FROM export_dir WHERE complaint IS NULL"), 1);
	exports("", 0);
	ran_now("");
}

/* No file says that a removal is owed. */
static void test_removal_owed(void **state)
{
	(void)state;
	full_zones();
	add_domain("a.example", NULL);
	add_domain("b.example", NULL);
	set(SET_ZONE_RELOAD, NULL, "rndc reload");
	exports("a.example written, b.example written", 0);
	remove_domain("b.example");
	exit_status = 1;
	exports("b.example removed", ERR_FAILED);
	buf_clear(&ran);
	exit_status = 0;
	exports("", 0);
	ran_now("rndc reload\n");
	exports("", 0);
	ran_now("");
}

/* The words of a failed reload, for a person who tries again. */
static void test_reload_repeated(void **state)
{
	auto_export export = NULL;
	const struct export_request request = { .host_gen = host_gen, .env = &env };
	(void)state;
	add_domain("a.example", NULL);
	set(SET_ZONE_RELOAD, NULL, "rndc reload");
	exit_status = 1;
	exports("a.example written", ERR_FAILED);
	begin();
	ok(export_prepare(&ctx, store, &request, &export, &err));
	commit();
	ok(export_switch(&ctx, export, &err));
	assert_int_equal(export_result(export, false, &err), ERR_REPORTED);
	assert_int_equal(export_result(export, true, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "cannot talk"));
}

/* ---- serials ---- */

static int64_t serial(void)
{
	return number("SELECT serial FROM zone_serial WHERE name = 'example.com'");
}

static void test_full_needs_head(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_domain("example.net", NULL);
	add_domain("example.org", NULL);
	exports("example.com written, example.net written, example.org written", 0);
	set(SET_ZONE_FORMAT, NULL, "full");
	exports("example.com failed, example.net failed, example.org failed",
	        ERR_REPORTED);
	assert_string_equal(
		buf_text(&said),
		"3 example.com: zone.format full requires an SOA and an NS record: run "
		"\"mailauthctl template add '<domain>.' SOA ...\", then \"mailauthctl "
		"template apply --all\"\n3 and the same for 2 more zones\n");
	assert_content(FILE_OF("example.com"), SPF DMARC);
	assert_content(ZONES "/zones.list", "example.com\nexample.net\nexample.org\n");
	full_zones();
	exports("example.com written, example.net written, example.org written", 0);
}

static void test_serials(void **state)
{
	(void)state;
	full_zones();
	add_domain("example.com", NULL);
	exports("example.com written", 0);
	assert_content(
		FILE_OF("example.com"),
		"example.com. 3600 IN SOA ns1.example.net. hostmaster.example.com. "
		"2026112200 3600 900 604800 300\n"
		"example.com. 3600 IN NS ns1.example.net.\n" SPF DMARC);
	/* the same content keeps its serial, on any day */
	clock_now += 86400;
	assert_int_equal(unlink(host(FILE_OF("example.com"))), 0);
	exports("example.com written", 0);
	assert_int_equal(serial(), 2026112200);
	/* a hundred and one changes of a day run into the next one's, and never go back */
	for (int i = 0; i <= 100; i++) {
		edit("example.com",
		     i % 2 ? "v=DMARC1; p=none; t=y" : "v=DMARC1; p=reject");
		exports("example.com written", 0);
		assert_int_equal(serial(), 2026112300 + i);
	}
	clock_now += 86400;
	edit("example.com", "v=DMARC1; p=quarantine");
	exports("example.com written", 0);
	assert_int_equal(serial(), 2026112401);
	remove_domain("example.com");
	exports("example.com removed", 0);
	add_domain("example.com", NULL);
	exports("example.com written", 0);
	assert_int_equal(serial(), 2026112402);
}

/* ---- life of names and keys ---- */

static void test_keys(void **state)
{
	(void)state;
	add_domain("example.com", NULL);
	add_domain("example.org", "example.com");
	add_key("example.com", "default", "pending", 0x11);
	set(SET_ZONE_RELOAD, NULL, "rndc reload");
	exit_status = 1;
	exports("example.com written, example.org written", ERR_FAILED);
	assert_int_equal(number("SELECT count(*) FROM key_public"), 0);
	exit_status = 0;
	exports("example.com unchanged, example.org unchanged", 0);
	assert_int_equal(
		number("SELECT count(*) FROM key_public WHERE ready IS NOT NULL"), 2);
	assert_int_equal(number("SELECT count(*) FROM dkim_key WHERE state = 'active'"),
	                 1);
	exports("", 0);
	/* removed: what mail under way needs stays for a week */
	remove_domain("example.org");
	exports("example.org written", 0);
	assert_content(
		FILE_OF("example.org"),
		"default._domainkey.example.org. 3600 IN TXT \"v=DKIM1; k=ed25519; "
		"p=ERERERERERERERERERERERERERERERERERERERERERE=\"\n");
	exports("", 0);
	clock_now += 7 * 86400 - 1;
	exports("", 0);
	clock_now += 1;
	host_gen = 0;
	exports("", 0);
	host_gen = INT64_MAX;
	exports("example.org written", 0);
	assert_content(ZONES "/zones.list", "example.com\n");
	assert_content(FILE_OF("example.org"), KEPT("example.org"));
	exports("", 0);
}

static void test_rename_and_service(void **state)
{
	auto_domain domain = DOMAIN_INIT;
	(void)state;
	add_domain("example.com", NULL);
	add_key("example.com", "default", "pending", 0x11);
	exports("example.com written", 0);
	begin();
	ok(domain_find(store, "example.com", &domain, &err));
	ok(domain_life_rename(store, &ctx, &domain, "example.net", &err));
	commit();
	exports("example.com written, example.net written", 0);
	assert_content(ZONES "/zones.list", "example.com\nexample.net\n");
	set(SET_DNS_SERVICE, "example.net", "off");
	clock_now += 7 * 86400;
	exports("example.com written, example.net written", 0);
	assert_content(ZONES "/zones.list", "");
	exports("", 0);
}

/* ---- faults ---- */

static void test_odd_folders(void **state)
{
	auto_buf items = BUF_INIT;
	(void)state;
	add_domain("a.example", NULL);
	add_domain("b.example", NULL);
	make_dir("/open", 0777);
	set(SET_ZONE_DIRECTORY, NULL, "/open");
	assert_int_equal(export_run(NULL, 0, false, &items), ERR_FAILED);
	assert_non_null(strstr(err.text, "/open"));
	set(SET_ZONE_DIRECTORY, NULL, "/srv/zones");
	exports("a.example written, b.example written", 0);
	assert_int_equal(look("/var/lib/mailauthctl").meta.mode, 0700);
	edit("a.example", "v=DMARC1; p=reject");
	edit("b.example", "v=DMARC1; p=reject");
	assert_int_equal(unlink(host("/srv/zones/a.example.zone")), 0);
	make_link("/srv/zones/a.example.zone", "elsewhere");
	exports("a.example failed, b.example written", ERR_REPORTED);
	assert_non_null(strstr(buf_text(&said), "symbolic link"));
	assert_int_equal(unlink(host("/srv/zones/a.example.zone")), 0);
	exports("a.example written, b.example unchanged", 0);
	exports("", 0);
}

static void test_preview(void **state)
{
	auto_records records = NULL;
	auto_domain domain = DOMAIN_INIT;
	auto_buf text = BUF_INIT;
	auto_buf file = BUF_INIT;
	enum zone_format format;
	(void)state;
	full_zones();
	add_domain("example.com", NULL);
	ok(domain_find(store, "example.com", &domain, &err));
	ok(records_new(store, &env, &records, &err));
	ok(zone_format_now(store, &format, &err));
	ok(export_preview(&ctx, store, records, &domain, format, &text, &err));
	assert_int_equal(number("SELECT count(*) FROM zone_serial"), 0);
	exports("example.com written", 0);
	assert_content(FILE_OF("example.com"), buf_text(&text));
	clock_now += 86400;
	ok(export_preview(&ctx, store, records, &domain, format, &file, &err));
	assert_string_equal(buf_text(&file), buf_text(&text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_closed_folder),
		T(test_first_and_again),
		T(test_inputs),
		T(test_addresses),
		T(test_files_gone_or_edited),
		T(test_named),
		T(test_reload_owed),
		T(test_removal_owed),
		T(test_reload_repeated),
		T(test_full_needs_head),
		T(test_serials),
		T(test_keys),
		T(test_rename_and_service),
		T(test_odd_folders),
		T(test_preview),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
