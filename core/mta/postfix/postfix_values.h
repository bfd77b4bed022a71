/*
 * core/mta/postfix/postfix_values.h: faults of main.cf and master.cf that postconf(1) does not
 * detect: words that are not allowed, unbalanced braces, table types that this Postfix does not
 * have, milters and policy services that cannot be parsed, and sockets that a chrooted service
 * cannot reach.  Pure.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_VALUES_H
#define CORE_MTA_POSTFIX_POSTFIX_VALUES_H

#include <stdbool.h>

#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"

/* Sentences, one for each fault, in the order of the files. */
struct faults {
	char **text;
	size_t count, room;
};
#define FAULTS_INIT ((struct faults){ 0 })
#define auto_faults cleanup(faults_done) struct faults
void faults_done(struct faults *faults);
/* The first of `now` that is not in `before`; NULL: none. */
const char *faults_new(const struct faults *now, const struct faults *before) must_check;

/* `types`: the output of "postconf -m"; NULL: unknown, types are not checked. */
void postfix_values_check(const struct main_cf *cf, const struct master_cf *master,
                          const char *types, struct faults *ret_faults);

/* Why the text is not an endpoint "unix:path" or "inet:host:port"; NULL: it is one. */
const char *postfix_endpoint_fault(const char *endpoint) must_check;

/* Services whose milters use `socket` ("unix:/path", as from opendkim_endpoint(), where `filter`
 * listens) and that cannot reach it: chrooted ones with an absolute path outside the chroot, and
 * the reverse.  `is_there` (NULL: never) returns whether another path leads there: a path as the
 * machine sees it.  True: some service uses the socket. */
bool postfix_reach_check(const struct main_cf *cf, const struct master_cf *master,
                         const char *queue_dir, const char *socket, const char *filter,
                         bool (*is_there)(void *arg, const char *path), void *arg,
                         struct faults *ret_faults);

/* Column 5 as master(8) reads it. */
bool postfix_is_chrooted(const struct main_cf *cf,
                         const struct master_service *service) must_check;

#endif
