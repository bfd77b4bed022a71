/*
 * cli/line/manref_text.h: the pages' sources in another language, by catalogues as msgfmt writes
 * them.
 *
 * A message is a heading, the term of a list, or a paragraph: lines that macros for blocks, comments
 * and directives end, joined by "\n".  Examples and what is typed remain as they are.  A message
 * without a translation remains English.
 */
#ifndef CLI_LINE_MANREF_TEXT_H
#define CLI_LINE_MANREF_TEXT_H

#include <stddef.h>

#include "core/base/buf.h"

/* Called for each message; what it returns replaces the message. */
typedef const char *manref_message_fn(void *arg, const char *message);

/* The source of a page, or hand-written sections, with each message replaced. */
void manref_replace(const char *text, manref_message_fn *replace, void *arg,
                    struct buf *into);

/* Keeps a catalogue, whose octets must remain: gettext() searches it after those added before.
 * Negative: it is none.  At most 2. */
int manref_catalogue_add(const char *octets, size_t len) must_check;

/* NULL: no catalogue translates the message. */
const char *manref_translation(const char *message) must_check;

#endif
