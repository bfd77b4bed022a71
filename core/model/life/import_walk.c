/* The files below a folder, in the order of their paths, with their file system attributes. */
#include "core/model/life/import_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"

#define DEPTH_MOST 16
#define FILES_MOST 1000000

void import_files_done(struct import_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->file[i].path);
		free(files->file[i].why);
	}
	free(files->file);
	*files = (struct import_files){ 0 };
}

bool import_is_writable(const struct file_info *info)
{
	if (info->kind == FILE_DIRECTORY && (info->meta.mode & S_ISVTX))
		return false; /* others may add files there, but not change ours */
	return (info->meta.mode & S_IWOTH) ||
	       ((info->meta.mode & S_IWGRP) && info->meta.gid != 0);
}

static char *writable_text(const struct ctx *ctx, const char *path,
                           const struct file_info *info)
{
	return xasprintf(
		_("other accounts can write to it (mode %04o, group %lu): check it, then "
	          "\"chmod go-w %s%s\""),
		(unsigned)info->meta.mode, (unsigned long)info->meta.gid, ctx->root,
		path);
}

struct walk {
	const struct ctx *ctx;
	struct import_files *files;
	const char *folder;
	unsigned depth;
};

static struct import_file *add(struct walk *walk, const char *path, const char *name)
{
	struct import_files *files = walk->files;
	GROW(files->file, files->count, files->room);
	struct import_file *file = &files->file[files->count++];
	*file = (struct import_file){ .path = xstrdup(path),
		                      .name = import_name_read(name) };
	return file;
}

/* A link is skipped if its target is a file of the tree, which is read itself. */
static void judge_link(const struct ctx *ctx, struct import_file *file)
{
	struct err ignored = ERR_INIT;
	struct stat st;
	auto_free char *host = ctx_host_path(ctx, file->path);
	auto_free char *real = NULL, *outside = realpath(host, NULL);
	struct file_info target;
	auto_close int fd = file_open_raw(ctx, file->path, O_PATH, 0);
	bool is_inside = fd >= 0 && fstat(fd, &st) == 0 && outside &&
	                 file_real_path(ctx, file->path, &real, &ignored) == 0;
	struct stat there;
	is_inside = is_inside && stat(outside, &there) == 0 &&
	            there.st_ino == st.st_ino && there.st_dev == st.st_dev;
	file->is_passed = is_inside;
	if (is_inside && file_look(ctx, real, false, &target, &ignored) == 0)
		file->why = xasprintf(_("a symbolic link to %s in the folder"),
		                      real[1] ? real + 1 : ".");
	else
		file->why = xstrdup(
			_("it is a symbolic link to a file outside the folder, and is "
		          "not followed"));
}

static int walk_folder(struct walk *walk, struct err *err);

static int see(void *arg, const char *name, struct err *err)
{
	struct walk *walk = arg;
	struct file_info info;
	auto_free char *path = path_join(walk->folder, name);
	if (*name == '.')
		return 0;
	if (walk->files->count >= FILES_MOST)
		return err_set(err, ERR_FAILED, _("%s%s holds more than %d files"),
		               walk->ctx->root, walk->folder, FILES_MOST);
	if (file_look(walk->ctx, path, false, &info, err) < 0)
		return err->code;
	if (info.kind == FILE_ABSENT) /* removed meanwhile */
		return 0;
	struct import_name read = import_name_read(name);
	if (info.kind == FILE_DIRECTORY && read.kind != IMPORT_NAME_BACKUP &&
	    walk->depth < DEPTH_MOST && !import_is_writable(&info)) {
		struct walk inner = { walk->ctx, walk->files, path, walk->depth + 1 };
		return walk_folder(&inner, err);
	}
	struct import_file *file = add(walk, path, name);
	file->info = info;
	if (info.kind == FILE_LINK) {
		judge_link(walk->ctx, file);
	} else if (read.kind == IMPORT_NAME_BACKUP) {
		file->is_passed = true;
		file->why = xstrdup(_("its name is that of a backup"));
	} else if (import_is_writable(&info)) {
		/* a file that is certainly not a key is not refused */
		file->is_passed =
			info.kind == FILE_REGULAR && read.kind == IMPORT_NAME_COMPANION;
		file->why = writable_text(walk->ctx, path, &info);
	} else if (info.kind == FILE_DIRECTORY) {
		file->why = xstrdup(_("folders are nested too deeply"));
	} else if (info.kind != FILE_REGULAR) {
		file->why = xstrdup(_("it is not a regular file"));
	}
	return 0;
}

static int walk_folder(struct walk *walk, struct err *err)
{
	return file_list(walk->ctx, walk->folder, see, walk, err);
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct import_file *)a)->path,
	              ((const struct import_file *)b)->path);
}

int import_walk(const struct ctx *ctx, const char *top, struct import_files *ret_files,
                struct err *err)
{
	struct import_files files = { 0 };
	struct file_info info;
	struct walk walk = { ctx, &files, top, 0 };
	int r = file_look(ctx, top, true, &info, err);
	if (r < 0)
		return r;
	if (import_is_writable(&info)) {
		auto_free char *why = writable_text(ctx, top, &info);
		return err_set(err, ERR_FAILED, "%s%s: %s", ctx->root, top[1] ? top : "",
		               why);
	}
	r = walk_folder(&walk, err);
	if (r < 0) {
		import_files_done(&files);
		return r;
	}
	SORT(files.file, files.count, compare_files);
	*ret_files = files;
	return 0;
}

int import_read_key(const struct ctx *ctx, const char *path, bool follow,
                    struct secret *ret_octets, struct err *err)
{
	char octets[IMPORT_KEY_MAX + 1];
	struct stat st;
	size_t len = 0;
	ssize_t got = 0;
	auto_close int fd = file_open_raw(
		ctx, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | (follow ? 0 : O_NOFOLLOW),
		0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, _("cannot read it"));
	if (!S_ISREG(st.st_mode) || st.st_size > IMPORT_KEY_MAX)
		return err_set(err, ERR_FAILED,
		               _("it is not a regular file of at most 64 KiB"));
	struct file_info info = { .meta = { st.st_mode & 07777, st.st_uid, st.st_gid },
		                  .kind = FILE_REGULAR };
	if (import_is_writable(&info)) {
		auto_free char *why = writable_text(ctx, path, &info);
		return err_set(err, ERR_FAILED, "%s", why);
	}
	while (len < sizeof(octets) &&
	       (got = read(fd, octets + len, sizeof(octets) - len)) != 0) {
		if (got < 0 && errno != EINTR)
			break;
		len += got > 0 ? (size_t)got : 0;
	}
	if (got < 0 || len > IMPORT_KEY_MAX)
		err_errno(err, got < 0 ? errno : EFBIG, _("cannot read it"));
	else
		secret_set(ret_octets, octets, len);
	explicit_bzero(octets, sizeof(octets));
	return err->code;
}
