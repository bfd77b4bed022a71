/*
 * core/base/ctx.h: everything that comes from outside: file root, clock, randomness, processes,
 * messages.  Tests replace them.  The layers above have no other global state.
 */
#ifndef CORE_BASE_CTX_H
#define CORE_BASE_CTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/macro.h"

enum report_level {
	REPORT_NOTE,    /* printed unless --quiet */
	REPORT_VERBOSE, /* printed with --verbose only */
	REPORT_WARNING, /* always printed; exit status unchanged */
	REPORT_ERROR,   /* always printed; the caller returns ERR_REPORTED */
};

struct run_spec;
struct run_result;

struct ctx {
	int root_fd; /* opened directory: every path is looked up below it */
	char *root; /* "" for the machine itself, else an absolute path without final '/' */
	bool is_rooted; /* --root was given: no process is started, no server is looked for */
	unsigned wait_seconds; /* how long to wait for a lock */
	uid_t uid;             /* real user id */
	char *actor;           /* login name; of the account that called sudo, if any */
	char *command; /* the command row's words, for locks and the audit trail */
	int64_t (*now)(const struct ctx *ctx); /* Unix seconds */
	/* Replaces processes (run.h); NULL: real ones are started. */
	int (*run)(struct ctx *ctx, const struct run_spec *spec,
	           struct run_result *ret_result, struct err *err);
	void (*report)(void *arg, enum report_level level, const char *text);
	void *report_arg;
	struct ctx_kept *kept; /* ctx_keep(); NULL: none */
};

/* Opens `root` (NULL or "": the machine itself).  Fails: not a directory, not readable. */
int ctx_init(struct ctx *ctx, const char *root, struct err *err) must_check;
void ctx_done(struct ctx *ctx);

/* A connection that several calls share; ctx_done() closes it with `close`.  `name` is copied.  A
 * child process must not use what its parent opened: ctx_kept() does not return it there. */
void ctx_keep(struct ctx *ctx, const char *name, void *at, void (*close)(void *at));
/* What was kept under that name; NULL: nothing. */
void *ctx_kept(const struct ctx *ctx, const char *name) must_check;
/* Closes all of them. */
void ctx_close_kept(struct ctx *ctx);

/* Unix seconds, UTC. */
int64_t ctx_now(const struct ctx *ctx);
/* Fills `octets` from getrandom(2); aborts if that fails. */
void ctx_random(const struct ctx *ctx, void *octets, size_t len);
/* A message for the user; cli/ determines where it is written. */
void ctx_report(struct ctx *ctx, enum report_level level, const char *fmt, ...)
	printf_like(3, 4);

/* `path` (absolute, inside the root) as an absolute path of the machine: prefixed by the root.
 * Caller frees. */
char *ctx_host_path(const struct ctx *ctx, const char *path) must_check;

/* Monotonic nanoseconds, for deadlines. */
int64_t monotonic_ns(void);
#define NS_PER_SEC INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

#endif
