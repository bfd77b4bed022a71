/* doctor_program.c: the clock, and whether zones are exported regularly. */
#include "tests/unit/model_store.h"

#include <fcntl.h>

#include "core/model/export/heartbeat.h"
#include "core/mta/doctor/doctor.h"

static const char *db_path(void)
{
	return host("/var/lib/mailauthctl/mailauthctl.db");
}

static void heard(void (*check)(struct doctor *), struct buf *out)
{
	struct doctor d;
	ctx.is_rooted = true; /* no program of this machine is run */
	doctor_init(&d, &ctx, db_path(), NULL, true);
	assert_non_null(d.store);
	d.check = "x";
	check(&d);
	for (size_t i = 0; i < d.count; i++)
		/* whether the kernel's clock follows NTP differs from machine to machine */
		if (!strstr(d.finding[i].text, "NTP"))
			buf_printf(out, "%s: %s%s%s\n",
			           doctor_state_name(d.finding[i].state),
			           d.finding[i].text, d.finding[i].remedy ? " -> " : "",
			           d.finding[i].remedy ? d.finding[i].remedy : "");
	doctor_done(&d);
}

static void mark(int64_t at, bool is_failed)
{
	auto_free char *path = xasprintf("%s" HEARTBEAT_SUFFIX, db_path());
	(void)unlink(path);
	if (at)
		heartbeat_mark(db_path(), at, is_failed);
}

#define NTP " -> timedatectl set-ntp true\n"

static void test_clock(void **state)
{
	static const struct {
		int64_t now, beat; /* 0: no mark */
		const char *want;  /* "": nothing, or only the time */
	} rows[] = {
		{ NOON, 0, "" },
		{ NOON, NOON, "" },
		{ NOON, NOON - 1000, "" },
		{ NOON, NOON + 300, "" },
		{ NOON, NOON + 301,
		  "problem: something was saved 5 minutes in the future: the clock "
		  "(2026-11-22T12:00:00Z) is or was wrong" NTP },
		/* the domain was added at noon */
		{ NOON - 301, 0,
		  "problem: something was saved 5 minutes in the future: the clock "
		  "(2026-11-22T11:54:59Z) is or was wrong" NTP },
		{ NOON - 301, NOON + 299,
		  "problem: something was saved 10 minutes in the future: the clock "
		  "(2026-11-22T11:54:59Z) is or was wrong" NTP },
		{ 1767225599, 0,
		  "problem: the clock shows 2025-12-31T23:59:59Z, which is impossible" NTP },
		{ 4102444801, 0,
		  "problem: the clock shows 2100-01-01T00:00:01Z, which is impossible" NTP },
		{ 4102444800, 0, "" },
	};
	(void)state;
	add_domain("a.test", NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf got = BUF_INIT;
		clock_now = rows[i].now;
		mark(rows[i].beat, false);
		heard(doctor_clock, &got);
		const char *text = buf_text(&got);
		if (!*rows[i].want && strncmp(text, "ok: 2", 5) == 0)
			continue;
		if (strcmp(text, rows[i].want) != 0)
			fail_msg("row %zu: %s", i, text);
	}
}

#define INSTALL                                                                          \
	" -> install cron, then run: echo '*/5 * * * * root PROGRAM zone export --all' " \
	">/etc/cron.d/mailauthctl\n"
#define AGAIN " -> mailauthctl zone export --all\n"

/* The path of this program is PROGRAM. */
static void without_program(struct buf *text)
{
	char *at = strstr(buf_text(text), " root /");
	auto_buf new = BUF_INIT;
	if (!at)
		return;
	at += strlen(" root ");
	buf_add(&new, buf_text(text), (size_t)(at - buf_text(text)));
	buf_printf(&new, "PROGRAM%s", strstr(at, " zone export"));
	buf_clear(text);
	buf_puts(text, buf_text(&new));
}

static void test_cron(void **state)
{
	static const struct {
		int64_t last;
		bool is_failed;
		const char *want;
	} rows[] = {
		{ NOON - 17, false, "ok: \"zone export --all\" last ran 17 s ago\n" },
		{ NOON + 17, false, "ok: \"zone export --all\" last ran 0 s ago\n" },
		{ NOON - 1801, false,
		  "warning: \"zone export --all\" last finished 30 minutes ago: cron does "
		  "not run it" INSTALL },
		{ NOON - 3660, false,
		  "problem: \"zone export --all\" last finished 61 minutes ago: cron does "
		  "not run it" INSTALL },
		{ NOON - 17, true,
		  "problem: the last \"zone export --all\" failed" AGAIN },
		{ NOON - 3660, true,
		  "problem: \"zone export --all\" last finished 61 minutes ago: cron does "
		  "not run it" INSTALL
		  "problem: the last \"zone export --all\" failed" AGAIN },
		{ 0, false,
		  "problem: \"zone export --all\" has never finished: keys are waiting, and "
		  "records of retired keys are kept" INSTALL },
	};
	auto_buf none = BUF_INIT;
	(void)state;
	heard(doctor_cron, &none);
	assert_string_equal(buf_text(&none), "skipped: no domain has a zone to export\n");
	add_domain("a.test", NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf got = BUF_INIT;
		mark(rows[i].last, rows[i].is_failed);
		heard(doctor_cron, &got);
		without_program(&got);
		if (strcmp(buf_text(&got), rows[i].want) != 0)
			fail_msg("row %zu: %s", i, buf_text(&got));
	}
}

/* What starts the export, by what this host has. */
static void test_cron_remedy(void **state)
{
	static const struct {
		const char *make; /* a folder that ends in '/', or a file */
		const char *remedy;
	} rows[] = {
		{ "/etc/", "-> install cron, then run: echo" },
		{ "/etc/cron.d/", "-> echo '*/5 * * * * root " },
		{ "/etc/cron.d/mailauthctl",
		  "-> make sure that cron is running: /etc/cron.d/mailauthctl exists" },
	};
	(void)state;
	add_domain("a.test", NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf got = BUF_INIT;
		if (rows[i].make[strlen(rows[i].make) - 1] == '/')
			make_dir(rows[i].make, 0755);
		else
			make_file(rows[i].make, "", 0644);
		heard(doctor_cron, &got);
		if (!strstr(buf_text(&got), rows[i].remedy))
			fail_msg("row %zu: %s", i, buf_text(&got));
	}
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup_store, teardown_store)
	const struct CMUnitTest tests[] = { T(test_clock), T(test_cron),
		                            T(test_cron_remedy) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
