/*
 * core/mta/plan/plan.h: what a backend wants done, as a list of steps.
 *
 * A backend's plan() lists every file, folder, service action and probe that the desired state
 * asks for, without looking at what stands there.  plan_prune() then observes, and leaves out what
 * holds already: a plan that is empty after it is "nothing to do".  Diff, dry run, journal, undo
 * and removal work on the steps, once for all backends.
 *
 * main.cf takes effect without a reload, so order is everything: ranks are carried out upwards,
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

/* A key file that the tables of the plan name, and the key that must be in it once all is done. */
struct plan_key {
	char *path;                    /* one allocation holds the three */
	const char *domain, *selector; /* whose key it is */
	const char *algorithm;         /* "rsa", "ed25519": a literal */
	struct digest fingerprint;
	int64_t held_id; /* the key of plan->key_source that the file contains now; 0: unknown */
};

/* A service that the settings need. */
struct plan_need {
	char *service;
	bool is_running;
	bool is_relied_on; /* mail waits while it does not run */
};

/* A file that was ours before this push, though no table says so: an earlier push wrote it, and the
 * target.db of that push is gone. */
struct plan_claim {
	char *path, *domain; /* domain: as in struct step */
	struct digest value; /* what is wanted */
	struct file_meta meta;
	bool is_secret;
};

/* A sentence for people: an override that was found, what is not enforced. */
struct plan_note {
	char *text;
	char *remedy; /* NULL: it is no warning */
	bool is_lack; /* backend_shortfalls() says so, too */
};

#define PLAN_CAUSES 32

struct plan {
	const char *cause[PLAN_CAUSES]; /* plan_cause() */
	struct step *step;
	size_t count, room;
	char *index_path, *lines_path; /* plan_names(); NULL: none */
	struct plan_need *need;        /* filled by owned_plan_services() */
	size_t needs, need_room;
	struct plan_key *key; /* of the names that moved, or of all */
	size_t keys, key_room;
	struct plan_note *note; /* may repeat */
	size_t notes, note_room;
	bool may_claim; /* an adoption; set before the backend plans */
	const char *const
		*claimed; /* set by a backend that sees what an earlier push left and
	                               may_claim: beginnings of paths that are ours alone, with a
	                               NULL behind them */
	struct plan_claim *claim; /* filled by plan_prune() and plan_skip_done() */
	size_t claims, claim_room;
	/* Handed in by the caller, so that a backend's plan() touches neither the host nor the database.
	 * Whether a step holds already, as step_type.observe() says; NULL: plan_skip_done() asks nobody. */
	int (*is_done)(void *arg, struct step *step, bool *ret_is_done, struct err *err);
	void *is_done_arg;
	struct key_source key_source; /* of plan_file_key() */
};

#define PLAN_INIT ((struct plan){ 0 })
#define auto_plan cleanup(plan_done) struct plan
void plan_done(struct plan *plan);

/* What a change makes due, as a bit for step.causes and step.when: the plan hands out one for each name, a
 * literal that its owner's header has ("opendkim: keys"). */
unsigned plan_cause(struct plan *plan, const char *name);

/* Each gives the fresh step, to be filled further; it lives in the plan. */
struct step *plan_step(struct plan *plan, enum step_kind kind, enum step_rank rank,
                       const char *object);
struct step *plan_file(struct plan *plan, enum step_rank rank, const char *path,
                       const void *octets, size_t len, struct file_meta meta,
                       unsigned causes);
/* The same; `content` is empty afterwards. */
struct step *plan_file_take(struct plan *plan, enum step_rank rank, const char *path,
                            struct buf *content, struct file_meta meta, unsigned causes);
/* The same; the content is the private key `key_id` as PEM, whose digest is given: plan->key_source gives it
 * again where it is needed, so that a plan of 100,000 keys does not hold them. */
struct step *plan_file_key(struct plan *plan, enum step_rank rank, const char *path,
                           int64_t key_id, const struct digest *digest,
                           struct file_meta meta, unsigned causes);
/* A setting of a server: `now` is what it is, as the backend observed it, `next` what it shall be.  All is
 * copied. */
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
struct step *plan_probe(struct plan *plan, enum step_rank rank,
                        const struct probe_type *type, const struct service_kind *service,
                        const char *endpoint, unsigned when);
/* The file `path` names lines of the file `of`, both of one rank: in it a line must stand before it is
 * named and as long as it is.  plan_prune() puts `path` first where `of` only loses lines.  One pair in
 * a plan. */
void plan_names(struct plan *plan, const char *path, const char *of);
void plan_note(struct plan *plan, const char *fmt, ...) printf_like(2, 3);
/* A note that is a warning: mail is treated otherwise than the settings say until an admin acts.
 * `remedy` is copied. */
void plan_warn(struct plan *plan, const char *remedy, const char *fmt, ...)
	printf_like(3, 4);
/* A note that a setting is not enforced because what would do it is missing: `server set` says so
 * itself (backend_shortfalls()). */
void plan_lack(struct plan *plan, const char *fmt, ...) printf_like(2, 3);
void plan_expect_key(struct plan *plan, const char *path, const char *domain,
                     const char *selector, const char *algorithm,
                     const struct digest *fingerprint);

/* The service of an ENABLE step; once for each. */
void plan_needs(struct plan *plan, const struct step *step, bool is_running);
/* Drops the last step, a file or folder, where plan->is_done() says that it holds: for what there are
 * 100,000 of, most of which stand there already. */
int plan_skip_done(struct plan *plan, struct err *err) must_check;

/* Notes an observed step of a file that stands there at a path that begins like one of plan->claimed,
 * and that no admin shares. */
void plan_claim_step(struct plan *plan, const struct step *step);

/* Takes the step out; those behind it move up. */
void plan_drop(struct plan *plan, size_t at);

/* Moves the steps, keys and notes of `from` behind those of `plan`; `from` is empty afterwards. */
void plan_append(struct plan *plan, struct plan *from);

/* Observes every file and folder, drops steps that hold already and services and probes that
 * nothing kept makes due, adds the folders above new files that do not exist yet (0755), and sorts
 * by rank (stable).  A folder that is to go (is_present false) is kept when it is empty once the
 * other steps are done.  What remains without a file, a folder or a service that is due by itself
 * is nothing.  Fails: something cannot be read, a link or device stands where a file should, two
 * steps for one path. */
int plan_prune(const struct ctx *ctx, struct plan *plan, struct err *err) must_check;

/* The steps of its files and folders, sorted by path; the steps are borrowed, the caller frees the
 * array. */
const struct step **plan_index(const struct plan *plan, size_t *ret_count) must_check;
/* The one for that path.  NULL: none. */
const struct step *plan_find(const struct step *const *index, size_t count,
                             const char *path) must_check;

/* The plan as unified diffs and lines for people, secrets left out; `is_coloured` for terminals. */
void plan_show(const struct plan *plan, bool is_coloured, struct buf *out);

#endif
