/*
 * One policy service under load: starts it with a pipe on both sides, as Postfix's spawn(8) does,
 * and sends requests, one at a time, each of another message.
 *
 *     policy_time COUNT CLIENT SENDER PROGRAM [WORD...]
 *
 * Prints "WALL CPU PRIVATE WORST ANSWER": microseconds of wall time for one request (the median) and
 * of the service's processor time for one (the mean), KiB that the idle service has for itself afterwards, microseconds of the
 * slowest request, the first word or two of the last answer.  A first request is not counted.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/median.h"

struct service {
	pid_t pid;
	int to, from;
	char answer[4096];
};

static void die(const char *what)
{
	fprintf(stderr, "policy_time: %s\n", what);
	exit(2);
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void start(struct service *s, char **argv)
{
	int to[2], from[2];
	if (pipe(to) < 0 || pipe(from) < 0 || (s->pid = fork()) < 0)
		die("no process");
	if (s->pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[0]), close(to[1]), close(from[0]), close(from[1]);
		execv(argv[0], argv);
		_exit(127);
	}
	close(to[0]), close(from[1]);
	s->to = to[1], s->from = from[0];
}

static void ask(struct service *s, long number, const char *client, const char *sender)
{
	char request[1024];
	int len = snprintf(request, sizeof(request),
	                   "request=smtpd_access_policy\nprotocol_state=RCPT\n"
	                   "protocol_name=ESMTP\nclient_address=%s\nclient_name=unknown\n"
	                   "helo_name=mx.bench.test\nsender=%s\n"
	                   "recipient=postmaster2@example.test\nrecipient_count=0\n"
	                   "queue_id=\ninstance=%d.%lx.0\nsize=0\nsasl_username=\n\n",
	                   client, sender, (int)getpid(), number);
	if (write(s->to, request, (size_t)len) != len)
		die("the service takes no request");
	size_t got = 0;
	while (got < 2 || memcmp(s->answer + got - 2, "\n\n", 2) != 0) {
		ssize_t n = read(s->from, s->answer + got, sizeof(s->answer) - 1 - got);
		if (n <= 0)
			die("the service gives no answer");
		got += (size_t)n;
	}
	s->answer[got] = '\0';
}

/* Processor time so far, nanoseconds. */
static uint64_t cpu_ns(pid_t pid)
{
	char path[64];
	uint64_t ns = 0;
	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file || fscanf(file, "%" SCNu64, &ns) != 1)
		die("no schedstat");
	fclose(file);
	return ns;
}

static long private_kib(pid_t pid)
{
	char path[64], line[256];
	long sum = 0, kib;
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		die("no smaps_rollup");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Private_%*[^:]: %ld", &kib) == 1 &&
		    !strstr(line, "Hugetlb"))
			sum += kib;
	fclose(file);
	return sum;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		die("usage: policy_time COUNT CLIENT SENDER PROGRAM [WORD...]");
	long count = atol(argv[1]);
	struct service s = { .pid = 0 };
	start(&s, argv + 4);
	ask(&s, 0, argv[2], argv[3]);
	uint64_t cpu = cpu_ns(s.pid);
	int64_t last = now_ns(), *times = calloc((size_t)count, sizeof(*times));
	if (count <= 0 || !times)
		die("no count, or no memory");
	for (long i = 1; i <= count; i++) {
		ask(&s, i, argv[2], argv[3]);
		int64_t now = now_ns();
		times[i - 1] = now - last;
		last = now;
	}
	double cpu_us = (double)(cpu_ns(s.pid) - cpu) / 1000.0 / (double)count;
	int64_t wall = median_of(times, (size_t)count), worst = times[count - 1];
	printf("%.1f %.1f %ld %.1f %.40s\n", (double)wall / 1000.0, cpu_us,
	       private_kib(s.pid), (double)worst / 1000.0, strtok(s.answer, "\n"));
	free(times);
	close(s.to);
	close(s.from);
	waitpid(s.pid, NULL, 0);
	return 0;
}
