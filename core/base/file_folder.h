/*
 * core/base/file_folder.h: an open folder whose files are replaced again and again, by the
 * thousand.
 *
 * What file.h promises of a replaced file holds here as well: the new content is complete before a
 * rename puts it in the target's place, and owner, access list and extended attributes stay.  Two
 * things differ, because a file system takes much longer to make and to delete an inode than to
 * write to one.  The folder is opened once.  And the file that was replaced is not deleted: it
 * changes places with the new one (RENAME_EXCHANGE) and waits in the hidden folder ".spare"
 * (0700) until the next content is written to it.  A spare file that somebody has open, or that
 * has a second name, is never written to; it is deleted instead.
 */
#ifndef CORE_BASE_FILE_FOLDER_H
#define CORE_BASE_FILE_FOLDER_H

#include "core/base/file.h"

#define FILE_FOLDER_SPARE ".spare"

struct file_folder;

/* Opens the folder `path` (inside the root, links in it are followed).  `ctx` lives as long. */
int file_folder_open(const struct ctx *ctx, const char *path,
                     struct file_folder **ret_folder, struct err *err) must_check;
void file_folder_free(struct file_folder *folder); /* NULL is fine */

/* Writes `octets` to a file that waits to be switched to `name` (one component), with `mode`, the
 * owner and the extended attributes of the present file.  It is not synced: file_sync_all() before
 * the first switch.  Refuses a target that is a symbolic link, not a regular file, bind-mounted or
 * immutable.  On failure nothing is left over. */
int file_folder_stage(struct file_folder *folder, const char *name, const void *octets,
                      size_t len, mode_t mode, struct err *err) must_check;
/* Puts the staged file in the place of `name`, once in the life of an open folder.  The folder is
 * not synced: file_sync_dir(). */
int file_folder_switch(struct file_folder *folder, const char *name,
                       struct err *err) must_check;
/* Takes a staged file away that is not wanted. */
void file_folder_unstage(struct file_folder *folder, const char *name);
/* unlink(2) of `name` and of its spare file; absence is fine. */
int file_folder_remove(struct file_folder *folder, const char *name,
                       struct err *err) must_check;

#endif
