/*
 * core/mta/plan/desired.h: the desired state of a mail server, as a backend's plan() requires it:
 * the effective server settings as fields, and iterators over rows of domains, so that 100,000
 * domains are never an array.
 *
 * The source of the rows is passed in (struct desired_rows): for a push it is the database
 * (core/mta/push/desired_store.h), for a test any data.
 *
 * plan() gets NULL if all objects of ours are to be removed.  It then plans the files that it
 * shares with an administrator (main.cf, master.cf, opendkim.conf) without our lines, and the
 * services; the engine removes every file that is only ours after those, according to target.db.
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
#include "core/model/record/records_list.h"
#include "core/mta/plan/remote.h"
#include "dnszone/spf/spf_check.h"

struct desired {
	bool signs;              /* dkim.sign: customers may sign */
	bool verifies;           /* dkim.verify */
	bool checks_spf;         /* spf.check */
	bool is_spf_asked;       /* ... was set, not left at its default */
	struct spf_settings spf; /* owned: spf_setting.h */
	bool checks_dmarc;       /* dmarc.check */
	bool rejects_dmarc;      /* dmarc.reject */
	char **dmarc_exceptions; /* dmarc.exceptions */
	size_t dmarc_exception_count;
	bool has_srs;        /* srs.enabled */
	char *srs_domain;    /* srs.domain, else authserv_id; NULL: unknown */
	char **srs_excluded; /* srs.exclude-domains */
	size_t srs_excluded_count;
	char *authserv_id; /* mta.hostname or the name stored at the adoption; NULL: unknown */
	char **trusted_relays; /* mta.trusted-relays */
	size_t trusted_relay_count;
	char **signing_networks; /* mta.signing-networks; count 0: those it relays for */
	size_t signing_network_count;
	char *filter;          /* mta.filter: "auto", "opendkim", "rspamd" */
	char *filter_position; /* mta.filter-position: "first", "last" */
	char *directory_path;  /* mta.directory.path */
	bool replace_filter;   /* an administrator's own signing filter may be replaced */
	bool is_untouched;     /* a look that found every file as the last push left it */
	bool is_everything; /* the host's state is unknown: desired_each_moved() has all names */
	int64_t since;         /* generation of the host; 0 if is_everything */
	bool has_new_settings; /* settings of the server changed since then */

	/* for the functions below */
	const struct desired_rows *rows; /* NULL: no rows */
	void *source;                    /* borrowed; passed to them */
};
void desired_done(struct desired *desired);

typedef int desired_name_fn(void *arg, const char *name, struct err *err);
typedef int desired_signing_fn(void *arg, const struct signing_row *row, struct err *err);

/* The source of the functions below; NULL: no such data.  A callback's non-zero ends the iteration
 * and is returned. */
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
	int (*server_signing)(void *source, const char *name, char **ret_selector,
	                      struct err *err);
	int (*wish)(void *source, const char *name, struct signing_wish *ret_wish,
	            struct err *err);
	int (*records)(void *source, const char *name, bool *ret_is_there,
	               struct record_list *ret_list, struct err *err);
	int (*base)(void *source, const char *url, const char *setting, bool *ret_owns,
	            struct remote_value *ret_base, struct err *err);
};

/* Every row that signs now with a key of ours, sorted by name: KeyTable and SigningTable are rendered from it.  None
 * if `signs` is off. */
int desired_each_signing(const struct desired *desired, desired_signing_fn *each,
                         void *arg, struct err *err) must_check;
/* The same for one name: inside desired_each_moved(), to determine the key files that it requires.
 */
int desired_each_signing_of(const struct desired *desired, const char *name,
                            desired_signing_fn *each, void *arg,
                            struct err *err) must_check;

/* Whether any name signs now: without one no signer is set up. */
int desired_has_signing(const struct desired *desired, bool *ret_has,
                        struct err *err) must_check;

/* For a server that makes its keys itself: the selector of the one with which `name` signs (NULL: it
 * does not; the caller frees), and what is to be done about its key. */
int desired_server_signing(const struct desired *desired, const char *name,
                           char **ret_selector, struct err *err) must_check;
int desired_wish(const struct desired *desired, const char *name,
                 struct signing_wish *ret_wish, struct err *err) must_check;

/* Whether a setting of the server at `url` is ours, and what it was before; that of a secret is not
 * known.  The caller wipes ret_base->text. */
int desired_base(const struct desired *desired, const char *url, const char *setting,
                 bool *ret_owns, struct remote_value *ret_base,
                 struct err *err) must_check;

/* Names whose key files must be compared, each once: those that changed since the host's
 * generation, or (is_everything) every name of the store and every one that has files here. */
int desired_each_moved(const struct desired *desired, desired_name_fn *each, void *arg,
                       struct err *err) must_check;

/* Names that sign with a key of `name`'s main domain: that domain and its aliases, including
 * `name`. */
int desired_each_sharing(const struct desired *desired, const char *name,
                         desired_name_fn *each, void *arg, struct err *err) must_check;

/* Whether the file or the folder at `path` (inside the root) is ours on this host. */
int desired_owns(const struct desired *desired, const char *path, bool *ret_owns,
                 struct err *err) must_check;

/* Paths (inside the root) of files that are ours on this host and belong to `domain` only: those
 * that are obsolete get plan_remove(). step->domain is the domain of a step. */
int desired_each_owned(const struct desired *desired, const char *domain,
                       desired_name_fn *each, void *arg, struct err *err) must_check;

/* Every name of the store, sorted: domains and aliases, including suspended ones and those that
 * send no mail. */
int desired_each_name(const struct desired *desired, desired_name_fn *each, void *arg,
                      struct err *err) must_check;

/* The effective records of a name of the store, for any dns.service.  *ret_is_there false: it is not in
 * the store. */
int desired_records(const struct desired *desired, const char *name, bool *ret_is_there,
                    struct record_list *ret_list, struct err *err) must_check;

/* The secrets of SRS as from srs_secret_lines(). */
int desired_srs_secrets(const struct desired *desired, struct secret *ret_lines,
                        struct err *err) must_check;

/* Appends the content of the file `path` after the last push to `into`; at most `limit` octets of
 * it (0: all). 1: known, 0: not.  The present content may differ: the file may have been edited. */
int desired_pushed(const struct desired *desired, const char *path, int64_t limit,
                   struct buf *into, struct err *err) must_check;

/* The private half of a key as a PEM file's text. */
int desired_key_pem(const struct desired *desired, int64_t key_id, struct secret *ret_pem,
                    struct err *err) must_check;

#endif
