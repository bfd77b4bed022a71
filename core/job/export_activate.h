/*
 * core/job/export_activate.h: export and activate: zones are written to files, the name server is
 * reloaded, keys whose records are now public sign, and that is pushed.
 *
 * Three transactions (core/model/export/export.h), and one for each round of queries to zones that
 * are exported for the first time (core/job/zone_ask.h).  A failure keeps what earlier changes
 * saved; the next export completes it.
 */
#ifndef CORE_JOB_EXPORT_ACTIVATE_H
#define CORE_JOB_EXPORT_ACTIVATE_H

#include "core/job/session.h"

/* Exports the zones of `names` (A-labels; count 0: all that changed).  Takes the export lock if the
 * session does not hold it.  A dry run reports to the observer's export_preview.  ERR_REPORTED: a
 * zone failed, the others are exported. */
int export_activate_run(struct session *session, const char *const *names, size_t count,
                        struct err *err) must_check;
/* The same for the zones that session_export_later() added.  It follows a change that is saved; the
 * message of a failure says so.  A dry run exports nothing: the preview of its change contains the
 * records. */
int export_activate_later(struct session *session, struct err *err) must_check;
/* For cron: exports all zones that changed, then looks in DNS for pending keys.  A mark tells
 * `doctor` when it ran, even if nothing had changed. */
int export_activate_all(struct session *session, struct err *err) must_check;

/* Inside a change: adds the domain's zone to the export that follows if something waits for it.  A
 * domain whose main domain signs waits for its own record; a zone that includes a file is refused
 * until that file exists. */
int export_activate_if_awaited(struct session *session, const struct domain *domain,
                               struct err *err) must_check;

#endif
