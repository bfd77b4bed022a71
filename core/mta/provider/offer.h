/*
 * core/mta/provider/offer.h: what servers share that are reached over an interface: their address in the
 * settings, and what they were found to offer, in a file that a push writes, so that no command has to
 * ask the server what it may promise.
 */
#ifndef CORE_MTA_PROVIDER_OFFER_H
#define CORE_MTA_PROVIDER_OFFER_H

#include <stdbool.h>

#include "core/mta/plan/backend.h"

/* A file for each server. */
#define OFFER_FOLDER "/var/lib/mailauthctl/offers"

/* mta.url and mta.credentials-file (NULL: not set).  The caller frees both, after a failure, too.  Fails:
 * mta.url is not set; with --root, where no server is asked. */
int offer_read_address(struct ctx *ctx, struct store *store, char **ret_url,
                       char **ret_credentials, struct err *err) must_check;

/* By the settings and the file: no server is asked.  Its name is the host in mta.url. */
int offer_detect(struct ctx *ctx, struct store *store, const char *path,
                 struct mta_found *ret_found, struct err *err) must_check;

struct offer {
	enum mta_feature feature;
	bool is_there;
};
/* The step that writes the file.  `version` NULL: unknown. */
void offer_plan(struct plan *plan, const char *path, const char *version,
                const struct offer *offers, size_t count);
/* For look_at_support(): what the file says; `nearest`, N_(): of what it denies. */
void offer_look(struct ctx *ctx, const char *path, enum mta_feature feature,
                const char *nearest, struct feature_support *support);

#endif
