/*
 * core/mta/plan/plan.h: what a backend plans for a mail server, as a list of steps.
 *
 * A backend's plan() lists every file, folder, service action and probe that the desired state
 * requires, without reading the present state.  plan_prune() then observes, and removes steps whose
 * result exists already: a plan that is empty after it means "nothing to do".  Diff, dry run,
 * journal, undo and removal work on the steps, once for all backends.
 *
 * main.cf takes effect without a reload, so the order is essential: ranks are carried out upwards,
 * each one synced and probed before the next; undo goes downwards.
 */
#ifndef CORE_MTA_PLAN_PLAN_H
#define CORE_MTA_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/mta/plan/step.h"

/* A key file that the tables of the plan name, and the key that it must contain afterwards. */
struct plan_key {
	char *path;                    /* one allocation for the three texts */
	const char *domain, *selector; /* whose key it is */
	const char *algorithm;         /* "rsa", "ed25519": a literal */
	struct digest fingerprint;
	int64_t held_id; /* the key of plan->key_source that the file contains now; 0: unknown */
};

/* A service that the settings require. */
struct plan_need {
	char *service;
	bool is_running;
	bool is_relied_on; /* mail is deferred while it does not run */
};

/* A file that was ours before this push, although no table records it: an earlier push wrote it,
 * and the target.db of that push was lost. */
struct plan_claim {
	char *path, *domain; /* domain: as in struct step */
	struct digest value; /* the wanted content */
	struct file_meta meta;
	bool is_secret;
};

/* A sentence for people: an override, or a setting that is not enforced. */
struct plan_note {
	char *text;
	char *remedy; /* NULL: not a warning */
	bool is_lack; /* backend_shortfalls() reports it too */
};

#define PLAN_CAUSES 32

struct plan {
	const char *cause[PLAN_CAUSES]; /* plan_cause() */
	struct step *step;
	size_t count, room;
	char *index_path, *lines_path; /* plan_names(); NULL: none */
	struct plan_need *need;        /* filled by owned_plan_services() */
	size_t needs, need_room;
	struct plan_key *key; /* of the names that changed, or of all */
	size_t keys, key_room;
	struct plan_note *note; /* may repeat */
	size_t notes, note_room;
	bool may_claim; /* an adoption; set before the backend plans */
	/* Prefixes of paths that are only ours, NULL at the end: set, with may_claim, by a backend
	 * that finds the remains of an earlier push. */
	const char *const *claimed;
	struct plan_claim *claim; /* filled by plan_prune() and plan_skip_done() */
	size_t claims, claim_room;
	/* Passed in by the caller, so that a backend's plan() reads neither the host nor the
	 * database.  Whether the result of a step exists already, as from step_type.observe();
	 * NULL: plan_skip_done() drops nothing. */
	int (*is_done)(void *arg, struct step *step, bool *ret_is_done, struct err *err);
	void *is_done_arg;
	struct key_source key_source; /* of plan_file_key() */
};

#define PLAN_INIT ((struct plan){ 0 })
#define auto_plan cleanup(plan_done) struct plan
void plan_done(struct plan *plan);

/* A cause as a bit: a service or probe is due if its step.when has a bit that is in the step.causes
 * of a step which is not pruned.  The plan assigns one bit to each name, a literal in its owner's
 * header ("opendkim: keys"). */
unsigned plan_cause(struct plan *plan, const char *name);

/* Each returns the new step, to be completed; it is owned by the plan. */
struct step *plan_step(struct plan *plan, enum step_kind kind, enum step_rank rank,
                       const char *object);
struct step *plan_file(struct plan *plan, enum step_rank rank, const char *path,
                       const void *octets, size_t len, struct file_meta meta,
                       unsigned causes);
/* The same; `content` is empty afterwards. */
struct step *plan_file_take(struct plan *plan, enum step_rank rank, const char *path,
                            struct buf *content, struct file_meta meta, unsigned causes);
/* The same; the content is the private key `key_id` as PEM, whose digest is given: plan->key_source
 * returns it when it is required, so that a plan of 100,000 keys does not contain them. */
struct step *plan_file_key(struct plan *plan, enum step_rank rank, const char *path,
                           int64_t key_id, const struct digest *digest,
                           struct file_meta meta, unsigned causes);
/* A setting of a server: `now` is its value, as the backend observed it, `next` the wanted one.
 * All is copied. */
struct step *plan_remote(struct plan *plan, enum step_rank rank,
                         const struct remote_type *type,
                         const struct remote_server *server, const char *name,
                         const struct remote_value *now, const struct remote_value *next,
                         unsigned causes);
/* The same for a private key of plan->key_source, whose digest as PEM is given. */
struct step *plan_remote_key(struct plan *plan, enum step_rank rank,
                             const struct remote_type *type,
                             const struct remote_server *server, const char *name,
                             const struct remote_value *now, int64_t key_id,
                             const struct digest *digest, unsigned causes);
struct step *plan_remove(struct plan *plan, enum step_rank rank, const char *path,
                         unsigned causes);
struct step *plan_mkdir(struct plan *plan, enum step_rank rank, const char *path,
                        struct file_meta meta);
struct step *plan_service(struct plan *plan, enum step_rank rank, const char *service,
                          enum service_action action, unsigned when);
/* Its question is all zero, and completed through the accessor in the header of `type`. */
struct step *plan_probe(struct plan *plan, enum step_rank rank,
                        const struct probe_type *type, const struct service_kind *service,
                        const char *endpoint, unsigned when);
/* A copy of the step `probe` of another plan, without a condition. */
void plan_probe_again(struct plan *plan, const struct step *probe);
/* The file `path` refers to lines of the file `of`, both of one rank: a line of `of` must exist
 * before it is referred to and as long as it is.  plan_prune() puts `path` first if `of` only loses
 * lines.  One pair per plan. */
void plan_names(struct plan *plan, const char *path, const char *of);
void plan_note(struct plan *plan, const char *fmt, ...) printf_like(2, 3);
/* A note that is a warning: mail is not treated according to the settings until an administrator
 * acts.  `remedy` is copied. */
void plan_warn(struct plan *plan, const char *remedy, const char *fmt, ...)
	printf_like(3, 4);
/* A note that a setting is not enforced because a program is missing: `server set` reports it
 * itself (backend_shortfalls()). */
void plan_lack(struct plan *plan, const char *fmt, ...) printf_like(2, 3);
void plan_expect_key(struct plan *plan, const char *path, const char *domain,
                     const char *selector, const char *algorithm,
                     const struct digest *fingerprint);

/* The service of an ENABLE step; once for each. */
void plan_needs(struct plan *plan, const struct step *step, bool is_running);
/* Drops the last step, a file or folder, if by plan->is_done() its result exists already: for key
 * files, of which there may be 100,000, most of them unchanged. */
int plan_skip_done(struct plan *plan, struct err *err) must_check;

/* Records an observed step of an existing file whose path begins like one of plan->claimed, and
 * that is not shared with an administrator. */
void plan_claim_step(struct plan *plan, const struct step *step);

/* Removes the step; later ones move up. */
void plan_drop(struct plan *plan, size_t at);

/* Appends the steps, keys and notes of `from` to those of `plan`; `from` is empty afterwards. */
void plan_append(struct plan *plan, struct plan *from);

/* Observes every file and folder, drops steps whose result exists and services and probes without a
 * cause, adds the folders above new files that do not exist yet (0755), and sorts by rank (stable).
 * A folder that is to be removed (is_present false) is kept in the plan if it is empty once the
 * other steps are done.  If no file, folder or unconditional service remains, the plan is empty.
 * Fails: an object cannot be read, a link or device is at the path of a file, two steps for one
 * path. */
int plan_prune(const struct ctx *ctx, struct plan *plan, struct err *err) must_check;

/* The steps of its files and folders, sorted by path; the steps are borrowed, the caller frees the
 * array. */
const struct step **plan_index(const struct plan *plan, size_t *ret_count) must_check;
/* The one for that path.  NULL: none. */
const struct step *plan_find(const struct step *const *index, size_t count,
                             const char *path) must_check;

/* The step of the file `path`; linear.  NULL: none, or `path` is NULL. */
struct step *plan_find_file(const struct plan *plan, const char *path) must_check;

/* The plan as unified diffs and lines for people, without secrets; `is_coloured` for terminals. */
void plan_show(const struct plan *plan, bool is_coloured, struct buf *out);

#endif
