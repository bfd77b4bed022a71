/* core/model/export/export_inner.h: shared by the files of export; no other file includes it. */
#ifndef CORE_MODEL_EXPORT_EXPORT_INNER_H
#define CORE_MODEL_EXPORT_EXPORT_INNER_H

#include <sys/types.h>

#include "core/base/digest.h"
#include "core/base/file_folder.h"
#include "core/base/names.h"
#include "core/model/export/export.h"

/* A file as recorded in export_file. */
struct export_known {
	char *name;
	int64_t size, mtime_ns, inode;
	bool is_owed;      /* zone.reload has not run for this content yet */
	bool is_kept;      /* no longer a zone, kept for zones that include it */
	bool is_looked_at; /* an item has it */
};

/* A zone that was examined. */
struct export_item {
	char *name;
	enum export_action action;
	bool has_file;  /* when all is done */
	bool is_kept;   /* the file is empty, and kept for zones that include it */
	bool is_owed;   /* zone.reload must run, or failed */
	bool has_keys;  /* its zone has records of keys in use */
	bool is_staged; /* new content is staged */
};

struct export
{
	struct ctx *ctx;
	char *dir;      /* real path inside the root */
	char *host_dir; /* the same as the machine sees it */
	int dir_fd;     /* for looking at many files; -1: no such folder yet */
	struct file_folder *folder; /* NULL: a dry run */
	char *reload;               /* zone.reload */
	enum zone_format format;
	struct digest inputs;
	int64_t gen;     /* of the change that it was prepared in */
	int64_t dir_id;  /* 0: this folder is new to the store */
	int64_t dir_gen; /* how far an earlier complete run came */
	int64_t dir_at;  /* when it was last reloaded; 0: never */
	struct digest dir_inputs;
	bool is_reload_owed;
	char *old_complaint;
	bool is_complete; /* every zone that may differ was looked at */
	bool is_dry_run;
	struct export_known *known;
	size_t known_count, known_room;
	struct export_item *item;
	size_t count, room;
	size_t failed;
	bool is_asking;
	struct names unasked; /* names whose zones must be queried first */
	const char
		*nameless; /* the first written zone without records that need <hostname>;
	                         NULL: none */
	size_t nameless_count;
	bool is_reload_failed;
	char *complaint; /* the output of the failed reload */
};

/* The folder: made, checked, opened; leftovers of an interrupted run are removed. */
int export_open_dir(struct export *export, struct store *store, const char *path,
                    struct err *err) must_check;
#define EXPORT_FILE_SIZE 270 /* NAME_MAX, and what is too long for it */
/* The name of a zone's file. */
const char *export_file(const char *name, char ret_file[EXPORT_FILE_SIZE]);
/* False: there is no such regular file. */
bool export_stat(const struct export *export, const char *name,
                 struct export_known *ret_seen) must_check;
/* Path and format of the folder: only what is required to examine it. */
int export_open_look(struct export *export, struct store *store,
                     struct err *err) must_check;
/* The values that affect every zone: required to determine which zones to examine. */
int export_read_inputs(struct export *export, struct store *store, const struct env *env,
                       struct err *err) must_check;
/* What the store contains about the folder, and about its files. */
int export_load_dir(struct export *export, struct store *store,
                    struct err *err) must_check;
int export_load_known(struct export *export, struct store *store,
                      struct err *err) must_check;
/* Whether the file still looks as it was recorded. */
bool export_is_unchanged(const struct export *export,
                         const struct export_known *known) must_check;
/* The recorded file of that name, NULL: none. */
struct export_known *export_find_known(const struct export *export, const char *name);
/* Whether the file has exactly this content. */
bool export_holds(const struct export *export, const char *name,
                  const struct buf *text) must_check;

enum export_want {
	EXPORT_WANT_NONE, /* there is to be no file */
	EXPORT_WANT_ZONE,
	EXPORT_WANT_KEPT, /* a file without records */
};
/* The text that a zone must have. */
int export_render(struct export *export, struct store *store, struct records *records,
                  const char *name, struct buf *out, enum export_want *ret_want,
                  struct err *err) must_check;
/* What must exist for a name that has no records here. */
int export_want_empty(const struct export *export, struct store *store, const char *name,
                      enum export_want *ret_want, struct err *err) must_check;
/* The text of a file that is kept. */
void export_put_kept(struct buf *out, const char *name);

/* Runs zone.reload; never fails, but records a failure. */
void export_reload(struct export *export, bool is_changed);

#endif
