/*
 * core/job/export_activate.h: export and activate: zones to files, the name server is reloaded, keys
 * whose records are public now sign, and that is pushed.
 *
 * Three transactions (core/model/export/export.h), and one for each round of questions to zones that
 * are exported for the first time (core/job/zone_ask.h).  A failure leaves what earlier changes
 * saved; the next export completes it.
 */
#ifndef CORE_JOB_EXPORT_ACTIVATE_H
#define CORE_JOB_EXPORT_ACTIVATE_H

#include "core/job/session.h"

/* Exports the zones of `names` (A-labels; count 0: all that changed).  Takes the export lock for that
 * time where the session does not hold it.  A dry run reports to the observer's export_preview.
 * ERR_REPORTED: a zone failed, the others are exported. */
int export_activate_run(struct session *session, const char *const *names, size_t count,
                        struct err *err) must_check;
/* The same for what session_export_later() named so far.  It follows a change that is saved, and a failure
 * says so.  A dry run exports nothing: the records are in the preview of its change. */
int export_activate_later(struct session *session, struct err *err) must_check;
/* What cron runs: all zones that changed, then looks in DNS for keys that wait to be seen there.  A mark
 * tells `doctor` when it ran, also where nothing had changed. */
int export_activate_all(struct session *session, struct err *err) must_check;

/* Inside of a change: names the domain's zone for the export that follows where somebody waits for it.
 * A domain whose main domain signs waits for its own record; a zone that includes a file is refused
 * until that is there. */
int export_activate_if_awaited(struct session *session, const struct domain *domain,
                               struct err *err) must_check;

#endif
