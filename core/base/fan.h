/* core/base/fan.h: many pieces of work that mostly wait (for other hosts), several at a time. */
#ifndef CORE_BASE_FAN_H
#define CORE_BASE_FAN_H

#include <stdbool.h>
#include <stddef.h>

struct fan_work {
	/* Once for each piece.  It shares nothing with its neighbours that it does not lock. */
	void (*work)(void *arg, void *own, size_t i);
	/* Asked before each piece, by one thread at a time; NULL: yes. */
	bool (*may_begin)(void *arg);
	/* What a thread has for itself, as `own`: made and freed in it.  NULL: nothing. */
	void *(*begin)(void *arg);
	void (*end)(void *own);
	/* Called in the calling thread, with pauses of 100 ms at the most; NULL: it works, too. */
	void (*tick)(void *arg, size_t done);
	void *arg;
};

/* Works on each i below `count`, begun in this order, on at most `width` threads; returns when all
 * that were begun have ended, and how many those are.  Where no thread can be started the calling
 * one does it all.  Signals stay the calling thread's. */
size_t fan_out(size_t count, unsigned width, const struct fan_work *work);

#endif
