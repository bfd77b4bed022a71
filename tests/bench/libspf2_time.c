/*
 * What tests/lib/spf_ask.c --time does, with libspf2: its yardstick.  Compiled where the bench
 * runs, as libspf2-dev is installed only there.
 *
 *     libspf2_time COUNT CLIENT SENDER
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>

#include <spf2/spf.h>

#include "median.h"

int main(int argc, char **argv)
{
	long count = argc == 4 ? atol(argv[1]) : 0;
	SPF_server_t *server = SPF_server_new(SPF_DNS_RESOLV, 0);
	const char *result = "";
	int64_t *times = count > 0 ? calloc((size_t)count, sizeof(*times)) : NULL;
	if (!times || !server)
		return 2;
	for (long i = 0; i < count; i++) {
		struct timespec start, end;
		clock_gettime(CLOCK_MONOTONIC, &start);
		SPF_request_t *request = SPF_request_new(server);
		SPF_response_t *response = NULL;
		SPF_request_set_ipv4_str(request, argv[2]);
		SPF_request_set_helo_dom(request, "mx.bench.test");
		SPF_request_set_env_from(request, argv[3]);
		SPF_request_query_mailfrom(request, &response);
		result = SPF_strresult(SPF_response_result(response));
		SPF_response_free(response);
		SPF_request_free(request);
		clock_gettime(CLOCK_MONOTONIC, &end);
		times[i] = (end.tv_sec - start.tv_sec) * INT64_C(1000000000) +
		           (end.tv_nsec - start.tv_nsec);
	}
	printf("%.1f %s\n", (double)median_of(times, (size_t)count) / 1000.0, result);
	free(times);
	SPF_server_free(server);
	return 0;
}
