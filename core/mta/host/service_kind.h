/* core/mta/host/service_kind.h: the kinds of services, their actions, and their processes. */
#ifndef CORE_MTA_HOST_SERVICE_KIND_H
#define CORE_MTA_HOST_SERVICE_KIND_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/ctx.h"
#include "core/base/err.h"

/* ENABLE: a setting requires the service from now on: it runs and starts with the machine.
 * DISABLE: no setting requires it any more: its state before our first ENABLE is restored
 * (owned_service.h).  Both may always be planned, with `when` 0: if the state is reached already,
 * the step is dropped. */
enum service_action {
	SERVICE_RELOAD,
	SERVICE_RESTART,
	SERVICE_START,
	SERVICE_STOP,
	SERVICE_ENABLE,
	SERVICE_DISABLE,
	SERVICE_ACTION_COUNT
};

/* The state of a service before a step, as bits: step.old_meta.mode of a service step with had_old.
 */
enum { SERVICE_WAS_RUNNING = 1, SERVICE_WAS_ENABLED = 2 };

#define SERVICE_TIMEOUT_MS 20000

struct log_line;

/* A kind of service is a row of the file that owns it.  A service is named as its row, or
 * "NAME:INSTANCE" if several of a kind may run (the owner defines the instance). */
struct service_kind {
	const char *name; /* also of its unit, and of its process */

	/* One program that is signalled without systemd; not used if the functions below are set.
	 */
	const char *config; /* the file that may name a PidFile; NULL: none */
	const char *config_option;
	const char *pid_file; /* if `config` names none */
	const char *script; /* starts it without systemd; NULL: the program itself does */
	int reload_signal;  /* 0: it has no reload and is restarted */
	/* Its child processes serve open connections after it has ended: a process without a
	 * listening socket is not the service. */
	bool leaves_children;

	/* A service with its own command, by which it is controlled with systemd too.  `instance`:
	 * the text after "NAME:"; NULL: the one without a name. */
	int (*act)(struct ctx *ctx, const char *instance, enum service_action action,
	           struct err *err);
	bool (*is_running)(struct ctx *ctx, const char *instance);
	/* As service_await_left().  NULL: a reload replaces all processes. */
	void (*await_left)(struct ctx *ctx, const char *instance, int64_t deadline);
	const char *start_command; /* for messages, without systemd */

	/* It belongs to the administrator: its state before is not recorded or restored. */
	bool is_admins;
	/* Its probes are repeated for this time after it was told; 0: SERVICE_ANSWER_SECONDS. */
	unsigned answer_seconds;
	/* Whether the line of a log reports that it refused its configuration.  `log_name`: its
	 * name there.  NULL: its log does not report that. */
	bool (*is_refusal)(const struct log_line *line, const char *log_name);
	/* Its name in the log (unchanged: `name`), and a file that it writes to besides the
	 * system's own (unchanged: none); the caller frees.  NULL: unknown. */
	void (*log_source)(struct ctx *ctx, const char *instance, char **ret_name,
	                   char **ret_file);
};

#define SERVICE_ANSWER_SECONDS 10

/* All kinds (registry.c). */
extern const struct service_kind *const service_kinds[];
extern const unsigned service_kind_count;

/* The row of a service, with or without an instance; NULL: none. */
const struct service_kind *service_kind_find(const char *service) must_check;
/* The text after the colon in its name; NULL: no colon. */
const char *service_instance(const char *service) must_check;

/* Runs a program; `is_daemon`: it continues in the background. */
int service_run(struct ctx *ctx, const char *const *argv, bool is_daemon,
                struct err *err) must_check;
/* Whether it exits with 0. */
bool service_run_well(struct ctx *ctx, const char *const *argv) must_check;
/* Whether it exits with another status; false if it could not be run or did not end. */
bool service_run_denies(struct ctx *ctx, const char *const *argv) must_check;

/* ---- systemd (service_systemd.c) -------------------------------------------------------------- */

bool systemd_is_there(struct ctx *ctx) must_check;
int systemd_act(struct ctx *ctx, const char *unit, enum service_action action,
                struct err *err) must_check;
/* Whether it starts with the machine; whether it runs now is unchanged. */
int systemd_set_boot(struct ctx *ctx, const char *unit, bool is_enabled,
                     struct err *err) must_check;
unsigned systemd_look(struct ctx *ctx, const char *unit) must_check;

/* ---- filters without systemd (service_filter.c) ----------------------------------------------- */

int filter_act(struct ctx *ctx, const struct service_kind *kind,
               enum service_action action, struct err *err) must_check;
/* See service_start_command(). */
char *filter_start_command(struct ctx *ctx, const struct service_kind *kind) must_check;
/* 0: none runs. */
pid_t filter_pid(struct ctx *ctx, const struct service_kind *kind) must_check;

/* ---- processes (service_process.c) ------------------------------------------------------------ */

/* Waits until no client is connected to a UNIX socket of the process, at most 5 s; 0: returns at
 * once. */
void process_await_clients(struct ctx *ctx, pid_t pid);
/* The name of a running process (15 octets of it); NULL: none.  The caller frees. */
char *process_name(const struct ctx *ctx, pid_t pid) must_check;
/* Whether the process runs and has that name. */
bool process_is(const struct ctx *ctx, pid_t pid, const char *name) must_check;
/* The parent; 0: no such process. */
pid_t process_parent(const struct ctx *ctx, pid_t pid) must_check;
/* The process of that name whose parent has another name; 0: none.  In our own PID namespace: a
 * container's processes do not belong to this machine.  `must_listen`: it has a listening socket.
 */
pid_t process_find(struct ctx *ctx, const char *name, bool must_listen) must_check;
/* Whether a process listens on that TCP port of loopback, and which; 0: unknown. */
bool process_at_port(struct ctx *ctx, unsigned port, pid_t *ret_pid) must_check;
/* SIGTERM to the process and to its children of the same name, and waits until it is gone, at most
 * ten seconds.  A filter of libmilter checks its stop flag only every five seconds and at each
 * connection, so this function connects. */
int process_end(struct ctx *ctx, pid_t pid, const char *name, struct err *err) must_check;
/* While another program ends it: a child connects to its sockets until the process is gone, for the
 * same reason.  0: it listens on none.  process_connect_end() ends the child. */
pid_t process_connect_until_gone(struct ctx *ctx, pid_t pid) must_check;
void process_connect_end(pid_t child);

#endif
