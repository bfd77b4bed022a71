/* core/mta/host/item_list.h: lists of items as mail servers and filters write them. */
#ifndef CORE_MTA_HOST_ITEM_LIST_H
#define CORE_MTA_HOST_ITEM_LIST_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/macro.h"

/* The next item of a list separated by commas and blanks; braces group.  `*at` is moved.  The item
 * has no outer braces and blanks.  False: no more. */
bool item_list_next(const char **at, struct buf *item) must_check;
/* Whether the word is one of its items, in any case. */
bool item_list_has(const char *list, const char *word) must_check;

#endif
