/*
 * The database and the host's own (target.db): they exist, are safe and valid, have no stale locks,
 * leftovers and open pushes.
 *
 * The holder of a lock is read from /proc/locks and from the lock's file: taking the lock, even
 * briefly, would make a command fail that does not wait.
 */
#include "core/mta/doctor/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/disk.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/mta/engine/journal.h"
#include "core/mta/engine/target.h"
#include "core/mta/host/service_kind.h"

#define CHECK_MS 5000
#define LOG_LARGE ((int64_t)64 << 20)
#define HELD_LONG 900 /* seconds; an export of all zones takes less */

/* ---- owner and mode -------------------------------------------------------------------------- */

/* It contains private keys. */
static void look_at_file(struct doctor *d, const char *path)
{
	struct stat st;
	auto_free char *folder = path_parent(path);
	if (lstat(path, &st) < 0)
		return;
	if (st.st_mode & 077) {
		auto_free char *remedy = xasprintf("chmod 0600 %s", path);
		doctor_add(d, DOCTOR_PROBLEM, path, remedy,
		           _("other accounts can read or write %s (mode %04o), and it "
		             "contains secrets"),
		           path, (unsigned)st.st_mode & 07777);
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		auto_free char *remedy = xasprintf("chown root: %s", path);
		doctor_add(d, DOCTOR_PROBLEM, path, remedy,
		           _("%s belongs to user %u instead of root"), path,
		           (unsigned)st.st_uid);
	}
	if (stat(folder, &st) == 0 && st.st_mode & (S_IWGRP | S_IWOTH)) {
		auto_free char *remedy = xasprintf("chmod go-w %s", folder);
		doctor_add(d, DOCTOR_PROBLEM, folder, remedy,
		           _("other accounts can write to the folder %s (mode %04o)"),
		           folder, (unsigned)st.st_mode & 07777);
	}
	auto_free char *log = xasprintf("%s-wal", path);
	if (stat(log, &st) == 0 && st.st_size > LOG_LARGE) {
		auto_free char *remedy = xasprintf("fuser %s", path);
		doctor_add(d, DOCTOR_WARNING, log, remedy,
		           _("the write-ahead log has %" PRId64 " MB: a program keeps "
		             "the database open, so the log cannot be merged; end that "
		             "program"),
		           (int64_t)st.st_size >> 20);
	}
}

/* ---- locks ----------------------------------------------------------------------------------- */

/* "4711 zone export", as the holder wrote it into the file; 0: no running process. */
static long find_writer(const struct ctx *ctx, const char *path)
{
	char text[64] = "", *end;
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	long pid = strtol(text, &end, 10);
	return *end == ' ' && pid > 1 && process_is(ctx, (pid_t)pid, "mailauthctl") ? pid
	                                                                            : 0;
}

/* The process that holds a flock on the file; 0: none.  On some file systems (overlays) the
 * kernel's list has other numbers than stat(2). */
static long find_holder(const struct stat *st)
{
	char line[256];
	long pid = 0;
	FILE *locks = fopen("/proc/locks", "re");
	while (locks && !pid && fgets(line, sizeof(line), locks)) {
		unsigned major_number, minor_number;
		unsigned long long inode;
		long holder;
		/* "1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF"; a waiter has "->" */
		if (!strstr(line, "->") &&
		    sscanf(line, "%*d: FLOCK %*s %*s %ld %x:%x:%llu", &holder,
		           &major_number, &minor_number, &inode) == 4 &&
		    inode == st->st_ino &&
		    makedev(major_number, minor_number) == st->st_dev)
			pid = holder;
	}
	if (locks)
		fclose(locks);
	return pid;
}

/* Whether a process holds it, long or not. */
static bool look_at_lock(struct doctor *d, const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return false;
	long pid = find_holder(&st);
	pid = pid ? pid : find_writer(d->ctx, path);
	/* the holder writes its name when it takes the lock */
	int64_t held = ctx_now(d->ctx) - (int64_t)st.st_mtim.tv_sec;
	if (pid && held > HELD_LONG) {
		auto_free char *remedy = xasprintf("kill %ld", pid);
		doctor_add(d, DOCTOR_PROBLEM, path, remedy,
		           _("process %ld has held the lock %s for %" PRId64 " "
		             "minutes: other commands are waiting for it"),
		           pid, path, held / 60);
	}
	return pid != 0;
}

/* ---- what is left over ------------------------------------------------------------------------ */

struct leftovers {
	struct doctor *d;
	const char *folder, *base; /* the database's */
};

static int look_at_name(void *arg, const char *name, struct err *err)
{
	const struct leftovers *left = arg;
	size_t len = strlen(left->base);
	(void)err;
	if (strncmp(name, left->base, len) == 0 && name[len] == '.' &&
	    name[len + 1] == 'v') {
		auto_free char *path = path_join(left->folder, name);
		auto_free char *remedy = xasprintf("rm %s", path);
		doctor_add(left->d, DOCTOR_NOTE, path, remedy,
		           _("%s is a copy from before an upgrade, private keys "
		             "included"),
		           path);
	}
	return 0;
}

static void look_for_leftovers(struct doctor *d, const char *path)
{
	size_t root = strlen(d->ctx->root);
	auto_free char *folder = path_parent(path);
	struct leftovers left = { d, folder, strrchr(path, '/') + 1 };
	struct err ignored = ERR_INIT;
	if (!text_starts(path, d->ctx->root))
		return;
	if (file_list(d->ctx, folder[root] ? folder + root : "/", look_at_name, &left,
	              &ignored) < 0)
		err_clear(&ignored);
}

/* ---- what cannot be opened or read ------------------------------------------------------------ */

static const char restore[] =
	N_("replace it with a backup: a file that \"mailauthctl db backup FILE\" "
           "wrote");

/* The error contains its remedy, except for a backup, which only the administrator can find. */
static void add_broken(struct doctor *d, const char *path, const struct err *err)
{
	bool is_disk = disk_look(path) != DISK_WRITABLE;
	doctor_add_err(d, DOCTOR_PROBLEM, path, err, is_disk ? NULL : _(restore));
}

/* ---- target.db ------------------------------------------------------------------------------- */

static void look_at_push(struct doctor *d, struct store *target, bool is_busy)
{
	struct journal journal = { 0 };
	struct err err = ERR_INIT;
	int r = journal_find_open(target, &journal, &err);
	if (r < 0)
		doctor_add_err(d, DOCTOR_PROBLEM, NULL, &err, NULL);
	else if (r > 0 && is_busy)
		doctor_add(d, DOCTOR_NOTE, NULL, NULL, _("a push is in progress"));
	else if (r > 0)
		doctor_add(d, DOCTOR_PROBLEM, NULL, "mailauthctl mta push",
		           _("push %" PRId64 " was interrupted: only part of it was "
		             "applied to the host"),
		           journal.id);
	journal_done(&journal);
}

/* The host follows some database. */
static bool look_at_target(struct doctor *d)
{
	auto_store target = NULL;
	auto_free char *path = ctx_host_path(d->ctx, TARGET_FOLDER "/target.db");
	auto_free char *lock = ctx_host_path(d->ctx, TARGET_FOLDER "/target.lock");
	struct err err = ERR_INIT;
	bool is_whole = true;
	look_at_file(d, path);
	bool is_busy = look_at_lock(d, lock);
	if (target_open(d->ctx, false, false, &target, &err) < 0) {
		doctor_add_failure(d, path, &err);
		return false;
	}
	if (!target)
		return false;
	if (store_check_quickly(target, CHECK_MS, &is_whole, &err) < 0) {
		doctor_add_err(d, DOCTOR_PROBLEM, path, &err, NULL);
		return false;
	}
	look_at_push(d, target, is_busy);
	cleanup(target_row_done) struct target_row row = { 0 };
	return target_read(target, &row, &err) == 0 && row.is_there;
}

/* ---- the database ---------------------------------------------------------------------------- */

static void look_at_store(struct doctor *d)
{
	struct err err = ERR_INIT;
	bool is_whole = true;
	int64_t domains = 0;
	if (store_check_quickly(d->store, CHECK_MS, &is_whole, &err) < 0) {
		add_broken(d, d->db_path, &err);
		return;
	}
	if (!is_whole)
		doctor_add(d, DOCTOR_SKIPPED, d->db_path, "mailauthctl db check",
		           _("the check of the whole file takes more than %d s"),
		           CHECK_MS / 1000);
	if (domain_count(d->store, &domains, &err) < 0)
		add_broken(d, d->db_path, &err);
	else if (!doctor_has_trouble(d))
		doctor_add(d, DOCTOR_OK, d->db_path, NULL,
		           ngettext("%s: %" PRId64 " domain", "%s: %" PRId64 " domains",
		                    (unsigned long)domains),
		           d->db_path, domains);
}

void doctor_database(struct doctor *d)
{
	static const char *const locks[] = { ".lock", ".export.lock" };
	bool is_followed;
	look_at_file(d, d->db_path);
	for (size_t i = 0; i < ARRAY_LEN(locks); i++) {
		auto_free char *path = xasprintf("%s%s", d->db_path, locks[i]);
		(void)look_at_lock(d, path);
	}
	look_for_leftovers(d, d->db_path);
	is_followed = look_at_target(d);
	if (d->store)
		look_at_store(d);
	else if (d->store_error.code == ERR_MISSING && is_followed)
		doctor_add(d, DOCTOR_PROBLEM, d->db_path, _(restore),
		           _("this host follows a database, but %s does not exist"),
		           d->db_path);
	else if (d->store_error.code == ERR_MISSING)
		doctor_add(d, DOCTOR_NOTE, d->db_path,
		           "mailauthctl domain enable-dkim <domain>",
		           _("no database at %s yet; using defaults"), d->db_path);
	else if (geteuid() != 0 && access(d->db_path, R_OK) < 0 && errno == EACCES)
		doctor_add(d, DOCTOR_SKIPPED, d->db_path, _("run it as root"), "%s",
		           d->store_error.text);
	else
		add_broken(d, d->db_path, &d->store_error);
}
