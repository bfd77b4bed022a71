/* core/mta/host/service_kind.h: the kinds of services that there are, their actions, and their processes. */
#ifndef CORE_MTA_HOST_SERVICE_KIND_H
#define CORE_MTA_HOST_SERVICE_KIND_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/ctx.h"
#include "core/base/err.h"

/* ENABLE: a setting needs the service from now on: it runs and starts with the machine.  DISABLE: no
 * setting needs it any more: it becomes what it was before our first ENABLE (held_service.h).  Both
 * may be planned always, with `when` 0: what holds already is dropped. */
enum service_action {
	SERVICE_RELOAD,
	SERVICE_RESTART,
	SERVICE_START,
	SERVICE_STOP,
	SERVICE_ENABLE,
	SERVICE_DISABLE,
	SERVICE_ACTION_COUNT
};

/* What a service was before a step, as bits: step.old_meta.mode of a service step with had_old. */
enum { SERVICE_WAS_RUNNING = 1, SERVICE_WAS_ENABLED = 2 };

#define SERVICE_TIMEOUT_MS 20000

struct log_line;

/* A kind of service is a row of the file that owns it.  A service is named as its row, or "NAME:INSTANCE"
 * where several of a kind may run (the instance is text of its owner's). */
struct service_kind {
	const char *name; /* also of its unit, and of its process */

	/* One program that is told by a signal where no systemd runs the machine; not used where the
	 * functions below are set. */
	const char *config; /* NULL: it has none that names a PidFile */
	const char *config_option;
	const char *pid_file; /* where `config` names none */
	const char *
		script; /* starts it where no systemd runs; NULL: the program itself does */
	int reload_signal;    /* 0: it has no reload and is restarted */
	bool leaves_children; /* that serve open connections after it has ended: without a
	                         listening socket a process is not the service */

	/* A service with a command of its own, which is told by that also where systemd runs.
	 * `instance`: what follows "NAME:"; NULL: the one that needs no name. */
	int (*act)(struct ctx *ctx, const char *instance, enum service_action action,
	           struct err *err);
	bool (*is_running)(struct ctx *ctx, const char *instance);
	/* After a reload, before what it names no more is taken away: waits, 5 s at the most, until nobody
	 * is left who read the old configuration.  NULL: a reload leaves nobody. */
	void (*await_left)(struct ctx *ctx, const char *instance);
	const char *start_command; /* for people, where no systemd runs */

	/* It belongs to the admin: what it was before is not remembered, and it is never given back. */
	bool is_admins;
	/* For so long after it was told something its probes are repeated; 0: SERVICE_ANSWER_SECONDS. */
	unsigned answer_seconds;
	/* Whether the line of a log says that it did not take what it was told.  `log_name`: what it calls
	 * itself there.  NULL: its log does not say. */
	bool (*is_refusal)(const struct log_line *line, const char *log_name);
	/* What it calls itself in the log (untouched: `name`), and a file that it writes to besides the
	 * system's own (untouched: none); the caller frees.  NULL: nothing is known. */
	void (*log_source)(struct ctx *ctx, const char *instance, char **ret_name,
	                   char **ret_file);
};

#define SERVICE_ANSWER_SECONDS 10

/* All there are (registry.c). */
extern const struct service_kind *const service_kinds[];
extern const unsigned service_kind_count;

/* The row of a service, with or without an instance; NULL: none. */
const struct service_kind *service_kind_find(const char *service) must_check;
/* What follows the colon in its name; NULL: no colon. */
const char *service_instance(const char *service) must_check;

/* Runs a program; `is_daemon`: it goes on in the background. */
int service_run(struct ctx *ctx, const char *const *argv, bool is_daemon,
                struct err *err) must_check;
/* Whether it ends with 0. */
bool service_run_well(struct ctx *ctx, const char *const *argv) must_check;
/* Whether it ends with another status; false where it could not be run or did not end. */
bool service_run_denies(struct ctx *ctx, const char *const *argv) must_check;

/* ---- systemd (service_systemd.c) -------------------------------------------------------------- */

bool systemd_is_there(struct ctx *ctx) must_check;
int systemd_act(struct ctx *ctx, const char *unit, enum service_action action,
                struct err *err) must_check;
/* Whether it starts with the machine; whether it runs now stays as it is. */
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

/* Waits until nobody is connected to a UNIX socket of the process, 5 s at the most; 0: returns at
 * once. */
void process_await_clients(struct ctx *ctx, pid_t pid);
/* The name of a process that lives (15 octets of it); NULL: there is none.  The caller frees. */
char *process_name(const struct ctx *ctx, pid_t pid) must_check;
/* Whether the process lives and has that name. */
bool process_is(const struct ctx *ctx, pid_t pid, const char *name) must_check;
/* The parent; 0: no such process. */
pid_t process_parent(const struct ctx *ctx, pid_t pid) must_check;
/* The process of that name whose parent has another one; 0: none.  In our own PID namespace: a
 * container's processes are not this machine's.  `must_listen`: it has a listening socket. */
pid_t process_find(struct ctx *ctx, const char *name, bool must_listen) must_check;
/* Whether somebody listens at that TCP port of loopback, and who; 0: that is not known. */
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
