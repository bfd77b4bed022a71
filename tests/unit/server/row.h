/* tests/unit/server/row.h: the lines of the tests' server in the registry, and what its tests see of it. */
#ifndef TESTS_UNIT_SERVER_ROW_H
#define TESTS_UNIT_SERVER_ROW_H

extern const struct mta_backend ledger_backend;
extern const struct shared_format ledger_conf_format;
extern const struct service_kind ledger_service;
extern const struct probe_type ledger_probe;
#define REGISTRY_MORE &ledger_backend,
#define FORMATS_MORE &ledger_conf_format,
#define SERVICES_MORE &ledger_service,
#define PROBES_MORE &ledger_probe,

/* Called where it is told or asked something; NULL: nobody wants to know. */
extern void (*ledger_called)(void);

#endif
