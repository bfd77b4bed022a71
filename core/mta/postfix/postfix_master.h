/*
 * core/mta/postfix/postfix_master.h: master.cf as text: services and their -o overrides, and our
 * own block at its end: services whose names begin with "mailauth-", between two comment lines that
 * begin with "# mailauthctl: ".  Every other octet stays; taking ours out of what putting it in
 * gave restores the old text exactly.  Pure.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_MASTER_H
#define CORE_MTA_POSTFIX_POSTFIX_MASTER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/macro.h"
#include "core/mta/host/spans.h"
#include "core/mta/plan/shared.h"

struct master_service {
	char *name;      /* "smtp", "127.0.0.1:10025": what $service_name is */
	char *type;      /* "inet", "unix", "fifo", "pass" */
	char *chroot;    /* "y", "n", "-" */
	char *command;   /* "smtpd" */
	char *arguments; /* what follows the command, as written */
	char **option; /* "name=value" of each -o, without blanks around '=' and braces */
	size_t options;
};

struct master_cf {
	struct master_service *service;
	size_t count, room;
};

#define MASTER_CF_INIT ((struct master_cf){ 0 })
#define auto_master_cf cleanup(master_cf_done) struct master_cf
/* Lines with fewer than eight fields, and lines that are not of a service, are skipped. */
void master_cf_parse(struct master_cf *cf, const char *text, size_t len);
void master_cf_done(struct master_cf *cf);

/* The value of the last -o for that parameter.  NULL: none. */
const char *master_override(const struct master_service *service,
                            const char *name) must_check;

bool master_is_smtpd(const struct master_service *service) must_check;
/* The host of a service's name "host:port", brackets kept; NULL: a port alone.  The caller frees.
 */
char *master_host(const struct master_service *service) must_check;
/* The port of a service's name, as written; borrowed. */
const char *master_port(const struct master_service *service) must_check;
/* The service that listens on an endpoint: for inet, the port after the last colon, else the name
 * after the last slash.  NULL: none in master.cf. */
const struct master_service *master_listener(const struct master_cf *cf,
                                             const char *endpoint,
                                             bool is_inet) must_check;
/* Whether the host, in brackets or not, is this machine's loopback. */
bool master_is_loopback(const char *host) must_check;

/* What of `text` is ours, settled. */
void master_cf_ours(const char *text, size_t len, struct spans *into);
/* `text` without anything of ours. */
void master_cf_strip(const char *text, size_t len, struct buf *into);
/* `text` with one service of ours, a line without its break. */
void master_cf_render(const char *text, size_t len, const char *service,
                      struct buf *into);

extern const struct shared_format master_cf_format;

#endif
