/* core/base/buf.h: a growing buffer of octets, always with a NUL after the last one. */
#ifndef CORE_BASE_BUF_H
#define CORE_BASE_BUF_H

#include <stddef.h>

#include "core/base/macro.h"

struct buf {
	char *at;    /* never NULL after the first write; NUL-terminated */
	size_t len;  /* octets, the NUL not counted */
	size_t room; /* octets allocated */
};

#define BUF_INIT ((struct buf){ 0 })
#define auto_buf cleanup(buf_done) struct buf

/* Frees the octets.  Accepts a buffer that was never written to. */
void buf_done(struct buf *buf);
/* Removes the octets, keeps the memory. */
void buf_clear(struct buf *buf);
/* Makes room for `more` additional octets. */
void buf_reserve(struct buf *buf, size_t more);

void buf_add(struct buf *buf, const void *octets, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...) printf_like(2, 3);

/* The text, "" if nothing was written; valid until the buffer changes. */
const char *buf_text(const struct buf *buf);
/* Passes the octets to the caller (who frees; never NULL) and empties the buffer. */
char *buf_take(struct buf *buf);

#endif
