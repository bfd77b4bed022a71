/* core/base/signals.h: SIGINT, SIGTERM and SIGHUP as a flag, and held back while a push switches. */
#ifndef CORE_BASE_SIGNALS_H
#define CORE_BASE_SIGNALS_H

#include <stdbool.h>

/* From now on the three signals only set a flag (without SA_RESTART: blocking calls end with
 * EINTR); one that was ignored when we were started (nohup) stays ignored.  SIGPIPE is ignored.  A second SIGINT while nothing is held ends the process. */
void signals_init(void);
/* Whether one came and none is held back now. */
bool signals_is_cancelled(void);
/* Between hold and release no signal is seen; one that came meanwhile is seen at the release.
 * Nests. */
void signals_hold(void);
void signals_release(void);

#endif
