/* core/model/records_list.h: what makes a list of records a zone's content; records.c fills lists. */
#ifndef CORE_MODEL_RECORDS_LIST_H
#define CORE_MODEL_RECORDS_LIST_H

#include <stdbool.h>

#include "core/model/records.h"

/* Sorts (SOA and NS first, the zone's own name `name` before those below it) and gives the records
 * of a set the lowest of their TTLs (RFC 2181 5.2).  `has_values`: placeholders are replaced by real
 * values, so that of equal records one stays. */
void records_list_settle(struct record_list *list, const char *name, bool has_values);

#endif
