/* Kinds of servers that are reached over a connection: pointers, nothing else. */
#include "core/mta/icewarp/icewarp_remote.h"
#include "core/mta/smartermail/smartermail_remote.h"

const struct remote_type *const remote_types[] = { &icewarp_remote, &smartermail_remote,
	                                           NULL };
