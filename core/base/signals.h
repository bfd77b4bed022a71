/* core/base/signals.h: SIGINT, SIGTERM and SIGHUP set a flag, which is deferred while a push
 * replaces files. */
#ifndef CORE_BASE_SIGNALS_H
#define CORE_BASE_SIGNALS_H

#include <stdbool.h>

/* From now on the three signals only set a flag (without SA_RESTART: blocking calls end with
 * EINTR); one that was ignored when the program was started (nohup) remains ignored.  SIGPIPE is
 * ignored.  A second SIGINT ends the process, unless signals are held. */
void signals_init(void);
/* Whether a signal was received and signals are not held. */
bool signals_is_cancelled(void);
/* Between hold and release, signals_is_cancelled() is false; a signal that was received meanwhile
 * has its effect at the release.  Calls can be nested. */
void signals_hold(void);
void signals_release(void);

#endif
