/*
 * tests/lib/fake_mta.h: a mail host's programs for the sweeps, in a root of their own.
 *
 * What a server runs with is a text in /fake/running/, taken from the files at its start and at
 * each reload: so a test sees whether a server runs with what the files say.
 */
#ifndef TESTS_LIB_FAKE_MTA_H
#define TESTS_LIB_FAKE_MTA_H

#include <stdbool.h>

#include "core/base/buf.h"

enum server { POSTFIX, OPENDKIM, SERVERS };

#define SMTP_PORT 25
#define QUEUE "/var/spool/postfix"

/* The whole file; false: it is not there. */
bool fake_read(const char *path, struct buf *into);

/* What the server would read from its files now: of Postfix main.cf and master.cf, of OpenDKIM
 * lines "conf <keyword> <value>", "key <name> <value>", "sign <domain> <name>".  False: it would not
 * start. */
bool fake_config(enum server server, struct buf *into);
/* What it runs with; false: it does not run. */
bool fake_running(enum server server, struct buf *into);
void fake_note_running(enum server server, const struct buf *config);

/* The value of the line that begins with `kind` and `name` (any case), the last one counts; NULL:
 * none.  Caller frees. */
char *fake_value(const char *config, const char *kind, const char *name);
/* A parameter of the main.cf in a configuration of Postfix. */
void fake_parameter(const char *config, const char *name, struct buf *into);

/* Serves until it is killed; `ready` is closed when it listens. */
void fake_serve_postfix(int ready);
void fake_serve_opendkim(int ready);

/* Prints what is wrong on this host now, a line each, and gives their number.  `is_settled`: no
 * push is open, so what runs must be what the files say. */
unsigned fake_look(bool is_settled);

/* Every file and folder below etc and var/spool of the working folder with mode, owner and content;
 * of a private key, which is another one in each run, and of the old files that wait for the next run
 * to remove them, not the content, or nothing. */
int fake_tree(void);

#endif
