/* Exceptions from DMARC policies. */
#include "dnszone/verify/exceptions.h"

#include <string.h>

#include "core/base/alloc.h"
#include "dnszone/name/name.h"

int exception_check(const char *text, char **ret_text, struct err *err)
{
	struct network net;
	char name[NAME_SIZE];
	if (network_parse(text, &net))
		return 0;
	if (strpbrk(text, "/:!"))
		return err_set(err, ERR_USAGE,
		               _("\"%.100s\" is not an address or network"), text);
	int r = name_parse_domain(text, name, err);
	if (r == 0)
		*ret_text = xstrdup(name);
	return r;
}

bool exceptions_read(const char *const *text, size_t count, struct arena *mem,
                     struct exceptions *ret_exceptions)
{
	const char **domain = arena_calloc(mem, count, sizeof(*domain));
	struct network *network = arena_calloc(mem, count, sizeof(*network));
	struct exceptions exceptions = { network, 0, domain, 0 };
	if (!domain || !network)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!network_parse(text[i], &network[exceptions.networks]))
			domain[exceptions.domains++] = text[i];
		else
			network_unmap(&network[exceptions.networks++]);
	*ret_exceptions = exceptions;
	return true;
}

const char *exceptions_find(const struct exceptions *exceptions,
                            const struct message_results *results,
                            const struct network *client)
{
	if (client && network_is_in(exceptions->network, exceptions->networks, client))
		return EXCEPTION_CLIENT;
	for (size_t i = 0; i < exceptions->domains; i++)
		if (message_is_proven(results, exceptions->domain[i]))
			return exceptions->domain[i];
	return NULL;
}
