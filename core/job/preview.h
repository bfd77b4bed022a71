/*
 * core/job/preview.h: what a dry run would change besides the rows of the store: records, zones,
 * and what is pending.
 */
#ifndef CORE_JOB_PREVIEW_H
#define CORE_JOB_PREVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/job/session.h"
#include "core/model/export/export_state.h"

struct preview_record {
	char *zone;
	bool is_added; /* otherwise removed */
	char *owner;   /* with its final dot */
	char *type, *rdata;
	uint32_t ttl;
};

struct preview {
	struct preview_record *record; /* by zone, removed before added */
	size_t records, record_room;
	int64_t omitted; /* zones that may differ too and were not compared */
	struct preview_wait {
		char *domain; /* NULL: the mail server */
		char *reason;
	} * wait;
	size_t waits, wait_room;
	struct export_state export; /* without a change: what the next export writes */
};
#define PREVIEW_INIT ((struct preview){ 0 })
void preview_done(struct preview *view);

/* Inside the transaction of a dry run.  `is_changed`: compares the records in it with those of the
 * database; otherwise returns what is pending anyway.  Of very many zones only the first few are
 * compared; `lists_all`: the first 1000.  The caller calls preview_done() in any case. */
int preview_load(struct session *session, bool is_changed, bool lists_all,
                 struct preview *view, struct err *err) must_check;

#endif
