/* core/mta/check/port_taken.c: ports of probes, and the processes that listen on them. */
#include "core/mta/check/port_taken.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/service_kind.h"
#include "core/mta/plan/probe_type.h"

/* "tcp:HOST:PORT", "socketmap:inet:HOST:PORT:NAME", "inet:PORT@HOST", "inet:PORT"; 0: no port. */
static unsigned port_of(const char *endpoint)
{
	auto_free char *text = xstrdup(endpoint);
	const char *digits = NULL;
	int64_t port;

	if (text_starts(text, "socketmap:inet:")) {
		*strrchr(text, ':') = '\0';
		digits = strrchr(text, ':') + 1;
	} else if (text_starts(text, "tcp:")) {
		digits = strrchr(text, ':') + 1;
	} else if (text_starts(text, "inet:")) {
		text[strcspn(text, "@")] = '\0';
		digits = text + strlen("inet:");
	}
	return digits && text_to_int(digits, 1, 65535, &port) ? (unsigned)port : 0;
}

static char *look_at(struct ctx *ctx, const char *endpoint)
{
	unsigned port = endpoint ? port_of(endpoint) : 0;
	pid_t pid;

	if (!port || !process_at_port(ctx, port, &pid))
		return NULL;
	auto_free char *name = pid ? process_name(ctx, pid) : NULL;
	if (!name)
		return xasprintf(
			_("port %u is in use by another program: stop it, or configure "
		          "another port for it"),
			port);
	if (service_kind_find(name))
		return NULL;
	return xasprintf(_("port %u is in use by %s (process %d): stop it, or "
	                   "configure another port for it"),
	                 port, name, (int)pid);
}

char *port_taken(struct ctx *ctx, const struct plan *plan)
{
	char *found = NULL;

	for (size_t i = 0; i < plan->count && !found; i++) {
		const struct step *step = &plan->step[i];

		if (!step_is_probe(step) || !step->probe->is_filters)
			continue;
		found = look_at(ctx, step->object);
		if (!found && step->probe->second_endpoint)
			found = look_at(ctx, step->probe->second_endpoint(step));
	}
	return found;
}
