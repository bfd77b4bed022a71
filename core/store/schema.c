/* The schema as it is made, and the steps from each older version to the next. */
#include "core/store/schema.h"

static const char schema_sql[] =
#include "schema.sql.inc"
	;

static const struct migration migrations[] = {
	{ 0, NULL }, /* version 1 is the first */
};

const struct store_kind schema_store = {
	.what = "database",
	.application_id = 0x4d417574,
	.version = 1,
	.schema = schema_sql,
	.migrations = migrations,
	.remedy = "mailauthctl db check",
};
