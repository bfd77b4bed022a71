/* cli/out/when.h: points in time as people type them. */
#ifndef CLI_OUT_WHEN_H
#define CLI_OUT_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

/* "2026-11-01", "2026-11-01 14:30[:05]" (or with a T; local time, UTC if followed by a Z), or a
 * duration before `now`: "7d".  `is_end`: a date means its last second, a minute its last one.
 * `option` is for the sentence of ERR_USAGE. */
int when_parse(const char *text, int64_t now, bool is_end, const char *option,
               int64_t *ret_time, struct err *err) must_check;

#endif
