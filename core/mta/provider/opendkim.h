/*
 * core/mta/provider/opendkim.h: OpenDKIM 2.11 as a component that signs: its tables, key files and
 * configuration.  The same functions render files for a live host and for another host.
 */
#ifndef CORE_MTA_PROVIDER_OPENDKIM_H
#define CORE_MTA_PROVIDER_OPENDKIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/mta/host/networks.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/desired.h"
#include "core/mta/plan/plan.h"
#include "core/mta/provider/opendkim_conf.h"

/* Causes: what a change of these makes due (plan_cause()). */
#define CAUSE_KEYS "opendkim: keys"
#define CAUSE_TABLES "opendkim: tables"
#define CAUSE_FILTER "opendkim: configuration"

#define OPENDKIM_FOLDER "/etc/mailauthctl/opendkim"
#define OPENDKIM_KEY_TABLE OPENDKIM_FOLDER "/KeyTable"
#define OPENDKIM_SIGNING_TABLE OPENDKIM_FOLDER "/SigningTable"
#define OPENDKIM_INTERNAL_HOSTS OPENDKIM_FOLDER "/InternalHosts"
#define OPENDKIM_FINAL OPENDKIM_FOLDER "/final.lua" /* of earlier versions */
#define OPENDKIM_KEYS "/etc/dkimkeys"

/* The present state of OpenDKIM. */
struct opendkim_observed {
	bool is_installed, is_running;
	char *conf_path; /* the real opendkim.conf */
	bool has_conf;
	struct buf conf;            /* its text */
	struct opendkim_conf admin; /* its configuration without ours */
	struct buf our_conf;        /* our part of it */
	uid_t uid;
	gid_t gid;
};

/* ---- tables (opendkim_tables.c) --------------------------------------------------------------- */

/* KeyTable and SigningTable while they are made: one line for each name.  A name with both
 * algorithms signs with RSA: this OpenDKIM signs with one algorithm for all. */
struct opendkim_tables {
	struct buf keys, signing;
	bool is_ed25519;   /* every line's key is */
	bool is_as_pushed; /* not rendered: those of the last push are unchanged */
	struct signing_row pending; /* owned texts; name NULL: none */
	char *first_rsa, *first_ed25519;
	/* Told of each row that made it into the tables; may be NULL. */
	void (*chosen)(void *arg, const struct signing_row *row);
	void *arg;
};
void opendkim_tables_done(struct opendkim_tables *tables);
/* Rows come sorted by name, "rsa" last, as signing_each() gives them. */
int opendkim_tables_add(struct opendkim_tables *tables, const struct signing_row *row,
                        struct err *err) must_check;
/* After the last row.  ERR_FAILED: some names have an Ed25519 key alone, others sign with RSA. */
int opendkim_tables_end(struct opendkim_tables *tables, struct err *err) must_check;

/* Proves finished tables: one bad line ends the daemon.  Fields, length, order, each signing name
 * once, its key known.  `each_path` (NULL: none) is called with every key file. */
int opendkim_check_tables(const char *keys, const char *signing,
                          int (*each_path)(void *arg, const char *path, struct err *err),
                          void *arg, struct err *err) must_check;

#define OPENDKIM_KEY_ENDING ".private"

/* "/etc/dkimkeys/<main-domain>/<selector>.private"; the caller frees. */
char *opendkim_key_path(const char *main_name, const char *selector) must_check;

/* ---- configuration (opendkim.c) --------------------------------------------------------------- */

struct opendkim_setup {
	bool is_ed25519;
	const char *socket;  /* "local:/path"; NULL: the administrator's own is used */
	enum step_rank rank; /* of the configuration file */
};
/* The whole of /etc/mailauthctl/opendkim.conf. */
void opendkim_render_conf(const struct opendkim_setup *setup, struct buf *into);

/* Clients whose mail cannot be distinguished from mail that a content filter returns. */
struct opendkim_doubt {
	bool is_loopback; /* this machine */
	bool is_everyone; /* every client that does not log in */
	char *const *host;
	size_t hosts;
};

/* Networks whose mail is signed: mta.signing-networks or else `relayed` and loopback but for those
 * in doubt (NULL: none), without mta.trusted-relays.  What is no network becomes a note. */
void opendkim_internal_hosts(const struct desired *desired, char *const *relayed,
                             size_t relayed_count, const struct opendkim_doubt *doubt,
                             struct networks *set, struct plan *plan);

/* The folders of the files and their owners. */
struct opendkim_place {
	const char *prefix; /* "" or the folder of the directory backend */
	const char *keys;   /* the folder of key files in it; NULL: OPENDKIM_KEYS */
	const char *ending; /* of key files; NULL: OPENDKIM_KEY_ENDING */
	struct file_meta key, key_folder, table;
};

/* What the plan of the filter found, for probes. */
struct opendkim_plan {
	char *signing_name,
		*signing_selector; /* a name that signs, a moved one where there is one */
	char *stopped_name;        /* a moved name that does not; NULL: none */
};
void opendkim_plan_done(struct opendkim_plan *found);

/* Steps for keys, tables, InternalHosts and our configuration file, and the removal of obsolete
 * ones.  `is_active` false: all objects of ours are removed. */
int opendkim_plan_files(const struct desired *desired, const struct opendkim_place *place,
                        const struct opendkim_setup *setup,
                        const struct networks *internal, bool is_active,
                        struct plan *plan, struct opendkim_plan *ret_found,
                        struct err *err) must_check;

/* For a host on which no file was touched and no name changed: nothing is rendered.  `chosen` gets
 * the first name's row.  1: this is such a host, 0: not. */
struct opendkim_keys;
int opendkim_tables_keep(const struct desired *desired, const struct opendkim_keys *keys,
                         const struct opendkim_place *place,
                         struct opendkim_tables *tables, struct err *err) must_check;

/* The same tables if the last push is known and few names changed: its tables with the lines of
 * those names rendered again (opendkim_renew.c).  `chosen` gets their rows and the first one of a
 * name that did not change.  1: done, but not checked yet; 0: render all. */
int opendkim_tables_renew(const struct desired *desired, const struct opendkim_keys *keys,
                          const struct opendkim_place *place,
                          struct opendkim_tables *tables, struct err *err) must_check;

/* Calls `each` with the key file of every line of a KeyTable that is not in `old`, the table before
 * it: with one changed domain among 100,000 the key files are not all checked. */
int opendkim_each_new_path(const struct buf *old, const struct buf *keys,
                           int (*each)(void *arg, const char *path, struct err *err),
                           void *arg, struct err *err) must_check;

/* ---- key files (opendkim_keys.c) -------------------------------------------------------------- */

/* Which names moved, and which key files they need. */
int opendkim_keys_new(const struct desired *desired, struct opendkim_keys **ret_keys,
                      struct err *err) must_check;
void opendkim_keys_free(struct opendkim_keys *keys);
/* Names that moved, those that share a key with one of them too; sorted, each once. */
size_t opendkim_keys_count(const struct opendkim_keys *keys) must_check;
const char *opendkim_keys_name(const struct opendkim_keys *keys, size_t i) must_check;
/* A row that signs; call for all of these names at least, sorted by name. */
void opendkim_keys_chosen(void *keys, const struct signing_row *row);
/* After the last row: files that are wanted, removals, folders. */
int opendkim_keys_plan(struct opendkim_keys *keys, const struct opendkim_place *place,
                       struct plan *plan, struct opendkim_plan *ret_found,
                       struct err *err) must_check;

/* ---- for rows of mail servers --------------------------------------------------------------------- */

/* mta_backend.key_selector and .check_rollback (opendkim_rollback.c). */
char *opendkim_key_selector(const char *path) must_check;
int opendkim_check_rollback(struct store *store, const struct plan *plan, int64_t push_id,
                            struct err *err) must_check;
/* mta_backend.each_key, and the OpenDKIM part of .each_access (opendkim_access.c). */
int opendkim_each_key(struct store *store,
                      void (*each)(void *arg, const struct signing_row *row,
                                   const char *path),
                      void *arg, struct err *err) must_check;
int opendkim_each_access(struct ctx *ctx, struct store *store,
                         void (*each)(void *arg, const struct mta_access *access),
                         void *arg, struct err *err) must_check;

extern const struct service_kind opendkim_service;

#endif
