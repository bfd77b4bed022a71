/* core/mta/push/registry.h: the mail servers' rows, in the order in which `auto` looks for them. */
#ifndef CORE_MTA_PUSH_REGISTRY_H
#define CORE_MTA_PUSH_REGISTRY_H

#include "core/base/macro.h"
#include "core/mta/plan/backend.h"

extern const struct mta_backend postfix_backend, exim_backend, qmail_backend,
	smartermail_backend, icewarp_backend, mailenable_backend,
	mailenable_standard_backend, directory_backend;

extern const struct mta_backend *const registry[];
extern const unsigned registry_count;

/* The row of that name, NULL: none. */
const struct mta_backend *registry_find(const char *name) must_check;

#endif
