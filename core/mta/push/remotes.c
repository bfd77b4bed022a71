/* Kinds of servers that are reached over a connection: pointers, nothing else. */
#include "core/mta/plan/remote.h"

const struct remote_type *const remote_types[] = { NULL };
