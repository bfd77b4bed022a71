/* err, buf, memory, digest, libraries, threads, secret, signals and ctx. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/fan.h"
#include "core/base/library.h"
#include "core/base/secret.h"
#include "core/base/signals.h"

static void test_err(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	assert_int_equal(err_set(&err, ERR_MISSING, "no %s \x1b[1m\x7f", "zone"),
	                 ERR_MISSING);
	assert_string_equal(err.text, "no zone ?[1m?");
	assert_int_equal(err_prefix(&err, "line %d", 7), ERR_MISSING);
	assert_string_equal(err.text, "line 7: no zone ?[1m?");
	assert_int_equal(err_errno(&err, ENOENT, "cannot open %s", "/x\t"), ERR_FAILED);
	assert_string_equal(err.text, "cannot open /x : No such file or directory");
	assert_int_equal(err.code, ERR_FAILED);
	err_clear(&err);
	assert_int_equal(err.code, 0);
	assert_string_equal(err.text, "");
}

static void test_err_is_cut(void **state)
{
	struct err err = ERR_INIT;
	char text[3000];
	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	err_set(&err, ERR_FAILED, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_prefix(&err, "in a");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_memory_equal(err.text, "in a: xxx", 9);
	err_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_errno(&err, ENOENT, "%.*s", (int)sizeof(err.text) - 4, text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_string_equal(err.text + sizeof(err.text) - 5, "x: N");
}

/* The clause follows the fault, and no prefix separates the two. */
static void test_err_remedy(void **state)
{
	struct err err = ERR_INIT;
	char text[600];
	(void)state;
	err_set(&err, ERR_FAILED, "a; b is \"old\"");
	assert_string_equal(err.remedy, "");
	assert_int_equal(err.fault, strlen(err.text));
	assert_int_equal(err_add_remedy(&err, "chmod %s /x", "0600"), ERR_FAILED);
	assert_string_equal(err.text, "a; b is \"old\"; run \"chmod 0600 /x\"");
	err_prefix(&err, "line %d", 7);
	assert_string_equal(err.text, "line 7: a; b is \"old\"; run \"chmod 0600 /x\"");
	assert_string_equal(err.text + err.fault, "; run \"chmod 0600 /x\"");
	assert_string_equal(err.remedy, "chmod 0600 /x");
	err_set_remedy(&err, "reboot");
	assert_string_equal(err.remedy, "reboot");
	assert_string_equal(err.text + err.fault, "; run \"chmod 0600 /x\"");
	/* a command that was cut or altered would do something else */
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(err_set_remedy(&err, "rm %s", text), ERR_FAILED);
	assert_string_equal(err.remedy, "");
	err_set(&err, ERR_FAILED, "a");
	err_add_remedy(&err, "rm %s", "a\nb");
	assert_string_equal(err.remedy, "");
	err_add_remedy(&err, "reboot");
	err_set(&err, ERR_FAILED, "b");
	assert_string_equal(err.remedy, "");
	err_set_remedy(&err, "reboot");
	err_clear(&err);
	assert_string_equal(err.remedy, "");
}

static void test_buf(void **state)
{
	auto_buf buf = BUF_INIT;
	(void)state;
	assert_string_equal(buf_text(&buf), "");
	buf_puts(&buf, "ab");
	buf_putc(&buf, 'c');
	buf_printf(&buf, "%03d", 7);
	buf_add(&buf, "\0x", 2);
	assert_int_equal(buf.len, 8);
	assert_memory_equal(buf.at, "abc007\0x", 9);
	for (int i = 0; i < 1000; i++)
		buf_printf(&buf, "%d,", i);
	assert_int_equal(buf.len, 8 + 10 * 2 + 90 * 3 + 900 * 4);
	assert_string_equal(buf.at + buf.len - 4, "999,");
	buf_clear(&buf);
	assert_string_equal(buf_text(&buf), "");
	assert_int_equal(buf.len, 0);
	buf_printf(&buf, "%s", "");
	assert_int_equal(buf.len, 0);
	buf_puts(&buf, "kept");
	auto_free char *taken = buf_take(&buf);
	assert_string_equal(taken, "kept");
	assert_null(buf.at);
	auto_free char *nothing = buf_take(&buf);
	assert_string_equal(nothing, "");
}

/* Each length around those at which memory grows: the sanitizer sees an octet too far. */
static void test_buf_room(void **state)
{
	(void)state;
	char text[300];
	memset(text, 'x', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len++) {
		auto_buf added = BUF_INIT, printed = BUF_INIT, reserved = BUF_INIT;
		buf_add(&added, text, len);
		buf_printf(&printed, "%.*s", (int)len, text);
		buf_reserve(&reserved, len);
		assert_true(reserved.room > len);
		assert_int_equal(reserved.len, 0);
		assert_string_equal(reserved.at, "");
		assert_int_equal(added.len, len);
		assert_int_equal(strlen(buf_text(&added)), len);
		assert_int_equal(printed.len, len);
		assert_string_equal(buf_text(&printed), buf_text(&added));
		assert_true(added.room <= (len < 64 ? 64 : 2 * (len + 1)));
	}
}

static void test_digest(void **state)
{
	struct digest digest, other;
	char hex[2 * DIGEST_LEN + 1];
	(void)state;
	/* FIPS 180-2 appendix B.1 */
	digest_of("abc", 3, &digest);
	digest_hex(&digest, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
	                         "b00361a396177a9cb410ff61f20015ad");
	digest_of("", 0, &digest);
	digest_hex(&digest, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb924"
	                         "27ae41e4649b934ca495991b7852b855");
	digest_of("a", 1, &other);
	assert_memory_not_equal(&digest, &other, sizeof(digest));
}

static void digest_two(const char *a, const char *b, struct digest *ret_digest)
{
	struct digest_state *state = digest_new();
	digest_text(state, a);
	digest_text(state, b);
	digest_finish(state, ret_digest);
}

static void test_digest_pieces(void **state)
{
	static const char *const pairs[][2] = {
		{ "ab", "c" },   { "a", "bc" },   { "abc", "" },
		{ "abc", NULL }, { NULL, "abc" },
	};
	struct digest digests[ARRAY_LEN(pairs)], again;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		digest_two(pairs[i][0], pairs[i][1], &digests[i]);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(&digests[i], &digests[k], DIGEST_LEN);
	}
	digest_two("ab", "c", &again);
	assert_memory_equal(&again, &digests[0], DIGEST_LEN);
}

static void test_memory(void **state)
{
	(void)state;
	auto_free char *none = xcalloc(0, 0);
	auto_free char *zeroed = xcalloc(3, 5);
	static const char zeros[15];
	assert_non_null(none);
	assert_memory_equal(zeroed, zeros, sizeof(zeros));
	char *grown = xreallocarray(NULL, 2, 4);
	memcpy(grown, "1234567", 8);
	grown = xreallocarray(grown, 4, 4);
	assert_string_equal(grown, "1234567");
	assert_null(xreallocarray(grown, 0, 4));
	assert_null(xstrdup(NULL));
	auto_free char *part = xmemdup("a\0cd", 3);
	assert_memory_equal(part, "a\0c", 4);
	auto_free char *empty = xmemdup(NULL, 0);
	assert_string_equal(empty, "");
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	close_fd(&ends[0]);
	assert_int_equal(fcntl(ends[0], F_GETFD), -1);
	close_fd(&ends[1]);
	close_fd(&(int){ -1 });
}

/* Which pieces were begun, in which order, and which signals their threads take. */
struct piece_list {
	pthread_mutex_t lock;
	pthread_t caller;
	size_t at[50], count;
	bool has_signals, has_lost_own;
};

static void note_piece(void *arg, void *own, size_t i)
{
	struct piece_list *list = arg;
	(void)own;
	sigset_t now;
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	bool takes_any = !sigismember(&now, SIGTERM) || !sigismember(&now, SIGINT);
	pthread_mutex_lock(&list->lock);
	list->at[list->count++] = i;
	if (pthread_equal(pthread_self(), list->caller))
		list->has_lost_own |= !takes_any;
	else
		list->has_signals |= takes_any;
	pthread_mutex_unlock(&list->lock);
	usleep(100);
}

static bool always(void *arg)
{
	(void)arg;
	return true;
}

static void test_fan(void **state)
{
	(void)state;
	for (unsigned width = 1; width <= 64; width *= 4) {
		struct piece_list list = { .lock = PTHREAD_MUTEX_INITIALIZER,
			                   .caller = pthread_self() };
		bool has_run[ARRAY_LEN(list.at)] = { false };
		const struct fan_work work = { .work = note_piece,
			                       .may_begin = always,
			                       .arg = &list };
		assert_int_equal(fan_out(ARRAY_LEN(list.at), width, &work),
		                 ARRAY_LEN(list.at));
		assert_int_equal(list.count, ARRAY_LEN(list.at));
		for (size_t i = 0; i < list.count; i++) {
			assert_false(has_run[list.at[i]]);
			has_run[list.at[i]] = true;
			assert_true(width > 1 || list.at[i] == i);
		}
		assert_false(list.has_signals);
		assert_false(list.has_lost_own);
	}
	sigset_t now;
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	assert_false(sigismember(&now, SIGTERM));
}

static void test_secret(void **state)
{
	auto_secret secret = SECRET_INIT;
	(void)state;
	secret_set(&secret, "one", 3);
	assert_memory_equal(secret.at, "one", 3);
	secret_set(&secret, secret.at + 1,
	           2); /* from itself: copied before it is wiped */
	assert_int_equal(secret.len, 2);
	assert_memory_equal(secret.at, "ne", 2);
	secret_done(&secret);
	assert_null(secret.at);
	assert_int_equal(secret.len, 0);
}

/* Whoever started the tests may ignore them: a shell its background jobs' SIGINT, nohup(1) SIGHUP. */
static int stop_ignoring_signals(void **state)
{
	(void)state;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	return 0;
}

static void test_signals(void **state)
{
	(void)state;
	signals_init();
	assert_false(signals_is_cancelled());
	signals_hold();
	signals_hold();
	raise(SIGTERM);
	assert_false(signals_is_cancelled());
	signals_release();
	assert_false(signals_is_cancelled());
	signals_release();
	assert_true(signals_is_cancelled());
	signals_init();
	raise(SIGHUP);
	assert_true(signals_is_cancelled());
	signals_init();
	raise(SIGPIPE);
	assert_false(signals_is_cancelled());
}

/* How a process ends that gets SIGINT `times`, `held` or not. */
static int end_after_interrupts(int times, bool held)
{
	pid_t pid = fork();
	if (pid == 0) {
		signals_init();
		if (held)
			signals_hold();
		for (int i = 0; i < times; i++)
			raise(SIGINT);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_second_interrupt(void **state)
{
	(void)state;
	assert_int_equal(end_after_interrupts(1, false), 0);
	assert_int_equal(end_after_interrupts(2, false), SIGINT);
	assert_int_equal(end_after_interrupts(3, true), 0);
}

static void test_ignored_stays_ignored(void **state)
{
	(void)state;
	signal(SIGHUP, SIG_IGN);
	signals_init();
	raise(SIGHUP);
	bool is_cancelled = signals_is_cancelled();
	signal(SIGHUP, SIG_DFL);
	signals_init();
	assert_false(is_cancelled);
}

static void remember(void *arg, enum report_level level, const char *text)
{
	buf_printf(arg, "%d %s;", (int)level, text);
}

static void test_ctx(void **state)
{
	struct ctx ctx = { 0 };
	struct err err = ERR_INIT;
	auto_buf said = BUF_INIT;
	uint8_t a[16] = { 0 }, b[16] = { 0 };
	(void)state;
	assert_int_equal(ctx_init(&ctx, NULL, &err), 0);
	assert_string_equal(ctx.root, "");
	assert_false(ctx.is_rooted);
	assert_int_equal(ctx.wait_seconds, 60);
	assert_true(ctx_now(&ctx) > 1700000000);
	ctx_report(&ctx, REPORT_NOTE, "nobody hears %s", "it");
	ctx.report = remember;
	ctx.report_arg = &said;
	ctx_report(&ctx, REPORT_WARNING, "heard %d", 1);
	assert_string_equal(buf_text(&said), "2 heard 1;");
	ctx_random(&ctx, a, sizeof(a));
	ctx_random(&ctx, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	auto_free char *path = ctx_host_path(&ctx, "/etc/x");
	assert_string_equal(path, "/etc/x");
	ctx_done(&ctx);
	ctx_done(&ctx);
}

static void test_ctx_root(void **state)
{
	static const struct {
		const char *given, *root; /* NULL: refused */
	} rows[] = {
		{ "/usr/bin/../lib/", "/usr/lib" },
		{ "/", "" },
		{ "/etc/passwd", NULL },
		{ "/no/such/folder", NULL },
	};
	struct err err = ERR_INIT;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ctx ctx = { 0 };
		int result = ctx_init(&ctx, rows[i].given, &err);
		assert_int_equal(result, rows[i].root ? 0 : ERR_FAILED);
		if (result == 0) {
			assert_true(ctx.is_rooted);
			assert_string_equal(ctx.root, rows[i].root);
			auto_free char *path = ctx_host_path(&ctx, "/x");
			assert_string_equal(path + strlen(rows[i].root), "/x");
		} else {
			assert_non_null(strstr(err.text, rows[i].given));
		}
		ctx_done(&ctx);
	}
}

#define LETTERS_16 "abcdefghijklmnop"
#define LETTERS_64 LETTERS_16 LETTERS_16 LETTERS_16 LETTERS_16

static void test_ctx_actor(void **state)
{
	static const struct {
		const char *sudo_user;
		bool is_taken;
	} rows[] = {
		{ "alice", true },    { "DOM\\bob.b-1", true },  { "", false },
		{ "a b", false },     { "-x", false },           { "x\n", false },
		{ "a;b", false },     { ".x", false },           { "a-b.c_d@e", true },
		{ "Zz09", true },     { "a/b", false },          { "a:b", false },
		{ "a[b", false },     { "a`b", false },          { "a{b", false },
		{ LETTERS_64, true }, { LETTERS_64 "x", false },
	};
	struct err err = ERR_INIT;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ctx ctx = { 0 };
		setenv("SUDO_USER", rows[i].sudo_user, 1);
		assert_int_equal(ctx_init(&ctx, "", &err), 0);
		bool is_taken = strcmp(ctx.actor, rows[i].sudo_user) == 0;
		assert_int_equal(is_taken, rows[i].is_taken && getuid() == 0);
		assert_true(ctx.actor[0] != '\0');
		ctx_done(&ctx);
	}
	unsetenv("SUDO_USER");
}

/* The program's own prints and ends, too (cli/main.c). */
void library_missing(const char *sentence)
{
	dprintf(STDERR_FILENO, "%s\n", sentence);
	_exit(1);
}

/* What a process says that opens a library, and its exit status. */
static int open_library(const char *file, const char *name, struct buf *said)
{
	int ends[2], status;
	char text[1024];
	ssize_t got;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		void (*call)(void);
		dup2(ends[1], STDERR_FILENO);
		library_open(file, &name, 1, &call);
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], text, sizeof(text))) > 0)
		buf_add(said, text, (size_t)got);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_library(void **state)
{
	auto_buf none = BUF_INIT, gone = BUF_INIT, old = BUF_INIT;
	(void)state;
	assert_int_equal(open_library("libc.so.6", "strlen", &none), 0);
	assert_string_equal(buf_text(&none), "");
	assert_int_equal(open_library("libnone.so.9", "strlen", &gone), 1);
	assert_non_null(
		strstr(buf_text(&gone), "the library libnone.so.9 cannot be used ("));
	assert_non_null(strstr(buf_text(&gone), "install the package libnone9 ("));
	assert_int_equal(open_library("libc.so.6", "no_such_call", &old), 1);
	assert_non_null(strstr(buf_text(&old), "no_such_call"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err),
		cmocka_unit_test(test_err_is_cut),
		cmocka_unit_test(test_err_remedy),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_buf_room),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_digest_pieces),
		cmocka_unit_test(test_library),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_fan),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_second_interrupt),
		cmocka_unit_test(test_ignored_stays_ignored),
		cmocka_unit_test(test_ctx),
		cmocka_unit_test(test_ctx_root),
		cmocka_unit_test(test_ctx_actor),
	};
	return cmocka_run_group_tests_name("base", tests, stop_ignoring_signals, NULL);
}
