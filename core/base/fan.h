/* core/base/fan.h: many pieces of work that mostly wait (for other hosts), several at a time. */
#ifndef CORE_BASE_FAN_H
#define CORE_BASE_FAN_H

#include <stdbool.h>
#include <stddef.h>

struct fan_work {
	/* Called once for each piece.  Data that it shares with other calls must be locked. */
	void (*work)(void *arg, void *own, size_t i);
	/* Called before each piece, by one thread at a time; NULL: yes. */
	bool (*may_begin)(void *arg);
	/* Creates and frees the data of one thread, `own`, in that thread.  NULL: none. */
	void *(*begin)(void *arg);
	void (*end)(void *own);
	/* Called in the calling thread, at least every 100 ms; NULL: that thread works, too. */
	void (*tick)(void *arg, size_t done);
	void *arg;
};

/* Works on each i below `count`, started in this order, on at most `width` threads; returns the
 * number of pieces that were started, when all of them have ended.  If no thread can be started,
 * the calling one does all the work.  Only the calling thread receives signals. */
size_t fan_out(size_t count, unsigned width, const struct fan_work *work);

#endif
