/*
 * Preloaded (LD_PRELOAD): one step of a statement fails, as on a disk that cannot be read.
 *
 * FAIL_AT    which step, from 1
 * FAIL_NOTE  a file that is made when the program came so far
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long count;

/* SQLite steps statements of its own, and checks elsewhere whether they failed. */
static int is_own_step(const void *caller)
{
	Dl_info info;
	return dladdr(caller, &info) && strstr(info.dli_fname, "libsqlite3");
}

int sqlite3_step(sqlite3_stmt *stmt)
{
	static int (*real)(sqlite3_stmt *);
	const char *at = getenv("FAIL_AT"), *note = getenv("FAIL_NOTE");
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_step");
	/* Opening is excluded: a command that does not require the database may try to open it. */
	if (!at || !note || is_own_step(__builtin_return_address(0)) ||
	    strcasestr(sqlite3_sql(stmt), "application_id") ||
	    strcasestr(sqlite3_sql(stmt), "PRAGMA") || ++count != strtoul(at, NULL, 10))
		return real(stmt);
	int fd = open(note, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return SQLITE_IOERR;
}
