/* tests/unit/fake_process.h: processes of a machine without systemd, as its /proc shows them: children of
 * the test.  What is started is written to a file.  Included once by a test. */
#ifndef TESTS_UNIT_FAKE_PROCESS_H
#define TESTS_UNIT_FAKE_PROCESS_H

#include "tests/unit/fake_host.h"

__attribute__((unused)) static void put_process(struct host *host, pid_t pid,
                                                const char *name, pid_t parent,
                                                const char *words, size_t len)
{
	auto_free char *stat = xasprintf("/proc/%d/stat", (int)pid);
	auto_free char *cmdline = xasprintf("%s/proc/%d/cmdline", host->root, (int)pid);
	auto_free char *stat_text =
		xasprintf("%d (%s) S %d 1 1 0\n", (int)pid, name, (int)parent);
	FILE *file;

	put(host->root, stat, stat_text, 0444);
	file = fopen(cmdline, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(words, 1, len, file), len);
	fclose(file);
}

__attribute__((unused)) static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(60); /* nobody ends it: the test fails then, and ends */
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

__attribute__((unused)) static int child_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* What was run goes to a file: a restart is carried out by a child of ours. */
__attribute__((unused)) static int run_to_file(struct ctx *ctx,
                                               const struct run_spec *spec,
                                               struct run_result *ret, struct err *err)
{
	auto_free char *path = xasprintf("%s/run.log", ctx->root);
	FILE *file = fopen(path, "a");

	(void)err;
	*ret = (struct run_result){ 0 };
	for (size_t i = 0; spec->argv[i]; i++)
		fprintf(file, "%s%s", i ? " " : "", spec->argv[i]);
	fprintf(file, ";");
	fclose(file);
	return 0;
}

__attribute__((unused)) static void assert_run(struct host *host, const char *want)
{
	auto_buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (file_read(&host->ctx, "/run.log", 4096, &text, NULL, &err))
		err_clear(&err);
	assert_string_equal(buf_text(&text), want);
}

/* A listening socket of a process: its descriptor, and the kernel's table. */
__attribute__((unused)) static void put_listener(struct host *host, pid_t pid,
                                                 unsigned port)
{
	auto_free char *folder = xasprintf("%s/proc/%d/fd", host->root, (int)pid);
	auto_free char *link = xasprintf("%s/3", folder);
	auto_free char *table =
		xasprintf("  sl  local_address rem_address   st\n"
	                  "   0: 0100007F:%04X 00000000:0000 0A 0:0 0:0 0 0 "
	                  "0 4711 1\n",
	                  port);

	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(symlink("socket:[4711]", link), 0);
	put(host->root, "/proc/net/tcp", table, 0444);
}

#endif
