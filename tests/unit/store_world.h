/* A folder for a database, and what the tests of the store do with one. */
#ifndef TESTS_UNIT_STORE_WORLD_H
#define TESTS_UNIT_STORE_WORLD_H

#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/ctx.h"
#include "core/store/schema.h"
#include "core/store/store.h"
#include "tests/unit/leaks.h"

struct world {
	char folder[64];
	char *path; /* <folder>/sub/store.db */
	char *sub;
	struct ctx ctx;
};

static inline int64_t now_is_seven(const struct ctx *ctx)
{
	(void)ctx;
	return 7;
}

static inline int set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	leaks_note();
	snprintf(w->folder, sizeof(w->folder), "/tmp/test_store.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	w->sub = xasprintf("%s/sub", w->folder);
	w->path = xasprintf("%s/store.db", w->sub);
	w->ctx = (struct ctx){ .actor = (char *)(uintptr_t) "tester",
		               .uid = 42,
		               .now = now_is_seven };
	*state = w;
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int type,
                             struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int tear_down(void **state)
{
	struct world *w = *state;
	assert_int_equal(nftw(w->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(w->path);
	free(w->sub);
	free(w);
	return leaks_check();
}

static inline struct store *opened(struct world *w, enum store_mode mode)
{
	struct err err = ERR_INIT;
	struct store *store = NULL;
	if (store_open(w->path, &schema_store, mode, &store, &err) != 0)
		fail_msg("%s", err.text);
	return store;
}

static inline void check_refused(struct world *w, const struct store_kind *kind,
                                 enum store_mode mode, int code, const char *text)
{
	struct err err = ERR_INIT;
	struct store *store = NULL;
	assert_int_equal(store_open(w->path, kind, mode, &store, &err), code);
	if (!strstr(err.text, text) || !strstr(err.text, w->folder))
		fail_msg("%s", err.text);
	assert_null(store);
}

/* Runs SQL on the file as another program would. */
static inline void foreign_sql(struct world *w, const char *sql)
{
	sqlite3 *db;
	mkdir(w->sub, 0700);
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static inline void put_octets(struct world *w, long offset, char octet, size_t len)
{
	mkdir(w->sub, 0700);
	int fd = open(w->path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	while (len--)
		assert_int_equal(pwrite(fd, &octet, 1, offset++), 1);
	close(fd);
}

static inline void check_mode(const char *path, mode_t mode)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static inline int64_t number_of(struct store *store, const char *sql)
{
	struct err err = ERR_INIT;
	int64_t value = -1;
	if (store_get_int(store, &value, &err, sql, "") != 1)
		fail_msg("%s: %s", sql, err.text);
	return value;
}

#endif
