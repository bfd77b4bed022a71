/*
 * Other programs: fork, execve, and a loop that reads until the child has ended or the deadline has
 * passed.  The end of the child counts, not that of its output: "postfix reload" starts a postsuper
 * that has the output open while it walks through the whole queue.  Such a background process must
 * not be killed by SIGPIPE after we have ended: its output goes into a file in memory of a fixed
 * size.
 *
 * Everything that allocates is done before fork(2); the child only makes system calls.  A failure
 * before the program runs is reported through a close-on-exec pipe.  The child is the leader of a
 * new session, so its process group is its process id until we have waited for it.
 */
#include "core/base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

#define TIMEOUT_MS 10000
#define OUTPUT_LIMIT 65536
#define MOST_READS 100 /* more than the content of a pipe requires */
#define FD_MOST 65536  /* closed one by one if close_range(2) is missing */

#define PATH_FOLDERS "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *const fixed_env[] = { ("PATH=" PATH_FOLDERS), "LANG=C.UTF-8",
	                                 "HOME=/" };

void run_result_done(struct run_result *result)
{
	buf_done(&result->out);
	buf_done(&result->errors);
}

static bool is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The caller frees; NULL: not found. */
static char *find_program(const char *program)
{
	if (strchr(program, '/'))
		return is_program(program) ? xstrdup(program) : NULL;
	const char *folder = PATH_FOLDERS;
	while (*program) {
		size_t len = strcspn(folder, ":");
		auto_free char *path = xasprintf("%.*s/%s", (int)len, folder, program);
		if (is_program(path))
			return xstrdup(path);
		if (!folder[len])
			break;
		folder += len + 1;
	}
	return NULL;
}

bool run_can_find(const struct ctx *ctx, const char *program)
{
	auto_free char *path = ctx->is_rooted ? NULL : find_program(program);
	return path != NULL;
}

static bool is_same_variable(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");
	return strncmp(a, b, len) == 0 && b[len] == '=';
}

/* Borrowed strings in an array that the caller frees; requested variables replace fixed ones. */
static char **make_env(const char *const *more)
{
	size_t count = 0, total = 0;
	while (more && more[count])
		count++;
	const char **env = xcalloc(count + ARRAY_LEN(fixed_env) + 1, sizeof(*env));
	for (; total < count; total++)
		env[total] = more[total];
	for (size_t i = 0; i < ARRAY_LEN(fixed_env); i++) {
		bool is_given = false;
		for (size_t k = 0; k < count; k++)
			is_given |= is_same_variable(fixed_env[i], more[k]);
		if (!is_given)
			env[total++] = fixed_env[i];
	}
	return (char **)(uintptr_t)env;
}

/* The child's side: descriptors that become 0, 1, 2, and the pipe for its failure. */
struct child {
	const char *program;
	char *const *argv;
	char *const *env;
	int fds[3];
	int failure;
};

static void close_from(unsigned first)
{
	if (syscall(SYS_close_range, first, UINT_MAX, 0) == 0)
		return;
	for (unsigned fd = first; fd < FD_MOST; fd++)
		close((int)fd);
}

static void reset_signals(void)
{
	sigset_t none;
	struct sigaction action = { .sa_handler = SIG_DFL };
	for (int number = 1; number < NSIG; number++)
		sigaction(number, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Runs between fork and exec: system calls only.  Returns only on failure, with errno. */
static void become_program(struct child *child)
{
	const struct rlimit no_core = { 0, 0 };
	const int failure = 3;
	/* All above their targets first, because 0, 1 or 2 may have been closed at our start. */
	for (int i = 0; i < 3; i++)
		if ((child->fds[i] = fcntl(child->fds[i], F_DUPFD_CLOEXEC, failure + 1)) <
		    0)
			return;
	int report = fcntl(child->failure, F_DUPFD_CLOEXEC, failure + 1);
	if (report < 0)
		return;
	for (int i = 0; i < 3; i++)
		if (dup2(child->fds[i], i) < 0)
			return;
	if (dup3(report, failure, O_CLOEXEC) < 0)
		return;
	child->failure = failure;
	close_from((unsigned)failure + 1);
	reset_signals();
	umask(077);
	if (setsid() < 0 || chdir("/") < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0)
		return;
	execve(child->program, child->argv, child->env);
}

static pid_t start(struct child *child)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	become_program(child);
	int number = errno;
	ssize_t ignored = write(child->failure, &number, sizeof(number));
	(void)ignored;
	_exit(127);
}

/* The input as a file in memory, which the child may read slowly or not at all. */
static int open_input(const struct run_spec *spec)
{
	if (!spec->input)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	const char *at = spec->input;
	for (size_t left = spec->input_len; left > 0;) {
		ssize_t done = write(fd, at, left);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			int number = errno;
			close(fd);
			errno = number;
			return -1;
		}
		at += done;
		left -= (size_t)done;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* One of the child's output streams on our side. */
struct stream {
	int read_fd;  /* -1: at its end */
	int write_fd; /* the child's end, closed here after the fork */
	int memory;   /* instead of a pipe; -1: none */
	struct buf *into;
	size_t limit;
};

struct process {
	int input;
	struct stream streams[2];
	int failure[2]; /* close-on-exec pipe: read, write */
	int pid_fd;
	pid_t pid;
};

static void close_now(int *fd)
{
	close_fd(fd);
	*fd = -1;
}

static void close_child_side(struct process *process)
{
	close_now(&process->input);
	for (size_t i = 0; i < ARRAY_LEN(process->streams); i++)
		close_now(&process->streams[i].write_fd);
	close_now(&process->failure[1]);
}

static void process_done(struct process *process)
{
	close_child_side(process);
	for (size_t i = 0; i < ARRAY_LEN(process->streams); i++)
		close_now(&process->streams[i].read_fd);
	for (size_t i = 0; i < ARRAY_LEN(process->streams); i++)
		close_now(&process->streams[i].memory);
	close_now(&process->failure[0]);
	close_now(&process->pid_fd);
}

/* A file of `size` octets that cannot grow: writing beyond it fails. */
static int open_memory(struct stream *stream, size_t size)
{
	stream->memory = memfd_create("output", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (stream->memory < 0 || ftruncate(stream->memory, (off_t)size) < 0 ||
	    fcntl(stream->memory, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0)
		return -1;
	stream->write_fd = fcntl(stream->memory, F_DUPFD_CLOEXEC, 0);
	return stream->write_fd;
}

/* The output so far: the child shares the file offset. */
static void read_memory(const struct stream *stream)
{
	off_t end = lseek(stream->memory, 0, SEEK_CUR);
	size_t len = end > 0 ? (size_t)end : 0;
	len = len < stream->limit ? len : stream->limit;
	buf_reserve(stream->into, len);
	ssize_t got = len ? pread(stream->memory, stream->into->at, len, 0) : 0;
	stream->into->len = got > 0 ? (size_t)got : 0;
	if (got > 0)
		stream->into->at[got] = '\0';
}

static int open_streams(struct process *process, const struct run_spec *spec,
                        struct run_result *result)
{
	for (size_t i = 0; i < ARRAY_LEN(process->streams); i++) {
		struct stream *stream = &process->streams[i];
		int fds[2];
		stream->into = i == 0 ? &result->out : &result->errors;
		stream->limit = spec->output_limit ? spec->output_limit : OUTPUT_LIMIT;
		if (spec->is_daemon) {
			if (open_memory(stream, stream->limit) < 0)
				return -1;
			continue;
		}
		if (pipe2(fds, O_CLOEXEC) < 0)
			return -1;
		stream->read_fd = fds[0];
		stream->write_fd = fds[1];
		if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
			return -1;
	}
	return 0;
}

/* One read, so that a program that never stops writing cannot delay the deadline.  False: no data
 * at present. */
static bool drain(struct stream *stream)
{
	char octets[16384];
	ssize_t got = read(stream->read_fd, octets, sizeof(octets));
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return errno == EINTR;
	if (got <= 0) {
		close_now(&stream->read_fd);
		return false;
	}
	size_t room = stream->limit - stream->into->len;
	buf_add(stream->into, octets, (size_t)got < room ? (size_t)got : room);
	return true;
}

/* Reads the rest from the pipes; other processes may still write to them. */
static void drain_rest(struct process *process)
{
	for (size_t i = 0; i < ARRAY_LEN(process->streams); i++) {
		struct stream *stream = &process->streams[i];
		unsigned reads = 0;
		while (stream->read_fd >= 0 && reads < MOST_READS && drain(stream))
			reads++;
		if (stream->memory >= 0)
			read_memory(stream);
	}
}

/* False: the deadline has passed. */
static bool follow(struct process *process, int64_t deadline)
{
	while (process->pid_fd >= 0) {
		struct pollfd fds[] = {
			{ .fd = process->streams[0].read_fd, .events = POLLIN },
			{ .fd = process->streams[1].read_fd, .events = POLLIN },
			{ .fd = process->pid_fd, .events = POLLIN },
		};
		int64_t left = deadline - monotonic_ns();
		if (left <= 0)
			return false;
		struct timespec ts = { .tv_sec = left / NS_PER_SEC,
			               .tv_nsec = left % NS_PER_SEC };
		if (ppoll(fds, ARRAY_LEN(fds), &ts, NULL) <= 0)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(process->streams); i++)
			if (fds[i].revents)
				(void)drain(&process->streams[i]);
		if (fds[2].revents)
			close_now(&process->pid_fd);
	}
	return true;
}

static int wait_status(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* 0 once the program runs, else the errno of what failed in the child. */
static int read_failure(const struct process *process)
{
	int number = 0;
	while (read(process->failure[0], &number, sizeof(number)) < 0)
		if (errno != EINTR)
			return errno;
	return number;
}

static int launch(struct process *process, const struct run_spec *spec,
                  const char *program, struct run_result *result)
{
	auto_free char **env = make_env(spec->env);
	process->input = open_input(spec);
	if (process->input < 0 || open_streams(process, spec, result) < 0 ||
	    pipe2(process->failure, O_CLOEXEC) < 0)
		return -1;
	struct child child = {
		.program = program,
		.argv = (char *const *)(uintptr_t)spec->argv,
		.env = env,
		.fds = { process->input, process->streams[0].write_fd,
		         process->streams[1].write_fd },
		.failure = process->failure[1],
	};
	process->pid = start(&child);
	if (process->pid < 0)
		return -1;
	close_child_side(process);
	int number = read_failure(process);
	if (number == 0) {
		process->pid_fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
		if (process->pid_fd >= 0)
			return 0;
		number = errno;
		kill(-process->pid, SIGKILL);
	}
	wait_status(process->pid);
	errno = number;
	return -1;
}

static int run_process(const struct run_spec *spec, struct run_result *ret_result,
                       struct err *err)
{
	cleanup(run_result_done) struct run_result result = { 0 };
	cleanup(process_done) struct process process = {
		.input = -1,
		.streams = { { .read_fd = -1, .write_fd = -1, .memory = -1 },
		             { .read_fd = -1, .write_fd = -1, .memory = -1 } },
		.failure = { -1, -1 },
		.pid_fd = -1,
	};
	auto_free char *program = find_program(spec->argv[0]);
	if (!program)
		return err_set(err, ERR_MISSING,
		               _("the program %s is not installed (searched in %s)"),
		               spec->argv[0], PATH_FOLDERS);
	unsigned timeout_ms = spec->timeout_ms ? spec->timeout_ms : TIMEOUT_MS;
	int64_t deadline = monotonic_ns() + timeout_ms * NS_PER_MS;
	if (launch(&process, spec, program, &result) < 0) {
		bool is_missing = errno == ENOENT;
		err_errno(err, errno, _("cannot start %s"), program);
		return err->code = is_missing ? ERR_MISSING : ERR_FAILED;
	}
	if (!follow(&process, deadline)) {
		kill(-process.pid, SIGKILL);
		result.is_timed_out = true;
	}
	drain_rest(&process);
	result.exit_status = wait_status(process.pid);
	buf_reserve(&result.out, 0);
	buf_reserve(&result.errors, 0);
	*ret_result = result;
	result = (struct run_result){ 0 };
	return 0;
}

int run(struct ctx *ctx, const struct run_spec *spec, struct run_result *ret_result,
        struct err *err)
{
	if (ctx->run)
		return ctx->run(ctx, spec, ret_result, err);
	if (ctx->is_rooted)
		return err_set(err, ERR_FAILED,
		               _("programs are not started under --root (%s is "
		                 "required)"),
		               spec->argv[0]);
	return run_process(spec, ret_result, err);
}

/* The last line that is not blank; the caller frees. */
static char *last_line(const struct buf *text)
{
	const char *at = buf_text(text);
	size_t end = text->len;
	while (end > 0 && strchr("\n\r\t ", at[end - 1]))
		end--;
	size_t start = end;
	while (start > 0 && at[start - 1] != '\n')
		start--;
	return xmemdup(at + start, end - start);
}

/* "postfix -c /etc/postfix reload" in quotes: which of its commands did not end. */
static char *command_of(const char *const *argv)
{
	auto_buf text = BUF_INIT;
	const char *quote = argv[1] ? "\"" : "";
	for (size_t i = 0; argv[i]; i++)
		buf_printf(&text, "%s%s", i ? " " : quote, argv[i]);
	buf_puts(&text, quote);
	return buf_take(&text);
}

int run_checked(struct ctx *ctx, const struct run_spec *spec, struct buf *ret_out,
                struct err *err)
{
	cleanup(run_result_done) struct run_result result = { 0 };
	auto_free char *name = command_of(spec->argv);
	if (run(ctx, spec, &result, err) < 0)
		return err->code;
	auto_free char *line = last_line(&result.errors);
	const char *mark = *line ? ": " : "";
	if (result.is_timed_out)
		return err_set(err, ERR_FAILED, _("%s did not finish within %u ms%s%s"),
		               name, spec->timeout_ms ? spec->timeout_ms : TIMEOUT_MS,
		               mark, line);
	if (result.exit_status > 128)
		return err_set(err, ERR_FAILED, _("%s was terminated by signal %d%s%s"),
		               name, result.exit_status - 128, mark, line);
	if (result.exit_status != 0)
		return err_set(err, ERR_FAILED, _("%s failed with status %d%s%s"), name,
		               result.exit_status, mark, line);
	if (ret_out)
		buf_add(ret_out, result.out.at, result.out.len);
	return 0;
}
