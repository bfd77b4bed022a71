/* Threads that take the next piece of work until there is no more. */
#include "core/base/fan.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "core/base/alloc.h"

struct fan {
	pthread_mutex_t lock;
	size_t next, count;
	void (*work)(void *arg, size_t i);
	bool (*may_begin)(void *arg);
	void *arg;
};

static bool take_next(struct fan *fan, size_t *ret_i)
{
	pthread_mutex_lock(&fan->lock);
	bool is_there = fan->next < fan->count && fan->may_begin(fan->arg);
	if (is_there)
		*ret_i = fan->next++;
	pthread_mutex_unlock(&fan->lock);
	return is_there;
}

static void *work_through(void *arg)
{
	struct fan *fan = arg;
	size_t i;
	while (take_next(fan, &i))
		fan->work(fan->arg, i);
	return NULL;
}

size_t fan_out(size_t count, unsigned width, void (*work)(void *arg, size_t i),
               bool (*may_begin)(void *arg), void *arg)
{
	struct fan fan = {
		.count = count, .work = work, .may_begin = may_begin, .arg = arg
	};
	size_t wanted = count < width ? count : width, started = 0;
	auto_free pthread_t *thread = xcalloc(wanted + 1, sizeof(*thread));
	sigset_t all, before;
	pthread_mutex_init(&fan.lock, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started + 1 < wanted &&
	       pthread_create(&thread[started], NULL, work_through, &fan) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	work_through(
		&fan); /* this thread too: it goes on where no other could be started */
	for (size_t i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	pthread_mutex_destroy(&fan.lock);
	return fan.next;
}
