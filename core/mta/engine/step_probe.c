/*
 * core/mta/engine/step_probe.c: checks that services use what was switched.
 *
 * A daemon needs a moment after its reload, so a probe is repeated, with increasing waits, until it
 * succeeds or the service's time has passed.  An undo probes again, for three seconds, because a
 * filter's reload is lazy and the probe forces it; the result is reported, and changes nothing.
 */
#include "core/mta/plan/step.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/probe_type.h"

#define UNDO_LIMIT_NS (3 * NS_PER_SEC)
#define WHOLE_NS (2 * NS_PER_SEC) /* an attempt with less may have had no time */
#define FIRST_WAIT_NS (20 * NS_PER_MS)
#define LONGEST_WAIT_NS NS_PER_SEC

int step_probe_once(struct ctx *ctx, const struct step *step, int64_t deadline,
                    struct err *err)
{
	return step->probe->ask(ctx, step, deadline, err);
}

/* How long the service may take until it answers. */
static int64_t answer_ns(const struct step *step)
{
	unsigned seconds = step->service && step->service->answer_seconds
	                           ? step->service->answer_seconds
	                           : SERVICE_ANSWER_SECONDS;

	return seconds * NS_PER_SEC;
}

static void wait_ns(int64_t ns)
{
	struct timespec ts = { .tv_sec = ns / NS_PER_SEC, .tv_nsec = ns % NS_PER_SEC };

	(void)ppoll(NULL, 0, &ts, NULL);
}

static int probe(struct ctx *ctx, const struct step *step, int64_t limit_ns,
                 struct err *err)
{
	int64_t deadline = monotonic_ns() + limit_ns;
	int64_t wait = FIRST_WAIT_NS;
	struct err before = ERR_INIT;

	for (;;) {
		bool is_short = deadline - monotonic_ns() < WHOLE_NS;
		int rc = step_probe_once(ctx, step, deadline, err);
		int64_t left = deadline - monotonic_ns();

		/* the result of the last complete attempt is reported, not that its successor ran
		 * out of time */
		if (rc && is_short && before.code)
			*err = before;
		if (rc == 0 || left <= wait + FIRST_WAIT_NS)
			return rc;
		before = *err;
		err_clear(err);
		wait_ns(wait);
		wait = wait * 2 < LONGEST_WAIT_NS ? wait * 2 : LONGEST_WAIT_NS;
	}
}

static void show_probe(const struct step *step, bool is_coloured, struct buf *out)
{
	(void)is_coloured;
	if (step->probe)
		step->probe->show(step, out);
}

static void note_before(struct ctx *ctx, struct step *step)
{
	(void)ctx;
	if (step->probe->before && !step->before)
		step->before =
			step->probe->before(step, monotonic_ns() + answer_ns(step));
}

static int apply_probe(struct step_run *run, const struct step *step, const char *temp,
                       struct err *err)
{
	(void)temp;
	if (run->ctx->is_rooted)
		ctx_report(run->ctx, REPORT_NOTE, _("skipped under --root: probe of %s"),
		           step->object);
	return run->ctx->is_rooted || run->is_stopped
	               ? 0
	               : probe(run->ctx, step, answer_ns(step), err);
}

/* The socket of a filter that now listens elsewhere. */
static bool is_left(const struct ctx *ctx, const char *endpoint)
{
	struct file_info info;
	struct err ignored = ERR_INIT;

	return text_starts(endpoint, "unix:/") &&
	       file_look(ctx, endpoint + strlen("unix:"), true, &info, &ignored) == 0 &&
	       info.kind == FILE_ABSENT;
}

static int undo_probe(struct step_run *run, const struct step_row *row,
                      enum undo_result *ret_result, struct err *err)
{
	auto_plan plan = PLAN_INIT;
	struct err ignored = ERR_INIT;

	(void)err;
	*ret_result = UNDO_NOTHING;
	if (run->is_stopped || !row->probe || !row->probe->asks_on_undo)
		return 0;
	if (is_left(run->ctx, row->object))
		return 0;
	if (probe(run->ctx,
	          plan_probe(&plan, row->rank, row->probe, NULL, row->object, 0),
	          UNDO_LIMIT_NS, &ignored))
		ctx_report(run->ctx, REPORT_WARNING, "%s", ignored.text);
	return 0;
}

static int note(struct store *target, const struct step *step, struct step_row *row,
                struct err *err)
{
	(void)target, (void)err;
	row->probe = step->probe;
	return 0;
}

static void recall(const struct step_row *row, struct step *step)
{
	step->probe = row->probe;
}

static void done(struct step *step)
{
	if (step->probe)
		question_free(&step->probe->question, step->question);
	free(step->before);
}

const struct step_type step_probe_type = {
	.name = "probe",
	.phase = PHASE_PROBE,
	.show = show_probe,
	.before = note_before,
	.apply = apply_probe,
	.undo = undo_probe,
	.note = note,
	.recall = recall,
	.done = done,
};
