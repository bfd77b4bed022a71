/*
 * core/mta/provider/opendmarc_conf.h: an administrator's opendmarc.conf as text, and our marked
 * block in it.  OpenDMARC 1.4 has no Include, and the last of several values of a keyword counts
 * (tested): ours is a block at the end, an administrator's own lines above it are unchanged.  Its
 * lines are parsed by opendkim_conf_parse(), like those of opendkim.conf.  Pure.
 */
#ifndef CORE_MTA_PROVIDER_OPENDMARC_CONF_H
#define CORE_MTA_PROVIDER_OPENDMARC_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/mta/host/spans.h"
#include "core/mta/plan/shared.h"

#define OPENDMARC_CONF "/etc/opendmarc.conf"

/* What of `text` is ours, settled. */
void opendmarc_conf_ours(const char *text, size_t len, struct spans *into);
/* `text` without our block.  Restores the exact argument of opendmarc_conf_with(); lines that were
 * added between its marks are kept. */
void opendmarc_conf_without(const char *text, size_t len, struct buf *into);
/* `text` with `block` (whole lines "Keyword value") as its last lines, between our marks. */
void opendmarc_conf_with(const char *text, size_t len, const char *block,
                         struct buf *into);

/* What `opendmarc -n` lets pass: whether each line of `block` is in force in `text`, whether there
 * is a socket, and whether the PublicSuffixList is an absolute path.  `queue_dir` as for
 * opendkim_endpoint(). */
int opendmarc_conf_check(const char *text, const char *block, const char *queue_dir,
                         struct err *err) must_check;

extern const struct shared_format opendmarc_conf_format;

#endif
