/* cli/line/manref_tables.h: what the tables of the program say, as mdoc(7). */
#ifndef CLI_LINE_MANREF_TABLES_H
#define CLI_LINE_MANREF_TABLES_H

#include <stdbool.h>

#include "cli/line/manref_page.h"

/* Writes the table `name` ("settings"), or the part of it that `word` names ("spf"; "": all).  False:
 * there is no such table. */
bool manref_put_table(struct page *page, const char *name, const char *word) must_check;

#endif
