/* cli/app/overview.h: what is pending on this host, for `mta status` and `domain show`. */
#ifndef CLI_APP_OVERVIEW_H
#define CLI_APP_OVERVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/app/app.h"
#include "core/model/export/export_state.h"
#include "core/model/key/publish.h"

enum { OVERVIEW_WAITS = 10 };

struct overview {
	struct export_state export;
	char *export_remark; /* why the zones could not be looked at; NULL: they were */
	struct publish_waiting waiting;
	int64_t rotations_due; /* domains with keys that are older than dkim.rotate-after */
	int64_t last_all; /* when `zone export --all` last ran to its end; 0: never */
	bool is_all_failed;
};
void overview_done(struct overview *overview);

/* Fast with many domains: counts, and the first few names. */
int overview_load(struct app *app, struct overview *ret_overview,
                  struct err *err) must_check;

/* The next command for zones and keys, NULL: none.  Borrowed from a const. */
const char *overview_hint(const struct overview *overview);

#endif
