/*
 * cli/app/takeover.h: imports the keys of the filter that ours replaces (--replace-filter) in the
 * same change, and lists the domains that remain signed and those that will no longer be signed.
 */
#ifndef CLI_APP_TAKEOVER_H
#define CLI_APP_TAKEOVER_H

#include "cli/app/app.h"

/* Inside a change.  Does nothing without --replace-filter, if ours signs already, or without a
 * filter of an administrator.  Reports once. */
int takeover_run(struct app *app, struct err *err) must_check;

#endif
