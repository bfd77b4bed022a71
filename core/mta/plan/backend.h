/*
 * core/mta/plan/backend.h: the row of a mail server: its features, and the few functions of servers
 * that we push to.  The common parts of a push are in engine.h and push.h.
 */
#ifndef CORE_MTA_PLAN_BACKEND_H
#define CORE_MTA_PLAN_BACKEND_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* Features that settings request.  One row each in a table: name for people ("DKIM signing"), the
 * setting that requests it. */
enum mta_feature {
	FEATURE_DKIM_SIGN,
	FEATURE_DKIM_VERIFY,
	FEATURE_SPF,
	FEATURE_DMARC,
	FEATURE_SRS,
	FEATURE_COUNT
};

enum mta_support {
	SUPPORT_NO,      /* the server does not support it: enabling it is refused */
	SUPPORT_PENDING, /* the server does, this version does not yet: saved, not enforced */
	SUPPORT_ABSENT, /* its provider is not installed here: saved, not enforced */
	SUPPORT_BY_HAND, /* its administrator sets it, as a report says: saved, not enforced */
	SUPPORT_YES,
};

/* The support of a feature by a server and its filter; texts are literals. */
struct feature_support {
	enum mta_support level;
	const char *missing; /* ABSENT: the missing program or package */
	const char *nearest; /* NO: the alternative, or the reason, N_(); NULL: unknown */
};

/* A value of a setting that a server does not support; rows of a list that ends in {0}. */
struct value_limit {
	const char *setting;
	const char *value;   /* "reject-not-pass"; NULL: every value but the default */
	const char *nearest; /* the value to use instead; NULL: the default */
	const char *why;     /* N_(), a clause; NULL: it has no such value */
};

struct mta_found { /* the result of detect(); see backend_found_done() */
	bool is_installed;
	bool is_running;
	char *version;    /* "3.7.11"; NULL: unknown */
	char *config_dir; /* inside the root */
	char *hostname;   /* the server's own full name; NULL: none */
	char *filter;     /* "opendkim 2.11.0"; NULL: none */
	char *queue_dir;  /* the queue directory, inside the root; NULL: unknown */
	char *seen; /* what is known of it, in place of whether it runs; NULL: it may run here */
	char *why_not; /* one sentence: why it was not found or cannot be used */
};

/* Releases with a fault, from the first one of their line up to the one that fixes it. */
struct mta_fault {
	int from[3], mended[3];
	const char *sentence; /* N_(); NULL: the end of a list */
};

enum advice_weight { ADVICE_NOTE, ADVICE_WARNING, ADVICE_PROBLEM };

/* Parts of the server's own configuration that disable ours; texts are borrowed. */
struct mta_advice {
	enum advice_weight weight;
	const char *subject; /* the service or parameter that it is about */
	const char *text;    /* one sentence */
	const char *remedy;  /* a command, or a sentence; NULL: it is intended */
};

/* Rights that an account requires; borrowed. */
struct mta_access {
	const struct account *who;
	const char *path;
	unsigned need; /* PATH_* (path_check.h) */
	bool is_key;   /* a private key, which others must not be able to access */
};

struct account;
struct desired;
struct signing_row;

struct mta_backend {
	const char *name, *title;
	struct feature_support
		support[FEATURE_COUNT]; /* as far as it is the same on all hosts */
	const char *dmarc_rules;        /* "RFC 9989"; NULL: unknown */
	const char *
		how; /* where its features are known from, N_(); NULL: from detect(), if any */
	bool needs_no_adoption; /* it writes below a path of its own only */
	/* observe() asks a server over the network, which may be slow: it is called before the
	 * database's transaction, and reads no more of the database than settings "mta.*".  That of
	 * a server of this host is called inside: what it asks the host depends on the rows that
	 * the change itself wrote (is srs.domain accepted here, which domains does a filter sign
	 * already). */
	bool is_remote;
	bool is_only_named; /* only used if mta.backend names it */
	bool makes_keys; /* it signs with keys that it makes itself, and accepts none of ours */
	const char *service; /* the server's service (service_kind.h); NULL: none */
	const char *package; /* the package to install; NULL: unknown */
	/* The command that reports the faults of its configuration, a remedy; NULL: none. */
	const char *check_command;
	const struct mta_fault *faults; /* NULL: none is known */
	/* Changes `support` for the server and the filter `filter` (mta.filter: "auto", "opendkim",
	 * "rspamd") according to this host: version, licence, installed programs.  NULL: it is the
	 * same on all hosts. */
	void (*look_at_support)(struct ctx *ctx, const char *filter,
	                        enum mta_feature feature,
	                        struct feature_support *support);
	/* Unsupported values of settings.  Enabled features are checked as above.  NULL: none. */
	const struct value_limit *limits;
	/* Whether this host has the limit.  NULL: every host has all. */
	bool (*has_limit)(struct ctx *ctx, const struct value_limit *limit);
	/* NULL in rows that this version does not push to. */
	int (*detect)(struct ctx *ctx, struct store *store, struct mta_found *ret_found,
	              struct err *err);
	/* The result of observe() belongs to the backend: a pointer that is passed to the functions
	 * below.  NULL is allowed. */
	int (*observe)(struct ctx *ctx, struct store *store, void **ret_observed,
	               struct err *err);
	void (*observed_free)(void *observed); /* accepts NULL */
	/* Of is_remote: observes one name, once; plan() asks for no other.  Called after observe() for
	 * the names that changed, before the transaction where they are known by then.  NULL: observe()
	 * sees all. */
	int (*observe_name)(void *observed, const char *name, struct err *err);
	/* From the desired state (NULL: all objects of ours are removed) and the observation. */
	int (*plan)(const struct desired *desired, const void *observed,
	            struct plan *ret_plan, struct err *err);
	/* A rollback.  `plan` has the files and folders that change, observed: sets their ranks and
	 * causes, and adds the services and probes that make the servers use them.  NULL: no
	 * service is told. */
	int (*restore)(const void *observed, struct plan *plan, struct err *err);
	/* Conditions for the files of a rollback, `plan`, that restores the result of the push
	 * `push_id`: no key signs whose record is not published.  NULL: none. */
	int (*check_rollback)(struct store *store, const struct plan *plan,
	                      int64_t push_id, struct err *err);
	/* The selector of a key file, by its path; NULL: not a key file.  The caller frees.  NULL:
	 * it has no key files. */
	char *(*key_selector)(const char *path);
	/* Checks of the finished plan beyond its steps: tables, endpoints, and the messages of the
	 * server's own programs. */
	int (*validate)(struct ctx *ctx, const struct plan *plan, const void *observed,
	                struct err *err);
	/* Saves what the server itself created, such as its own keys, in the store, after a push
	 * and where there was nothing to push: inside a transaction that is a change of its own.
	 * Nothing that it finds again is a change.  NULL: the server makes nothing. */
	int (*learn)(struct ctx *ctx, struct store *store, struct err *err);

	/* For `doctor`; each may be NULL. `probes`: the probes at the end of a push. */
	int (*advise)(struct ctx *ctx, struct store *store, const struct plan *probes,
	              void (*each)(void *arg, const struct mta_advice *advice), void *arg,
	              struct err *err);
	int (*each_access)(struct ctx *ctx, struct store *store,
	                   const struct plan *probes,
	                   void (*each)(void *arg, const struct mta_access *access),
	                   void *arg, struct err *err);
	/* The keys with which it signs, each with its file. */
	int (*each_key)(struct store *store,
	                void (*each)(void *arg, const struct signing_row *row,
	                             const char *path),
	                void *arg, struct err *err);
	/* Facts to be known before SRS is enabled for `domain`, when srs.exclude-domains will be
	 * `excluded` (NULL: unchanged): one sentence each.  NULL: none. */
	int (*advise_srs)(struct ctx *ctx, struct store *store, const char *domain,
	                  const char *excluded,
	                  void (*say)(void *arg, const char *sentence), void *arg,
	                  struct err *err);
};

extern const struct feature_row {
	const char *name;    /* "SPF" */
	const char *setting; /* "spf.check" */
	const char *service; /* "SPF service": of "saved, not enforced: no SPF service" */
} feature_table[FEATURE_COUNT];

/* The features of the backend on this host with that filter. */
struct feature_support backend_support(struct ctx *ctx, const struct mta_backend *backend,
                                       const char *filter,
                                       enum mta_feature feature) must_check;

/* Why the setting must not have that value, which is not its default, on this host.  NULL: it may. */
const struct value_limit *backend_limit(struct ctx *ctx,
                                        const struct mta_backend *backend,
                                        const char *setting,
                                        const char *value) must_check;

void backend_found_done(struct mta_found *found);

#endif
