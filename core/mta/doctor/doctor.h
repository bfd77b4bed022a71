/*
 * core/mta/doctor/doctor.h: checks for common faults, in one run.
 *
 * One row of the table for each kind of fault; its function reports findings.  A check changes
 * nothing and takes no lock, and its time is limited: at its deadline it ends and reports what it
 * left out.  What this user is not permitted to read is a finding of its own (skipped).
 */
#ifndef CORE_MTA_DOCTOR_DOCTOR_H
#define CORE_MTA_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/plan.h"
#include "core/mta/push/drift.h"
#include "core/mta/push/push.h"
#include "core/store/store.h"
#include "dnszone/query/query.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_NOTE,    /* worth knowing; nothing to be done */
	DOCTOR_SKIPPED, /* could not be checked, or need not be */
	DOCTOR_WARNING, /* works, or soon will not */
	DOCTOR_PROBLEM, /* does not work */
	DOCTOR_STATE_COUNT
};
/* "ok", "note", "skipped", "warning", "problem": for JSON. */
const char *doctor_state_name(enum doctor_state state) must_check;

struct doctor_finding {
	const char *check; /* name of its row */
	enum doctor_state state;
	char *subject; /* the file, service, name or domain that it is about; NULL: none */
	char *text;    /* what, one sentence */
	char *remedy;  /* a command, or a sentence; NULL: nothing is to be done */
	const char *
		kind; /* findings of one kind share their wording, or are errors of one check */
	size_t more; /* as many more of this kind were found */
};

/* The mail host as a push sees it, read by the first check that asks. */
struct doctor_host {
	bool is_read, is_failed;
	const struct mta_backend *backend; /* NULL: none was found */
	bool is_adopted;
	struct mta_found found;
	struct target_state state;
	struct plan plan,
		probes; /* what a push would do, and what it would ask at its end */
	struct drifts drifts;
	bool has_plan;
	struct err failure; /* why the plan cannot be made; code 0: it can */
};

struct doctor {
	struct ctx *ctx;
	const char *db_path; /* as the machine sees it */
	struct store *store; /* NULL: there is none, or it cannot be read */
	struct err store_error;
	const struct query_servers
		*servers; /* the name servers to query; NULL: the system's */
	bool is_all;      /* every domain and key instead of a sample */
	const char *check;
	size_t begin; /* first finding of the running check */
	struct doctor_finding *finding;
	size_t count, room;
	struct doctor_host host;
};

struct doctor_check {
	const char *name;  /* "database": an interface */
	const char *title; /* N_() */
	bool is_offline;   /* files alone: also below --root */
	void (*run)(struct doctor *d);
};

/* Ends in {0}. */
extern const struct doctor_check doctor_checks[];
/* NULL: no such check. */
const struct doctor_check *doctor_find(const char *name) must_check;

/* Opens the database where it can be; all pointers are borrowed. */
void doctor_init(struct doctor *d, struct ctx *ctx, const char *db_path,
                 const struct query_servers *servers, bool is_all);
void doctor_done(struct doctor *d);
/* Appends the findings of the check; at least one. */
void doctor_run(struct doctor *d, const struct doctor_check *check);

/* ---- for checks ------------------------------------------------------------------------------ */

enum {
	DOCTOR_DOMAINS = 50,  /* domains that are checked without --all */
	DOCTOR_KEYS = 2000,   /* key files likewise */
	DOCTOR_SIMILAR = 10,  /* findings of one kind that are listed one by one */
	DOCTOR_DNS_MS = 20000 /* for all questions to name servers, without --all */
};

/* Adds a finding.  `fmt` is a literal: its address identifies the kind of finding.  `subject` and
 * `remedy` may be NULL and are copied. */
void doctor_add(struct doctor *d, enum doctor_state state, const char *subject,
                const char *remedy, const char *fmt, ...) printf_like(5, 6);
/* The fault of an error, with the error's own remedy if it has one, else `remedy`. */
void doctor_add_err(struct doctor *d, enum doctor_state state, const char *subject,
                    const struct err *err, const char *remedy);
/* The check itself failed: a problem for root, for others something that only root may see. */
void doctor_add_failure(struct doctor *d, const char *subject, const struct err *err);
/* Whether a warning or a problem was added by the running check. */
bool doctor_has_trouble(const struct doctor *d) must_check;

/* Reads the host once.  False: it cannot be; the reason was added. */
bool doctor_read_host(struct doctor *d) must_check;

void doctor_program(struct doctor *d);     /* doctor_program.c */
void doctor_clock(struct doctor *d);       /* doctor_program.c */
void doctor_cron(struct doctor *d);        /* doctor_program.c */
void doctor_database(struct doctor *d);    /* doctor_database.c */
void doctor_disk(struct doctor *d);        /* doctor_disk.c */
void doctor_server(struct doctor *d);      /* doctor_server.c */
void doctor_services(struct doctor *d);    /* doctor_server.c */
void doctor_overrides(struct doctor *d);   /* doctor_server.c */
void doctor_permissions(struct doctor *d); /* doctor_keys.c */
void doctor_keys(struct doctor *d);        /* doctor_keys.c */
void doctor_zones(struct doctor *d);       /* doctor_zones.c */
void doctor_resolver(struct doctor *d);    /* doctor_dns.c */
void doctor_hostname(struct doctor *d);    /* doctor_dns.c */
void doctor_dns(struct doctor *d);         /* doctor_records.c */

/* A known fault of a version: one sentence, NULL: none. */
const char *doctor_version_fault(const struct mta_backend *backend,
                                 const char *version) must_check;
/* The state for the free octets and inodes of a file system (inodes -1: it does not count them). */
enum doctor_state doctor_space(uint64_t octets, int64_t inodes) must_check;
/* How bad it is that the export of all zones last ran at `last` (0: never). */
enum doctor_state doctor_age(int64_t last, int64_t now) must_check;

#endif
