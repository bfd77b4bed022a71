/*
 * What an export would do, determined without its lock.
 *
 * An index lists the zones with a later generation; the first of them are rendered and compared
 * with their files, because a key that became active increases the generation of its domain, but
 * does not change its zone.
 */
#include "core/model/export/export_state.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/export/export_inner.h"

#define FILE_LIMIT ((size_t)1 << 20)

void export_state_done(struct export_state *state)
{
	free(state->directory);
	free(state->complaint);
	for (size_t i = 0; i < state->count; i++) {
		free(state->row[i].name);
		free(state->row[i].before);
		free(state->row[i].after);
	}
	free(state->row);
	*state = (struct export_state){ 0 };
}

static int count_due(struct store *store, struct export_state *state, int64_t gen,
                     struct err *err)
{
	int64_t since = state->is_all ? -1 : gen;
	int r = store_get_int(store, &state->due, err,
	                      "SELECT (SELECT count(*) FROM domain WHERE gen > ?1) +"
	                      " (SELECT count(*) FROM former_name WHERE gen > ?1)",
	                      "i", since);
	return r < 0 ? r : 0;
}

/* The file's text; NULL if there is none, or we did not write it. */
static char *text_there(const struct export *export, const char *name)
{
	char file[EXPORT_FILE_SIZE];
	auto_buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct file_info info;
	auto_free char *path = path_join(export->dir, export_file(name, file));
	if (file_read(export->ctx, path, FILE_LIMIT, &text, &info, &ignored) < 0 ||
	    info.kind != FILE_REGULAR)
		return NULL;
	return buf_take(&text);
}

/* 1: it differs; with its present and its new text. 0: it does not. */
static int compare(struct export *export, struct store *store, struct records *records,
                   const char *name, struct export_due *ret_due, struct err *err)
{
	auto_buf text = BUF_INIT;
	enum export_want want = EXPORT_WANT_NONE;
	struct export_known ignored;
	int r = export_render(export, store, records, name, &text, &want, err);
	bool is_wanted = want != EXPORT_WANT_NONE;
	/* the export reports a zone that cannot be rendered */
	if ((r == ERR_FAILED || r == ERR_USAGE) && !store_has_failed(store)) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	if (is_wanted ? export_holds(export, name, &text)
	              : !export_stat(export, name, &ignored))
		return 0;
	*ret_due = (struct export_due){ .name = xstrdup(name),
		                        .before = text_there(export, name),
		                        .after = is_wanted ? buf_take(&text) : NULL };
	return 1;
}

static int compare_some(struct export *export, struct store *store, const struct env *env,
                        struct export_state *state, struct err *err)
{
	auto_records records = NULL;
	auto_stmt stmt = NULL;
	int64_t compared = 0, differ = 0;
	int r = records_new(store, env, &records, err);
	if (r >= 0)
		r = store_query(store, &stmt, err,
		                "SELECT name FROM domain WHERE gen > ?1 UNION ALL"
		                " SELECT name FROM former_name WHERE gen > ?1 LIMIT ?2",
		                "ii", state->is_all ? (int64_t)-1 : export->dir_gen,
		                (int64_t)EXPORT_STATE_COMPARED);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		struct export_due due = { 0 };
		compared++;
		r = compare(export, store, records, stmt_text(stmt, 0), &due, err);
		if (r <= 0)
			continue;
		differ++;
		GROW(state->row, state->count, state->room);
		state->row[state->count++] = due;
	}
	if (r < 0)
		return r;
	state->is_exact = compared == state->due;
	if (state->is_exact)
		state->due = differ;
	return 0;
}

static int compare_due(const void *a, const void *b)
{
	return strcmp(((const struct export_due *)a)->name,
	              ((const struct export_due *)b)->name);
}

static void keep_first(struct export_state *state)
{
	if (state->count)
		qsort(state->row, state->count, sizeof(*state->row), compare_due);
	while (state->count > EXPORT_STATE_KEPT) {
		struct export_due *row = &state->row[--state->count];
		free(row->name);
		free(row->before);
		free(row->after);
	}
}

static int look(struct ctx *ctx, struct store *store, struct export **ret_export,
                struct err *err)
{
	auto_export export = xcalloc(1, sizeof(*export));
	*export = (struct export){ .ctx = ctx, .dir_fd = -1, .is_dry_run = true };
	int r = export_open_look(export, store, err);
	if (r >= 0)
		r = export_load_dir(export, store, err);
	if (r < 0)
		return r;
	*ret_export = export;
	export = NULL;
	return 0;
}

int export_state_load(struct ctx *ctx, struct store *store, const struct env *env,
                      struct export_state *ret_state, struct err *err)
{
	auto_export export = NULL;
	cleanup(export_state_done) struct export_state state = { .is_exact = true };
	if (!store)
		return 0;
	int r = look(ctx, store, &export, err);
	if (r >= 0)
		r = export_read_inputs(export, store, env, err);
	if (r < 0)
		return r;
	state.directory = xstrdup(export->host_dir);
	state.at = export->dir_at;
	state.is_reload_owed = export->is_reload_owed;
	state.complaint = xstrdup(export->old_complaint);
	state.is_all = !export->dir_id || memcmp(&export->inputs, &export->dir_inputs,
	                                         sizeof(export->inputs)) != 0;
	r = store_get_int(store, &state.files, err,
	                  "SELECT count(*) FROM export_file WHERE dir_id = ?"
	                  " AND NOT kept",
	                  "i", export->dir_id);
	if (r >= 0)
		r = count_due(store, &state, export->dir_gen, err);
	if (r >= 0)
		r = compare_some(export, store, env, &state, err);
	if (r < 0)
		return r;
	keep_first(&state);
	*ret_state = state;
	state = (struct export_state){ 0 };
	return 0;
}

int export_state_of(struct ctx *ctx, struct store *store, const struct env *env,
                    const char *name, enum export_place *ret_place, int64_t *ret_at,
                    struct err *err)
{
	auto_export export = NULL;
	auto_records records = NULL;
	auto_buf text = BUF_INIT;
	struct export_known ignored;
	enum export_want want = EXPORT_WANT_NONE;
	int r = look(ctx, store, &export, err);
	if (r >= 0)
		r = records_new(store, env, &records, err);
	if (r >= 0)
		r = export_render(export, store, records, name, &text, &want, err);
	int64_t at = 0;
	if (r >= 0)
		r = store_get_int(store, &at, err,
		                  "SELECT mtime_ns / 1000000000 FROM export_file"
		                  " WHERE dir_id = ? AND name = ?",
		                  "it", export->dir_id, name);
	if (r < 0)
		return r;
	*ret_at = at;
	bool has_text = want != EXPORT_WANT_NONE && export_holds(export, name, &text);
	if (want != EXPORT_WANT_NONE)
		*ret_place = !has_text                  ? EXPORT_IS_DUE
		             : want == EXPORT_WANT_KEPT ? EXPORT_IS_NONE
		                                        : EXPORT_IS_DONE;
	else
		*ret_place = export_stat(export, name, &ignored) ? EXPORT_IS_DUE
		                                                 : EXPORT_IS_NONE;
	return 0;
}
