/*
 * core/mta/service_process.c: processes by /proc.
 *
 * A number is taken for a process only together with its name, and a signal goes through a
 * descriptor of the process, so that one that got the number meanwhile is not hit.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/peer.h"
#include "core/base/text.h"
#include "core/mta/service_inner.h"

#define GONE_LIMIT_NS (10 * NS_PER_SEC)
#define NUDGE_MS 20
#define TABLE_LIMIT ((size_t)8 << 20)

bool process_is(const struct ctx *ctx, pid_t pid, const char *name)
{
	auto_free char *path = xasprintf("/proc/%d/comm", (int)pid);
	auto_buf comm = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(ctx, path, 64, &comm, NULL, &ignored))
		return false;
	return strncmp(buf_text(&comm), name, strlen(name)) == 0 &&
	       buf_text(&comm)[strlen(name)] == '\n';
}

pid_t process_parent(const struct ctx *ctx, pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/stat", (int)pid);
	auto_buf stat = BUF_INIT;
	struct err ignored = ERR_INIT;
	const char *end;
	int parent = 0;

	if (file_read(ctx, path, 4096, &stat, NULL, &ignored))
		return 0;
	/* "12 (a name) S 1 ...": the name may hold anything */
	end = strrchr(buf_text(&stat), ')');
	return end && sscanf(end, ") %*c %d", &parent) == 1 ? (pid_t)parent : 0;
}

static bool is_in_our_space(const struct ctx *ctx, pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/ns/pid", (int)pid);
	int own = file_open_raw(ctx, "/proc/self/ns/pid", O_RDONLY | O_CLOEXEC, 0);
	int other = file_open_raw(ctx, path, O_RDONLY | O_CLOEXEC, 0);
	struct stat a, b;
	bool is_same = own < 0 || (other >= 0 && fstat(own, &a) == 0 &&
	                           fstat(other, &b) == 0 && a.st_ino == b.st_ino);

	close_fd(&own);
	close_fd(&other);
	return is_same;
}

/* ---- searching -------------------------------------------------------------------------------- */

struct search {
	struct ctx *ctx;
	const char *name;
	pid_t parent; /* 0: one whose parent has another name */
	pid_t *found; /* heap */
	size_t count, room;
};

static int look_at(void *arg, const char *entry, struct err *err)
{
	struct search *s = arg;
	int64_t pid;
	pid_t parent;

	(void)err;
	if (!text_to_int(entry, 2, INT32_MAX, &pid) ||
	    !process_is(s->ctx, (pid_t)pid, s->name))
		return 0;
	parent = process_parent(s->ctx, (pid_t)pid);
	if (s->parent ? parent != s->parent : process_is(s->ctx, parent, s->name))
		return 0;
	if (!is_in_our_space(s->ctx, (pid_t)pid))
		return 0;
	GROW(s->found, s->count, s->room);
	s->found[s->count++] = (pid_t)pid;
	return 0;
}

static void search(struct search *s)
{
	struct err ignored = ERR_INIT;

	if (file_list(s->ctx, "/proc", look_at, s, &ignored))
		s->count = 0;
}

pid_t process_find(struct ctx *ctx, const char *name)
{
	struct search s = { .ctx = ctx, .name = name };
	pid_t pid;

	search(&s);
	pid = s.count ? s.found[0] : 0;
	free(s.found);
	return pid;
}

/* ---- where it listens ------------------------------------------------------------------------- */

struct listeners {
	struct peer_address *at;
	size_t count, room;
};

struct descriptors {
	int folder;
	uint64_t *inode;
	size_t count, room;
};

static int take_descriptor(void *arg, const char *name, struct err *err)
{
	struct descriptors *d = arg;
	char target[64];
	ssize_t len = readlinkat(d->folder, name, target, sizeof(target) - 1);
	unsigned long long inode;

	(void)err;
	target[len > 0 ? len : 0] = '\0';
	if (sscanf(target, "socket:[%llu]", &inode) == 1) {
		GROW(d->inode, d->count, d->room);
		d->inode[d->count++] = inode;
	}
	return 0;
}

static bool has_inode(const struct descriptors *d, uint64_t inode)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->inode[i] == inode)
			return true;
	return false;
}

static void add_listener(struct listeners *list, struct peer_address one)
{
	GROW(list->at, list->count, list->room);
	list->at[list->count++] = one;
}

/* "0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/x.sock" */
static void take_unix(const char *line, const struct descriptors *d,
                      struct listeners *list)
{
	struct peer_address one = { .len = sizeof(one.at.local) };
	unsigned flags;
	unsigned long long inode;
	int at = 0;
	size_t len;

	if (sscanf(line, "%*s %*s %*s %x %*s %*s %llu %n", &flags, &inode, &at) < 2 ||
	    at == 0 || !(flags & 0x10000) || line[at] != '/' || !has_inode(d, inode))
		return;
	len = strcspn(line + at, "\n");
	if (len >= sizeof(one.at.local.sun_path))
		return;
	one.at.local.sun_family = AF_UNIX;
	memcpy(one.at.local.sun_path, line + at, len);
	add_listener(list, one);
}

/* "0: 0100007F:2711 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12345 ..." */
static void take_tcp(const char *line, const struct descriptors *d,
                     struct listeners *list)
{
	struct peer_address one = { .len = sizeof(one.at.v4) };
	unsigned host, port, state;
	unsigned long long inode;

	if (sscanf(line, "%*d: %8x:%4x %*s %2x %*s %*s %*s %*s %*s %llu", &host, &port,
	           &state, &inode) != 4 ||
	    state != 0x0a || !has_inode(d, inode))
		return;
	one.at.v4.sin_family = AF_INET;
	one.at.v4.sin_addr.s_addr = host ? host : htonl(INADDR_LOOPBACK);
	one.at.v4.sin_port = htons((uint16_t)port);
	add_listener(list, one);
}

static void find_listeners(struct ctx *ctx, pid_t pid, struct listeners *list)
{
	static const struct {
		const char *path;
		void (*take)(const char *, const struct descriptors *,
		             struct listeners *);
	} tables[] = { { "/proc/net/unix", take_unix }, { "/proc/net/tcp", take_tcp } };
	auto_free char *path = xasprintf("/proc/%d/fd", (int)pid);
	struct descriptors d = { .folder = -1 };
	struct err ignored = ERR_INIT;

	d.folder = file_open_raw(ctx, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (d.folder < 0 || file_list(ctx, path, take_descriptor, &d, &ignored))
		d.count = 0;
	for (size_t i = 0; d.count && i < ARRAY_LEN(tables); i++) {
		auto_buf text = BUF_INIT;

		if (file_read(ctx, tables[i].path, TABLE_LIMIT, &text, NULL, &ignored))
			err_clear(&ignored);
		for (const char *line = buf_text(&text); *line;) {
			tables[i].take(line, &d, list);
			line += strcspn(line, "\n");
			line += *line == '\n';
		}
	}
	close_fd(&d.folder);
	free(d.inode);
}

/* ---- ending ----------------------------------------------------------------------------------- */

static void nudge(const struct listeners *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct peer_address *one = &list->at[i];
		int fd = socket(one->at.any.sa_family,
		                SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd >= 0 && connect(fd, &one->at.any, one->len) < 0)
			errno = 0; /* it may be gone: that is what is waited for */
		close_fd(&fd);
	}
}

static int wait_gone(int pidfd, const char *name, const struct listeners *list,
                     struct err *err)
{
	int64_t deadline = monotonic_ns() + GONE_LIMIT_NS;
	struct pollfd poll_on = { .fd = pidfd, .events = POLLIN };

	for (;;) {
		int n = poll(&poll_on, 1, NUDGE_MS);

		if (n > 0)
			return 0;
		if (monotonic_ns() >= deadline)
			return err_set(err, ERR_FAILED,
			               _("%s does not end: it was sent SIGTERM ten "
			                 "seconds ago"),
			               name);
		if (n < 0 && errno != EINTR)
			return err_errno(err, errno, _("cannot wait for the end of %s"),
			                 name);
		nudge(list);
	}
}

static int end_one(const struct ctx *ctx, pid_t pid, const char *name,
                   const struct listeners *list, struct err *err)
{
	auto_close int pidfd = pidfd_open(pid, 0);

	if (pidfd < 0 && errno == ESRCH)
		return 0;
	if (pidfd < 0)
		return err_errno(err, errno, _("cannot watch %s (process %d)"), name,
		                 (int)pid);
	/* Between the look at /proc and here the number may have gone to another program. */
	if (!process_is(ctx, pid, name))
		return 0;
	if (pidfd_send_signal(pidfd, SIGTERM, NULL, 0) && errno != ESRCH)
		return err_errno(err, errno, _("cannot stop %s (process %d)"), name,
		                 (int)pid);
	return wait_gone(pidfd, name, list, err);
}

int process_end(struct ctx *ctx, pid_t pid, const char *name, struct err *err)
{
	struct search children = { .ctx = ctx, .name = name, .parent = pid };
	struct listeners list = { 0 };
	int rc;

	search(&children);
	find_listeners(ctx, pid, &list);
	for (size_t i = 0; i < children.count; i++)
		find_listeners(ctx, children.found[i], &list);
	rc = end_one(ctx, pid, name, &list, err);
	for (size_t i = 0; i < children.count && !rc; i++)
		rc = end_one(ctx, children.found[i], name, &list, err);
	free(list.at);
	free(children.found);
	return rc;
}

pid_t process_hasten(struct ctx *ctx, pid_t pid)
{
	auto_close int pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
	struct listeners list = { 0 };
	struct err ignored = ERR_INIT;
	pid_t child = 0;

	if (pidfd >= 0)
		find_listeners(ctx, pid, &list);
	if (list.count)
		child = fork();
	if (list.count && child == 0)
		_exit(wait_gone(pidfd, "", &list, &ignored) ? 1 : 0);
	free(list.at);
	return child < 0 ? 0 : child;
}

void process_hasten_end(pid_t child)
{
	if (child <= 0)
		return;
	(void)kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}
