/*
 * tests/lib/fake_mta.h: the programs of a mail host for the sweeps, in a root of their own.
 *
 * The configuration that a server runs with is a text in /fake/running/, derived from the files at
 * its start and at each reload, so that a test can compare it with the files.
 */
#ifndef TESTS_LIB_FAKE_MTA_H
#define TESTS_LIB_FAKE_MTA_H

#include <stdbool.h>

#include "core/base/buf.h"

enum server { POSTFIX, OPENDKIM, SERVERS };

#define SMTP_PORT 25
#define QUEUE "/var/spool/postfix"

/* The whole file; false: it does not exist. */
bool fake_read(const char *path, struct buf *into);

/* What the server would read from its files now: for Postfix main.cf and master.cf, for OpenDKIM
 * lines "conf <keyword> <value>", "key <name> <value>", "sign <domain> <name>".  False: it would
 * not start. */
bool fake_config(enum server server, struct buf *into);
/* The configuration that it runs with; false: it does not run. */
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

/* Prints the faults of this host, a line each, and returns their number.  `is_settled`: no push is
 * open, so the running configuration must be that of the files. */
unsigned fake_look(bool is_settled);

/* Every file and folder below etc and var/spool of the working folder with mode, owner and content;
 * without the content of a private key, which differs in each run, and without old files that the
 * next run removes. */
int fake_tree(void);

#endif
