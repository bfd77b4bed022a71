/* The locale of messages, changed and put back.  It is the process's: no thread may be speaking. */
#include "core/base/english.h"

#include <locale.h>
#include <stdlib.h>

#include "core/base/alloc.h"

char *english_begin(void)
{
	char *paused = xstrdup(setlocale(LC_MESSAGES, NULL));
	setlocale(LC_MESSAGES, "C");
	return paused;
}

void english_end(char *paused)
{
	setlocale(LC_MESSAGES, paused);
	free(paused);
}
