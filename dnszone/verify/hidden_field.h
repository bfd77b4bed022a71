/*
 * dnszone/verify/hidden_field.h: header fields within the value of another field, as a program finds
 * them that ends a line at CR alone, or at LF with no blank after it.  Pure.
 */
#ifndef DNSZONE_VERIFY_HIDDEN_FIELD_H
#define DNSZONE_VERIFY_HIDDEN_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"
#include "core/base/octets.h"

/* The next one from *at on, which begins with 0 and moves past it; name and value borrow from `value`.
 * False: no more. */
bool hidden_field_next(struct octets value, size_t *at, struct octets *ret_name,
                       struct octets *ret_value) must_check;

/* How many From fields are hidden in `value`. */
unsigned hidden_field_froms(struct octets value) must_check;

#endif
