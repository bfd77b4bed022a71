/* A reload of Postfix and who answers from before it: this program under the name of master(8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/macro.h"
#include "core/base/run.h"
#include "core/mta/host/service_master.h"
#include "core/mta/plan/plan.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/probe/smtp_probe.h"
#include "tests/unit/leaks.h"

#define STATUS_FD 5
#define MASTER_END 50 /* of the status sockets, in master */

/* ---- master(8) and its processes -------------------------------------------------------------- */

static void open_status(void)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
	    dup2(ends[0], MASTER_END) < 0 || dup2(ends[1], MASTER_END + 1) < 0)
		_exit(1);
	close(ends[0]);
	close(ends[1]);
}

/* Takes one client, and serves it until it goes. */
static void serve(int listener)
{
	char octets[64];
	ssize_t got;
	prctl(PR_SET_NAME, "smtpd");
	dup2(MASTER_END + 1, STATUS_FD);
	close(MASTER_END);
	close(MASTER_END + 1);
	int client = accept(listener, NULL, NULL);
	if (client < 0 || write(client, "220 mx.test\r\n", 13) != 13)
		_exit(1);
	while ((got = read(client, octets, sizeof(octets))) > 0)
		if (octets[got - 1] == '\n' && write(client, "250 ok\r\n", 8) != 8)
			_exit(1);
	_exit(0);
}

/* "s": a process for the next client; "r": the reload.  Each is answered. */
static int be_master(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0), listener = dup2(fd, 40);
	char order;
	open_status();
	signal(SIGCHLD, SIG_IGN);
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 5) ||
	    getsockname(listener, (struct sockaddr *)&at, &len) ||
	    write(STDOUT_FILENO, &at, sizeof(at)) != (ssize_t)sizeof(at))
		return 1;
	while (read(STDIN_FILENO, &order, 1) == 1) {
		if (order == 's' && fork() == 0)
			serve(listener);
		if (order == 'r')
			open_status();
		if (write(STDOUT_FILENO, &order, 1) != 1)
			return 1;
	}
	return 0;
}

/* ---- the tests -------------------------------------------------------------------------------- */

struct fixture {
	struct ctx ctx;
	char folder[64];
	pid_t master;
	int to, from;
	struct sockaddr_in at;
};

static int setup(void **state)
{
	static struct fixture f;
	struct err err = ERR_INIT;
	char program[256], name[96];
	int to[2], from[2];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	leaks_note();
	strcpy(f.folder, "/tmp/test_master.XXXXXX");
	if (len < 0 || !mkdtemp(f.folder) || ctx_init(&f.ctx, NULL, &err) < 0 ||
	    pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return -1;
	program[len] = '\0';
	snprintf(name, sizeof(name), "%s/master", f.folder);
	if (symlink(program, name))
		return -1;
	f.master = fork();
	if (f.master == 0) {
		char *argv[] = { name, NULL };
		char verbose[] = "MAIL_VERBOSE=",
		     config[] = "MAIL_CONFIG=/etc/postfix-out";
		char *env[] = { verbose, config, NULL };
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execve(name, argv, env);
		_exit(1);
	}
	close(to[0]);
	close(from[1]);
	f.to = to[1];
	f.from = from[0];
	*state = &f;
	return read(f.from, &f.at, sizeof(f.at)) == (ssize_t)sizeof(f.at) ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	auto_free char *name = xasprintf("%s/master", f->folder);
	close_fd(&f->to);
	close_fd(&f->from);
	waitpid(f->master, NULL, 0);
	unlink(name);
	rmdir(f->folder);
	ctx_done(&f->ctx);
	return leaks_check();
}

static void order(const struct fixture *f, char what)
{
	char answer;
	assert_int_equal(write(f->to, &what, 1), 1);
	assert_int_equal(read(f->from, &answer, 1), 1);
}

static int call(const struct fixture *f)
{
	char greeting;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&f->at, sizeof(f->at)), 0);
	assert_int_equal(read(fd, &greeting, 1), 1);
	return fd;
}

static void test_left(void **state)
{
	struct fixture *f = *state;
	order(f, 's');
	int before = call(f);
	assert_false(master_is_left(&f->ctx, before));
	order(f, 'r');
	assert_true(master_is_left(&f->ctx, before));
	order(f, 's');
	int after = call(f);
	assert_false(master_is_left(&f->ctx, after));
	assert_true(master_is_left(&f->ctx, before));
	/* nobody of Postfix at the other end, and no connection */
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_false(master_is_left(&f->ctx, ends[0]));
	assert_false(master_is_left(&f->ctx, -1));
	close(ends[0]);
	close(ends[1]);
	close(before);
	close(after);
}

/* What the probe makes of the two kinds of processes. */
static void test_probe(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	auto_plan plan = PLAN_INIT;
	auto_free char *at = xasprintf("127.0.0.1:%u", ntohs(f->at.sin_port));
	struct step *step = plan_probe(&plan, RANK_CONSUMERS, &smtp_probe, NULL, at, 0);
	smtp_question(step)->depth = SMTP_TO_RCPT;
	order(f, 's');
	order(f, 'r');
	auto_free char *before = smtp_probe.before(step, monotonic_ns() + NS_PER_SEC);
	assert_string_equal(before, "250 ok");
	order(f, 's');
	assert_int_equal(smtp_probe.ask(&f->ctx, step, monotonic_ns() + NS_PER_SEC, &err),
	                 0);
	order(f, 's');
	order(f, 'r');
	assert_int_equal(smtp_probe.ask(&f->ctx, step, monotonic_ns() + NS_PER_SEC, &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "before the reload"));
	err_clear(&err);
}

static int await(const struct master_reload *reload, int64_t ns, struct err *err)
{
	return master_reload_await(reload, monotonic_ns() + ns, err);
}

static void test_reload(void **state)
{
	struct fixture *f = *state;
	struct master_reload reload;
	struct err err = ERR_INIT;
	order(f, 's');
	int before = call(f);
	master_reload_note(&f->ctx, "/etc/postfix-out", &reload);
	assert_int_equal(reload.master, f->master);
	int64_t start = monotonic_ns(), short_while = 50 * NS_PER_MS;
	assert_int_equal(await(&reload, short_while, &err), ERR_FAILED);
	assert_true(monotonic_ns() - start >= short_while);
	assert_non_null(strstr(err.text, "did not reload"));
	err_clear(&err);
	order(f, 'r');
	assert_int_equal(await(&reload, 0, &err), 0);
	master_reload_done(&reload);
	/* whom nobody serves has nothing that could be from before: the old one is not counted */
	master_reload_note(&f->ctx, "/etc/postfix-out", &reload);
	assert_int_equal(reload.master, f->master);
	assert_int_equal(await(&reload, 0, &err), 0);
	master_reload_done(&reload);
	/* one that ends is not waited for */
	order(f, 's');
	int after = call(f);
	master_reload_note(&f->ctx, "/etc/postfix-out", &reload);
	assert_int_equal(await(&reload, 0, &err), ERR_FAILED);
	err_clear(&err);
	close_fd(&f->to);
	assert_int_equal(await(&reload, 10 * NS_PER_SEC, &err), 0);
	master_reload_done(&reload);
	close(before);
	close(after);
}

/* Who serves a client from before the reload is waited for, nobody else. */
static void test_await_left(void **state)
{
	struct fixture *f = *state;
	int report[2];
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	struct pollfd end = { .fd = report[0], .events = POLLIN };
	order(f, 's');
	int before = call(f);
	master_await_left(&f->ctx, "/etc/postfix-out", monotonic_ns() + NS_PER_SEC);
	order(f, 'r');
	order(f, 's');
	int after = call(f);
	pid_t waiting = fork();
	if (waiting == 0) {
		close(before);
		master_await_left(&f->ctx, "/etc/postfix-out",
		                  monotonic_ns() + 5 * NS_PER_SEC);
		_exit(write(report[1], "", 1) != 1);
	}
	assert_int_equal(poll(&end, 1, 100), 0);
	/* the time of all services is over: the client is still connected */
	master_await_left(&f->ctx, "/etc/postfix-out", monotonic_ns());
	assert_int_equal(poll(&end, 1, 0), 0);
	close(before);
	assert_int_equal(poll(&end, 1, 4000), 1);
	assert_int_equal(waitpid(waiting, NULL, 0), waiting);
	close(after);
	close(report[0]);
	close(report[1]);
}

static int run_well(struct ctx *ctx, const struct run_spec *spec, struct run_result *ret,
                    struct err *err)
{
	(void)ctx, (void)spec, (void)err;
	*ret = (struct run_result){ 0 };
	return 0;
}

static int run_badly(struct ctx *ctx, const struct run_spec *spec, struct run_result *ret,
                     struct err *err)
{
	(void)ctx, (void)ret;
	return err_set(err, ERR_FAILED, "cannot start %s", spec->argv[0]);
}

/* A reload ends when master has read its files, which is after the command; at once where the command
 * fails. */
static void test_reload_ends(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	int report[2];
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	struct pollfd end = { .fd = report[0], .events = POLLIN };
	order(f, 's');
	int client = call(f);
	int64_t start = monotonic_ns();
	f->ctx.run = run_badly;
	assert_int_equal(
		postfix_service.act(&f->ctx, "/etc/postfix-out", SERVICE_RELOAD, &err),
		ERR_FAILED);
	assert_string_equal(err.text, "cannot start postfix");
	assert_true(monotonic_ns() - start < SERVICE_TIMEOUT_MS * NS_PER_MS / 2);
	err_clear(&err);
	f->ctx.run = run_well;
	pid_t waiting = fork();
	if (waiting == 0) {
		int r = postfix_service.act(&f->ctx, "/etc/postfix-out", SERVICE_RELOAD,
		                            &err);
		_exit(write(report[1], "", 1) != 1 || r);
	}
	assert_int_equal(poll(&end, 1, 100), 0);
	order(f, 'r');
	assert_int_equal(poll(&end, 1, 10000), 1);
	int status;
	assert_int_equal(waitpid(waiting, &status, 0), waiting);
	assert_int_equal(status, 0);
	close(client);
	close(report[0]);
	close(report[1]);
}

/* Another instance's master is not asked. */
static void test_no_master(void **state)
{
	struct fixture *f = *state;
	struct master_reload reload;
	struct err err = ERR_INIT;
	static const char *const folders[] = { "/etc/postfix-ou", "/etc/postfix-out2" };
	order(f, 's');
	int client = call(f);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		master_reload_note(&f->ctx, folders[i], &reload);
		assert_int_equal(reload.master, 0);
		assert_int_equal(await(&reload, 0, &err), 0);
		master_reload_done(&reload);
	}
	close(client);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_left, setup, teardown),
		cmocka_unit_test_setup_teardown(test_probe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_await_left, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_master, setup, teardown),
	};
	const char *name = argc ? strrchr(argv[0], '/') : NULL;
	if (name && strcmp(name, "/master") == 0)
		return be_master();
	return cmocka_run_group_tests_name("service_master", tests, NULL, NULL);
}
