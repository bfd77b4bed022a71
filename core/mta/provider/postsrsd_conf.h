/*
 * core/mta/provider/postsrsd_conf.h: postsrsd's files as text: its configuration and its secrets,
 * an administrator's part and ours.  Pure.
 *
 * Version 1 is started by a script that sources /etc/default/postsrsd as root; version 2 reads
 * /etc/postsrsd.conf itself.  In both the last value of a name counts, and ours is one block at the
 * end between two lines that begin with "# mailauthctl: ".  Every other octet is unchanged;
 * removing our part restores the exact text before it was inserted.  Tested with 1.10 of Debian 12
 * and 13, and with 2.0.11 and 2.4.0, built from source.
 */
#ifndef CORE_MTA_PROVIDER_POSTSRSD_CONF_H
#define CORE_MTA_PROVIDER_POSTSRSD_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/base/secret.h"
#include "core/mta/host/spans.h"
#include "core/mta/plan/shared.h"

#define POSTSRSD_DEFAULT "/etc/default/postsrsd" /* version 1 */
#define POSTSRSD_CONF "/etc/postsrsd.conf"       /* version 2 */
#define POSTSRSD_SECRET "/etc/postsrsd.secret"
#define POSTSRSD_DOMAINS "/etc/mailauthctl/postsrsd.domains" /* version 2 */

/* Linux accepts no longer argument of a program, and version 1 gets all exclusions as one ("-X",
 * the list, a NUL). */
#define POSTSRSD_ARGUMENT_MAX 131072

/* The values of an administrator's part; NULL: none, or not known without running it.  Texts are
 * owned. */
struct postsrsd_conf {
	char *secret_path;
	char *forward_port, *reverse_port; /* version 1: numbers */
	char *listen;                      /* version 1 */
	char *excluded;                    /* version 1: his own list */
	char *socketmap;                   /* version 2: "unix:/path", "inet:host:port" */
	char *domains_file;                /* version 2 */
};
void postsrsd_conf_done(struct postsrsd_conf *conf);
#define auto_postsrsd_conf cleanup(postsrsd_conf_done) struct postsrsd_conf

/* Parses a text without our part.  ERR_FAILED: a quote or a comment in it is never closed, or its
 * last line continues, so that text after it would have no effect. */
int postsrsd_conf_parse(struct postsrsd_conf *conf, bool is_v2, const char *text,
                        size_t len, struct err *err) must_check;

/* The values of our block.  Names are A-labels in lower case, an exclusion may begin with a dot. */
struct postsrsd_request {
	const char *srs_domain;
	const char *secret_path;
	const char *forward_port, *reverse_port; /* version 1 */
	const struct buf *excluded;              /* version 1: one name a line */
	const char *socketmap;                   /* version 2 */
};
/* ERR_FAILED: a value that cannot be written unchanged, or (version 1) a list of exclusions that is
 * too long; `admin` are the values of the administrator's part, `names` is the number of names in
 * the list. */
int postsrsd_check_request(const struct postsrsd_request *request, bool is_v2,
                           const struct postsrsd_conf *admin, size_t names,
                           struct err *err) must_check;

/* The part of `text` that is ours: of the block the lines that we write, not those that were added
 * between its marks.  False: the block has no end, so it was edited. */
bool postsrsd_conf_ours(const char *text, size_t len, struct spans *into) must_check;
/* `text` without our block.  False: the block has no end, so it was edited. */
bool postsrsd_conf_strip(const char *text, size_t len, struct buf *into) must_check;
/* The SRS domain that our block in `text` names (the caller frees); NULL: none. */
char *postsrsd_conf_domain(const char *text, size_t len, bool is_v2) must_check;
/* Only the block, to be appended to the result of postsrsd_conf_strip(). */
void postsrsd_conf_block(const struct postsrsd_request *request, bool is_v2,
                         const char *admin, size_t admin_len, struct buf *into);

/* Whether it is allowed in the lists: letters a-z, digits, '-', '.', and '_' in version 1. */
bool postsrsd_is_name(const char *name, bool is_v2) must_check;

/* A file of secrets: ours first, so that the first of them signs, then two empty lines, which the
 * daemon skips, then the administrator's, which still verify.  `ours`: one per line. */
void postsrsd_secrets_put(const struct secret *ours, const struct secret *admin,
                          struct secret *ret_text);
/* The administrator's part; all of it if it does not begin with one of `ours`. */
void postsrsd_secrets_strip(const struct secret *ours, const struct secret *text,
                            struct secret *ret_admin);

extern const struct shared_format postsrsd_conf_format;

#endif
