/*
 * core/model/life/import_walk.h: the files of a folder of keys, with the reasons against reading
 * them.  Symbolic links are not followed; files and folders that others may write to are refused.
 */
#ifndef CORE_MODEL_LIFE_IMPORT_WALK_H
#define CORE_MODEL_LIFE_IMPORT_WALK_H

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/secret.h"
#include "core/model/life/import_name.h"

#define IMPORT_KEY_MAX 65536 /* octets of a key file */

struct import_file {
	char *path; /* absolute inside the root: "/example.com/mail.private" */
	struct import_name name;
	struct file_info info;
	char *why;      /* why it is not read, as a sentence; NULL: it may be */
	bool is_passed; /* ... and that is no failure */
	bool is_used;   /* for the caller */
};
struct import_files {
	struct import_file *file; /* in the order of paths */
	size_t count, room;
};
void import_files_done(struct import_files *files);

/* All files below `top` ("/": the whole root), except those whose name begins with a dot.
 * ERR_FAILED: the folder cannot be read, others may write to it, or there are more than 1,000,000
 * files. */
int import_walk(const struct ctx *ctx, const char *top, struct import_files *ret_files,
                struct err *err) must_check;

/* The content of a key file; `follow`: links are followed inside the root.  ERR_FAILED: not a
 * regular file, too large, or others may write to it. */
int import_read_key(const struct ctx *ctx, const char *path, bool follow,
                    struct secret *ret_octets, struct err *err) must_check;

/* Whether others than the owner may write to a file or folder with that owner and mode. */
bool import_is_writable(const struct file_info *info) must_check;

#endif
