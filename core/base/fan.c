/* Threads that take the next piece of work until none is left. */
#include "core/base/fan.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/alloc.h"
#include "core/base/ctx.h"

#define TICK_MS 100

struct fan {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	size_t next, count, done;
	size_t threads; /* that are still running */
	const struct fan_work *work;
};

static bool take_next(struct fan *fan, size_t *ret_i)
{
	pthread_mutex_lock(&fan->lock);
	bool is_there = fan->next < fan->count &&
	                (!fan->work->may_begin || fan->work->may_begin(fan->work->arg));
	if (is_there)
		*ret_i = fan->next++;
	pthread_mutex_unlock(&fan->lock);
	return is_there;
}

static void work_through(struct fan *fan)
{
	const struct fan_work *work = fan->work;
	void *own = work->begin ? work->begin(work->arg) : NULL;
	size_t i;
	while (take_next(fan, &i)) {
		work->work(work->arg, own, i);
		pthread_mutex_lock(&fan->lock);
		fan->done++;
		pthread_cond_signal(&fan->moved);
		pthread_mutex_unlock(&fan->lock);
	}
	if (work->end)
		work->end(own);
}

static void *run_thread(void *arg)
{
	struct fan *fan = arg;
	work_through(fan);
	pthread_mutex_lock(&fan->lock);
	fan->threads--;
	pthread_cond_signal(&fan->moved);
	pthread_mutex_unlock(&fan->lock);
	return NULL;
}

static size_t start(struct fan *fan, pthread_t *thread, size_t wanted)
{
	sigset_t all, before;
	size_t started = 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	fan->threads = wanted;
	while (started < wanted &&
	       pthread_create(&thread[started], NULL, run_thread, fan) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_mutex_lock(&fan->lock);
	fan->threads -= wanted - started;
	pthread_mutex_unlock(&fan->lock);
	return started;
}

/* The last tick reports all finished work, even if all threads ended before the first wait. */
static void tick_until_done(struct fan *fan)
{
	size_t ticked = 0;
	pthread_mutex_lock(&fan->lock);
	while (fan->threads || ticked < fan->done) {
		int64_t until = monotonic_ns() + TICK_MS * NS_PER_MS;
		struct timespec at = { until / NS_PER_SEC, until % NS_PER_SEC };
		if (fan->threads)
			pthread_cond_timedwait(&fan->moved, &fan->lock, &at);
		ticked = fan->done;
		pthread_mutex_unlock(&fan->lock);
		fan->work->tick(fan->work->arg, ticked);
		pthread_mutex_lock(&fan->lock);
	}
	pthread_mutex_unlock(&fan->lock);
}

static void init(struct fan *fan)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&fan->moved, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&fan->lock, NULL);
}

size_t fan_out(size_t count, unsigned width, const struct fan_work *work)
{
	struct fan fan = { .count = count, .work = work };
	size_t wanted = count < width ? count : width;
	bool is_worker = !work->tick; /* the calling thread */
	auto_free pthread_t *thread = xcalloc(wanted + 1, sizeof(*thread));
	init(&fan);
	size_t started = start(&fan, thread, is_worker && wanted ? wanted - 1 : wanted);
	if (is_worker || !started)
		work_through(&fan);
	if (work->tick)
		tick_until_done(&fan);
	for (size_t i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	pthread_cond_destroy(&fan.moved);
	pthread_mutex_destroy(&fan.lock);
	return fan.next;
}
