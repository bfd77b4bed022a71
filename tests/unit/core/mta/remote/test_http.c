/*
 * http.c against a server on the loopback: what is sent, what is refused, and that each request ends.
 */
#include "core/mta/remote/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/base/alloc.h"
#include "core/mta/remote/pin.h"
#include "tests/unit/file_root.h"
#include "tests/unit/python_server.h"

#define SERVER "tests/lib/http_server.py"
#define TOKEN "token-5f3a"

static struct python_server server;

static int64_t soon(int seconds)
{
	return monotonic_ns() + seconds * NS_PER_SEC;
}

static int ask(struct http *http, const char *path, const char *content,
               struct http_answer *answer)
{
	const struct http_request request = {
		.method = content ? "POST" : "GET",
		.path = path,
		.type = content ? "text/plain" : NULL,
		.content = content,
		.bearer = TOKEN,
		.deadline = soon(strcmp(path, "/hang") == 0 ? 1 : 20),
	};
	err_clear(&err);
	return http_ask(http, &request, answer, &err);
}

static struct http *connect_to(const char *url, const char *pin)
{
	struct http *http = NULL;
	if (http_new(url, pin, &http, &err))
		fail_msg("%s", err.text);
	return http;
}

static void assert_fails(struct http *http, const char *path, const char *want)
{
	auto_answer answer = HTTP_ANSWER_INIT;
	int64_t began = monotonic_ns();
	assert_int_equal(ask(http, path, "SECRET", &answer), ERR_FAILED);
	assert_true(monotonic_ns() - began < 15 * NS_PER_SEC);
	if (!strstr(err.text, want))
		fail_msg("%s", err.text);
	assert_null(strstr(err.text, "SECRET"));
	assert_null(strstr(err.text, TOKEN));
}

static void test_plain(void **state)
{
	(void)state;
	/* a proxy or an account of the environment is not used */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	python_server_start(&server, (const char *[]){ SERVER, NULL });
	auto_free char *url = xasprintf("%s/", server.url);
	struct http *http = connect_to(url, NULL);
	for (int round = 0; round < 2; round++) {
		auto_answer answer = HTTP_ANSWER_INIT;
		assert_int_equal(ask(http, "/a?b", "{}", &answer), 0);
		assert_int_equal(answer.status, 200);
		assert_non_null(strstr(buf_text(&answer.content), "POST /a?b\n"));
		assert_non_null(strstr(buf_text(&answer.content),
		                       "Authorization=Bearer " TOKEN "\n"));
		assert_null(strstr(buf_text(&answer.content), "Expect"));
		assert_non_null(strstr(buf_text(&answer.content), "\n{}"));
	}
	auto_answer get = HTTP_ANSWER_INIT, refused = HTTP_ANSWER_INIT;
	assert_int_equal(ask(http, "/b", NULL, &get), 0);
	assert_non_null(strstr(buf_text(&get.content), "GET /b\n"));
	assert_int_equal(ask(http, "/refused", NULL, &refused), 0);
	assert_int_equal(refused.status, 401);
	assert_fails(http, "/hang", "did not answer in time (/hang)");
	assert_fails(http, "/large", "too large an answer");
	assert_fails(http, "/away", "a redirect (302), which is not followed");
	http_free(http);
	python_server_end(&server);
	http = connect_to(server.url, NULL);
	assert_fails(http, "/a", "cannot be asked: ");
	http_free(http);
}

/* It accepts a connection, and says nothing. */
static void test_silent(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	auto_free char *url = xasprintf("https://127.0.0.1:%u", ntohs(at.sin_port));
	struct http *http = connect_to(url, NULL);
	assert_fails(http, "/hang", "did not answer in time (/hang)");
	http_free(http);
	close(fd);
}

static void make_certificate(const char *name, const char *common)
{
	auto_free char *command = xasprintf(
		"cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
		"-nodes -keyout %s.key -out %s.crt -days 2 -subj /CN=%s 2>/dev/null && cat "
		"%s.key %s.crt >%s.pem",
		ctx.root, name, name, common, name, name, name);
	assert_int_equal(system(command), 0);
}

static char *pin_of_file(const char *name)
{
	auto_buf pem = BUF_INIT;
	auto_free char *path = xasprintf("/%s.crt", name);
	char *pin = NULL;
	assert_int_equal(file_read(&ctx, path, 65536, &pem, NULL, &err), 0);
	assert_int_equal(pin_of(buf_text(&pem), pem.len, &pin, &err), 0);
	return pin;
}

/* An unknown certificate, with the wrong name at that, is accepted by its pin alone. */
static void test_tls(void **state)
{
	(void)state;
	make_certificate("right", "elsewhere.example");
	make_certificate("wrong", "127.0.0.1");
	auto_free char *pem = xasprintf("%s/right.pem", ctx.root);
	python_server_start(&server, (const char *[]){ SERVER, pem, NULL });
	auto_free char *right = pin_of_file("right"), *wrong = pin_of_file("wrong");
	struct http *http = connect_to(server.url, NULL);
	assert_fails(http, "/a", "certificate");
	http_free(http);
	http = connect_to(server.url, wrong);
	assert_fails(http, "/a", "has another certificate than the one");
	http_free(http);
	http = connect_to(server.url, right);
	auto_answer answer = HTTP_ANSWER_INIT;
	if (ask(http, "/a", "{}", &answer))
		fail_msg("%s", err.text);
	assert_int_equal(answer.status, 200);
	http_free(http);
	python_server_end(&server);
}

static void test_url(void **state)
{
	static const char *const good[] = { "http://127.0.0.1:32000", "http://localhost",
		                            "http://[::1]:1/",
		                            "https://mail.example.com" };
	static const char *const bad[] = { "http://mail.example.com",
		                           "http://127.example.com.:1",
		                           "http://192.0.2.1", "http://[2001:db8::1]" };
	struct http *http;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		http_free(connect_to(good[i], NULL));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		err_clear(&err);
		assert_int_equal(http_new(bad[i], NULL, &http, &err), ERR_FAILED);
		assert_non_null(strstr(err.text, "in clear text"));
	}
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { ROW(test_plain), ROW(test_silent),
		                            ROW(test_tls), ROW(test_url) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
