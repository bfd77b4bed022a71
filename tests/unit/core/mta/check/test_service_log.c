/* service_log: what the log of a service says after it was started. */
#include "tests/unit/fake_host.h"

#include "core/mta/check/service_log.h"
#include "core/mta/host/log_line.h"

/* ---- the log ---------------------------------------------------------------------------------- */

static void test_log_lines(void **state)
{
	static const struct {
		const char *line;
		bool is_refusal;
	} rows[] = {
		{ "Nov 22 04:05:00 mx postfix/smtpd[12]: fatal: no memory", true },
		{ "2026-11-22T04:05:00.1+00:00 mx postfix/cleanup[1]: panic: x", true },
		{ "Nov 22 04:05:00 mx postfix/submission/smtpd[12]: error: open x",
		  true },
		{ "Nov 22 04:05:00 mx postfix/master[1]: warning: "
		  "/usr/lib/postfix/sbin/smtpd: bad command startup -- throttling",
		  true },
		{ "Nov 22 04:05:00 mx postfix/smtpd[12]: warning: hostname x", false },
		{ "Nov 22 04:05:00 mx postfix/sendmail[12]: fatal: no recipients",
		  false },
		{ "Nov 22 04:05:00 mx postfix/smtp[12]: fatal: x", false },
		{ "Nov 22 04:05:00 mx other/smtpd[12]: fatal: x", false },
		{ "Nov 22 04:05:00 mx postfix/smtpd[12]: 4F: reject: fatal: x", false },
		{ "Nov 22 04:05:00 mx opendkim[7]: /etc/opendkim.conf: file:/x: no",
		  true },
		{ "Nov 22 04:05:00 mx opendkim[7]: /etc/mailauthctl/opendkim.conf: "
		  "configuration error at line 3: unrecognized parameter",
		  true },
		{ "Nov 22 04:05:00 mx opendkim[7]: key not secure", false },
		{ "Nov 22 04:05:00 mx opendmarc[7]: /etc/opendmarc.conf: x", true },
		{ "fatal: x", false },
		{ "[]: fatal: x", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct log_line line;
		bool is_refusal = false;

		if (log_line_read(rows[i].line, strlen(rows[i].line), &line))
			for (unsigned k = 0; k < service_kind_count; k++)
				is_refusal |= service_kinds[k]->is_refusal &&
				              service_kinds[k]->is_refusal(
						      &line, service_kinds[k]->name);
		assert_int_equal(is_refusal, rows[i].is_refusal);
	}
}

#define FATAL(what) "Nov 22 04:05:00 mx out/smtpd[12]: fatal: " what "\n"

static void test_log(void **state)
{
	static const struct {
		const char *before, *since;
		bool is_rotated;
		const char *want; /* NULL: nothing */
	} rows[] = {
		{ "a\n", "Nov 22 04:05:00 mx out/smtpd[12]: connect\n", false, NULL },
		{ "", FATAL("new \x1b[1m"), false, "out/smtpd: fatal: new ?[1m" },
		{ "a\n", FATAL("first") FATAL("second"), false,
		  "out/smtpd: fatal: first" },
		{ FATAL("old"), FATAL("old"), false, NULL },
		{ FATAL("old"), FATAL("old") FATAL("new"), false,
		  "out/smtpd: fatal: new" },
		{ FATAL("old"), "", false, NULL },
		{ "a\n", FATAL("in a fresh file"), true,
		  "out/smtpd: fatal: in a fresh file" },
		{ "a\n", "Nov 22 04:05:00 mx out/smtpd[12]: fatal: cut", false,
		  "out/smtpd: fatal: cut" },
	};
	struct host *host = *state;
	auto_free char *path = xasprintf("%s/var/log/own.log", host->root);
	auto_free char *aside = xasprintf("%s.1", path);

	put(host->root, "/etc/postfix-out/main.cf",
	    "syslog_name = out\nmaillog_file = /var/log/own.log\n", 0644);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_plan plan = PLAN_INIT;
		struct service_log *log;
		auto_free char *found = NULL;
		FILE *file;

		put(host->root, "/var/log/own.log", rows[i].before, 0644);
		plan_service(&plan, RANK_CONSUMERS, "postfix:/etc/postfix-out",
		             SERVICE_RELOAD, 0);
		assert_null(service_log_mark(&host->ctx, &plan, RANK_PROVIDERS));
		log = service_log_mark(&host->ctx, &plan, RANK_CONSUMERS);
		assert_non_null(log);
		if (rows[i].is_rotated)
			assert_int_equal(rename(path, aside), 0);
		file = fopen(path, "a");
		fputs(rows[i].since, file);
		fclose(file);
		found = service_log_failure(&host->ctx, log);
		service_log_free(log);
		if (rows[i].want)
			assert_string_equal(found, rows[i].want);
		else
			assert_null(found);
	}
}

/* A reload that ends with 0 and a daemon that then cannot start. */
static int run_and_log(struct ctx *ctx, const struct run_spec *spec,
                       struct run_result *ret, struct err *err)
{
	auto_free char *path = xasprintf("%s/var/log/mail.log", ctx->root);

	(void)err;
	*ret = (struct run_result){ 0 };
	if (strcmp(spec->argv[3], "reload") == 0) {
		FILE *file = fopen(path, "a");

		fputs("Nov 22 04:05:00 mx postfix/cleanup[9]: fatal: bad milter\n", file);
		fclose(file);
	}
	return 0;
}

static void test_log_fails_the_push(void **state)
{
	struct host *host = *state;
	char text[sizeof(((struct err *)0)->text)];
	auto_buf main_cf = BUF_INIT;
	struct err err = ERR_INIT;

	put(host->root, "/var/log/mail.log", "", 0644);
	host->ctx.run = run_and_log;
	assert_int_equal(push_plan_of(host, plan_all, text), ERR_FAILED);
	assert_non_null(strstr(text, "mail server log: postfix/cleanup: "
	                             "fatal: bad milter"));
	assert_state(host, "undone");
	assert_int_equal(file_read(&host->ctx, MAIN_CF, 4096, &main_cf, NULL, &err), 0);
	assert_string_equal(buf_text(&main_cf),
	                    "myhostname = mx.example.com\n# by hand\n");
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_log_lines),
		ROW(test_log),
		ROW(test_log_fails_the_push),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
