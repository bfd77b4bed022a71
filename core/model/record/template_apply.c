/*
 * Which revision of the template a domain follows.  The trail records for each changed domain which
 * one it followed before; if all of them followed the same one, a single row records it for all.
 */
#include <inttypes.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/record/records.h"
#include "core/model/record/template_inner.h"
#include "core/store/change.h"

#define REVISION "revision "

/* Domains that will change and have records of their own: template and edits could conflict. */
static int names_to_check(struct store *store, int64_t domain_id, int64_t rev,
                          struct buf *names, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT name FROM domain d WHERE template_rev <> ?1"
	                    " AND (?2 = 0 OR id = ?2)"
	                    " AND EXISTS (SELECT 1 FROM record WHERE domain_id = d.id)"
	                    " ORDER BY name",
	                    "ii", rev, domain_id);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0)
		buf_add(names, stmt_text(stmt, 0), strlen(stmt_text(stmt, 0)) + 1);
	return r;
}

static int check_domains(struct store *store, const struct buf *names, struct err *err)
{
	auto_records records = NULL;
	int r = names->len ? records_new(store, NULL, &records, err) : 0;
	for (size_t at = 0; r >= 0 && at < names->len; at += strlen(names->at + at) + 1) {
		auto_domain domain = DOMAIN_INIT;
		auto_record_list list = RECORD_LIST_INIT;
		r = domain_look(store, names->at + at, &domain, err);
		if (r > 0)
			r = records_of_domain(records, &domain, &list, err);
		if (r >= 0)
			r = records_check(&list, names->at + at, err);
	}
	return r;
}

static int note_move(struct store *store, const char *domain, int64_t old, int64_t rev,
                     struct err *err)
{
	auto_free char *before = old ? xasprintf(REVISION "%" PRId64, old) : NULL;
	auto_free char *after = xasprintf(REVISION "%" PRId64, rev);
	return change_note(store, "template", domain,
	                   domain ? "applied" : "applied to all", before, after, err);
}

/* Before they change to `rev`. */
static int note_all(struct store *store, int64_t rev, struct err *err)
{
	auto_stmt stmt = NULL;
	int64_t low = 0, high = 0;
	int r = store_get_int(store, &low, err, "SELECT min(template_rev) FROM domain",
	                      "");
	if (r >= 0)
		r = store_get_int(store, &high, err,
		                  "SELECT max(template_rev) FROM domain", "");
	if (r >= 0)
		r = note_move(store, NULL, low == high ? low : 0, rev, err);
	if (r < 0 || low == high)
		return r;
	r = store_query(store, &stmt, err,
	                "SELECT name, template_rev FROM domain WHERE template_rev <> ?"
	                " ORDER BY name",
	                "i", rev);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0)
		r = note_move(store, stmt_text(stmt, 0), stmt_int(stmt, 1), rev, err);
	return r;
}

int template_move_all(struct store *store, int64_t rev, struct err *err)
{
	int64_t moved = 0;
	int r = store_get_int(store, &moved, err,
	                      "SELECT count(*) FROM domain WHERE template_rev <> ?", "i",
	                      rev);
	if (r >= 0 && moved)
		r = note_all(store, rev, err);
	if (r >= 0 && moved)
		r = store_exec(store, err,
		               "UPDATE domain SET template_rev = ?1"
		               " WHERE template_rev <> ?1",
		               "i", rev);
	return r < 0 ? r : 0;
}

int template_move_one(struct store *store, int64_t domain_id, int64_t rev,
                      struct err *err)
{
	auto_free char *name = NULL;
	int64_t old = 0;
	int r = store_get_int(store, &old, err,
	                      "SELECT template_rev FROM domain WHERE id = ?", "i",
	                      domain_id);
	if (r > 0)
		r = store_get_text(store, &name, err,
		                   "SELECT name FROM domain WHERE id = ?", "i",
		                   domain_id);
	if (r <= 0 || old == rev)
		return r < 0 ? r : 0;
	r = store_exec(store, err, "UPDATE domain SET template_rev = ? WHERE id = ?",
	               "ii", rev, domain_id);
	return r < 0 ? r : note_move(store, name, old, rev, err);
}

int template_apply(struct store *store, int64_t domain_id, struct err *err)
{
	auto_buf names = BUF_INIT;
	int64_t rev = 0;
	int r = template_newest(store, &rev, err);
	if (r >= 0)
		r = names_to_check(store, domain_id, rev, &names, err);
	if (r >= 0)
		r = domain_id ? template_move_one(store, domain_id, rev, err)
		              : template_move_all(store, rev, err);
	if (r >= 0)
		r = check_domains(store, &names, err);
	return r < 0 ? r : template_drop_unused(store, err);
}

int template_behind(struct store *store, int64_t *ret_count, struct err *err)
{
	*ret_count = 0;
	if (!store)
		return 0;
	int r = store_get_int(store, ret_count, err,
	                      "SELECT count(*) FROM domain"
	                      " WHERE template_rev <> (SELECT max(rev) FROM template)",
	                      "");
	return r < 0 ? r : 0;
}

/* ---- restoring from the audit trail --------------------------------------------------------- */

bool template_parse_revision(const char *audit, int64_t *ret_rev)
{
	return audit && text_starts(audit, REVISION) &&
	       text_to_int(audit + strlen(REVISION), INT64_MIN, INT64_MAX, ret_rev);
}

static int check_kept(struct store *store, int64_t rev, struct err *err)
{
	int64_t there;
	int r = store_get_int(store, &there, err, "SELECT 1 FROM template WHERE rev = ?",
	                      "i", rev);
	if (r == 0)
		return err_set(err, ERR_FAILED,
		               _("revision %" PRId64 " of the template no longer "
		                 "exists"),
		               rev);
	return r;
}

int template_follow(struct store *store, const struct domain *domain, int64_t rev,
                    struct err *err)
{
	int r = check_kept(store, rev, err);
	if (r >= 0)
		r = template_move_one(store, domain->id, rev, err);
	if (r < 0)
		return r;
	struct domain moved = *domain;
	moved.template_rev = rev;
	return records_check_domain(store, &moved, err);
}

/* Domains that were added after the change ?3 were not part of it. */
#define WERE_THERE                                                            \
	" NOT EXISTS (SELECT 1 FROM change_item i WHERE i.domain = name"      \
	" AND i.change_id > ?3 AND i.object = 'domain' AND i.new IS NOT NULL" \
	" AND i.field IN ('domain', 'alias-of'))"

int template_follow_all(struct store *store, int64_t from, int64_t rev, int64_t since,
                        bool is_forced, bool *ret_differs, struct err *err)
{
	auto_buf names = BUF_INIT;
	int64_t other = 0;
	int r = check_kept(store, rev, err);
	if (r >= 0)
		r = store_get_int(
			store, &other, err,
			"SELECT 1 FROM domain WHERE template_rev NOT IN (?1, ?2)"
			" AND" WERE_THERE " LIMIT 1",
			"iii", from, rev, since);
	if (r < 0)
		return r;
	*ret_differs = other != 0;
	if (other && !is_forced)
		return 0;
	r = names_to_check(store, 0, rev, &names, err);
	if (r >= 0)
		r = store_exec(store, err,
		               "UPDATE domain SET template_rev = ?2"
		               " WHERE template_rev = ?1 AND" WERE_THERE,
		               "iii", from, rev, since);
	if (r >= 0 && store_changes(store) > 0)
		r = note_move(store, NULL, from, rev, err);
	return r < 0 ? r : check_domains(store, &names, err);
}
