/*
 * core/job/session.h: what the transactions of one run share: context, store, locks, the caller's
 * account, and its messages.
 *
 * A job (the other headers of this folder) makes the transactions of one use case and reports
 * results as a struct or through the observer.  It never prints.  Messages (ctx_report()) that are
 * reported while a change is open wait for its commit, so that they never report what was not
 * saved.
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
	/* A message that a customer must not read, because it may be about the domains of others.
	 */
	void (*log)(void *arg, const char *text);
	/* `label`: a const; NULL: the progress ended, or other output follows. */
	void (*progress)(void *arg, const char *label, size_t done, size_t total);
	/* A dry run, inside its transaction: what it would save (core/job/preview.h), and the push
	 * that would follow; NULL: none. */
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
	struct store *store;  /* NULL: no database yet, the defaults apply */
	const char *customer; /* the customer's account; NULL: an administrator */
	bool is_dry_run;
	bool is_push_off;    /* changes are saved and not pushed */
	bool is_quiet;       /* notes are not shown */
	bool is_interactive; /* the messages appear on a terminal */
	struct push_options push;
	struct names exports; /* zones to export after the change, A-labels */
	struct lock *export_lock;
	struct env env; /* filled by session_env() */
	bool has_env;

	/* Results. */
	bool begins_to_refuse; /* a push made the server reject or defer mail by SPF */
	const char *push_why;  /* a dry run: why nothing would be pushed; NULL */
	bool are_notes_shown; /* the plan and its notes were displayed before a question */
	bool is_push_reported;   /* "not adopted" was reported */
	bool is_filter_reported; /* the domains of a replaced filter were reported */

	/* For core/job only. */
	bool is_changing;    /* messages wait until the change is saved */
	bool is_preview_off; /* a trial: a dry run that is not displayed */
	unsigned hidden;     /* above 0: messages are not for a customer */
	struct names said;   /* the first messages */
	struct session_message *message;
	size_t message_count, message_room;
};

#define SESSION_INIT ((struct session){ .ctx = { .root_fd = -1 } })
/* Opens `root` (NULL: the machine itself) and passes messages of ctx through the session.  The
 * caller then sets db_path and the other fields that it knows.  The session must not be moved. */
int session_init(struct session *session, const char *root, struct err *err) must_check;
void session_done(struct session *session);

/* ---- store, locks, host ---------------------------------------------------------------------- */

/* Opens the store for reading; session->store remains NULL without a database. */
int session_open_to_read(struct session *session, struct err *err) must_check;
/* The same, but for a customer in one transaction, so that the owner of a domain and its data are
 * consistent. */
int session_read_store(struct session *session, struct err *err) must_check;
/* Takes the lock "<database><suffix>", after creating its folder if necessary.  A dry run without a
 * database takes none: *ret_lock remains NULL. */
int session_lock_beside_store(struct session *session, const char *suffix,
                              const char *what, struct lock **ret_lock,
                              struct err *err) must_check;
/* Takes the export lock if the session does not hold it; before a change that has to be exported
 * right after it, so that a busy lock changes nothing.  Never while DNS is queried or keys are
 * generated. */
int session_take_export_lock(struct session *session, struct err *err) must_check;
void session_drop_export_lock(struct session *session);

/* Host name and addresses, read once. */
int session_env(struct session *session, const struct env **ret_env,
                struct err *err) must_check;
/* After a change of values that they depend on. */
void session_forget_env(struct session *session);

/* Adds a zone that is exported once the change is saved. */
void session_export_later(struct session *session, const char *name);
/* The same for a domain and its aliases, which publish its keys too. */
int session_export_family_later(struct session *session, const struct domain *domain,
                                struct err *err) must_check;

/* ---- messages -------------------------------------------------------------------------------- */

/* Inside a change: drops the messages that were reported in it so far. */
void session_forget_messages(struct session *session);
/* After a change: messages are passed on if it was saved; otherwise only those that explain the
 * failure. */
void session_release_messages(struct session *session, bool is_saved);
bool session_has_said(const struct session *session, const char *text) must_check;
void session_progress(struct session *session, const char *label, size_t done,
                      size_t total);

/* For session_hide_failure(): the database cannot be used. */
extern const char session_not_open[];

/* ---- customers ------------------------------------------------------------------------------- */

bool session_is_customer(const struct session *session) must_check;
/* The domain that a person typed: domain_find(); for a customer, only its own domains.  Commands
 * that are open to customers use nothing else. */
int session_domain(struct session *session, const char *typed, struct domain *ret_domain,
                   struct err *err) must_check;
/* The same for a name in A-labels, as domain_look(); a domain that the customer does not manage is
 * a failure. */
int session_look(struct session *session, const char *name, struct domain *ret_domain,
                 struct err *err) must_check;
/* ERR_MISSING; for a customer the sentence is the same whether or not the domain exists. */
int session_no_domain(const struct session *session, const char *name, struct err *err);
/* Whether the caller manages the domain; administrators manage all. */
int session_owns(struct session *session, int64_t domain_id, bool *ret_owns,
                 struct err *err) must_check;
/* As domain_query(), of the domains that the caller manages. */
int session_query_domains(struct session *session, int64_t main_id, const char *prefix,
                          struct stmt **ret_domains, struct err *err) must_check;
/* The main domain's name; NULL if there is none, or the caller may not read it. */
int session_main_name(struct session *session, const struct domain *domain,
                      const char **ret_name, struct err *err) must_check;
/* ERR_FAILED if the keys of an alias belong to a domain that the caller does not manage. */
int session_check_keys_of(struct session *session, const struct domain *domain,
                          struct err *err) must_check;
/* The result of push, export and database: for a customer the sentence of a failure is logged, and
 * `sentence` (N_()) replaces it.  Returns the result. */
int session_hide_failure(struct session *session, int r, const char *sentence,
                         struct err *err) must_check;
/* Withholds a message of push and export from a customer: it is for the administrator. */
bool session_hides(const struct session *session, enum report_level level,
                   const char *text) must_check;

#endif
