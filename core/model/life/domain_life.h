/*
 * core/model/life/domain_life.h: what changes a domain together with its keys and records: removing,
 * renaming, suspending it, and settings that have effects on them.  Inside an open change.
 */
#ifndef CORE_MODEL_LIFE_DOMAIN_LIFE_H
#define CORE_MODEL_LIFE_DOMAIN_LIFE_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/model/setting/setting.h"
#include "core/store/store.h"

/* Removes it with its keys; the public halves stay under its name until mail under way has
 * arrived (`is_now`: until the host has stopped signing).  Refused while aliases hang on it. */
int domain_life_remove(struct store *store, const struct ctx *ctx,
                       const struct domain *domain, bool is_now,
                       struct err *err) must_check;

/* Gives it another name; DKIM records under the old one stay as after a removal.  Signing waits
 * until the records under the new name are public. */
int domain_life_rename(struct store *store, const struct ctx *ctx,
                       const struct domain *domain, const char *typed,
                       struct err *err) must_check;

/* Sets or clears the flag; keys rest or wake with it (keyring.h). */
int domain_life_set_suspended(struct store *store, const struct ctx *ctx,
                              const struct domain *domain, bool is_suspended, bool is_now,
                              struct err *err) must_check;

/* Sets (NULL: unsets) a setting at a domain, with what goes with it: a zone that is no longer served
 * here keeps its DKIM records until mail under way has arrived; neither DNS nor mail is switched
 * off under a domain whose DKIM is on. */
int domain_life_set(struct store *store, struct ctx *ctx, const struct domain *domain,
                    enum setting_key key, const char *text, struct err *err) must_check;

/* Sets (NULL: unsets) a setting at the server, with what goes with it: zones that inherit a
 * dns.service that is no longer hosted keep their DKIM records here until mail under way has
 * arrived. */
int domain_life_set_inherited(struct store *store, struct ctx *ctx, enum setting_key key,
                              const char *text, struct err *err) must_check;

#endif
