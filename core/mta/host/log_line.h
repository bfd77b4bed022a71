/* core/mta/host/log_line.h: a line of a log in the format of syslog. */
#ifndef CORE_MTA_HOST_LOG_LINE_H
#define CORE_MTA_HOST_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

/* Its parts, borrowed: "Nov 22 04:05:00 mx opendkim[12]: cannot open /x". */
struct log_line {
	const char *tag, *message;
	size_t tag_len, message_len; /* "opendkim", "cannot open /x" */
};
/* False: not in that format. */
bool log_line_read(const char *line, size_t len, struct log_line *ret) must_check;

/* The tag is that name. */
bool log_line_is_of(const struct log_line *line, const char *tag) must_check;
/* The message begins with the words and continues. */
bool log_line_begins(const struct log_line *line, const char *words) must_check;
bool log_line_has(const struct log_line *line, const char *words) must_check;

#endif
