/* The mail servers: a line for each, which names its folder and its row. */
#include "core/mta/registry.h"

#include <string.h>

/* `auto` takes the first that is there. */
const struct mta_backend *const registry[] = {
	&postfix_backend, &exim_backend,       &qmail_backend,     &smartermail_backend,
	&icewarp_backend, &mailenable_backend, &directory_backend,
};
const unsigned registry_count = ARRAY_LEN(registry);

const struct mta_backend *registry_find(const char *name)
{
	for (unsigned i = 0; i < registry_count; i++)
		if (strcmp(registry[i]->name, name) == 0)
			return registry[i];
	return NULL;
}
