/* Many key pairs at once: order, stops, signals, failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/signals.h"
#include "core/model/key/keygen.h"

static void test_keygen(void **state)
{
	struct keygen_job jobs[12];
	bool is_here[ARRAY_LEN(jobs)] = { false };
	struct err err = ERR_INIT;
	size_t index;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		jobs[i] = i % 3 ? (struct keygen_job){ "ed25519", 0 }
		                : (struct keygen_job){ "rsa", 1024 };
	struct keygen *keygen = keygen_new(jobs, ARRAY_LEN(jobs));
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		auto_key_pair pair = { 0 };
		int r;
		while ((r = keygen_next(keygen, 10, &index, &pair, &err)) == 0)
			;
		assert_int_equal(r, 1);
		assert_true(index < ARRAY_LEN(jobs) && !is_here[index]);
		is_here[index] = true;
		assert_string_equal(pair.algorithm, jobs[index].algorithm);
		assert_true(pair.pkcs8.len > 32);
	}
	struct key_pair none = { 0 };
	assert_int_equal(keygen_next(keygen, 10, &index, &none, &err), ERR_MISSING);
	keygen_free(keygen);
	keygen_free(NULL);
}

static void test_keygen_nothing(void **state)
{
	struct err err = ERR_INIT;
	struct key_pair none = { 0 };
	size_t index;
	(void)state;
	struct keygen *keygen = keygen_new(NULL, 0);
	assert_int_equal(keygen_next(keygen, 10, &index, &none, &err), ERR_MISSING);
	keygen_free(keygen);
}

/* Fetches what comes until it ends; gives the last answer. */
static int drain(struct keygen *keygen, size_t *ret_count, struct err *err)
{
	int r;
	*ret_count = 0;
	do {
		auto_key_pair pair = { 0 };
		size_t index;
		r = keygen_next(keygen, 1000, &index, &pair, err);
		*ret_count += r > 0;
	} while (r >= 0);
	return r;
}

#define MANY 4000

static struct keygen_job *many_jobs(void)
{
	struct keygen_job *jobs = xcalloc(MANY, sizeof(*jobs));
	for (size_t i = 0; i < MANY; i++)
		jobs[i] = (struct keygen_job){ "rsa", 1024 };
	return jobs;
}

static void test_keygen_cancelled(void **state)
{
	auto_free struct keygen_job *jobs = many_jobs();
	struct err err = ERR_INIT;
	auto_key_pair first = { 0 };
	size_t index, count;
	(void)state;
	signals_init();
	struct keygen *keygen = keygen_new(jobs, MANY);
	assert_int_equal(keygen_next(keygen, 60000, &index, &first, &err), 1);
	raise(SIGTERM);
	assert_int_equal(drain(keygen, &count, &err), ERR_CANCELLED);
	assert_true(count < MANY - 1);
	auto_free char *text =
		xasprintf("interrupted; keys generated: %zu of %d", count + 1, MANY);
	assert_string_equal(err.text, text);
	/* it stays so, even where signals are held back from now on */
	signals_hold();
	assert_int_equal(drain(keygen, &count, &err), ERR_CANCELLED);
	assert_int_equal(count, 0);
	signals_release();
	keygen_free(keygen);
	signals_init();
}

/* Calls `each` (may be NULL) with the SigBlk mask of every thread but this one; their number. */
static size_t other_threads(void (*each)(unsigned long long blocked))
{
	size_t count = 0;
	DIR *dir = opendir("/proc/self/task");
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		char line[256];
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
			continue;
		count++;
		auto_free char *path =
			xasprintf("/proc/self/task/%s/status", entry->d_name);
		FILE *file = each ? fopen(path, "r") : NULL;
		while (file && fgets(line, sizeof(line), file))
			if (strncmp(line, "SigBlk:", 7) == 0)
				each(strtoull(line + 7, NULL, 16));
		if (file)
			fclose(file);
	}
	closedir(dir);
	return count;
}

static void wait_until_threads(size_t expected)
{
	for (int i = 0; i < 60000 && other_threads(NULL) != expected; i++)
		usleep(1000);
	assert_int_equal(other_threads(NULL), expected);
}

static void check_blocked(unsigned long long blocked)
{
	static const int numbers[] = {
		SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGALRM, SIGCHLD
	};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (!(blocked >> (numbers[i] - 1) & 1))
			fail_msg("a worker takes signal %d", numbers[i]);
}

static void test_keygen_blocks_signals(void **state)
{
	auto_free struct keygen_job *jobs = many_jobs();
	struct err err = ERR_INIT;
	auto_key_pair pair = { 0 };
	size_t index;
	sigset_t here;
	(void)state;
	struct keygen *keygen = keygen_new(jobs, MANY);
	/* a thread is born with its signals blocked: look at one that is at work */
	assert_int_equal(keygen_next(keygen, 60000, &index, &pair, &err), 1);
	assert_true(other_threads(check_blocked) > 0);
	pthread_sigmask(SIG_SETMASK, NULL, &here);
	assert_false(sigismember(&here, SIGTERM));
	keygen_free(keygen);
}

static void test_keygen_finished_come_first(void **state)
{
	auto_free struct keygen_job *jobs = many_jobs();
	struct err err = ERR_INIT;
	size_t index, count, before = other_threads(NULL);
	(void)state;
	signals_init();
	struct keygen *keygen = keygen_new(jobs, MANY);
	auto_key_pair pair = { 0 };
	assert_int_equal(keygen_next(keygen, 60000, &index, &pair, &err), 1);
	/* whoever made that pair has begun another one */
	raise(SIGTERM);
	wait_until_threads(before);
	assert_int_equal(drain(keygen, &count, &err), ERR_CANCELLED);
	assert_true(count >= 1);
	keygen_free(keygen);
	signals_init();
}

static void test_keygen_stopped(void **state)
{
	auto_free struct keygen_job *jobs = many_jobs();
	struct err err = ERR_INIT;
	size_t count;
	(void)state;
	struct keygen *keygen = keygen_new(jobs, MANY);
	keygen_stop(keygen);
	assert_int_equal(drain(keygen, &count, &err), ERR_MISSING);
	assert_true(count < MANY);
	keygen_free(keygen);
	/* nobody fetches: a leak checker sees whether free takes all */
	keygen = keygen_new(jobs, MANY);
	keygen_free(keygen);
}

static void test_keygen_failed(void **state)
{
	struct keygen_job jobs[] = { { "ed25519", 0 }, { "rsa", 7 }, { "ed25519", 0 } };
	struct err err = ERR_INIT;
	size_t count;
	(void)state;
	struct keygen *keygen = keygen_new(jobs, ARRAY_LEN(jobs));
	assert_int_equal(drain(keygen, &count, &err), ERR_FAILED);
	assert_string_equal(err.text, "an RSA key has 1024 to 4096 bits, not 7");
	assert_in_range(count, 1, 2);
	keygen_free(keygen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keygen),
		cmocka_unit_test(test_keygen_nothing),
		cmocka_unit_test(test_keygen_cancelled),
		cmocka_unit_test(test_keygen_blocks_signals),
		cmocka_unit_test(test_keygen_finished_come_first),
		cmocka_unit_test(test_keygen_stopped),
		cmocka_unit_test(test_keygen_failed),
	};
	return cmocka_run_group_tests_name("keygen", tests, NULL, NULL);
}
