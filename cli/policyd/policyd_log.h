/* cli/policyd/policyd_log.h: lines for the system log (facility mail), or for standard error in
 * tests. */
#ifndef CLI_POLICYD_POLICYD_LOG_H
#define CLI_POLICYD_POLICYD_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

struct policyd_log {
	bool to_stderr;
};

/* Opens the system log, before any limit is set. */
void policyd_log_init(struct policyd_log *log, bool to_stderr);

/* `priority` as for syslog(3).  The line is truncated to 2 kB; control characters become '?'. */
void policyd_log(const struct policyd_log *log, int priority, const char *fmt, ...)
	printf_like(3, 4);

/* A foreign value as one word: printable ASCII unchanged, everything else, blanks and '"' included,
 * as '?'; at most `room` - 1 octets, "..." at the end if it was truncated.  Returns `out`. */
const char *policyd_log_word(const char *text, size_t len, char *out, size_t room);
/* The same for a text between quotes: blanks are kept. */
const char *policyd_log_phrase(const char *text, size_t len, char *out, size_t room);

#endif
