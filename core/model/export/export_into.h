/* core/model/export/export_into.h: a domain's records in a zone file that an administrator keeps. */
#ifndef CORE_MODEL_EXPORT_EXPORT_INTO_H
#define CORE_MODEL_EXPORT_EXPORT_INTO_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/model/record/records_list.h"

/* Puts the records of the zone `name` into its file `path` (zone_block.h), except SOA and its own NS
 * records; `ctx` determines the root and the time.  The file is replaced by rename(2), with its
 * owner, mode and extended attributes; `is_dry_run`: it is not.  ERR_FAILED: a symbolic link, not a
 * regular file, changed meanwhile, or as zone_block_put() says; the message begins with the path. */
int export_into(struct ctx *ctx, const char *path, const char *name,
                const struct record_list *list, bool is_dry_run, bool *ret_is_changed,
                struct err *err) must_check;

#endif
