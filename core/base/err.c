/* The error buffer: one sentence and its code. */
#include "core/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void tame(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if ((*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f)
			*c = '?';
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	tame(err->text);
	err->code = code;
	return code;
}

int err_errno(struct err *err, int number, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int len = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len < sizeof(err->text))
		snprintf(err->text + len, sizeof(err->text) - (size_t)len, ": %s",
		         strerror(number));
	tame(err->text);
	err->code = ERR_FAILED;
	return ERR_FAILED;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char joined[sizeof(err->text)];
	va_list ap;
	va_start(ap, fmt);
	int len = vsnprintf(joined, sizeof(joined), fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len < sizeof(joined))
		snprintf(joined + len, sizeof(joined) - (size_t)len, ": %s", err->text);
	tame(joined);
	memcpy(err->text, joined, sizeof(joined));
	return err->code;
}

void err_clear(struct err *err)
{
	err->code = 0;
	err->text[0] = '\0';
}
