/*
 * core/mta/host/service_process.c: processes through /proc.
 *
 * A number identifies a process only together with its name, and only while it runs: one that has
 * ended keeps number and name until its parent waits for it.  A signal is sent through a descriptor
 * of the process, so that another process that got the number meanwhile is not hit.
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
#include "core/mta/host/descriptors.h"
#include "core/mta/host/service.h"
#include "core/mta/host/service_kind.h"

#define GONE_LIMIT_NS (10 * NS_PER_SEC)
#define NUDGE_MS 20
#define TABLE_LIMIT ((size_t)8 << 20)

/* "12 (a name) S 1 ...": the name may contain any octet.  *ret_name: heap; false: no such process,
 * or it has ended. */
static bool read_stat(const struct ctx *ctx, pid_t pid, char **ret_name,
                      pid_t *ret_parent)
{
	auto_free char *path = xasprintf("/proc/%d/stat", (int)pid);
	auto_buf stat = BUF_INIT;
	struct err ignored = ERR_INIT;
	char state;
	int parent;

	if (file_read(ctx, path, 4096, &stat, NULL, &ignored))
		return false;
	const char *name = strchr(buf_text(&stat), '(');
	const char *end = strrchr(buf_text(&stat), ')');
	if (!name || !end || end < name || sscanf(end, ") %c %d", &state, &parent) != 2 ||
	    strchr("ZXx", state))
		return false;
	*ret_name = xmemdup(name + 1, (size_t)(end - name - 1));
	*ret_parent = (pid_t)parent;
	return true;
}

char *process_name(const struct ctx *ctx, pid_t pid)
{
	char *name = NULL;
	pid_t parent;

	return read_stat(ctx, pid, &name, &parent) ? name : NULL;
}

bool process_is(const struct ctx *ctx, pid_t pid, const char *name)
{
	auto_free char *own = process_name(ctx, pid);

	return text_same(own, name);
}

pid_t process_parent(const struct ctx *ctx, pid_t pid)
{
	auto_free char *name = NULL;
	pid_t parent;

	return read_stat(ctx, pid, &name, &parent) ? parent : 0;
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
	pid_t parent; /* 0: a process whose parent has another name */
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

/* ---- where it listens ------------------------------------------------------------------------- */

struct listeners {
	struct peer_address *at;
	size_t count, room;
};

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
	    at == 0 || !(flags & 0x10000) || line[at] != '/' ||
	    !descriptors_have(d, inode))
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
	    state != 0x0a || !descriptors_have(d, inode))
		return;
	one.at.v4.sin_family = AF_INET;
	one.at.v4.sin_addr.s_addr = host ? host : htonl(INADDR_LOOPBACK);
	one.at.v4.sin_port = htons((uint16_t)port);
	add_listener(list, one);
}

static void find_sockets(struct ctx *ctx, pid_t pid, const char *table,
                         void (*take)(const char *, const struct descriptors *,
                                      struct listeners *),
                         struct listeners *list)
{
	auto_descriptors d = DESCRIPTORS_INIT;
	struct err ignored = ERR_INIT;
	auto_buf text = BUF_INIT;

	descriptors_read(ctx, pid, "socket", &d);
	if (d.count && file_read(ctx, table, TABLE_LIMIT, &text, NULL, &ignored))
		err_clear(&ignored);
	for (const char *line = buf_text(&text); *line;) {
		take(line, &d, list);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

static void find_listeners(struct ctx *ctx, pid_t pid, struct listeners *list)
{
	find_sockets(ctx, pid, "/proc/net/unix", take_unix, list);
	find_sockets(ctx, pid, "/proc/net/tcp", take_tcp, list);
}

/* A line of /proc/net/unix about a client that is connected to a socket of the process. */
static void take_client(const char *line, const struct descriptors *d,
                        struct listeners *list)
{
	unsigned state;
	unsigned long long inode;
	int at = 0;

	if (sscanf(line, "%*s %*s %*s %*s %*s %x %llu %n", &state, &inode, &at) >= 2 &&
	    at && state == 3 && line[at] == '/' && descriptors_have(d, inode))
		list->count++;
}

#define CLIENTS_LIMIT_NS (5 * NS_PER_SEC)

void process_await_clients(struct ctx *ctx, pid_t pid)
{
	int64_t deadline = monotonic_ns() + CLIENTS_LIMIT_NS;
	struct listeners list;

	if (!pid)
		return;
	do {
		list = (struct listeners){ 0 };
		find_sockets(ctx, pid, "/proc/net/unix", take_client, &list);
	} while (list.count && monotonic_ns() < deadline && poll(NULL, 0, NUDGE_MS) == 0);
}

static bool listens(struct ctx *ctx, pid_t pid)
{
	struct listeners list = { 0 };

	find_listeners(ctx, pid, &list);
	free(list.at);
	return list.count != 0;
}

pid_t process_find(struct ctx *ctx, const char *name, bool must_listen)
{
	struct search s = { .ctx = ctx, .name = name };
	pid_t pid = 0;

	search(&s);
	for (size_t i = 0; i < s.count && !pid; i++)
		if (!must_listen || listens(ctx, s.found[i]))
			pid = s.found[i];
	free(s.found);
	return pid;
}

/* ---- who listens ------------------------------------------------------------------------------ */

/* Of the kernel's notations of an address: any, or loopback. */
static bool is_loopback(const char *hex)
{
	unsigned at[4] = { 0 };
	int words = sscanf(hex, "%8x%8x%8x%8x", &at[0], &at[1], &at[2], &at[3]);
	unsigned last = at[words > 0 ? words - 1 : 0];
	bool is_mapped = words == 4 && at[2] == htonl(0xffff);

	if (words == 4 && (at[0] || at[1] || (at[2] && !is_mapped)))
		return false;
	return last == 0 || last == htonl(words == 4 && !is_mapped ? 1 : INADDR_LOOPBACK);
}

/* The socket that listens on the port; 0: none. */
static uint64_t find_port(struct ctx *ctx, unsigned port)
{
	static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	uint64_t found = 0;

	for (size_t i = 0; i < ARRAY_LEN(tables) && !found; i++) {
		auto_buf text = BUF_INIT;
		struct err ignored = ERR_INIT;

		if (file_read(ctx, tables[i], TABLE_LIMIT, &text, NULL, &ignored))
			continue;
		for (const char *line = buf_text(&text); line && *line;
		     line = strchr(line + 1, '\n')) {
			char address[33];
			unsigned at, state;
			unsigned long long inode;

			if (sscanf(line,
			           " %*d: %32[0-9A-F]:%4x %*s %2x %*s %*s %*s %*s "
			           "%*s %llu",
			           address, &at, &state, &inode) == 4 &&
			    at == port && state == 0x0a && is_loopback(address))
				found = inode;
		}
	}
	return found;
}

struct holder {
	struct ctx *ctx;
	uint64_t inode;
	pid_t pid;
};

static int look_for_socket(void *arg, const char *entry, struct err *err)
{
	struct holder *holder = arg;
	auto_descriptors d = DESCRIPTORS_INIT;
	int64_t pid;

	(void)err;
	if (holder->pid || !text_to_int(entry, 1, INT32_MAX, &pid))
		return 0;
	descriptors_read(holder->ctx, (pid_t)pid, "socket", &d);
	if (descriptors_have(&d, holder->inode))
		holder->pid = (pid_t)pid;
	return 0;
}

bool process_at_port(struct ctx *ctx, unsigned port, pid_t *ret_pid)
{
	struct holder holder = { .ctx = ctx, .inode = find_port(ctx, port) };
	struct err ignored = ERR_INIT;

	if (holder.inode && file_list(ctx, "/proc", look_for_socket, &holder, &ignored))
		err_clear(&ignored);
	*ret_pid = holder.pid;
	return holder.inode != 0;
}

/* ---- ending ----------------------------------------------------------------------------------- */

static void nudge(const struct listeners *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct peer_address *one = &list->at[i];
		int fd = socket(one->at.any.sa_family,
		                SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd >= 0 && connect(fd, &one->at.any, one->len) < 0)
			errno = 0; /* it may have ended, which is awaited */
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
			               _("%s has not ended ten seconds after SIGTERM"),
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
	/* Since /proc was read, the number may have been assigned to another program. */
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

pid_t process_connect_until_gone(struct ctx *ctx, pid_t pid)
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

void process_connect_end(pid_t child)
{
	if (child <= 0)
		return;
	(void)kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}
