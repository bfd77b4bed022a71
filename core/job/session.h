/*
 * core/job/session.h: what the transactions of one run share: context, store, locks, for whom it
 * works, and its messages.
 *
 * A job (the other headers of this folder) does the transactions of one use case and reports results
 * as a struct or through the observer.  It never prints.  Messages (ctx_report()) that are reported
 * while a change is open wait for its commit, so that nothing is claimed that was not saved.
 *
 * Locks are taken in the order export, target, store.
 */
#ifndef CORE_JOB_SESSION_H
#define CORE_JOB_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/lock.h"
#include "core/base/names.h"
#include "core/model/domain/domain.h"
#include "core/model/export/export.h"
#include "core/model/setting/env.h"
#include "core/mta/push/push.h"
#include "core/store/store.h"

/* What a session reports while it works.  A callback that is NULL is not called. */
struct session_observer {
	void *arg;
	void (*message)(void *arg, enum report_level level, const char *text);
	/* What a customer must not read, because it may be about the domains of others. */
	void (*log)(void *arg, const char *text);
	/* `label`: a const; NULL: other output follows, or nothing is in progress any more. */
	void (*progress)(void *arg, const char *label, size_t done, size_t total);
	/* A dry run, inside its transaction: what it would save (core/job/preview.h), and the push that
	 * would follow; NULL: none. */
	int (*preview)(void *arg, bool is_changed, struct push *push, struct err *err);
	/* A dry run of an export, outside of transactions. */
	int (*export_preview)(void *arg, const struct export *export, struct err *err);
};

struct session_message {
	enum report_level level;
	char *text;
};

struct session {
	struct ctx ctx;
	struct session_observer observer;
	char *db_path;        /* as the machine sees it */
	struct store *store;  /* NULL: there is none yet, the defaults apply */
	const char *customer; /* the account that it works for; NULL: an administrator */
	bool is_dry_run;
	bool is_push_off;    /* changes are saved and not pushed */
	bool is_quiet;       /* notes are not shown */
	bool is_interactive; /* somebody reads the messages on a terminal */
	struct push_options push;
	struct names exports; /* zones to export after the change, A-labels */
	struct lock *export_lock;
	struct env env; /* session_env() fills it */
	bool has_env;

	/* What became of it. */
	bool begins_to_refuse; /* a push made the server reject or defer mail by SPF */
	const char *push_why;  /* a dry run: why nothing would be pushed; NULL */
	bool are_notes_shown; /* the plan was shown with its notes, and a question asked */
	bool is_push_reported;   /* "not adopted" was reported once */
	bool is_filter_reported; /* so were the domains of a filter that is replaced */

	/* Of core/job alone. */
	bool is_changing;    /* messages wait until the change is saved */
	bool is_preview_off; /* a dry run's transaction that is not shown by itself */
	unsigned hidden;     /* above 0: what is reported is not for a customer */
	struct names said;   /* the first messages */
	struct session_message *message;
	size_t message_count, message_room;
};

#define SESSION_INIT ((struct session){ .ctx = { .root_fd = -1 } })
/* Opens `root` (NULL: the machine itself) and routes messages of ctx through the session.  Set
 * db_path and what else is known afterwards.  The session must not move any more. */
int session_init(struct session *session, const char *root, struct err *err) must_check;
void session_done(struct session *session);

/* ---- store, locks, host ---------------------------------------------------------------------- */

/* Opens the store for reading; session->store stays NULL where there is none. */
int session_open_to_read(struct session *session, struct err *err) must_check;
/* The same, and for a customer in one transaction: the owner of a domain and its data are of the
 * same moment. */
int session_read_store(struct session *session, struct err *err) must_check;
/* Takes the lock "<database><suffix>", the folder made where it is absent.  A dry run without a
 * database takes none: *ret_lock stays NULL. */
int session_lock_beside_store(struct session *session, const char *suffix,
                              const char *what, struct lock **ret_lock,
                              struct err *err) must_check;
/* Takes the export lock, where the session does not hold it; before a change that has to be exported
 * right after, so that a busy lock leaves nothing half done.  Never while DNS is asked or keys are
 * made. */
int session_take_export_lock(struct session *session, struct err *err) must_check;
void session_drop_export_lock(struct session *session);

/* Host name and addresses, read once. */
int session_env(struct session *session, const struct env **ret_env,
                struct err *err) must_check;
/* After a change of what they depend on. */
void session_forget_env(struct session *session);

/* Names a zone that is exported once the change is saved. */
void session_export_later(struct session *session, const char *name);
/* The same for a domain and its aliases, which publish its keys too. */
int session_export_family_later(struct session *session, const struct domain *domain,
                                struct err *err) must_check;

/* ---- messages -------------------------------------------------------------------------------- */

/* Inside of a change: what was reported in it so far is dropped. */
void session_forget_messages(struct session *session);
/* After a change: messages are passed on when it was saved; otherwise only what explains the
 * failure. */
void session_release_messages(struct session *session, bool is_saved);
bool session_has_said(const struct session *session, const char *text) must_check;
void session_progress(struct session *session, const char *label, size_t done,
                      size_t total);

/* For session_hide_failure(): the database cannot be used. */
extern const char session_not_open[];

/* ---- customers ------------------------------------------------------------------------------- */

bool session_is_customer(const struct session *session) must_check;
/* The domain that a person typed: domain_find(), and for a customer its own domains only.  What is
 * open to customers uses nothing else. */
int session_domain(struct session *session, const char *typed, struct domain *ret_domain,
                   struct err *err) must_check;
/* The same for a name in A-labels, as domain_look(); what a customer does not manage is a failure. */
int session_look(struct session *session, const char *name, struct domain *ret_domain,
                 struct err *err) must_check;
/* ERR_MISSING, for a customer: whether the domain is somebody else's or nobody's. */
int session_no_domain(const struct session *session, const char *name, struct err *err);
/* Whether the caller manages the domain; administrators manage all. */
int session_owns(struct session *session, int64_t domain_id, bool *ret_owns,
                 struct err *err) must_check;
/* The main domain's name, NULL where there is none that the caller may hear of. */
int session_main_name(struct session *session, const struct domain *domain,
                      const char **ret_name, struct err *err) must_check;
/* ERR_FAILED where the keys of an alias are a domain's that the caller does not manage. */
int session_check_keys_of(struct session *session, const struct domain *domain,
                          struct err *err) must_check;
/* The result of push, export and database: for a customer the words of a failure are logged, and
 * `sentence` (N_()) replaces them.  Gives the result back. */
int session_hide_failure(struct session *session, int r, const char *sentence,
                         struct err *err) must_check;
/* Takes a message of push and export from a customer: it is for the administrator. */
bool session_hides(const struct session *session, enum report_level level,
                   const char *text) must_check;

#endif
