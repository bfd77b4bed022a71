/*
 * core/mta/plan/backend.h: what a mail server's row holds: what it can do, and the few functions of those
 * that we push to.  Everything else about a push exists once, in engine.h and push.h.
 */
#ifndef CORE_MTA_PLAN_BACKEND_H
#define CORE_MTA_PLAN_BACKEND_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* What settings ask of a server.  One row each in a table: name for people ("DKIM signing"), the
 * setting that asks for it. */
enum mta_feature {
	FEATURE_DKIM_SIGN,
	FEATURE_DKIM_VERIFY,
	FEATURE_SPF,
	FEATURE_DMARC,
	FEATURE_SRS,
	FEATURE_COUNT
};

enum mta_support {
	SUPPORT_NO, /* the server cannot: switching it on is refused */
	SUPPORT_PENDING, /* it can, but this program has no provider for it yet: saved, not enforced */
	SUPPORT_ABSENT, /* what provides it is not installed here: saved, not enforced */
	SUPPORT_YES,
};

struct mta_found { /* what detect() found; see backend_found_done() */
	bool is_installed;
	bool is_running;
	char *version;    /* "3.7.11"; NULL: not known */
	char *config_dir; /* inside the root */
	char *hostname;   /* the server's own full name; NULL: none */
	char *filter;     /* "opendkim 2.11.0"; NULL: none */
	char *why_not;    /* one sentence: why it was not found or cannot be used */
};

struct desired;

struct mta_backend {
	const char *name, *title;
	enum mta_support support[FEATURE_COUNT];
	const char *nearest
		[FEATURE_COUNT]; /* what it can do instead, or why not; for refusals */
	const char *dmarc_rules; /* "OpenDMARC 1.4: RFC 7489"; NULL: unknown */
	bool needs_no_adoption;  /* it writes below a path of its own only */
	/* Whether what does a SUPPORT_YES feature is installed; NULL: nothing more is needed. */
	bool (*has_provider)(struct ctx *ctx, enum mta_feature feature);
	/* NULL in rows that this version does not push to. */
	int (*detect)(struct ctx *ctx, struct store *store, struct mta_found *ret_found,
	              struct err *err);
	/* What it observes is the backend's own: a pointer that the functions below are given.  NULL
	 * is an answer, too. */
	int (*observe)(struct ctx *ctx, struct store *store, void **ret_observed,
	               struct err *err);
	void (*observed_free)(void *observed); /* accepts NULL */
	/* From the desired state (NULL: everything that is ours goes) and what was observed. */
	int (*plan)(const struct desired *desired, const void *observed,
	            struct plan *ret_plan, struct err *err);
	/* A rollback.  `plan` has the files and folders that change, already looked at: gives
	 * them their ranks and causes, and adds the services and probes that make the servers use
	 * them.  NULL: nobody is told. */
	int (*restore)(const void *observed, struct plan *plan, struct err *err);
	/* What the finished plan must satisfy beyond its steps (tables, endpoints, postconf). */
	int (*validate)(struct ctx *ctx, const struct plan *plan, const void *observed,
	                struct err *err);
};

extern const struct feature_row {
	const char *name;    /* "SPF" */
	const char *setting; /* "spf.check" */
	const char *service; /* "SPF service": of "saved, not enforced: no SPF service" */
	const char *provider; /* the program or package that does it beside Postfix */
} feature_table[FEATURE_COUNT];

/* What the backend can do on this host: SUPPORT_ABSENT where its provider is not installed. */
enum mta_support backend_support(struct ctx *ctx, const struct mta_backend *backend,
                                 enum mta_feature feature) must_check;

void backend_found_done(struct mta_found *found);

#endif
