/* tests/unit/job_session.h: a session below a root of its own, and what is heard from it. */
#ifndef TESTS_UNIT_JOB_SESSION_H
#define TESTS_UNIT_JOB_SESSION_H

#include "core/job/change_push.h"
#include "tests/unit/file_root.h"

#include "core/base/alloc.h"
#include "core/store/change.h"

static struct session session;
static struct buf heard; /* one line for each message, log entry and preview */

static inline void hear(void *arg, enum report_level level, const char *text)
{
	(void)arg;
	buf_printf(&heard, "%s%s\n", level >= REPORT_WARNING ? "! " : "", text);
}

static inline void keep_log(void *arg, const char *text)
{
	(void)arg;
	buf_printf(&heard, "log: %s\n", text);
}

static inline int begin(void **state)
{
	char folder[] = "/tmp/test_job.XXXXXX";
	(void)state;
	umask(022);
	err_clear(&err);
	session = SESSION_INIT;
	if (!mkdtemp(folder) || session_init(&session, folder, &err) < 0)
		return -1;
	session.db_path = xasprintf("%s/store.db", folder);
	free(session.ctx.command);
	session.ctx.command = xstrdup("domain add");
	session.observer = (struct session_observer){ .message = hear, .log = keep_log };
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	nftw(session.ctx.root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	session_done(&session);
	buf_done(&heard);
	return 0;
}

static inline void assert_heard(const char *want)
{
	assert_string_equal(buf_text(&heard), want);
	buf_clear(&heard);
}

#endif
