/* core/mta/postfix/postfix_main_inner.h: what postfix_main.c and postfix_render.c share. */
#ifndef CORE_MTA_POSTFIX_POSTFIX_MAIN_INNER_H
#define CORE_MTA_POSTFIX_POSTFIX_MAIN_INNER_H

#include "core/mta/postfix/postfix_main.h"

/* Where the line break of the line at `at` is, or `len`. */
size_t main_line_end(const char *text, size_t len, size_t at);
/* Whether there is nothing but blanks, or a comment. */
bool main_is_void(const char *text, size_t at, size_t end);
/* Whether the definition is of that parameter. */
bool main_is_named(const struct main_cf *cf, const struct main_def *def,
                   const char *name);

#endif
