/*
 * Key pairs on all cores.
 *
 * One mutex protects all mutable fields.  Workers take the next job, generate the pair without the
 * mutex, and add it to `done`, a queue with room for every job, in the order in which they finish.
 * Pairs in the queue can be fetched after a stop, a Ctrl-C or a failure.
 *
 * A signal does not wake a condition variable, so waits are divided into slices.
 */
#include "core/model/key/keygen.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/ctx.h"
#include "core/base/signals.h"
#include "core/model/key/key_crypto.h"

#define SLICE_NS (50 * NS_PER_MS)

struct done {
	size_t index; /* of its job */
	struct key_pair pair;
};

struct keygen {
	pthread_mutex_t lock;
	pthread_cond_t moved; /* `done` grew, or a worker has ended */
	const struct keygen_job *jobs;
	size_t count;
	size_t begun; /* number of jobs that were taken */
	size_t busy;  /* workers that generate one */
	struct done *done;
	size_t finished, fetched; /* positions in `done` */
	bool is_stopped;          /* no further job is begun */
	bool is_cancelled;        /* because a signal came */
	struct err failure;       /* of the first job that failed */
	pthread_t *threads;
	size_t thread_count;
};

/* With the lock held. */
static bool may_begin(struct keygen *keygen)
{
	if (signals_is_cancelled())
		keygen->is_cancelled = keygen->is_stopped = true;
	return !keygen->is_stopped && keygen->begun < keygen->count;
}

static void *work(void *arg)
{
	struct keygen *keygen = arg;
	pthread_mutex_lock(&keygen->lock);
	while (may_begin(keygen)) {
		size_t index = keygen->begun++;
		keygen->busy++;
		pthread_mutex_unlock(&keygen->lock);

		struct key_pair pair = { 0 };
		struct err err = ERR_INIT;
		int r = key_generate(keygen->jobs[index].algorithm,
		                     keygen->jobs[index].bits, &pair, &err);

		pthread_mutex_lock(&keygen->lock);
		keygen->busy--;
		if (r >= 0) {
			keygen->done[keygen->finished++] = (struct done){ index, pair };
		} else if (keygen->failure.code == 0) {
			keygen->failure = err;
			keygen->is_stopped = true;
		}
		pthread_cond_signal(&keygen->moved);
	}
	pthread_cond_signal(&keygen->moved);
	pthread_mutex_unlock(&keygen->lock);
	return NULL;
}

static size_t core_count(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0
	                    ? CPU_COUNT(&set)
	                    : (int)sysconf(_SC_NPROCESSORS_ONLN);
	return count > 0 ? (size_t)count : 1;
}

/* With fewer threads than cores it continues; without any, keygen_next() fails. */
static void start(struct keygen *keygen, size_t wanted)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all,
	                &before); /* signals are handled by the main thread */
	int number = 0;
	while (keygen->thread_count < wanted && number == 0) {
		number = pthread_create(&keygen->threads[keygen->thread_count], NULL,
		                        work, keygen);
		if (number == 0)
			keygen->thread_count++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (wanted && keygen->thread_count == 0) {
		keygen->is_stopped = true;
		err_errno(&keygen->failure, number,
		          _("cannot start a thread to generate keys"));
	}
}

struct keygen *keygen_new(const struct keygen_job *jobs, size_t count)
{
	struct keygen *keygen = xcalloc(1, sizeof(*keygen));
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&keygen->moved, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&keygen->lock, NULL);
	size_t cores = core_count();
	size_t wanted = count < cores ? count : cores;
	keygen->jobs = jobs;
	keygen->count = count;
	keygen->done = xcalloc(count + 1, sizeof(*keygen->done));
	keygen->threads = xcalloc(wanted + 1, sizeof(*keygen->threads));
	start(keygen, wanted);
	return keygen;
}

/* Until a field changed, the deadline, or the end of a slice.  With the lock held. */
static void wait_a_slice(struct keygen *keygen, int64_t deadline)
{
	int64_t until = monotonic_ns() + SLICE_NS;
	if (until > deadline)
		until = deadline;
	struct timespec at = { until / NS_PER_SEC, until % NS_PER_SEC };
	pthread_cond_timedwait(&keygen->moved, &keygen->lock, &at);
}

/* 1: fetched, 0: not yet, negative: no more will follow.  With the lock held. */
static int fetch(struct keygen *keygen, size_t *ret_index, struct key_pair *ret_pair,
                 struct err *err)
{
	bool is_over = !may_begin(keygen) && keygen->busy == 0;
	if (keygen->fetched < keygen->finished) {
		struct done *next = &keygen->done[keygen->fetched++];
		*ret_index = next->index;
		*ret_pair = next->pair;
		next->pair = (struct key_pair){ 0 };
		return 1;
	}
	if (!is_over)
		return 0;
	if (keygen->failure.code) {
		*err = keygen->failure;
		return err->code;
	}
	if (keygen->is_cancelled && keygen->fetched < keygen->count)
		return err_set(err, ERR_CANCELLED,
		               _("interrupted; keys generated: %zu of %zu"),
		               keygen->fetched, keygen->count);
	return err_set(err, ERR_MISSING, _("all generated keys are used"));
}

int keygen_next(struct keygen *keygen, unsigned timeout_ms, size_t *ret_index,
                struct key_pair *ret_pair, struct err *err)
{
	int64_t deadline = monotonic_ns() + timeout_ms * NS_PER_MS;
	pthread_mutex_lock(&keygen->lock);
	int r;
	while ((r = fetch(keygen, ret_index, ret_pair, err)) == 0 &&
	       monotonic_ns() < deadline)
		wait_a_slice(keygen, deadline);
	pthread_mutex_unlock(&keygen->lock);
	return r;
}

void keygen_stop(struct keygen *keygen)
{
	pthread_mutex_lock(&keygen->lock);
	keygen->is_stopped = true;
	pthread_mutex_unlock(&keygen->lock);
}

void keygen_free(struct keygen *keygen)
{
	if (!keygen)
		return;
	keygen_stop(keygen);
	for (size_t i = 0; i < keygen->thread_count; i++)
		pthread_join(keygen->threads[i], NULL);
	for (size_t i = keygen->fetched; i < keygen->finished; i++)
		key_pair_done(&keygen->done[i].pair);
	pthread_cond_destroy(&keygen->moved);
	pthread_mutex_destroy(&keygen->lock);
	free(keygen->done);
	free(keygen->threads);
	free(keygen);
}
