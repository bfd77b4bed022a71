/* A growing buffer that always has a NUL after its octets. */
#include "core/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

void buf_done(struct buf *buf)
{
	free(buf->at);
	*buf = BUF_INIT;
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->at)
		buf->at[0] = '\0';
}

void buf_reserve(struct buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;
	if (need <= buf->room)
		return;
	size_t room = buf->room ? buf->room : 64;
	while (room < need)
		room *= 2;
	buf->at = xreallocarray(buf->at, room, 1);
	buf->room = room;
	buf->at[buf->len] = '\0';
}

void buf_add(struct buf *buf, const void *octets, size_t len)
{
	buf_reserve(buf, len);
	if (len)
		memcpy(buf->at + buf->len, octets, len);
	buf->len += len;
	buf->at[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	va_list again;
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len > 0) {
		buf_reserve(buf, (size_t)len);
		vsnprintf(buf->at + buf->len, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

const char *buf_text(const struct buf *buf)
{
	return buf->at ? buf->at : "";
}

char *buf_take(struct buf *buf)
{
	buf_reserve(buf, 0);
	buf->at[buf->len] = '\0';
	char *octets = buf->at;
	*buf = BUF_INIT;
	return octets;
}
