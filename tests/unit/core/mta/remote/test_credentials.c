/* credentials.c and pin.c: files with accounts, below a root of its own. */
#include "core/mta/remote/credentials.h"

#include "core/mta/remote/pin.h"
#include "tests/unit/file_root.h"

#define SECRET "blue horse 7"

/* A certificate, valid for ever: only its key counts. */
#define PEM                                                                  \
	"-----BEGIN CERTIFICATE-----\n"                                      \
	"MIIBjTCCATOgAwIBAgIUTXZGrH/MjaAL0ucT2xzEK4xxo/0wCgYIKoZIzj0EAwIw\n" \
	"GzEZMBcGA1UEAwwQbWFpbC5leGFtcGxlLmNvbTAgFw0yNjEyMDEwMjU5MDBaGA8y\n" \
	"MTI2MTEwNzAyNTkwMFowGzEZMBcGA1UEAwwQbWFpbC5leGFtcGxlLmNvbTBZMBMG\n" \
	"ByqGSM49AgEGCCqGSM49AwEHA0IABIVkOn5FfBN+zTqWKdSSFBCUNPAjLx0lCVtS\n" \
	"pYrAlM2GaC67EPed0fWFkUXC/UGcBla3E/IuGhnzEj0Wq0kCOGijUzBRMB0GA1Ud\n" \
	"DgQWBBSoKxYtgTTl7pBEfgjMQ5HGgGhmZzAfBgNVHSMEGDAWgBSoKxYtgTTl7pBE\n" \
	"fgjMQ5HGgGhmZzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIEhi\n" \
	"2VTFbP1jVGuX1e30F8MV56IsclP5DP8yYZ+j2HBrAiEAiIV19I78EjnKKAx4Rgdf\n" \
	"jPTo6ZZyNH0RRNjAfaOkkgI=\n"                                         \
	"-----END CERTIFICATE-----\n"
#define PIN "sha256//QIvRmFbPuWxEDVy496pNhKxes6BDR1/PODSc5s3LmGM="

static const struct row {
	const char *text;
	const char *want; /* part of the failure; NULL: it is read */
} rows[] = {
	{ "user admin\npassword " SECRET "\n", NULL },
	{ "# by hand\r\n\r\nuser admin\r\npassword " SECRET "\r\n", NULL },
	{ "password " SECRET "\nuser admin", NULL },
	{ "", "no line \"user ...\"" },
	{ "user admin\n", "no line \"password ...\"" },
	{ "user admin\npassword \n", "line 2: expected" },
	{ "user admin\n" SECRET "\n", "line 2: expected" },
	{ "user admin\npassword " SECRET "\npassword x\n",
	  "line 3: a second \"password\"" },
	{ "user a\nuser b\n", "line 2: a second \"user\"" },
	{ "username admin\n", "line 1: expected" },
	{ "user admin\npassword " SECRET "\ncertificate x.pem\n", "must be absolute" },
	{ "user admin\npassword " SECRET "\ncertificate /none.pem\n", "/none.pem" },
	{ "user admin\npassword " SECRET "\ncertificate /account\n",
	  "/account: it does not contain a certificate" },
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct credentials c = CREDENTIALS_INIT;
		err_clear(&err);
		make_file("/account", rows[i].text, 0600);
		int r = credentials_read(&ctx, "/account", &c, &err);
		assert_null(strstr(err.text, SECRET));
		if (rows[i].want) {
			assert_true(r < 0);
			if (!strstr(err.text, rows[i].want))
				fail_msg("row %zu: %s", i, err.text);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal((const char *)c.user.at, "admin");
		assert_string_equal((const char *)c.password.at, SECRET);
		assert_int_equal(c.password.len, strlen(SECRET));
		assert_null(c.pin);
		assert_true(credentials_are_in(&c, "wrong password: " SECRET));
		assert_false(credentials_are_in(&c, "wrong password: blue"));
		credentials_done(&c);
	}
}

static void assert_refused(const char *want)
{
	struct credentials c = CREDENTIALS_INIT;
	err_clear(&err);
	assert_true(credentials_read(&ctx, "/d/account", &c, &err) < 0);
	if (!strstr(err.text, want))
		fail_msg("%s", err.text);
	assert_null(strstr(err.text, SECRET));
}

/* What an account besides root and ours could read or replace is refused. */
static void test_access(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0660, 0620, 0601 };
	(void)state;
	make_dir("/d", 0755);
	assert_refused("does not exist");
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		make_file("/d/account", "user a\npassword " SECRET "\n", modes[i]);
		assert_refused("other accounts can access the password");
		assert_string_equal(err.remedy, "chmod 600 /d/account");
	}
	make_file("/d/account", "user a\npassword " SECRET "\n", 0600);
	if (getuid() == 0) {
		assert_int_equal(chown(host("/d/account"), 65534, 0), 0);
		assert_refused("belongs to the user id 65534");
		assert_int_equal(chown(host("/d/account"), 0, 0), 0);
	}
	assert_int_equal(chmod(host("/d"), 0777), 0);
	assert_refused("/d");
	assert_int_equal(unlink(host("/d/account")), 0);
	make_dir("/d/account", 0700);
	assert_refused("is not a regular file");
}

static void test_pin(void **state)
{
	struct credentials c = CREDENTIALS_INIT;
	(void)state;
	make_file("/server.pem", PEM, 0644);
	make_file("/account", "user a\npassword " SECRET "\ncertificate /server.pem\n",
	          0600);
	if (credentials_read(&ctx, "/account", &c, &err))
		fail_msg("%s", err.text);
	assert_string_equal(c.pin, PIN);
	credentials_done(&c);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { ROW(test_lines), ROW(test_access),
		                            ROW(test_pin) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
