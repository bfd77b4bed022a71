/*
 * core/mta/remote/http.h: requests to one HTTP(S) server, by libcurl (its sole owner), over a
 * connection that is kept.
 *
 * Certificates are verified: by the system's authorities and the name in the URL, or by a pin alone.
 * A redirect is not followed, no proxy is used, whatever the environment says, and no file of an
 * account (.netrc) is read.  Without TLS only this host is reached: a password would pass the network
 * in clear text.
 */
#ifndef CORE_MTA_REMOTE_HTTP_H
#define CORE_MTA_REMOTE_HTTP_H

#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct http;

/* `url`: the server, "https://mail.example.com:9998"; `pin`: pin.h, NULL: none.  Fails: it is http://
 * and the host is another one. */
int http_new(const char *url, const char *pin, struct http **ret_http,
             struct err *err) must_check;
void http_free(struct http *http);

struct http_request {
	const char *method; /* "GET", "POST" */
	const char *path;   /* after the URL: "/api/v1/..." */
	const char *type;   /* of the content: "application/json"; NULL: no content */
	const char *content;
	const char *bearer; /* NULL: no Authorization field */
	int64_t deadline;   /* monotonic nanoseconds, for connecting, too */
};

struct http_answer {
	long status;
	struct buf content;
};
#define HTTP_ANSWER_INIT ((struct http_answer){ 0 })
#define auto_answer cleanup(http_answer_done) struct http_answer
/* Wipes and frees. */
void http_answer_done(struct http_answer *answer);

/* A larger answer is a failure. */
#define HTTP_ANSWER_LIMIT ((size_t)4 << 20)

/* Any status is an answer, except a redirect.  Fails: there is no answer by the deadline; the certificate
 * is another one; the answer is too large.  The sentence names the server, and nothing of the request
 * but its path.  A request that failed may have been carried out. */
int http_ask(struct http *http, const struct http_request *request,
             struct http_answer *ret_answer, struct err *err) must_check;

#endif
