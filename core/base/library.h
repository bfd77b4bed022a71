/*
 * A shared library that only some commands need, loaded at the first call.  Resolving the symbols
 * of all libraries took more than half of the time of a short command.
 *
 * The owner of a library lists what it calls, and calls through the table:
 *
 *	#define CALLS(CALL) CALL(idn2_free) CALL(idn2_strerror)
 *	LIBRARY(idn2, LIBRARY_IDN2, CALLS)
 *	...
 *	idn2()->idn2_free(text);
 *
 * The Makefile determines the file name, which is that of the ABI of the headers.  All symbols are
 * resolved before the first call.
 *
 * A missing library is treated like exhausted memory: a linked program would not start without it,
 * no caller works without it, and the next command undoes what was started, as after a kill.  So no
 * error is returned; library_missing() ends the program.
 */
#pragma once

#include <pthread.h>
#include <stddef.h>

/* Ends the program.  A program with messages for users defines its own; the default aborts. */
void library_missing(const char *sentence);
/* Checks that the library can be loaded, before something is done that requires it later. */
void library_check(const char *file);
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
