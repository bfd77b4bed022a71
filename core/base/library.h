/*
 * A shared library that only some commands need, opened by the first call into it.  To look up the
 * symbols of all libraries took more than half of a short command.
 *
 * The owner of a library lists what it calls, and calls through the table:
 *
 *	#define CALLS(CALL) CALL(idn2_free) CALL(idn2_strerror)
 *	LIBRARY(idn2, LIBRARY_IDN2, CALLS)
 *	...
 *	idn2()->idn2_free(text);
 *
 * The name comes from the Makefile: that of the ABI which the headers belong to.  All symbols are
 * resolved before the first call, none later.  A library that is missing ends the program with a
 * sentence, as it would if it were linked.
 */
#pragma once

#include <pthread.h>
#include <stddef.h>

/* `calls` is an array of function pointers, one for each name. */
void library_open(const char *file, const char *const *names, size_t count, void *calls);

#define LIBRARY_SLOT(name) __typeof__(name) *name;
#define LIBRARY_NAME(name) #name,
#define LIBRARY(library, file, CALLS)                                       \
	struct library##_calls {                                            \
		CALLS(LIBRARY_SLOT)                                         \
	};                                                                  \
	static struct library##_calls library##_table;                      \
	static void library##_open(void)                                    \
	{                                                                   \
		static const char *const names[] = { CALLS(LIBRARY_NAME) }; \
		library_open(file, names, sizeof(names) / sizeof(names[0]), \
		             &library##_table);                             \
	}                                                                   \
	static const struct library##_calls *library(void)                  \
	{                                                                   \
		static pthread_once_t once = PTHREAD_ONCE_INIT;             \
		(void)pthread_once(&once, library##_open);                  \
		return &library##_table;                                    \
	}
