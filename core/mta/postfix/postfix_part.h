/*
 * core/mta/postfix/postfix_part.h: the filters and services that implement a feature for Postfix,
 * one row each.
 *
 * A push loops over the rows.  A part that is wanted plans its own files, services and probes up to
 * RANK_PROVIDERS and returns its names for main.cf; main.cf is then written once, at
 * RANK_CONSUMERS; a part that is not wanted plans its removal at RANK_LEFTOVERS, when main.cf no
 * longer names it.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_PART_H
#define CORE_MTA_POSTFIX_POSTFIX_PART_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/check/validate.h"
#include "core/mta/plan/desired.h"
#include "core/mta/plan/plan.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/provider/opendkim_validate.h"

/* The names for main.cf.  Texts that `main` points to and that have no other owner are owned here.
 */
struct postfix_request {
	struct main_request main;
	char **kept;
	size_t kept_count, kept_room;
};
/* Takes ownership of a text and returns it, for a pointer in request->main. */
const char *postfix_request_keep(struct postfix_request *request, char *text);

/* Removes a folder of ours that the other steps leave empty. */
int postfix_drop_folder(const struct desired *desired, const char *path,
                        struct plan *plan, struct err *err) must_check;

struct postfix_part {
	const char *name;     /* "DKIM": for the reader of the table */
	unsigned features;    /* 1u << FEATURE_... */
	const char *provider; /* the program or package that does it */
	const char *
		filter; /* what mta.filter calls that; NULL: mta.filter is not about it */
	/* Whether that is installed; NULL: notes report it instead. */
	bool (*has_provider)(struct ctx *ctx);
	/* Reads its present state into its member of `observed`; `observed` has Postfix itself
	 * already. */
	int (*observe)(struct ctx *ctx, struct postfix_observed *observed,
	               struct err *err);
	void (*observed_done)(struct postfix_observed *observed);
	/* Whether main.cf names it; adds a note if it is requested and not possible.  `desired`
	 * NULL: all objects of ours are removed.  Fails if the request must be refused. */
	int (*decide)(const struct desired *desired,
	              const struct postfix_observed *observed, struct plan *plan,
	              bool *ret_is_wanted, struct err *err);
	/* Its steps; its items into `request` when it is wanted. */
	int (*plan)(const struct desired *desired,
	            const struct postfix_observed *observed, bool is_wanted,
	            struct postfix_request *request, struct plan *plan, struct err *err);
	/* Its checks of the finished plan beyond the steps; NULL: none.  Under a root v->stage is
	 * NULL: no program is run. */
	int (*validate)(const struct validation *v, struct err *err);
	/* A rollback: `plan` has the files that change, those of all parts, observed.  Sets rank
	 * and causes of its own (postfix_restore_file()), and adds the services and probes that
	 * make the servers use them. */
	int (*restore)(const struct postfix_observed *observed, struct plan *plan,
	               struct err *err);
};

/* Whether mta.filter lets that part do it: by its own name, or by "auto". */
bool postfix_part_has_filter(const struct postfix_part *part,
                             const char *filter) must_check;

/* In the order in which mail meets them. */
extern const struct postfix_part *const postfix_parts[];
extern const size_t postfix_part_count;

/* Postfix is told, and must answer.  `cf`, `master`: their future texts. */
void postfix_plan_server(const struct postfix_observed *observed,
                         const struct main_cf *cf, const struct master_cf *master,
                         struct plan *plan);

/* ---- rollback (postfix_restore.c) ------------------------------------------------------------- */

/* The step for `path` gets `causes` and `rank`, or RANK_LEFTOVERS if the file, or our part of a
 * shared one, is removed.  NULL: the plan does not change it. */
struct step *postfix_restore_file(struct plan *plan, const char *path,
                                  enum step_rank rank, unsigned causes);
/* Whether a reload is not sufficient for the future content of our file; NULL: it is removed. */
bool postfix_dkim_needs_restart(const struct opendkim_observed *observed,
                                const struct buf *next) must_check;
int postfix_dkim_restore(const struct postfix_observed *observed, struct plan *plan,
                         struct err *err) must_check;
int postfix_earlier_restore(const struct postfix_observed *observed, struct plan *plan,
                            struct err *err) must_check;
int postfix_policy_restore(const struct postfix_observed *observed, struct plan *plan,
                           struct err *err) must_check;

extern const struct postfix_part postfix_dkim;    /* postfix_dkim.c */
extern const struct postfix_part postfix_earlier; /* postfix_earlier.c */
extern const struct postfix_part postfix_policy;  /* postfix_policy.c */
extern const struct postfix_part postfix_srs;     /* postfix_srs.c */
extern const struct postfix_part postfix_verify;  /* postfix_verify.c */

/* Whether the verifier will be wanted: it is a use of the SPF service. */
bool postfix_verify_wants(const struct desired *desired,
                          const struct postfix_observed *observed) must_check;

static inline const struct postfix_observed *postfix_of(const struct validation *v)
{
	return v->observed;
}

/* The facts about Postfix that the checks of OpenDKIM require. */
static inline struct opendkim_check postfix_dkim_check(const struct validation *v)
{
	const struct postfix_observed *observed = postfix_of(v);
	return (struct opendkim_check){ v, &observed->dkim, observed->host.queue_dir };
}

#endif
