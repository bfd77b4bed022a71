/*
 * core/base/english.h: English for a while, whatever language messages are in: for sentences that
 * are stored and compared, and for what is computed as mailauth-policyd does it.
 */
#ifndef CORE_BASE_ENGLISH_H
#define CORE_BASE_ENGLISH_H

#include "core/base/macro.h"

/* Gives what english_end() takes. */
char *english_begin(void) must_check;
void english_end(char *paused); /* frees it */

#endif
