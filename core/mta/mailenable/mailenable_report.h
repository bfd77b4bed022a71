/*
 * core/mta/mailenable/mailenable_report.h: the report of a domain: what an administrator clicks and
 * publishes.  Pure; in English, as all files are.
 */
#ifndef CORE_MTA_MAILENABLE_MAILENABLE_REPORT_H
#define CORE_MTA_MAILENABLE_MAILENABLE_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/model/record/records_list.h"
#include "core/mta/plan/desired.h"

enum mailenable_edition {
	MAILENABLE_ANY, /* not known */
	MAILENABLE_PROFESSIONAL,
	MAILENABLE_STANDARD,
};

struct mailenable_key {
	char *selector;
	bool is_rsa;
};

struct mailenable_facts {
	enum mailenable_edition edition;
	const char *name;
	const struct desired *desired;     /* the settings of the server */
	const struct record_list *records; /* the effective ones of the name */
	const struct mailenable_key *key;  /* with which it signs */
	size_t keys;
	bool is_waiting; /* DKIM is enabled for it, and no key signs yet */
};

void mailenable_report(const struct mailenable_facts *facts, struct buf *into);

#endif
