/* Libraries that are opened on demand; see library.h. */
#include "core/base/library.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "core/base/text.h"

__attribute__((weak)) void library_missing(const char *sentence)
{
	(void)sentence;
	abort();
}

/* Debian's name of the package with that library (Policy 8.1): "libldns.so.3" is in libldns3,
 * "libidn2.so.0" in libidn2-0. */
static char *package_of(const char *file)
{
	const char *suffix = strstr(file, ".so.");
	auto_free char *name =
		xmemdup(file, suffix ? (size_t)(suffix - file) : strlen(file));
	const char *own = strcmp(name, "libcrypto") == 0 ? "libssl" : name;
	bool ends_in_digit = *own && strchr("0123456789", own[strlen(own) - 1]);
	return xasprintf("%s%s%s", own, ends_in_digit ? "-" : "",
	                 suffix ? suffix + strlen(".so.") : "");
}

static void give_up(const char *file)
{
	const char *why = dlerror();
	auto_free char *package = package_of(file);
	auto_free char *sentence = xasprintf(
		_("the library %s cannot be used (%s): install the package %s (\"apt-get install "
	          "--reinstall %s\")"),
		file, why ? why : "?", package, package);
	library_missing(sentence);
	abort();
}

void library_check(const char *file)
{
	if (!dlopen(file, RTLD_LAZY | RTLD_LOCAL))
		give_up(file);
}

void library_open(const char *file, const char *const *names, size_t count, void *calls)
{
	/* Never closed: OpenSSL registers an exit handler. */
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		give_up(file);
	for (size_t i = 0; i < count; i++) {
		void *symbol = dlsym(library, names[i]);
		if (!symbol)
			give_up(file);
		/* ISO C does not convert an object pointer to a function pointer. */
		memcpy((char *)calls + i * sizeof(symbol), &symbol, sizeof(symbol));
	}
}
