/*
 * core/mta/engine/owned.c: what belongs to us: recorded by each kind of step in its own way, and
 * restored the same way.
 */
#include "core/mta/engine/owned.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/engine/journal.h"
#include "core/mta/engine/target.h"

int owned_update(const struct step_run *run, int64_t push_id, struct err *err)
{
	auto_stmt steps = NULL;
	struct step_row row;
	int rc = journal_steps(run->target, push_id, -1, false, &steps, err);

	while (!rc && (rc = journal_next(run->target, steps, &row, err)) == 1) {
		const struct step_type *type = step_types[row.kind];

		rc = type->own ? type->own(run, &row, err) : 0;
	}
	return rc;
}

int owned_forget(struct store *target, struct err *err)
{
	return store_exec(target, err, "DELETE FROM owned", "");
}

/* ---- removal ---------------------------------------------------------------------------------- */

static const struct step_type *type_of(const char *object)
{
	for (int kind = 0; kind < STEP_KIND_COUNT; kind++)
		if (step_types[kind]->owned &&
		    text_starts(object, step_types[kind]->owned))
			return step_types[kind];
	return NULL;
}

/* Columns in the order of the SELECT below. */
static struct owned_row row_at(struct stmt *stmt, const struct step_type *type)
{
	struct owned_row row = {
		.name = stmt_text(stmt, 0) + strlen(type->owned),
		.is_secret = stmt_int(stmt, 2) != 0,
		.base_meta = { (mode_t)stmt_int(stmt, 4), (uid_t)stmt_int(stmt, 5),
		               (gid_t)stmt_int(stmt, 6) },
		.server = { target_remote_type(stmt_text(stmt, 7)), stmt_text(stmt, 8),
		            stmt_text(stmt, 9) },
		.base_key = stmt_int(stmt, 10),
	};

	row.has_value = stmt_octets(stmt, 1, row.value.at, DIGEST_LEN);
	row.has_base = stmt_octets(stmt, 3, row.base.at, DIGEST_LEN);
	return row;
}

int owned_plan_removal(const struct step_run *run, struct plan *plan, struct err *err)
{
	auto_stmt stmt = NULL;
	size_t count;
	auto_free const struct step **index = plan_index(plan, &count);
	struct plan added = PLAN_INIT;
	int rc = store_query(
		run->target, &stmt, err,
		"SELECT object, value, secret, base, base_mode, base_uid, base_gid, "
		"remote, server, credentials, base_key FROM owned ORDER BY object",
		"");

	while (!rc && (rc = stmt_next(stmt, err)) == 1) {
		const struct step_type *type = type_of(stmt_text(stmt, 0));
		struct owned_row row;

		rc = 0;
		if (!type || !type->give_back)
			continue;
		row = row_at(stmt, type);
		if (!type->is_in_tree || !plan_find(index, count, row.name))
			rc = type->give_back(run, &row, &added, err);
	}
	plan_append(plan, &added);
	return rc;
}

/* ---- for a plan ------------------------------------------------------------------------------- */

static int has_row(struct store *target, const char *sql, const char *text, bool *ret_has,
                   struct err *err)
{
	int64_t one;
	int rc = target ? store_get_int(target, &one, err, sql, "t", text) : 0;

	if (rc >= 0)
		*ret_has = rc == 1;
	return rc < 0 ? rc : 0;
}

int owned_has_domain(struct store *target, const char *domain, bool *ret_has,
                     struct err *err)
{
	return has_row(target, "SELECT 1 FROM owned WHERE domain = ? LIMIT 1", domain,
	               ret_has, err);
}

int owned_has_path(struct store *target, const char *path, bool *ret_has, struct err *err)
{
	return has_row(
		target,
		"SELECT 1 FROM owned WHERE object IN ('file:' || ?1, 'dir:' || ?1)", path,
		ret_has, err);
}

int owned_each_domain(struct store *target,
                      int (*each)(void *arg, const char *domain, struct err *err),
                      void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int rc;

	if (!target)
		return 0;
	rc = store_query(target, &stmt, err,
	                 "SELECT DISTINCT domain FROM owned WHERE domain IS NOT NULL "
	                 "ORDER BY domain",
	                 "");
	while (!rc && (rc = stmt_next(stmt, err)) == 1)
		rc = each(arg, stmt_text(stmt, 0), err);
	return rc;
}

int owned_each_path(struct store *target, const char *domain,
                    int (*each)(void *arg, const char *path, struct err *err), void *arg,
                    struct err *err)
{
	auto_stmt stmt = NULL;
	int rc;

	if (!target)
		return 0;
	rc = store_query(target, &stmt, err,
	                 "SELECT substr(object, 6) FROM owned WHERE domain = ? "
	                 "AND object GLOB 'file:*' ORDER BY object",
	                 "t", domain);
	while (!rc && (rc = stmt_next(stmt, err)) == 1)
		rc = each(arg, stmt_text(stmt, 0), err);
	return rc;
}

int owned_content(struct store *target, const char *path, int64_t limit, struct buf *into,
                  struct err *err)
{
	auto_stmt stmt = NULL;
	const void *octets;
	size_t len;
	int rc;

	if (!target)
		return 0;
	rc = store_query(
		target, &stmt, err,
		"SELECT iif(?2, substr(octets, 1, ?2), octets) FROM owned JOIN blob ON sha256 = value "
		"WHERE object = 'file:' || ?1",
		"ti", path, limit);
	if (!rc)
		rc = stmt_next(stmt, err);
	if (rc == 1) {
		octets = stmt_blob(stmt, 0, &len);
		buf_add(into, octets, len);
	}
	return rc;
}
