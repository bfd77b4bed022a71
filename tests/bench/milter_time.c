/*
 * How long filters take to sign a message, side by side: one message after the other to each in
 * turn, each over a connection of its own.
 *
 *     milter_time COUNT DOMAIN ENDPOINT...
 *
 * Prints the median for each endpoint in microseconds, in one line.  DOMAIN empty: the filters are
 * only negotiated with.  Fails when a message comes back without the signature.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/probe/milter.h"
#include "tests/bench/median.h"

enum { MOST = 8 };

static int64_t ask(struct ctx *ctx, const char *endpoint, const char *domain,
                   const char *from)
{
	const struct milter_header headers[] = {
		{ "From", from },
		{ "To", "somebody@example.net" },
		{ "Subject", "a bench" },
		{ "Date", "Sun, 22 Nov 2026 12:00:00 +0000" },
		{ "Message-Id", "<bench@bench.example>" },
	};
	const struct milter_message message = { .client = "127.0.0.1",
		                                .is_authenticated = true,
		                                .sender = from,
		                                .recipient = "somebody@example.net",
		                                .header = headers,
		                                .headers = ARRAY_LEN(headers),
		                                .body = "hello\r\n" };
	struct milter_answer answer = { 0 };
	struct err err = ERR_INIT;
	char selector[256];
	int64_t start = monotonic_ns();
	int r = milter_ask(ctx, endpoint, *domain ? &message : NULL,
	                   start + 10 * NS_PER_SEC, &answer, &err);
	int64_t took = monotonic_ns() - start;
	if (r < 0 || (*domain && !milter_find_signature(buf_text(&answer.headers), domain,
	                                                selector, sizeof(selector)))) {
		fprintf(stderr, "milter_time: %s: %s\n", endpoint,
		        r < 0 ? err.text : "no signature");
		exit(1);
	}
	milter_answer_done(&answer);
	return took;
}

int main(int argc, char **argv)
{
	long count = argc > 3 ? atol(argv[1]) : 0;
	int endpoints = argc - 3;
	struct ctx ctx;
	struct err err = ERR_INIT;
	if (count <= 0 || endpoints > MOST || ctx_init(&ctx, NULL, &err) < 0) {
		fprintf(stderr, "usage: milter_time COUNT DOMAIN ENDPOINT...\n");
		return 2;
	}
	auto_free char *from = xasprintf("user@%s", argv[2]);
	int64_t *times[MOST];
	for (int i = 0; i < endpoints; i++)
		times[i] = xcalloc((size_t)count, sizeof(int64_t));
	for (long n = 0; n < count; n++)
		for (int i = 0; i < endpoints; i++)
			times[i][n] = ask(&ctx, argv[3 + i], argv[2], from);
	for (int i = 0; i < endpoints; i++) {
		printf("%s%.1f", i ? " " : "",
		       (double)median_of(times[i], (size_t)count) / 1000.0);
		free(times[i]);
	}
	printf("\n");
	ctx_done(&ctx);
	return 0;
}
