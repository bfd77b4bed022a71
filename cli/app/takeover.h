/*
 * cli/app/takeover.h: the keys of the filter that ours replaces (--replace-filter) are taken over in the
 * same change, and the domains are named: those that go on signing, and those that stop.
 */
#ifndef CLI_APP_TAKEOVER_H
#define CLI_APP_TAKEOVER_H

#include "cli/app/app.h"

/* Inside a change.  Nothing where --replace-filter was not given, where ours signs already, or where
 * no filter of an admin's is there.  Says it once. */
int takeover_run(struct app *app, struct err *err) must_check;

#endif
