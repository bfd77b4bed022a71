/*
 * cli/policyd/policyd_results.h: which Authentication-Results fields of a message speak in our name before
 * we said anything (RFC 8601 5: a border server takes those away).  Pure.
 */
#ifndef CLI_POLICYD_POLICYD_RESULTS_H
#define CLI_POLICYD_POLICYD_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

/* A longer one would be cut by the filters that compare it. */
#define RESULTS_ID_MAX 63

/* Whether a field of that name is an Authentication-Results field; blanks behind it do not count. */
bool results_is_field(const char *name) must_check;

/* Whether the value of such a field names `authserv_id` (at most RESULTS_ID_MAX octets), as any
 * reader of such fields could understand it: comments, folds, quotes, escapes and blanks around dots
 * taken away, in any case, with or without a "/job" behind it. */
bool results_claim(const char *value, size_t len, const char *authserv_id) must_check;

#endif
