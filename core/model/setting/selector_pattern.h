/* core/model/setting/selector_pattern.h: the placeholders of dkim.selector. */
#ifndef CORE_MODEL_SETTING_SELECTOR_PATTERN_H
#define CORE_MODEL_SETTING_SELECTOR_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* What replaces the placeholders. */
struct selector_values {
	int64_t now;           /* %Y %m %d and {date} (YYYYMMDD): the day, UTC */
	const char *algorithm; /* {algorithm} */
	const char *serial;    /* {serial} */
};

/* Whether the pattern contains that placeholder ("{serial}"). */
bool selector_pattern_has(const char *pattern, const char *placeholder) must_check;

/* Appends the pattern with its placeholders replaced.  ERR_USAGE: an unknown placeholder. */
int selector_pattern_expand(const char *pattern, const struct selector_values *values,
                            struct buf *out, struct err *err) must_check;

#endif
