/*
 * cli/policyd/policyd_results.h: which Authentication-Results fields of an incoming message claim
 * to be ours (RFC 8601 5: a border server removes them).  Pure.
 */
#ifndef CLI_POLICYD_POLICYD_RESULTS_H
#define CLI_POLICYD_POLICYD_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"
#include "core/base/octets.h"

#define RESULTS_FIELD "Authentication-Results"
#define RESULTS_ID_MAX 253 /* of a host name */

/* Fields of one message that are removed, and the replies to what cannot be repaired that way. */
#define RESULTS_FORGED_MAX 10000
#define RESULTS_TOO_MANY "550 5.7.1 Too many " RESULTS_FIELD " fields"
#define RESULTS_HIDDEN "550 5.7.1 A header field contains another " RESULTS_FIELD " field"

/* Whether a field of that name is an Authentication-Results field; blanks after it are ignored. */
bool results_is_field(struct octets name) must_check;

/* Whether the value of such a field names `authserv_id` (A-labels in lower case, at most
 * RESULTS_ID_MAX octets), in any form that a reader of such fields could accept: without comments,
 * folds, quotes, escapes, control characters and blanks around dots, in any case, as U-labels, with or
 * without a "/job" after it.  An encoded word (RFC 2047), which no identifier is, counts as one that
 * does. */
bool results_claim(struct octets value, const char *authserv_id) must_check;

/* Whether the value of any field hides another (hidden_field.h) that results_is_field() and
 * results_claim(). */
bool results_hide_claim(struct octets value, const char *authserv_id) must_check;

#endif
