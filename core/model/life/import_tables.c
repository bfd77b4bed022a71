/*
 * The tables of an import: those that were named, and those in the folder.
 *
 * A table may name any file.  One that an account other than root may have written is trusted for
 * files of its own folder only.
 */
#include "core/model/life/import_tree_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

/* ---- paths by their ends ------------------------------------------------------------------------- */

/* The number of path components that two paths have in common at their ends. */
static size_t common_parts(const char *a, const char *b)
{
	size_t i = strlen(a), j = strlen(b), parts = 0;
	for (; i && j && a[i - 1] == b[j - 1]; i--, j--)
		parts += a[i - 1] == '/';
	return parts;
}

static int compare_end(const char *a, const char *b)
{
	size_t i = strlen(a), j = strlen(b);
	for (; i && j; i--, j--)
		if (a[i - 1] != b[j - 1])
			return (unsigned char)a[i - 1] - (unsigned char)b[j - 1];
	return (i > 0) - (j > 0);
}

static int compare_ends(const void *x, const void *y)
{
	return compare_end((*(struct import_file *const *)x)->path,
	                   (*(struct import_file *const *)y)->path);
}

struct import_file **import_by_end(struct import_files *files)
{
	struct import_file **by_end =
		xcalloc(files->count + 1, sizeof(struct import_file *));
	for (size_t i = 0; i < files->count; i++)
		by_end[i] = &files->file[i];
	SORT(by_end, files->count, compare_ends);
	return by_end;
}

struct import_file *import_find(struct import_file *const *by_end, size_t count,
                                const char *path)
{
	size_t low = 0, high = count, most = 0;
	struct import_file *best = NULL;
	bool is_tied = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_end(by_end[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* the file whose path has the longest end in common is the one that the table means, and
	 * in this order it is next to the place of `path`; of two equally long ones, neither */
	for (size_t i = low > 1 ? low - 2 : 0; i < count && i < low + 2; i++) {
		bool is_whole = text_ends(path, by_end[i]->path);
		size_t parts = common_parts(by_end[i]->path, path) + is_whole;
		if (parts < 2)
			continue;
		if (parts >= most)
			is_tied = parts == most;
		if (parts > most) {
			most = parts;
			best = by_end[i];
		}
	}
	return is_tied ? NULL : best;
}

/* ---- reading -------------------------------------------------------------------------------------- */

struct tables {
	struct ctx *ctx;
	struct import *import;
	struct import_files *files;
	struct import_file **by_end;
	struct key_tables *tables;
};

/* A file that a configuration names: of the tree, else of the host. */
static bool read_further(void *arg, const char *path, struct buf *into)
{
	struct tables *tables = arg;
	struct err ignored = ERR_INIT;
	const struct import_file *file =
		import_find(tables->by_end, tables->files->count, path);
	if (file && !file->why)
		return file_read(&tables->import->tree, file->path, KEY_TABLES_FILE_MAX,
		                 into, NULL, &ignored) == 0;
	return tables->import->may_lead_out && path_is_plain(path) &&
	       file_read(tables->ctx, path, KEY_TABLES_FILE_MAX, into, NULL, &ignored) ==
	               0;
}

static void read_text(struct tables *tables, const char *name, const struct buf *text)
{
	const struct key_tables_source source = { read_further, tables };
	const char *at = buf_text(text);
	key_tables_read(tables->tables, key_tables_kind_of(name, at), name, at, &source);
}

/* Root's own, in folders that only root can change: it may name files outside the tree. */
static bool is_trusted(const struct ctx *tree, const struct import_file *file)
{
	struct err ignored = ERR_INIT;
	return (file->info.meta.uid == 0 || file->info.meta.uid == geteuid()) &&
	       !import_is_writable(&file->info) &&
	       file_check_parents(tree, file->path, &ignored) == 0;
}

static bool is_table(const struct import_file *file, const struct buf *text)
{
	const char *at = buf_text(text);
	return strlen(at) == text->len && !strstr(at, "PRIVATE KEY-----") &&
	       key_tables_kind_of(file->path, at) != KEY_TABLES_NONE;
}

static void read_of_tree(struct tables *tables, bool is_second)
{
	struct import *import = tables->import;
	for (size_t i = 0; i < tables->files->count; i++) {
		struct import_file *file = &tables->files->file[i];
		auto_buf text = BUF_INIT;
		struct err ignored = ERR_INIT;
		if (file->why || file->name.kind != IMPORT_NAME_PLAIN ||
		    (is_second && !file->is_used) ||
		    file_read(&import->tree, file->path, KEY_TABLES_FILE_MAX, &text, NULL,
		              &ignored) < 0 ||
		    !is_table(file, &text))
			continue;
		if (is_second) {
			read_text(tables, file->path, &text);
			continue;
		}
		file->is_used = true;
		import->may_lead_out &= is_trusted(&import->tree, file);
		import_item_say(
			import_add(import, &import->tree, file->path, IMPORT_PASSED),
			IMPORT_PASSED, _("read as a table"));
	}
}

static int read_named(struct tables *tables, const char *path, struct err *err)
{
	auto_buf text = BUF_INIT;
	struct stat st;
	auto_free char *real = realpath(path, NULL);
	auto_close int fd =
		open(real ? real : path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, _("cannot read %s"), path);
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)KEY_TABLES_FILE_MAX)
		return err_set(
			err, ERR_FAILED,
			_("%s is not a regular file of at most 64 MiB; --tree takes "
		          "a folder"),
			path);
	struct file_info info = { .meta = { st.st_mode & 07777, st.st_uid, st.st_gid },
		                  .kind = FILE_REGULAR };
	if (import_is_writable(&info))
		return err_set(
			err, ERR_FAILED,
			_("other accounts can write to %s (mode %04o): check it, then "
		          "\"chmod go-w %s\""),
			path, (unsigned)info.meta.mode, path);
	while (text.len <= (size_t)st.st_size) {
		buf_reserve(&text, (size_t)st.st_size + 1);
		ssize_t got =
			read(fd, text.at + text.len, (size_t)st.st_size + 1 - text.len);
		if (got < 0 && errno != EINTR)
			return err_errno(err, errno, _("cannot read %s"), path);
		if (got == 0)
			break;
		text.len += got > 0 ? (size_t)got : 0;
	}
	text.at[text.len] = '\0';
	/* as a path below the root, so that relative names in it are found */
	size_t root = strlen(tables->ctx->root);
	const char *name =
		real && strncmp(real, tables->ctx->root, root) == 0 ? real + root : path;
	if (strlen(text.at) != text.len ||
	    key_tables_kind_of(name, text.at) == KEY_TABLES_NONE)
		return err_set(err, ERR_FAILED,
		               _("%s is not a known table: opendkim.conf, KeyTable and "
		                 "SigningTable, rspamd's dkim_signing.conf and its maps, "
		                 "amavis's and "
		                 "Exim's configuration are read"),
		               path);
	read_text(tables, name, &text);
	return 0;
}

int import_tables(struct ctx *ctx, const struct import_request *request,
                  struct import *import, struct import_files *files,
                  struct key_tables *into, struct err *err)
{
	auto_free struct import_file **by_end = import_by_end(files);
	struct tables tables = { ctx, import, files, by_end, into };
	int r = 0;
	import->may_lead_out = true;
	if (!request->table_count) {
		read_of_tree(&tables, false);
		read_of_tree(&tables, true);
	}
	for (size_t i = 0; r >= 0 && i < request->table_count; i++)
		r = read_named(&tables, request->tables[i], err);
	if (r >= 0)
		key_tables_finish(into);
	return r;
}
