/*
 * core/base/err.h: how a function reports a failure.
 *
 *     int f(..., T *ret_x, struct err *err);
 *
 * returns 0, or a negative enum err_code after it filled `err` with one whole sentence: what,
 * which, why, and the next step if one is known.  The sentence is created once, where the fault is
 * detected; callers may add a prefix but never change it.  `ret_*` is unchanged on failure.
 */
#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

enum err_code {
	ERR_FAILED = -1,    /* understood, not possible: exit 1 */
	ERR_USAGE = -2,     /* not understood, known without store or host: exit 2 */
	ERR_BUSY = -3,      /* another process has a lock, and the wait is over: exit 1 */
	ERR_MISSING = -4,   /* the thing that was named does not exist: exit 1 */
	ERR_CANCELLED = -5, /* SIGINT or SIGTERM: exit 1; finished parts are saved */
	ERR_REPORTED = -6,  /* every sentence was already given to ctx_report(): exit 1 */
};

struct err {
	int code;        /* 0, or an enum err_code */
	char text[2048]; /* a sentence, no line break at its end; empty while code is 0 */
	size_t fault;    /* octets of the text before the clause that names the remedy */
	char remedy[512]; /* a command that fixes the fault; empty: none is known */
};

#define ERR_INIT ((struct err){ 0 })

/* Fills `err` and returns `code`, so that a caller can `return err_set(...)`.  The text is
 * truncated to the size of the buffer; control characters (from foreign text) become '?', TAB a
 * blank; line ends are kept. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) printf_like(3, 4);

/* err_set(ERR_FAILED) with ": <strerror(number)>" at the end. */
int err_errno(struct err *err, int number, const char *fmt, ...) printf_like(3, 4);

/* Sets the remedy, a command that works as it is printed; the sentence is not changed.  One that
 * does not fit is left out.  Returns err->code. */
int err_set_remedy(struct err *err, const char *fmt, ...) printf_like(2, 3);

/* Sets the remedy and adds `; run "<remedy>"` to the sentence.  Returns err->code. */
int err_add_remedy(struct err *err, const char *fmt, ...) printf_like(2, 3);

/* Adds "<prefix>: " before the text.  Returns err->code. */
int err_prefix(struct err *err, const char *fmt, ...) printf_like(2, 3);

/* Clears the error: for a caller that continues. */
void err_clear(struct err *err);

#endif
