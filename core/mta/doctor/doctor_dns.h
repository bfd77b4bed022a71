/* core/mta/doctor/doctor_dns.h: what the checks that ask name servers share. */
#ifndef CORE_MTA_DOCTOR_DOCTOR_DNS_H
#define CORE_MTA_DOCTOR_DOCTOR_DNS_H

#include "core/mta/doctor/doctor.h"
#include "dnszone/query/resolver.h"

/* --resolver, or the system's name servers. */
int doctor_servers(const struct doctor *d, struct query_servers *ret_servers,
                   struct err *err) must_check;
/* A resolver with a memory for one check.  NULL: no memory; the finding was added. */
struct resolver *doctor_open_dns(struct doctor *d,
                                 const struct query_servers *servers) must_check;
/* One question by name; a name that is none is answered with "no such name". */
void doctor_ask(struct resolver *dns, const char *name, enum dns_type type,
                struct deadline until, struct arena *mem, struct dns_answer *ret_answer);

/* A name for which name servers should have an answer: our newest domain, the host's name, or ".".
 * Caller frees. */
char *doctor_known_name(struct doctor *d) must_check;

#endif
