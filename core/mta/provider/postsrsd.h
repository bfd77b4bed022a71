/*
 * core/mta/provider/postsrsd.h: postsrsd as a component: its present state, and the steps that
 * apply the settings of SRS.  The same functions render files for a live host and for another host.
 * It has no reload, so every change is a restart.  Tested with 1.10 of Debian 12 and 13, and with
 * 2.0.11 and 2.4.0, built from source.
 */
#ifndef CORE_MTA_PROVIDER_POSTSRSD_H
#define CORE_MTA_PROVIDER_POSTSRSD_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/base/secret.h"
#include "core/mta/plan/desired.h"
#include "core/mta/plan/plan.h"
#include "core/mta/provider/postsrsd_conf.h"
#include "core/store/store.h"

/* Causes: what a change of these makes due (plan_cause()). */
#define CAUSE_SRS "postsrsd: what it reads"

#define POSTSRSD_SERVICE "postsrsd"
/* Senders of which postsrsd cannot make an SRS address are not rewritten: a table (regexp_table(5))
 * that Postfix asks before it. */
#define POSTSRSD_KEEP "/etc/mailauthctl/srs-keep.regexp"
#define POSTSRSD_DROP_IN "/etc/systemd/system/postsrsd.service.d/mailauthctl.conf"

/* The present state of postsrsd.  Starts as zeros. */
struct postsrsd_observed {
	bool is_installed, is_running;
	bool has_systemd;    /* the machine's units are systemd's */
	char *start_command; /* what starts it otherwise; NULL: not known */
	bool is_v2;
	char *version;   /* "1.10"; NULL: unknown */
	char *conf_path; /* the real file at the end of links */
	bool has_conf;
	struct buf admin_text;      /* its configuration without our block */
	struct postsrsd_conf admin; /* its values */
	bool has_block;
	char *our_domain; /* the SRS domain that our block names; NULL: none */
	bool is_damaged;  /* our block has no end: the file is not changed */
	char *why_not; /* why nothing can be added to its configuration; NULL: it can */
	char *secret_path;
	bool has_secret;            /* the file exists */
	struct secret admin_secret; /* ... and contains this besides ours */
	bool has_our_secret;
};
void postsrsd_observed_done(struct postsrsd_observed *observed);

/* Whether the daemon is installed. */
bool postsrsd_is_installed(struct ctx *ctx) must_check;
int postsrsd_observe(struct ctx *ctx, struct store *store,
                     struct postsrsd_observed *observed, struct err *err) must_check;

/* Its tables as Postfix with that queue directory names them, and, absolute, as everybody else
 * does.  Owned texts. */
struct postsrsd_tables {
	char *forward, *reverse;
	char *sender; /* for senders: forward, preceded by the exclusions */
	char *probe_forward, *probe_reverse;
};
void postsrsd_tables_done(struct postsrsd_tables *tables);
#define auto_postsrsd_tables cleanup(postsrsd_tables_done) struct postsrsd_tables
void postsrsd_tables_of(const struct postsrsd_observed *observed, const char *queue_dir,
                        struct postsrsd_tables *ret_tables);

/* The location of the files. */
struct postsrsd_place {
	const char *prefix;   /* "" or the folder of the directory backend */
	bool is_live;         /* services are told and probed */
	bool is_server_there; /* the mail server runs, so the daemon is to run */
};

/* Its files, the restart and the probes, up to RANK_PROVIDERS.  desired->srs_domain is known.
 * ERR_FAILED: there is no secret, or what it would be given is not possible. */
int postsrsd_plan(const struct desired *desired, const struct postsrsd_observed *observed,
                  const struct postsrsd_place *place,
                  const struct postsrsd_tables *tables, struct plan *plan,
                  struct err *err) must_check;
/* Removes all objects of ours, at RANK_LEFTOVERS.  `desired` NULL: those that are only ours are
 * left to the engine. */
void postsrsd_plan_out(const struct desired *desired,
                       const struct postsrsd_observed *observed, struct plan *plan);

/* Parts of the two above, for a rollback: it runs and reads its changed files again, a foreign
 * sender is rewritten and restored; its state before is restored. */
void postsrsd_plan_service(const struct postsrsd_observed *observed,
                           const struct postsrsd_place *place, struct plan *plan);
void postsrsd_plan_probe(const char *srs_domain, const struct postsrsd_tables *tables,
                         unsigned when, struct plan *plan);
void postsrsd_plan_service_out(const struct postsrsd_observed *observed,
                               struct plan *plan);

/* For the directory backend: files below `prefix` that an administrator copies to a host with
 * version 1. */
#define POSTSRSD_PART "/etc/mailauthctl/postsrsd.default"
int postsrsd_plan_parts(const struct desired *desired, const char *prefix,
                        struct plan *plan, struct err *err) must_check;
void postsrsd_drop_parts(const char *prefix, struct plan *plan);

extern const struct service_kind postsrsd_service;

#endif
