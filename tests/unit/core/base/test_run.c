/* run.c: with programs that every machine has (sh, cat, sleep, true). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "tests/unit/leaks.h"

static struct run_result result;
static struct err err;

static int setup(void **state)
{
	struct ctx *ctx = xcalloc(1, sizeof(*ctx));
	*state = ctx;
	err_clear(&err);
	leaks_note();
	return ctx_init(ctx, NULL, &err);
}

static int teardown(void **state)
{
	run_result_done(&result);
	result = (struct run_result){ 0 };
	ctx_done(*state);
	free(*state);
	return leaks_check();
}

static int run_shell(struct ctx *ctx, const char *script)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	run_result_done(&result);
	return run(ctx, &(struct run_spec){ .argv = argv }, &result, &err);
}

static void test_rows(void **state)
{
	static const struct {
		const char *script, *out, *errors;
		int status;
	} rows[] = {
		{ "echo out; echo err >&2", "out\n", "err\n", 0 },
		{ "exit 7", "", "", 7 },
		{ "kill -TERM $$", "", "", 128 + SIGTERM },
		{ "pwd; umask", "/\n0077\n", "", 0 },
		{ "read x; echo $?", "1\n", "", 0 }, /* /dev/null */
		{ "ulimit -c", "0\n", "", 0 },
		{ "test \"$(cut -d' ' -f6 /proc/$$/stat)\" = $$ && echo leader",
		  "leader\n", "", 0 },
		{ "ls /proc/self/fd | wc -l", "4\n", "", 0 }, /* 0, 1, 2 and ls's own */
		{ "env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD= | sort",
		  "HOME=/\nLANG=C.UTF-8\n"
		  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
		  "", 0 },
		/* 32 and 33 are the C library's own: make(1) leaves them ignored, no call resets them */
		{ "grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\t' | "
		  "sed 's/:0000000180000000/:0000000000000000/'",
		  "SigBlk:0000000000000000\nSigIgn:0000000000000000\n", "", 0 },
	};
	struct ctx *ctx = *state;
	sigset_t set;
	setenv("LEAK", "1", 1);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	struct rlimit core;
	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	core.rlim_cur = core.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_CORE, &core), 0);
	int leak = open("/dev/null", O_RDONLY); /* inherited unless run() closes it */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(run_shell(ctx, rows[i].script), 0);
		assert_string_equal(result.out.at, rows[i].out);
		assert_string_equal(result.errors.at, rows[i].errors);
		assert_int_equal(result.exit_status, rows[i].status);
		assert_false(result.is_timed_out);
	}
	close(leak);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	unsetenv("LEAK");
}

static void test_env(void **state)
{
	static const char *const env[] = { "A=b c", "HOME=/root", NULL };
	static const char *const argv[] = {
		"sh", "-c", "echo $A $HOME $LANG; env | grep -c ^HOME=", NULL
	};
	assert_int_equal(run(*state, &(struct run_spec){ .argv = argv, .env = env },
	                     &result, &err),
	                 0);
	assert_string_equal(result.out.at, "b c /root C.UTF-8\n1\n");
}

/* A name that only begins like one of ours is another variable. */
static void test_env_names(void **state)
{
	static const char *const env[] = { "PATHS=x", "HOMES=y", "LANGUAGE=z", "LANG_=w",
		                           NULL };
	static const char *const argv[] = {
		"sh", "-c",
		"echo $PATHS $HOMES $LANGUAGE $LANG_ $HOME $LANG ${PATH:+path}; "
		"env | grep -c -e ^HOME= -e ^LANG= -e ^PATH=",
		NULL
	};
	assert_int_equal(run(*state, &(struct run_spec){ .argv = argv, .env = env },
	                     &result, &err),
	                 0);
	assert_string_equal(result.out.at, "x y z w / C.UTF-8 path\n3\n");
}

static void test_input(void **state)
{
	static const char *const cat[] = { "cat", NULL }, *const none[] = { "true",
		                                                            NULL };
	size_t len = 1000000;
	auto_free char *octets = xcalloc(1, len);
	for (size_t i = 0; i < len; i++)
		octets[i] = (char)(i * 7);
	struct run_spec spec = {
		.argv = cat, .input = octets, .input_len = len, .output_limit = len + 1
	};
	assert_int_equal(run(*state, &spec, &result, &err), 0);
	assert_int_equal(result.out.len, len);
	assert_memory_equal(result.out.at, octets, len);
	run_result_done(&result);
	spec.argv = none; /* leaves it unread */
	assert_int_equal(run(*state, &spec, &result, &err), 0);
	assert_int_equal(result.exit_status, 0);
	run_result_done(&result);
	spec = (struct run_spec){ .argv = cat, .input = "", .input_len = 0 };
	assert_int_equal(run(*state, &spec, &result, &err), 0);
	assert_int_equal(result.out.len, 0);
}

static void test_output_limit(void **state)
{
	static const char *const argv[] = {
		"sh", "-c", "head -c 300000 /dev/zero; head -c 200 /dev/zero >&2", NULL
	};
	struct run_spec spec = { .argv = argv, .output_limit = 100 };
	assert_int_equal(run(*state, &spec, &result, &err), 0);
	assert_int_equal(result.exit_status, 0);
	assert_int_equal(result.out.len, 100);
	assert_int_equal(result.errors.len, 100);
	run_result_done(&result);
	spec.output_limit = 0;
	assert_int_equal(run(*state, &spec, &result, &err), 0);
	assert_int_equal(result.out.len, 65536);
}

/* Waits until nobody holds the FIFO open for writing: everyone who inherited it has gone. */
static bool is_everyone_gone(int fifo)
{
	int64_t deadline = monotonic_ns() + 10 * NS_PER_SEC;
	char octets[64];
	while (monotonic_ns() < deadline) {
		ssize_t got = read(fifo, octets, sizeof(octets));
		if (got == 0)
			return true;
		if (got < 0 && errno == EAGAIN)
			usleep(2000);
	}
	return false;
}

static void test_timeout(void **state)
{
	static const char *const scripts[] = {
		"exec 3>%s; echo begun; sleep 1000 & sleep 1000", /* both are killed */
		"exec 3>%s; echo begun; trap '' TERM; exec >&- 2>&-; sleep 1000", /* output closed */
		"exec 3>%s; echo begun; exec yes", /* never stops to write */
	};
	char folder[] = "/tmp/test_run.XXXXXX";
	assert_non_null(mkdtemp(folder));
	auto_free char *path = xasprintf("%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		auto_close int fifo = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		auto_free char *script = xasprintf(scripts[i], path);
		const char *const argv[] = { "sh", "-c", script, NULL };
		struct run_spec spec = { .argv = argv,
			                 .timeout_ms = 300,
			                 .output_limit = 6 };
		int64_t start = monotonic_ns();
		assert_int_equal(run(*state, &spec, &result, &err), 0);
		int64_t took = monotonic_ns() - start;
		assert_true(result.is_timed_out);
		assert_int_equal(result.exit_status, 128 + SIGKILL);
		assert_string_equal(result.out.at, "begun\n");
		assert_true(took >= 300 * NS_PER_MS && took < 100 * NS_PER_SEC);
		assert_true(is_everyone_gone(fifo));
		run_result_done(&result);
	}
	unlink(path);
	rmdir(folder);
}

/* The number that a script wrote to `file`. */
static pid_t read_pid(const char *file)
{
	char text[32] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return (pid_t)atol(text);
}

/* The end of the program decides, whoever has its output open: that one goes on.  As a daemon it may
 * write later, when nobody reads, and is not ended by it. */
static void test_background(void **state)
{
	static const struct {
		const char *script;
		bool is_daemon;
	} rows[] = {
		{ "echo out; echo why >&2; sleep 1000 & echo $! >\"$1\"; exit 3", false },
		{ "echo out; echo why >&2; sleep 1000 & echo $! >\"$1\"; exit 3", true },
		{ "echo out; echo why >&2; (exec 3>\"$2\"; read x <\"$2\"; echo late >&2; "
		  "echo on >\"$3\"; sleep 1000) & echo $! >\"$1\"; exit 3",
		  true },
	};
	char folder[] = "/tmp/test_run.XXXXXX";
	assert_non_null(mkdtemp(folder));
	auto_free char *file = xasprintf("%s/pid", folder);
	auto_free char *go = xasprintf("%s/go", folder);
	auto_free char *on = xasprintf("%s/on", folder);
	assert_int_equal(mkfifo(go, 0600), 0);
	assert_int_equal(mkfifo(on, 0600), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_close int fifo = open(on, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		auto_close int start = open(go, O_RDWR | O_CLOEXEC);
		const char *const argv[] = { "sh", "-c", rows[i].script, "sh", file, go,
			                     on,   NULL };
		struct run_spec spec = { .argv = argv, .is_daemon = rows[i].is_daemon };
		run_result_done(&result);
		assert_int_equal(run(*state, &spec, &result, &err), 0);
		assert_int_equal(result.exit_status, 3);
		assert_false(result.is_timed_out);
		assert_string_equal(result.out.at, "out\n");
		assert_string_equal(result.errors.at, "why\n");
		if (i == 2) {
			struct pollfd poll_on = { .fd = fifo, .events = POLLIN };
			assert_int_equal(write(start, "x\n", 2), 2);
			assert_int_equal(poll(&poll_on, 1, 10000), 1);
			assert_true(poll_on.revents & POLLIN);
		}
		assert_int_equal(kill(read_pid(file), SIGKILL), 0);
		unlink(file);
	}
	unlink(go);
	unlink(on);
	rmdir(folder);
}

/* More than the limit: what is beyond fails, and what was written is there. */
static void test_daemon_limit(void **state)
{
	static const char *const argv[] = { "sh", "-c",
		                            "while echo x; do :; done; echo full >&2",
		                            NULL };
	struct run_spec spec = { .argv = argv, .is_daemon = true, .output_limit = 100 };
	assert_int_equal(run(*state, &spec, &result, &err), 0);
	assert_int_equal(result.out.len, 100);
	assert_non_null(strstr(result.errors.at, "full\n"));
}

static void test_missing(void **state)
{
	static const char *const names[] = { "no-such-program", "/no/such/program", "",
		                             "/tmp" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *const argv[] = { names[i], NULL };
		assert_int_equal(
			run(*state, &(struct run_spec){ .argv = argv }, &result, &err),
			ERR_MISSING);
		assert_non_null(strstr(err.text, names[i]));
		assert_false(run_can_find(*state, names[i]));
	}
	assert_true(run_can_find(*state, "sh"));
	assert_true(run_can_find(*state, "/bin/sh"));
}

static void test_exec_failure(void **state)
{
	static const struct {
		const char *content;
		int code;
	} rows[] = {
		{ "#!/no/such/interpreter\n", ERR_MISSING },
		{ "neither script nor program\n", ERR_FAILED },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char file[] = "/tmp/test_run.XXXXXX";
		int fd = mkostemp(file, O_CLOEXEC);
		assert_true(write(fd, rows[i].content, strlen(rows[i].content)) > 0);
		assert_int_equal(fchmod(fd, 0700), 0);
		close(fd);
		const char *const argv[] = { file, NULL };
		int code = run(*state, &(struct run_spec){ .argv = argv }, &result, &err);
		unlink(file);
		assert_int_equal(code, rows[i].code);
		assert_int_equal(err.code, rows[i].code);
		assert_non_null(strstr(err.text, file));
	}
}

static void test_checked(void **state)
{
	static const struct {
		const char *script, *sentence;
	} rows[] = {
		{ "echo one >&2; echo 'two  ' >&2; echo >&2; exit 4",
		  " failed with status 4: two" },
		{ "exit 1", " failed with status 1" },
		{ "kill -KILL $$", " was terminated by signal 9" },
		{ "echo busy >&2; sleep 1000", " did not finish within 200 ms: busy" },
	};
	static const char *const good[] = { "echo", "x", NULL }, *const bad[] = { "false",
		                                                                  NULL };
	auto_buf out = BUF_INIT;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const argv[] = { "sh", "-c", rows[i].script, NULL };
		struct run_spec spec = { .argv = argv, .timeout_ms = i == 3 ? 200 : 0 };
		assert_int_equal(run_checked(*state, &spec, &out, &err), ERR_FAILED);
		auto_free char *sentence =
			xasprintf("\"sh -c %s\"%s", rows[i].script, rows[i].sentence);
		assert_string_equal(err.text, sentence);
		assert_int_equal(out.len, 0);
	}
	assert_int_equal(
		run_checked(*state, &(struct run_spec){ .argv = good }, &out, &err), 0);
	assert_string_equal(out.at, "x\n");
	assert_int_equal(
		run_checked(*state, &(struct run_spec){ .argv = good }, NULL, &err), 0);
	assert_int_equal(
		run_checked(*state, &(struct run_spec){ .argv = bad }, NULL, &err),
		ERR_FAILED);
	assert_string_equal(err.text, "false failed with status 1");
}

static int pretend(struct ctx *ctx, const struct run_spec *spec,
                   struct run_result *ret_result, struct err *e)
{
	(void)ctx;
	(void)spec;
	(void)e;
	ret_result->exit_status = 42;
	return 0;
}

static void test_rooted(void **state)
{
	static const char *const argv[] = { "true", NULL };
	struct ctx *ctx = *state;
	struct run_spec spec = { .argv = argv };
	ctx->is_rooted = true;
	assert_int_equal(run(ctx, &spec, &result, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "programs are not started under --root"));
	assert_false(run_can_find(ctx, "sh"));
	ctx->run = pretend;
	assert_int_equal(run(ctx, &spec, &result, &err), 0);
	assert_int_equal(result.exit_status, 42);
}

/* As from a service manager that gives us no standard descriptors. */
static void test_without_stdio(void **state)
{
	int saved[3];
	for (int i = 0; i < 3; i++)
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
	for (int i = 0; i < 3; i++)
		close(i);
	static const char *const argv[] = { "sh", "-c", "cat; echo e >&2", NULL };
	struct run_spec spec = { .argv = argv, .input = "in", .input_len = 2 };
	int code = run(*state, &spec, &result, &err);
	for (int i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	assert_int_equal(code, 0);
	assert_string_equal(result.out.at, "in");
	assert_string_equal(result.errors.at, "e\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_rows),          TEST(test_env),          TEST(test_env_names),
		TEST(test_input),         TEST(test_output_limit), TEST(test_timeout),
		TEST(test_background),    TEST(test_daemon_limit), TEST(test_missing),
		TEST(test_exec_failure),  TEST(test_checked),      TEST(test_rooted),
		TEST(test_without_stdio),
	};
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
