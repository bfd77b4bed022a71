/* core/model/record/records_diff.h: which records a change removes and which it adds. */
#ifndef CORE_MODEL_RECORD_RECORDS_DIFF_H
#define CORE_MODEL_RECORD_RECORDS_DIFF_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/model/record/records.h"

/* Calls `each` for every record that only one of the lists has: a removed record before the one
 * that replaces it (the same owner and type), other additions last.  Records borrow from the lists;
 * a non-zero result of `each` ends the loop and is returned. */
int records_diff(const struct record_list *before, const struct record_list *after,
                 int (*each)(void *arg, bool is_added, const struct record_row *row,
                             struct err *err),
                 void *arg, struct err *err) must_check;

#endif
