/* cli/policyd_serve and cli/policyd_milter: how long a client may take, and for what. */
#include "cli/policyd/policyd_serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"

/* From loopback: answered without DNS. */
#define REQUEST                                                          \
	"request=smtpd_access_policy\nprotocol_state=RCPT\n"             \
	"client_address=127.0.0.1\nhelo_name=h\nsender=a@pass.example\n" \
	"recipient=b@x.test\ninstance=1\n\n"
#define OFFER "\0\0\0\15O\0\0\0\6\0\0\1\377\0\37\377\377"
#define LITERAL(text) (text), sizeof(text) - 1
#define SECOND_MS 1000

/* What a client does, one after the other; the end of the rows: it stays, and does nothing. */
struct act {
	enum { STAYS, SENDS, DRIPS, WAITS, READS, CLOSES } what;
	const char *octets;
	size_t len; /* of DRIPS: one octet each 100 ms, to the end and again; of WAITS: ms */
};

static void pause_ms(size_t ms)
{
	(void)poll(NULL, 0, (int)ms);
}

static void act(int fd, const struct act *acts)
{
	char octets[4096];
	signal(SIGPIPE, SIG_IGN);
	for (; acts->what != STAYS; acts++)
		switch (acts->what) {
		case SENDS:
			if (write(fd, acts->octets, acts->len) < 0)
				_exit(0);
			break;
		case DRIPS:
			for (size_t i = 0; i < 300; i++) {
				if (write(fd, acts->octets + i % acts->len, 1) != 1)
					_exit(0);
				pause_ms(100);
			}
			break;
		case WAITS:
			pause_ms(acts->len);
			break;
		case READS:
			if (read(fd, octets, sizeof(octets)) <= 0)
				_exit(1);
			break;
		case CLOSES:
			_exit(0);
		case STAYS:
			break;
		}
	for (;;)
		pause();
}

static const char settings[] = "version: 1\nhostname: mx.example.net\n";

/* Serves that client; what is logged goes to `log`. */
static int serve(const struct act *acts, const struct policyd_limits *limits, int64_t *ms,
                 char *log, size_t room)
{
	char path[] = "/tmp/test_serve.XXXXXX";
	struct policyd_log to = { .to_stderr = true };
	struct policyd_conf conf;
	struct policyd policyd;
	struct err err = ERR_INIT;
	int ends[2], small = 1, file = mkstemp(path);
	int said = memfd_create("log", MFD_CLOEXEC), before = dup(STDERR_FILENO);
	assert_int_equal(write(file, settings, sizeof(settings) - 1),
	                 (ssize_t)sizeof(settings) - 1);
	close(file);
	assert_int_equal(policyd_conf_open(&conf, path, "127.0.0.1:1", &err), 0);
	assert_true(policyd_init(&policyd, &conf, &to));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	pid_t client = fork();
	if (client == 0) {
		close(ends[0]);
		act(ends[1], acts);
	}
	close(ends[1]);
	dup2(said, STDERR_FILENO);
	int64_t start = monotonic_ns();
	int status = policyd_serve(&policyd, ends[0], ends[0], limits);
	*ms = (monotonic_ns() - start) / NS_PER_MS;
	dup2(before, STDERR_FILENO);
	kill(client, SIGKILL);
	waitpid(client, NULL, 0);
	ssize_t len = pread(said, log, room - 1, 0);
	log[len > 0 ? len : 0] = '\0';
	close(said);
	close(before);
	close(ends[0]);
	policyd_done(&policyd);
	policyd_conf_done(&conf);
	unlink(path);
	return status;
}

#define MANY_TIMES(x) x x x x x x x x x x
#define MANY \
	MANY_TIMES(REQUEST) MANY_TIMES(REQUEST) MANY_TIMES(REQUEST) MANY_TIMES(REQUEST)
/* A header whose field is answered, so often that the answers do not fit. */
#define PLAIN_OFFER "\0\0\0\15O\0\0\0\2\0\0\0\37\0\0\0\0"
#define FIELD "\0\0\0\7LX-\0ab\0"
#define MANY_FIELDS                   \
	MANY_TIMES(MANY_TIMES(FIELD)) \
	MANY_TIMES(MANY_TIMES(FIELD)) \
	MANY_TIMES(MANY_TIMES(FIELD)) MANY_TIMES(MANY_TIMES(FIELD))

static void test_deadlines(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct act acts[6];
		unsigned pause, idle;
		int status;
		int64_t from, to; /* ms that it lasts */
		const char *log;  /* the last line of it; NULL: not looked at */
	} rows[] = {
		{ "no request",
		  { { STAYS } },
		  20,
		  1,
		  0,
		  1000,
		  15000,
		  "no request within 1 s: connection ended\n" },
		{ "half a request",
		  { { SENDS, LITERAL("request=x") } },
		  1,
		  20,
		  0,
		  1000,
		  15000,
		  "no whole request within 1 s: connection ended\n" },
		{ "a request in drops",
		  { { DRIPS, LITERAL("a=b\n") } },
		  1,
		  20,
		  0,
		  900,
		  15000,
		  "no whole request within 1 s: connection ended\n" },
		{ "a drop after a request, none before its time",
		  { { SENDS, LITERAL(REQUEST) },
		    { READS },
		    { WAITS, NULL, 1200 },
		    { SENDS, LITERAL(REQUEST) },
		    { READS },
		    { CLOSES } },
		  1,
		  20,
		  0,
		  1200,
		  20000,
		  NULL },
		{ "the end within a request",
		  { { SENDS, LITERAL("request=x\n") }, { CLOSES } },
		  20,
		  20,
		  0,
		  0,
		  15000,
		  "the client closed within a request\n" },
		{ "the end after one",
		  { { SENDS, LITERAL(REQUEST) }, { READS }, { CLOSES } },
		  20,
		  20,
		  0,
		  0,
		  15000,
		  NULL },
		{ "answers are not taken",
		  { { SENDS, LITERAL(MANY) } },
		  1,
		  20,
		  0,
		  1000,
		  15000,
		  NULL },
		/* the same as a mail filter */
		{ "filter: half a length",
		  { { SENDS, LITERAL("\0\0") } },
		  1,
		  20,
		  1,
		  900,
		  15000,
		  "" },
		{ "filter: a packet in drops",
		  { { SENDS, LITERAL("\0\0\377\377") }, { DRIPS, LITERAL("x") } },
		  1,
		  20,
		  1,
		  900,
		  15000,
		  "" },
		{ "filter: no packet",
		  { { SENDS, LITERAL(OFFER) } },
		  20,
		  1,
		  0,
		  1000,
		  15000,
		  "" },
		{ "filter: a packet after a while",
		  { { SENDS, LITERAL(OFFER) },
		    { READS },
		    { WAITS, NULL, 1200 },
		    { SENDS, LITERAL("\0\0\0\1E") },
		    { READS },
		    { CLOSES } },
		  1,
		  20,
		  0,
		  1200,
		  20000,
		  "" },
		{ "filter: answers are not taken",
		  { { SENDS, LITERAL(PLAIN_OFFER) },
		    { SENDS, LITERAL(MANY_FIELDS) },
		    { SENDS, LITERAL(MANY_FIELDS) } },
		  1,
		  20,
		  1,
		  1000,
		  15000,
		  "" },
		{ "filter: too large a packet",
		  { { SENDS, LITERAL("\0\20\0\1") } },
		  20,
		  20,
		  1,
		  0,
		  15000,
		  "a packet of 1048577 octets: connection ended\n" },
		{ "filter: no octet in a packet",
		  { { SENDS, LITERAL("\0\0\0\0") } },
		  20,
		  20,
		  1,
		  0,
		  15000,
		  "a packet of 0 octets: connection ended\n" },
	};
	pid_t child[ARRAY_LEN(rows)];
	/* all at once: each waits most of its time */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct policyd_limits limits = { .pause_seconds = rows[i].pause,
			                               .idle_seconds = rows[i].idle };
		child[i] = fork();
		assert_true(child[i] >= 0);
		if (child[i])
			continue;
		char log[8192];
		int64_t ms = 0;
		int status = serve(rows[i].acts, &limits, &ms, log, sizeof(log));
		size_t len = strlen(log), want = rows[i].log ? strlen(rows[i].log) : 0;
		bool is_said =
			!rows[i].log ||
			(want ? len >= want && strcmp(log + len - want, rows[i].log) == 0
		              : len == 0);
		if (status == rows[i].status && ms >= rows[i].from && ms < rows[i].to &&
		    is_said)
			_exit(0);
		fprintf(stderr, "%s: status %d, %d ms, %s\n", rows[i].name, status,
		        (int)ms, log);
		_exit(1);
	}
	unsigned bad = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int status;
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		bad += status != 0;
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_deadlines) };
	return cmocka_run_group_tests_name("policyd_serve", tests, NULL, NULL);
}
