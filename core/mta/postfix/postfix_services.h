/*
 * core/mta/postfix/postfix_services.h: which mail reaches our filter, by main.cf and master.cf.
 * Pure.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_SERVICES_H
#define CORE_MTA_POSTFIX_POSTFIX_SERVICES_H

#include <stdbool.h>

#include "core/base/macro.h"
#include "core/mta/plan/plan.h"
#include "core/mta/postfix/postfix_filters.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"

/* Names of services, borrowed from master.cf, each array ends in NULL. */
struct services {
	const char **
		unmiltered; /* smtpd services that get no milter of ours: those that accept
	                            what a content filter returns, and those whose content an
	                            smtpd_proxy_filter keeps from every milter */
	const char **submission; /* smtpd services through which only customers send */
	const char **cleanup;    /* cleanup services; never empty */
	struct filter_ways ways;
};

#define SERVICES_INIT ((struct services){ 0 })
#define auto_services cleanup(services_done) struct services
/* `tables` and `has_other` as for filter_ways_find(). */
void services_read(const struct main_cf *main, const struct master_cf *master,
                   const struct filter_tables *tables, bool has_other,
                   struct services *ret_services);
void services_done(struct services *services);

/* Where the signing filter listens. */
struct filter_socket {
	const char *socket;    /* "unix:/path", "inet:8891@127.0.0.1" */
	const char *queue_dir; /* where relative paths begin, and chroots */
};

/* The endpoint of the first item ("unix:x", "inet:host:port, name=value") of the expanded list that
 * is that socket, as written; NULL: none.  The caller frees. */
char *services_find_socket(const char *list,
                           const struct filter_socket *filter) must_check;
/* Whether the list of the service names that socket. */
bool services_names_filter(const struct main_cf *main,
                           const struct master_service *service, const char *list,
                           const struct filter_socket *filter) must_check;

/* A note for each service whose own overrides disable our part, and for known conflicts. */
void services_note(const struct main_cf *main, const struct master_cf *master,
                   const struct services *services, const struct filter_socket *filter,
                   struct plan *plan);

/* Services whose own overrides disable our part.  `parameter`: the override; `is_meant`: neither
 * the world nor customers send there, or mail through it must not be signed: without the override
 * mail would be signed twice, or strangers' mail would be signed. */
void services_each_override(const struct main_cf *main, const struct master_cf *master,
                            const struct services *services,
                            const struct filter_socket *filter,
                            void (*each)(void *arg, const struct master_service *service,
                                         const char *parameter, bool is_meant,
                                         const char *sentence),
                            void *arg);
/* The remedy for such a service, for main.cf and master.cf in `folder` with ours in place: a
 * command that keeps the administrator's other filters and options, or a sentence.  The caller
 * frees. */
char *services_override_remedy(const struct main_cf *main,
                               const struct master_service *service,
                               const char *parameter, const struct filter_socket *filter,
                               const char *folder) must_check;

/* A note about an administrator's milters in smtpd_milters that process mail after ours signed it: on
 * port 25, if customers authenticate there. */
void services_note_order(const struct main_cf *main, const struct master_cf *master,
                         struct plan *plan);

/* An address of the SMTP server for probes. */
struct smtp_endpoint {
	char *address;      /* "127.0.0.1:25", "[::1]:25" */
	bool is_submission; /* customers log in to it */
	bool is_proxied;    /* it requires the PROXY protocol first */
};

struct endpoints {
	struct smtp_endpoint *at;
	size_t count, room;
};

#define ENDPOINTS_INIT ((struct endpoints){ 0 })
#define auto_endpoints cleanup(endpoints_done) struct endpoints
void endpoints_done(struct endpoints *endpoints);
/* smtpd and postscreen on inet, that of port 25 first; those left out that begin with TLS, that
 * master_service_disable closes, or whose address is a name that only DNS knows. */
void services_smtp_endpoints(const struct main_cf *main, const struct master_cf *master,
                             struct endpoints *ret_endpoints);

#endif
