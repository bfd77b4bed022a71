/*
 * core/base/ascii.h: an ASCII spelling of text in a Latin alphabet, to propose where a protocol
 * carries ASCII only.  Independent of the locale, unlike iconv's.
 */
#ifndef CORE_BASE_ASCII_H
#define CORE_BASE_ASCII_H

#include <stdbool.h>

#include "core/base/buf.h"

/* Appends `text`, which must be valid UTF-8, with its letters without accents and its quotes and
 * dashes as ASCII has them.  False: it has a character without such a spelling (other alphabets);
 * what was appended is then incomplete. */
bool ascii_spell(const char *text, struct buf *out) must_check;

#endif
