/* Libraries that are opened when they are needed; see library.h. */
#include "core/base/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"

/* Like memory that is out: nothing after it could be right, and no caller could go on.  What was
 * begun is what a killed process leaves, which the next command takes back. */
static void give_up(void)
{
	const char *why = dlerror();
	fprintf(stderr,
	        _("mailauthctl: a library is missing: %s; install the package mailauthctl "
	          "again, or run \"make\" where it was built\n"),
	        why ? why : "?");
	_Exit(1);
}

void library_open(const char *file, const char *const *names, size_t count, void *calls)
{
	/* Never closed: OpenSSL registers what runs at exit. */
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		give_up();
	for (size_t i = 0; i < count; i++) {
		void *symbol = dlsym(library, names[i]);
		if (!symbol)
			give_up();
		/* ISO C has no conversion from an object's pointer to a function's. */
		memcpy((char *)calls + i * sizeof(symbol), &symbol, sizeof(symbol));
	}
}
