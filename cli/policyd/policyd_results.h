/*
 * cli/policyd/policyd_results.h: which Authentication-Results fields of an incoming message claim
 * to be ours (RFC 8601 5: a border server removes them).  Pure.
 */
#ifndef CLI_POLICYD_POLICYD_RESULTS_H
#define CLI_POLICYD_POLICYD_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

#define RESULTS_ID_MAX 253 /* of a host name */

/* Whether a field of that name is an Authentication-Results field; blanks after it are ignored. */
bool results_is_field(const char *name) must_check;

/* Whether the value of such a field names `authserv_id` (at most RESULTS_ID_MAX octets), in any
 * form that a reader of such fields could accept: without comments, folds, quotes, escapes and
 * blanks around dots, in any case, with or without a "/job" after it. */
bool results_claim(const char *value, size_t len, const char *authserv_id) must_check;

#endif
