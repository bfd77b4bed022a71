/*
 * core/mta/host/service_master.c: master(8) and its processes, before and after a reload.
 *
 * The command that reloads sends a signal and does not wait until master has handled it.  Each
 * service has a pair of sockets by which its processes report; master keeps both ends, for the
 * processes to come.  On a reload it closes them all and makes new ones.  A process that sees the
 * end of its own ends, but one that waits for clients may take one more first, with the
 * configuration that it once read.  So a process is from before the last reload when master does
 * not have its status socket any more.
 */
#include "core/mta/host/service_master.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/peer.h"
#include "core/base/text.h"
#include "core/mta/host/service_kind.h"

#define MASTER "master"
#define STATUS_FD 5 /* MASTER_STATUS_FD of master_proto.h */
#define LOOK_MS 10
#define TABLE_LIMIT ((size_t)8 << 20)

/* ---- a reload --------------------------------------------------------------------------------- */

struct master_search {
	struct ctx *ctx;
	const char *folder;
	pid_t found;
};

/* The start script hands the folder down in the environment. */
static bool has_folder(struct ctx *ctx, int64_t pid, const char *folder)
{
	auto_free char *path = xasprintf("/proc/%d/environ", (int)pid);
	auto_free char *variable = xasprintf("MAIL_CONFIG=%s", folder);
	auto_buf all = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(ctx, path, TABLE_LIMIT, &all, NULL, &ignored))
		return false;
	for (size_t at = 0; at < all.len; at += strlen(all.at + at) + 1)
		if (strcmp(all.at + at, variable) == 0)
			return true;
	return false;
}

static int look_for_master(void *arg, const char *entry, struct err *err)
{
	struct master_search *search = arg;
	int64_t pid;

	(void)err;
	if (text_to_int(entry, 1, INT32_MAX, &pid) &&
	    process_is(search->ctx, (pid_t)pid, MASTER) &&
	    !process_is(search->ctx, process_parent(search->ctx, (pid_t)pid), MASTER) &&
	    has_folder(search->ctx, pid, search->folder))
		search->found = (pid_t)pid;
	return 0;
}

/* Adds the status sockets of the master's processes. */
static int look_at_child(void *arg, const char *entry, struct err *err)
{
	struct master_reload *reload = arg;
	int64_t pid;

	(void)err;
	if (!text_to_int(entry, 1, INT32_MAX, &pid) ||
	    process_parent(reload->ctx, (pid_t)pid) != reload->master)
		return 0;
	uint64_t status = descriptors_at(reload->ctx, (pid_t)pid, STATUS_FD, "socket");
	if (status && descriptors_have(&reload->sockets, status))
		descriptors_add(&reload->status, status);
	return 0;
}

static pid_t find_master(struct ctx *ctx, const char *folder)
{
	struct master_search search = { .ctx = ctx, .folder = folder };
	struct err ignored = ERR_INIT;

	return file_list(ctx, "/proc", look_for_master, &search, &ignored) ? 0
	                                                                   : search.found;
}

void master_reload_note(struct ctx *ctx, const char *folder,
                        struct master_reload *ret_reload)
{
	struct err ignored = ERR_INIT;

	*ret_reload =
		(struct master_reload){ .ctx = ctx, .master = find_master(ctx, folder) };
	if (!ret_reload->master)
		return;
	descriptors_read(ctx, ret_reload->master, "socket", &ret_reload->sockets);
	if (file_list(ctx, "/proc", look_at_child, ret_reload, &ignored))
		err_clear(&ignored);
}

void master_reload_done(struct master_reload *reload)
{
	descriptors_done(&reload->sockets);
	descriptors_done(&reload->status);
}

static bool is_taken(const struct master_reload *reload)
{
	auto_descriptors now = DESCRIPTORS_INIT;

	descriptors_read(reload->ctx, reload->master, "socket", &now);
	for (size_t i = 0; i < reload->status.count; i++)
		if (!descriptors_have(&now, reload->status.inode[i]))
			return true;
	return reload->status.count == 0;
}

int master_reload_await(const struct master_reload *reload, int64_t deadline,
                        struct err *err)
{
	while (!is_taken(reload)) {
		if (monotonic_ns() >= deadline)
			return err_set(
				err, ERR_FAILED,
				_("the mail server did not reload: its master (process "
			          "%d) was signalled, but continues with the old "
			          "configuration"),
				(int)reload->master);
		(void)poll(NULL, 0, LOOK_MS);
	}
	return 0;
}

/* ---- who is left ------------------------------------------------------------------------------ */

struct left {
	struct ctx *ctx;
	pid_t master;
	struct descriptors sockets; /* the master's, now */
	bool is_found;
};

static bool takes_mail(struct ctx *ctx, pid_t pid)
{
	return process_is(ctx, pid, "smtpd") || process_is(ctx, pid, "cleanup");
}

static int look_whether_left(void *arg, const char *entry, struct err *err)
{
	struct left *left = arg;
	int64_t pid;

	(void)err;
	if (!text_to_int(entry, 1, INT32_MAX, &pid) ||
	    process_parent(left->ctx, (pid_t)pid) != left->master ||
	    !takes_mail(left->ctx, (pid_t)pid))
		return 0;
	uint64_t status = descriptors_at(left->ctx, (pid_t)pid, STATUS_FD, "socket");
	if (status && !descriptors_have(&left->sockets, status))
		left->is_found = true;
	return 0;
}

static bool has_left(struct ctx *ctx, pid_t master)
{
	struct left left = { .ctx = ctx, .master = master };
	struct err ignored = ERR_INIT;

	descriptors_read(ctx, master, "socket", &left.sockets);
	if (left.sockets.count &&
	    file_list(ctx, "/proc", look_whether_left, &left, &ignored))
		left.is_found = false;
	descriptors_done(&left.sockets);
	return left.is_found;
}

void master_await_left(struct ctx *ctx, const char *folder, int64_t deadline)
{
	pid_t master = find_master(ctx, folder);

	while (master && has_left(ctx, master) && monotonic_ns() < deadline)
		(void)poll(NULL, 0, LOOK_MS);
}

/* ---- who answers ------------------------------------------------------------------------------ */

/* The socket of the other end; 0: it is not on this machine, or closed. */
static uint64_t other_end(struct ctx *ctx, int fd)
{
	static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	struct peer_address own = { .len = sizeof(own.at) };
	struct peer_address peer = { .len = sizeof(peer.at) };

	if (getsockname(fd, &own.at.any, &own.len) ||
	    getpeername(fd, &peer.at.any, &peer.len))
		return 0;
	/* the port is at the same place in both families */
	unsigned our_port = ntohs(own.at.v4.sin_port);
	unsigned its_port = ntohs(peer.at.v4.sin_port);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		auto_buf text = BUF_INIT;
		struct err ignored = ERR_INIT;

		if (file_read(ctx, tables[i], TABLE_LIMIT, &text, NULL, &ignored))
			continue;
		for (const char *line = buf_text(&text); line;
		     line = strchr(line, '\n')) {
			unsigned local, remote;
			unsigned long long inode;

			line += *line == '\n';
			if (sscanf(line,
			           " %*d: %*[0-9A-F]:%4x %*[0-9A-F]:%4x %*x %*s %*s %*s "
			           "%*s %*s %llu",
			           &local, &remote, &inode) == 3 &&
			    local == its_port && remote == our_port)
				return inode;
		}
	}
	return 0;
}

struct answerer {
	struct ctx *ctx;
	uint64_t socket;
	bool is_left;
};

static int look_at(void *arg, const char *entry, struct err *err)
{
	struct answerer *answerer = arg;
	struct ctx *ctx = answerer->ctx;
	auto_descriptors its = DESCRIPTORS_INIT, master = DESCRIPTORS_INIT;
	int64_t pid;

	(void)err;
	if (!text_to_int(entry, 1, INT32_MAX, &pid))
		return 0;
	pid_t parent = process_parent(ctx, (pid_t)pid);
	if (!parent || !process_is(ctx, parent, MASTER))
		return 0;
	descriptors_read(ctx, (pid_t)pid, "socket", &its);
	if (!descriptors_have(&its, answerer->socket))
		return 0;
	uint64_t status = descriptors_at(ctx, (pid_t)pid, STATUS_FD, "socket");
	descriptors_read(ctx, parent, "socket", &master);
	if (status && master.count && !descriptors_have(&master, status))
		answerer->is_left = true;
	return 0;
}

bool master_is_left(struct ctx *ctx, int fd)
{
	struct answerer answerer = { .ctx = ctx, .socket = other_end(ctx, fd) };
	struct err ignored = ERR_INIT;

	return answerer.socket &&
	       file_list(ctx, "/proc", look_at, &answerer, &ignored) == 0 &&
	       answerer.is_left;
}
