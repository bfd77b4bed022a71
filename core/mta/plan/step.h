/*
 * core/mta/plan/step.h: what a kind of step can do.  The engine and the recovery know no kind by name, but in
 * which phase of its rank it is carried out and taken back.
 *
 * apply() is given the plan's step; undo() is given the journal's row, because after a crash there
 * is nothing else.
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

/* The command that replaces what was edited in pushed files. */
#define PUSH_FORCE "mailauthctl mta push --force"

enum step_rank {
	RANK_DATA,      /* keys, socket folders */
	RANK_TABLES,    /* KeyTable, SigningTable, InternalHosts */
	RANK_PROVIDERS, /* filter configuration, its reload, its socket answers */
	RANK_CONSUMERS, /* main.cf, reload, EHLO answers */
	RANK_LEFTOVERS, /* what nobody names any more */
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

/* One after the other in each rank; an undo takes them in the same order. */
enum step_phase {
	PHASE_SWITCH, /* files, folders and settings become the new ones */
	PHASE_TELL,   /* services read them */
	PHASE_PROBE,  /* what was switched must answer */
	PHASE_COUNT
};

struct step;

/* A question to a server or filter, and what must be answered: a row of the file that asks it. */
struct probe_type {
	const char *name; /* in the journal: "milter-sign" */
	/* One attempt, at the latest until `deadline` (monotonic nanoseconds).  Fails with what was seen
	 * instead of what must hold. */
	int (*ask)(struct ctx *ctx, const struct step *step, int64_t deadline,
	           struct err *err);
	/* What must hold, as a line for people: "# then the filter must answer at ...". */
	void (*show)(const struct step *step, struct buf *out);
	/* What is answered before the push changes anything, for ask() to compare with; kept as
	 * step->ask->before.  NULL: nothing is compared. */
	char *(*before)(const struct step *step, int64_t deadline);
	bool asks_on_undo; /* an undo asks too: it makes a lazy reload happen, or says whether mail is
	                      taken again */
	bool is_filters; /* what answers is a program of its own beside the mail server */
};
/* All there are (registry.c). */
extern const struct probe_type *const probe_types[];
extern const unsigned probe_type_count;
/* NULL: no such name, or NULL. */
const struct probe_type *probe_type_find(const char *name) must_check;

/* How far an SMTP probe goes. */
enum smtp_depth {
	SMTP_TO_EHLO, /* a service that people log in to: what goes further is logged as refused */
	SMTP_TO_MAIL, /* the first command that an unreachable filter defers */
	SMTP_TO_RCPT, /* what restrictions and recipient maps say */
};

struct shared_format; /* shared.h */

/* When a mail server sends macros to a filter. */
enum macro_stage { MACROS_CONNECT, MACROS_HELO, MACROS_MAIL, MACROS_RCPT, MACRO_STAGES };

/* Which server a setting is of. */
struct step_server {
	const struct remote_type *type;
	char *url, *credentials; /* as in struct remote_server */
};

/* What stood at the path of a file or a folder; of a service, as meta.mode, SERVICE_WAS_* bits. */
struct step_old {
	struct file_meta meta;
	struct digest digest;
	struct buf content; /* not of secrets */
};

/* What a probe asks; the header of its type says what it means there. */
struct step_ask {
	char *domain, *selector;
	char *key, *reverse;
	enum smtp_depth depth;
	char *macros
		[MACRO_STAGES]; /* "i {auth_type} {j=mx.example.com}", ...: the lists; NULL: those
	                               that are usual */
	char *before; /* what was answered before the push; filled by the engine */
};

/* A first push of 100,000 domains has 200,000 of them: what few steps have is allocated. */
struct step {
	enum step_kind kind : 8;
	enum step_rank rank : 8;
	enum service_action action : 8; /* services */
	bool is_present : 1;            /* files and folders; false: it goes */
	bool is_secret : 1; /* never enters the journal: digest and key id only */
	bool is_key : 1;    /* a file or a setting that holds the private key `key_id` */
	bool had_old : 1; /* filled by plan_prune(); files, folders: something stood there */
	bool is_relied_on : 1; /* ENABLE: the mail server hands mail to it as it is configured now */
	unsigned causes; /* bits: which later steps a change here makes due */
	unsigned
		when; /* services, probes: bits: due when a step that was kept causes any of
	                 them; 0: always */
	struct file_meta meta; /* files, folders */
	char *object; /* file, folder: path inside the root; service: its name; probe: endpoint
	                        ("unix:/path", "inet:8891@127.0.0.1", "127.0.0.1:25"); setting: its
	                        name */
	char *domain; /* the domain that it serves alone, or NULL */
	union {
		struct {                          /* files and settings */
			struct digest new_digest; /* SHA-256 of what is wanted */
			union {
				const struct shared_format
					*shared; /* files: whose text it is beside ours */
				struct step_server *server; /* settings */
			};
			union {
				int64_t key_id;      /* of is_key */
				struct buf *content; /* else; see step_text() */
			};
		};
		struct { /* probes */
			const struct probe_type *probe;
			const struct service_kind
				*service; /* that answers; NULL: the mail server */
			struct step_ask *ask;
		};
	};
	struct step_old *old; /* filled by plan_prune(); see step_old() */
};

/* What the file or the setting will hold, where it is no key; empty: it holds nothing, or is none. */
const struct buf *step_text(const struct step *step) must_check;
/* What stood there; all zero: nothing. */
const struct step_old *step_old(const struct step *step) must_check;
/* The same to be filled. */
struct step_old *step_fill_old(struct step *step) must_check;

/* Where settings of a server are changed, of the journal too. */
struct row_server {
	const struct remote_type *type; /* NULL: this program knows none of that name */
	const char *url, *credentials;
};

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
	const struct probe_type *probe;     /* probes; NULL: none of that name any more */
	const char *domain;                 /* whom it serves; NULL: all */
	const struct shared_format *shared; /* files */
	struct row_server server;           /* settings */
	bool has_action;                    /* `action` is one */
	int64_t old_key,
		new_key; /* settings: the private key of is_secret; 0: none, or not known */
};

/* Private keys, by the id in the database. */
struct key_source {
	int (*pem)(void *arg, int64_t key_id, struct secret *ret_pem, struct err *err);
	int (*der)(void *arg, int64_t key_id, struct secret *ret_der,
	           struct err *err); /* NULL: as PEM only */
	void *arg;
};

/* What came of an attempt to take one step back. */
enum undo_result {
	UNDO_NOTHING, /* the old state is there already */
	UNDO_DONE,
	UNDO_DRIFT, /* neither old nor new: left alone; err says what, code 0 is returned */
	UNDO_UNREACHABLE, /* nobody can tell, or change it, now: err says why, code 0 is returned */
};

/* A push that is carried out or taken back. */
struct step_run {
	struct ctx *ctx;
	struct store *target;
	const char *
		reload; /* mta.reload when the push was made; NULL: services are told one by one */
	struct key_source keys;  /* pem NULL: none are at hand */
	const struct plan *plan; /* NULL: the push is taken back */
	bool force;              /* put the old content back over what somebody edited */
	/* of the ranks at hand; kept by services, asked by probes */
	bool is_reloaded; /* mta.reload ran */
	bool is_stopped;  /* a service does not run: nothing would answer a probe */
};

struct owned_row; /* core/mta/engine/owned.h */
struct plan;

struct step_type {
	const char
		*name; /* in the journal: "file", "mkdir", "remote", "service", "probe" */
	enum step_phase phase;
	bool is_in_tree; /* object is a path inside the root: its folder is synced */
	bool is_container; /* others stand in it: it is made first, removed last, and staging it
	                      makes it where it belongs */
	bool has_content; /* new_digest, old->digest, and texts unless it is secret */
	/* Whether it holds already; fills had_old and old.  NULL: cannot be observed. */
	int (*observe)(const struct ctx *ctx, struct step *step, bool *ret_holds,
	               struct err *err);
	/* Lines for people. */
	void (*show)(const struct step *step, bool is_coloured, struct buf *out);
	/* Whatever may fail for want of space or rights, beside what is in force.  NULL: nothing.
	 * *ret_temp, the file that waits beside its target, stays NULL where there is no content. */
	int (*stage)(const struct step_run *run, const struct step *step, bool sync,
	             char **ret_temp, struct err *err);
	/* Notes what stands before the push changes anything, to be compared with.  NULL: nothing. */
	void (*before)(struct ctx *ctx, struct step *step);
	/* Carries it out. */
	int (*apply)(struct step_run *run, const struct step *step, const char *temp,
	             struct err *err);
	/* Takes it back; idempotent. */
	int (*undo)(struct step_run *run, const struct step_row *row,
	            enum undo_result *ret_result, struct err *err);
	/* Before something goes that a program was told to forget: waits until it has.  NULL: nothing to
	 * wait for. */
	void (*await_left)(struct ctx *ctx, const char *object);
	/* After the last rank: what only undo needed goes.  Idempotent.  NULL: nothing. */
	int (*finish)(const struct ctx *ctx, const struct step_row *row, struct err *err);
	/* The same when the push was taken back, or never was switched. */
	int (*undone)(const struct ctx *ctx, const struct step_row *row, struct err *err);
	/* What the journal has of this kind alone: from a step, whose texts the row borrows, and back into
	 * one for people (history.h).  NULL: nothing. */
	int (*note)(struct store *target, const struct step *step, struct step_row *row,
	            struct err *err);
	void (*recall)(const struct step_row *row, struct step *step);
	/* Frees what steps of this kind alone have.  NULL: nothing. */
	void (*done)(struct step *step);
	/* In the transaction that ends the push: notes what is ours from now on, and what stood there
	 * before.  NULL: nothing. */
	int (*own)(const struct step_run *run, const struct step_row *row,
	           struct err *err);
	const char *
		owned; /* how such rows of table owned begin: "file:"; NULL: there are none */
	/* Adds the step that gives back what is ours.  NULL: a backend does. */
	int (*give_back)(const struct step_run *run, const struct owned_row *row,
	                 struct plan *plan, struct err *err);
};

extern const struct step_type *const step_types[STEP_KIND_COUNT];

/* It makes, changes or removes a file or a folder. */
static inline bool step_is_in_tree(const struct step *step)
{
	return step_types[step->kind]->is_in_tree;
}

/* Frees and wipes; the step is empty afterwards. */
void step_done(struct step *step);

/* The same content, and mode, uid and gid equal where `want` does not keep. */
bool step_meta_holds(const struct file_meta *have, const struct file_meta *want);

/* While a push is open a file's old version may stand beside it under this name: hard-linked
 * before a secret is replaced, renamed when a file goes.  Caller frees. */
char *step_aside_path(const char *path) must_check;

/* What the file of the step will hold; `room` holds it where it is a key of `keys`.  Fails: that key is
 * another one now. */
int step_content(const struct step *step, const struct key_source *keys,
                 struct secret *room, const char **ret_text, size_t *ret_len,
                 struct err *err) must_check;

/* A file that is larger than this is not ours to replace. */
#define STEP_FILE_LIMIT ((size_t)1 << 30)

extern const struct step_type step_file_type, step_mkdir_type; /* step_file.c */
extern const struct step_type step_remote_type;                /* step_remote.c */
extern const struct step_type step_service_type;               /* step_service.c */
extern const struct step_type step_probe_type;                 /* step_probe.c */
/* One attempt at a probe step, at the latest until `deadline` (monotonic nanoseconds).  Fails with
 * what was answered instead of what must hold. */
int step_probe_once(struct ctx *ctx, const struct step *step, int64_t deadline,
                    struct err *err) must_check;

#endif
