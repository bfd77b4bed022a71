/* core/mta/postfix/postfix_observed.h: what the files of the Postfix backend share. */
#ifndef CORE_MTA_POSTFIX_POSTFIX_OBSERVED_H
#define CORE_MTA_POSTFIX_POSTFIX_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/plan.h"
#include "core/mta/postfix/postfix_canonical.h"
#include "core/mta/postfix/postfix_filters.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/postfix/signers.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/provider/opendkim_conf.h"
#include "core/mta/provider/policyd_conf.h"
#include "core/mta/provider/postsrsd.h"
#include "core/store/store.h"

/* Causes: what a change of these makes due (plan_cause()). */
#define CAUSE_SERVER "postfix: main.cf"
#define CAUSE_MASTER "postfix: master.cf"

#define POSTFIX_FOLDER "/etc/postfix"
extern const struct service_kind postfix_service; /* postfix_service.c */

#define POSTFIX_FILE_LIMIT ((size_t)4 << 20)

/* The location of Postfix and its own reports (postfix_detect.c). */
struct postfix_host {
	bool is_installed, is_running;
	char *config_dir, *queue_dir;
	char *version, *hostname; /* NULL: unknown */
	char *networks;           /* mynetworks, expanded */
	char *why_not;            /* NULL: it is there */
	char *instances; /* folders of other instances that are enabled here; NULL: none */
};
int postfix_host_read(struct ctx *ctx, struct store *store, struct postfix_host *ret_host,
                      struct err *err) must_check;
void postfix_host_done(struct postfix_host *host);
/* Why its own programs refuse main.cf in the folder; NULL: they do not, or cannot be run.  The
 * caller frees. */
char *postfix_fatal(struct ctx *ctx, const char *config_dir) must_check;

/* The SPF service. */
struct policyd_observed {
	bool is_installed;
	char *user; /* its account; NULL: none exists */
};

/* SRS. */
struct srs_observed {
	struct postsrsd_observed daemon;
	bool is_in_place;               /* main.cf names our tables already */
	char *domain;                   /* that was probed; NULL: none */
	enum acceptance is_domain_here; /* whether Postfix accepts mail for it */
	char *rewritten; /* a sentence on domains that are accepted here and rewritten; NULL */
};

/* The present state of OpenDMARC, which earlier versions set up. */
struct earlier_observed {
	bool is_running;
	char *conf_path; /* the real opendmarc.conf */
	bool has_conf;
	struct buf conf; /* its text */
};

/* The state of the host before a push: Postfix itself, then a member for each part. */
struct postfix_observed {
	bool is_rooted;
	struct store *store; /* only for the parts' observe(); borrowed */
	struct postfix_host host;
	char *main_path; /* the real file at the end of links; NULL: Postfix is not installed */
	char *master_path; /* NULL: there is none */
	struct buf main_cf, master_cf;
	char **network; /* items of mynetworks, its files read, without `world` */
	size_t networks, network_room;
	char *world; /* the first item of mynetworks that includes the world; NULL: none */
	struct filter_tables filters;
	bool is_returned_elsewhere; /* another instance accepts what local filters return */
	gid_t postfix_gid;
	struct signers signers; /* before ours is included: who signs already */
	struct opendkim_observed dkim;
	struct policyd_observed spf;
	struct earlier_observed earlier;
	const char *rspamd_results; /* its file that lets it write results; NULL: none */
	struct srs_observed srs;
};

int postfix_detect(struct ctx *ctx, struct store *store, struct mta_found *ret_found,
                   struct err *err) must_check;
int postfix_observe(struct ctx *ctx, struct store *store,
                    struct postfix_observed **ret_observed, struct err *err) must_check;
void postfix_observed_free(struct postfix_observed *observed);
/* These two are given what postfix_observe() gave: functions of the row.
 * A rollback's files get their ranks, and services and probes are added. */
int postfix_restore(const void *observed, struct plan *plan, struct err *err) must_check;
/* 1: the file was read to the end of `into`, 0: it is not there. */
int postfix_read_if_there(struct ctx *ctx, const char *path, struct buf *into,
                          struct err *err) must_check;
/* The service's name for reloads; the caller frees. */
char *postfix_service_name(const struct postfix_observed *observed) must_check;
int postfix_validate(struct ctx *ctx, const struct plan *plan, const void *observed,
                     struct err *err) must_check;

/* The SPF service as the first mail filter (cli/policyd/policyd_milter.h): without it forged
 * results would be trusted, so mail is deferred if it does not answer. */
#define POSTFIX_GUARD_MILTER \
	"{ unix:" POLICYD_SOCKET ", " MAIN_MILTER_LIMITS ", default_action=tempfail }"

#define POSTFIX_MILTER_OPTIONS MAIN_MILTER_LIMITS ", default_action=tempfail"

#endif
