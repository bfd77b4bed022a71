/*
 * core/mta/engine/journal.h: what each push changed on this host, step by step, in target.db: for
 * undoing one that was interrupted, for rollbacks, and for display.
 */
#ifndef CORE_MTA_ENGINE_JOURNAL_H
#define CORE_MTA_ENGINE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/step.h"
#include "core/store/change.h"
#include "core/store/store.h"

enum push_progress {
	PUSH_PREPARED,
	PUSH_SWITCHING,
	PUSH_ENDING,
	PUSH_DONE,
	PUSH_UNDOING,
	PUSH_UNDONE,
	PUSH_PROGRESS_COUNT
};

struct journal { /* one row of table push */
	int64_t id;
	enum push_progress state;
	int rank;     /* -1: no rank was begun */
	char *reload; /* NULL: services one by one */
	char *why;
};
void journal_done(struct journal *journal);

enum push_kind {
	PUSH_KIND_PUSH,
	PUSH_KIND_ADOPT,
	PUSH_KIND_REMOVE,
	PUSH_KIND_ROLLBACK,
	PUSH_KIND_COUNT
};

struct journal_head { /* the facts about a push at its beginning */
	enum push_kind kind;
	int64_t result_of; /* rollback: the push whose result is restored; else 0 */
	struct generation gen;
	const char *reload; /* NULL: services one by one */
};

/* Inserts a row, state prepared. */
int journal_begin(struct store *target, struct ctx *ctx, const struct journal_head *head,
                  int64_t *ret_id, struct err *err) must_check;
/* Inserts one step with the contents that undo and history require. */
int journal_step(struct store *target, int64_t push_id, int64_t seq,
                 const struct step *step, struct err *err) must_check;
/* `rank` -1 and `why` NULL: unchanged. */
int journal_move(struct store *target, int64_t push_id, enum push_progress state,
                 int rank, const char *why, struct err *err) must_check;
/* 1: a push is open, 0: none, negative: failed. */
int journal_find_open(struct store *target, struct journal *ret_journal,
                      struct err *err) must_check;
/* The steps of a rank (-1: of all), last one first when `is_backwards`, for journal_next(). */
int journal_steps(struct store *target, int64_t push_id, int rank, bool is_backwards,
                  struct stmt **ret_steps, struct err *err) must_check;
/* For every object that a push later than `push_id` changed and that is, or was for a time, in use:
 * the first such step.  Its old state is the state of that object after `push_id`. */
int journal_steps_since(struct store *target, int64_t push_id, struct stmt **ret_steps,
                        struct err *err) must_check;
/* 1: *ret_row is the next step, borrowed until the next call; 0: there is none. */
int journal_next(struct store *target, struct stmt *steps, struct step_row *ret_row,
                 struct err *err) must_check;
/* Why the last push was undone; NULL: it was not, or there was none.  Caller frees. */
int journal_last_failure(struct store *target, char **ret_why,
                         struct err *err) must_check;
/* For a rollback: recorded pushes.  Each returns 1, or 0 for none, or fails.  The state of that
 * push. */
int journal_state_of(struct store *target, int64_t push_id, enum push_progress *ret_state,
                     struct err *err) must_check;
/* The push whose result is in force: rollbacks are followed to the push whose result they put back.
 */
int journal_in_force(struct store *target, int64_t *ret_push, struct err *err) must_check;
/* The last one before `push_id` whose result was in force. */
int journal_done_before(struct store *target, int64_t push_id, int64_t *ret_push,
                        struct err *err) must_check;
/* One from `push_id` on that removed our configuration. */
int journal_removal_since(struct store *target, int64_t push_id, int64_t *ret_push,
                          struct err *err) must_check;
/* NULL: an unknown name, or NULL. */
const struct remote_type *target_remote_type(const char *name) must_check;
/* The texts of the columns state and kind. */
enum push_progress journal_progress(const char *name) must_check;
enum push_kind journal_kind(const char *name) must_check;
/* Deletes all but the last ten pushes that were completed and the last ten that were undone, and
 * contents that are not referenced any more. */
int journal_prune(struct store *target, struct err *err) must_check;

#endif
