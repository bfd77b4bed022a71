/*
 * core/mta/icewarp/icewarp_session.h: a conversation with an IceWarp server (XML over HTTP, command names
 * and answers as in the vendor's list of calls): login, properties of the server and of domains, logout.
 */
#ifndef CORE_MTA_ICEWARP_ICEWARP_SESSION_H
#define CORE_MTA_ICEWARP_ICEWARP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/secret.h"
#include "core/mta/plan/remote.h"

struct iw_session;

/* The session with that server, which lasts until ctx_done(), which logs out; it logs in at the first
 * request.  Fails: the file of the account cannot be used. */
int iw_session(struct ctx *ctx, const struct remote_server *server,
               struct iw_session **ret_session, struct err *err) must_check;

/* A property: a name of IceWarp's ("D_DKIM_Selector"), and its value. */
struct iw_property {
	const char *name;
	bool is_there; /* false: the server has no value, or this account may not read it */
	struct secret value; /* followed by a NUL that is not counted */
};
void iw_properties_done(struct iw_property *properties, size_t count);

/* Reads them: of `domain`, or (NULL) of the server. */
int iw_read(struct iw_session *session, const char *domain,
            struct iw_property *properties, size_t count, int64_t deadline,
            struct err *err) must_check;
/* Sets those that are there to their values, in one request.  A domain must exist: the server would make
 * one otherwise. */
int iw_write(struct iw_session *session, const char *domain,
             const struct iw_property *properties, size_t count, int64_t deadline,
             struct err *err) must_check;

/* Whether the server has the domain. */
int iw_has_domain(struct iw_session *session, const char *domain, int64_t deadline,
                  bool *ret_has, struct err *err) must_check;

#endif
