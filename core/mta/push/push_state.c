/* core/mta/push/push_state.c: which database this host follows, for `mta status` and the export. */
#include <stdlib.h>
#include <string.h>

#include "core/mta/engine/journal.h"
#include "core/mta/push/push.h"
#include "core/mta/push/push_facts.h"

int push_state(struct ctx *ctx, struct store *store, struct target_state *ret_state,
               struct err *err)
{
	auto_store target = NULL;
	struct target_row row = { 0 };
	uint8_t uuid[STORE_UUID_LEN] = { 0 };
	char *failure = NULL;
	struct journal open = { 0 };
	int is_open = 0;
	int rc = target_open(ctx, false, false, &target, err);

	if (!rc)
		rc = target_read(target, &row, err);
	if (!rc && store)
		rc = push_read_uuid(store, uuid, err);
	if (!rc && target)
		rc = journal_last_failure(target, &failure, err);
	if (!rc && target)
		is_open = journal_find_open(target, &open, err);
	journal_done(&open);
	if (!rc && is_open < 0)
		rc = is_open;
	if (!rc) {
		*ret_state = (struct target_state){
			.is_adopted = row.is_there,
			.is_ours = row.is_there && store &&
			           memcmp(uuid, row.store_uuid, STORE_UUID_LEN) == 0,
			.backend = row.backend,
			.gen = row.gen,
			.is_paused = row.is_paused,
			.pushed_at = row.pushed_at,
			.last_failure = failure,
			.is_open = is_open > 0,
		};
		failure = NULL;
		row.backend = NULL;
	}
	free(failure);
	target_row_done(&row);
	return rc;
}

void target_state_done(struct target_state *state)
{
	free(state->backend);
	free(state->last_failure);
	*state = (struct target_state){ 0 };
}

int push_host_generation(struct ctx *ctx, struct store *store, int64_t *ret_gen,
                         struct err *err)
{
	struct target_state state = { 0 };
	int rc = push_state(ctx, store, &state, err);
	bool is_ours = state.is_ours;
	bool is_paused = state.is_paused;
	struct generation gen = state.gen;

	target_state_done(&state);
	if (rc)
		return rc;
	if (!is_ours) {
		*ret_gen = INT64_MAX;
		return 0;
	}
	rc = generation_is_known(store, gen, err);
	if (rc < 0)
		return rc;
	*ret_gen = rc && !is_paused ? gen.id : 0;
	return 0;
}
