/* Memory, or an abort; alloc.h gives the reason why that is safe here. */
#include "core/base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *or_abort(void *memory)
{
	if (!memory) {
		static const char message[] = "mailauthctl: out of memory\n";
		ssize_t ignored = write(STDERR_FILENO, message, sizeof(message) - 1);
		(void)ignored;
		abort();
	}
	return memory;
}

void *xcalloc(size_t count, size_t size)
{
	return or_abort(calloc(count ? count : 1, size ? size : 1));
}

void *xreallocarray(void *old, size_t count, size_t size)
{
	if (count == 0) {
		free(old);
		return NULL;
	}
	return or_abort(reallocarray(old, count, size));
}

char *xstrdup(const char *text)
{
	return text ? or_abort(strdup(text)) : NULL;
}

char *xmemdup(const void *octets, size_t len)
{
	char *copy = or_abort(malloc(len + 1));
	if (len)
		memcpy(copy, octets, len);
	copy[len] = '\0';
	return copy;
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *text;
	int len = vasprintf(&text, fmt, ap);
	return or_abort(len < 0 ? NULL : text);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = xvasprintf(fmt, ap);
	va_end(ap);
	return text;
}

void free_ptr(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
