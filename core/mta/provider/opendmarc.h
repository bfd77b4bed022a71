/*
 * core/mta/provider/opendmarc.h: OpenDMARC 1.4, as earlier versions of this program set it up: our
 * marked block at the end of its configuration, a list of clients.  A push removes both, and a
 * rollback to a push of such a version restores them.  Pure.
 */
#ifndef CORE_MTA_PROVIDER_OPENDMARC_H
#define CORE_MTA_PROVIDER_OPENDMARC_H

#include <stddef.h>

#include "core/base/buf.h"
#include "core/mta/host/spans.h"
#include "core/mta/plan/shared.h"

/* Causes: what a change of these makes due (plan_cause()). */
#define CAUSE_DMARC "opendmarc: configuration and lists"

#define OPENDMARC_CONF "/etc/opendmarc.conf"
#define OPENDMARC_FOLDER "/etc/mailauthctl/opendmarc"
#define OPENDMARC_IGNORE_HOSTS OPENDMARC_FOLDER "/ignore.hosts"
/* The lines for opendmarc.conf of another host (directory.c). */
#define OPENDMARC_PART "/etc/mailauthctl/opendmarc.conf"

/* What of `text` is ours, settled. */
void opendmarc_conf_ours(const char *text, size_t len, struct spans *into);
/* `text` without our block; lines that were added between its marks are kept. */
void opendmarc_conf_without(const char *text, size_t len, struct buf *into);

extern const struct shared_format opendmarc_conf_format;
extern const struct service_kind opendmarc_service;

#endif
