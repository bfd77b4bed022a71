/* core/mta/host/service_master.h: whether master(8) has reloaded, and which processes were started
 * before. */
#ifndef CORE_MTA_HOST_SERVICE_MASTER_H
#define CORE_MTA_HOST_SERVICE_MASTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/host/descriptors.h"

struct master_reload {
	struct ctx *ctx; /* borrowed */
	pid_t master;    /* 0: not found; then there is no wait */
	struct descriptors sockets, status;
};

/* Reads the state of master(8) of the configuration folder, before it is told to reload. */
void master_reload_note(struct ctx *ctx, const char *folder,
                        struct master_reload *ret_reload);
/* Waits until it has, up to `deadline` (monotonic nanoseconds). */
int master_reload_await(const struct master_reload *reload, int64_t deadline,
                        struct err *err) must_check;
void master_reload_done(struct master_reload *reload);

/* Waits until no process is left that accepts mail and that master(8) started before its last
 * reload: it still uses its old configuration.  At the latest until `deadline` (monotonic
 * nanoseconds). */
void master_await_left(struct ctx *ctx, const char *folder, int64_t deadline);

/* Whether a process that master(8) started before its last reload, and that ends after its client,
 * serves the TCP connection `fd` to this machine.  False if unknown. */
bool master_is_left(struct ctx *ctx, int fd) must_check;

#endif
