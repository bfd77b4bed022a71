/* cli/policyd_request, policyd_log and policyd_seccomp: requests, lines of the log, system calls. */
#include "cli/policyd/policyd_request.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/policyd/policyd_log.h"
#include "cli/policyd/policyd_seccomp.h"
#include "core/base/buf.h"

/* What was read, as "attribute=text" joined by '|'; '!' behind what was cut. */
static void print_request(const struct policyd_request *request, struct buf *into)
{
	static const char *const names[] = { "client",   "dkim",  "from",      "helo",
		                             "instance", "state", "recipient", "request",
		                             "sasl",     "sender" };
	for (size_t i = 0; i < POLICYD_ATTRIBUTE_COUNT; i++) {
		const struct policyd_value *value = &request->value[i];
		if (!value->is_given)
			continue;
		buf_printf(into, "%s%s=%.40s%s", into->len ? "|" : "", names[i],
		           value->text, value->is_cut ? "!" : "");
		assert_int_equal(strlen(value->text), value->len);
	}
}

#define LONG_LEN 100000

static const struct {
	const char *octets;
	size_t len; /* 0: strlen */
	const char *requests[3];
	const char *rest; /* of a request that is not whole */
} rows[] = {
	{ "request=smtpd_access_policy\nsender=a@b\n\n",
	  0,
	  { "request=smtpd_access_policy|sender=a@b" },
	  NULL },
	{ "sender=\n\nsender=x\n\n", 0, { "sender=", "sender=x" }, NULL },
	{ "\n\n", 0, { "", "" }, NULL },
	{ "sender=a\nsender=b\n\n", 0, { "sender=a" }, NULL },
	{ "Sender=a\nsender =b\n sender=c\nsenders=d\nsende=e\n\n", 0, { "" }, NULL },
	{ "sender\nnonsense\n=x\n\n", 0, { "" }, NULL },
	{ "sender=a=b==\n\n", 0, { "sender=a=b==" }, NULL },
	{ "sender=a\r\n\r\n\n", 0, { "sender=a?" }, NULL },
	{ "sender=a\0b\x7f\x01\n\n", 14, { "sender=a?b??" }, NULL },
	{ "sen\0der=a\n\n", 11, { "" }, NULL },
	{ "sender=\xc3\xa4@b\n\n", 0, { "sender=\xc3\xa4@b" }, NULL },
	{ "helo_name=h\nclient_address=::1\ninstance=1.2\nprotocol_state=RCPT\n"
	  "recipient=r\nsasl_username=u\nsize=1\n\n",
	  0,
	  { "client=::1|helo=h|instance=1.2|state=RCPT|recipient=r|sasl=u" },
	  NULL },
	{ "sender=a\n\nsender=b\nhelo", 0, { "sender=a" }, "sender=b" },
	{ "sender=a", 0, { NULL }, "sender=a" },
};

static void check_row(size_t row, size_t step)
{
	struct policyd_parser parser;
	policyd_parser_init(&parser);
	assert_false(policyd_parser_is_within(&parser));
	const char *at = rows[row].octets;
	size_t left = rows[row].len ? rows[row].len : strlen(at), found = 0;
	while (left > 0) {
		size_t used = 0;
		enum policyd_parse parsed = policyd_parser_feed(
			&parser, at, left < step ? left : step, &used);
		assert_true(used > 0 && used <= left && used <= step);
		at += used;
		left -= used;
		if (parsed != POLICYD_READY)
			continue;
		auto_buf text = BUF_INIT;
		print_request(&parser.request, &text);
		assert_non_null(rows[row].requests[found]);
		assert_string_equal(buf_text(&text), rows[row].requests[found++]);
		assert_false(policyd_parser_is_within(&parser));
	}
	assert_true(found == 3 || !rows[row].requests[found]);
	assert_int_equal(policyd_parser_is_within(&parser), rows[row].rest != NULL);
	auto_buf rest = BUF_INIT;
	print_request(&parser.request, &rest);
	if (rows[row].rest)
		assert_string_equal(buf_text(&rest), rows[row].rest);
}

static void test_requests(void **state)
{
	(void)state;
	for (size_t row = 0; row < ARRAY_LEN(rows); row++)
		for (size_t step = 1; step < 200; step += step < 20 ? 1 : 45)
			check_row(row, step);
}

static void test_long_values(void **state)
{
	(void)state;
	auto_buf text = BUF_INIT;
	buf_puts(&text, "sender=");
	for (size_t i = 0; i < LONG_LEN; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "\nhelo_name=h\n\nsender=");
	for (size_t i = 0; i < POLICYD_VALUE_MAX; i++)
		buf_putc(&text, 'y');
	buf_puts(&text, "\n\n");
	struct policyd_parser parser;
	policyd_parser_init(&parser);
	size_t used, second;
	assert_int_equal(policyd_parser_feed(&parser, text.at, text.len, &used),
	                 POLICYD_READY);
	const struct policyd_value *sender = &parser.request.value[POLICYD_SENDER];
	assert_true(sender->is_cut);
	assert_int_equal(sender->len, POLICYD_VALUE_MAX);
	assert_string_equal(policyd_text(&parser.request, POLICYD_HELO_NAME), "h");
	assert_int_equal(
		policyd_parser_feed(&parser, text.at + used, text.len - used, &second),
		POLICYD_READY);
	assert_int_equal(used + second, text.len);
	assert_false(sender->is_cut);
	assert_int_equal(sender->len, POLICYD_VALUE_MAX);
	assert_string_equal(policyd_text(&parser.request, POLICYD_HELO_NAME), "");
}

static void test_endless_request(void **state)
{
	(void)state;
	struct policyd_parser parser;
	policyd_parser_init(&parser);
	char line[1024];
	memset(line, 'z', sizeof(line));
	line[3] = '=';
	line[sizeof(line) - 1] = '\n';
	size_t used, total = 0;
	enum policyd_parse parsed;
	do {
		parsed = policyd_parser_feed(&parser, line, sizeof(line), &used);
		total += used;
	} while (parsed == POLICYD_MORE && total < 2 * POLICYD_REQUEST_MAX);
	assert_int_equal(parsed, POLICYD_TOO_LARGE);
	assert_in_range(total, POLICYD_REQUEST_MAX, POLICYD_REQUEST_MAX + sizeof(line));
}

/* A line of standard error: cut, on one line, ended. */
static void test_log_line(void **state)
{
	(void)state;
	static const struct {
		size_t len, want;
	} lengths[] = {
		{ 0, 0 }, { 5, 5 }, { 2046, 2046 }, { 2047, 2046 }, { 5000, 2046 }
	};
	const struct policyd_log log = { .to_stderr = true };
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		char text[5001], line[6000];
		memset(text, 'x', sizeof(text));
		text[lengths[i].len] = '\0';
		if (lengths[i].len > 2)
			memcpy(text, "\n\x7f\x1f", 3);
		int file = memfd_create("log", MFD_CLOEXEC), before = dup(STDERR_FILENO);
		dup2(file, STDERR_FILENO);
		policyd_log(&log, LOG_ERR, "%s", text);
		dup2(before, STDERR_FILENO);
		close(before);
		ssize_t len = pread(file, line, sizeof(line), 0);
		close(file);
		assert_int_equal(len, lengths[i].want + 1);
		assert_int_equal(line[len - 1], '\n');
		assert_null(memchr(line, '\n', (size_t)len - 1));
		if (lengths[i].len > 2)
			assert_memory_equal(line, "???x", 4);
	}
}

static void test_log_word(void **state)
{
	(void)state;
	static const struct {
		const char *text, *word, *phrase;
	} words[] = {
		{ "", "", "" },
		{ "a@b", "a@b", "a@b" },
		{ "a b\"c\n\xc3", "a?b?c??", "a b?c??" },
		{ "123456789012", "123456...", "123456..." },
		{ "123456789", "123456789", "123456789" },
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		char out[10];
		size_t len = strlen(words[i].text);
		assert_string_equal(
			policyd_log_word(words[i].text, len, out, sizeof(out)),
			words[i].word);
		assert_string_equal(
			policyd_log_phrase(words[i].text, len, out, sizeof(out)),
			words[i].phrase);
	}
}

/* ---- system calls -------------------------------------------------------------------- */

/* Each of these must fail with EPERM; the first that does not, counted from 1. */
static int first_allowed(bool listens)
{
	char name[] = "true", *const argv[] = { name, NULL };
	int number = 0;
#define REFUSED(call)                                     \
	do {                                              \
		number++;                                 \
		errno = 0;                                \
		if ((long)(call) != -1 || errno != EPERM) \
			return number;                    \
	} while (0)
	REFUSED(execve("/bin/true", argv, NULL));
	REFUSED(syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, NULL, 0));
	REFUSED(open("/dev/null", O_WRONLY));
	REFUSED(open("/dev/null", O_RDWR));
	REFUSED(open("/tmp/mailauth-policyd", O_RDONLY | O_CREAT, 0600));
	REFUSED(open("/tmp", O_WRONLY | O_TMPFILE, 0600));
	REFUSED(unlink("/tmp/none"));
	REFUSED(rename("/tmp/none", "/tmp/other"));
	REFUSED(mkdir("/tmp/none", 0700));
	REFUSED(chmod("/tmp/none", 0700));
	REFUSED(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	             0));
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REFUSED(mprotect(page, 4096, PROT_READ | PROT_EXEC));
	REFUSED(socket(AF_NETLINK, SOCK_RAW, 0));
	REFUSED(socket(AF_PACKET, SOCK_RAW, 0));
	REFUSED(listen(0, 1));
	REFUSED(kill(getppid(), 0));
	REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	REFUSED(setuid(0));
	REFUSED(prctl(PR_SET_DUMPABLE, 1));
	REFUSED(prlimit(1, RLIMIT_CORE, NULL, NULL));
	REFUSED(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
	if (!listens) {
		REFUSED(fork());
		REFUSED(accept4(0, NULL, NULL, 0));
	}
#undef REFUSED
	return 0;
}

/* What the program does goes on. */
static bool is_still_able(bool listens)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int status = 0;
	pid_t child = listens ? fork() : 0;
	if (listens && child == 0)
		_exit(7);
	if (listens && (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 7))
		return false;
	return page != MAP_FAILED && file >= 0 && write(STDERR_FILENO, "", 0) == 0 &&
	       socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0 &&
	       socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 &&
	       socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0;
}

static void test_seccomp(void **state)
{
	(void)state;
	if (!policyd_has_seccomp())
		skip();
	for (int listens = 0; listens <= 1; listens++) {
		int status;
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			    policyd_seccomp(listens) < 0)
				_exit(100);
			int number = first_allowed(listens);
			_exit(number ? number : is_still_able(listens) ? 0 : 101);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status))
			fail_msg("listens %d: number %d", listens, WEXITSTATUS(status));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_endless_request),
		cmocka_unit_test(test_log_word),
		cmocka_unit_test(test_log_line),
		cmocka_unit_test(test_seccomp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
