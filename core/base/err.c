/* The error buffer: one sentence and its code. */
#include "core/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void tame(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c == '\t')
			*c = ' ';
		else if ((*c < 0x20 && *c != '\n') || *c == 0x7f)
			*c = '?';
}

/* What does not fit is cut off. */
static void append(struct err *err, const char *text)
{
	size_t len = strlen(err->text);
	size_t more = strnlen(text, sizeof(err->text) - 1 - len);
	memcpy(err->text + len, text, more);
	err->text[len + more] = '\0';
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
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	append(err, ": ");
	append(err, strerror(number));
	tame(err->text);
	err->code = ERR_FAILED;
	return ERR_FAILED;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	struct err joined = { .code = err->code };
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(joined.text, sizeof(joined.text), fmt, ap);
	va_end(ap);
	append(&joined, ": ");
	append(&joined, err->text);
	tame(joined.text);
	*err = joined;
	return err->code;
}

void err_clear(struct err *err)
{
	err->code = 0;
	err->text[0] = '\0';
}
