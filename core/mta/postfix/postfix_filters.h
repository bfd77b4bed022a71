/*
 * core/mta/postfix/postfix_filters.h: content filters of Postfix: where mail is handed to one, which services
 * accept what it returns, and whether every way back is known.
 *
 * What a filter returns was received before: it must meet none of our milters again, or a stranger's
 * message would be signed as mail of this machine.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_FILTERS_H
#define CORE_MTA_POSTFIX_POSTFIX_FILTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"

/* A filter that mail is handed to. */
struct filter_use {
	char *target;    /* "amavis:[127.0.0.1]:10024" */
	char *parameter; /* that names it or its table: "content_filter" */
	char *service;   /* whose -o sets the parameter; NULL: main.cf */
	char *table;     /* "regexp:/etc/postfix/header_checks"; NULL: no table */
};

/* FILTER actions of access tables and of header and body checks. */
struct filter_tables {
	struct filter_use *use;
	size_t count, room;
	char *unreadable; /* "mysql:/etc/postfix/x.cf": the first that cannot be searched; NULL: none */
};

#define FILTER_TABLES_INIT ((struct filter_tables){ 0 })
#define auto_filter_tables cleanup(filter_tables_done) struct filter_tables
void filter_tables_done(struct filter_tables *tables);

/* Searches every table that can contain FILTER. A table that cannot be read is a result; fails only
 * if out of memory or processes. */
int filter_tables_read(struct ctx *ctx, const struct main_cf *main,
                       const struct master_cf *master, struct filter_tables *ret_tables,
                       struct err *err) must_check;
/* The targets of the FILTER actions in the text of a table: calls `each` with each of them. */
void filter_targets(const char *text, void (*each)(void *arg, const char *target),
                    void *arg);

/* How mail that filters return is distinguished from other mail. */
struct filter_ways {
	/* Names of smtpd services, borrowed from master.cf, each array ends in NULL. */
	const char **reinjecting; /* accept mail that a filter returns */
	const char **proxied;     /* hand mail to an smtpd_proxy_filter */
	char *unknown; /* why some way back is not known: a sentence; NULL: all are, or none is */
	char *program; /* the transport of a filter whose command names sendmail; NULL: none */
	char **remote; /* addresses of other hosts whose filters return mail by such a way */
	size_t remotes, remote_room;
	bool is_anywhere; /* ... and one whose address is not known */
};

#define FILTER_WAYS_INIT ((struct filter_ways){ 0 })
#define auto_filter_ways cleanup(filter_ways_done) struct filter_ways
void filter_ways_done(struct filter_ways *ways);

/* Pure.  `has_other`: another Postfix of this machine accepts what local filters return. */
void filter_ways_find(const struct main_cf *main, const struct master_cf *master,
                      const struct filter_tables *tables, bool has_other,
                      struct filter_ways *ret_ways);

/* Whether a service of this master.cf is made to accept what a local filter returns, whoever hands
 * mail to it. */
bool filter_is_returned_here(const struct main_cf *main,
                             const struct master_cf *master) must_check;

#endif
