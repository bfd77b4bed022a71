/*
 * cli/app/diffview.h: what a dry run says besides the rows of the change: records, zones, and what waits.
 */
#ifndef CLI_APP_DIFFVIEW_H
#define CLI_APP_DIFFVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/app/app.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/model/export/export_state.h"

struct diffview_record {
	char *zone;
	bool is_added; /* or removed */
	char *owner;   /* with its final dot */
	char *type, *rdata;
	uint32_t ttl;
};

struct diffview {
	struct diffview_record *record; /* by zone, removed before added */
	size_t records, record_room;
	int64_t omitted; /* zones that may differ too and were not compared */
	struct diffview_wait {
		char *domain; /* NULL: the mail server */
		char *reason;
	} * wait;
	size_t waits, wait_room;
	struct export_state export; /* without a change: what the next export writes */
};
#define DIFFVIEW_INIT ((struct diffview){ 0 })
void diffview_done(struct diffview *view);

/* Inside the transaction of a dry run.  `is_changed`: records as they are in it against those of the
 * database; otherwise what is pending anyway. */
int diffview_load(struct app *app, bool is_changed, struct diffview *view,
                  struct err *err) must_check;

/* For people: lines that go and come, zone by zone; nothing where there are none. */
void diffview_show_zones(const struct diffview *view, bool is_coloured, struct buf *out);
void diffview_show_waits(const struct diffview *view, struct buf *out);
/* The same as listings "records" and "pending" inside an object. */
void diffview_emit(const struct diffview *view, struct out *out);

#endif
