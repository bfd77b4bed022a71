/*
 * core/mta/check/stage.h: a private folder in which the servers' own programs check the files of a
 * plan, and the time limit for them.
 *
 * The folder is on the machine itself (/run, else /tmp), for root only, because private keys may be
 * copied into it; it is always removed, after a killed run by stage_tidy().
 */
#ifndef CORE_MTA_CHECK_STAGE_H
#define CORE_MTA_CHECK_STAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/run.h"

#define STAGE_EACH_SECONDS 10
#define STAGE_TOTAL_SECONDS 30

struct stage {
	struct ctx *ctx;
	char *folder; /* absolute, on the machine */
	int fd;       /* of the folder, if it exists; its flock shows that it is in use */
	int64_t spent; /* nanoseconds that programs have taken so far */
};

/* Removes folders of runs that have ended. */
void stage_tidy(void);

int stage_open(struct ctx *ctx, struct stage *ret_stage, struct err *err) must_check;
/* Removes the folder and its content.  Accepts one that was never opened. */
void stage_done(struct stage *stage);
#define auto_stage cleanup(stage_done) struct stage

/* Writes a file of the folder, 0600, replacing an existing one.  Its time stamp is old. */
int stage_write(const struct stage *stage, const char *name, const void *octets,
                size_t len, struct err *err) must_check;
/* "<folder>/<name>".  Caller frees. */
char *stage_path(const struct stage *stage, const char *name) must_check;

/* Runs a program for at most 10 s, and at most for the rest of 30 s for all of them; then its
 * process group is killed, which is a failure. */
int stage_run(struct stage *stage, const char *const *argv, struct run_result *ret_result,
              struct err *err) must_check;

#endif
