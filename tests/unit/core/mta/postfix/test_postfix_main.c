/* main.cf as text: definitions, our part in and out again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/postfix/postfix_route.h"

#define M "{ unix:opendkim/opendkim.sock, default_action=tempfail }"
#define BEGIN_LINE \
	"# mailauthctl: begin (the lines up to the end mark are mailauthctl's)\n"
#define BEGIN_JOINED                                                                 \
	"# mailauthctl: begin; the line above ends without a line break (the lines " \
	"up to the end mark are mailauthctl's)\n"
#define PARAMS                                        \
	"mailauth_milter = " M "\n"                   \
	"mailauth_smtpd_milters = $mailauth_milter\n" \
	"mailauth_non_smtpd_milters = $mailauth_milter\n"
#define END_LINE "# mailauthctl: end\n"
#define SMTPD "smtpd_milters = $mailauth_smtpd_milters\n"
#define NON "non_smtpd_milters = $mailauth_non_smtpd_milters\n"

static const struct main_request both_first = { .milter = {
							MAIN_MILTER(M, true, true) } };
static const struct main_request both_last = { .milter = { MAIN_MILTER(M, true, true) },
	                                       .is_last = true };

static void test_raw(void **state)
{
	(void)state;
	static const struct {
		const char *text, *name, *value; /* NULL: not defined */
	} rows[] = {
		{ "a = b\n", "a", "b" },
		{ "a=b", "a", "b" },
		{ "a\t=\t b \t\r\n", "a", "b" },
		{ "a =\n", "a", "" },
		{ "a = 1\na = 2\n", "a", "2" },
		{ "a = 1\n  2\n\n# c\n   # d\n\t3\n", "a", "1  2\t3" },
		{ "a =\n  x,\n#y\n  z\n", "a", "x,  z" },
		{ "#a = 1\n", "a", NULL },
		{ "ab = 1\n", "a", NULL },
		{ "no equals\na = 1\n", "a", "1" },
		{ " a = 1\nb = 2", "a", NULL },
		{ "a = # not a comment\n", "a", "# not a comment" },
		{ "", "a", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_main_cf cf;
		main_cf_parse(&cf, rows[i].text, strlen(rows[i].text));
		auto_buf value = BUF_INIT;
		assert_int_equal(main_cf_raw(&cf, rows[i].name, &value),
		                 rows[i].value != NULL);
		assert_string_equal(buf_text(&value), rows[i].value ? rows[i].value : "");
	}
}

static void test_list(void **state)
{
	(void)state;
	const char *at = " inet:a:1,{ unix:b, k=v } , {c},,\n d";
	static const char *const items[] = { "inet:a:1", "unix:b, k=v", "c", "d" };
	auto_buf item = BUF_INIT;
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		assert_true(item_list_next(&at, &item));
		assert_string_equal(buf_text(&item), items[i]);
	}
	assert_false(item_list_next(&at, &item));
}

static void check_render(const char *text, const struct main_request *request,
                         const char *want)
{
	auto_buf out = BUF_INIT, again = BUF_INIT, back = BUF_INIT;
	main_cf_render(text, strlen(text), request, &out);
	assert_string_equal(buf_text(&out), want);
	main_cf_render(buf_text(&out), out.len, request, &again);
	assert_string_equal(buf_text(&again), want);
	main_cf_strip(buf_text(&out), out.len, &back);
	assert_string_equal(buf_text(&back), text);
}

static void test_render(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const struct main_request *request;
		const char *want;
	} rows[] = {
		{ "", &both_first, BEGIN_LINE PARAMS SMTPD NON END_LINE },
		{ "a = b", &both_first,
		  "a = b\n" BEGIN_JOINED PARAMS SMTPD NON END_LINE },
		{ "smtpd_milters = inet:x:1, inet:y:2\n", &both_first,
		  "smtpd_milters = $mailauth_smtpd_milters, inet:x:1, inet:y:2\n" BEGIN_LINE
		          PARAMS NON END_LINE },
		{ "smtpd_milters = inet:x:1, inet:y:2\n", &both_last,
		  "smtpd_milters = inet:x:1, inet:y:2, $mailauth_smtpd_milters\n" BEGIN_LINE
		          PARAMS NON END_LINE },
		{ "smtpd_milters =\n# c\n  inet:x:1\n  # d\n  inet:y:2 \r\n# e\nz = 1\n",
		  &both_last,
		  "smtpd_milters =\n# c\n  inet:x:1\n  # d\n  inet:y:2, $mailauth_smtpd_milters \r\n# e\n"
		  "z = 1\n" BEGIN_LINE PARAMS NON END_LINE },
		{ "non_smtpd_milters = $smtpd_milters\n", &both_first,
		  "non_smtpd_milters = $smtpd_milters\n" BEGIN_LINE "mailauth_milter = " M
		  "\n"
		  "mailauth_smtpd_milters = $mailauth_milter\n" SMTPD END_LINE },
		{ "m = ${smtpd_milters}\nsmtpd_milters = a\nnon_smtpd_milters = $m",
		  &both_first,
		  "m = ${smtpd_milters}\nsmtpd_milters = $mailauth_smtpd_milters, a\n"
		  "non_smtpd_milters = $m\n" BEGIN_JOINED "mailauth_milter = " M "\n"
		  "mailauth_smtpd_milters = $mailauth_milter\n" END_LINE },
		{ "smtpd_milters = $non_smtpd_milters\nnon_smtpd_milters = a\n",
		  &both_first,
		  "smtpd_milters = $non_smtpd_milters\n"
		  "non_smtpd_milters = $mailauth_non_smtpd_milters, a\n" BEGIN_LINE
		  "mailauth_milter = " M "\n"
		  "mailauth_non_smtpd_milters = $mailauth_milter\n" END_LINE },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_render(rows[i].text, rows[i].request, rows[i].want);
	/* the signer must be told who logged in, whatever an admin's own list says */
	static const struct main_request his_own = { .milter = { MAIN_MILTER(M, false,
		                                                             false) } };
	static const struct {
		const char *text;
		const struct main_request *request;
		const char *want;
	} macros[] = {
		{ "milter_mail_macros = i {auth_type} {auth_authen}\n", &his_own,
		  "milter_mail_macros = i {auth_type} {auth_authen}\n" },
		{ "milter_mail_macros = i", &his_own,
		  "milter_mail_macros = i, $mailauth_mail_macros\n" BEGIN_JOINED
		  "mailauth_mail_macros = {auth_type} {auth_authen}\n" END_LINE },
		{ "milter_mail_macros = i {mail_addr} {client_addr}\n  {auth_authen}\nz = 1\n",
		  &both_first,
		  "milter_mail_macros = i {mail_addr} {client_addr}\n  {auth_authen}, "
		  "$mailauth_mail_macros\nz = 1\n" BEGIN_LINE "mailauth_milter = " M "\n"
		  "mailauth_mail_macros = {auth_type}\n"
		  "mailauth_smtpd_milters = $mailauth_milter\n"
		  "mailauth_non_smtpd_milters = $mailauth_milter\n" SMTPD NON END_LINE },
		{ "milter_mail_macros =\n", &both_first,
		  "milter_mail_macros =$mailauth_mail_macros\n" BEGIN_LINE
		  "mailauth_milter = " M "\n"
		  "mailauth_mail_macros = i {auth_type} {auth_authen}\n"
		  "mailauth_smtpd_milters = $mailauth_milter\n"
		  "mailauth_non_smtpd_milters = $mailauth_milter\n" SMTPD NON END_LINE },
		{ "m = {i}, {AUTH_TYPE}, {auth_authen}\nmilter_mail_macros = ${m}\n",
		  &both_first,
		  "m = {i}, {AUTH_TYPE}, {auth_authen}\nmilter_mail_macros = ${m}\n" BEGIN_LINE
		          PARAMS SMTPD NON END_LINE },
	};
	for (size_t i = 0; i < ARRAY_LEN(macros); i++)
		check_render(macros[i].text, macros[i].request, macros[i].want);
	static const char *const services[] = { "127.0.0.1:10025", "10026", NULL };
	const struct main_request split = { .milter = { MAIN_MILTER(M, true, false) },
		                            .unmiltered = services };
	check_render(
		"", &split,
		BEGIN_LINE
		"mailauth_milter = " M "\n"
		"mailauth_smtpd_milters = ${{$service_name} == {127.0.0.1:10025} ? {} : "
		"{${{$service_name} == {10026} ? {} : {$mailauth_milter}}}}\n" SMTPD
			END_LINE);
}

/* A milter for mail from outside alone. */
#define D "{ unix:other/other.sock, default_action=accept }"
#define OUTSIDE_MILTER(text)                                             \
	{                                                                \
		.name = "other_milter", .item = (text), .in_smtpd = true \
	}
#define BOTH_PARAMS "mailauth_milter = " M "\nmailauth_other_milter = " D "\n"
#define ONLY(service, text) "${{$service_name} == {" service "} ? {" text "} : {"

/* What only sends signs last and does not meet what is for mail from outside. */
static void test_split(void **state)
{
	(void)state;
	static const char *const submission[] = { "submission", NULL };
	static const char *const cleanup[] = { "cleanup", NULL };
	const struct main_request sign = {
		.milter = { MAIN_MILTER(M, true, true) },
		.submission = submission,
		.cleanup = cleanup,
	};
	struct main_request dmarc = sign, dmarc_last = sign, admins = sign;
	const struct main_milter checks = OUTSIDE_MILTER(D);
	main_milter_add(&dmarc, checks);
	main_milter_add(&dmarc_last, checks);
	main_milter_add(&admins, checks);
	dmarc_last.is_last = true;
	admins.milter[0].in_smtpd = admins.milter[0].in_non_smtpd = false;
	const struct {
		const char *text;
		const struct main_request *request;
		const char *want;
	} rows[] = {
		/* nothing stands between: one item will do */
		{ "", &sign, BEGIN_LINE PARAMS SMTPD NON END_LINE },
		{ "smtpd_milters = inet:x:1\nnon_smtpd_milters = a\n", &sign,
		  "smtpd_milters = $mailauth_smtpd_milters, inet:x:1, "
		  "$mailauth_submission_milters\n"
		  "non_smtpd_milters = a, $mailauth_non_smtpd_milters\n" BEGIN_LINE
		  "mailauth_milter = " M "\n"
		  "mailauth_smtpd_milters = " ONLY(
			  "submission",
			  "") "$mailauth_milter}}\n"
		              "mailauth_submission_milters = " ONLY(
				      "submission",
				      "$mailauth_milter") "}}\n"
		                                          "mailauth_non_smtpd_milters = $mailauth_milter\n" END_LINE },
		{ "", &dmarc,
		  BEGIN_LINE BOTH_PARAMS "mailauth_smtpd_milters = " ONLY(
			  "submission",
			  "$mailauth_milter") "$mailauth_milter, $mailauth_other_milter}}\n"
		                              "mailauth_non_smtpd_milters = $mailauth_milter\n" SMTPD
		                                      NON END_LINE },
		{ "smtpd_milters = a\nnon_smtpd_milters = $smtpd_milters\n", &dmarc,
		  "smtpd_milters = $mailauth_smtpd_milters, a, $mailauth_submission_milters\n"
		  "non_smtpd_milters = $smtpd_milters\n" BEGIN_LINE BOTH_PARAMS
		  "mailauth_smtpd_milters = " ONLY("submission", "")
		          ONLY("cleanup",
		               "") "$mailauth_milter, $mailauth_other_milter}}}}\n"
		                   "mailauth_submission_milters = " ONLY(
					   "submission", "$mailauth_milter")
		                           ONLY("cleanup",
		                                "$mailauth_milter") "}}}}\n" END_LINE },
		{ "smtpd_milters = a\n", &dmarc_last,
		  "smtpd_milters = a, $mailauth_smtpd_milters\n" BEGIN_LINE BOTH_PARAMS
		  "mailauth_smtpd_milters = " ONLY(
			  "submission",
			  "$mailauth_milter") "$mailauth_milter, $mailauth_other_milter}}\n"
		                              "mailauth_non_smtpd_milters = $mailauth_milter\n" NON
		                                      END_LINE },
		{ "smtpd_milters = a\n", &admins,
		  "smtpd_milters = a, $mailauth_smtpd_milters\n" BEGIN_LINE
		  "mailauth_other_milter = " D "\nmailauth_smtpd_milters = " ONLY(
			  "submission", "") "$mailauth_other_milter}}\n" END_LINE },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_render(rows[i].text, rows[i].request, rows[i].want);
}

#define G "{ unix:private/mailauth-spf, default_action=tempfail }"
#define GUARD_PARAMS BOTH_PARAMS "mailauth_guard_milter = " G "\n"
#define LIMIT "mailauth-spf_time_limit = 3600\n"
#define NOT_BACK ONLY("127.0.0.1:10025", "")
#define CHECKS "$mailauth_milter, $mailauth_other_milter"
#define GUARDS                                     \
	"mailauth_guard_milters = " NOT_BACK ONLY( \
		"submission", "") "$mailauth_guard_milter}}}}\n" LIMIT END_LINE

/* What takes forged results out reads a message before everybody else, an admin's own filters
 * included. */
static void test_guard(void **state)
{
	(void)state;
	static const char *const submission[] = { "submission", NULL };
	static const char *const reinjecting[] = { "127.0.0.1:10025", NULL };
	static const char *const cleanup[] = { "cleanup", NULL };
	const struct main_request whole = { .milter = { MAIN_MILTER(M, true, false),
		                                        OUTSIDE_MILTER(D),
		                                        MAIN_GUARD_MILTER(G) },
		                            .submission = submission,
		                            .unmiltered = reinjecting,
		                            .cleanup = cleanup };
	struct main_request last = whole, admins = whole, alone = whole;
	last.is_last = true;
	admins.milter[0].in_smtpd = alone.milter[0].in_smtpd = false;
	alone.milter[1] = alone.milter[2];
	alone.milter[2].name = NULL;
	const struct {
		const char *text;
		const struct main_request *request;
		const char *want;
	} rows[] = {
		{ "", &whole,
		  BEGIN_LINE GUARD_PARAMS "mailauth_smtpd_milters = " NOT_BACK ONLY(
			  "submission",
			  "$mailauth_milter") "$mailauth_guard_milter, " CHECKS
		                              "}}}}\n" LIMIT SMTPD END_LINE },
		{ "smtpd_milters =\n", &last,
		  "smtpd_milters =$mailauth_smtpd_milters\n" BEGIN_LINE GUARD_PARAMS
		  "mailauth_smtpd_milters = " NOT_BACK ONLY(
			  "submission",
			  "$mailauth_milter") "$mailauth_guard_milter, " CHECKS
		                              "}}}}\n" LIMIT END_LINE },
		{ "smtpd_milters = a\n", &last,
		  "smtpd_milters = $mailauth_guard_milters, a, "
		  "$mailauth_smtpd_milters\n" BEGIN_LINE GUARD_PARAMS
		  "mailauth_smtpd_milters = " NOT_BACK ONLY(
			  "submission", "$mailauth_milter") CHECKS "}}}}\n" GUARDS },
		/* the admin's own list names OpenDKIM */
		{ "smtpd_milters = a\n", &admins,
		  "smtpd_milters = $mailauth_guard_milters, a, "
		  "$mailauth_smtpd_milters\n" BEGIN_LINE "mailauth_other_milter = " D
		  "\nmailauth_guard_milter = " G
		  "\nmailauth_smtpd_milters = " NOT_BACK ONLY(
			  "submission", "") "$mailauth_other_milter}}}}\n" GUARDS },
		{ "smtpd_milters = a\n", &alone,
		  "smtpd_milters = $mailauth_guard_milters, a\n" BEGIN_LINE
		  "mailauth_guard_milter = " G "\n" GUARDS },
		{ "smtpd_milters = $non_smtpd_milters\nnon_smtpd_milters = a\n", &last,
		  "smtpd_milters = $non_smtpd_milters\nnon_smtpd_milters = "
		  "$mailauth_guard_milters, a, $mailauth_non_smtpd_milters\n" BEGIN_LINE
		          GUARD_PARAMS "mailauth_non_smtpd_milters = " NOT_BACK ONLY(
				  "submission", "$mailauth_milter")
		                  ONLY("cleanup", "$mailauth_milter") CHECKS
		  "}}}}}}\nmailauth_guard_milters = " NOT_BACK ONLY("submission", "")
		          ONLY("cleanup",
		               "") "$mailauth_guard_milter}}}}}}\n" LIMIT END_LINE },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_render(rows[i].text, rows[i].request, rows[i].want);
}

#define OWN "mailauth_own = "
#define MINE(item) "${{$mailauth_own} == {yes} ? {" item "}}"

/* An admin's own item of the signing filter, where services or programs must not use it; and ours,
 * where programs must not. */
static void test_own(void **state)
{
	(void)state;
	static const char *const back[] = { "127.0.0.1:10025", NULL };
	static const char *const cleanup[] = { "cleanup", NULL };
	const struct main_request own = { .milter = { MAIN_MILTER(M, false, false) },
		                          .unmiltered = back,
		                          .cleanup = cleanup,
		                          .own_smtpd = "inet:a:1",
		                          .own_non_smtpd = "inet:a:1" };
	struct main_request off = own, ours = own, nothing = own;
	off.unmiltered = NULL;
	off.is_local_off = true;
	ours.own_smtpd = ours.own_non_smtpd = NULL;
	ours.milter[0].in_smtpd = ours.is_local_off = true;
	nothing.unmiltered = NULL;
	const struct {
		const char *text;
		const struct main_request *request;
		const char *want;
	} rows[] = {
		{ "smtpd_milters = inet:a:1\nnon_smtpd_milters = $smtpd_milters\n", &own,
		  "smtpd_milters = " MINE(
			  "inet:a:1") "\nnon_smtpd_milters = $smtpd_milters\n" BEGIN_LINE
		          OWN NOT_BACK "yes}}\n" END_LINE },
		{ "smtpd_milters = inet:a:12, { inet:a:1, default_action=accept } b\n",
		  &own,
		  "smtpd_milters = inet:a:12, " MINE(
			  "{ inet:a:1, default_action=accept }") " b\n" BEGIN_LINE OWN
		          NOT_BACK "yes}}\n" END_LINE },
		{ "x = inet:a:1\nsmtpd_milters =\n  b,\n  ${x}\n", &own,
		  "x = " MINE("inet:a:1") "\nsmtpd_milters =\n  b,\n  ${x}\n" BEGIN_LINE
		          OWN NOT_BACK "yes}}\n" END_LINE },
		{ "non_smtpd_milters = inet:a:1\n", &off,
		  "non_smtpd_milters = " MINE("inet:a:1") "\n" BEGIN_LINE OWN ONLY(
			  "cleanup", "") "yes}}\n" END_LINE },
		{ "smtpd_milters = inet:a:1\n", &nothing, "smtpd_milters = inet:a:1\n" },
		{ "non_smtpd_milters = $smtpd_milters\n", &ours,
		  "non_smtpd_milters = $smtpd_milters\n" BEGIN_LINE "mailauth_milter = " M
		  "\nmailauth_smtpd_milters = " NOT_BACK ONLY(
			  "cleanup", "") "$mailauth_milter}}}}\n" SMTPD END_LINE },
		{ "", &ours,
		  BEGIN_LINE "mailauth_milter = " M "\nmailauth_smtpd_milters = " NOT_BACK
		             "$mailauth_milter}}\n" SMTPD END_LINE },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_render(rows[i].text, rows[i].request, rows[i].want);
}

/* Putting ours in and taking it out gives the same octets, wherever the lists stand. */
static void test_inverse(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"\n",
		"\r\n",
		"a = b\r\nsmtpd_milters = inet:x:1\r\n",
		"smtpd_milters=",
		"smtpd_milters = ",
		"smtpd_milters =\t \r\n",
		"smtpd_milters=a",
		"smtpd_milters = a,",
		"smtpd_milters = , a , b ,\n",
		"smtpd_milters = a b\tc\n",
		"smtpd_milters = ${x}\nx = y\n",
		"smtpd_milters = {inet:h:1, k = v} {unix:x}\n",
		"smtpd_milters =\n\n   # only comments\n\t# more\n",
		"smtpd_milters = a\n    # c, d\n    b\n    # e\nnon_smtpd_milters = c",
		"smtpd_milters = a\nx = 1\nsmtpd_milters = b\n",
		"non_smtpd_milters = $smtpd_milters\nsmtpd_milters = c\n",
		"non_smtpd_milters = ${smtpd_milters}, z",
		"smtpd_milters = $non_smtpd_milters",
		"# smtpd_milters = a\n   continued = x\nno equals here\n=\n = \n",
		"smtpd_milters = # hash\n",
		"a = b\n   ",
		"a = b\n#",
		"smtpd_milters = my$mailauth, x\n",
	};
	static const char *const submission[] = { "submission", "465", NULL };
	static const char *const cleanup[] = { "cleanup", NULL };
	const struct main_request requests[] = {
		{ .milter = { MAIN_MILTER(M, true, true), OUTSIDE_MILTER(D) },
		  .submission = submission,
		  .cleanup = cleanup },
		{ .milter = { OUTSIDE_MILTER(D) },
		  .submission = submission,
		  .cleanup = cleanup },
		{ .milter = { MAIN_MILTER(M, true, true), OUTSIDE_MILTER(D),
		              MAIN_GUARD_MILTER(G) },
		  .submission = submission,
		  .cleanup = cleanup },
		{ .milter = { MAIN_GUARD_MILTER(G) },
		  .is_last = true,
		  .cleanup = cleanup },
		both_first,
		both_last,
		{ .milter = { MAIN_MILTER(M, true, false) } },
		{ .milter = { MAIN_MILTER(M, false, true) }, .is_last = true },
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		for (size_t w = 0; w < ARRAY_LEN(requests); w++) {
			auto_buf out = BUF_INIT, back = BUF_INIT, moved = BUF_INIT;
			main_cf_render(texts[i], strlen(texts[i]), &requests[w], &out);
			assert_string_not_equal(buf_text(&out), texts[i]);
			main_cf_strip(buf_text(&out), out.len, &back);
			assert_string_equal(buf_text(&back), texts[i]);
			/* from any request to any other as if from the start */
			auto_buf fresh = BUF_INIT;
			const struct main_request *next =
				&requests[(w + 1) % ARRAY_LEN(requests)];
			main_cf_render(buf_text(&out), out.len, next, &moved);
			main_cf_render(texts[i], strlen(texts[i]), next, &fresh);
			assert_string_equal(buf_text(&moved), buf_text(&fresh));
		}
}

/* What an admin wrote into or behind our block stays when ours goes. */
static void test_edited(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "a = b\n" BEGIN_LINE PARAMS
		  "smtpd_milters = $mailauth_smtpd_milters, inet:x:1\n" NON END_LINE
		  "z = 1\n",
		  "a = b\nsmtpd_milters = inet:x:1\nz = 1\n" },
		{ "a = b\n" BEGIN_JOINED PARAMS SMTPD NON END_LINE "z = 1\n",
		  "a = b\nz = 1\n" },
		{ "smtpd_milters = a ${mailauth_smtpd_milters} b\n",
		  "smtpd_milters = a b\n" },
		{ "smtpd_milters = a,$(mailauth_smtpd_milters)\n",
		  "smtpd_milters = a\n" },
		{ "smtpd_milters = $mailauth_smtpd_milters_own\n",
		  "smtpd_milters = $mailauth_smtpd_milters_own\n" },
		{ "mailauth_milter = x\n  y\n# c\nz = 1\n", "# c\nz = 1\n" },
		/* marks around an item go; a group that is not closed as ours are is another's */
		{ "smtpd_milters = " MAIN_OWN_BEGIN "inet:x:1" MAIN_OWN_END ", y\n",
		  "smtpd_milters = inet:x:1, y\n" },
		{ "smtpd_milters = " MAIN_OWN_BEGIN "inet:x:1} y\n",
		  "smtpd_milters = " MAIN_OWN_BEGIN "inet:x:1} y\n" },
		{ "smtpd_milters = " MAIN_OWN_BEGIN "inet:x:1} }, y\n",
		  "smtpd_milters = " MAIN_OWN_BEGIN "inet:x:1} }, y\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;
		main_cf_strip(rows[i].text, strlen(rows[i].text), &out);
		assert_string_equal(buf_text(&out), rows[i].want);
	}
}

/* The tables of SRS behind an administrator's, and the classes only where he has none. */
static void test_srs(void **state)
{
	(void)state;
	static const char sender[] =
		"mailauth_sender_canonical_maps = tcp:127.0.0.1:10001\n";
	static const char classes[] =
		"mailauth_sender_canonical_classes = envelope_sender\n";
	static const char others[] =
		"mailauth_recipient_canonical_maps = tcp:127.0.0.1:10002\n"
		"mailauth_lmtp_generic_maps = tcp:127.0.0.1:10002\n";
	const struct main_request request = { .srs_forward = "tcp:127.0.0.1:10001",
		                              .srs_reverse = "tcp:127.0.0.1:10002" };
	const char *begin = "# mailauthctl: begin (the lines up to the end mark are "
			    "mailauthctl's)\n";
	auto_free char *alone = xasprintf(
		"a = b\n%s%s%s%s"
		"sender_canonical_maps = $mailauth_sender_canonical_maps\n"
		"sender_canonical_classes = $mailauth_sender_canonical_classes\n"
		"recipient_canonical_maps = $mailauth_recipient_canonical_maps\n"
		"lmtp_generic_maps = $mailauth_lmtp_generic_maps\n"
		"# mailauthctl: end\n",
		begin, sender, classes, others);
	check_render("a = b\n", &request, alone);
	auto_free char *beside = xasprintf(
		"sender_canonical_maps = hash:/x,\n  hash:/y, "
		"$mailauth_sender_canonical_maps\n"
		"sender_canonical_classes = envelope_sender\n"
		"lmtp_generic_maps = $mailauth_lmtp_generic_maps\n"
		"%s%s%s"
		"recipient_canonical_maps = $mailauth_recipient_canonical_maps\n"
		"# mailauthctl: end\n",
		begin, sender, others);
	check_render("sender_canonical_maps = hash:/x,\n  hash:/y\n"
	             "sender_canonical_classes = envelope_sender\n"
	             "lmtp_generic_maps = \n",
	             &request, beside);
	auto_free char *empty = xasprintf(
		"sender_canonical_classes = $mailauth_sender_canonical_classes\n"
		"%s%s%s%s"
		"sender_canonical_maps = $mailauth_sender_canonical_maps\n"
		"recipient_canonical_maps = $mailauth_recipient_canonical_maps\n"
		"lmtp_generic_maps = $mailauth_lmtp_generic_maps\n"
		"# mailauthctl: end\n",
		begin, sender, classes, others);
	check_render("sender_canonical_classes = \n", &request, empty);
}

/* One more filter is one more entry: first of all, and for mail from outside alone. */
static void test_more_milters(void **state)
{
	(void)state;
	static const char *const submission[] = { "submission", NULL };
	struct main_request request = { .milter = { MAIN_MILTER(M, true, true) },
		                        .submission = submission };
	main_milter_add(&request, (struct main_milter){ .name = "verify_milter",
	                                                .item = "{ unix:v }",
	                                                .in_smtpd = true,
	                                                .is_first = true });
	main_milter_add(&request, (struct main_milter){ .name = "spam_milter",
	                                                .item = "{ unix:r }",
	                                                .in_smtpd = true,
	                                                .in_non_smtpd = true,
	                                                .sees_sent = true });
	static const char items[] =
		"mailauth_milter = " M "\nmailauth_verify_milter = { unix:v }\n"
		"mailauth_spam_milter = { unix:r }\n";
	auto_free char *alone = xasprintf(
		BEGIN_LINE "%smailauth_smtpd_milters = " ONLY(
			"submission",
			"$mailauth_milter, $mailauth_spam_milter") "$mailauth_verify_milter, "
								   "$mailauth_milter, "
								   "$mailauth_spam_milter}}\n"
								   "mailauth_non_smtpd_milters = $mailauth_milter, $mailauth_spam_milter\n" SMTPD
									   NON END_LINE,
		items);
	check_render("", &request, alone);
	request.is_last = true;
	auto_free char *beside = xasprintf(
		"smtpd_milters = $mailauth_guard_milters, a, "
		"$mailauth_smtpd_milters\n" BEGIN_LINE
		"%smailauth_smtpd_milters = $mailauth_milter, $mailauth_spam_milter\n"
		"mailauth_guard_milters = " ONLY(
			"submission",
			"") "$mailauth_verify_milter}}\n"
			    "mailauth_non_smtpd_milters = $mailauth_milter, $mailauth_spam_milter\n" NON
				    END_LINE,
		items);
	check_render("smtpd_milters = a\n", &request, beside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raw),     cmocka_unit_test(test_list),
		cmocka_unit_test(test_render),  cmocka_unit_test(test_srs),
		cmocka_unit_test(test_split),   cmocka_unit_test(test_guard),
		cmocka_unit_test(test_inverse), cmocka_unit_test(test_edited),
		cmocka_unit_test(test_own),     cmocka_unit_test(test_more_milters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
