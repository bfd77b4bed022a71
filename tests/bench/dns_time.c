/*
 * What DNS itself costs: sends questions to a name server one after the other, each when the answer
 * to the one before has come, and nothing else.
 *
 *     dns_time COUNT ADDRESS PORT NAME/TYPE...
 *
 * Prints the microseconds that all of them take together, the median of COUNT.  One socket for all
 * of them: less than any resolver should do.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/median.h"

#define QUESTIONS_MAX 20
#define QUESTION_MAX 300

struct question {
	uint8_t octets[QUESTION_MAX];
	size_t len;
};

static void die(const char *what)
{
	fprintf(stderr, "dns_time: %s\n", what);
	exit(2);
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static unsigned type_of(const char *text)
{
	return strcasecmp(text, "A") == 0     ? 1
	       : strcasecmp(text, "MX") == 0  ? 15
	       : strcasecmp(text, "TXT") == 0 ? 16
	                                      : 0;
}

/* "example.org/TXT", with RD and an OPT record as the program itself sends it. */
static void compose(char *text, struct question *q)
{
	static const uint8_t head[12] = { [2] = 1, [3] = 0x20, [5] = 1, [11] = 1 };
	char *slash = strchr(text, '/'), *rest = NULL;
	unsigned type = slash ? type_of(slash + 1) : 0;
	if (type == 0 || strlen(text) > 255)
		die("a question is NAME/TYPE");
	*slash = '\0';
	memcpy(q->octets, head, sizeof(head));
	q->len = sizeof(head);
	for (char *label = strtok_r(text, ".", &rest); label;
	     label = strtok_r(NULL, ".", &rest)) {
		q->octets[q->len++] = (uint8_t)strlen(label);
		memcpy(q->octets + q->len, label, strlen(label));
		q->len += strlen(label);
	}
	const uint8_t tail[16] = { 0, 0, (uint8_t)type, 0, 1, 0, 0, 41, 0x04, 0xd0 };
	memcpy(q->octets + q->len, tail, sizeof(tail));
	q->len += sizeof(tail);
}

static void ask(int fd, struct question *q, unsigned id)
{
	uint8_t answer[4096];
	q->octets[0] = (uint8_t)(id >> 8);
	q->octets[1] = (uint8_t)id;
	if (send(fd, q->octets, q->len, 0) != (ssize_t)q->len)
		die("the question cannot be sent");
	do
		if (recv(fd, answer, sizeof(answer), 0) < 12)
			die("no answer");
	while (memcmp(answer, q->octets, 2) != 0);
	if ((answer[3] & 15) != 0 || answer[7] == 0)
		die("an answer without data");
}

int main(int argc, char **argv)
{
	static struct question question[QUESTIONS_MAX];
	struct sockaddr_in at = { .sin_family = AF_INET };
	long count = argc > 4 ? atol(argv[1]) : 0;
	int questions = argc - 4;
	if (count <= 0 || questions > QUESTIONS_MAX ||
	    inet_pton(AF_INET, argv[2], &at.sin_addr) != 1)
		die("usage: dns_time COUNT ADDRESS PORT NAME/TYPE...");
	at.sin_port = htons((uint16_t)atoi(argv[3]));
	for (int i = 0; i < questions; i++)
		compose(argv[4 + i], &question[i]);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int64_t *times = calloc((size_t)count, sizeof(*times));
	if (!times || fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("no memory, or no socket");
	for (long i = 0; i < count; i++) {
		int64_t start = now_ns();
		for (int k = 0; k < questions; k++)
			ask(fd, &question[k], (unsigned)(i * questions + k));
		times[i] = now_ns() - start;
	}
	printf("%.1f\n", (double)median_of(times, (size_t)count) / 1000.0);
	free(times);
	close(fd);
	return 0;
}
