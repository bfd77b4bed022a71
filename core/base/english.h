/*
 * core/base/english.h: switches messages to English temporarily: for sentences that are stored and
 * compared, and for results that must be those of mailauth-policyd.
 */
#ifndef CORE_BASE_ENGLISH_H
#define CORE_BASE_ENGLISH_H

#include "core/base/macro.h"

/* Returns the argument for english_end(). */
char *english_begin(void) must_check;
void english_end(char *paused); /* frees it */

#endif
