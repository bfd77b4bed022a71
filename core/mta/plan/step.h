/*
 * core/mta/plan/step.h: the interface of a kind of step.
 *
 * The engine and the recovery know no kind by name, only the phase of its rank in which it is
 * carried out and undone.  apply() gets the plan's step; undo() gets the journal's row, because
 * after a crash nothing else exists.
 */
#ifndef CORE_MTA_PLAN_STEP_H
#define CORE_MTA_PLAN_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/secret.h"
#include "core/mta/host/service.h"
#include "core/mta/plan/remote.h"
#include "core/store/store.h"

/* The command that replaces edits of pushed files. */
#define PUSH_FORCE "mailauthctl mta push --force"
/* The command that lists the pushes. */
#define PUSH_LIST "mailauthctl mta history"

enum step_rank {
	RANK_DATA,      /* keys, socket folders */
	RANK_TABLES,    /* KeyTable, SigningTable, InternalHosts */
	RANK_PROVIDERS, /* filter configuration, its reload, its socket answers */
	RANK_CONSUMERS, /* main.cf, reload, EHLO answers */
	RANK_LEFTOVERS, /* objects that are not referred to any more */
	RANK_COUNT
};

enum step_kind {
	STEP_FILE,
	STEP_MKDIR,
	STEP_REMOTE, /* a setting of a server that is reached over a connection (remote.h) */
	STEP_SERVICE,
	STEP_PROBE,
	STEP_KIND_COUNT
};

/* One after the other in each rank; an undo uses the same order. */
enum step_phase {
	PHASE_SWITCH, /* files, folders and settings are switched */
	PHASE_TELL,   /* services read them */
	PHASE_PROBE,  /* services are probed */
	PHASE_COUNT
};

struct step;
struct probe_type;    /* probe_type.h */
struct shared_format; /* shared.h */

/* Which server a setting is of. */
struct step_server {
	const struct remote_type *type;
	char *url, *credentials; /* as in struct remote_server */
};

/* The state at the path of a file or a folder; of a service, as meta.mode, SERVICE_WAS_* bits. */
struct step_old {
	struct file_meta meta;
	struct digest digest;
	struct buf content; /* not of secrets */
};

/* A first push of 100,000 domains has 200,000 of them: fields that few steps use are allocated. */
struct step {
	enum step_kind kind : 8;
	enum step_rank rank : 8;
	enum service_action action : 8; /* services */
	bool is_present : 1;            /* files and folders; false: it is removed */
	bool is_secret : 1; /* never written to the journal: digest and key id only */
	bool is_key : 1;  /* a file or a setting that contains the private key `key_id` */
	bool had_old : 1; /* filled by plan_prune(); files, folders: the path existed */
	bool is_unsure : 1; /* settings: the server does not report whether the value has an effect: it is set again */
	bool is_relied_on : 1; /* ENABLE: the mail server passes mail to it already */
	unsigned causes;       /* bits of plan_cause() for services and probes */
	unsigned when; /* services, probes: the bits that make them due; 0: always due */
	struct file_meta meta; /* files, folders */
	char *object; /* file, folder: path inside the root; service: its name; probe: endpoint
	                        ("unix:/path", "inet:8891@127.0.0.1", "127.0.0.1:25"); setting: its
	                        name */
	char *domain; /* the only domain that it belongs to, or NULL */
	union {
		struct {                          /* files and settings */
			struct digest new_digest; /* SHA-256 of the wanted content */
			union {
				/* files: shared with an administrator, in this format */
				const struct shared_format *shared;
				struct step_server *server; /* settings */
			};
			union {
				int64_t key_id;      /* of is_key */
				struct buf *content; /* else; see step_text() */
			};
		};
		struct { /* probes */
			const struct probe_type *probe;
			const struct service_kind *
				service; /* the answering service; NULL: the mail server */
			void *question;  /* owned; of probe->question */
			char *before;    /* the answer before the push, or NULL */
		};
	};
	struct step_old *old; /* filled by plan_prune(); see step_old() */
};

/* The future content of the file or the setting, unless it is a key; empty: it is empty, or has
 * none. */
const struct buf *step_text(const struct step *step) must_check;
/* The old state; all zero: none. */
const struct step_old *step_old(const struct step *step) must_check;
/* The same, to be filled. */
struct step_old *step_fill_old(struct step *step) must_check;

/* The server whose setting is changed, of the journal too. */
struct row_server {
	const struct remote_type *type; /* NULL: an unknown name */
	const char *url, *credentials;
};

/* One row of the journal (table step of target.db); texts are borrowed from the caller. */
struct step_row {
	int64_t push_id, seq;
	enum step_kind kind;
	enum step_rank rank;
	const char *object;
	bool is_secret;
	bool had_old, is_present; /* it existed before; it exists afterwards */
	struct digest old_digest, new_digest;
	struct file_meta old_meta;          /* complete if had_old */
	struct file_meta new_meta;          /* KEEP: was not requested */
	enum service_action action;         /* services */
	const struct probe_type *probe;     /* probes; NULL: an unknown name */
	const char *domain;                 /* its only domain; NULL: all */
	const struct shared_format *shared; /* files */
	struct row_server server;           /* settings */
	bool has_action;                    /* `action` is one */
	int64_t old_key,
		new_key; /* settings: the private key of is_secret; 0: none, or unknown */
};

/* Private keys, by the id in the database. */
struct key_source {
	int (*pem)(void *arg, int64_t key_id, struct secret *ret_pem, struct err *err);
	int (*der)(void *arg, int64_t key_id, struct secret *ret_der,
	           struct err *err); /* NULL: as PEM only */
	void *arg;
};

/* The result of an attempt to undo one step. */
enum undo_result {
	UNDO_NOTHING, /* the old state exists already */
	UNDO_DONE,
	/* Neither old nor new: unchanged; err has the difference, code 0 is returned. */
	UNDO_DRIFT,
	/* The state cannot be determined, or changed, now: err has the reason, code 0 is returned.
	 */
	UNDO_UNREACHABLE,
};

/* A push that is carried out or undone. */
struct step_run {
	struct ctx *ctx;
	struct store *target;
	const char *
		reload; /* mta.reload when the push was made; NULL: services are told one by one */
	struct key_source keys;  /* pem NULL: not available */
	const struct plan *plan; /* NULL: the push is undone */
	bool force;              /* restore the old content even if the file was edited */
	/* of the present ranks; kept by services, used by probes */
	bool is_reloaded; /* mta.reload was run */
	bool is_stopped;  /* a service does not run: no probe would be answered */
};

/* A rollback, which restores the result of the push `push_id`. */
struct roll_back {
	struct ctx *ctx;
	struct store *target;
	struct plan *plan; /* the steps are added to it */
	int64_t push_id;
	/* 1: the key of the database that the object of the row contained before; 0: it does not
	 * exist, or is another one. */
	int (*find_key)(void *arg, const struct step_row *row, int64_t *ret_key,
	                struct err *err);
	void *arg;
};

struct owned_row; /* core/mta/engine/owned.h */
struct drift;     /* core/mta/engine/drifts.h */
struct drifts;
struct plan;

struct step_type {
	const char
		*name; /* in the journal: "file", "mkdir", "remote", "service", "probe" */
	enum step_phase phase;
	bool is_in_tree; /* object is a path inside the root: its folder is synced */
	/* It contains others: it is created first, removed last, and staging creates it in place.
	 */
	bool is_container;
	bool has_content; /* new_digest, old->digest, and texts unless it is secret */
	/* Whether its result exists already; fills had_old and old.  NULL: cannot be observed. */
	int (*observe)(const struct ctx *ctx, struct step *step, bool *ret_holds,
	               struct err *err);
	/* The name under which it is ours and is reported: "URL NAME" of a setting.  In `room`, which is
	 * empty, if it is not the object.  NULL: the object. */
	const char *(*title)(const struct step *step, struct buf *room);
	/* Whether `other`, of the same object and rank, makes `step` unnecessary.  NULL: never. */
	bool (*is_superseded)(const struct step *step, const struct step *other);
	/* Lines for people. */
	void (*show)(const struct step *step, bool is_coloured, struct buf *out);
	/* Everything that may fail for lack of space or rights, without affecting what is in use.
	 * NULL: nothing.  *ret_temp, the file that is kept next to its target, remains NULL if
	 * there is no content. */
	int (*stage)(const struct step_run *run, const struct step *step, bool sync,
	             char **ret_temp, struct err *err);
	/* Records the state before the push changes anything, to be compared with.  NULL: nothing.
	 */
	void (*before)(struct ctx *ctx, struct step *step);
	/* Carries it out. */
	int (*apply)(struct step_run *run, const struct step *step, const char *temp,
	             struct err *err);
	/* Undoes it; idempotent. */
	int (*undo)(struct step_run *run, const struct step_row *row,
	            enum undo_result *ret_result, struct err *err);
	/* Before objects are removed that a program was told not to use any more: waits until it
	 * does not, at the latest until `deadline` (monotonic nanoseconds).  NULL: no wait. */
	void (*await_left)(struct ctx *ctx, const char *object, int64_t deadline);
	/* After the last rank: removes what only undo required.  Idempotent.  NULL: nothing. */
	int (*finish)(const struct ctx *ctx, const struct step_row *row, struct err *err);
	/* The same after the push was undone, or never was switched. */
	int (*undone)(const struct ctx *ctx, const struct step_row *row, struct err *err);
	/* The columns of this kind in the journal: from a step, whose texts the row borrows, and
	 * back into one for display (history.h).  NULL: none. */
	int (*note)(struct store *target, const struct step *step, struct step_row *row,
	            struct err *err);
	void (*recall)(const struct step_row *row, struct step *step);
	/* Frees the fields of this kind.  NULL: none. */
	void (*done)(struct step *step);
	/* In the transaction that ends the push: records what is ours from now on, and the state
	 * before.  NULL: nothing. */
	int (*own)(const struct step_run *run, const struct step_row *row,
	           struct err *err);
	const char *owned; /* prefix of its rows of table owned: "file:"; NULL: none */
	/* Adds the step that gives back what is ours.  NULL: a backend does. */
	int (*give_back)(const struct step_run *run, const struct owned_row *row,
	                 struct plan *plan, struct err *err);
	/* Adds the step that restores the state before `row`, the first change of its object after
	 * that push.  NULL: mta_backend.restore does what is required. */
	int (*roll_back)(const struct roll_back *to, const struct step_row *row,
	                 struct err *err);
	/* Edits of what is ours (core/mta/engine/drifts.h); NULL: none is looked for.  Adds the object
	 * of a step, by the old state that was observed, if it differs from what we wrote. */
	int (*drift)(struct store *target, const struct step *step, struct drifts *drifts,
	             struct err *err);
	/* The same for all objects of this kind on this host, or (limit not 0) for those that belong
	 * to no single domain and `limit` others. *ret_is_whole: those are all. */
	int (*scan)(struct ctx *ctx, struct store *target, int64_t limit,
	            struct drifts *drifts, bool *ret_is_whole, struct err *err);
	/* Instead of scan(), for kinds that a backend observes: the same for the objects that the
	 * plan does not contain, which are queried from their servers. */
	int (*query)(struct ctx *ctx, struct store *target, const struct plan *plan,
	             struct drifts *drifts, struct err *err);
	/* Others made the change that the plan would have made: it counts as ours. */
	int (*accept)(const struct step_run *run, const struct drift *drift,
	              struct err *err);
};

extern const struct step_type *const step_types[STEP_KIND_COUNT];

/* It creates, changes or removes a file or a folder. */
static inline bool step_is_in_tree(const struct step *step)
{
	return step_types[step->kind]->is_in_tree;
}

/* ... a file. */
static inline bool step_is_file(const struct step *step)
{
	return step_is_in_tree(step) && !step_types[step->kind]->is_container;
}

/* It tells a service something. */
static inline bool step_is_service(const struct step *step)
{
	return step_types[step->kind]->phase == PHASE_TELL;
}

static inline bool step_is_probe(const struct step *step)
{
	return step_types[step->kind]->phase == PHASE_PROBE;
}

/* As step_type.title says; borrowed from the step or from `room`. */
const char *step_title(const struct step *step, struct buf *room) must_check;

/* Frees and wipes; the step is empty afterwards. */
void step_done(struct step *step);

/* Equal content, and mode, uid and gid equal unless `want` keeps them. */
bool step_meta_holds(const struct file_meta *have, const struct file_meta *want);

/* While a push is open a file's old version may exist next to it under this name: hard-linked
 * before a secret is replaced, renamed when a file is removed.  Caller frees. */
char *step_aside_path(const char *path) must_check;

/* The future content of the step's file; stored in `room` if it is a key of `keys`.  Fails: that
 * key has changed. */
int step_content(const struct step *step, const struct key_source *keys,
                 struct secret *room, const char **ret_text, size_t *ret_len,
                 struct err *err) must_check;

/* Failures of several kinds; each returns ERR_FAILED.  `object` differs from its state in the plan. */
int step_fail_changed(const char *object, struct err *err);
/* An undo leaves `object`, whose state is neither the old one nor that of the plan. */
int step_fail_kept(const char *object, struct err *err);
/* An undo cannot restore `object`: the old content was a secret that no longer exists. */
int step_fail_lost(const char *object, struct err *err);

/* Larger files are not replaced. */
#define STEP_FILE_LIMIT ((size_t)1 << 30)

extern const struct step_type step_file_type, step_mkdir_type; /* step_file.c */
extern const struct step_type step_remote_type;                /* step_remote.c */
extern const struct step_type step_service_type;               /* step_service.c */
extern const struct step_type step_probe_type;                 /* step_probe.c */
/* One attempt at a probe step, at the latest until `deadline` (monotonic nanoseconds).  Fails with
 * the answer instead of the required one. */
int step_probe_once(struct ctx *ctx, const struct step *step, int64_t deadline,
                    struct err *err) must_check;

#endif
