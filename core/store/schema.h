/* core/store/schema.h: the store's own kind of database (db/schema.sql and its migrations). */
#ifndef CORE_STORE_SCHEMA_H
#define CORE_STORE_SCHEMA_H

#include "core/store/store.h"

extern const struct store_kind schema_store;

#endif
