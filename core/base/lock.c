/*
 * flock(2) with a deadline.
 *
 * The file is never unlinked, so every process locks the same inode.  Its text is for people only:
 * it is written after the lock was taken and truncated before it is released.
 *
 * A process that releases the lock and takes it again at once (bulk work between two batches) would
 * always win against processes that poll.  The first waiter therefore also holds the turn, a lock
 * on the first octet of the file, until it has the lock; later ones wait for the turn.
 */
#include "core/base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/disk.h"
#include "core/base/file.h"
#include "core/base/signals.h"

#define STEP_LONGEST_MS 50
#define TELL_AFTER_NS NS_PER_SEC
#define TELL_ANYWAY_NS (3 * NS_PER_SEC) /* even if no holder has written its name */
#define TABLE_LIMIT ((size_t)8 << 20)

struct lock {
	int fd;
};

static int open_lock_file(const char *path, const char *what, int *ret_fd,
                          struct err *err)
{
	int fd = open(path,
	              O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
	              0600);
	if (fd < 0 && errno == EACCES && geteuid() != 0)
		return err_set(err, ERR_FAILED,
		               _("cannot lock %s: no permission to open %s; run as "
		                 "root"),
		               what, path);
	if (fd < 0 && (errno == EROFS || errno == ENOSPC || errno == EDQUOT)) {
		disk_refuse(errno == EROFS ? DISK_READ_ONLY : DISK_FULL, path, err);
		return err_prefix(err, _("cannot lock %s"), what);
	}
	if (fd < 0)
		return err_errno(err, errno, _("cannot lock %s: cannot open %s"), what,
		                 path);
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, ERR_FAILED,
		               _("cannot lock %s: %s is not a regular file"), what, path);
	}
	*ret_fd = fd;
	return 0;
}

/* "4711 zone export" as the holder wrote it; "" before that. */
static void read_holder(int fd, char *out, size_t size)
{
	ssize_t len = pread(fd, out, size - 1, 0);
	out[len > 0 ? len : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	for (char *c = out; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
}

static void write_holder(int fd, const struct ctx *ctx)
{
	auto_free char *text = xasprintf("%ld %s\n", (long)getpid(),
	                                 ctx->command ? ctx->command : "mailauthctl");
	/* On a full disk the lock still works; only its text is missing. */
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0)
		return;
}

/* False: the file has no name of a holder, as between two batches of bulk work. */
static bool tell_holder(struct ctx *ctx, int fd, const char *what, bool is_anyway)
{
	char holder[256];
	read_holder(fd, holder, sizeof(holder));
	if (!*holder && !is_anyway)
		return false;
	ctx_report(ctx, REPORT_NOTE, _("waiting for %s: locked by %s"), what,
	           *holder ? holder : _("another process"));
	return true;
}

static int refuse_busy(const struct ctx *ctx, int fd, const char *what, struct err *err)
{
	char holder[256];
	read_holder(fd, holder, sizeof(holder));
	return err_set(err, ERR_BUSY,
	               _("%s is still locked by %s after %u s; try again later or with "
	                 "a longer --wait"),
	               what, *holder ? holder : _("another process"), ctx->wait_seconds);
}

/* Takes the turn (F_WRLCK) or releases it (F_UNLCK).  The lock belongs to the open file, not to the
 * process: it ends with the descriptor. */
static bool set_turn(int fd, short type)
{
	struct flock turn = { .l_type = type, .l_whence = SEEK_SET, .l_len = 1 };
	return fcntl(fd, F_OFD_SETLK, &turn) == 0;
}

static bool try_lock(int fd, bool *has_turn)
{
	if (!*has_turn)
		*has_turn = set_turn(fd, F_WRLCK);
	return *has_turn && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static int wait_for_lock(struct ctx *ctx, int fd, const char *what, struct err *err)
{
	int64_t start = monotonic_ns();
	int64_t deadline = start + (int64_t)ctx->wait_seconds * NS_PER_SEC;
	int64_t step = NS_PER_MS;
	bool is_told = false, has_turn = false;
	while (!try_lock(fd, &has_turn)) {
		if (errno != EWOULDBLOCK && errno != EACCES && errno != EINTR)
			return err_errno(err, errno, _("cannot lock %s"), what);
		if (signals_is_cancelled())
			return err_set(err, ERR_CANCELLED,
			               _("stopped while waiting for %s"), what);
		int64_t now = monotonic_ns();
		if (now >= deadline)
			return refuse_busy(ctx, fd, what, err);
		if (!is_told && now - start >= TELL_AFTER_NS)
			is_told =
				tell_holder(ctx, fd, what, now - start >= TELL_ANYWAY_NS);
		int64_t pause = step < deadline - now ? step : deadline - now;
		struct timespec ts = { .tv_nsec = (long)pause };
		ppoll(NULL, 0, &ts, NULL);
		if (step < STEP_LONGEST_MS * NS_PER_MS / 2)
			step *= 2;
		else
			step = STEP_LONGEST_MS * NS_PER_MS;
	}
	set_turn(fd, F_UNLCK);
	return 0;
}

int lock_take(struct ctx *ctx, const char *host_path, const char *what,
              struct lock **ret_lock, struct err *err)
{
	int fd = -1;
	if (open_lock_file(host_path, what, &fd, err) < 0)
		return err->code;
	if (wait_for_lock(ctx, fd, what, err) < 0) {
		close(fd);
		return err->code;
	}
	write_holder(fd, ctx);
	struct lock *lock = xcalloc(1, sizeof(*lock));
	lock->fd = fd;
	*ret_lock = lock;
	return 0;
}

/* "4: FLOCK  ADVISORY  WRITE 29788 fe:00:5310480 0 EOF"; a waiter has "->" after the number.
 * Layered file systems have other device numbers in fstat(2): there the holder must be the process
 * that the file names. */
static bool is_lock_of(const char *line, const struct stat *st, long named)
{
	unsigned high, low;
	unsigned long long inode;
	long pid;
	return sscanf(line, "%*d: FLOCK %*s WRITE %ld %x:%x:%llu", &pid, &high, &low,
	              &inode) == 4 &&
	       inode == st->st_ino && (makedev(high, low) == st->st_dev || pid == named);
}

bool lock_is_held(const struct ctx *ctx, int fd)
{
	auto_buf table = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct stat st;
	char holder[256];
	if (fstat(fd, &st) < 0 ||
	    file_read(ctx, "/proc/locks", TABLE_LIMIT, &table, NULL, &ignored))
		return flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	read_holder(fd, holder, sizeof(holder));
	bool is_held = false;
	for (const char *line = buf_text(&table); line && !is_held;
	     line = strchr(line, '\n')) {
		line += *line == '\n';
		is_held = is_lock_of(line, &st, strtol(holder, NULL, 10));
	}
	return is_held;
}

void lock_free(struct lock *lock)
{
	if (!lock)
		return;
	if (ftruncate(lock->fd, 0) < 0) {
		/* Only its text remains. */
	}
	close(lock->fd);
	free(lock);
}

void lock_freep(struct lock **lock)
{
	lock_free(*lock);
}
