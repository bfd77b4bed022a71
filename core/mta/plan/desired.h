/*
 * core/mta/plan/desired.h: what a mail server should do, as a backend's plan() needs it: the effective
 * server settings as plain fields, and iterators over what has a row for each domain, so that
 * 100,000 domains are never an array.  Where the rows come from is handed in (struct desired_rows): for
 * a push it is the database (core/mta/push/desired_store.h), for a test whatever the test has.
 *
 * plan() gets NULL instead where everything of ours goes.  It then plans the files that it shares
 * with an admin (main.cf, master.cf, opendkim.conf) without our lines, and the services; every file
 * that is ours alone is taken away by the engine, after those, from what target.db says is ours.
 */
#ifndef CORE_MTA_PLAN_DESIRED_H
#define CORE_MTA_PLAN_DESIRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/secret.h"
#include "core/model/key/signing.h"
#include "dnszone/spf/spf_check.h"

struct desired {
	bool signs;              /* dkim.sign: customers may sign */
	bool verifies;           /* dkim.verify */
	bool checks_spf;         /* spf.check */
	bool is_spf_asked;       /* ... was set on purpose, not left at its default */
	struct spf_settings spf; /* owned: spf_setting.h */
	bool checks_dmarc;       /* dmarc.check */
	bool rejects_dmarc;      /* dmarc.reject */
	bool has_srs;            /* srs.enabled */
	char *srs_domain;        /* srs.domain, else authserv_id; NULL: unknown */
	char **srs_excluded;     /* srs.exclude-domains */
	size_t srs_excluded_count;
	char *authserv_id;     /* mta.hostname or what adoption kept; NULL: unknown */
	char **trusted_relays; /* mta.trusted-relays */
	size_t trusted_relay_count;
	char **signing_networks; /* mta.signing-networks; count 0: what the server relays for */
	size_t signing_network_count;
	char *filter;          /* mta.filter: "auto", "opendkim", "rspamd" */
	char *filter_position; /* mta.filter-position: "first", "last" */
	char *directory_path;  /* mta.directory.path */
	bool replace_filter;   /* an admin's own signing filter may be taken over */
	bool is_untouched;     /* a look that found every file as the last push left it */
	bool is_everything; /* desired_each_moved() gives every name: nothing is known to hold */
	int64_t since; /* generation that the host has; 0 when is_everything */

	/* for the functions below */
	const struct desired_rows *rows; /* NULL: no rows */
	void *source;                    /* borrowed; handed to them */
};
void desired_done(struct desired *desired);

typedef int desired_name_fn(void *arg, const char *name, struct err *err);
typedef int desired_signing_fn(void *arg, const struct signing_row *row, struct err *err);

/* What the functions below ask for; NULL: there is none of it.  A callback's non-zero ends the walk and is
 * returned. */
struct desired_rows {
	/* `name` NULL: of all names, sorted by name. */
	int (*each_signing)(void *source, const char *name, desired_signing_fn *each,
	                    void *arg, struct err *err);
	int (*each_moved)(void *source, int64_t since, desired_name_fn *each, void *arg,
	                  struct err *err);
	int (*each_sharing)(void *source, const char *name, desired_name_fn *each,
	                    void *arg, struct err *err);
	int (*each_name)(void *source, desired_name_fn *each, void *arg, struct err *err);
	int (*each_owned)(void *source, const char *domain, desired_name_fn *each,
	                  void *arg, struct err *err);
	int (*owns)(void *source, const char *path, bool *ret_owns, struct err *err);
	int (*pushed)(void *source, const char *path, int64_t limit, struct buf *into,
	              struct err *err);
	int (*key_pem)(void *source, int64_t key_id, struct secret *ret_pem,
	               struct err *err);
	int (*srs_secrets)(void *source, struct secret *ret_lines, struct err *err);
};

/* Every row that signs now, sorted by name: KeyTable and SigningTable are rendered from it.  None
 * when `signs` is off. */
int desired_each_signing(const struct desired *desired, desired_signing_fn *each,
                         void *arg, struct err *err) must_check;
/* The same for one name: from inside desired_each_moved(), to know which key files it needs. */
int desired_each_signing_of(const struct desired *desired, const char *name,
                            desired_signing_fn *each, void *arg,
                            struct err *err) must_check;

/* Names whose key files must be looked at, each once: those that moved since the host's
 * generation, or (is_everything) every name of the store and every one that we hold files of. */
int desired_each_moved(const struct desired *desired, desired_name_fn *each, void *arg,
                       struct err *err) must_check;

/* Names that sign with a key of `name`'s main domain: that domain and its aliases, `name` with them. */
int desired_each_sharing(const struct desired *desired, const char *name,
                         desired_name_fn *each, void *arg, struct err *err) must_check;

/* Whether the file at `path` (inside the root) is ours on this host. */
int desired_owns(const struct desired *desired, const char *path, bool *ret_owns,
                 struct err *err) must_check;

/* Paths (inside the root) of files that are ours on this host and serve `domain` alone: those that
 * are not wanted any more get plan_remove().  A step says whom it serves in step->domain. */
int desired_each_owned(const struct desired *desired, const char *domain,
                       desired_name_fn *each, void *arg, struct err *err) must_check;

/* Every name of the store, sorted: domains and aliases, suspended ones and those that send no mail
 * too. */
int desired_each_name(const struct desired *desired, desired_name_fn *each, void *arg,
                      struct err *err) must_check;

/* The secrets of SRS as srs_secret_lines() gives them. */
int desired_srs_secrets(const struct desired *desired, struct secret *ret_lines,
                        struct err *err) must_check;

/* The content that the last push gave the file `path`, appended to `into`; at most `limit` octets
 * of it (0: all).  1: it is known, 0: not.
 * What stands there now may be another: somebody may have edited it. */
int desired_pushed(const struct desired *desired, const char *path, int64_t limit,
                   struct buf *into, struct err *err) must_check;

/* The private half of a key as a PEM file's text. */
int desired_key_pem(const struct desired *desired, int64_t key_id, struct secret *ret_pem,
                    struct err *err) must_check;

#endif
