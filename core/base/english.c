/* Sets the locale of messages and restores it.  It is that of the process: no other thread may
 * format messages meanwhile. */
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
