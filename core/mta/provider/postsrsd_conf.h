/*
 * core/mta/provider/postsrsd_conf.h: what postsrsd reads, as text: its configuration and its secrets, an
 * administrator's part and ours.  Pure.
 *
 * Version 1 is started by a script that sources /etc/default/postsrsd as root; version 2 reads
 * /etc/postsrsd.conf itself.  In both the last value of a name holds, and ours is one block at the
 * end between two lines that begin with "# mailauthctl: ".  Every other octet stays what it is;
 * taking ours out of what putting it in gave restores the old text exactly.
 *
 * Tried with 1.10 of Debian 12 and 13, and with 2.0.11 and 2.4.0, built from source.
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

/* Linux takes no argument of a program that is longer, and version 1 gets all exclusions as one
 * ("-X", the list, a NUL). */
#define POSTSRSD_ARGUMENT_MAX 131072

/* What an administrator's part says; NULL: nothing, or nothing that can be told without running
 * it.  Texts are owned. */
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

/* Reads a text without our part.  ERR_FAILED: a quote or a comment in it is never closed, or its
 * last line continues, so that nothing behind it would hold. */
int postsrsd_conf_parse(struct postsrsd_conf *conf, bool is_v2, const char *text,
                        size_t len, struct err *err) must_check;

/* What our block says.  Names are A-labels in lower case, an exclusion may begin with a dot. */
struct postsrsd_request {
	const char *srs_domain;
	const char *secret_path;
	const char *forward_port, *reverse_port; /* version 1 */
	const struct buf *excluded;              /* version 1: one name a line */
	const char *socketmap;                   /* version 2 */
};
/* ERR_FAILED: a value that does not stand in the file as it is, or (version 1) a list of exclusions
 * that is too long; `admin` is what the administrator's part says, `names` how many names the list
 * has. */
int postsrsd_check_request(const struct postsrsd_request *request, bool is_v2,
                           const struct postsrsd_conf *admin, size_t names,
                           struct err *err) must_check;

/* What of `text` is ours, settled: of the block what we write, not what an administrator put between
 * its marks.  False: the block has no end, somebody edited it. */
bool postsrsd_conf_ours(const char *text, size_t len, struct spans *into) must_check;
/* `text` without our block.  False: the block has no end, somebody edited it. */
bool postsrsd_conf_strip(const char *text, size_t len, struct buf *into) must_check;
/* The SRS domain that our block in `text` names (the caller frees); NULL: none. */
char *postsrsd_conf_domain(const char *text, size_t len, bool is_v2) must_check;
/* The block alone, to be put behind what postsrsd_conf_strip() gave. */
void postsrsd_conf_block(const struct postsrsd_request *request, bool is_v2,
                         const char *admin, size_t admin_len, struct buf *into);

/* Whether it may stand in the lists: letters a-z, digits, '-', '.', and '_' in version 1. */
bool postsrsd_is_name(const char *name, bool is_v2) must_check;

/* A file of secrets: ours first, so that the first of them signs, then two empty lines, which the
 * daemon skips, then the administrator's, which go on verifying.  `ours`: one a line. */
void postsrsd_secrets_put(const struct secret *ours, const struct secret *admin,
                          struct secret *ret_text);
/* The administrator's part; all of it when it does not begin with one of `ours`. */
void postsrsd_secrets_strip(const struct secret *ours, const struct secret *text,
                            struct secret *ret_admin);

extern const struct shared_format postsrsd_conf_format;

#endif
