/*
 * core/base/file_folder.h: an open folder, for replacing thousands of files repeatedly.
 *
 * The guarantees of file.h for a replaced file are the same here: the new content is complete
 * before a rename replaces the target, and owner, access list and extended attributes are kept.
 * Two things differ, because a file system needs much more time to create and delete an inode than
 * to write to one.  The folder is opened once.  And the replaced file is not deleted: it is
 * exchanged with the new one (RENAME_EXCHANGE) and kept in the hidden folder ".spare" (0700) until
 * the next content is written to it.  A spare file that a process has open, or that has a second
 * name, is never written to; it is deleted instead.
 */
#ifndef CORE_BASE_FILE_FOLDER_H
#define CORE_BASE_FILE_FOLDER_H

#include "core/base/file.h"

#define FILE_FOLDER_SPARE ".spare"

struct file_folder;

/* Opens the folder `path` (inside the root, links in it are followed).  `ctx` must outlive it. */
int file_folder_open(const struct ctx *ctx, const char *path,
                     struct file_folder **ret_folder, struct err *err) must_check;
void file_folder_free(struct file_folder *folder); /* NULL is fine */

/* Writes `octets` to a staged file for `name` (one component), with `mode` and the owner and
 * extended attributes of the present file.  It is not synced: file_sync_all() before the first
 * switch.  Refuses a target that is a symbolic link, not a regular file, bind-mounted or immutable.
 * On failure, no file remains. */
int file_folder_stage(struct file_folder *folder, const char *name, const void *octets,
                      size_t len, mode_t mode, struct err *err) must_check;
/* Replaces `name` by the staged file, once for each name while the folder is open.  The folder is
 * not synced: file_sync_dir(). */
int file_folder_switch(struct file_folder *folder, const char *name,
                       struct err *err) must_check;
/* Removes a staged file that is not needed. */
void file_folder_unstage(struct file_folder *folder, const char *name);
/* unlink(2) of `name` and of its spare file; absence is not an error. */
int file_folder_remove(struct file_folder *folder, const char *name,
                       struct err *err) must_check;

#endif
