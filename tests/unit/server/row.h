/* tests/unit/server/row.h: the line of the tests' server in the registry. */
#ifndef TESTS_UNIT_SERVER_ROW_H
#define TESTS_UNIT_SERVER_ROW_H

extern const struct mta_backend ledger_backend;
#define REGISTRY_MORE &ledger_backend,

#endif
