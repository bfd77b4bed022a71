/* HTTP over libcurl, opened at the first request: only commands that ask a remote server need it. */
#include "core/mta/remote/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/ctx.h"
#include "core/base/library.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(curl_easy_cleanup) \
	CALL(curl_easy_getinfo) \
	CALL(curl_easy_init) \
	CALL(curl_easy_perform) \
	CALL(curl_easy_reset) \
	CALL(curl_easy_setopt) \
	CALL(curl_easy_strerror) \
	CALL(curl_global_init) \
	CALL(curl_slist_append) \
	CALL(curl_slist_free_all) \
	CALL(curl_url) \
	CALL(curl_url_cleanup) \
	CALL(curl_url_get) \
	CALL(curl_url_set) \
	CALL(curl_free)
/* clang-format on */
LIBRARY(curl, LIBRARY_CURL, CALLS)

/* Without its checks of types, which call the functions by name. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#define SET(option, value) \
	(ok = ok && curl()->curl_easy_setopt(easy, option, value) == CURLE_OK)

struct http {
	CURL *easy;
	char *url; /* without a final '/' */
	char *pin;
};

/* "127.0.0.1", "[::1]", "localhost". */
static bool is_this_host(const char *host)
{
	struct in_addr v4;
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

static int check_url(const char *url, struct err *err)
{
	CURLU *parts = curl()->curl_url();
	char *scheme = NULL, *host = NULL;
	int r = 0;
	if (!parts)
		abort();
	bool is_url =
		curl()->curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl()->curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		curl()->curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK;
	if (!is_url)
		r = err_set(err, ERR_FAILED, _("%s is not a valid address"), url);
	else if (strcmp(scheme, "https") != 0 && !is_this_host(host))
		r = err_set(
			err, ERR_FAILED,
			_("%s would pass the password over the network in clear text: "
		          "use https://"),
			url);
	curl()->curl_free(scheme);
	curl()->curl_free(host);
	curl()->curl_url_cleanup(parts);
	return r;
}

int http_new(const char *url, const char *pin, struct http **ret_http, struct err *err)
{
	/* Never undone: OpenSSL registers an exit handler. */
	if (curl()->curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	int r = check_url(url, err);
	if (r != 0)
		return r;
	struct http *http = xcalloc(1, sizeof(*http));
	http->easy = curl()->curl_easy_init();
	if (!http->easy)
		abort();
	http->url = xstrdup(url);
	for (size_t len = strlen(http->url); len && http->url[len - 1] == '/'; len--)
		http->url[len - 1] = '\0';
	http->pin = xstrdup(pin);
	*ret_http = http;
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	curl()->curl_easy_cleanup(http->easy);
	free(http->url);
	free(http->pin);
	free(http);
}

void http_answer_done(struct http_answer *answer)
{
	if (answer->content.at)
		explicit_bzero(answer->content.at, answer->content.room);
	buf_done(&answer->content);
	*answer = HTTP_ANSWER_INIT;
}

/* The old memory is wiped, because an answer may contain a key or a token. */
static void grow(struct buf *content, size_t more)
{
	struct buf next = BUF_INIT;
	if (content->len + more < content->room)
		return;
	buf_reserve(&next, 2 * content->room + more + 1);
	buf_add(&next, buf_text(content), content->len);
	if (content->at)
		explicit_bzero(content->at, content->room);
	buf_done(content);
	*content = next;
}

static size_t receive(char *octets, size_t size, size_t count, void *arg)
{
	struct buf *content = arg;
	(void)size; /* 1 */
	if (count > HTTP_ANSWER_LIMIT - content->len)
		return 0;
	grow(content, count);
	buf_add(content, octets, count);
	return count;
}

/* The caller frees with free_fields(). */
static bool add_field(struct curl_slist **fields, const char *name, const char *value)
{
	auto_free char *field = xasprintf("%s: %s", name, value);
	struct curl_slist *longer = curl()->curl_slist_append(*fields, field);
	explicit_bzero(field, strlen(field));
	if (longer)
		*fields = longer;
	return longer != NULL;
}

static void free_fields(struct curl_slist *fields)
{
	for (struct curl_slist *field = fields; field; field = field->next)
		explicit_bzero(field->data, strlen(field->data));
	curl()->curl_slist_free_all(fields);
}

static bool set_tls(const struct http *http, CURL *easy)
{
	bool ok = true;
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, http->pin ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, http->pin ? 0L : 2L);
	if (http->pin)
		SET(CURLOPT_PINNEDPUBLICKEY, http->pin);
	return ok;
}

static bool set_request(const struct http *http, const struct http_request *request,
                        const char *url, struct curl_slist *fields,
                        struct http_answer *answer, char *why)
{
	CURL *easy = http->easy;
	int64_t left_ms = (request->deadline - monotonic_ns()) / NS_PER_MS;
	bool ok = true;
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, ""); /* the variables of the environment are not read */
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)(left_ms > 0 ? left_ms : 1));
	SET(CURLOPT_ERRORBUFFER, why);
	SET(CURLOPT_WRITEFUNCTION, receive);
	SET(CURLOPT_WRITEDATA, &answer->content);
	SET(CURLOPT_HTTPHEADER, fields);
	if (request->type) {
		SET(CURLOPT_POSTFIELDSIZE, (long)strlen(request->content));
		SET(CURLOPT_POSTFIELDS, request->content);
	}
	SET(CURLOPT_CUSTOMREQUEST, request->method);
	return ok && set_tls(http, easy);
}

static int explain(const struct http *http, const struct http_request *request,
                   CURLcode rc, const char *why, struct err *err)
{
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, ERR_FAILED, _("%s did not answer in time (%s)"),
		               http->url, request->path);
	if (rc == CURLE_WRITE_ERROR)
		return err_set(err, ERR_FAILED, _("%s sent too large an answer (%s)"),
		               http->url, request->path);
	if (rc == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
		return err_set(err, ERR_FAILED,
		               _("%s has another certificate than the one in "
		                 "mta.credentials-file"),
		               http->url);
	return err_set(err, ERR_FAILED, _("%s cannot be asked: %s"), http->url,
	               *why ? why : curl()->curl_easy_strerror(rc));
}

int http_ask(struct http *http, const struct http_request *request,
             struct http_answer *ret_answer, struct err *err)
{
	struct http_answer answer = HTTP_ANSWER_INIT;
	struct curl_slist *fields = NULL;
	char why[CURL_ERROR_SIZE] = "";
	auto_free char *url = xasprintf("%s%s", http->url, request->path);
	auto_free char *bearer =
		request->bearer ? xasprintf("Bearer %s", request->bearer) : NULL;
	if ((bearer && !add_field(&fields, "Authorization", bearer)) ||
	    (request->type && !add_field(&fields, "Content-Type", request->type)) ||
	    !add_field(&fields, "Accept", request->type ? request->type : "*/*") ||
	    !add_field(&fields, "Expect", "")) /* "100-continue" would cost a second */
		abort();
	if (bearer)
		explicit_bzero(bearer, strlen(bearer));
	curl()->curl_easy_reset(http->easy);
	if (!set_request(http, request, url, fields, &answer, why))
		abort();
	CURLcode rc = curl()->curl_easy_perform(http->easy);
	if (rc == CURLE_OK)
		curl()->curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE,
		                          &answer.status);
	curl()->curl_easy_reset(http->easy); /* it refers to what is freed here */
	free_fields(fields);
	int r = rc == CURLE_OK ? 0 : explain(http, request, rc, why, err);
	if (r == 0 && answer.status / 100 == 3)
		r = err_set(
			err, ERR_FAILED,
			_("%s answers with a redirect (%ld), which is not followed: set "
		          "mta.url to the address of the server itself"),
			http->url, answer.status);
	if (r == 0)
		*ret_answer = answer;
	else
		http_answer_done(&answer);
	return r;
}
