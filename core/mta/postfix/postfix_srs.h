/* core/mta/postfix/postfix_srs.h: the effects of SRS on Postfix, before it is enabled. */
#ifndef CORE_MTA_POSTFIX_POSTFIX_SRS_H
#define CORE_MTA_POSTFIX_POSTFIX_SRS_H

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/store/store.h"

/* A sentence for each way of local delivery of the Postfix of this host that leaves the SRS address
 * in Return-Path, for mail that is not rewritten, and for domains that are accepted here, are not
 * in the database and so are rewritten.  `domain` is the SRS domain;
 * `excluded`: srs.exclude-domains as it will be; NULL: as it is.  No Postfix: none. */
int postfix_srs_advise(struct ctx *ctx, struct store *store, const char *domain,
                       const char *excluded, void (*say)(void *arg, const char *sentence),
                       void *arg, struct err *err) must_check;

#endif
