/* core/mta/host/service_master.h: when master(8) has reloaded, and who answers from before. */
#ifndef CORE_MTA_HOST_SERVICE_MASTER_H
#define CORE_MTA_HOST_SERVICE_MASTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/host/descriptors.h"

struct master_reload {
	struct ctx *ctx; /* borrowed */
	pid_t master;    /* 0: not found; then nothing is waited for */
	struct descriptors sockets, status;
};

/* Looks at master(8) of the configuration folder, before it is told to reload. */
void master_reload_note(struct ctx *ctx, const char *folder,
                        struct master_reload *ret_reload);
/* Waits until it has, up to `deadline` (monotonic nanoseconds). */
int master_reload_await(const struct master_reload *reload, int64_t deadline,
                        struct err *err) must_check;
void master_reload_done(struct master_reload *reload);

/* Waits until no process is left that takes mail and that master(8) started before its last reload: such a
 * one still uses what the configuration of then names.  At most 5 s, as a client may stay for minutes. */
void master_await_left(struct ctx *ctx, const char *folder);

/* Whether a process that master(8) started before its last reload, and that ends when its client has gone,
 * serves the TCP connection `fd` to this machine.  False, too, where that is not known. */
bool master_is_left(struct ctx *ctx, int fd) must_check;

#endif
