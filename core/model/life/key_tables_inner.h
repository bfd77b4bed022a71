/* core/model/life/key_tables_inner.h: shared by the readers of key_tables.h. */
#ifndef CORE_MODEL_LIFE_KEY_TABLES_INNER_H
#define CORE_MODEL_LIFE_KEY_TABLES_INNER_H

#include "core/model/life/key_tables.h"

/* One text that is being read. */
struct key_tables_file {
	struct key_tables *tables;
	const char *name; /* as given to key_tables_read() */
	const struct key_tables_source *source;
	unsigned level; /* of files that name files */
};

/* Adds a row; texts are copied, a domain is converted to A-labels (an invalid one gives a row with
 * `why`).  The pointer is valid until the next row is added. */
struct key_table_row *key_tables_add(struct key_tables_file *file, size_t line,
                                     const char *domain, const char *selector,
                                     const char *path);
/* A row that cannot be used. */
void key_tables_add_unfit(struct key_tables_file *file, size_t line, const char *domain,
                          const char *fmt, ...) printf_like(4, 5);

/* `path`; if it is relative, below the folder of the file that names it.  Caller frees. */
char *key_tables_path(const struct key_tables_file *file, const char *path) must_check;
/* Reads a file that `file` names. */
bool key_tables_fetch(struct key_tables_file *file, const char *path,
                      struct buf *into) must_check;

/* The next line of *at without its break, blanks on both sides and `comment` with what follows it
 * (0: none); NULL at the end.  *line counts.  It is in `into`. */
const char *key_tables_line(const char **at, size_t *line, char comment,
                            struct buf *into) must_check;
/* Splits *at at the next run of blanks; the word is in the text.  NULL: none. */
char *key_tables_word(char **at) must_check;

void key_tables_read_rspamd(struct key_tables_file *file, const char *text);
void key_tables_read_map(struct key_tables_file *file, const char *text, bool is_path);
void key_tables_read_amavis(struct key_tables_file *file, const char *text);
void key_tables_read_exim(struct key_tables_file *file, const char *text);
void key_tables_read_opendkim(struct key_tables_file *file, const char *text);
void key_tables_read_key_table(struct key_tables_file *file, const char *text);
void key_tables_read_signing_table(struct key_tables_file *file, const char *text);
void key_tables_read_key_list(struct key_tables_file *file, const char *text);
void key_tables_finish_opendkim(struct key_tables *tables);

#endif
