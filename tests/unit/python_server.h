/* tests/unit/python_server.h: a server of tests/lib that runs as long as its test. */
#ifndef TESTS_UNIT_PYTHON_SERVER_H
#define TESTS_UNIT_PYTHON_SERVER_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct python_server {
	pid_t pid;
	int in;       /* it ends when this is closed */
	FILE *out;    /* what it prints after its URL */
	char url[64]; /* "http://127.0.0.1:40000" */
};

/* Runs `python3 FILE ARGUMENT...`, `words` without "python3", NULL at the end. */
static inline void python_server_start(struct python_server *server,
                                       const char *const *words)
{
	char *argv[16] = { strdup("python3") };
	int in[2], out[2];

	for (int i = 0; words[i]; i++)
		argv[i + 1] = strdup(words[i]);
	if (pipe(in) || pipe(out))
		abort();
	server->pid = fork();
	if (server->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execvp(argv[0], argv);
		_exit(127);
	}
	for (int i = 0; argv[i]; i++)
		free(argv[i]);
	close(in[0]);
	close(out[1]);
	server->in = in[1];
	server->out = fdopen(out[0], "r");
	if (!fgets(server->url, sizeof(server->url), server->out))
		abort();
	server->url[strcspn(server->url, "\n")] = '\0';
}

static inline void python_server_end(struct python_server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	close(server->in);
	fclose(server->out);
}

#endif
