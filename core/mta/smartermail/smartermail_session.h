/*
 * core/mta/smartermail/smartermail_session.h: a conversation with a SmarterMail server (REST, the
 * vendor's reference is <server>/Documentation/api): login, renewal of the token, routes of the system
 * administrator and, where a build does not have them, of the domain's administrator.
 */
#ifndef CORE_MTA_SMARTERMAIL_SMARTERMAIL_SESSION_H
#define CORE_MTA_SMARTERMAIL_SMARTERMAIL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/remote.h"
#include "core/mta/remote/jsdoc.h"

struct sm_session;

/* The session with that server, which lasts until ctx_done(); it logs in at the first request.  Fails:
 * the file of the account cannot be used. */
int sm_session(struct ctx *ctx, const struct remote_server *server,
               struct sm_session **ret_session, struct err *err) must_check;

/* A key that the server made. */
struct sm_key {
	char *selector;   /* in lower case; NULL: none */
	char *public_key; /* base64 of the octets of p= */
};

/* What the server says of a domain. */
struct sm_domain {
	char *name;
	bool exists;
	bool is_active; /* the key `active` is in use where the domain signs */
	struct sm_key active, pending;
};

/* Asks once for each name (`is_fresh`: again).  Borrowed from the session. */
int sm_domain(struct sm_session *session, const char *name, bool is_fresh,
              int64_t deadline, const struct sm_domain **ret_domain,
              struct err *err) must_check;
/* Those that were asked for, in any order. */
int sm_each_domain(struct sm_session *session,
                   int (*each)(void *arg, const struct sm_domain *domain,
                               struct err *err),
                   void *arg, struct err *err) must_check;

/* Each reads the result back.  Fails: the server refuses, or reports another state afterwards. */
int sm_make_key(struct sm_session *session, const char *name, int64_t bits,
                int64_t deadline, struct err *err) must_check;
/* A key in use stays. */
int sm_drop_pending_key(struct sm_session *session, const char *name, int64_t deadline,
                        struct err *err) must_check;
int sm_sign(struct sm_session *session, const char *name, const char *selector,
            int64_t deadline, struct err *err) must_check;
/* The server does not report whether it still signs: its answer counts. */
int sm_stop_signing(struct sm_session *session, const char *name, int64_t deadline,
                    struct err *err) must_check;

/* The version: "100.0.9742"; NULL: not reported.  The caller frees. */
int sm_version(struct sm_session *session, int64_t deadline, char **ret_version,
               struct err *err) must_check;

/* One request of the system administrator.  ERR_MISSING: 404 or 405.  *ret_doc, which the caller frees,
 * is an object whose "success" is not false. */
int sm_ask(struct sm_session *session, const char *method, const char *path,
           const struct jsdoc *content, int64_t deadline, struct jsdoc **ret_doc,
           struct err *err) must_check;

#endif
