/* The error buffer: one sentence and its code. */
#include "core/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static void tame(char *text)
{
	for (char *c = text; *c; c++)
		if (*c == '\t')
			*c = ' ';
		else if (is_control(*c) && *c != '\n')
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

static void set_text(struct err *err, enum err_code code)
{
	tame(err->text);
	err->code = code;
	err->fault = strlen(err->text);
	err->remedy[0] = '\0';
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	set_text(err, code);
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
	set_text(err, ERR_FAILED);
	return ERR_FAILED;
}

/* A command that was cut off, or contains what tame() replaces, would not work. */
static void set_remedy(struct err *err, const char *command)
{
	bool is_whole = strlen(command) < sizeof(err->remedy);
	for (const char *c = command; *c; c++)
		is_whole &= !is_control(*c);
	snprintf(err->remedy, sizeof(err->remedy), "%s", is_whole ? command : "");
}

int err_set_remedy(struct err *err, const char *fmt, ...)
{
	char command[sizeof(err->text)];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	set_remedy(err, command);
	return err->code;
}

int err_add_remedy(struct err *err, const char *fmt, ...)
{
	char command[sizeof(err->text)];
	struct err fault = *err;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	set_remedy(err, command);
	snprintf(err->text, sizeof(err->text), _("%s; run \"%s\""), fault.text, command);
	tame(err->text);
	return err->code;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	struct err joined = *err;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(joined.text, sizeof(joined.text), fmt, ap);
	va_end(ap);
	append(&joined, ": ");
	joined.fault = strlen(joined.text) + err->fault;
	append(&joined, err->text);
	tame(joined.text);
	*err = joined;
	return err->code;
}

void err_clear(struct err *err)
{
	err->code = 0;
	err->text[0] = '\0';
	err->remedy[0] = '\0';
}
