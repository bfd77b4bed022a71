/*
 * Resets what a process inherits from a customer before it can have an effect: environment, limits,
 * scheduling, signals, timers, folder, descriptors.
 *
 * A customer's input is read before every lock and its output is written after every lock: a pipe
 * without a reader, or a stopped terminal, would otherwise block all others.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/line/caller.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

enum {
	VALUE_LONGEST = 128, /* octets of a variable that is kept */
	OWN_FD = 10, /* the first of three numbers for a customer's own descriptors */
	INPUT_LIMIT = 1 << 20, /* octets of a customer's standard input */
	INPUT_LIMIT_ADMIN = 64 << 20,
};

/* ---- environment ------------------------------------------------------------------------------ */

static bool is_kept(const char *variable)
{
	static const char *const names[] = {
		"COLUMNS=", "LANG=", "LANGUAGE=", "LC_", "NO_COLOR=", "TERM=",
	};
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.@:+-";
	const char *value = strchr(variable, '=');
	bool is_known = false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		is_known |= text_starts(variable, names[i]);
	/* without '/': a language or a terminal is a name, never a path */
	return is_known && value && strlen(value + 1) <= VALUE_LONGEST &&
	       value[1 + strspn(value + 1, plain)] == '\0';
}

void caller_clean_environment(void)
{
	char *kept[32] = { 0 };
	size_t count = 0;
	for (char **at = environ; at && *at && count < ARRAY_LEN(kept); at++)
		if (is_kept(*at))
			kept[count++] = xstrdup(*at);
	clearenv();
	for (size_t i = 0; i < count; i++) {
		char *value = strchr(kept[i], '=');
		*value = '\0';
		setenv(kept[i], value + 1, 1);
		free(kept[i]);
	}
	setenv("PATH", "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

/* ---- limits, signals, folder ------------------------------------------------------------------ */

/* Raises the limit to that of process 1, which services have too.  False: it remains lower. */
static bool lift_limit(int kind)
{
	struct rlimit wanted, now;
	if (prlimit(1, (__rlimit_resource_t)kind, NULL, &wanted) < 0 ||
	    setrlimit((__rlimit_resource_t)kind, &wanted) == 0 ||
	    getrlimit((__rlimit_resource_t)kind, &now) < 0)
		return true;
	/* no right to raise the hard limit */
	now.rlim_cur = now.rlim_max < wanted.rlim_cur ? now.rlim_max : wanted.rlim_cur;
	return setrlimit((__rlimit_resource_t)kind, &now) == 0 &&
	       now.rlim_cur == wanted.rlim_cur;
}

/* Scheduling that would delay a change while it holds its locks, or make it the first to be killed.
 */
static void reset_standing(void)
{
	const struct sched_param usual = { 0 };
	uint8_t all[1024]; /* processors: the kernel ignores those that do not exist */
	memset(all, 0xff, sizeof(all));
	sched_setscheduler(0, SCHED_OTHER, &usual);
	setpriority(PRIO_PROCESS, 0, 0);
	syscall(SYS_sched_setaffinity, 0, sizeof(all), all);
	syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, 0);
	syscall(SYS_set_mempolicy, 0 /* MPOL_DEFAULT */, NULL, 0);
	prctl(PR_SET_TIMERSLACK, 50000UL, 0, 0, 0);
	personality(PER_LINUX);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "0", 1) < 0)
		errno = 0; /* no right to it: unchanged */
	close_fd(&fd);
}

/* A customer's limit must not abort a write in the middle of a change. */
static int reset_limits(struct err *err)
{
	static const struct {
		int kind;
		bool is_needed;
		const char *name;
	} kinds[] = {
		{ RLIMIT_AS, true, "-v" },     { RLIMIT_CPU, true, "-t" },
		{ RLIMIT_DATA, true, "-d" },   { RLIMIT_FSIZE, true, "-f" },
		{ RLIMIT_MEMLOCK, false, "" }, { RLIMIT_NOFILE, false, "" },
		{ RLIMIT_NPROC, false, "" },   { RLIMIT_STACK, false, "" },
	};
	const struct rlimit no_core = { 0, 0 };
	setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!lift_limit(kinds[i].kind) && kinds[i].is_needed)
			return err_set(
				err, ERR_FAILED,
				_("a limit of the calling process (ulimit %s) cannot "
			          "be raised; run the command without it"),
				kinds[i].name);
	return 0;
}

/* A terminal must not stop the program while it holds its locks.  Exceeding a file size limit is a
 * failed write. */
static void reset_signals(void)
{
	static const int ignored[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGXFSZ };
	const struct itimerval never = { 0 };
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		signal(ignored[i], SIG_IGN);
	setitimer(ITIMER_REAL, &never, NULL);
	setitimer(ITIMER_VIRTUAL, &never, NULL);
	setitimer(ITIMER_PROF, &never, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- descriptors ------------------------------------------------------------------------------ */

/* None of our files may get descriptor 0, 1 or 2.  What was closed remains unusable. */
static void fill_standard(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			abort();
}

/* Moves the customer's own descriptors away; 1 and 2 are memory, 0 is empty. */
static int take_standard(struct caller *caller, struct err *err)
{
	int *const own[] = { &caller->in_fd, &caller->out_fd, &caller->err_fd };
	for (int fd = 0; fd <= 2; fd++) {
		*own[fd] = fcntl(fd, F_DUPFD_CLOEXEC, OWN_FD);
		int ours = fd == 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC)
		                   : memfd_create("answer", MFD_CLOEXEC);
		if (*own[fd] < 0 || ours < 0 || dup2(ours, fd) < 0)
			return err_errno(err, errno,
			                 _("cannot prepare a file for the output"));
		close(ours);
	}
	return 0;
}

static bool copy_out(int from, int to)
{
	char part[65536];
	ssize_t got;
	if (lseek(from, 0, SEEK_SET) < 0)
		return false;
	while ((got = read(from, part, sizeof(part))) > 0)
		for (ssize_t at = 0; at < got;) {
			ssize_t wrote = write(to, part + at, (size_t)(got - at));
			if (wrote < 0 && errno == EINTR)
				continue;
			if (wrote <= 0)
				return false;
			at += wrote;
		}
	return got == 0;
}

unsigned caller_width(const struct caller *caller)
{
	struct winsize size = { 0 };
	return caller->out_fd >= 0 && ioctl(caller->out_fd, TIOCGWINSZ, &size) == 0
	               ? size.ws_col
	               : 0;
}

bool caller_takes_input(const struct args *args)
{
	for (size_t i = 0; i < args->option_count; i++) {
		enum option_access access = args->options[i].row->access;
		if ((access == OPTION_STDIN_FOR_ALL ||
		     access == OPTION_STDIN_FOR_ADMINS) &&
		    strcmp(args->options[i].value, "-") == 0)
			return true;
	}
	return false;
}

int caller_read_input(struct caller *caller, struct err *err)
{
	int fd = caller->is_customer ? caller->in_fd : STDIN_FILENO;
	int limit = caller->is_customer ? INPUT_LIMIT : INPUT_LIMIT_ADMIN;
	char part[65536];
	size_t size = 0;
	ssize_t got;
	int memory = memfd_create("input", MFD_CLOEXEC);
	if (memory < 0)
		return err_errno(err, errno,
		                 _("cannot prepare a file for standard input"));
	while ((got = read(fd, part, sizeof(part))) > 0 && size <= (size_t)limit) {
		size += (size_t)got;
		if (write(memory, part, (size_t)got) != got)
			got = -1;
	}
	explicit_bzero(part, sizeof(part)); /* it may have been a private key */
	if (got < 0)
		err_errno(err, errno, _("cannot read standard input"));
	else if (size > (size_t)limit)
		err_set(err, ERR_FAILED,
		        _("standard input is too large: the limit is %d octets"), limit);
	else if (lseek(memory, 0, SEEK_SET) < 0 || dup2(memory, 0) < 0)
		err_errno(err, errno, _("cannot prepare a file for standard input"));
	close(memory);
	return err->code;
}

/* ---- beginning and end ------------------------------------------------------------------------ */

static const char *from_environment(const char *variable)
{
	return getenv(variable);
}

void caller_init(struct caller *caller)
{
	struct err err = ERR_INIT;
	fill_standard();
	*caller = CALLER_INIT;
	int r = caller_find(getuid(), geteuid(), from_environment, caller, &err);
	if (r < 0 || caller->is_customer) {
		reset_standing();
		caller_clean_environment();
		reset_signals();
		umask(022);
		if (chdir("/") < 0)
			abort();
	}
	if (r >= 0 && caller->is_customer)
		r = reset_limits(&err);
	if (r >= 0 && caller->is_customer) {
		syscall(SYS_close_range, 3, UINT_MAX, 0);
		r = take_standard(caller, &err);
	}
	caller->refusal = r < 0 ? err : ERR_INIT;
}

bool caller_done(struct caller *caller)
{
	bool is_written = true;
	if (caller->out_fd >= 0 && caller->err_fd >= 0) {
		is_written = fflush(stdout) == 0;
		fflush(stderr);
		is_written &= copy_out(STDOUT_FILENO, caller->out_fd);
		copy_out(STDERR_FILENO, caller->err_fd);
	}
	close_fd(&caller->in_fd);
	close_fd(&caller->out_fd);
	close_fd(&caller->err_fd);
	free(caller->account);
	caller->account = NULL;
	return is_written;
}
