/* cli/out/out_layout.h: texts and tables on the columns of a terminal. */
#ifndef CLI_OUT_OUT_LAYOUT_H
#define CLI_OUT_OUT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/macro.h"

/* Appends `text` as valid UTF-8, with U+FFFD for invalid octets.  `is_for_terminal`: characters
 * that a terminal does not show as text become '?': controls, changes of the direction of writing,
 * and, in a locale that is not UTF-8, all characters except ASCII. */
void out_add_clean(struct buf *into, const char *text, bool is_for_terminal);

/* The number of columns of `len` octets that out_add_clean() has cleaned. */
size_t out_columns_of(const char *text, size_t len);
/* That of the widest line of a text. */
size_t out_widest_line(const char *text);
/* Appends the text in lines of `width` columns, broken at blanks; a longer word is broken where the
 * line ends.  `indent` precedes each line except the first. */
void out_add_wrapped(struct buf *into, const char *text, size_t width,
                     const char *indent);

struct out_column_width {
	size_t title,
		natural; /* columns of the heading; of the widest cell or the heading */
	bool is_flexible;
	size_t width;  /* result: of a flexible column */
	bool is_below; /* result: no room, its cells are below their rows */
};
/* Lays out a table on `width` columns, with one blank between two columns.  False: no change
 * required. */
bool out_lay_out(struct out_column_width *columns, size_t count, size_t width) must_check;

#endif
