/*
 * core/mta/step.h: what a kind of step can do.  The engine and the recovery know no kind by name.
 *
 * apply() is given the plan's step; undo() is given the journal's row, because after a crash there
 * is nothing else.
 */
#ifndef CORE_MTA_STEP_H
#define CORE_MTA_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/secret.h"
#include "core/mta/plan.h"
#include "core/store/store.h"

/* One row of the journal (table step of target.db); texts are borrowed from the caller. */
struct step_row {
	int64_t push_id, seq;
	enum step_kind kind;
	enum step_rank rank;
	const char *object;
	bool is_secret;
	bool had_old, is_present; /* there was something before; there is after */
	struct digest old_digest, new_digest;
	struct file_meta old_meta;          /* whole where had_old */
	struct file_meta new_meta;          /* KEEP: was not asked for */
	enum service_action action;         /* services */
	enum probe_kind probe;              /* probes */
	const char *domain;                 /* whom it serves; NULL: all */
	const struct shared_format *shared; /* files */
};

/* What came of an attempt to take one step back. */
enum undo_result {
	UNDO_NOTHING, /* the old state is there already */
	UNDO_DONE,
	UNDO_DRIFT, /* neither old nor new: left alone; err says what, code 0 is returned */
};

struct undo_run {
	struct ctx *ctx;
	struct store *target;
	const char *
		reload; /* mta.reload when the push was made; NULL: services are told one by one */
	bool force; /* put the old content back over what somebody edited */
};

struct step_type {
	const char *name; /* in the journal: "file", "mkdir", "service", "probe" */
	/* Whether it holds already; fills had_old, old_*.  NULL: cannot be observed. */
	int (*observe)(const struct ctx *ctx, struct step *step, bool *ret_holds,
	               struct err *err);
	/* Lines for people. */
	void (*show)(const struct step *step, bool is_coloured, struct buf *out);
	/* Whatever may fail for want of space or rights, beside what is in force.  NULL: nothing.
	 * `ret_staged` stays empty where there is no content. */
	int (*stage)(const struct ctx *ctx, const struct step *step, bool sync,
	             struct staged_file *ret_staged, struct err *err);
	/* Notes what stands before the push changes anything, to be compared with.  NULL: nothing. */
	void (*before)(struct ctx *ctx, struct step *step);
	/* Carries it out. */
	int (*apply)(struct ctx *ctx, const struct step *step,
	             const struct staged_file *staged, struct err *err);
	/* Takes it back; idempotent. */
	int (*undo)(const struct undo_run *run, const struct step_row *row,
	            enum undo_result *ret_result, struct err *err);
	/* After the last rank: what only undo needed goes.  Idempotent.  NULL: nothing. */
	int (*finish)(const struct ctx *ctx, const struct step_row *row, struct err *err);
};

extern const struct step_type *const step_types[STEP_KIND_COUNT];

/* Frees and wipes; the step is empty afterwards. */
void step_done(struct step *step);

/* The same content, and mode, uid and gid equal where `want` does not keep. */
bool step_meta_holds(const struct file_meta *have, const struct file_meta *want);

/* While a push is open a file's old version may stand beside it under this name: hard-linked
 * before a secret is replaced, renamed when a file goes.  Caller frees. */
char *step_aside_path(const char *path) must_check;

/* What the file of the step will hold; `room` holds it where it is a key in the store.  Fails: that
 * key is another one now. */
int step_content(const struct step *step, struct secret *room, const char **ret_text,
                 size_t *ret_len, struct err *err) must_check;

/* A file that is larger than this is not ours to replace. */
#define STEP_FILE_LIMIT ((size_t)1 << 30)

extern const struct step_type step_file_type, step_mkdir_type; /* step_file.c */
extern const struct step_type step_service_type;               /* step_service.c */
/* What takes an action back: a reload a reload, a start a stop. */
enum service_action step_service_opposite(enum service_action action);
extern const struct step_type step_probe_type; /* step_probe.c */
/* One attempt at a probe step, at the latest until `deadline` (monotonic nanoseconds).  Fails with
 * what was seen instead of what must hold. */
int step_probe_once(struct ctx *ctx, const struct step *step, int64_t deadline,
                    struct err *err) must_check;

#endif
