/*
 * core/model/domain/left_out.h: our records that are left out of a zone that has its own (table
 * zone_look).
 *
 * first_look.h determines them; `ref` is the same there.
 */
#ifndef CORE_MODEL_DOMAIN_LEFT_OUT_H
#define CORE_MODEL_DOMAIN_LEFT_OUT_H

#include "core/base/err.h"
#include "core/store/store.h"

/* 1: the record is left out under that name. */
int left_out_has(struct store *store, const char *name, const char *ref,
                 struct err *err) must_check;
/* Inside an open change: publishes it nevertheless.  1: it was left out, 0: it was not. */
int left_out_reset(struct store *store, const char *name, const char *ref,
                   struct err *err) must_check;

#endif
