/* The schema as it is made, and the steps from each older version to the next. */
#include "core/store/schema.h"

static const char schema_sql[] =
#include "schema.sql.inc"
	;

/* 2: the trail says which record an item is about, and which change was taken back. */
static const char trail_sql[] =
	"CREATE TABLE item_2 ("
	" change_id INTEGER NOT NULL REFERENCES change (id) ON DELETE CASCADE,"
	" seq INTEGER NOT NULL,"
	" object TEXT NOT NULL CHECK (object IN ('setting', 'domain', 'key', 'template',"
	"  'record', 'secret', 'change')),"
	" domain TEXT,"
	" field TEXT NOT NULL,"
	" ref TEXT,"
	" old TEXT,"
	" new TEXT,"
	" PRIMARY KEY (change_id, seq)"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO item_2 (change_id, seq, object, domain, field, old, new)"
	" SELECT change_id, seq, object, domain, field, old, new FROM change_item;"
	"DROP TABLE change_item;"
	"ALTER TABLE item_2 RENAME TO change_item;"
	"CREATE INDEX change_item_domain ON change_item (domain, change_id)"
	" WHERE domain IS NOT NULL;"
	"CREATE INDEX change_item_field ON change_item (field, change_id)"
	" WHERE object = 'setting';"
	"CREATE TRIGGER change_item_fixed BEFORE UPDATE ON change_item"
	" BEGIN SELECT raise(ABORT, 'the audit trail is not changed'); END";

/* 3: keys that wait to be seen are asked for in turn. */
static const char asked_sql[] =
	"CREATE TABLE key_asked ("
	" key_id INTEGER NOT NULL REFERENCES dkim_key (id) ON DELETE CASCADE,"
	" name TEXT NOT NULL,"
	" asked INTEGER NOT NULL,"
	" PRIMARY KEY (key_id, name)"
	") STRICT, WITHOUT ROWID;";

static const struct migration migrations[] = {
	{ 2, trail_sql }, /* version 1 is the first */
	{ 3, asked_sql },
	{ 0, NULL },
};

const struct store_kind schema_store = {
	.application_id = 0x4d417574,
	.version = 3,
	.schema = schema_sql,
	.migrations = migrations,
	.remedy = "mailauthctl db check",
};
