/*
 * core/base/alloc.h: memory for the administration tool.
 *
 * Running out of memory aborts: every change is a transaction and every push has a journal,
 * so an abort leaves the old state or the new one.  mailauth-policyd uses arenas instead.
 */
#ifndef CORE_BASE_ALLOC_H
#define CORE_BASE_ALLOC_H

#include <stdarg.h>

#include "core/base/macro.h"

/* Zeroed memory for `count` things of `size` octets.  Never NULL; the caller frees. */
void *xcalloc(size_t count, size_t size) must_check;

/* Grows or shrinks like reallocarray(3).  Never NULL unless count is 0. */
void *xreallocarray(void *old, size_t count, size_t size) must_check;

/* A copy of `text`; NULL gives NULL.  The caller frees. */
char *xstrdup(const char *text) must_check;

/* A copy of `len` octets, with a NUL after them.  The caller frees. */
char *xmemdup(const void *octets, size_t len) must_check;

/* sprintf into fresh memory.  The caller frees. */
char *xasprintf(const char *fmt, ...) printf_like(1, 2) must_check;
char *xvasprintf(const char *fmt, va_list ap) printf_like(1, 0) must_check;

/* Makes room for one more item in a growing array: `items` is a pointer to the array pointer. */
#define GROW(items, count, room)                                                    \
	do {                                                                        \
		if ((count) == (room)) {                                            \
			(room) = (room) ? (room)*2 : 8;                             \
			(items) = xreallocarray((items), (room), sizeof(*(items))); \
		}                                                                   \
	} while (0)

/* qsort(), except for an empty list, whose array may be NULL. */
#define SORT(items, count, compare)                                           \
	do {                                                                  \
		if ((count) > 1)                                              \
			qsort((items), (count), sizeof(*(items)), (compare)); \
	} while (0)

/* For cleanup(): frees what the pointer points to. */
void free_ptr(void *pointer_to_pointer);
/* For cleanup(): closes a descriptor that is not negative. */
void close_fd(const int *fd);

#define auto_free cleanup(free_ptr)
#define auto_close cleanup(close_fd)

#endif
