/*
 * core/mta/check/service_log.c: from a mark to the end of a log.
 *
 * Many programs write there, so only the services' rows determine what a line means; a failure that
 * was also reported before the mark does not come from the push.  A log is foreign text: it is read
 * up to a limit and cleaned before it is printed.
 */
#include "core/mta/check/service_log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/mta/host/log_line.h"
#include "core/mta/host/service_kind.h"

#define SINCE_LIMIT ((size_t)256 << 10)
#define EARLIER_LIMIT ((size_t)64 << 10)
#define LINE_SHOWN 300
#define MAIL_FACILITY "SYSLOG_FACILITY=2"
#define CURSOR_MARK "-- cursor: "

struct log_file {
	char *path;
	uint64_t inode;
	int64_t end;
};

struct service_log {
	char **name; /* name of each kind of service in that log */
	struct log_file *file;
	size_t files, room;
	char *cursor; /* of the journal; NULL: none */
	int64_t marked_at;
};

/* ---- lines ------------------------------------------------------------------------------------ */

static bool is_refusal(const struct service_log *log, const struct log_line *line)
{
	for (unsigned i = 0; i < service_kind_count; i++)
		if (service_kinds[i]->is_refusal &&
		    service_kinds[i]->is_refusal(line, log->name[i]))
			return true;
	return false;
}

static bool is_same(const struct log_line *a, const struct log_line *b)
{
	return a->tag_len == b->tag_len && a->message_len == b->message_len &&
	       memcmp(a->tag, b->tag, a->tag_len) == 0 &&
	       memcmp(a->message, b->message, a->message_len) == 0;
}

/* The next whole or last line that is a failure, after *at. */
static bool next_failure(const struct service_log *log, const struct buf *text,
                         size_t *at, struct log_line *ret)
{
	while (*at < text->len) {
		const char *line = text->at + *at;
		const char *feed = memchr(line, '\n', text->len - *at);
		size_t len = feed ? (size_t)(feed - line) : text->len - *at;

		*at += len + 1;
		if (log_line_read(line, len, ret) && is_refusal(log, ret))
			return true;
	}
	return false;
}

static char *show(const struct log_line *line)
{
	size_t len = line->message_len < LINE_SHOWN ? line->message_len : LINE_SHOWN;
	char *text = xasprintf("%.*s: %.*s", (int)line->tag_len, line->tag, (int)len,
	                       line->message);
	bool is_clean = text_is_clean(text);

	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f ||
		    (!is_clean && (unsigned char)*c > 0x7f))
			*c = '?';
	return text;
}

static char *first_failure(const struct service_log *log, const struct buf *earlier,
                           const struct buf *since)
{
	struct log_line line, old;
	size_t at = 0;

	while (next_failure(log, since, &at, &line)) {
		bool was_told = false;

		for (size_t back = 0;
		     !was_told && next_failure(log, earlier, &back, &old);)
			was_told = is_same(&line, &old);
		if (!was_told)
			return show(&line);
	}
	return NULL;
}

/* ---- files ------------------------------------------------------------------------------------ */

static void mark_file(struct ctx *ctx, struct service_log *log, const char *path)
{
	struct file_info info;
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < log->files; i++)
		if (strcmp(log->file[i].path, path) == 0)
			return;
	if (file_look(ctx, path, true, &info, &ignored) || info.kind != FILE_REGULAR)
		return;
	GROW(log->file, log->files, log->room);
	log->file[log->files++] = (struct log_file){ .path = xstrdup(path),
		                                     .inode = info.inode,
		                                     .end = info.size };
}

static void read_part(int fd, int64_t from, size_t limit, struct buf *into)
{
	ssize_t n = 1;

	while (limit > 0 && n > 0) {
		char octets[8192];

		n = pread(fd, octets, limit < sizeof(octets) ? limit : sizeof(octets),
		          from);
		if (n > 0) {
			buf_add(into, octets, (size_t)n);
			from += n;
			limit -= (size_t)n;
		}
	}
}

static char *file_failure(struct ctx *ctx, const struct service_log *log,
                          const struct log_file *file)
{
	auto_close int fd = file_open_raw(ctx, file->path, O_RDONLY | O_CLOEXEC, 0);
	auto_buf earlier = BUF_INIT, since = BUF_INIT;
	struct stat st;
	int64_t back = file->end < (int64_t)EARLIER_LIMIT
	                       ? 0
	                       : file->end - (int64_t)EARLIER_LIMIT;
	bool is_same_file;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	/* a rotated log is a new file */
	is_same_file = (uint64_t)st.st_ino == file->inode && st.st_size >= file->end;
	if (is_same_file)
		read_part(fd, back, (size_t)(file->end - back), &earlier);
	read_part(fd, is_same_file ? file->end : 0, SINCE_LIMIT, &since);
	return first_failure(log, &earlier, &since);
}

/* ---- the journal ------------------------------------------------------------------------------ */

static void read_journal(struct ctx *ctx, const char *const *argv, struct buf *into)
{
	struct run_spec spec = { .argv = argv, .output_limit = SINCE_LIMIT };
	struct err ignored = ERR_INIT;

	if (run_checked(ctx, &spec, into, &ignored))
		buf_clear(into);
}

static void mark_journal(struct ctx *ctx, struct service_log *log)
{
	static const char *const argv[] = { "journalctl", "--quiet",       "--no-pager",
		                            "--lines=0",  "--show-cursor", NULL };
	auto_buf out = BUF_INIT;
	const char *cursor;

	if (!systemd_is_there(ctx))
		return;
	read_journal(ctx, argv, &out);
	cursor = strstr(buf_text(&out), CURSOR_MARK);
	if (cursor) {
		cursor += strlen(CURSOR_MARK);
		log->cursor = xmemdup(cursor, strcspn(cursor, "\n"));
	}
}

static char *journal_failure(struct ctx *ctx, const struct service_log *log)
{
	auto_free char *after = xasprintf("--after-cursor=%s", log->cursor);
	auto_free char *until = xasprintf("--until=@%lld", (long long)log->marked_at);
	const char *const since_argv[] = { "journalctl", "--quiet",        "--no-pager",
		                           after,        "--output=short", MAIL_FACILITY,
		                           NULL };
	const char *const earlier_argv[] = { "journalctl",     "--quiet",
		                             "--no-pager",     until,
		                             "--output=short", "--lines=500",
		                             MAIL_FACILITY,    NULL };
	auto_buf earlier = BUF_INIT, since = BUF_INIT;

	read_journal(ctx, since_argv, &since);
	if (!since.len)
		return NULL;
	read_journal(ctx, earlier_argv, &earlier);
	return first_failure(log, &earlier, &since);
}

/* ---- marks ------------------------------------------------------------------------------------ */

static void ask_source(struct ctx *ctx, const char *service, struct service_log *log)
{
	const struct service_kind *kind = service_kind_find(service);
	auto_free char *name = NULL, *file = NULL;

	if (!kind || !kind->log_source)
		return;
	kind->log_source(ctx, service_instance(service), &name, &file);
	for (unsigned i = 0; name && i < service_kind_count; i++)
		if (service_kinds[i] == kind) {
			free(log->name[i]);
			log->name[i] = xstrdup(name);
		}
	if (file)
		mark_file(ctx, log, file);
}

static struct service_log *log_new(struct ctx *ctx)
{
	struct service_log *log = xcalloc(1, sizeof(*log));

	log->name = xcalloc(service_kind_count, sizeof(*log->name));
	for (unsigned i = 0; i < service_kind_count; i++)
		log->name[i] = xstrdup(service_kinds[i]->name);
	log->marked_at = ctx_now(ctx);
	return log;
}

struct service_log *service_log_mark(struct ctx *ctx, const struct plan *plan, int rank)
{
	struct service_log *log = NULL;

	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->step[i];

		if (!step_is_service(step) || (int)step->rank != rank)
			continue;
		if (!log)
			log = log_new(ctx);
		ask_source(ctx, step->object, log);
	}
	if (!log)
		return NULL;
	mark_file(ctx, log, "/var/log/mail.log");
	mark_file(ctx, log, "/var/log/maillog");
	mark_journal(ctx, log);
	return log;
}

char *service_log_failure(struct ctx *ctx, const struct service_log *log)
{
	char *found = NULL;

	for (size_t i = 0; log && i < log->files && !found; i++)
		found = file_failure(ctx, log, &log->file[i]);
	if (log && log->cursor && !found)
		found = journal_failure(ctx, log);
	return found;
}

void service_log_free(struct service_log *log)
{
	if (!log)
		return;
	for (size_t i = 0; i < log->files; i++)
		free(log->file[i].path);
	free(log->file);
	for (unsigned i = 0; i < service_kind_count; i++)
		free(log->name[i]);
	free(log->name);
	free(log->cursor);
	free(log);
}
