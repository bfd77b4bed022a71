-- mailauthctl: the store, schema version 5.  Embedded at build time; needs SQLite >= 3.37 (STRICT).
-- Opened with: foreign_keys=ON, journal_mode=WAL, synchronous=FULL, secure_delete=ON, trusted_schema=OFF,
-- busy_timeout=0 (writers wait on our own lock file, which names the holder), SQLITE_DBCONFIG_DEFENSIVE.
-- Text is UTF-8; times are Unix seconds, UTC; names of domains are A-labels, lower case, no final dot.
--
-- What can be derived is not stored: a domain's records are its template revision, overlaid with its own
-- rows in `record`, plus what its rows in `dkim_key` say.  So no key can be without its record, and applying
-- a new template to 100,000 domains is one UPDATE.

PRAGMA application_id = 0x4d417574;     -- "MAut": another program's database is refused
PRAGMA user_version = 5;

-- One row.  uuid tells a mail server's push state which database it follows.
CREATE TABLE store (
	one        INTEGER PRIMARY KEY CHECK (one = 1),
	uuid       BLOB    NOT NULL CHECK (length(uuid) = 16),
	created    INTEGER NOT NULL
) STRICT;

-- The audit trail, and the clock of the store: change.id is the generation that `gen` columns hold.
-- token is random: (id, token) names a state of the database even after a backup was put back and history forked.
CREATE TABLE change (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	token      INTEGER NOT NULL DEFAULT (random()),
	at         INTEGER NOT NULL,
	uid        INTEGER NOT NULL,                -- real user id
	actor      TEXT    NOT NULL,                -- login name; the one behind sudo where there is one
	command    TEXT    NOT NULL                 -- the command row's words; values stand in change_item
) STRICT;
CREATE INDEX change_at ON change (at);

CREATE TABLE change_item (
	change_id  INTEGER NOT NULL REFERENCES change (id) ON DELETE CASCADE,
	seq        INTEGER NOT NULL,
	object     TEXT    NOT NULL CHECK (object = 'setting' OR object = 'domain' OR object = 'key' OR
	           object = 'template' OR object = 'record' OR object = 'secret' OR object = 'change'),
	                                            -- IN would make a table of the words for each row
	domain     TEXT,                            -- name at that time: the trail outlives the domain
	field      TEXT    NOT NULL,
	ref        TEXT,                            -- which of several that `field` fits: a record's id, "t1" or "7"
	old        TEXT,                            -- NULL: was not set; a secret's fingerprint, never a secret
	new        TEXT,
	PRIMARY KEY (change_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX change_item_domain ON change_item (domain, change_id) WHERE domain IS NOT NULL;
CREATE INDEX change_item_field  ON change_item (field, change_id)  WHERE object = 'setting';

-- Server-wide settings that differ from their default, as canonical text.
CREATE TABLE setting (
	key        TEXT PRIMARY KEY,
	value      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Values of secret settings (SRS): the highest serial signs, the others verify.
CREATE TABLE secret (
	key        TEXT    NOT NULL,
	serial     INTEGER NOT NULL,
	value      BLOB    NOT NULL CHECK (length(value) >= 16),
	created    INTEGER NOT NULL,
	PRIMARY KEY (key, serial)
) STRICT, WITHOUT ROWID;

-- The template, copy on write: an edit makes a new revision; a domain follows the one it was last given.
CREATE TABLE template (
	rev        INTEGER PRIMARY KEY AUTOINCREMENT,
	change_id  INTEGER REFERENCES change (id) ON DELETE SET NULL     -- NULL: built in
) STRICT;

CREATE TABLE template_record (
	rev        INTEGER NOT NULL REFERENCES template (rev) ON DELETE CASCADE,
	uid        INTEGER NOT NULL,                -- the same record keeps its uid from revision to revision
	owner      TEXT    NOT NULL,                -- "_dmarc.<domain>."
	type       TEXT    NOT NULL,
	ttl        INTEGER CHECK (ttl BETWEEN 0 AND 2147483647),         -- NULL: <ttl>
	rdata      TEXT    NOT NULL,                -- presentation form with placeholders; TXT: joined, not cut into strings
	kind       TEXT    NOT NULL CHECK (kind IN ('spf', 'dmarc', 'other')),
	PRIMARY KEY (rev, uid)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX template_one_policy ON template_record (rev, owner, kind) WHERE kind <> 'other';

CREATE TABLE domain (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	name         TEXT    NOT NULL UNIQUE
	             CHECK (length(name) BETWEEN 1 AND 253 AND name NOT GLOB '*[^a-z0-9._-]*'
	                    AND name NOT GLOB '.*' AND name NOT GLOB '*.' AND name NOT GLOB '*..*'),
	alias_of     INTEGER REFERENCES domain (id) ON DELETE RESTRICT CHECK (alias_of <> id),
	suspended    INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
	template_rev INTEGER NOT NULL REFERENCES template (rev) ON DELETE RESTRICT,
	created      INTEGER NOT NULL,
	gen          INTEGER NOT NULL               -- change that last touched its zone or its signing
) STRICT;
CREATE INDEX domain_gen      ON domain (gen);
CREATE INDEX domain_alias    ON domain (alias_of)     WHERE alias_of IS NOT NULL;
CREATE INDEX domain_template ON domain (template_rev);

-- Names that are no longer served, so that exports and pushes can take them out; gone when added again.
-- until: a renamed domain's old DKIM records stay published until then.
CREATE TABLE former_name (
	name       TEXT PRIMARY KEY,
	domain_id  INTEGER REFERENCES domain (id) ON DELETE SET NULL,    -- renamed to; NULL: removed
	until      INTEGER,
	gen        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX former_name_gen    ON former_name (gen);
CREATE INDEX former_name_until  ON former_name (until)     WHERE until IS NOT NULL;
CREATE INDEX former_name_domain ON former_name (domain_id) WHERE domain_id IS NOT NULL;

CREATE TABLE domain_setting (
	domain_id  INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
	key        TEXT    NOT NULL,
	value      TEXT    NOT NULL,
	PRIMARY KEY (domain_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX domain_setting_key ON domain_setting (key, value, domain_id);

-- A domain's own records: an addition (template_uid NULL), an edit of a template record, or its removal (rdata NULL).
CREATE TABLE record (
	id           INTEGER PRIMARY KEY,
	domain_id    INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
	template_uid INTEGER,
	owner        TEXT    NOT NULL,
	type         TEXT    NOT NULL,
	ttl          INTEGER CHECK (ttl BETWEEN 0 AND 2147483647),
	rdata        TEXT,
	kind         TEXT    NOT NULL CHECK (kind IN ('spf', 'dmarc', 'other')),
	CHECK (rdata IS NOT NULL OR template_uid IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX record_once     ON record (domain_id, owner, type, rdata);
CREATE UNIQUE INDEX record_template ON record (domain_id, template_uid) WHERE template_uid IS NOT NULL;
CREATE UNIQUE INDEX record_policy   ON record (domain_id, owner, kind)  WHERE kind <> 'other' AND rdata IS NOT NULL;

-- Private halves, alone in their table: only core/model/key/key_secret.c names it, and a listing never reads these pages.
CREATE TABLE dkim_private (
	id         INTEGER PRIMARY KEY,
	pkcs8      BLOB NOT NULL CHECK (length(pkcs8) BETWEEN 48 AND 8192)   -- DER, not encrypted
) STRICT;

-- State: pending (published, not signing) -> active -> retiring (rotation: published, not signing) -> revoked (p= empty) -> row deleted.
-- resting: published, not signing, because its domain does not sign (disabled, suspended); when due: parked; enabled again: active.
-- parked: kept, neither published nor signing; enabled again: pending.
CREATE TABLE dkim_key (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	domain_id    INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
	selector     TEXT    NOT NULL CHECK (length(selector) BETWEEN 1 AND 190 AND selector NOT GLOB '*[^a-z0-9._-]*'),
	algorithm    TEXT    NOT NULL CHECK (algorithm IN ('rsa', 'ed25519')),
	bits         INTEGER NOT NULL CHECK (bits BETWEEN 256 AND 4096),
	state        TEXT    NOT NULL CHECK (state IN ('pending', 'active', 'retiring', 'revoked', 'resting', 'parked')),
	public       BLOB    NOT NULL,                  -- what p= says, before base64
	fingerprint  BLOB    NOT NULL CHECK (length(fingerprint) = 32),      -- SHA-256 of public
	private_id   INTEGER UNIQUE REFERENCES dkim_private (id) ON DELETE RESTRICT,
	server_owned INTEGER NOT NULL DEFAULT 0 CHECK (server_owned IN (0, 1)), -- the mail server holds the private half
	created      INTEGER NOT NULL,
	since        INTEGER NOT NULL,                  -- in this state since
	due          INTEGER,                           -- next step of its life at; NULL: none by itself
	UNIQUE (domain_id, selector),
	CHECK (state = 'revoked' OR (private_id IS NULL) = server_owned)
) STRICT;
CREATE UNIQUE INDEX dkim_key_active ON dkim_key (domain_id, algorithm) WHERE state = 'active';
CREATE UNIQUE INDEX dkim_key_pending ON dkim_key (domain_id, algorithm) WHERE state = 'pending';
CREATE INDEX dkim_key_due           ON dkim_key (due) WHERE due IS NOT NULL;
CREATE INDEX dkim_key_fingerprint   ON dkim_key (fingerprint);

-- Under which names a key's record is public: its domain and each alias.  A name signs when its own row is ready:
-- dkim.activate was met once (a setting that is changed later does not stop what signs already).
CREATE TABLE key_public (
	key_id     INTEGER NOT NULL REFERENCES dkim_key (id) ON DELETE CASCADE,
	name       TEXT    NOT NULL,
	exported   INTEGER,                         -- last export that held the record, reload included
	seen       INTEGER,                         -- last time that every name server showed it
	said       INTEGER,                         -- an administrator's word for it
	ready      INTEGER,                         -- may sign since
	PRIMARY KEY (key_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_public_name ON key_public (name);

-- When DNS was last asked for a record that waits to be seen: who waited longest comes first, so that zones whose
-- servers are silent cost the others nothing.
CREATE TABLE key_asked (
	key_id     INTEGER NOT NULL REFERENCES dkim_key (id) ON DELETE CASCADE,
	name       TEXT    NOT NULL,
	asked      INTEGER NOT NULL,
	PRIMARY KEY (key_id, name)
) STRICT, WITHOUT ROWID;

-- Public halves that must stay in DNS under a name that was removed or renamed, until mail under way has arrived.
CREATE TABLE former_key (
	name       TEXT    NOT NULL,
	selector   TEXT    NOT NULL,
	algorithm  TEXT    NOT NULL CHECK (algorithm IN ('rsa', 'ed25519')),
	public     BLOB    NOT NULL,
	until      INTEGER NOT NULL,
	PRIMARY KEY (name, selector)
) STRICT, WITHOUT ROWID;

-- Serial and digest (serial left out) of the zone last made for a name.  Written before the file: the same content
-- always gets the same serial, however often an export is interrupted.
CREATE TABLE zone_serial (
	name       TEXT PRIMARY KEY,                -- survives remove and re-add: a serial never goes back
	serial     INTEGER NOT NULL CHECK (serial BETWEEN 0 AND 4294967295),
	digest     BLOB    NOT NULL CHECK (length(digest) = 32)
) STRICT, WITHOUT ROWID;

-- Folders that zones were exported to, and how far each has come.  inputs: digest of everything that shows in zones and moves
-- no domain.gen: effective server settings, host name, addresses, program version, format; when it differs every zone is looked at again.
CREATE TABLE export_dir (
	id         INTEGER PRIMARY KEY,
	path       TEXT    NOT NULL UNIQUE,         -- real path, root included
	gen        INTEGER NOT NULL,
	inputs     BLOB    NOT NULL,
	reloaded   INTEGER NOT NULL DEFAULT 1 CHECK (reloaded IN (0, 1)),    -- 0: zone.reload is still owed
	complaint  TEXT,                            -- what the failed reload said: told once, not by every run
	at         INTEGER NOT NULL
) STRICT;

CREATE TABLE export_file (
	dir_id     INTEGER NOT NULL REFERENCES export_dir (id) ON DELETE CASCADE,
	name       TEXT    NOT NULL,                -- domain name; the file is made from it
	size       INTEGER NOT NULL,
	mtime_ns   INTEGER NOT NULL,                -- as seen right after our rename: what differs was edited
	inode      INTEGER NOT NULL,
	owed       INTEGER NOT NULL DEFAULT 0 CHECK (owed IN (0, 1)),        -- zone.reload does not know this content yet
	kept       INTEGER NOT NULL DEFAULT 0 CHECK (kept IN (0, 1)),        -- no zone any more: stays for those that include it
	PRIMARY KEY (dir_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX export_file_kept ON export_file (name) WHERE kept;

-- Records that a name's zone was asked about before they were first exported there.  had: what stood at the owner and is not ours
-- ("TXT v=spf1 mx -all"); our record stays out of that zone then, until record set or reset.
CREATE TABLE zone_look (
	name       TEXT    NOT NULL,
	ref        TEXT    NOT NULL,                -- "t1" of the template, "7" its own, "default._domainkey", "_domainkey"
	at         INTEGER NOT NULL,
	had        TEXT,
	PRIMARY KEY (name, ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX zone_look_had ON zone_look (name) WHERE had IS NOT NULL;

-- A domain moves to the present generation whenever anything that shows in its zone or its signing moves.
-- The change row is always there first (core/store/change.c).  Two statements, because OR collects rows in a table first.
CREATE TRIGGER domain_alias_flat BEFORE INSERT ON domain
WHEN new.alias_of IS NOT NULL AND (SELECT alias_of FROM domain WHERE id = new.alias_of) IS NOT NULL
BEGIN SELECT raise(ABORT, 'an alias of an alias'); END;
CREATE TRIGGER domain_alias_flat_u BEFORE UPDATE OF alias_of ON domain
WHEN new.alias_of IS NOT NULL AND ((SELECT alias_of FROM domain WHERE id = new.alias_of) IS NOT NULL
     OR EXISTS (SELECT 1 FROM domain WHERE alias_of = new.id))
BEGIN SELECT raise(ABORT, 'an alias of an alias'); END;

CREATE TRIGGER domain_add AFTER INSERT ON domain
BEGIN DELETE FROM former_name WHERE name = new.name; END;
CREATE TRIGGER domain_del AFTER DELETE ON domain
BEGIN
	DELETE FROM zone_look WHERE name = old.name;
	INSERT INTO former_name (name, gen) VALUES (old.name, (SELECT max(id) FROM change))
	ON CONFLICT (name) DO UPDATE SET gen = excluded.gen, domain_id = NULL;
END;
CREATE TRIGGER domain_rename AFTER UPDATE OF name ON domain WHEN new.name <> old.name
BEGIN
	DELETE FROM zone_look WHERE name = old.name;
	DELETE FROM former_name WHERE name = new.name;
	INSERT INTO former_name (name, domain_id, gen) VALUES (old.name, new.id, (SELECT max(id) FROM change))
	ON CONFLICT (name) DO UPDATE SET domain_id = excluded.domain_id, gen = excluded.gen;
END;
CREATE TRIGGER domain_mod AFTER UPDATE OF name, alias_of, suspended, template_rev ON domain
BEGIN
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE id = new.id AND gen <> (SELECT max(id) FROM change);
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE alias_of = new.id AND gen <> (SELECT max(id) FROM change);
END;

CREATE TRIGGER domain_setting_i AFTER INSERT ON domain_setting
BEGIN
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE id = new.domain_id AND gen <> (SELECT max(id) FROM change);
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE alias_of = new.domain_id AND gen <> (SELECT max(id) FROM change);
END;
CREATE TRIGGER domain_setting_u AFTER UPDATE ON domain_setting
BEGIN
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE id = new.domain_id AND gen <> (SELECT max(id) FROM change);
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE alias_of = new.domain_id AND gen <> (SELECT max(id) FROM change);
END;
CREATE TRIGGER domain_setting_d AFTER DELETE ON domain_setting
BEGIN
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE id = old.domain_id AND gen <> (SELECT max(id) FROM change);
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE alias_of = old.domain_id AND gen <> (SELECT max(id) FROM change);
END;

CREATE TRIGGER record_i AFTER INSERT ON record
BEGIN UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE id = new.domain_id; END;
CREATE TRIGGER record_u AFTER UPDATE ON record
BEGIN UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE id = new.domain_id; END;
CREATE TRIGGER record_d AFTER DELETE ON record
BEGIN UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE id = old.domain_id; END;

CREATE TRIGGER dkim_key_i AFTER INSERT ON dkim_key
BEGIN
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE id = new.domain_id AND gen <> (SELECT max(id) FROM change);
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE alias_of = new.domain_id AND gen <> (SELECT max(id) FROM change);
END;
CREATE TRIGGER dkim_key_u AFTER UPDATE OF selector, state, public, private_id ON dkim_key
BEGIN
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE id = new.domain_id AND gen <> (SELECT max(id) FROM change);
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE alias_of = new.domain_id AND gen <> (SELECT max(id) FROM change);
END;
CREATE TRIGGER dkim_key_d AFTER DELETE ON dkim_key
BEGIN
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE id = old.domain_id AND gen <> (SELECT max(id) FROM change);
	UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE alias_of = old.domain_id AND gen <> (SELECT max(id) FROM change);
	DELETE FROM dkim_private WHERE id = old.private_id;
END;

CREATE TRIGGER key_public_i AFTER INSERT ON key_public WHEN new.ready IS NOT NULL
BEGIN UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE name = new.name; END;
CREATE TRIGGER key_public_u AFTER UPDATE OF ready ON key_public WHEN new.ready IS NOT old.ready
BEGIN UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE name = new.name; END;
CREATE TRIGGER key_public_d AFTER DELETE ON key_public
BEGIN UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE name = old.name; END;

CREATE TRIGGER zone_look_i AFTER INSERT ON zone_look WHEN new.had IS NOT NULL
BEGIN UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE name = new.name; END;
CREATE TRIGGER zone_look_u AFTER UPDATE OF had ON zone_look WHEN new.had IS NOT old.had
BEGIN UPDATE domain SET gen = (SELECT max(id) FROM change) WHERE name = new.name; END;
-- The record of a parked key has left the zone: before it comes back the zone is asked again.
CREATE TRIGGER dkim_key_parked AFTER UPDATE OF state ON dkim_key WHEN new.state = 'parked'
BEGIN DELETE FROM zone_look WHERE had IS NULL AND ref = new.selector || '._domainkey'
	AND name IN (SELECT name FROM domain WHERE id = new.domain_id OR alias_of = new.domain_id); END;

-- After any secret was deleted: wal_checkpoint(TRUNCATE), or the write-ahead log still shows it.
CREATE TRIGGER dkim_private_gone AFTER UPDATE OF private_id ON dkim_key
WHEN old.private_id IS NOT NULL AND new.private_id IS NOT old.private_id
BEGIN DELETE FROM dkim_private WHERE id = old.private_id; END;

CREATE TRIGGER change_item_fixed BEFORE UPDATE ON change_item
BEGIN SELECT raise(ABORT, 'the audit trail is not changed'); END;

INSERT INTO store (one, uuid, created) VALUES (1, randomblob(16), unixepoch());

INSERT INTO template (rev) VALUES (1);
INSERT INTO template_record (rev, uid, owner, type, rdata, kind) VALUES
	(1, 1, '<domain>.', 'TXT', 'v=spf1 +a +mx +a:<hostname> -all', 'spf'),
	(1, 2, '_dmarc.<domain>.', 'TXT', 'v=DMARC1; p=none', 'dmarc');
