/*
 * Paths inside the root: their text, the targets of their links, who can change their folders, and
 * the ids of users and groups.
 *
 * The walk resolves every folder and link itself, so that the check of the parents includes the
 * folders that contain the links and the folders that they lead to.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file_inner.h"

#define LINKS_MOST 40    /* the kernel's limit */
#define ENTRY_ROOM 65536 /* octets of one passwd or group entry with its members */

char *path_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash || slash == path)
		return xstrdup("/");
	return xmemdup(path, (size_t)(slash - path));
}

char *path_join(const char *a, const char *b)
{
	size_t len = strlen(a);
	while (len > 0 && a[len - 1] == '/')
		len--;
	b += strspn(b, "/");
	return xasprintf("%.*s/%s", (int)len, a, b);
}

bool path_is_plain(const char *path)
{
	if (path[0] != '/')
		return false;
	for (const unsigned char *c = (const unsigned char *)path; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			return false;
	if (path[1] == '\0')
		return true;
	for (const char *c = path; *c;) {
		size_t len = strcspn(++c, "/");
		if (len == 0 || (len == 1 && c[0] == '.') ||
		    (len == 2 && c[0] == '.' && c[1] == '.'))
			return false;
		c += len;
	}
	return true;
}

/* The state of a walk: `done` is resolved, `left` may contain links. */
struct walk {
	const struct ctx *ctx;
	const char *path; /* the requested path */
	const char *what; /* the beginning of the message */
	bool checks;      /* every folder and link must belong to root or to us */
	char *done;       /* "" or "/a/b" */
	char *left;       /* "c/../d", no slash before it */
	unsigned links;
};

static void walk_done(struct walk *walk)
{
	free(walk->done);
	free(walk->left);
}

/* The rights that an access list grants appear in the group's bits, whatever the group is.  `fd` is
 * O_PATH; its attributes can be read only by its name in /proc. */
static bool has_access_list(int fd)
{
	char name[32];
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return getxattr(name, "system.posix_acl_access", NULL, 0) >= 0 ||
	       (errno != ENODATA && errno != ENOTSUP);
}

static bool is_trusted(const struct stat *st, int fd)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return false;
	if (S_ISLNK(st->st_mode))
		return true;
	if (st->st_uid == 0 && (st->st_mode & S_ISVTX))
		return true;
	if (st->st_mode & S_IWOTH)
		return false;
	return !(st->st_mode & S_IWGRP) || (st->st_gid == 0 && !has_access_list(fd));
}

static int walk_check(const struct walk *walk, const struct stat *st, int fd,
                      const char *at, struct err *err)
{
	if (!walk->checks || is_trusted(st, fd))
		return 0;
	return err_set(
		err, ERR_FAILED,
		_("%s%s is not safe: accounts other than root can change %s%s (owner "
	          "%lu, group %lu, mode %04o); correct its owner and mode"),
		walk->ctx->root, walk->path, walk->ctx->root, at,
		(unsigned long)st->st_uid, (unsigned long)st->st_gid,
		(unsigned)(st->st_mode & 07777));
}

static int walk_link(struct walk *walk, int fd, struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(fd, "", target, sizeof(target) - 1);
	if (len < 0 || ++walk->links > LINKS_MOST)
		return file_fail(walk->ctx, err, len < 0 ? errno : ELOOP, walk->what,
		                 walk->path);
	target[len] = '\0';
	if (target[0] == '/') {
		free(walk->done);
		walk->done = xstrdup("");
	}
	char *left = xasprintf("%s/%s", target, walk->left);
	free(walk->left);
	walk->left = left;
	return 0;
}

/* Removes the first component of `left`; the caller frees.  NULL: none is left. */
static char *walk_next(struct walk *walk)
{
	const char *start = walk->left + strspn(walk->left, "/");
	size_t len = strcspn(start, "/");
	if (len == 0)
		return NULL;
	char *name = xmemdup(start, len);
	char *left = xstrdup(start + len + strspn(start + len, "/"));
	free(walk->left);
	walk->left = left;
	return name;
}

static int walk_step(struct walk *walk, const char *name, struct err *err)
{
	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		char *slash = strrchr(walk->done, '/');
		if (slash)
			*slash = '\0';
		return 0;
	}
	auto_free char *at = xasprintf("%s/%s", walk->done, name);
	auto_close int fd = file_open_raw(walk->ctx, at, O_PATH | O_NOFOLLOW, 0);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return file_fail_missing(walk->ctx, err, errno, walk->what, walk->path);
	if (walk_check(walk, &st, fd, at, err) < 0)
		return err->code;
	if (S_ISLNK(st.st_mode))
		return walk_link(walk, fd, err);
	free(walk->done);
	walk->done = xstrdup(at);
	return 0;
}

static int walk_all(struct walk *walk, struct err *err)
{
	for (;;) {
		auto_free char *name = walk_next(walk);
		if (!name)
			return 0;
		if (walk_step(walk, name, err) < 0)
			return err->code;
	}
}

int file_real_path(const struct ctx *ctx, const char *path, char **ret_path,
                   struct err *err)
{
	cleanup(walk_done) struct walk walk = {
		.ctx = ctx,
		.path = path,
		.what = _("cannot find"),
		.done = xstrdup(""),
		.left = xstrdup(path),
	};
	if (walk_all(&walk, err) < 0)
		return err->code;
	*ret_path = xstrdup(*walk.done ? walk.done : "/");
	return 0;
}

int file_check_parents(const struct ctx *ctx, const char *path, struct err *err)
{
	cleanup(walk_done) struct walk walk = {
		.ctx = ctx,
		.path = path,
		.what = _("cannot check the parent folders of"),
		.checks = true,
		.done = xstrdup(""),
		.left = path_parent(path),
	};
	struct stat st;
	if (fstat(ctx->root_fd, &st) < 0)
		return file_fail(ctx, err, errno, walk.what, path);
	if (walk_check(&walk, &st, ctx->root_fd, "/", err) < 0)
		return err->code;
	int result = walk_all(&walk, err);
	if (result != ERR_MISSING)
		return result;
	err_clear(err);
	return 0;
}

static void close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

/* From the root's own file: the machine's name service does not describe that root. */
static FILE *open_stream(const struct ctx *ctx, const char *path)
{
	int fd = file_open_raw(ctx, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "re");
	if (fd >= 0 && !stream)
		close(fd);
	return stream;
}

bool file_user_id(const struct ctx *ctx, const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	auto_free char *room = xcalloc(1, ENTRY_ROOM);
	struct passwd entry, *found = NULL;
	if (ctx->is_rooted) {
		cleanup(close_stream) FILE *stream = open_stream(ctx, "/etc/passwd");
		while (stream &&
		       fgetpwent_r(stream, &entry, room, ENTRY_ROOM, &found) == 0)
			if (strcmp(entry.pw_name, name) == 0)
				break;
			else
				found = NULL;
	} else if (getpwnam_r(name, &entry, room, ENTRY_ROOM, &found) != 0) {
		found = NULL;
	}
	if (!found)
		return false;
	*ret_uid = found->pw_uid;
	*ret_gid = found->pw_gid;
	return true;
}

bool file_group_id(const struct ctx *ctx, const char *name, gid_t *ret_gid)
{
	auto_free char *room = xcalloc(1, ENTRY_ROOM);
	struct group entry, *found = NULL;
	if (ctx->is_rooted) {
		cleanup(close_stream) FILE *stream = open_stream(ctx, "/etc/group");
		while (stream &&
		       fgetgrent_r(stream, &entry, room, ENTRY_ROOM, &found) == 0)
			if (strcmp(entry.gr_name, name) == 0)
				break;
			else
				found = NULL;
	} else if (getgrnam_r(name, &entry, room, ENTRY_ROOM, &found) != 0) {
		found = NULL;
	}
	if (!found)
		return false;
	*ret_gid = found->gr_gid;
	return true;
}
