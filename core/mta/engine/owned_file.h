/* core/mta/engine/owned_file.h: files and folders that are ours, and edits of them. */
#ifndef CORE_MTA_ENGINE_OWNED_FILE_H
#define CORE_MTA_ENGINE_OWNED_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/mta/engine/owned.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* For step_type.own and give_back. */
int owned_file_note(const struct step_run *run, const struct step_row *row,
                    struct err *err) must_check;
int owned_folder_note(const struct step_run *run, const struct step_row *row,
                      struct err *err) must_check;
int owned_file_give_back(const struct step_run *run, const struct owned_row *row,
                         struct plan *plan, struct err *err) must_check;
int owned_folder_give_back(const struct step_run *run, const struct owned_row *row,
                           struct plan *plan, struct err *err) must_check;

/* Files that are ours although no push in this table wrote them, before owned_update(): no foreign
 * file was there, and the folders around it are ours according to the prefixes `claimed` of the
 * plan. */
int owned_claim(struct ctx *ctx, struct store *target, const struct plan *plan,
                struct err *err) must_check;

/* A file that we wrote, as it was right after the push; borrowed until the next row. */
struct owned_file {
	const char *path;
	struct digest
		value; /* the content that we wrote; its text is a blob unless it is a secret */
	bool is_secret;
	struct file_meta meta; /* KEEP: was not requested */
	const struct shared_format *shared;
	bool has_look; /* the next three are known */
	int64_t size, mtime_ns;
	uint64_t inode;
};
/* Files that are ours, for owned_next_file(): all by path, or those that belong to no single domain
 * and `limit` (not 0) of the others, the first by path. */
int owned_files(struct store *target, int64_t limit, struct stmt **ret_files,
                struct err *err) must_check;
/* 1: *ret_file is the next; 0: there is none. */
int owned_next_file(struct stmt *files, struct owned_file *ret_file,
                    struct err *err) must_check;
/* 1: more than `limit` files belong to domains; 0: not. */
int owned_has_more_files(struct store *target, int64_t limit, struct err *err) must_check;
/* The one at `path`: 1; 0: it is not ours.  It is valid until the caller frees *ret_files. */
int owned_file_at(struct store *target, const char *path, struct stmt **ret_files,
                  struct owned_file *ret_file, struct err *err) must_check;
/* Others wrote the wanted content, or removed an unwanted file: that counts as ours. */
int owned_accept(struct ctx *ctx, struct store *target, const char *path,
                 struct err *err) must_check;

#endif
