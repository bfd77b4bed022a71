/*
 * core/mta/check/service_log.c: from a mark to the end of a log.
 *
 * Many programs write there, so a line is taken only from daemons whose trouble stops mail, and a
 * failure that was told before as well is not ours.  What a log says is foreign text: it is read up
 * to a limit and made harmless before anybody sees it.
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
	char *syslog_name;
	struct log_file *file;
	size_t files, room;
	char *cursor; /* of the journal; NULL: there is none */
	int64_t marked_at;
};

/* ---- lines ------------------------------------------------------------------------------------ */

bool log_line_read(const char *line, size_t len, struct log_line *ret)
{
	const char *colon = memmem(line, len, "]: ", 3);
	const char *bracket = colon ? memrchr(line, '[', (size_t)(colon - line)) : NULL;
	const char *blank = bracket ? memrchr(line, ' ', (size_t)(bracket - line)) : NULL;

	if (!bracket)
		return false;
	ret->tag = blank ? blank + 1 : line;
	ret->tag_len = (size_t)(bracket - ret->tag);
	ret->message = colon + 3;
	ret->message_len = len - (size_t)(ret->message - line);
	return ret->tag_len > 0;
}

static bool begins(const struct log_line *line, const char *words)
{
	size_t len = strlen(words);

	return line->message_len > len && memcmp(line->message, words, len) == 0;
}

static bool has(const struct log_line *line, const char *words)
{
	return memmem(line->message, line->message_len, words, strlen(words)) != NULL;
}

static bool is_front_daemon(const struct log_line *line, const char *syslog_name)
{
	static const char *const daemons[] = { "master",   "smtpd",  "postscreen",
		                               "cleanup",  "tlsmgr", "trivial-rewrite",
		                               "proxymap", "qmgr",   "pickup",
		                               "spawn",    "rewrite" };
	size_t name = strlen(syslog_name);
	const char *slash = memrchr(line->tag, '/', line->tag_len);

	if (!slash || line->tag_len <= name || line->tag[name] != '/' ||
	    memcmp(line->tag, syslog_name, name) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(daemons); i++)
		if (strlen(daemons[i]) ==
		            line->tag_len - (size_t)(slash + 1 - line->tag) &&
		    memcmp(slash + 1, daemons[i], strlen(daemons[i])) == 0)
			return true;
	return false;
}

bool log_line_is_failure(const struct log_line *line, const char *syslog_name)
{
	static const char *const filters[][2] = {
		{ "opendkim", "/etc/opendkim.conf: " },
		{ "opendmarc", "/etc/opendmarc.conf: " },
	};

	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (line->tag_len == strlen(filters[i][0]) &&
		    memcmp(line->tag, filters[i][0], line->tag_len) == 0)
			return begins(line, filters[i][1]) ||
			       has(line, ": configuration error at line ");
	if (!is_front_daemon(line, syslog_name))
		return false;
	return begins(line, "fatal: ") || begins(line, "panic: ") ||
	       begins(line, "error: ") ||
	       (begins(line, "warning: ") && has(line, "bad command startup"));
}

static bool is_same(const struct log_line *a, const struct log_line *b)
{
	return a->tag_len == b->tag_len && a->message_len == b->message_len &&
	       memcmp(a->tag, b->tag, a->tag_len) == 0 &&
	       memcmp(a->message, b->message, a->message_len) == 0;
}

/* The next whole or last line that is a failure, behind *at. */
static bool next_failure(const struct buf *text, size_t *at, const char *syslog_name,
                         struct log_line *ret)
{
	while (*at < text->len) {
		const char *line = text->at + *at;
		const char *feed = memchr(line, '\n', text->len - *at);
		size_t len = feed ? (size_t)(feed - line) : text->len - *at;

		*at += len + 1;
		if (log_line_read(line, len, ret) &&
		    log_line_is_failure(ret, syslog_name))
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

	while (next_failure(since, &at, log->syslog_name, &line)) {
		bool was_told = false;

		for (size_t back = 0;
		     !was_told && next_failure(earlier, &back, log->syslog_name, &old);)
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
	/* a rotated log is a fresh file */
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

static void ask_source(struct ctx *ctx, const struct plan *plan, const char *service,
                       struct service_log *log)
{
	auto_free char *name = NULL, *file = NULL;

	plan->log_source(ctx, service, &name, &file);
	if (name) {
		free(log->syslog_name);
		log->syslog_name = xstrdup(name);
	}
	if (file)
		mark_file(ctx, log, file);
}

struct service_log *service_log_mark(struct ctx *ctx, const struct plan *plan, int rank)
{
	struct service_log *log = NULL;

	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->step[i];

		if (step->kind != STEP_SERVICE || (int)step->rank != rank)
			continue;
		if (!log) {
			log = xcalloc(1, sizeof(*log));
			log->syslog_name = xstrdup("postfix");
			log->marked_at = ctx_now(ctx);
		}
		if (plan->log_source)
			ask_source(ctx, plan, step->object, log);
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
	free(log->syslog_name);
	free(log->cursor);
	free(log);
}
