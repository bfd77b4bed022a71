/*
 * core/base/run.h: runs other programs, without a shell.
 *
 * The child gets its own session, only the descriptors 0, 1 and 2, default signals, umask 077, the
 * working folder "/", a fixed environment (PATH, LANG=C.UTF-8, and additional variables) and a
 * deadline, after which its whole process group is killed.
 */
#ifndef CORE_BASE_RUN_H
#define CORE_BASE_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"

struct run_spec {
	const char *const
		*argv;     /* NULL at the end; argv[0] is looked up in the fixed PATH */
	const void *input; /* given on standard input; NULL: /dev/null */
	size_t input_len;
	unsigned timeout_ms; /* 0: 10 s */
	size_t output_limit; /* octets kept of each stream, others are dropped; 0: 64 KiB */
	const char *const *
		env; /* "NAME=value" besides the fixed ones, NULL at the end; may be NULL */
	bool is_daemon; /* a part continues in the background; writing over output_limit fails */
};

struct run_result {
	int exit_status; /* 0..255; 128 + signal when it was killed */
	bool is_timed_out;
	struct buf out;    /* standard output, NUL-terminated */
	struct buf errors; /* standard error */
};
void run_result_done(struct run_result *result);

/* Runs it and waits for its end, not for that of its background processes.  0: it ran, whatever its
 * exit status.  Fails: not found (ERR_MISSING), no process.  A timeout is a result (is_timed_out),
 * not a failure.  If ctx->run is set, it is called instead; otherwise fails with --root. */
int run(struct ctx *ctx, const struct run_spec *spec, struct run_result *ret_result,
        struct err *err) must_check;

/* The same, but a non-zero exit or a timeout is a failure, whose message contains the command and
 * the last line of its standard error: argv must not contain a secret.  ret_out may be NULL. */
int run_checked(struct ctx *ctx, const struct run_spec *spec, struct buf *ret_out,
                struct err *err) must_check;

/* Whether the program can be found in the fixed PATH of run() (always false under --root). */
bool run_can_find(const struct ctx *ctx, const char *program) must_check;

#endif
