/* core/base/macro.h: attributes and cleanup helpers that every file may use. */
#ifndef CORE_BASE_MACRO_H
#define CORE_BASE_MACRO_H

#include <libintl.h>
#include <stddef.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define must_check __attribute__((warn_unused_result))
#define printf_like(fmt, first) __attribute__((format(printf, fmt, first)))

/* cleanup(f): f(&variable) runs when the variable leaves its scope. */
#define cleanup(f) __attribute__((cleanup(f)))

/* Messages that a user reads: _() where they are used, N_() in tables, which are translated where
 * they are shown.  Never text that is stored, written to a file or compared. */
#define _(text) gettext(text)
#define N_(text) (text)

#endif
