/*
 * core/mta/check/stage.h: a private folder in which the servers' own programs look at what a plan would
 * put in force, and the time that they have for it.
 *
 * The folder is on the machine itself (/run, else /tmp), for root alone, because private keys may
 * be copied into it; nothing of it is left over, and what a killed run left stage_tidy() removes.
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
	int fd; /* of the folder, where there is one; its flock says that somebody uses it */
	int64_t spent; /* nanoseconds that programs took so far */
};

/* Removes folders of runs that are no more. */
void stage_tidy(void);

int stage_open(struct ctx *ctx, struct stage *ret_stage, struct err *err) must_check;
/* Removes the folder with what is in it.  Accepts one that was never opened. */
void stage_done(struct stage *stage);
#define auto_stage cleanup(stage_done) struct stage

/* A file of the folder, 0600; one that is there is replaced.  It is old by its time stamp. */
int stage_write(const struct stage *stage, const char *name, const void *octets,
                size_t len, struct err *err) must_check;
/* "<folder>/<name>".  Caller frees. */
char *stage_path(const struct stage *stage, const char *name) must_check;

/* Runs a program for at most 10 s, and for no more than what is left of 30 s for all of them; then
 * its process group is killed and that is the failure. */
int stage_run(struct stage *stage, const char *const *argv, struct run_result *ret_result,
              struct err *err) must_check;

#endif
