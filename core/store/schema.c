/* The schema of a new database, and the steps from each older version to the next. */
#include "core/store/schema.h"

static const char schema_sql[] =
#include "schema.sql.inc"
	;

/* 2: the trail records which record an item is about, and which change was undone. */
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

/* 3: pending keys are looked up in turn. */
static const char asked_sql[] =
	"CREATE TABLE key_asked ("
	" key_id INTEGER NOT NULL REFERENCES dkim_key (id) ON DELETE CASCADE,"
	" name TEXT NOT NULL,"
	" asked INTEGER NOT NULL,"
	" PRIMARY KEY (key_id, name)"
	") STRICT, WITHOUT ROWID;";

/* 4: which records of a name's zone were queried, and files that are kept for zones that include
 * them.  Zones that were exported before are not queried. */
static const char zone_look_sql[] =
	"ALTER TABLE export_file ADD COLUMN kept INTEGER NOT NULL DEFAULT 0"
	" CHECK (kept IN (0, 1));"
	"CREATE INDEX export_file_kept ON export_file (name) WHERE kept;"
	"CREATE TABLE zone_look ("
	" name TEXT NOT NULL,"
	" ref TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" had TEXT,"
	" PRIMARY KEY (name, ref)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX zone_look_had ON zone_look (name) WHERE had IS NOT NULL;"
	"INSERT OR IGNORE INTO zone_look (name, ref, at)"
	" SELECT d.name, 't' || t.uid, unixepoch() FROM export_file f"
	" JOIN domain d ON d.name = f.name"
	" JOIN template_record t ON t.rev = d.template_rev;"
	"INSERT OR IGNORE INTO zone_look (name, ref, at)"
	" SELECT d.name, coalesce('t' || r.template_uid, r.id), unixepoch()"
	" FROM export_file f JOIN domain d ON d.name = f.name"
	" JOIN record r ON r.domain_id = d.id;"
	"INSERT OR IGNORE INTO zone_look (name, ref, at)"
	" SELECT p.name, k.selector || '._domainkey', unixepoch()"
	" FROM key_public p JOIN dkim_key k ON k.id = p.key_id"
	" WHERE p.exported IS NOT NULL;"
	"INSERT OR IGNORE INTO zone_look (name, ref, at)"
	" SELECT name, '_domainkey', unixepoch() FROM key_public"
	" WHERE exported IS NOT NULL;"
	"DROP TRIGGER domain_del;"
	"DROP TRIGGER domain_rename;"
	"CREATE TRIGGER domain_del AFTER DELETE ON domain"
	" BEGIN"
	"  DELETE FROM zone_look WHERE name = old.name;"
	"  INSERT INTO former_name (name, gen)"
	"   VALUES (old.name, (SELECT max(id) FROM change))"
	"   ON CONFLICT (name) DO UPDATE SET gen = excluded.gen, domain_id = NULL;"
	" END;"
	"CREATE TRIGGER domain_rename AFTER UPDATE OF name ON domain"
	" WHEN new.name <> old.name"
	" BEGIN"
	"  DELETE FROM zone_look WHERE name = old.name;"
	"  DELETE FROM former_name WHERE name = new.name;"
	"  INSERT INTO former_name (name, domain_id, gen)"
	"   VALUES (old.name, new.id, (SELECT max(id) FROM change))"
	"   ON CONFLICT (name) DO UPDATE SET domain_id = excluded.domain_id,"
	"   gen = excluded.gen;"
	" END;"
	"CREATE TRIGGER zone_look_i AFTER INSERT ON zone_look WHEN new.had IS NOT NULL"
	" BEGIN UPDATE domain SET gen = (SELECT max(id) FROM change)"
	"  WHERE name = new.name; END;"
	"CREATE TRIGGER zone_look_u AFTER UPDATE OF had ON zone_look"
	" WHEN new.had IS NOT old.had"
	" BEGIN UPDATE domain SET gen = (SELECT max(id) FROM change)"
	"  WHERE name = new.name; END;"
	"CREATE TRIGGER dkim_key_parked AFTER UPDATE OF state ON dkim_key"
	" WHEN new.state = 'parked'"
	" BEGIN DELETE FROM zone_look WHERE had IS NULL"
	"  AND ref = new.selector || '._domainkey' AND name IN (SELECT name FROM domain"
	"  WHERE id = new.domain_id OR alias_of = new.domain_id); END";

#define NOW "(SELECT max(id) FROM change)"
/* A trigger that sets the domain `id` and its aliases to the present generation. */
#define MOVES(name, event, id, more)                                               \
	"DROP TRIGGER " name ";"                                                   \
	"CREATE TRIGGER " name " AFTER " event " BEGIN"                            \
	" UPDATE domain SET gen = " NOW " WHERE id = " id " AND gen <> " NOW ";"   \
	" UPDATE domain SET gen = " NOW " WHERE alias_of = " id " AND gen <> " NOW \
	";" more " END;"

/* 5: the same conditions, in a form for which SQLite needs no temporary table. */
static const char swift_sql[] =
	"CREATE TABLE item_5 ("
	" change_id INTEGER NOT NULL REFERENCES change (id) ON DELETE CASCADE,"
	" seq INTEGER NOT NULL,"
	" object TEXT NOT NULL CHECK (object = 'setting' OR object = 'domain'"
	"  OR object = 'key' OR object = 'template' OR object = 'record'"
	"  OR object = 'secret' OR object = 'change'),"
	" domain TEXT,"
	" field TEXT NOT NULL,"
	" ref TEXT,"
	" old TEXT,"
	" new TEXT,"
	" PRIMARY KEY (change_id, seq)"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO item_5 (change_id, seq, object, domain, field, ref, old, new)"
	" SELECT change_id, seq, object, domain, field, ref, old, new FROM change_item;"
	"DROP TABLE change_item;"
	"ALTER TABLE item_5 RENAME TO change_item;"
	"CREATE INDEX change_item_domain ON change_item (domain, change_id)"
	" WHERE domain IS NOT NULL;"
	"CREATE INDEX change_item_field ON change_item (field, change_id)"
	" WHERE object = 'setting';"
	"CREATE TRIGGER change_item_fixed BEFORE UPDATE ON change_item"
	" BEGIN SELECT raise(ABORT, 'the audit trail is not changed'); END;" MOVES(
		"domain_mod",
		"UPDATE OF name, alias_of, suspended, template_rev ON domain", "new.id",
		"") MOVES("domain_setting_i", "INSERT ON domain_setting", "new.domain_id",
                          "") MOVES("domain_setting_u", "UPDATE ON domain_setting",
                                    "new.domain_id", "") MOVES("domain_setting_d",
                                                               "DELETE ON domain_setting",
                                                               "old.domain_id", "")
		MOVES("dkim_key_i", "INSERT ON dkim_key", "new.domain_id", "") MOVES(
			"dkim_key_u",
			"UPDATE OF selector, state, public, private_id ON dkim_key",
			"new.domain_id", "")
			MOVES("dkim_key_d", "DELETE ON dkim_key", "old.domain_id",
                              " DELETE FROM dkim_private WHERE id = old.private_id;") "";
#undef MOVES
#undef NOW

static const struct migration migrations[] = {
	{ 2, trail_sql }, /* version 1 is the first */
	{ 3, asked_sql }, { 4, zone_look_sql }, { 5, swift_sql }, { 0, NULL },
};

const struct store_kind schema_store = {
	.application_id = 0x4d417574,
	.version = 5,
	.schema = schema_sql,
	.migrations = migrations,
	.remedy = "mailauthctl db check",
};
