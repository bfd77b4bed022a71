/*
 * dnszone/txt/policy_edit.h: one policy's text made into another, as a person asks for it.
 *
 * Text may hold placeholders; whether the result holds is for policy_check() to say.
 */
#ifndef DNSZONE_TXT_POLICY_EDIT_H
#define DNSZONE_TXT_POLICY_EDIT_H

#include <stddef.h>

#include "core/base/err.h"
#include "core/base/macro.h"

/* Adds a mechanism in front of the first `all` (a record without: behind its last mechanism), a
 * modifier at the end.  A mechanism that is there with another qualifier gets the new one, `all`
 * and a modifier of that name their new value.  ERR_USAGE: `term` is not one term.  The caller
 * frees *ret_text. */
int policy_edit_spf_add(const char *text, const char *term, char **ret_text,
                        struct err *err) must_check;
/* Takes a term out; "mx" and "+mx" are the same.  ERR_MISSING: it is not there. */
int policy_edit_spf_remove(const char *text, const char *term, char **ret_text,
                           struct err *err) must_check;

/* Gives tags of a DMARC record new values ("p=reject", or "p=reject; rua=mailto:x@example.com");
 * an empty value ("rua=") takes the tag out.  The others stay, v is first and p second.  `text`
 * NULL: there is none yet.  ERR_USAGE: not a tag list. */
int policy_edit_dmarc(const char *text, const char *const *change, size_t count,
                      char **ret_text, struct err *err) must_check;

#endif
