/*
 * core/model/life/domain_life.h: changes of a domain together with its keys and records: removal,
 * renaming, suspension, and settings that affect them.  Inside an open change.
 */
#ifndef CORE_MODEL_LIFE_DOMAIN_LIFE_H
#define CORE_MODEL_LIFE_DOMAIN_LIFE_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/model/setting/setting.h"
#include "core/store/store.h"

/* Removes it with its keys; the public halves are kept under its name until mail in transit has
 * arrived (`is_now`: until the host has stopped signing).  Refused while it has aliases. */
int domain_life_remove(struct store *store, const struct ctx *ctx,
                       const struct domain *domain, bool is_now,
                       struct err *err) must_check;

/* Renames it; DKIM records under the old name are kept as after a removal.  Signing waits until the
 * records under the new name are public. */
int domain_life_rename(struct store *store, const struct ctx *ctx,
                       const struct domain *domain, const char *typed,
                       struct err *err) must_check;

/* Sets or clears the flag, and suspends or resumes the keys (keyring.h). */
int domain_life_set_suspended(struct store *store, const struct ctx *ctx,
                              const struct domain *domain, bool is_suspended, bool is_now,
                              struct err *err) must_check;

/* Sets (NULL: unsets) a setting of a domain, with its effects: a zone that is no longer served here
 * keeps its DKIM records until mail in transit has arrived; neither DNS nor mail can be turned off
 * for a domain whose DKIM is on. */
int domain_life_set(struct store *store, struct ctx *ctx, const struct domain *domain,
                    enum setting_key key, const char *text, struct err *err) must_check;

/* Sets (NULL: unsets) a setting of the server to text that setting_parse() gave, with its effects:
 * zones that inherit a dns.service that is no longer hosted keep their DKIM records here until mail
 * in transit has arrived. */
int domain_life_set_inherited(struct store *store, struct ctx *ctx, enum setting_key key,
                              const char *canonical, struct err *err) must_check;

#endif
