/*
 * core/model/life/key_tables.h: reads the configuration of other signers: which domain signs with
 * which selector and key file.  OpenDKIM (opendkim.conf, KeyTable, SigningTable, KeyList), rspamd
 * (dkim_signing.conf and its maps), amavis (dkim_key() lines) and Exim (macros, transport options)
 * are read.  Pure: further files are read through a callback, nothing is evaluated, unknown parts
 * are ignored.
 */
#ifndef CORE_MODEL_LIFE_KEY_TABLES_H
#define CORE_MODEL_LIFE_KEY_TABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/macro.h"

#define KEY_TABLES_FILE_MAX ((size_t)64 * 1024 * 1024) /* octets of one table */

struct key_table_row {
	char *domain; /* A-labels; NULL: any, the path has "$domain" where there is one */
	char *selector; /* NULL: not given, or "$selector" of the path */
	char *path; /* of the key file, as written; "$domain" and "$selector" in it match any text
	                 * without '/'.  NULL: no file that can be read: see `why` */
	bool signs;  /* the configuration signs with it */
	size_t rank; /* of several that sign for a domain the lowest one does */
	char *where; /* "KeyTable:3" */
	char *why;   /* why it cannot be used, as a sentence; NULL: it can */
};

/* One line of a SigningTable, whose key is found after all tables have been read. */
struct key_table_use {
	char *pattern, *key;
	size_t line;
};

struct key_tables {
	struct key_table_row *row;
	size_t count, room;
	struct key_table_use *use;
	size_t uses, use_room;
	char **name; /* of the KeyTable's rows: name[i] is the key name of row[i], or NULL */
	size_t name_room;
	char **domain; /* for which a signer of any domain is used (opendkim.conf: Domain) */
	size_t domains, domain_room;
	bool says_who_signs; /* a table was read that contains every domain that signs */
};

#define KEY_TABLES_INIT ((struct key_tables){ 0 })
#define auto_key_tables cleanup(key_tables_done) struct key_tables
void key_tables_done(struct key_tables *tables);

/* Reads a file that a configuration names; false: it cannot be read. */
struct key_tables_source {
	bool (*read)(void *arg, const char *path, struct buf *into);
	void *arg;
};

enum key_tables_kind {
	KEY_TABLES_NONE, /* nothing that is known */
	KEY_TABLES_OPENDKIM_CONF,
	KEY_TABLES_KEY_TABLE,
	KEY_TABLES_SIGNING_TABLE,
	KEY_TABLES_KEY_LIST, /* "pattern:domain:path" lines of dkim-milter */
	KEY_TABLES_RSPAMD,
	KEY_TABLES_SELECTOR_MAP, /* "domain selector" lines of rspamd */
	KEY_TABLES_PATH_MAP,     /* "domain path" lines of rspamd */
	KEY_TABLES_AMAVIS,
	KEY_TABLES_EXIM,
};
/* Determined by the name of a file, or by its text if the name is not sufficient. */
enum key_tables_kind key_tables_kind_of(const char *name, const char *text) must_check;

/* Adds the rows of `text`.  `name` is shown in `where`; if it is a path, its folder is the base of
 * relative paths in the configuration. */
void key_tables_read(struct key_tables *tables, enum key_tables_kind kind,
                     const char *name, const char *text,
                     const struct key_tables_source *source);

/* After the last file: assigns keys to lines of SigningTable, and domains to keys for any domain.
 */
void key_tables_finish(struct key_tables *tables);

/* Whether `path` matches a row's path (NULL: never); fills domain and selector (NAME_SIZE octets
 * each) from the path if the row does not specify them. */
bool key_tables_path_fits(const struct key_table_row *row, const char *path,
                          char *ret_domain, char *ret_selector) must_check;

#endif
