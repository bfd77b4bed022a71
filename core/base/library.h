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
 * resolved before the first call, none later.
 *
 * A library that is missing is like memory that is out: it would have kept a linked program from
 * starting, no caller could do without it, and what was begun is what a killed process leaves, which
 * the next command takes back.  So there is no error to return; library_missing() ends the program.
 */
#pragma once

#include <pthread.h>
#include <stddef.h>

/* Ends the program.  A program that has words for people has one of its own; else it aborts. */
void library_missing(const char *sentence);
/* That it can be opened, before something is done that needs it later. */
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
