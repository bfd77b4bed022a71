/* core/model/template_inner.h: what template.c and template_apply.c share; nobody else includes it. */
#ifndef CORE_MODEL_TEMPLATE_INNER_H
#define CORE_MODEL_TEMPLATE_INNER_H

#include "core/model/template.h"

/* So many of the newest revisions stay, whether a domain follows them or not. */
#define TEMPLATE_KEPT 20

int template_newest(struct store *store, int64_t *ret_rev, struct err *err) must_check;
/* Older ones go once no domain follows them. */
int template_drop_unused(struct store *store, struct err *err) must_check;

#endif
