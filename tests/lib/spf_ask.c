/*
 * SPF checks, many in one process: the library's answers for other programs' to be held against,
 * or the time that they take.
 *
 *     spf_ask --nameserver ADDR[:PORT] <CASES
 *     spf_ask --nameserver ADDR[:PORT] --time COUNT CLIENT SENDER
 *
 * CASES: a line is "CLIENT SENDER HELO".  For each a line comes out: result, look-ups, void
 * look-ups and, behind the third tab, the explanation that the domain gives.  --time prints the
 * microseconds of one check, the median of COUNT.  Plain RFC 7208; the stack of resolvers is made
 * new for each check as in mailauth-policyd.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/arena.h"
#include "core/base/ctx.h"
#include "dnszone/query/query.h"
#include "dnszone/query/resolver_cache.h"
#include "dnszone/spf/spf_eval.h"
#include "tests/bench/median.h"

#define CACHE_MEMORY (256 * 1024)

struct asker {
	struct query_servers servers;
	struct resolver *dns; /* NULL: none yet */
	struct arena mem;
};

static void die(const char *what)
{
	fprintf(stderr, "spf_ask: %s\n", what);
	exit(2);
}

static void check(struct asker *asker, const char *client, const char *sender,
                  const char *helo, struct spf_answer *ret_answer)
{
	struct spf_question q = { .receiver = "mx.example.test",
		                  .helo = octets_of(helo),
		                  .now = time(NULL) };
	const char *at = strrchr(sender, '@');
	if (at && at > sender)
		q.local_part = (struct octets){ sender, (size_t)(at - sender) };
	q.domain = octets_of(at ? at + 1 : sender);
	if (inet_pton(AF_INET, client, q.client + 12) == 1)
		q.client[10] = q.client[11] = 0xff;
	else if (inet_pton(AF_INET6, client, q.client) != 1)
		die("a client address is none");
	if (!asker->dns) {
		struct resolver *query = query_new(&asker->servers, NULL);
		asker->dns = query ? resolver_cache_new(query, CACHE_MEMORY) : NULL;
	}
	if (!asker->dns || !resolver_renew(asker->dns))
		die("out of memory");
	arena_reset(&asker->mem);
	const struct spf_context context = {
		.dns = asker->dns,
		.limits = SPF_LIMITS_DEFAULT,
		.until = deadline_in_ms(SPF_TIME_LIMIT_MS),
		.mem = &asker->mem,
	};
	spf_eval(&context, &q, NULL, ret_answer);
}

static void answer_cases(struct asker *asker)
{
	char line[2048], client[64], sender[1024], helo[512];
	while (fgets(line, sizeof(line), stdin)) {
		struct spf_answer answer;
		if (sscanf(line, "%63s %1023s %511s", client, sender, helo) != 3)
			die("a line is no case");
		check(asker, client, sender, helo, &answer);
		printf("%s\t%u\t%u\t%.*s\n", spf_result_name(answer.result),
		       answer.lookups, answer.voids, (int)answer.explanation.len,
		       answer.explanation.at ? answer.explanation.at : "");
	}
}

static void time_checks(struct asker *asker, long count, const char *client,
                        const char *sender)
{
	struct spf_answer answer = { .result = SPF_NONE };
	int64_t *times = calloc((size_t)count, sizeof(*times));
	if (!times)
		die("out of memory");
	for (long i = 0; i < count; i++) {
		int64_t start = monotonic_ns();
		check(asker, client, sender, "mx.bench.test", &answer);
		times[i] = monotonic_ns() - start;
	}
	printf("%.1f %s\n", (double)median_of(times, (size_t)count) / 1000.0,
	       spf_result_name(answer.result));
	free(times);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "nameserver", required_argument, NULL, 'n' },
		{ "time", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	struct asker asker = { .servers.count = 0 };
	struct err err = ERR_INIT;
	long count = 0;
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			count = atol(optarg);
		else if (option != 'n' ||
		         query_servers_parse(optarg, &asker.servers, &err) < 0)
			die("usage: --nameserver ADDR[:PORT] [--time COUNT CLIENT SENDER]");
	}
	if (asker.servers.count == 0 || argc - optind != (count > 0 ? 2 : 0))
		die("usage: --nameserver ADDR[:PORT] [--time COUNT CLIENT SENDER]");
	if (!arena_open(&asker.mem, SPF_MEMORY))
		die("out of memory");
	if (count == 0) {
		answer_cases(&asker);
	} else {
		time_checks(&asker, count, argv[optind], argv[optind + 1]);
	}
	resolver_free(asker.dns);
	arena_done(&asker.mem);
	return fflush(stdout) == 0 ? 0 : 1;
}
