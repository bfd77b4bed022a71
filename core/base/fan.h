/* core/base/fan.h: many pieces of work that mostly wait (for other hosts), several at a time. */
#ifndef CORE_BASE_FAN_H
#define CORE_BASE_FAN_H

#include <stdbool.h>
#include <stddef.h>

/* Calls work(arg, i) for each i below `count`, begun in this order, on at most `width` threads; returns
 * when all that were begun have ended, and how many those are.  Before each, may_begin(arg) is asked
 * (by one thread at a time).  `work` shares nothing with its neighbours that it does not lock.  Signals
 * stay the calling thread's. */
size_t fan_out(size_t count, unsigned width, void (*work)(void *arg, size_t i),
               bool (*may_begin)(void *arg), void *arg);

#endif
