/* The only place where mailauth-policyd writes messages. */
#include "cli/policyd/policyd_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

void policyd_log_init(struct policyd_log *log, bool to_stderr)
{
	log->to_stderr = to_stderr;
	if (!to_stderr)
		openlog("mailauth-policyd", LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void policyd_log(const struct policyd_log *log, int priority, const char *fmt, ...)
{
	char line[2048];
	va_list args;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	if (!log->to_stderr) {
		syslog(priority, "%s", line);
		return;
	}
	size_t len = strlen(line);
	line[len] = '\n';
	/* A failure to write the log cannot be reported. */
	ssize_t written = write(STDERR_FILENO, line, len + 1);
	(void)written;
}

static const char *sanitise(const char *text, size_t len, char lowest, char *out,
                            size_t room)
{
	size_t count = 0;
	for (; count < len && count + 1 < room; count++) {
		char c = text[count];
		out[count] = c >= lowest && c <= '~' && c != '"' ? c : '?';
	}
	if (count < len && count >= 3)
		memcpy(out + count - 3, "...", 3);
	out[count] = '\0';
	return out;
}

const char *policyd_log_word(const char *text, size_t len, char *out, size_t room)
{
	return sanitise(text, len, '!', out, room);
}

const char *policyd_log_phrase(const char *text, size_t len, char *out, size_t room)
{
	return sanitise(text, len, ' ', out, room);
}
